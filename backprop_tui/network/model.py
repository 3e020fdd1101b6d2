"""What a network is, once it has been read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..calculus.derivation import Derivation, derive
from ..calculus.optimisers import DESCENT, Optimiser
from ..calculus.shapes import Shape
from ..errors import InputError
from ..notation import LEARNING_RATE, code
from .moment import Moment

Matrix = NDArray[np.float64]

Table = NDArray[Any]
"""A matrix of real numbers of any type: the data of a file stay as they are in it, and are mapped where they can be."""

ORDERS: Final = ("listed", "shuffled")
_UNIT_SUM_TOLERANCE = 1e-12
_ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class Batches:
    """Mini-batches of rows.

    Attributes
    ----------
    size:
        Rows in a batch. Rows that don't fill a last batch wait for the next epoch's order.
    order:
        ``listed``, or ``shuffled`` anew for each epoch.
    seed:
        What the shuffling is drawn from.

    """

    size: int
    order: str = "listed"
    seed: int = 0

    def ordered(self, epoch: int, count: int) -> NDArray[np.intp]:
        """Return all rows, `count` of them, in the order in which an epoch takes them."""
        if self.order == "shuffled":
            return np.random.default_rng([self.seed, epoch]).permutation(count)
        return np.arange(count)

    def rows(self, iteration: int, count: int) -> NDArray[np.intp]:
        """Return the rows, out of `count`, that an iteration uses."""
        epoch, position = divmod(iteration, count // self.size)
        return self.ordered(epoch, count)[position * self.size : (position + 1) * self.size]


@dataclass(frozen=True)
class Network:
    """A forward pass with the numbers it starts from.

    Attributes
    ----------
    name:
        The name it is known by: of the gallery, or the file's.
    equations:
        The chalkboard equations in order, the last one the loss.
    data, parameters:
        The inputs and the parameters before the first iteration, each of shape (rows, columns). Data that are taken in
        mini-batches may be a mapped file, of a type of its own.
    learning_rate:
        The step size eta.
    iterations:
        How many iterations are run where no number is asked for.
    title, about, look_at:
        What it is, why it exists, what to look at.
    functions:
        Functions of its own, by name.
    frozen:
        The parameters that aren't updated.
    optimiser, constants:
        The update rule, and its numbers beside the learning rate.
    batches:
        How the rows of the data are taken in turn; None for all of them at every iteration.
    seed:
        What more random numbers are drawn from, where an edit needs some.
    moment:
        The place in its run that its file leads to, if it does.
    source:
        The file it was read from.

    """

    name: str
    equations: Mapping[str, str]
    data: Mapping[str, Table]
    parameters: Mapping[str, Matrix]
    learning_rate: float = 0.1
    iterations: int = 10
    title: str = ""
    about: str = ""
    look_at: str = ""
    functions: Mapping[str, str] = field(default_factory=dict)
    frozen: frozenset[str] = frozenset()
    optimiser: Optimiser = DESCENT
    constants: Mapping[str, float] = field(default_factory=dict)
    batches: Batches | None = None
    seed: int = 0
    moment: Moment | None = None
    source: Path | None = field(default=None, compare=False)

    @cached_property
    def derivation(self) -> Derivation:
        """Every stage, derived when it is first asked for."""
        equations, inputs, parameters, functions, unit_rows, frozen, optimiser = self._derived_from
        derivation = derive(
            dict(equations),
            dict(inputs),
            dict(parameters),
            functions=dict(functions),
            unit_rows=unit_rows,
            frozen=frozen,
            optimiser=optimiser,
        )
        self._check_code_names(derivation)
        return derivation

    @property
    def _derived_from(self) -> tuple[Any, ...]:
        """All that the derivation depends on, as `derive` takes it: of the numbers, hardly anything."""
        return (
            tuple(self.equations.items()),
            tuple((name, _shape(matrix)) for name, matrix in self.inputs(0).items()),
            tuple((name, _shape(matrix)) for name, matrix in self.parameters.items()),
            tuple(self.functions.items()),
            [name for name, matrix in self.data.items() if rows_sum_to_one(matrix)],
            self.frozen,
            self.optimiser,
        )

    def changed(self, **changes: Any) -> Network:
        """Return the network with some attributes changed; it is derived anew only where that can make a difference."""
        other = replace(self, **changes)
        if other._derived_from == self._derived_from:
            other.__dict__["derivation"] = self.derivation
        return other

    @property
    def start(self) -> dict[str, Matrix]:
        """The values before the first iteration of all that the derivation is given, each of two dimensions."""
        constants = {LEARNING_RATE: self.learning_rate, **self.optimiser.constants, **self.constants}
        memory = {name: np.zeros(self.derivation.shape(name)) for name in self.derivation.memory}
        scalars = {name: np.array([[value]]) for name, value in constants.items()}
        return {**self.inputs(0), **self.parameters, **scalars, **memory}

    def inputs(self, iteration: int) -> dict[str, Matrix]:
        """Return the inputs of an iteration: all of the data, or the rows of a mini-batch."""
        if self.batches is None:
            return dict(self.data)
        return {name: np.asarray(matrix[self.rows(name, iteration)], float) for name, matrix in self.data.items()}

    def rows(self, name: str, iteration: int) -> NDArray[np.intp]:
        """Return which rows of an input or a parameter, as it is given, an iteration uses."""
        matrix = self.data[name] if name in self.data else self.parameters[name]
        if self.batches is None or name not in self.data or len(matrix) != self.samples:
            return np.arange(len(matrix))
        return self.batches.rows(iteration, len(matrix))

    @property
    def samples(self) -> int:
        """The number of rows of the data, that of the matrix with the most."""
        return max(len(matrix) for matrix in self.data.values())

    def _check_code_names(self, derivation: Derivation) -> None:
        """Refuse a name that reads in generated code as another quantity's does: V_next is what V' is called there."""
        spelled: dict[str, str] = {}
        for name in derivation.axes:
            other = spelled.setdefault(code(name), name)
            if other != name:
                own, made = (other, name) if other.isidentifier() else (name, other)
                section = (
                    "equations" if own in derivation.equations else "parameters" if own in self.parameters else "data"
                )
                raise InputError(f"reads as {made} does in generated code", "another name", key=f"[{section}] {own}")


def _shape(matrix: Table) -> Shape:
    return matrix.shape[0], matrix.shape[1]


def rows_sum_to_one(matrix: Table) -> bool:
    """Whether every row does; a mapped file is read no further than to the first that doesn't, some rows at a time."""
    if matrix.shape[1] == 1:
        return False
    parts = (matrix[start : start + _ROWS_AT_ONCE] for start in range(0, len(matrix), _ROWS_AT_ONCE))
    with np.errstate(over="ignore", invalid="ignore"):
        return all(np.all(np.abs(part.sum(axis=1, dtype=float) - 1) <= _UNIT_SUM_TOLERANCE) for part in parts)
