"""A training step, and those of the engines that need nothing but NumPy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from ...calculus.derivation import Derivation
from ...calculus.stages import Kind
from ..compile import Values
from ..numerics import Array
from .array_function import ArrayFunction, array_function
from .loops import Compiler
from .packing import Packed, numbers_in
from .scalar_code import floats_function, floats_loop, replaced
from .schedule import Schedule, schedule

Batches = Callable[[int], Values]
"""Returns the inputs that an iteration has in place of the first one's."""


class Gradients(NamedTuple):
    """The loss, in its own unit, and every gradient by its stage's name, each of the parameter's shape."""

    loss: float
    by_name: Mapping[str, Array]


@dataclass(frozen=True)
class Trained:
    """What some steps have made.

    Attributes
    ----------
    values:
        All that a step updates, by name, after the last step.
    losses:
        The loss at the start of each step.

    """

    values: Mapping[str, Array]
    losses: Array


class TrainingStep(ABC):
    """One step of training, W' = W - eta dE/dW for every parameter W or what else the optimiser says.

    Parameters
    ----------
    derivation:
        What is run.
    dtype:
        Of the arrays that come out. The engines over single numbers compute in double precision whatever it is.

    """

    engine: str

    def __init__(self, derivation: Derivation, dtype: DTypeLike = np.float64) -> None:
        self.derivation = derivation
        self.dtype = np.dtype(dtype)

    @abstractmethod
    def gradients(self, values: Values) -> Gradients:
        """Compute the loss and all its gradients.

        Parameters
        ----------
        values:
            The inputs and the parameters, each of the derivation's shape.

        Returns
        -------
        gradients:
            Its arrays are the step's own: the next call writes over them.

        """

    @abstractmethod
    def run(self, values: Values, steps: int = 1, batches: Batches | None = None, first: int = 0) -> Trained:
        """Run steps, each from what the one before has updated.

        Parameters
        ----------
        values:
            All that the derivation is `given`. It isn't changed.
        steps:
            How many.
        batches:
            The inputs of each iteration, where they change.
        first:
            The number of the first iteration, for `batches`.

        """

    def agreed(self, steps: int, *, stop: bool) -> tuple[int, bool]:
        """Return how many steps to make next and whether to stop: where several processes train, what suits all."""
        return steps, stop

    @cached_property
    def scheduled(self) -> Schedule:
        """The lines of a step."""
        return step_schedule(self.derivation)

    @cached_property
    def _slopes(self) -> Schedule:
        return gradient_schedule(self.derivation)


def gradient_schedule(derivation: Derivation) -> Schedule:
    """Schedule the loss and all gradients."""
    return schedule(derivation, [derivation.loss, *(stage.name for stage in derivation.gradients)])


def step_schedule(derivation: Derivation, *, merged: bool = True) -> Schedule:
    """Schedule the loss and all updates; `merged` as for `schedule`."""
    updates = [stage.name for stage in derivation if stage.kind is Kind.UPDATE]
    return schedule(derivation, [derivation.loss, *updates], merged=merged)


class ArrayStep(TrainingStep):
    """NumPy calls that write into arrays made once; updates are made in place."""

    engine = "arrays"
    compiler: Compiler | None = None
    """What makes machine code of loops over entries."""

    def gradients(self, values: Values) -> Gradients:
        """Compute the loss and all its gradients; the arrays are this step's own."""
        made = self._gradients
        with np.errstate(all="ignore"):
            made.run(*[np.asarray(values[name], self.dtype) for name in made.takes])
        return Gradients(self._loss.item(), self._by_name)

    def run(self, values: Values, steps: int = 1, batches: Batches | None = None, first: int = 0) -> Trained:
        """Run steps on copies of all that they update."""
        made, learned = self._updates, replaced(self.scheduled)
        arrays = {name: np.array(values[name], self.dtype, order="C") for name in learned}
        apart = [(arrays[name], made.results[f"{name}'"]) for name in learned if f"{name}'" in made.results]
        losses, loss = np.empty(steps), made.results[self.derivation.loss]
        takes = [arrays[name] if name in arrays else np.asarray(values[name], self.dtype) for name in made.takes]
        with np.errstate(all="ignore"):
            for number in range(steps):
                if batches is not None:
                    fresh = batches(first + number)
                    takes = [
                        np.asarray(fresh[name], self.dtype) if name in fresh else array
                        for name, array in zip(made.takes, takes, strict=True)
                    ]
                made.run(*takes)
                losses[number] = loss[0, 0]
                for old, new in apart:
                    np.copyto(old, new)
        return Trained(arrays, losses)

    @cached_property
    def _loss(self) -> Array:
        return self._gradients.results[self.derivation.loss]

    @cached_property
    def _by_name(self) -> dict[str, Array]:
        return {name: array for name, array in self._gradients.results.items() if name != self.derivation.loss}

    @cached_property
    def _gradients(self) -> ArrayFunction:
        return self._function(self._slopes, in_place=False)

    @cached_property
    def _updates(self) -> ArrayFunction:
        return self._function(self.scheduled, in_place=True)

    def _function(self, scheduled: Schedule, *, in_place: bool) -> ArrayFunction:
        return array_function(scheduled, self.derivation.sizes, self.dtype, in_place=in_place, compiler=self.compiler)


class ScalarStep(TrainingStep):
    """Python code over single numbers.

    Python raises where NumPy goes on with infinity or NaN; then the arrays take over.
    """

    engine = "scalars"

    def gradients(self, values: Values) -> Gradients:
        """Compute the loss and all its gradients; the arrays are this step's own."""
        if self._slopes.apart:
            return self._arrays.gradients(values)
        try:
            numbers = self.floats(*numbers_in(values, self._slopes.given))
            self._packed.fill(numbers)
        except (ArithmeticError, ValueError):
            return self._arrays.gradients(values)
        return Gradients(numbers[0], self._by_name)

    @cached_property
    def floats(self) -> Callable[..., tuple[float, ...]]:
        """The generated function: the entries of all that is given, row by row, to the loss and all gradients'."""
        return floats_function(self._slopes, self.derivation.sizes)

    def run(self, values: Values, steps: int = 1, batches: Batches | None = None, first: int = 0) -> Trained:
        """Run steps, in one call of the generated function as long as the inputs stay the same."""
        if batches is None:
            return self._same_inputs(values, steps)
        losses, learned = np.empty(steps), dict(values)
        for number in range(steps):
            trained = self._same_inputs({**learned, **batches(first + number)}, 1)
            learned |= trained.values
            losses[number] = trained.losses[0]
        return Trained({name: learned[name] for name in replaced(self.scheduled)}, losses)

    def _same_inputs(self, values: Values, steps: int) -> Trained:
        losses = [0.0] * steps
        try:
            numbers = self._loop(steps, losses, *numbers_in(values, self.scheduled.given))
        except (ArithmeticError, ValueError):
            return self._arrays.run(values, steps)
        packed = Packed(self.derivation, replaced(self.scheduled), self.dtype)
        packed.fill(numbers)
        return Trained(packed.views, np.array(losses))

    @cached_property
    def _loop(self) -> Callable[..., tuple[float, ...]]:
        return floats_loop(self.scheduled, self.derivation.sizes, self.derivation.loss)

    @cached_property
    def _packed(self) -> Packed:
        return Packed(self.derivation, self._slopes.outputs, self.dtype)

    @cached_property
    def _by_name(self) -> dict[str, Array]:
        return {name: view for name, view in self._packed.views.items() if name != self.derivation.loss}

    @cached_property
    def _arrays(self) -> ArrayStep:
        return ArrayStep(self.derivation, self.dtype)
