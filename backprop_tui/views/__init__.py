"""Views of a derivation: each renders it, with the numbers of a trace where it is given one, as one text."""
