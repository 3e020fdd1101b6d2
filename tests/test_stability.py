"""Pre-activations of +-1000, kinks, and what isn't finite.

Warnings are errors here, as in all tests: NumPy's of overflow, division by zero and invalid operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
from sympy import Expr, Integer, Rational, Symbol

from backprop_tui.calculus.functions import FUNCTIONS, kinks, slope
from backprop_tui.calculus.matrices import Quantity
from backprop_tui.calculus.stages import Reason, Stage
from backprop_tui.engine.compile import compile_matrix, compile_stage
from backprop_tui.engine.numerics import implementations
from backprop_tui.engine.trace import Trace
from backprop_tui.network import Network

from .interpreter import DIGITS, Array, Interpreter, exact

EPSILON = float(np.finfo(float).eps)
SMALLEST = float(np.finfo(float).tiny)
EXTREME = np.array(
    [
        [1000.0, -1000.0, 0.0],
        [-1000.0, -1000.0, -1000.0],
        [1000.0, 1000.0, 999.0],
        [-1000.0, 1000.0, -999.5],
        [0.5, -700.0, 700.0],
        [37.0, -38.0, 1e-9],
    ]
)
"""Pre-activations, one sample a row."""
CLASSES = np.eye(3)[[1, 0, 2, 0, 1, 2]]
"""The least likely class of most rows."""


def network(equations: Mapping[str, str], target: Array = CLASSES, z: Array = EXTREME) -> Network:
    """Return a network whose z is exactly what is wanted: a unit matrix times it."""
    data = {"x": np.eye(len(z)), "t": target}
    return Network("extreme", {"z": "x @ W", **equations}, data, {"W": z})


def computed(made: Network) -> dict[str, Array]:
    """Compute stage by stage; overflow, division by zero and invalid operations warn, and warnings are errors."""
    values = dict(made.start)
    for stage in made.derivation:
        values[stage.name] = compile_stage(made.derivation, stage)(values)
    return values


def true_values(made: Network) -> dict[str, Any]:
    """Compute in fifty digits, with exponents as large as need be."""
    with mpmath.workdps(50):
        given = {name: exact(array) for name, array in {**made.data, **made.parameters}.items()}
        return Interpreter(made.equations, xp=DIGITS)(given)


def is_rounded(own: Array, true: Any, units: float = 4.0) -> None:
    """Check that an array is the true one but for a few roundings, and finite where the true one is."""
    expected = np.asarray(true, dtype=float)
    np.testing.assert_allclose(own, expected, rtol=units * EPSILON, atol=SMALLEST)


def slope_in_digits(text: str, z: Array, weights: Array) -> Array:
    """Differentiate the sum of some weights times a function of each z, entry by entry, in many digits."""
    with mpmath.workdps(950):
        step = mpmath.mpf(10) ** -30
        f, points = Interpreter({"f": text}, xp=DIGITS), exact(z)
        return np.asarray(weights * ((f({"z": points + step})["f"] - f({"z": points - step})["f"]) / (2 * step)), float)


def named(stage: Stage) -> str:
    """A stage's reason, with formulas spelled as SymPy does."""
    return "".join(map(str, stage.reason))


# Functions and their slopes.


@pytest.mark.parametrize("name", [*FUNCTIONS, "tanh", "sin", "cos", "softmax", "log_softmax"])
def test_a_function_is_right_to_the_last_digits_for_any_pre_activation(name: str) -> None:
    made = network({"y": f"{name}(z)", "E": "sum(y * t)"})
    units = 1000.0 if name == "softmax" else 4.0  # exp of a difference d of entries is right to d roundings
    is_rounded(computed(made)["y"], true_values(made)["y"], units)


@pytest.mark.parametrize("name", [*FUNCTIONS, "tanh", "sin", "cos"])
def test_the_slope_of_a_function_is_right_for_any_pre_activation(name: str) -> None:
    weights = np.linspace(-1, 1, EXTREME.size).reshape(EXTREME.shape)
    slopes = slope_in_digits(f"{name}(z)", EXTREME + 0.25, weights)
    found = computed(network({"y": f"{name}(z)", "E": "sum(y * t)"}, weights, EXTREME + 0.25))["dE/dz"]
    np.testing.assert_allclose(found, slopes, rtol=4 * EPSILON, atol=64 * EPSILON)  # u y (1 - y) for silu


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_the_gradient_of_a_function_of_rows_is_right_for_any_pre_activation(name: str) -> None:
    weights = np.linspace(-1, 1, EXTREME.size).reshape(EXTREME.shape)
    found = computed(network({"y": f"{name}(z)", "E": "sum(y * t)"}, weights))["dE/dz"]
    with mpmath.workdps(50):
        y = Interpreter({"y": "softmax(z)"}, xp=DIGITS)({"z": exact(EXTREME)})["y"]
        total = np.sum(weights * (y if name == "softmax" else 1), axis=1, keepdims=True)
        expected = y * (weights - total) if name == "softmax" else weights - y * total
    np.testing.assert_allclose(found, expected.astype(float), rtol=0, atol=4 * EPSILON)


