"""A matrix's entries as pieces of text of one width, numbers or differences, each written when it is asked for."""

from __future__ import annotations

from math import isnan
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .numbers import entry, number, style, widest

UNCHANGED: Final = " "
_NOTHING: Final = "·"
_NO_BEFORE: Final = "no iteration before"


class Piece(NamedTuple):
    """What stands in the place of one entry.

    Attributes
    ----------
    text:
        Its characters; the first and the last are free for brackets.
    share:
        The ground that it stands on in a heat map, from -1 for the most negative to 1 for the most positive.

    """

    text: str
    share: float = 0.0


class Grid(Protocol):
    """One way to write a matrix."""

    @property
    def width(self) -> int:
        """The characters that an entry takes across."""

    @property
    def height(self) -> int:
        """The lines that an entry takes."""

    @property
    def middle(self) -> int:
        """The line of an entry on which its text stands."""

    @property
    def tiled(self) -> bool:
        """Whether the ground of an entry tells its value, so that nothing widens it."""

    def pieces(self, row: int, columns: range, line: int = 0) -> list[Piece]:
        """Write some entries of a row, in one of its lines."""

    def told(self, row: int, column: int) -> str:
        """Write one entry by itself, to more digits."""

    def legend(self) -> list[Piece]:
        """Explain the grounds; empty where there are none."""


class Numbers:
    """The entries in one style, ▲ or ▼ beside those that rose or fell since the last iteration.

    Parameters
    ----------
    matrix:
        The entries.
    before:
        What they were an iteration ago; None if there is nothing to compare with.

    """

    height, middle = 1, 0
    tiled = False

    def __init__(self, matrix: NDArray[np.float64], before: NDArray[np.float64] | None = None) -> None:
        self._matrix, self._before = matrix, before
        self._form = style(matrix)
        self._digits = widest(matrix, self._form)
        self.width = self._digits + 2

    def pieces(self, row: int, columns: range, line: int = 0) -> list[Piece]:
        now = self._matrix[row, columns.start : columns.stop].tolist()
        texts = [f" {entry(value, self._form):>{self._digits}}" for value in now]
        if self._before is None:
            return [Piece(text + UNCHANGED) for text in texts]
        before = self._before[row, columns.start : columns.stop].tolist()
        return [Piece(text + mark(*values)) for text, *values in zip(texts, now, before, strict=True)]

    def told(self, row: int, column: int) -> str:
        value = float(self._matrix[row, column])
        changed = UNCHANGED if self._before is None else mark(value, float(self._before[row, column]))
        return f"{number(value)} {changed}".rstrip()

    def legend(self) -> list[Piece]:
        return []


class Differences:
    """What was added to each entry since the last iteration, with its sign.

    Parameters
    ----------
    matrix:
        The entries.
    before:
        What they were an iteration ago; None if there is nothing to compare with.

    """

    height, middle = 1, 0
    tiled = False

    def __init__(self, matrix: NDArray[np.float64], before: NDArray[np.float64] | None = None) -> None:
        with np.errstate(invalid="ignore"):
            self._added = None if before is None else matrix - before
        self._form, self._digits = ".0f", 1
        if self._added is not None:
            self._form = style(self._added)
            self._digits = 1 + widest(np.abs(self._added), self._form)
        self.width = self._digits + 2

    def pieces(self, row: int, columns: range, line: int = 0) -> list[Piece]:
        return [Piece(f" {self._text(row, column):>{self._digits}} ") for column in columns]

    def told(self, row: int, column: int) -> str:
        return _NO_BEFORE if self._added is None else _signed(float(self._added[row, column]), ".6g")

    def legend(self) -> list[Piece]:
        return [Piece(_NO_BEFORE)] if self._added is None else []

    def _text(self, row: int, column: int) -> str:
        return _NOTHING if self._added is None else _signed(float(self._added[row, column]), self._form)


def mark(now: float, before: float) -> str:
    """Return ▲ for what rose, ▼ for what fell, ≠ for what became or ceased to be a number, else a space."""
    if now == before or (isnan(now) and isnan(before)):
        return UNCHANGED
    return "▲" if now > before else "▼" if now < before else "≠"


def _signed(value: float, form: str) -> str:
    if value == 0:
        return "0"
    return "nan" if isnan(value) else format(value, f"+{form}").replace("-", "−")
