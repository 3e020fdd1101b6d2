"""A trace: the value of every stage at every iteration, so that stepping back is a look-up.

What has been run is kept whole as long as it fits in a budget of memory. Beyond it, the oldest iterations are let go,
and run again when they are asked for, from the nearest checkpoint: what is learned and remembered, as it stood at the
start of every so many iterations. Running is deterministic, so what comes out is the same bit for bit.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from math import prod
from threading import Lock
from typing import Final

import numpy as np

from ..calculus.derivation import Derivation
from ..notation import updated
from .compile import Values, compile_stages
from .numerics import Array

MEMORY: Final = 256_000_000
"""Bytes that the kept numbers of a trace may take: half for whole iterations, half for checkpoints."""

_OBJECT: Final = 250
"""Bytes that an array takes beside its numbers, with its place in a dictionary."""


class Trace:
    """Iterations of training, computed when they are first asked for and kept.

    Several threads may ask at once: what is kept is read without waiting.

    Parameters
    ----------
    derivation:
        What is run.
    start:
        The values of all that the derivation is `given`, before the first iteration, each of shape (rows, columns).
    batches:
        Returns the inputs that change from iteration to iteration; None where none do.
    memory:
        How many bytes of numbers to keep.

    """

    def __init__(
        self,
        derivation: Derivation,
        start: Values,
        batches: Callable[[int], Values] | None = None,
        *,
        memory: int = MEMORY,
    ) -> None:
        self.derivation = derivation
        self._batches = batches
        self._memory = memory
        self._start = {name: _frozen(np.array(value, dtype=float)) for name, value in start.items()}
        self._learned = [name for name in self._start if updated(name) in derivation]
        self._kept: dict[int, dict[str, Array]] = {}
        self._checkpoints = {0: {name: self._start[name] for name in self._learned}}
        self._stride = 1
        self._losses = array("d")
        self._lock = Lock()

    def __getitem__(self, iteration: int) -> Mapping[str, Array]:
        """Return every quantity at an iteration, counted from 0: what it starts from, and each stage's value."""
        if iteration < 0:
            raise IndexError(f"iteration {iteration}: they are counted from 0")
        found = self._kept.get(iteration)
        return self._run_to(iteration) if found is None else found

    def __len__(self) -> int:
        """Return how many iterations have been computed."""
        return len(self._losses)

    def first(self, count: int) -> Iterator[Mapping[str, Array]]:
        """Yield the first iterations."""
        return (self[iteration] for iteration in range(count))

    def loss(self, iteration: int) -> float:
        """Return the loss at an iteration, in its own unit."""
        if iteration >= len(self):
            self._run_to(iteration)
        return self._losses[iteration]

    def losses(self) -> Array:
        """Return the loss of every iteration that has been computed."""
        with self._lock:
            return np.array(self._losses)

    def steps_to(self, iteration: int) -> int:
        """Return how many iterations have to be run before this one can be shown: none where it is kept."""
        if iteration in self._kept:
            return 0
        with self._lock:
            return iteration - self._nearest(iteration)[0] + 1

    def first_not_finite(self, iteration: int) -> str | None:
        """Return the first stage of an iteration that holds NaN or infinity, None where all are finite."""
        values = self[iteration]
        return next((stage.name for stage in self.derivation if not np.isfinite(values[stage.name]).all()), None)

    def again(self, start: Values, batches: Callable[[int], Values] | None = None) -> Trace:
        """Return a trace of the same derivation from other values; what has been compiled is used again."""
        other = Trace(self.derivation, start, batches, memory=self._memory)
        other.__dict__ |= {name: self.__dict__[name] for name in ("_stages",) if name in self.__dict__}
        return other

    @cached_property
    def _stages(self) -> Callable[[Values], dict[str, Array]]:
        return compile_stages(self.derivation)

    @cached_property
    def _most_kept(self) -> int:
        """How many whole iterations fit: the newest and the one before it always do."""
        names = [stage.name for stage in self.derivation] + list(self._batches(0) if self._batches else ())
        return max(2, self._memory // 2 // self._bytes(names))

    @cached_property
    def _most_checkpoints(self) -> int:
        return max(2, self._memory // 2 // self._bytes(self._learned))

    def _bytes(self, names: list[str]) -> int:
        return _OBJECT + sum(8 * prod(self.derivation.shape(name)) + _OBJECT for name in names)

    def _run_to(self, iteration: int) -> dict[str, Array]:
        with self._lock:
            number, learned = self._nearest(iteration)
        while True:
            values = self._keep(number, self._run(number, learned))
            if number == iteration:
                return values
            number, learned = number + 1, self._learned_in(values)

    def _nearest(self, iteration: int) -> tuple[int, Mapping[str, Array]]:
        """Return the last iteration up to this one whose start is known, with what has been learned before it."""
        for number in range(iteration, 0, -1):
            if number - 1 in self._kept:
                return number, self._learned_in(self._kept[number - 1])
            if number in self._checkpoints:
                return number, self._checkpoints[number]
        return 0, self._checkpoints[0]

    def _learned_in(self, values: Values) -> dict[str, Array]:
        return {name: values[updated(name)] for name in self._learned}

    def _run(self, iteration: int, learned: Values) -> dict[str, Array]:
        values = {**self._start, **learned}
        if self._batches is not None:
            values |= self._batches(iteration)
        with np.errstate(all="ignore"):
            values |= self._stages(values)
        return {name: _frozen(value) for name, value in values.items()}

    def _keep(self, iteration: int, values: dict[str, Array]) -> dict[str, Array]:
        """Keep an iteration; where another thread has been faster, return what that one kept."""
        with self._lock:
            kept = self._kept.setdefault(iteration, values)
            if iteration == len(self._losses):
                self._losses.append(float(values[self.derivation.loss][0, 0]))
            if iteration % self._stride == 0:
                self._checkpoints[iteration] = {name: values[name] for name in self._learned}
            self._let_go()
        return kept

    def _let_go(self) -> None:
        """Let go of the iterations kept longest, and of every other checkpoint, where there are too many."""
        while len(self._kept) > self._most_kept:
            del self._kept[next(iter(self._kept))]
        if len(self._checkpoints) > self._most_checkpoints:
            self._stride *= 2
            self._checkpoints = {at: kept for at, kept in self._checkpoints.items() if at % self._stride == 0}


def _frozen(array: Array) -> Array:
    array.setflags(write=False)
    return array