def test_the_logarithm_of_a_sum_of_exponentials_is_stable() -> None:
    made = network({"E": "sum(log(rowsum(exp(z)))) - sum(t*z)"})
    values, y = computed(made), Interpreter({"y": "softmax(z)"}, xp=DIGITS)({"z": exact(EXTREME)})["y"]
    is_rounded(values["E"], true_values(made)["E"])
    np.testing.assert_allclose(values["dE/dz"], (y - CLASSES).astype(float), rtol=0, atol=2 * EPSILON)


# Cross-entropies.


BY_SOFTMAX = {
    "by name": {"y": "softmax(z)", "E": "cross_entropy(y, t)"},
    "by name, in one equation": {"E": "cross_entropy(softmax(z), t)"},
    "written out": {"y": "softmax(z)", "E": "-sum(t*log(y))"},
    "written out, turned around": {"y": "softmax(z)", "E": "sum(-log(y)*t)"},
    "written out, in one equation": {"E": "-sum(t*log(softmax(z)))"},
    "by log_softmax": {"E": "-sum(t*log_softmax(z))"},
    "by a stage log_softmax": {"y": "log_softmax(z)", "E": "-sum(t*y)"},
    "row by row": {"y": "softmax(z)", "e": "-rowsum(t*log(y))", "E": "sum(e)"},
}
BY_SIGMOID = {
    "by name": {"y": "sigmoid(z)", "E": "binary_cross_entropy(y, t)"},
    "by name, in one equation": {"E": "binary_cross_entropy(sigmoid(z), t)"},
    "written out": {"y": "sigmoid(z)", "E": "-sum(t*log(y) + (1 - t)*log(1 - y))"},
    "written out in two sums": {"y": "sigmoid(z)", "E": "-sum(t*log(y)) - sum((1 - t)*log(1 - y))"},
    "written out in one equation": {"E": "-sum(t*log(sigmoid(z)) + (1 - t)*log(1 - sigmoid(z)))"},
    "by softplus": {"E": "sum(softplus(z) - t*z)"},
}
MEANS = {
    "cross-entropy": ({"y": "softmax(z)", "E": "mean_cross_entropy(y, t)"}, len(EXTREME)),
    "binary cross-entropy": ({"y": "sigmoid(z)", "E": "mean_binary_cross_entropy(y, t)"}, EXTREME.size),
}
SOFT = np.array(
    [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.25, 0.25, 0.5], [0.0, 0.0, 1.0], [0.5, 0.5, 0.0], [0.1, 0.9, 0.0]]
)


def output(function: str, z: Array = EXTREME) -> Array:
    with mpmath.workdps(50):
        return np.asarray(Interpreter({"y": f"{function}(z)"}, xp=DIGITS)({"z": exact(z)})["y"], dtype=float)


@pytest.mark.parametrize("target", [CLASSES, SOFT], ids=["one-hot", "soft"])
@pytest.mark.parametrize("equations", BY_SOFTMAX.values(), ids=BY_SOFTMAX)
def test_cross_entropy_after_a_softmax_is_stable(equations: dict[str, str], target: Array) -> None:
    made = network(equations, target)
    values = computed(made)
    is_rounded(values["E"], true_cross_entropy(target))
    np.testing.assert_allclose(values["dE/dz"], output("softmax") - target, rtol=0, atol=2 * EPSILON)


def true_cross_entropy(target: Array) -> Any:
    with mpmath.workdps(50):
        return Interpreter({"E": "-sum(t*log_softmax(z))"}, xp=DIGITS)({"z": exact(EXTREME), "t": exact(target)})["E"]


@pytest.mark.parametrize("target", [CLASSES, SOFT], ids=["one-hot", "soft"])
@pytest.mark.parametrize("equations", BY_SIGMOID.values(), ids=BY_SIGMOID)
def test_binary_cross_entropy_after_a_sigmoid_is_stable(equations: dict[str, str], target: Array) -> None:
    made = network(equations, target)
    values = computed(made)
    is_rounded(values["E"], true_binary_cross_entropy(target))
    np.testing.assert_allclose(values["dE/dz"], output("sigmoid") - target, rtol=0, atol=2 * EPSILON)


