"""The subgradient at a kink: chosen once, stated wherever the kink is differentiated, and used there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from sympy import Expr, Integer, Rational, Symbol

from backprop_tui.calculus.functions import FUNCTIONS, kinks, slope
from backprop_tui.calculus.stages import Reason
from backprop_tui.engine.compile import compile_stage
from backprop_tui.engine.trace import Trace
from backprop_tui.network import Network

from .interpreter import Array

CHOSEN: dict[str, Expr] = {"relu": Integer(0), "abs": Integer(0), "leaky_relu": Rational(1, 100)}
every_kink = pytest.mark.parametrize(("name", "chosen"), CHOSEN.items(), ids=CHOSEN)


def network(equations: Mapping[str, str], weights: Array) -> Network:
    """Return a network whose z = x @ W is W itself, and whose t is zero."""
    data = {"x": np.eye(len(weights)), "t": np.zeros(weights.shape)}
    return Network("kinked", {"z": "x @ W", **equations}, data, {"W": weights})


def at_zero(equations: Mapping[str, str]) -> Network:
    return network(equations, np.zeros((2, 3)))


def both_ways(made: Network, name: str) -> tuple[Array, Array]:
    """Compute a quantity stage by stage, and in the fused iteration that training runs."""
    values = dict(made.start)
    for stage in made.derivation:
        values[stage.name] = compile_stage(made.derivation, stage)(values)
    return values[name], Trace(made.derivation, made.start)[0][name]


def states(reason: Reason, name: str, chosen: Expr) -> bool:
    """Whether a reason says which subgradient is chosen at 0."""
    u = Symbol("u")
    told = (" At the kink ", u, " = ", Integer(0), " the subgradient ", slope(FUNCTIONS[name])(u), " = ", chosen)
    places = range(len(reason) - len(told) + 1)
    return any(reason[place : place + len(told)] == told for place in places)


@every_kink
def test_the_formula_of_a_function_chooses_its_subgradient(name: str, chosen: Expr) -> None:
    assert kinks(FUNCTIONS[name]) == {Integer(0): chosen}


@every_kink
def test_the_chosen_subgradient_is_what_is_used_at_zero(name: str, chosen: Expr) -> None:
    for found in both_ways(at_zero({"h": f"{name}(z)", "E": "sum(h)"}), "dE/dz"):
        np.testing.assert_array_equal(found, np.full((2, 3), float(chosen)))


@pytest.mark.parametrize("zero", [0.0, -0.0])
@every_kink
def test_both_zeros_are_on_the_kink_and_nothing_else_is(name: str, chosen: Expr, zero: float) -> None:
    tiny = 5e-324
    right, left = 1.0, {"relu": 0.0, "abs": -1.0, "leaky_relu": 0.01}[name]
    made = network({"h": f"{name}(z)", "E": "sum(h)"}, np.array([[zero, tiny, -tiny]]))
    for found in both_ways(made, "dE/dz"):
        np.testing.assert_array_equal(found, [[float(chosen), right, left]])


@pytest.mark.parametrize(
    ("equations", "stage", "name"),
    [
        ({"h": "relu(z)", "E": "sum(h)"}, "dh/dz", "relu"),
        ({"h": "leaky_relu(z)", "E": "sum(h)"}, "dh/dz", "leaky_relu"),
        ({"h": "2*relu(z)", "E": "sum(h)"}, "dh/dz", "relu"),
        ({"h": "relu(z) + t", "E": "sum(h)"}, "dh/dz", "relu"),
        ({"h": "z*relu(z)**2", "E": "sum(h)"}, "dh/dz", "relu"),
        ({"h": "relu(2*z - t)", "E": "sum(h)"}, "dh/dz", "relu"),
        ({"h": "tanh(abs(z))", "E": "sum(h)"}, "dh/dz", "abs"),
        ({"E": "sum(relu(z))"}, "dE/dz", "relu"),
        ({"E": "absolute_error(z, t)"}, "dE/dz", "abs"),
        ({"E": "sum(z**2) + 0.1*sum(abs(z))"}, "dE/dz", "abs"),
    ],
    ids=lambda given: given.get("h", given["E"]) if isinstance(given, dict) else "",
)
def test_a_subgradient_is_stated_wherever_a_kink_is_differentiated(
    equations: dict[str, str], stage: str, name: str
) -> None:
    assert states(at_zero(equations).derivation[stage].reason, name, CHOSEN[name])


def test_two_kinks_in_one_stage_are_both_stated() -> None:
    reason = at_zero({"h": "relu(z) + leaky_relu(z)", "E": "sum(h)"}).derivation["dh/dz"].reason
    assert all(states(reason, name, CHOSEN[name]) for name in ("relu", "leaky_relu"))


@pytest.mark.parametrize("name", ["elu", "huber", "softplus", "silu", "gelu", "sigmoid"])
def test_a_function_without_a_jump_in_its_slope_has_no_kink(name: str) -> None:
    assert kinks(FUNCTIONS[name]) == {}
    reason = at_zero({"h": f"{name}(z)", "E": "sum(h)"}).derivation["dh/dz"].reason
    assert "kink" not in "".join(map(str, reason))
