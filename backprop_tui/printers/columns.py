"""Columns side by side in the room there is: all of them, or those around the one in focus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from .canvas import Canvas, Ink, Role

HIDDEN: Final = "⋯"


class Columns(NamedTuple):
    """Where columns stand.

    Attributes
    ----------
    first:
        The number of the first one shown.
    lefts:
        The left edge of each that is shown.
    gap:
        The room between two.

    """

    first: int
    lefts: tuple[int, ...]
    gap: int

    def whole(self, count: int) -> bool:
        """Whether all columns, so many, are shown."""
        return len(self.lefts) == count

    def left(self, number: int) -> int | None:
        """Return the left edge of a column, None where it isn't shown."""
        place = number - self.first
        return self.lefts[place] if 0 <= place < len(self.lefts) else None


def mark_hidden(canvas: Canvas, columns: Columns, count: int, row: int) -> None:
    """Write a mark at each end of a row beyond which columns are hidden."""
    if columns.first > 0:
        canvas.write(0, row, HIDDEN, Ink(Role.NOTE))
    if columns.first + len(columns.lefts) < count:
        canvas.write(canvas.width - 1, row, HIDDEN, Ink(Role.NOTE))


def arranged(widths: Sequence[int], room: int, focus: int, least: int, most: int) -> Columns:
    """Arrange as many columns around one in focus as have room, which may be none.

    Parameters
    ----------
    widths:
        The width of each column.
    room:
        The width that all may take.
    focus:
        The number of the column that must be shown.
    least, most:
        The bounds of the room between two.

    """
    first, last = focus, focus + 1
    if widths[focus] > room:
        return Columns(focus, (), 0)
    while wider := _wider(first, last, len(widths), focus):
        fitting = [span for span in wider if _taken(widths[slice(*span)], least) <= room]
        if not fitting:
            break
        first, last = fitting[0]
    shown = widths[first:last]
    gap = min(most, (room - sum(shown)) // (len(shown) - 1)) if len(shown) > 1 else 0
    left = (room - _taken(shown, gap)) // 2
    lefts = tuple(left + _taken(shown[:count], gap) + (gap if count else 0) for count in range(len(shown)))
    return Columns(first, lefts, gap)


def _taken(widths: Sequence[int], gap: int) -> int:
    return sum(widths) + gap * max(0, len(widths) - 1)


def _wider(first: int, last: int, count: int, focus: int) -> list[tuple[int, int]]:
    """Return the spans one column wider, that which keeps the focus in the middle first."""
    spans = [span for span in ((first - 1, last), (first, last + 1)) if span[0] >= 0 and span[1] <= count]
    return sorted(spans, key=lambda span: abs(span[0] + span[1] - 1 - 2 * focus))
