"""SymPy printers for the two languages of the derivation: index notation and the matrix language."""
