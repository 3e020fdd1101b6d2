"""Where the entries of a matrix stand in a window: labels above and to the left that stay, and a legend below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from .lane import Lane

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...printers.grid import Grid

Label = Callable[[int], str]


def unlabelled(place: int) -> str:
    """Label nothing."""
    return ""


HEAD: Final = 1
"""The line of the columns' labels."""


class Sheet(NamedTuple):
    """What a view was given to show.

    Attributes
    ----------
    matrix:
        The entries.
    rows, columns:
        Spell the label of a row or a column; none is longer than the last.
    before:
        The entries an iteration ago, if there was one.

    """

    matrix: NDArray[np.float64]
    rows: Label
    columns: Label
    before: NDArray[np.float64] | None

    @property
    def scalar(self) -> bool:
        """Whether it is one number that stands in no row and no column."""
        return self.matrix.shape == (1, 1) and not self.rows(0) and not self.columns(0)

    @property
    def left(self) -> int:
        """The width of the longest of the rows' labels."""
        return len(self.rows(self.matrix.shape[0] - 1))

    @property
    def above(self) -> int:
        """The width of the longest of the columns' labels."""
        return len(self.columns(self.matrix.shape[1] - 1))


@dataclass(frozen=True)
class Page:
    """A matrix in a window.

    Attributes
    ----------
    sheet, grid:
        What is shown, and as what.
    rows, columns:
        Where they are.

    """

    sheet: Sheet
    grid: Grid
    rows: Lane
    columns: Lane

    @property
    def left(self) -> int:
        """The characters before the first column: the rows' labels, and a space where the tiles don't have one."""
        return _left(self.sheet, self.grid)

    @property
    def size(self) -> tuple[int, int]:
        """The width and height that the scroll bars stand for."""
        return self.left + self.columns.extent, HEAD + self.rows.extent + _foot(self.grid)

    @property
    def natural(self) -> tuple[int, int]:
        """The width and height in which all numbers are seen; tiles take what room there is and ask for no other."""
        if not self.grid.tiled:
            return _whole(self.sheet, self.grid)
        wide, high = _whole(self.sheet, written(self.sheet, "numbers", (0, 0)))
        return wide + 1, high + _foot(self.grid)

    def told(self, row: int, column: int) -> str:
        """Tell an entry: where it is, and its value to more digits than the others have room for."""
        place = f"{self.sheet.rows(row)} {self.sheet.columns(column)}".strip()
        return f"{place}  {self.grid.told(row, column)}"

    def first(self, scroll: tuple[int, int]) -> tuple[int, int]:
        """Return the column and the row that stand first."""
        return self.columns.shown(scroll[0]).start, self.rows.shown(scroll[1]).start

    def scroll(self, first: tuple[int, int]) -> tuple[int, int]:
        """Return how far to scroll, across and down, for a column and a row to stand first."""
        return first[0] * self.columns.size, first[1] * self.rows.size

    def cell_at(self, at: tuple[int, int], scroll: tuple[int, int]) -> tuple[int, int] | None:
        """Return the entry at a place of the window, None where there is none."""
        row = self.rows.at(at[1] - HEAD, scroll[1])
        column = self.columns.at(at[0] - self.left, scroll[0])
        return None if row is None or column is None else (row, column)

    def header(self, shown: range) -> list[tuple[int, str]]:
        """Return columns and their labels with the padding before them; where they are narrow, those of a few."""
        slot = self.columns.size
        every = -(-(self.sheet.above + 1) // slot)
        first = shown.start + -shown.start % every
        labels = [(-1, " " * (self.left + (first - shown.start) * slot))]
        for column in range(first, shown.stop, every):
            span = min(every, shown.stop - column) * slot
            text = self.sheet.columns(column).rjust(slot - 1).ljust(span)
            labels.append((column, text if len(text) == span else " " * span))
        return labels


def written(sheet: Sheet, mode: str, size: tuple[int, int], *, shaded: bool = False) -> Grid:
    """Write a matrix in a mode, for a window of a size; NumPy is imported here, after the first frame.

    Parameters
    ----------
    sheet:
        What is shown.
    mode:
        "numbers", "difference" or "heat map".
    size:
        The width and height of the window.
    shaded:
        Whether a heat map is drawn by shades, where there are no colours.

    """
    from ...printers.grid import Differences, Numbers
    from ...printers.heat import Heat

    if mode == "heat map":
        return Heat(sheet.matrix, (size[0] - sheet.left - 1, size[1] - HEAD - 1), shaded=shaded)
    return (Differences if mode == "difference" else Numbers)(sheet.matrix, sheet.before)


def paged(sheet: Sheet, grid: Grid, width: int, height: int) -> Page:
    """Lay a matrix out in a window that keeps a column and a line for scroll bars where they are needed."""
    wide, high = _whole(sheet, grid)
    upright = high > height
    across = wide > width - upright
    upright = high > height - across
    rows, columns = sheet.matrix.shape
    return Page(
        sheet,
        grid,
        Lane(rows, grid.height, max(0, height - across - HEAD - _foot(grid))),
        Lane(columns, _slot(sheet, grid), max(0, width - upright - _left(sheet, grid))),
    )


def _whole(sheet: Sheet, grid: Grid) -> tuple[int, int]:
    """Return the width and height in which all of a matrix is seen."""
    rows, columns = sheet.matrix.shape
    return _left(sheet, grid) + columns * _slot(sheet, grid), HEAD + rows * grid.height + _foot(grid)


def _left(sheet: Sheet, grid: Grid) -> int:
    return sheet.left + grid.tiled


def _slot(sheet: Sheet, grid: Grid) -> int:
    return grid.width if grid.tiled else max(grid.width, sheet.above + 2)


def _foot(grid: Grid) -> int:
    """Count the lines of the legend."""
    return 1 if grid.legend() else 0
