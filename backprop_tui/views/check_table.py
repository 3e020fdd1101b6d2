"""The proof as a table: stage against the largest difference for each independent way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .. import notation
from ..engine.gradient_check import DIRECTIONS, SAMPLED, TOLERANCES, Report, Row

_NOTHING = "–"


def render(report: Report) -> str:
    """Return a line a stage, and a last line that says whether every way agrees."""
    names = [notation.plain(row.stage) for row in report.rows]
    name_width = max(8, *map(len, names))
    widths = [max(len(way), 8) for way in TOLERANCES]
    lines = [_line("stage", name_width, TOLERANCES, widths)]
    for name, row in zip(names, report.rows, strict=True):
        cells = [_cell(row.differences[way]) for way in TOLERANCES]
        lines.append(_line(name, name_width, cells, widths) + ("  disagrees" if row.disagreeing else ""))
    lines.append(_line("allowed", name_width, [f"{allowed:.0e}" for allowed in TOLERANCES.values()], widths))
    return "\n".join([*lines, "", *_verdict(report)]) + "\n"


def _line(name: str, width: int, cells: Iterable[str], widths: Sequence[int]) -> str:
    return name.ljust(width) + "".join(f"  {cell:>{room}}" for cell, room in zip(cells, widths, strict=True))


def _cell(difference: float | None) -> str:
    return _NOTHING if difference is None else "0" if difference == 0 else f"{difference:.1e}"


def _verdict(report: Report) -> list[str]:
    legend = f"Largest differences, relative to the largest entry or 1; {_NOTHING} where a way has nothing to say."
    lines = [_conclusion(report.rows), legend]
    if report.wide:
        checked = f"gradients along {DIRECTIONS} random directions, index forms at {SAMPLED} random entries"
        lines.append(f"This network is wide: {checked}.")
    return lines


def _conclusion(rows: Sequence[Row]) -> str:
    wrong = [f"{notation.plain(row.stage)} ({', '.join(row.disagreeing)})" for row in rows if row.disagreeing]
    return f"Disagrees: {'; '.join(wrong)}." if wrong else f"All {len(rows)} stages agree in every way."
