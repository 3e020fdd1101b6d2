"""What is wrong with a run, read off its numbers: of every iteration a list of findings, the gravest first."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, auto
from itertools import combinations
from math import sqrt
from typing import Final, NamedTuple

import numpy as np

from ..calculus.derivation import Derivation
from ..calculus.indices import names_in
from ..calculus.stages import Kind
from ..notation import derivative, plain, updated
from ..printers.numbers import number
from .numerics import Array
from .trace import Trace

LAYER_RATIO: Final = 1 / 500
"""An error signal vanishes below this fraction of a later layer's, and explodes above its inverse: the slope of a
sigmoid is at most 1/4, and four of them in their middle still pass 1/256."""
VANISHING: Final = 1e-3
"""No error signal vanishes whose size is above this: it may be small beside another and still move the weights."""
EXPLODING: Final = 1.0
"""No error signal explodes whose size is below this."""
LONG_STEP: Final = 10.0
"""A step this many times as large as the parameter explodes; a parameter below 1 counts as 1, for many start at 0."""
FLAT: Final = 1e-3
"""A slope below this passes less than a thousandth of the error back; a sigmoid's is there outside 0.001 to 0.999."""
ROUNDING: Final = 1e-9
"""A rise of the loss below this, relative to the loss or to 1e-3, is rounding."""


class Trouble(IntEnum):
    """What can be wrong, the gravest first."""

    NOT_FINITE = auto()
    EXPLODES = auto()
    LOSS_RISES = auto()
    VANISHES = auto()
    DEAD = auto()
    SATURATED = auto()


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and where to see it.

    Attributes
    ----------
    kind:
        What is wrong.
    iteration, stage, cell:
        The place: an iteration, a stage's name, and the (row, column) of an entry where one stands for it.
    sentence:
        One line that tells it, with its number.

    """

    kind: Trouble
    iteration: int
    stage: str
    cell: tuple[int, int] | None
    sentence: str


class Slope(NamedTuple):
    """The stage that holds the slope of a function of `by`, the output of which is `of`."""

    name: str
    of: str


class HealthCheck:
    """Looks for trouble in the iterations of a trace.

    Parameters
    ----------
    trace:
        The run.

    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._derivation = trace.derivation
        self._slopes = tuple(_slopes(trace.derivation))
        self._signals = tuple(_error_signals(trace.derivation))
        self._moved = tuple(name for name in trace.derivation.parameters if updated(name) in trace.derivation)

    def findings(self, iteration: int) -> list[Finding]:
        """Return what is wrong at an iteration, the gravest first.

        Where a number isn't finite that alone is told, with the stage and the iteration where it first arose.
        """
        broken = self._not_finite(iteration)
        return [broken] if broken else sorted(self._finite(iteration), key=lambda finding: finding.kind)

    def _finite(self, iteration: int) -> Iterator[Finding]:
        with np.errstate(over="ignore", invalid="ignore"):
            yield from self._long_steps(iteration)
            yield from self._layers(iteration)
            yield from self._rise(iteration)
            yield from self._flat_units(iteration)

    def _not_finite(self, iteration: int) -> Finding | None:
        if not self._is_broken(iteration):
            return None
        first = bisect_left(range(iteration), True, key=self._is_broken)
        stage = str(self.trace.first_not_finite(first))
        values = self.trace[first][stage]
        row, column = np.argwhere(~np.isfinite(values))[0]
        word = "NaN" if np.isnan(values[row, column]) else "infinite"
        told = f"{plain(stage)}[{row},{column}] is {word}: the first number that isn't finite, at iteration {first}."
        return Finding(Trouble.NOT_FINITE, first, stage, (int(row), int(column)), told)

    def _is_broken(self, iteration: int) -> bool:
        return self.trace.first_not_finite(iteration) is not None

    def _long_steps(self, iteration: int) -> Iterator[Finding]:
        values = self.trace[iteration]
        for name in self._moved:
            size, step = _size(values[name]), _size(values[updated(name)] - values[name])
            if step > LONG_STEP * max(1.0, size):
                told = f"{plain(name)} explodes: its size was {number(size, 3)}, its step is {number(step, 3)}."
                yield Finding(Trouble.EXPLODES, iteration, updated(name), None, told)

    def _layers(self, iteration: int) -> Iterator[Finding]:
        """Compare the error signals of layers, the worst pair of each kind; those of later layers come first."""
        sizes = {name: _size(self.trace[iteration][name]) for name in self._signals}
        pairs = [(near, far) for near, far in combinations(sizes, 2) if sizes[near] > 0]
        if not pairs:
            return
        near, far = min(pairs, key=lambda pair: sizes[pair[1]] / sizes[pair[0]])
        if sizes[far] < min(VANISHING, LAYER_RATIO * sizes[near]):
            yield self._layer(Trouble.VANISHES, iteration, sizes, near, far)
        near, far = max(pairs, key=lambda pair: sizes[pair[1]] / sizes[pair[0]])
        if sizes[far] > max(EXPLODING, sizes[near] / LAYER_RATIO):
            yield self._layer(Trouble.EXPLODES, iteration, sizes, near, far)

    def _layer(self, kind: Trouble, iteration: int, sizes: Mapping[str, float], near: str, far: str) -> Finding:
        told = f"{plain(far)} {kind.name.lower()}: {_compared(sizes[far], sizes[near])} {plain(near)}."
        return Finding(kind, iteration, far, None, told)

    def _rise(self, iteration: int) -> Iterator[Finding]:
        """Compare with the iteration before, unless that had other data: one mini-batch is harder than another."""
        if iteration == 0 or not self._same_data(iteration):
            return
        before, now = self.trace.loss(iteration - 1), self.trace.loss(iteration)
        if now - before > ROUNDING * max(abs(before), 1e-3):
            loss = self._derivation.loss
            told = f"{plain(loss)} rose by {number(now - before, 3)} to {number(now)}."
            yield Finding(Trouble.LOSS_RISES, iteration, loss, (0, 0), told)

    def _same_data(self, iteration: int) -> bool:
        now, before = self.trace[iteration], self.trace[iteration - 1]
        return all(
            now[name] is before[name] or np.array_equal(now[name], before[name]) for name in self._derivation.inputs
        )

    def _flat_units(self, iteration: int) -> Iterator[Finding]:
        values = self.trace[iteration]
        for slope in self._slopes:
            steepest = np.abs(values[slope.name]).max(axis=0)
            silent = ~values[slope.of].any(axis=0) & (steepest == 0)
            for kind, flat in ((Trouble.DEAD, silent), (Trouble.SATURATED, (steepest < FLAT) & ~silent)):
                if flat.any():
                    yield _flat(kind, iteration, slope, flat, steepest)


