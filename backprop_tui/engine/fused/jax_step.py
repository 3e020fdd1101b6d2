"""Training steps by JAX, the extra ``jax``: the derived lines compiled by XLA, the samples shared among devices.

JAX differentiates nothing. The inputs' rows, one for each sample, are split over the devices, and the parameters are
whole on each. A gradient xᵀ dE/dp is a sum over samples, so each device sums over its own, and XLA adds these sums up
by an all-reduce.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property, partial
from typing import Any, Final, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from numpy.typing import DTypeLike

from ...calculus.derivation import Derivation
from ..compile import Values
from ..numerics import Array
from .costs import multiplications
from .jax_code import Function, jax_function
from .placement import Placement
from .scalar_code import replaced
from .schedule import Schedule
from .steps import Batches, Gradients, Trained, TrainingStep, step_schedule

MOST_STEPS: Final = 1024
MOST_BATCHES: Final = 64
MOST_BYTES: Final = 16_000_000
"""The most steps that one call of the compiled loop makes, and the most batches, and bytes of them, that it takes."""

MOST_MULTIPLICATIONS: Final = 2_000_000
"""A step of more is a call of its own: in a loop XLA multiplies large matrices more slowly, by up to 1.4 times."""

Arrays: TypeAlias = dict[str, jax.Array]


class _Calls(NamedTuple):
    """What JAX compiles, each when it is first called.

    Attributes
    ----------
    placed:
        Places on the devices what stays; in less time than JAX takes without compiling anything.
    step, steps:
        Make one step, and many.

    """

    placed: Callable[[Any], Arrays]
    step: Callable[..., tuple[Arrays, jax.Array]]
    steps: Callable[..., tuple[Arrays, jax.Array]]


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
        self._by_changing: dict[frozenset[str], _Calls] = {}

    @cached_property
    def jitted(self) -> Any:
        """The function for the loss and all gradients, which takes what `placed` returns.

        What it returns is whole on each device. To call it costs less than to call what it is compiled to.
        """
        places = tuple(self.placement.of_all(self._slopes.given).values())
        function = jax_function(self._slopes, self.derivation.sizes)
        return jax.jit(function, in_shardings=places, out_shardings=self.placement.whole)

    @property
    def program(self) -> str:
        """What XLA makes of `jitted`, all-reduces and all."""
        shapes = [self.derivation.shape(name) for name in self._slopes.given]
        with self._precision():
            takes = [jax.ShapeDtypeStruct(shape, self.dtype) for shape in shapes]
            return str(self.jitted.lower(*takes).compile().as_text())

    def placed(self, values: Values) -> list[jax.Array]:
        """Place on the devices all that the gradients are made from."""
        with self._precision():
            given = self.placement.spread(self._arrays(values, self._slopes.given))
            return jax.device_put(list(given.values()), list(self.placement.of_all(given).values()))

    def gradients(self, values: Values) -> Gradients:
        """Compute the loss and all its gradients; arrays of NumPy go in and come out."""
        with self._precision():
            made = self.jitted(*self.placement.spread(self._arrays(values, self._slopes.given)).values())
        loss, *slopes = map(np.asarray, made)
        names = (stage.name for stage in self.derivation.gradients)
        return Gradients(float(loss[0, 0]), dict(zip(names, slopes, strict=True)))

    def run(self, values: Values, steps: int = 1, batches: Batches | None = None, first: int = 0) -> Trained:
        """Run steps: many in one call of a compiled loop, or large ones each in a call of its own."""
        batches = batches or _unchanging
        changing, names = frozenset(batches(first)), replaced(self.scheduled)
        calls, spread = self._calls(changing), self.placement.spread
        run = self._one_by_one if multiplications(self.scheduled) > MOST_MULTIPLICATIONS else self._in_loops
        with self._precision():
            learned: Any = spread(self._arrays(values, names))
            fixed = calls.placed(spread(self._arrays(values, self._fixed(changing))))
            learned, losses = run(calls, learned, fixed, batches, range(first, first + steps))
        return Trained({name: np.array(learned[name]) for name in names}, losses)

    def agreed(self, steps: int, *, stop: bool) -> tuple[int, bool]:
        """Return the fewest steps that any process wants to make next, and whether any wants to stop."""
        if self.placement.processes == 1:
            return steps, stop
        wanted = multihost_utils.process_allgather(np.array([steps, stop], np.int32))
        return int(wanted[:, 0].min()), bool(wanted[:, 1].any())

    def _one_by_one(
        self, calls: _Calls, learned: Arrays, fixed: Arrays, batches: Batches, numbers: range
    ) -> tuple[Arrays, Array]:
        losses = []
        for number in numbers:
            batch = batches(number)
            learned, loss = calls.step(learned, fixed, self.placement.spread(self._arrays(batch, batch)))
            losses.append(loss)
        jax.block_until_ready(learned)  # to wait for each loss would disturb the steps after it
        return learned, np.array([np.asarray(loss) for loss in losses], float)  # each apart: JAX takes longer for all

    def _in_loops(
        self, calls: _Calls, learned: Arrays, fixed: Arrays, batches: Batches, numbers: range
    ) -> tuple[Arrays, Array]:
        changing, losses = batches(numbers.start), []
        most = self._steps_at_once(sum(value.size for value in changing.values()) * self.dtype.itemsize)
        for start in range(0, len(numbers), most):
            some = numbers[start : start + most]
            stacks = self._stacked(map(batches, some), most) if changing else {}
            learned, made = calls.steps(learned, fixed, self.placement.spread(stacks, stacked=True), len(some), most)
            losses.append(made)
        return learned, np.concatenate([np.empty(0), *losses])[: len(numbers)]

    def _fixed(self, changing: frozenset[str]) -> list[str]:
        """Return the names of all that stays while these inputs change."""
        return [name for name in self.scheduled.given if name not in changing.union(replaced(self.scheduled))]

    def _calls(self, changing: frozenset[str]) -> _Calls:
        """Return what JAX compiles where these are the inputs that change."""
        if changing not in self._by_changing:
            whole, fixed = self.placement.whole, self.placement.of_all(self._fixed(changing))
            batch, stacks = (self.placement.of_all(changing, stacked=stacked) for stacked in (False, True))
            jit = partial(jax.jit, out_shardings=whole, donate_argnums=0)
            self._by_changing[changing] = _Calls(
                jax.jit(lambda fixed: fixed, in_shardings=(fixed,), out_shardings=fixed),
                jit(self._step, in_shardings=(whole, fixed, batch)),
                jit(self._steps, in_shardings=(whole, fixed, stacks, None), static_argnums=4),
            )
        return self._by_changing[changing]

    def _step(self, learned: Arrays, fixed: Arrays, batch: Arrays) -> tuple[Arrays, jax.Array]:
        """Make a step: from what is learned, what stays, and the inputs that change."""
        known = {**fixed, **learned, **batch}
        loss, *updated = self._function(*(known[name] for name in self.scheduled.given))
        return dict(zip(replaced(self.scheduled), updated, strict=True)), loss[0, 0]

    def _steps(self, learned: Arrays, fixed: Arrays, stacks: Arrays, count: int, most: int) -> Any:
        """Make so many steps, with batches one above another and room for the losses of the most."""

        def body(number: int, state: tuple[Arrays, jax.Array]) -> tuple[Arrays, jax.Array]:
            learned, losses = state
            batch = {name: jax.lax.dynamic_index_in_dim(each, number, keepdims=False) for name, each in stacks.items()}
            learned, loss = self._step(learned, fixed, batch)
            return learned, jax.lax.dynamic_update_index_in_dim(losses, loss, number, 0)

        return jax.lax.fori_loop(0, count, body, (learned, jnp.zeros(most, self.dtype)))

    def _steps_at_once(self, batch: int) -> int:
        """Return how many steps a call of the loop has room for, with batches of so many bytes, or none.

        It doesn't depend on how many are wanted: one program makes them all, so steps made in several runs are those of
        a single run bit for bit.
        """
        return max(1, min(MOST_BATCHES, MOST_BYTES // batch)) if batch else MOST_STEPS

    @cached_property
    def scheduled(self) -> Schedule:
        """The lines of a step; XLA scales a gradient and takes it off at once."""
        return step_schedule(self.derivation, merged=False)

    @cached_property
    def _function(self) -> Function:
        return jax_function(self.scheduled, self.derivation.sizes)

    def _precision(self) -> AbstractContextManager[Any]:
        double = self.dtype == np.float64
        return nullcontext() if jax.config.read("jax_enable_x64") == double else jax.enable_x64(double)

    def _arrays(self, values: Values, names: Iterable[str]) -> dict[str, Array]:
        return {name: np.asarray(values[name], self.dtype) for name in names}

    def _stacked(self, batches: Iterable[Values], most: int) -> dict[str, Array]:
        """Put batches one above another, with room for the most."""
        stacks: dict[str, Array] = {}
        for number, batch in enumerate(batches):
            for name, value in batch.items():
                stacks.setdefault(name, np.empty((most, *value.shape), self.dtype))[number] = value
        return stacks


def _unchanging(iteration: int) -> Values:
    del iteration  # all are alike
    return {}
