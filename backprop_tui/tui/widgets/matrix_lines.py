"""The lines of a matrix view, each drawn when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset
from textual.renderables.digits import Digits

from .page import HEAD, Page
from .palette import Palette

if TYPE_CHECKING:
    from ...printers.grid import Piece


class Light(StrEnum):
    """Why a cell is lit: others are made from it, and it may be the one chosen among them."""

    SOURCE = "source"
    CHOSEN = "chosen"


class Cell(NamedTuple):
    """An entry, counted from 0."""

    row: int = 0
    column: int = 0


@dataclass(frozen=True)
class Lines:
    """A page as segments.

    Attributes
    ----------
    page:
        Which entries stand where.
    palette:
        The styles.
    cursor:
        The chosen entry; None in a view that has no cursor.
    lit:
        The entries in brackets, each with the name of its style.

    """

    page: Page
    palette: Palette
    cursor: Cell | None
    lit: Mapping[Cell, str]

    def line(self, y: int, scroll: Offset) -> list[Segment]:
        """Return the segments of a line of the window."""
        page = self.page
        columns = page.columns.shown(scroll.x)
        body = page.rows.shown(scroll.y)
        if y < HEAD:
            return list(self._header(columns))
        row, line = divmod(y - HEAD, page.grid.height)
        if row < len(body):
            return list(self._row(body[row], columns, line))
        return list(self._legend()) if (row, line) == (len(body), 0) else []

    def _header(self, columns: range) -> Iterator[Segment]:
        for column, text in self.page.header(columns):
            yield Segment(text, self._label(self.cursor is not None and column == self.cursor.column))

    def _row(self, row: int, columns: range, line: int) -> Iterator[Segment]:
        grid, sheet = self.page.grid, self.page.sheet
        labelled = line == grid.middle
        label = sheet.rows(row) if labelled else ""
        yield Segment(
            label.rjust(sheet.left).ljust(self.page.left),
            self._label(self.cursor is not None and row == self.cursor.row),
        )
        for column, piece in zip(columns, grid.pieces(row, columns, line), strict=True):
            yield from self._cell(Cell(row, column), piece, labelled)

    def _cell(self, cell: Cell, piece: Piece, bracketed: bool) -> Iterator[Segment]:
        text = piece.text.rjust(self.page.columns.size)
        name = self._name(cell)
        if cell in self.lit and bracketed:
            text = f"[{text[1:-1]}]" if len(text) > 2 else f"{text[0]}]"
        if self.page.grid.tiled:
            yield Segment(text, self.palette.tile(piece.share, name))
        else:
            texts = self.palette.texts
            yield Segment(text[:-1], texts[name] if name else None)
            yield Segment(text[-1], texts[self.lit.get(cell, "mark")])

    def _name(self, cell: Cell) -> str | None:
        return "cursor" if cell == self.cursor else self.lit.get(cell)

    def _label(self, present: bool) -> Style:
        return self.palette.texts["present" if present else "label"]

    def _legend(self) -> Iterator[Segment]:
        for piece in self.page.grid.legend():
            yield Segment(piece.text, self.palette.ground(piece.share))


def scalar(page: Page, height: int) -> list[str]:
    """Return the lines of a scalar: large digits of three lines where there is room for them."""
    text = page.grid.told(0, 0)
    drawn = Digits(text.replace("−", "-")).render(Style(bold=True))
    lines = "".join(segment.text for segment in drawn if isinstance(segment, Segment)).splitlines()
    return [text] if height < len(lines) else lines
