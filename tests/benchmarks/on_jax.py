"""Derived gradients against those of jax.grad, both compiled by XLA: ``python -m tests.benchmarks on_jax``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import jax
import numpy as np

from backprop_tui.engine.fused.jax_step import JaxStep

from .cases import CASES, RATE, Array, Case, Contestant
from .others import jax_jit
from .training import print_table, raced


def derived(case: Case) -> Contestant:
    """This project's engine on JAX: arrays on the device in and out; many steps in a call."""
    step, learned = JaxStep(case.derivation, case.dtype), dict(case.values)
    placed, compiled = step.placed(case.values), step.compiled
    names = [stage.name for stage in case.derivation.gradients]

    def steps(count: int) -> None:
        learned.update(step.run(learned, count).values)

    def read(made: list[Any]) -> list[Array]:
        by_name = dict(zip(names, made[1:], strict=True))
        return [np.asarray(by_name[f"dE/dW{number}"]) for number in range(1, case.depth + 1)]

    weights = [f"W{number}" for number in range(1, case.depth + 1)]
    return Contestant(
        lambda: jax.block_until_ready(compiled(*placed)), read, steps, lambda: [learned[name] for name in weights]
    )


def derived_from_numpy(case: Case) -> Contestant:
    """The same with arrays of NumPy in and out."""
    step, values = JaxStep(case.derivation, case.dtype), case.values
    return Contestant(
        lambda: step.gradients(values),
        lambda made: [made.by_name[f"dE/dW{number}"] for number in range(1, case.depth + 1)],
    )


def differentiated_from_numpy(case: Case) -> Contestant:
    """jit of jax.value_and_grad with arrays of NumPy in and out; for steps, a loop compiled whole."""
    x, t, weights = case.x, case.t, case.weights()
    gradients = jax.jit(jax.value_and_grad(_loss))
    rate, state = np.asarray(RATE, case.dtype), {"weights": weights}

    def gradient() -> Any:
        loss, slopes = gradients(weights, x, t)
        return float(loss), [np.asarray(slope) for slope in slopes]

    def step(_: int, weights: list[Any]) -> list[Any]:
        return [W - rate * g for W, g in zip(weights, jax.grad(_loss)(weights, x, t), strict=True)]

    loop = jax.jit(lambda count, weights: jax.lax.fori_loop(0, count, step, weights))

    def steps(count: int) -> None:
        state["weights"] = jax.block_until_ready(loop(count, state["weights"]))

    return Contestant(gradient, lambda made: made[1], steps, lambda: [np.asarray(W) for W in state["weights"]])


def _loss(weights: list[Any], x: Any, t: Any) -> Any:
    h = x
    for W in weights:
        h = jax.nn.sigmoid(h @ W)
    return ((h - t) ** 2).sum()


CONTESTANTS: Final[dict[str, Callable[[Case], Contestant]]] = {
    "jit of jax.grad": jax_jit,
    "derived": derived,
    "jax.grad, NumPy's, a loop": differentiated_from_numpy,
    "derived, NumPy's": derived_from_numpy,
}


def main(turns: str = "9", word: str = "") -> None:
    """Print the table of the networks with the word in their names; the ratios are to jit of jax.grad."""
    for case in (replace(case, dtype=dtype) for case in CASES for dtype in (np.float64, np.float32)):
        if word in case.name:
            print_table(raced(case, CONTESTANTS, int(turns)))
