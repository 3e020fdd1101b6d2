"""This project's engines, hand-written NumPy, and the matrix products alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop_tui.engine.fused.array_function import CLEARED
from backprop_tui.engine.fused.costs import MOST_OPERATIONS, scalar_operations
from backprop_tui.engine.fused.engines import cheapest, training_step
from backprop_tui.engine.fused.packing import Packed, numbers_in
from backprop_tui.engine.fused.steps import ScalarStep, TrainingStep, step_schedule

from .cases import RATE, Array, Case, Contestant


def by_hand(case: Case) -> Contestant:
    """NumPy as a lecturer writes it, cleaned: everything once, nothing kept from call to call."""
    x, t, weights = case.x, case.t, case.weights()
    gradients = _two_layers if case.depth == 2 else _layers

    def steps(count: int) -> None:
        for _ in range(count):
            _, slopes = gradients(x, t, weights)
            for W, slope in zip(weights, slopes, strict=True):
                W -= RATE * slope

    return Contestant(lambda: gradients(x, t, weights), lambda made: made[1], steps, lambda: weights)


def _two_layers(x: Array, t: Array, weights: list[Array]) -> tuple[Any, list[Array]]:
    W, V = weights
    h = 1 / (1 + np.exp(-(x @ W)))
    y = 1 / (1 + np.exp(-(h @ V)))
    e = y - t
    E = np.sum(e**2)
    dz = 2 * e * y * (1 - y)
    dp = (dz @ V.T) * h * (1 - h)
    return E, [x.T @ dp, h.T @ dz]


def _layers(x: Array, t: Array, weights: list[Array]) -> tuple[Any, list[Array]]:
    outputs = [x]
    for W in weights:
        outputs.append(1 / (1 + np.exp(-(outputs[-1] @ W))))
    y = outputs[-1]
    e = y - t
    E = np.sum(e**2)
    d = 2 * e * y * (1 - y)
    gradients = [outputs[-2].T @ d]
    for W, h, before in zip(weights[:0:-1], outputs[-2:0:-1], outputs[-3::-1], strict=True):
        d = (d @ W.T) * h * (1 - h)
        gradients.append(before.T @ d)
    return E, gradients[::-1]


def products(case: Case) -> Contestant:
    """The matrix products of a gradient alone, into arrays that are there, by the calls that take the least time."""
    calls = []
    for number, W in enumerate(case.weights()):
        h = np.ones((case.batch, len(W)), case.dtype)
        d, back, slope = np.ones((case.batch, W.shape[1]), case.dtype), np.empty_like(h), np.empty_like(W)
        calls += [(h, W, np.empty_like(d)), (h.T, d, slope)] + ([(d, W.T, back)] if number else [])

    def multiply() -> None:
        for left, right, out in calls:
            (np.matmul if out.size >= CLEARED else np.dot)(left, right, out)

    return Contestant(multiply, lambda _: [])


def arrays(case: Case) -> Contestant:
    """This project's arrays."""
    return _ours(case, training_step(case.derivation, case.dtype, "arrays"))


def scalars(case: Case) -> Contestant | None:
    """This project's scalar code, arrays in and out."""
    return _ours(case, training_step(case.derivation, case.dtype, "scalars")) if _small(case) else None


def floats(case: Case) -> Contestant | None:
    """This project's scalar code, floats in and out."""
    if not _small(case):
        return None
    step = ScalarStep(case.derivation, case.dtype)
    numbers, floats = numbers_in(case.values, [*case.network.data, *case.network.parameters]), step.floats
    packed = Packed(case.derivation, [case.derivation.loss, *_names(case)], case.dtype)

    def read(made: tuple[float, ...]) -> list[Array]:
        packed.fill(made)
        return [packed.views[f"dE/dW{number}"] for number in range(1, case.depth + 1)]

    return Contestant(lambda: floats(*numbers), read)


def numba(case: Case) -> Contestant:
    """This project's code compiled by numba: scalar code with two flat arrays and many steps in a call, or loops."""
    from backprop_tui.engine.fused.compiled import CompiledStep

    step = training_step(case.derivation, case.dtype, "numba")
    if not isinstance(step, CompiledStep):
        return _ours(case, step)
    given = np.array(numbers_in(case.values, [*case.network.data, *case.network.parameters]))
    packed, flat = Packed(case.derivation, [case.derivation.loss, *_names(case)], np.float64), step.flat
    return _ours(case, step)._replace(
        gradient=lambda: flat(given, packed.flat),
        read=lambda _: [packed.views[f"dE/dW{number}"] for number in range(1, case.depth + 1)],
    )


def on_jax(case: Case) -> Contestant:
    """This project's engine on JAX: arrays on the device in and out; a run of steps takes and returns NumPy's."""
    import jax

    from backprop_tui.engine.fused.jax_step import JaxStep

    jax.config.update("jax_enable_x64", True)  # as the jit of others is timed
    step = JaxStep(case.derivation, case.dtype)
    placed, jitted = step.placed(case.values), step.jitted
    names = _names(case)

    def read(made: list[Any]) -> list[Array]:
        by_name = dict(zip(names, made[1:], strict=True))
        return [np.asarray(by_name[f"dE/dW{number}"]) for number in range(1, case.depth + 1)]

    return _ours(case, step)._replace(gradient=lambda: jax.block_until_ready(jitted(*placed)), read=read)


def chosen(case: Case) -> str:
    """Name the contestant that this project is by itself: ``train`` takes arrays for single precision."""
    scalar = np.dtype(case.dtype) == np.float64 and cheapest(step_schedule(case.derivation)) == "scalars"
    return "scalars, arrays in and out" if scalar else "arrays"


def _names(case: Case) -> list[str]:
    return [stage.name for stage in case.derivation.gradients]


def _small(case: Case) -> bool:
    """Whether code over single numbers, which are in double precision, suits it."""
    return np.dtype(case.dtype) == np.float64 and scalar_operations(step_schedule(case.derivation)) <= MOST_OPERATIONS


def _ours(case: Case, step: TrainingStep) -> Contestant:
    values = case.values
    learned = dict(values)
    names = [f"W{number}" for number in range(1, case.depth + 1)]

    def steps(count: int) -> None:
        learned.update(step.run(learned, count).values)

    def read(made: Any) -> list[Array]:
        return [made.by_name[f"dE/d{name}"] for name in names]

    return Contestant(lambda: step.gradients(values), read, steps, lambda: [learned[name] for name in names])
