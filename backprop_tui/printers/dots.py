"""A few series drawn as marks over a common scale, in as many characters as there is room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Final

from .numbers import number

MEETING: Final = "◆"
"""The mark where several series fall on one character."""
_LEAST_WIDTH, _LEAST_HEIGHT = 24, 5
_AXIS = 2


def plot(series: Mapping[str, Sequence[float]], width: int, height: int, present: int) -> list[str]:
    """Draw series of one length, each by the mark that it is named for, and below them an axis of their positions.

    The largest and the smallest number stand beside their rows, and the axis has the `present` position in brackets.
    Numbers that aren't finite are left out. Nothing is drawn where there is no room.
    """
    if height < _LEAST_HEIGHT or width < _LEAST_WIDTH:
        return []
    finite = [value for values in series.values() for value in values if isfinite(value)] or [0.0]
    top, bottom, rows = max(finite), min(finite), height - _AXIS
    labels = {_row(value, top, bottom, rows): number(value, 4) for value in (bottom, top)}
    left = max(map(len, labels.values()))
    columns = _columns(max(map(len, series.values())), width - left - 4)
    grid = [[" "] * (columns[-1] + 1) for _ in range(rows)]
    for mark, values in series.items():
        for column, value in zip(columns, values, strict=True):
            if isfinite(value):
                row = grid[_row(value, top, bottom, rows)]
                row[column] = mark if row[column] in (" ", mark) else MEETING
    lines = [f"{labels.get(place, ''):>{left}} ┤{''.join(row)}".rstrip() for place, row in enumerate(grid)]
    return [*lines, *(" " * (left + 1) + line for line in _axis(columns, present))]


def _row(value: float, top: float, bottom: float, count: int) -> int:
    return round((top - value) / (top - bottom) * (count - 1)) if top > bottom else (count - 1) // 2


def _columns(count: int, width: int) -> list[int]:
    """Space positions evenly, by whole characters where there is one for each."""
    step = width / max(1, count - 1)
    return [int(place * (int(step) if step >= 1 else step)) for place in range(count)]


def _axis(columns: Sequence[int], present: int) -> tuple[str, str]:
    """Return the line of ticks, and the numbers of the first, the last and the present position."""
    last = len(columns) - 1
    ticks, numbers = ["─"] * (columns[-1] + 1), [" "] * (columns[-1] + 2 + len(str(last)))
    for column in columns:
        ticks[column] = "┴"
    for place in (0, last):
        numbers[columns[place] + 1 : columns[place] + 1 + len(str(place))] = str(place)
    if present <= last:
        ticks[columns[present]] = "┻"
        numbers[columns[present] : columns[present] + len(str(present)) + 2] = f"[{present}]"
    return "└" + "".join(ticks), "".join(numbers).rstrip()