def true_binary_cross_entropy(target: Array) -> Any:
    with mpmath.workdps(500):
        text = "-sum(t*log(sigmoid(z)) + (1 - t)*log(1 - sigmoid(z)))"
        return Interpreter({"E": text}, xp=DIGITS)({"z": exact(EXTREME), "t": exact(target)})["E"]


@pytest.mark.parametrize(("equations", "count"), MEANS.values(), ids=MEANS)
def test_a_mean_cross_entropy_is_stable(equations: dict[str, str], count: int) -> None:
    values = computed(network(equations))
    softmax = "softmax" in equations["y"]
    total = true_cross_entropy(CLASSES) if softmax else true_binary_cross_entropy(CLASSES)
    is_rounded(values["E"], total / count)
    expected = (output("softmax" if softmax else "sigmoid") - CLASSES) / count
    np.testing.assert_allclose(values["dE/dz"], expected, rtol=0, atol=EPSILON)


@pytest.mark.parametrize("equations", [*BY_SOFTMAX.values(), *BY_SIGMOID.values()], ids=[*BY_SOFTMAX, *BY_SIGMOID])
def test_training_on_extreme_numbers_stays_finite(equations: dict[str, str]) -> None:
    made = network(equations)
    trace = Trace(made.derivation, made.start)
    assert [trace.first_not_finite(iteration) for iteration in range(5)] == [None] * 5


# y - t, where it holds.


def error_signal(target: Array, loss: str = "cross_entropy(y, t)") -> tuple[Stage, Network]:
    made = network({"y": "softmax(z)", "E": loss}, target)
    return made.derivation["dE/dz"], made


y, t = Quantity("y"), Quantity("t")


@pytest.mark.parametrize("target", [CLASSES, SOFT], ids=["one-hot", "soft"])
@pytest.mark.parametrize("loss", ["cross_entropy(y, t)", "-sum(t*log(y))"])
def test_softmax_with_cross_entropy_is_y_minus_t_where_rows_of_t_sum_to_one(loss: str, target: Array) -> None:
    stage, _ = error_signal(target, loss)
    assert stage.matrix == y - t


def test_the_assumption_is_stated_and_the_general_form_is_kept() -> None:
    stage, made = error_signal(CLASSES)
    assert "Assumed, and true of the data: each row of t" in named(stage)
    assert "sums to one" in named(stage)
    assert "RowSums(t)" in str(stage.opened)
    general = compile_matrix(made.derivation, stage.opened)(computed(made))
    np.testing.assert_allclose(general, output("softmax") - CLASSES, rtol=0, atol=2 * EPSILON)


@pytest.mark.parametrize(
    "target",
    [0.5 * CLASSES, CLASSES + 1e-6, np.vstack([CLASSES[:-1], [[0.0, 0.0, 0.0]]]), SOFT[:, ::-1] * [1, 1, 0.99]],
    ids=["halves", "a little more", "a row of zeros", "some rows only"],
)
def test_it_is_not_simplified_where_a_row_of_t_does_not_sum_to_one(target: Array) -> None:
    stage, made = error_signal(target)
    assert "RowSums(t)" in str(stage.matrix)
    assert stage.opened is None
    assert "Assumed" not in named(stage)
    expected = output("softmax") * target.sum(axis=1, keepdims=True) - target
    np.testing.assert_allclose(computed(made)["dE/dz"], expected, rtol=0, atol=4 * EPSILON)


def test_only_the_rows_that_were_used_are_assumed_to_sum_to_one() -> None:
    stage, _ = error_signal(CLASSES)
    assert "row of t sums" in named(stage)


def test_a_mean_keeps_its_factor_beside_y_minus_t() -> None:
    stage, made = error_signal(CLASSES, "mean_cross_entropy(y, t)")
    assert stage.matrix is not None
    assert stage.matrix.atoms(Quantity) == {y, t}
    expected = (output("softmax") - CLASSES) / len(EXTREME)
    np.testing.assert_allclose(computed(made)["dE/dz"], expected, rtol=0, atol=EPSILON)


# Kinks.


CHOSEN: dict[str, Expr] = {"relu": Integer(0), "abs": Integer(0), "leaky_relu": Rational(1, 100)}


@pytest.mark.parametrize(("name", "chosen"), CHOSEN.items(), ids=CHOSEN)
def test_the_subgradient_at_zero_is_the_same_wherever_it_is_said(name: str, chosen: Expr) -> None:
    assert kinks(FUNCTIONS[name]) == {Integer(0): chosen}
    assert subgradient_of_arrays(name) == float(chosen)
    stage = at_zero({"h": f"{name}(z)", "E": "sum(h)"}).derivation["dh/dz"]
    assert states(stage.reason, name, chosen)