def _compared(far: float, near: float) -> str:
    if far == 0:
        return f"it is 0, beside {number(near, 2)} in"
    share = f"{number(far / near, 3)} times" if far > near else f"1/{near / far:.0f} of"
    return f"size {number(far, 2)}, {share}"


def _flat(kind: Trouble, iteration: int, slope: Slope, flat: Array, steepest: Array) -> Finding:
    unit, count = int(flat.argmax()), int(flat.sum())
    told = f"unit {unit} of {plain(slope.of)} is" if count == 1 else f"{count} units of {plain(slope.of)} are"
    most = float(steepest[flat].max())
    why = {
        Trouble.DEAD: "0 with slope 0 in every sample",
        Trouble.SATURATED: f"slope at most {number(most, 2)} in every sample",
    }
    sentence = f"{told} {kind.name.lower()}: {why[kind]}."
    return Finding(kind, iteration, slope.name, (0, unit), sentence[0].upper() + sentence[1:])


def _slopes(derivation: Derivation) -> Iterator[Slope]:
    """Find the local derivatives that the unit's own value makes flat, whatever the function is called."""
    for stage in derivation:
        if stage.jacobian is None:
            continue
        of, by = stage.jacobian.of, stage.jacobian.by
        own = names_in(stage.index)
        each_alone = stage.axes == derivation.axes[of] == derivation.axes[by]
        if own and own <= {of, by} and (each_alone or stage.tensor):
            yield Slope(stage.name, of)


def _error_signals(derivation: Derivation) -> Iterator[str]:
    """Yield the adjoints of pre-activations, that of the last layer first."""
    layers = {derivative(derivation.loss, stage.name) for stage in derivation if stage.kind is Kind.PRE_ACTIVATION}
    yield from (stage.name for stage in derivation if stage.name in layers)


def _size(array: Array) -> float:
    """Return the root mean square of the entries."""
    flat = array.ravel()
    return sqrt(float(flat @ flat) / flat.size)
