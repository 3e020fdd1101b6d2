"""A walkthrough's place and looks as a moment to be written down, and back. Imported once NumPy is there."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from ..errors import InputError, nearest
from ..network.moment import Moment
from .walkthrough import Cell, Place, Walkthrough

Choice = TypeVar("Choice", bound=StrEnum)


def moment_of(walkthrough: Walkthrough) -> Moment:
    """Return where a walkthrough stands, and how it is looked at."""
    place, view = walkthrough.place, walkthrough.view
    return Moment(place.name, place.iteration, walkthrough.cell, str(view.reading), str(view.mode), str(view.corner))


def recall(walkthrough: Walkthrough, moment: Moment) -> None:
    """Go to a moment.

    Raises
    ------
    InputError
        Where it is looked at in a way that there isn't.

    """
    view = walkthrough.view
    view.reading = _chosen(moment.reading, view.reading, "reading")
    view.mode = _chosen(moment.mode, view.mode, "mode")
    view.corner = _chosen(moment.panel, view.corner, "panel")
    walkthrough.visit(Place(moment.iteration, moment.stage), Cell(*moment.cell))


def _chosen(word: str, usual: Choice, key: str) -> Choice:
    if not word:
        return usual
    choices = {str(choice): choice for choice in type(usual)}
    if word not in choices:
        near = nearest(word, choices)
        raise InputError(f"{word!r}", f"one of {', '.join(choices)}", key=f"[moment] {key}", nearest=near)
    return choices[word]
