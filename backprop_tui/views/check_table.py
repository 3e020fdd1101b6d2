"""The proof as a table: stage against the largest difference for each independent way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .. import notation
from ..engine.gradient_check import TOLERANCES, Row


def render(rows: Sequence[Row]) -> str:
    """Return a line a stage, and a last line that says whether every way agrees."""
    stage_width = max(8, *(len(notation.plain(row.stage)) for row in rows))
    widths = [max(len(way), 8) for way in TOLERANCES]
    lines = [_line("stage", stage_width, TOLERANCES, widths)]
    for row in rows:
        cells = [_cell(row.differences[way]) for way in TOLERANCES]
        mark = "  disagrees" if row.disagreeing else ""
        lines.append(_line(notation.plain(row.stage), stage_width, cells, widths) + mark)
    lines.append(_line("allowed", stage_width, [f"{allowed:.0e}" for allowed in TOLERANCES.values()], widths))
    return "\n".join([*lines, "", _verdict(rows)]) + "\n"


def _line(name: str, width: int, cells: Iterable[str], widths: Sequence[int]) -> str:
    return name.ljust(width) + "".join(f"  {cell:>{room}}" for cell, room in zip(cells, widths, strict=True))


def _cell(difference: float | None) -> str:
    return "–" if difference is None else "0" if difference == 0 else f"{difference:.1e}"


def _verdict(rows: Sequence[Row]) -> str:
    wrong = [f"{notation.plain(row.stage)} ({', '.join(row.disagreeing)})" for row in rows if row.disagreeing]
    if wrong:
        return f"Disagrees: {'; '.join(wrong)}."
    return f"All {len(rows)} stages agree in every way. Largest differences, relative to the largest entry or 1."
