"""A trace: the value of every stage at every iteration, so that stepping back is a look-up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

import numpy as np

from ..calculus.derivation import Derivation
from ..notation import updated
from .compile import Compiled, Values, compile_iteration, compile_stage
from .numerics import Array


class Trace:
    """Iterations of training, computed when they are first asked for and kept.

    Parameters
    ----------
    derivation:
        What is run.
    start:
        The values of all that the derivation is `given`, before the first iteration, each of shape (rows, columns).
    batches:
        Returns the inputs that change from iteration to iteration; None where none do.

    """

    def __init__(self, derivation: Derivation, start: Values, batches: Callable[[int], Values] | None = None) -> None:
        self.derivation = derivation
        self._batches = batches
        self._iterations: list[dict[str, Array]] = []
        self._start = {name: _frozen(np.array(value, dtype=float)) for name, value in start.items()}

    def __getitem__(self, iteration: int) -> Mapping[str, Array]:
        """Return every quantity at an iteration, counted from 0: what it starts from, and each stage's value."""
        while len(self._iterations) <= iteration:
            self._iterations.append(self._next())
        return self._iterations[iteration]

    def __len__(self) -> int:
        """Return how many iterations have been computed."""
        return len(self._iterations)

    def first(self, count: int) -> Iterator[Mapping[str, Array]]:
        """Yield the first iterations."""
        return (self[iteration] for iteration in range(count))

    def loss(self, iteration: int) -> float:
        """Return the loss at an iteration, in its own unit."""
        return float(self[iteration][self.derivation.loss][0, 0])

    def first_not_finite(self, iteration: int) -> str | None:
        """Return the first stage of an iteration that holds NaN or infinity, None where all are finite."""
        values = self[iteration]
        return next((stage.name for stage in self.derivation if not np.isfinite(values[stage.name]).all()), None)

    @cached_property
    def _fused(self) -> tuple[list[str], Compiled]:
        """The stages that have a matrix form, as one function."""
        names = [stage.name for stage in self.derivation if stage.matrix is not None]
        return names, compile_iteration(self.derivation, names)

    @cached_property
    def _apart(self) -> dict[str, Callable[[Values], Array]]:
        """The stages that have none, such as the Jacobian of a softmax; no other stage is made from them."""
        return {stage.name: compile_stage(self.derivation, stage) for stage in self.derivation if stage.matrix is None}

    def _next(self) -> dict[str, Array]:
        values = dict(self._start)
        if self._iterations:
            last = self._iterations[-1]
            values |= {name: last[updated(name)] for name in self._start if updated(name) in last}
        if self._batches is not None:
            values |= self._batches(len(self._iterations))
        names, fused = self._fused
        with np.errstate(all="ignore"):
            values |= dict(zip(names, fused(values), strict=True))
            values |= {name: stage(values) for name, stage in self._apart.items()}
        return {name: _frozen(np.atleast_2d(value)) for name, value in values.items()}


def _frozen(array: Array) -> Array:
    array.setflags(write=False)
    return array
