"""Proofs of a network's numbers against oracles that know nothing of its derivation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from backprop_tui.calculus.derivation import Derivation
from backprop_tui.calculus.stages import Jacobian
from backprop_tui.engine.compile import compile_entries, compile_matrix, compile_stage
from backprop_tui.engine.trace import Trace
from backprop_tui.network import Network

from .interpreter import COMPLEX_STEP, Array, Interpreter, gradient, slopes, traced_gradients

RELATIVE: Final = 1e-10
VANISHING: Final = 1e-13
"""What is left of a gradient that cancels to zero."""


@dataclass(frozen=True)
class Run:
    """A network's numbers, each stage compiled and computed by itself; and the network for the oracles."""

    network: Network

    @property
    def derivation(self) -> Derivation:
        return self.network.derivation

    @property
    def given(self) -> dict[str, Array]:
        return {**self.network.data, **self.network.parameters}

    @property
    def oracle(self) -> Interpreter:
        return Interpreter(self.network.equations, self.network.functions)

    @cached_property
    def values(self) -> dict[str, Array]:
        values = dict(self.network.start)
        for stage in self.derivation:
            values[stage.name] = compile_stage(self.derivation, stage)(values)
        return values

    @cached_property
    def adjoints(self) -> dict[str, Array]:
        """dE/du for each quantity u that an equation or a parameter names, by u's name."""
        named = (*self.network.parameters, *self.network.equations)
        return {name: self.values[f"dE/d{name}"] for name in named if f"dE/d{name}" in self.derivation}


def agrees(own: Array, other: Array, name: str = "") -> None:
    """Compare arrays to 1e-10, relative to the largest entry."""
    tolerance = max(RELATIVE * float(np.max(np.abs(other))), VANISHING)
    np.testing.assert_allclose(own, other, rtol=0, atol=tolerance, err_msg=name)


def agrees_with_the_forward_pass(run: Run) -> None:
    for name, value in run.oracle(run.given).items():
        agrees(run.values[name], value, name)


def agrees_with_complex_steps(run: Run) -> None:
    for name, adjoint in run.adjoints.items():
        agrees(adjoint, gradient(run.oracle, run.given, name), name)


def agrees_with_autograd(run: Run) -> None:
    for name, other in traced_gradients(run.oracle, run.given, run.adjoints).items():
        agrees(run.adjoints[name], other, name)


def agrees_with_central_differences(run: Run) -> None:
    """Along one direction in all quantities at once; a kink on the way would show as two slopes."""
    left, right, along = differences(run)
    assert abs(left - right) <= 1e-15 * max(1.0, abs(right)), "a kink"
    agrees(np.array(along), np.array(right))


def differences(run: Run) -> tuple[float, float, float]:
    """Return the slopes of E to the left and to the right, and what the adjoints say it is."""
    numbers = np.random.default_rng(1)
    directions = {name: numbers.uniform(-1, 1, adjoint.shape) for name, adjoint in run.adjoints.items()}
    along = sum(float(np.sum(run.adjoints[name] * directions[name])) for name in directions)
    return *slopes(run.oracle, run.given, directions), along


def is_fused_as_it_is_stepped(run: Run) -> None:
    """Compute each stage by itself from the fused iteration's values: Adam enlarges what rounding leaves of a zero."""
    fused = Trace(run.derivation, run.network.start)[0]
    for stage in run.derivation:
        alone = compile_stage(run.derivation, stage)(fused)
        np.testing.assert_allclose(fused[stage.name], alone, rtol=1e-11, atol=1e-13, err_msg=stage.name)


def has_equal_forms(run: Run) -> None:
    """Every stage's matrix form, and the one that comes before it in the telling, is its index form."""
    for stage in run.derivation:
        by_entry = compile_entries(run.derivation, stage.index, stage.running)(run.values)
        agrees(run.values[stage.name].ravel(), by_entry.ravel(), stage.name)
        if stage.opened is not None:
            agrees(compile_matrix(run.derivation, stage.opened)(run.values), run.values[stage.name], stage.name)


def has_the_jacobians_of_its_equations(run: Run) -> None:
    for stage in run.derivation:
        if stage.jacobian is not None and is_one_equation(run, stage.jacobian):
            agrees(derived_jacobian(run, stage.jacobian), stepped_jacobian(run, stage.jacobian), stage.name)


def is_one_equation(run: Run, jacobian: Jacobian) -> bool:
    """Whether a stage is a whole equation of another named quantity, with no hidden stages in between."""
    return jacobian.of in run.network.equations and jacobian.by in run.adjoints and f"{jacobian.of}_1" not in run.values


def derived_jacobian(run: Run, jacobian: Jacobian) -> Array:
    entries = compile_entries(run.derivation, jacobian.entry, (*jacobian.outputs, *jacobian.inputs))(run.values)
    return entries.reshape(run.values[jacobian.of].size, run.values[jacobian.by].size)


def stepped_jacobian(run: Run, jacobian: Jacobian) -> Array:
    """Differentiate one equation alone by complex steps, everything else held."""
    held = {name: value for name, value in run.values.items() if name != jacobian.of}
    equation = Interpreter({jacobian.of: run.network.equations[jacobian.of]}, run.network.functions)
    units = np.eye(held[jacobian.by].size).reshape(-1, *held[jacobian.by].shape)
    columns = [equation(held, {jacobian.by: COMPLEX_STEP * 1j * unit})[jacobian.of].imag.ravel() for unit in units]
    return np.array(columns).T / COMPLEX_STEP
