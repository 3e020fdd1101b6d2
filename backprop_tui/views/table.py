"""Iterations as a table to read: every stage with its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from .. import notation
from ..calculus.derivation import Derivation
from ..calculus.stages import Stage
from ..engine.trace import Trace
from ..printers.numbers import abridged, number, written

_MOST_ROWS, _MOST_COLUMNS = 12, 10


def render(derivation: Derivation, trace: Trace | None = None, *, iterations: int = 1) -> str:
    """Return the stages of the first iterations with their numbers; without a trace, their names and shapes."""
    if trace is None:
        return (
            "\n".join(f"{notation.plain(stage.name):<10} {_shape(derivation, stage.name)}" for stage in derivation)
            + "\n"
        )
    return (
        "\n".join(line for iteration in range(iterations) for line in _iteration(derivation, trace, iteration)) + "\n"
    )


def _iteration(derivation: Derivation, trace: Trace, iteration: int) -> Iterator[str]:
    loss = f"{notation.plain(derivation.loss)} = {number(trace.loss(iteration), 8)}"
    yield f"iteration {iteration}   {loss}{_change(trace, iteration)}"
    for phase, stages in groupby(derivation, key=lambda stage: stage.kind.phase):
        yield f"  {phase}"
        for stage in stages:
            yield from _stage(derivation, stage, trace[iteration][stage.name])
    yield ""


def _change(trace: Trace, iteration: int) -> str:
    if iteration == 0:
        return ""
    change = trace.loss(iteration) - trace.loss(iteration - 1)
    word = "fell" if change < 0 else "rose" if change > 0 else "stayed"
    return f"   {word} by {number(abs(change), 3)}" if change else f"   {word}"


def _stage(derivation: Derivation, stage: Stage, value: NDArray[np.float64]) -> Iterator[str]:
    texts = written(value)
    some = abridged((len(texts), len(texts[0])), _MOST_ROWS, _MOST_COLUMNS)
    width = max(len(text) for row in texts for text in row)
    head = f"    {notation.plain(stage.name):<8} {_shape(derivation, stage.name):<8} "
    for position, row in enumerate(some.rows):
        cells = ["…" if row is None or column is None else texts[row][column] for column in some.columns]
        yield (head if position == 0 else " " * len(head)) + " ".join(cell.rjust(width) for cell in cells)


def _shape(derivation: Derivation, name: str) -> str:
    rows, columns = derivation.shape(name)
    return "scalar" if derivation.axes[name] == ("", "") else f"{rows}×{columns}"