def subgradient_of_arrays(name: str) -> float:
    made = slope(FUNCTIONS[name])(Symbol("u", real=True))
    (function,) = implementations(made).values()
    return float(function(np.zeros((1, 1)))[0, 0])


def at_zero(equations: dict[str, str]) -> Network:
    return network(equations, np.zeros((2, 3)), np.zeros((2, 3)))


def states(reason: Reason, name: str, chosen: Expr) -> bool:
    """Whether a reason says which subgradient is chosen at 0."""
    u = Quantity("u")
    told = (" At the kink ", u, " = ", Integer(0), " the subgradient ", slope(FUNCTIONS[name])(u), " = ", chosen)
    places = range(len(reason) - len(told) + 1)
    return any(reason[place : place + len(told)] == told for place in places)


@pytest.mark.parametrize(("name", "chosen"), CHOSEN.items(), ids=CHOSEN)
def test_the_chosen_subgradient_is_what_training_uses_at_zero(name: str, chosen: Expr) -> None:
    made = at_zero({"h": f"{name}(z)", "E": "sum(h)"})
    np.testing.assert_array_equal(computed(made)["dE/dz"], np.full((2, 3), float(chosen)))
    np.testing.assert_array_equal(Trace(made.derivation, made.start)[0]["dE/dz"], np.full((2, 3), float(chosen)))


@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize(("name", "chosen"), CHOSEN.items(), ids=CHOSEN)
def test_both_zeros_are_on_the_kink_and_nothing_else_is(name: str, chosen: Expr, zero: float) -> None:
    tiny = 5e-324
    z = np.array([[zero, tiny, -tiny]])
    right, left = 1.0, {"relu": 0.0, "abs": -1.0, "leaky_relu": 0.01}[name]
    found = computed(network({"h": f"{name}(z)", "E": "sum(h)"}, np.zeros((1, 3)), z))["dE/dz"]
    np.testing.assert_array_equal(found, [[float(chosen), right, left]])


@pytest.mark.parametrize(
    ("equations", "stage", "name"),
    [
        ({"h": "2*relu(z)", "E": "sum(h)"}, "dh/dz", "relu"),
        ({"h": "relu(z) + t", "E": "sum(h)"}, "dh/dz", "relu"),
        ({"E": "sum(relu(z))"}, "dE/dz", "relu"),
        ({"E": "absolute_error(z, t)"}, "dE/dz", "abs"),
    ],
    ids=["scaled", "with a skip", "in the loss", "absolute error"],
)
def test_a_subgradient_is_stated_wherever_a_kink_is_differentiated(
    equations: dict[str, str], stage: str, name: str
) -> None:
    assert states(at_zero(equations).derivation[stage].reason, name, CHOSEN[name])


@pytest.mark.parametrize("name", ["elu", "huber", "softplus", "silu", "gelu", "sigmoid"])
def test_a_function_without_a_jump_in_its_slope_has_no_kink(name: str) -> None:
    assert kinks(FUNCTIONS[name]) == {}
    assert "kink" not in named(at_zero({"h": f"{name}(z)", "E": "sum(h)"}).derivation["dh/dz"])


# What isn't finite is named with its stage.


@pytest.mark.parametrize(
    ("equations", "z", "culprit"),
    [
        ({"h": "log(z)", "y": "tanh(h)", "E": "sum(y)"}, -1.0, "h"),
        ({"g": "z + 1", "h": "log(g)", "E": "sum(h)"}, -1.0, "h"),
        ({"g": "exp(z)", "h": "1/g", "E": "sum(h)"}, 1000.0, "g"),
        ({"g": "tanh(z)", "h": "sqrt(g)", "E": "sum(h**2)"}, 0.0, "dh/dg"),
        ({"g": "z*1e300", "E": "sum(g**2)"}, 1e10, "g"),
        ({"g": "z*1e150", "E": "sum(g**2)"}, 1e10, "E"),
        ({"g": "tanh(z)", "E": "sum(g**2)"}, 1000.0, None),
    ],
)
def test_what_is_not_finite_is_named_with_the_stage_where_it_first_appeared(
    equations: dict[str, str], z: float, culprit: str | None
) -> None:
    made = network(equations, np.zeros((2, 2)), np.array([[1.0, z], [0.5, 2.0]]))
    assert Trace(made.derivation, made.start).first_not_finite(0) == culprit


def test_training_that_diverges_is_named_in_the_iteration_where_it_does() -> None:
    made = network({"E": "sum(z**2)"}, np.zeros((2, 2)), np.ones((2, 2)))
    trace = Trace(made.derivation, {**made.start, "eta": np.array([[1e160]])})
    assert [trace.first_not_finite(iteration) for iteration in range(3)] == [None, "E", "z"]
