"""Derived gradients against those of jax.grad, both compiled by XLA: ``python -m tests.benchmarks on_jax``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import jax
import numpy as np

from backprop_tui.engine.epochs import CHUNK
from backprop_tui.engine.fused.jax_step import MOST_STEPS, JaxStep

from . import ours
from .cases import CASES, RATE, Case, Contestant
from .others import jax_jit
from .training import print_table, raced


def derived_from_numpy(case: Case) -> Contestant:
    """The same with arrays of NumPy in and out."""
    step, values = JaxStep(case.derivation, case.dtype), case.values
    return ours.on_jax(case)._replace(
        gradient=lambda: step.gradients(values),
        read=lambda made: [made.by_name[f"dE/dW{number}"] for number in range(1, case.depth + 1)],
    )


def differentiated_from_numpy(case: Case) -> Contestant:
    """jit of jax.value_and_grad with arrays of NumPy in and out; for steps, a loop compiled whole that keeps losses."""
    x, t, rate, state = case.x, case.t, np.asarray(RATE, case.dtype), {"weights": case.weights()}
    weights, gradients = case.weights(), jax.jit(jax.value_and_grad(_loss))

    def gradient() -> Any:
        loss, slopes = gradients(weights, x, t)
        return float(loss), [np.asarray(slope) for slope in slopes]

    @jax.jit
    def loop(count: int, weights: Any, losses: Any, x: Any, t: Any, rate: Any) -> Any:
        def body(number: int, made: Any) -> Any:
            loss, slopes = jax.value_and_grad(_loss)(made[0], x, t)
            learned = [W - rate * g for W, g in zip(made[0], slopes, strict=True)]
            return learned, jax.lax.dynamic_update_index_in_dim(made[1], loss, number, 0)

        return jax.lax.fori_loop(0, count, body, (weights, losses))

    def steps(count: int) -> None:
        learned, losses = state["weights"], []
        for start in range(0, count, MOST_STEPS):
            learned, made = loop(min(count - start, MOST_STEPS), learned, np.zeros(MOST_STEPS, case.dtype), x, t, rate)
            losses.append(made)
        state["weights"] = [np.array(W) for W in learned]
        np.concatenate([np.asarray(made) for made in losses])

    return Contestant(gradient, lambda made: made[1], steps, lambda: state["weights"])


def _loss(weights: list[Any], x: Any, t: Any) -> Any:
    h = x
    for W in weights:
        h = jax.nn.sigmoid(h @ W)
    return ((h - t) ** 2).sum()


RACES: Final[tuple[dict[str, Callable[[Case], Contestant]], ...]] = (
    {"jit of jax.grad": jax_jit, "derived": ours.on_jax},
    {"jax.grad, NumPy's, a loop": differentiated_from_numpy, "derived, NumPy's, a loop": derived_from_numpy},
)


def main(turns: str = "9", word: str = "") -> None:
    """Print the table of the networks with the word in their names; the ratios are to what jax.grad finds.

    First arrays on the device go in and come out, and jax.grad's steps are calls of their own; then arrays of NumPy,
    and its steps a loop that is compiled whole and keeps the losses, as this project's always is. A burst is as long
    as training goes on at once.
    """
    for case in (replace(case, dtype=dtype) for case in CASES for dtype in (np.float64, np.float32)):
        for makers in RACES if word in case.name else ():
            print_table(raced(case, makers, int(turns), CHUNK))
