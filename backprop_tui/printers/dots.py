"""A few series drawn as marks over a common scale, in as many characters as there is room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Final

from .numbers import number

MEETING: Final = "◆"
"""The mark where several series fall on one character."""
_LEAST_WIDTH, _LEAST_HEIGHT = 24, 5


def plot(series: Mapping[str, Sequence[float]], width: int, height: int, present: int) -> list[str]:
    """Draw series of one length, each by the mark that it is named for, and below them an axis of their positions.

    The largest and the smallest number stand beside their rows, and the axis has the `present` position marked. Numbers
    that aren't finite are left out. Nothing is drawn where there is no room.
    """
    if height < _LEAST_HEIGHT or width < _LEAST_WIDTH:
        return []
    finite = [value for values in series.values() for value in values if isfinite(value)] or [0.0]
    top, bottom = max(finite), min(finite)
    labels = [number(top, 4), *[""] * (height - 4), number(bottom, 4)]
    left = max(map(len, labels))
    columns = _columns(max(map(len, series.values())), width - left - 3)
    rows = [[" "] * (columns[-1] + 1) for _ in labels]
    for mark, values in series.items():
        for column, value in zip(columns, values, strict=True):
            if isfinite(value):
                row = rows[_row(value, top, bottom, len(rows))]
                row[column] = mark if row[column] == " " else MEETING
    lines = [f"{label:>{left}} ┤{''.join(row)}" for label, row in zip(labels, rows, strict=True)]
    return [*lines, *(" " * left + " " + line for line in _axis(columns, present))]


def _columns(count: int, width: int) -> list[int]:
    """Space positions evenly, by whole characters where there is one for each."""
    step = width / max(1, count - 1)
    return [int(place * (int(step) if step >= 1 else step)) for place in range(count)]


def _row(value: float, top: float, bottom: float, count: int) -> int:
    return round((top - value) / (top - bottom) * (count - 1)) if top > bottom else (count - 1) // 2


def _axis(columns: Sequence[int], present: int) -> tuple[str, str]:
    ticks = ["─"] * (columns[-1] + 1)
    for place, column in enumerate(columns):
        ticks[column] = "┻" if place == present else "┴"
    names = [" "] * (columns[-1] + 4)
    for place, name in {**{end: f"{end}" for end in (0, len(columns) - 1)}, present: f"[{present}]"}.items():
        start = columns[place] + (place != present)
        names[start : start + len(name)] = name
    return "└" + "".join(ticks), "".join(names).rstrip()
