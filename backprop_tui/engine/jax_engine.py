"""Training steps by JAX, the extra ``jax``: the derived lines compiled by XLA, the samples shared among devices.

JAX differentiates nothing. The inputs' rows, one for each sample, are split over the devices, and the parameters are
whole on each. A gradient xᵀ dE/dp is a sum over samples, so each device sums over its own, and XLA adds these sums up
by an all-reduce.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, Final

import jax
import numpy as np
from jax.stages import Compiled
from numpy.typing import DTypeLike

from ..calculus.derivation import Derivation
from .compile import Values
from .fused import Batches, Gradients, Trained, TrainingStep
from .jax_code import jax_function
from .jax_placement import OnDevices, Placement
from .numerics import Array
from .scalar_code import replaced

MOST_STEPS: Final = 4096
MOST_BYTES: Final = 64_000_000
"""The most steps that one call of the compiled loop makes, and the most bytes of batches that it takes."""


class JaxStep(TrainingStep):
    """The derived lines compiled by XLA, on one device or data-parallel on several.

    Parameters
    ----------
    derivation, dtype:
        What is run, and in which precision; double precision is switched on for this step and not for all of JAX.
    devices:
        Those to use, by default all that JAX has. As many are taken as share the samples evenly.

    """

    engine = "jax"

    def __init__(
        self, derivation: Derivation, dtype: DTypeLike = np.float64, devices: Sequence[jax.Device] | None = None
    ) -> None:
        super().__init__(derivation, dtype)
        self.placement = Placement(derivation, devices or jax.devices())

    @cached_property
    def compiled(self) -> Compiled:
        """The program for the loss and all gradients, which takes what `placed` returns.

        What it returns is whole on each device; its `as_text` shows the all-reduces.
        """
        shapes = {name: self.derivation.shape(name) for name in self._slopes.given}
        with self._precision():
            takes = [jax.ShapeDtypeStruct(shape, self.dtype) for shape in shapes.values()]
            places = tuple(map(self.placement.of, shapes))
            function = jax_function(self._slopes, self.derivation.sizes)
            jitted = jax.jit(function, in_shardings=places, out_shardings=self.placement.whole)
            return jitted.lower(*takes).compile()

    def placed(self, values: Values) -> list[jax.Array]:
        """Place on the devices all that the gradients are made from."""
        with self._precision():
            return list(self._put(values, self._slopes.given).values())

    def gradients(self, values: Values) -> Gradients:
        with self._precision():
            made = self.compiled(*(np.asarray(values[name], self.dtype) for name in self._slopes.given))
        loss, *slopes = map(np.asarray, made)
        names = (stage.name for stage in self.derivation.gradients)
        return Gradients(float(loss[0, 0]), dict(zip(names, slopes, strict=True)))

    def _run(self, values: Values, steps: int) -> Trained:
        return self.run(values, steps, lambda _: {})

    def run(self, values: Values, steps: int = 1, batches: Batches | None = None, first: int = 0) -> Trained:
        """Run steps, many in one call of a compiled loop; the parameters are as for every `TrainingStep`."""
        if batches is None:
            return self._run(values, steps)
        changing, names = batches(first), replaced(self._step)
        most = _steps_at_once(steps, sum(value.size for value in changing.values()) * self.dtype.itemsize)
        losses = [np.empty(0)]
        with self._precision():
            learned = self._put(values, names)
            fixed = self._put(values, [name for name in self._step.given if name not in {*names, *changing}])
            for start in range(0, steps, most):
                numbers = range(first + start, first + min(start + most, steps))
                stacks = self._stacked(map(batches, numbers), most)
                learned, made = self._loop(len(numbers), learned, fixed, stacks, np.zeros(most, self.dtype))
                losses.append(np.asarray(made)[: len(numbers)])
        return Trained({name: np.array(value) for name, value in learned.items()}, np.concatenate(losses))

    @cached_property
    def _loop(self) -> Callable[..., tuple[OnDevices, jax.Array]]:
        """The compiled loop: the number of steps, what is learned, what stays, a stack of batches, room for losses."""
        step, takes, names = jax_function(self._step, self.derivation.sizes), self._step.given, replaced(self._step)

        def loop(steps: int, learned: OnDevices, fixed: OnDevices, stacks: OnDevices, losses: jax.Array) -> Any:
            def body(number: int, state: tuple[OnDevices, jax.Array]) -> tuple[OnDevices, jax.Array]:
                learned, losses = state
                batch = {name: jax.lax.dynamic_index_in_dim(stack, number, keepdims=False) for name, stack in stacks.items()}
                known = {**fixed, **learned, **batch}
                loss, *updated = step(*(known[name] for name in takes))
                return dict(zip(names, updated, strict=True)), losses.at[number].set(loss[0, 0])

            return jax.lax.fori_loop(0, steps, body, (learned, losses))

        return jax.jit(loop, out_shardings=self.placement.whole)

    def _precision(self) -> AbstractContextManager[None]:
        return jax.enable_x64(self.dtype == np.float64)

    def _put(self, values: Values, names: Iterable[str]) -> OnDevices:
        return self.placement.put({name: np.asarray(values[name], self.dtype) for name in names})

    def _stacked(self, batches: Iterable[Values], most: int) -> OnDevices:
        """Place batches on the devices, one above another with room for the most."""
        stacks: dict[str, Array] = {}
        for number, batch in enumerate(batches):
            for name, value in batch.items():
                stacks.setdefault(name, np.empty((most, *value.shape), self.dtype))[number] = value
        return self.placement.put(stacks, stacked=True)


def _steps_at_once(steps: int, batch: int) -> int:
    """Return a power of two, so that there are few programs to compile: as many steps as are left, or as fit."""
    most = min(MOST_STEPS, max(1, MOST_BYTES // max(1, batch)))
    return 1 << min(max(0, steps - 1).bit_length(), most.bit_length() - 1)
