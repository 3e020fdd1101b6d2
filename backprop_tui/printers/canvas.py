"""A canvas of characters: text, and straight lines drawn in Braille dots, two across and four down in a character."""

from __future__ import annotations

from enum import StrEnum
from itertools import groupby
from typing import Final, NamedTuple

_DOTS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The bit of each dot of a Braille character, by its column and row."""
_BLANK: Final = 0x2800
ACROSS: Final = 2
DOWN: Final = 4
_DASH: Final = 3
"""Dots in a dash, and between two."""


class Role(StrEnum):
    """What something drawn is; whoever shows it gives each role a style."""

    EMPTY = "empty"
    NAME = "name"
    UNIT = "unit"
    POSITIVE = "positive"
    NEGATIVE = "negative"
    LINE = "line"
    NOTE = "note"


class Ink(NamedTuple):
    """How something is drawn: what it is, the quantity that it stands for, and whether it is lit."""

    role: Role = Role.EMPTY
    name: str = ""
    lit: bool = False


NOTHING: Final = Ink()


class Run(NamedTuple):
    """Characters of a row that are drawn alike."""

    text: str
    ink: Ink


class Canvas:
    """Text and lines on a grid; what falls outside is left out."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._text: dict[tuple[int, int], tuple[str, Ink]] = {}
        self._dots: dict[tuple[int, int], int] = {}
        self._lines: dict[tuple[int, int], Ink] = {}

    def write(self, column: int, row: int, text: str, ink: Ink) -> None:
        """Write a text from a place to the right, over whatever is there."""
        for place, character in enumerate(text, column):
            if 0 <= place < self.width and 0 <= row < self.height:
                self._text[place, row] = character, ink

    def line(
        self, start: tuple[int, int], end: tuple[int, int], ink: Ink, *, thick: int = 1, dashed: bool = False
    ) -> None:
        """Draw a line between two dots; where lines share a character the later one's ink holds."""
        length = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
        for step in range(length + 1):
            if dashed and step // _DASH % 2:
                continue
            across = start[0] + round((end[0] - start[0]) * step / length)
            down = start[1] + round((end[1] - start[1]) * step / length)
            for offset in range(thick):
                self._dot(across, down + offset - thick // 2, ink)

    def rows(self) -> list[list[Run]]:
        """Return what is drawn, row by row, the whole width of each."""
        return [self._row(row) for row in range(self.height)]

    def ink(self, column: int, row: int) -> Ink:
        """Return how the character at a place is drawn."""
        return self._cell(column, row)[1]

    def _dot(self, across: int, down: int, ink: Ink) -> None:
        cell = across // ACROSS, down // DOWN
        if 0 <= cell[0] < self.width and 0 <= cell[1] < self.height:
            self._dots[cell] = self._dots.get(cell, 0) | _DOTS[across % ACROSS][down % DOWN]
            self._lines[cell] = ink

    def _row(self, row: int) -> list[Run]:
        cells = [self._cell(column, row) for column in range(self.width)]
        return [
            Run("".join(character for character, _ in members), ink)
            for ink, members in groupby(cells, key=lambda cell: cell[1])
        ]

    def _cell(self, column: int, row: int) -> tuple[str, Ink]:
        if found := self._text.get((column, row)):
            return found
        dots = self._dots.get((column, row), 0)
        return (chr(_BLANK + dots), self._lines[column, row]) if dots else (" ", NOTHING)
