"""A trace: the value of every stage at every iteration, so that stepping back is a look-up.

A stage is compiled, and computed, when it is first asked for: it is itself to be shown, or what comes after it. What
has been run is kept whole as long as it fits in a budget of memory. Beyond it, the oldest iterations are let go,
and run again when they are asked for, from the nearest checkpoint: what is learned and remembered, as it stood at the
start of every so many iterations. Running is deterministic, so what comes out is the same bit for bit.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from math import prod
from threading import Lock
from typing import Final

import numpy as np

from ..calculus.derivation import Derivation
from ..notation import updated
from .compile import Values
from .iteration import Iteration, frozen
from .numerics import Array
from .straight_line import compile_stages

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
        self._start = {name: frozen(np.array(value, dtype=float)) for name, value in start.items()}
        self._learned = [name for name in self._start if updated(name) in derivation]
        self._names = [stage.name for stage in derivation]
        self._kept: dict[int, Iteration] = {}
        self._count = 0
        self._checkpoints = {0: {name: self._start[name] for name in self._learned}}
        self._stride = 1
        self._losses = array("d")
        self._lock = Lock()

    def __getitem__(self, iteration: int) -> Iteration:
        """Return every quantity at an iteration, counted from 0, which begins the iteration and runs all before it."""
        if iteration < 0:
            raise IndexError(f"iteration {iteration}: they are counted from 0")
        found = self._kept.get(iteration)
        return self._begun(iteration) if found is None else found

    def __len__(self) -> int:
        """Return how many iterations have been begun."""
        return self._count

    def first(self, count: int) -> Iterator[Iteration]:
        """Yield the first iterations."""
        return (self[iteration] for iteration in range(count))

    def loss(self, iteration: int) -> float:
        """Return the loss at an iteration, in its own unit."""
        if iteration >= len(self._losses):
            self._note(iteration, self[iteration])
        return self._losses[iteration]

    def losses(self) -> Array:
        """Return the loss of every iteration that has been begun."""
        if len(self):
            self.loss(len(self) - 1)
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
    def _stages(self) -> Callable[[Values], Iterator[Array]]:
        return compile_stages(self.derivation)

    @cached_property
    def _most_kept(self) -> int:
        """How many whole iterations fit: the newest and the one before it always do."""
        return max(2, self._memory // 2 // self._bytes([*self._names, *self._inputs(0)]))

    @cached_property
    def _most_checkpoints(self) -> int:
        return max(2, self._memory // 2 // self._bytes(self._learned))

    def _bytes(self, names: list[str]) -> int:
        return _OBJECT + sum(8 * prod(self.derivation.shape(name)) + _OBJECT for name in names)

    def _begun(self, iteration: int) -> Iteration:
        """Begin an iteration, and run all before it that have to be."""
        with self._lock:
            number, start = self._nearest(iteration)
        while True:
            given = {**self._start, **start(), **self._inputs(number)}
            values = self._keep(number, Iteration(given, self._names, self._stages))
            if number == iteration:
                return values
            number, start = number + 1, partial(self._ended, number, values)

    def _inputs(self, iteration: int) -> Values:
        return {name: frozen(array) for name, array in self._batches(iteration).items()} if self._batches else {}

    def _nearest(self, iteration: int) -> tuple[int, Callable[[], Values]]:
        """Return the last iteration up to this one whose start is known, and what tells what is learned before it."""
        for number in range(iteration, 0, -1):
            if number - 1 in self._kept:
                return number, partial(self._ended, number - 1, self._kept[number - 1])
            if number in self._checkpoints:
                return number, partial(dict, self._checkpoints[number])
        return 0, partial(dict, self._checkpoints[0])

    def _ended(self, iteration: int, values: Values) -> dict[str, Array]:
        """Run an iteration to its end; return what it has learned."""
        learned = {name: values[updated(name)] for name in self._learned}
        self._note(iteration, values)
        return learned

    def _note(self, iteration: int, values: Values) -> None:
        """Note the loss of an iteration, all before which are noted."""
        loss = float(values[self.derivation.loss][0, 0])
        with self._lock:
            if iteration == len(self._losses):
                self._losses.append(loss)

    def _keep(self, iteration: int, values: Iteration) -> Iteration:
        """Keep an iteration; where another thread has been faster, return what that one kept."""
        with self._lock:
            kept = self._kept.setdefault(iteration, values)
            self._count = max(self._count, iteration + 1)
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
