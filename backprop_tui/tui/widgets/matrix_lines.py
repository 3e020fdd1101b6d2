"""The lines of a matrix view, each drawn when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset
from textual.renderables.digits import Digits

from .page import HEAD, Page
from .palette import Palette

Styled = tuple[str, Style]


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
    lit: Mapping[tuple[int, int], str]

    def line(self, y: int, scroll: Offset) -> list[Segment]:
        """Return the segments of a line of the window, those of one style as one."""
        runs = (list(run) for _, run in groupby(self._texts(y, scroll), key=_style_id))
        return [Segment("".join([text for text, _ in run]), run[0][1]) for run in runs]

    def _texts(self, y: int, scroll: Offset) -> Iterator[Styled]:
        page = self.page
        columns = page.columns.shown(scroll.x)
        body = page.rows.shown(scroll.y)
        row, line = divmod(y - HEAD, page.grid.height)
        if y < HEAD:
            yield from self._header(columns)
        elif row < len(body):
            yield from self._row(body[row], columns, line)
        elif (row, line) == (len(body), 0):
            yield from ((piece.text, self.palette.ground(piece.share)) for piece in page.grid.legend())

    def _header(self, columns: range) -> Iterator[Styled]:
        present = self.cursor.column if self.cursor else None
        for column, text in self.page.header(columns):
            yield text, self._label(column == present)

    def _row(self, row: int, columns: range, line: int) -> Iterator[Styled]:
        page = self.page
        middle = line == page.grid.middle
        label = page.sheet.rows(row) if middle else ""
        present = self.cursor.row if self.cursor else None
        yield label.rjust(page.sheet.left).ljust(page.left), self._label(row == present)
        for column, piece in zip(columns, page.grid.pieces(row, columns, line), strict=True):
            lit = self.lit.get((row, column))
            name = "cursor" if (row, column) == self.cursor else lit
            text = piece.text.rjust(page.columns.size)
            text = _bracketed(text) if lit and middle else text
            if page.grid.tiled:
                yield text, self.palette.tile(piece.share, name)
            else:
                yield text[:-1], self.palette.text(name)
                yield text[-1], self.palette.text(lit or ("mark" if text[-1] != " " else None))

    def _label(self, present: bool) -> Style:
        return self.palette.text("present" if present else "label")


def _style_id(styled: Styled) -> int:
    """Tell styles apart, which a palette makes once: comparing them by value would take longer than all the rest."""
    return id(styled[1])


def _bracketed(text: str) -> str:
    return f"[{text[1:-1]}]" if len(text) > 2 else f"{text[0]}]"


def scalar(page: Page, height: int) -> list[str]:
    """Return the lines of a scalar: large digits of three lines where there is room for them."""
    text = page.grid.told(0, 0)
    drawn = Digits(text.replace("−", "-")).render(Style(bold=True))
    lines = "".join(segment.text for segment in drawn if isinstance(segment, Segment)).splitlines()
    return [text] if height < len(lines) else lines
