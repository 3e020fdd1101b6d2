"""Pre-activations of +-1000: what is finite comes out right, however it is written, forwards and backwards.

Warnings are errors here, as in all tests: NumPy's of overflow, division by zero and invalid operations. The oracles are
the texts themselves in a thousand digits, and y - t.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest

from backprop_tui.calculus.functions import FUNCTIONS
from backprop_tui.calculus.matrices import Quantity
from backprop_tui.calculus.stages import Stage
from backprop_tui.engine.compile import compile_matrix, compile_stage
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
SOFT = np.array(
    [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.25, 0.25, 0.5], [0.0, 0.0, 1.0], [0.5, 0.5, 0.0], [0.1, 0.9, 0.0]]
)
WEIGHTS = np.linspace(-1, 1, EXTREME.size).reshape(EXTREME.shape)
"""A different factor for each entry."""


def network(equations: Mapping[str, str], target: Array = CLASSES, weights: Array = EXTREME) -> Network:
    """Return a network whose x is a unit matrix, so that x @ W is exactly W, and dE/dW what dE/dz is."""
    own = {"s": "1/(1 + exp(-u))"} if any("s(" in text for text in equations.values()) else {}
    return Network("extreme", equations, {"x": np.eye(len(weights)), "t": target}, {"W": weights}, functions=own)


def computed(made: Network) -> dict[str, Array]:
    """Compute stage by stage; overflow, division by zero and invalid operations warn, and warnings are errors."""
    values = dict(made.start)
    for stage in made.derivation:
        values[stage.name] = compile_stage(made.derivation, stage)(values)
    return values


@cache
def in_digits(text: str, *, soft: bool = False) -> Any:
    """Evaluate a text in a thousand digits, with exponents as large as need be."""
    with mpmath.workdps(1000):
        given = {"z": exact(EXTREME), "t": exact(SOFT if soft else CLASSES)}
        return Interpreter({"it": text}, xp=DIGITS)(given)["it"]


def as_floats(text: str) -> Array:
    return np.asarray(in_digits(text), dtype=float)


def is_rounded(own: Array, true: Any, absolute: float = SMALLEST) -> None:
    """Check that an array is the true one but for a few roundings, and finite where the true one is."""
    np.testing.assert_allclose(own, np.asarray(true, dtype=float), rtol=4 * EPSILON, atol=absolute)


# Functions and their slopes.


@pytest.mark.parametrize("name", [*FUNCTIONS, "tanh", "sin", "cos", "softmax", "log_softmax", "log_sum_exp"])
def test_a_function_is_right_for_any_pre_activation(name: str) -> None:
    found = computed(network({"z": "x @ W", "y": f"{name}(z)", "E": "sum(y)"}, WEIGHTS))["y"]
    is_rounded(found, in_digits(f"{name}(z)"), 2 * EPSILON if "soft" in name else SMALLEST)


@pytest.mark.parametrize("name", [*FUNCTIONS, "tanh", "sin", "cos"])
def test_the_slope_of_a_function_is_right_for_any_pre_activation(name: str) -> None:
    z = EXTREME + 0.25
    made = network({"z": "x @ W", "y": f"{name}(z)", "E": "sum(y * t)"}, WEIGHTS, z)
    np.testing.assert_allclose(
        computed(made)["dE/dW"], WEIGHTS * slope_in_digits(f"{name}(z)", z), rtol=4 * EPSILON, atol=64 * EPSILON
    )


def slope_in_digits(text: str, z: Array) -> Any:
    """Differentiate a function of each z by central differences in many digits."""
    with mpmath.workdps(1000):
        step = mpmath.mpf(10) ** -30
        f, points = Interpreter({"f": text}, xp=DIGITS), exact(z)
        return np.asarray((f({"z": points + step})["f"] - f({"z": points - step})["f"]) / (2 * step), float)


GRADIENTS_OF_ROWS = {
    "softmax(z)": "softmax(z) * ({w} - rowsum({w}*softmax(z)))",
    "log_softmax(z)": "{w} - softmax(z)*rowsum({w})",
    "log_sum_exp(z) * z": "{w}*log_sum_exp(z) + softmax(z)*rowsum({w}*z)",
    "exp(z)/rowsum(exp(z))": "softmax(z) * ({w} - rowsum({w}*softmax(z)))",
    "z - log(rowsum(exp(z)))": "{w} - softmax(z)*rowsum({w})",
}
"""Functions of rows, each with the gradient of sum(w*f(z)) that a textbook gives."""


@pytest.mark.parametrize(("text", "gradient"), GRADIENTS_OF_ROWS.items(), ids=GRADIENTS_OF_ROWS)
def test_the_gradient_of_a_function_of_rows_is_right_for_any_pre_activation(text: str, gradient: str) -> None:
    found = computed(network({"z": "x @ W", "y": text, "E": "sum(y * t)"}, SOFT))["dE/dW"]
    expected = np.asarray(in_digits(gradient.format(w="t"), soft=True), dtype=float)
    np.testing.assert_allclose(found, expected, rtol=4 * EPSILON, atol=4 * EPSILON)


# Cross-entropies, in every way to write them.


BY_SOFTMAX = {
    "by name": {"z": "x @ W", "y": "softmax(z)", "E": "cross_entropy(y, t)"},
    "by name, in one equation": {"E": "cross_entropy(softmax(x @ W), t)"},
    "written out": {"z": "x @ W", "y": "softmax(z)", "E": "-sum(t*log(y))"},
    "turned around": {"z": "x @ W", "y": "softmax(z)", "E": "sum(-log(y)*t)"},
    "by a reciprocal": {"z": "x @ W", "y": "softmax(z)", "E": "sum(t*log(1/y))"},
    "transposed": {"z": "x @ W", "y": "softmax(z)", "E": "-sum(t.T*log(y.T))"},
    "in one equation": {"E": "-sum(t*log(softmax(x @ W)))"},
    "row by row": {"z": "x @ W", "y": "softmax(z)", "e": "-rowsum(t*log(y))", "E": "sum(e)"},
    "by a stage of logarithms": {"z": "x @ W", "y": "softmax(z)", "l": "log(y)", "E": "-sum(t*l)"},
    "through a copy": {"z": "x @ W", "y": "softmax(z)", "q": "y", "E": "-sum(t*log(q))"},
    "by log_softmax": {"E": "-sum(t*log_softmax(x @ W))"},
    "by a stage log_softmax": {"z": "x @ W", "l": "log_softmax(z)", "E": "-sum(t*l)"},
    "by log_sum_exp": {"z": "x @ W", "E": "sum(log_sum_exp(z)) - sum(t*z)"},
    "softmax by hand": {"z": "x @ W", "y": "exp(z)/rowsum(exp(z))", "E": "-sum(t*log(y))"},
    "softmax by hand, in one equation": {"E": "-sum(t*log(exp(x @ W)/rowsum(exp(x @ W))))"},
    "log_softmax by hand": {"z": "x @ W", "l": "z - log(rowsum(exp(z)))", "E": "-sum(t*l)"},
    "log-sum-exp by hand": {"z": "x @ W", "E": "sum(log(rowsum(exp(z)))) - sum(t*z)"},
}
BY_SIGMOID = {
    "by name": {"z": "x @ W", "y": "sigmoid(z)", "E": "binary_cross_entropy(y, t)"},
    "by name, in one equation": {"E": "binary_cross_entropy(sigmoid(x @ W), t)"},
    "written out": {"z": "x @ W", "y": "sigmoid(z)", "E": "-sum(t*log(y) + (1 - t)*log(1 - y))"},
    "in two sums": {"z": "x @ W", "y": "sigmoid(z)", "E": "-sum(t*log(y)) - sum((1 - t)*log(1 - y))"},
    "turned around": {"z": "x @ W", "y": "sigmoid(z)", "E": "sum((t - 1)*log(-y + 1) - log(y)*t)"},
    "multiplied out": {"z": "x @ W", "y": "sigmoid(z)", "E": "-sum(t*log(y) + log(1 - y) - t*log(1 - y))"},
    "by reciprocals": {"z": "x @ W", "y": "sigmoid(z)", "E": "sum(t*log(1/y) + (1 - t)*log(1/(1 - y)))"},
    "in one equation": {"z": "x @ W", "E": "-sum(t*log(sigmoid(z)) + (1 - t)*log(1 - sigmoid(z)))"},
    "by a stage of the rest": {
        "z": "x @ W",
        "y": "sigmoid(z)",
        "n": "1 - y",
        "E": "-sum(t*log(y)) - sum((1 - t)*log(n))",
    },
    "by stages of logarithms": {
        "z": "x @ W",
        "y": "sigmoid(z)",
        "l": "log(y)",
        "m": "log(1 - y)",
        "E": "-sum(t*l) - sum((1 - t)*m)",
    },
    "by the other sigmoid": {"z": "x @ W", "E": "-sum(t*log(sigmoid(z)) + (1 - t)*log(sigmoid(-z)))"},
    "by softplus": {"z": "x @ W", "E": "sum(softplus(z) - t*z)"},
    "softplus by hand": {"z": "x @ W", "E": "sum(log(1 + exp(z)) - t*z)"},
    "softplus by hand, both ways": {"z": "x @ W", "E": "sum(t*log(1 + exp(-z)) + (1 - t)*log(1 + exp(z)))"},
    "sigmoid by hand": {"z": "x @ W", "y": "1/(1 + exp(-z))", "E": "binary_cross_entropy(y, t)"},
    "sigmoid by hand, a power": {"z": "x @ W", "y": "(1 + exp(-z))**-1", "E": "binary_cross_entropy(y, t)"},
    "sigmoid by hand, the other form": {"z": "x @ W", "y": "exp(z)/(exp(z) + 1)", "E": "binary_cross_entropy(y, t)"},
    "sigmoid as a function of one's own": {"z": "x @ W", "y": "s(z)", "E": "binary_cross_entropy(y, t)"},
}
TRUE = {
    "softmax": ("-sum(t*log_softmax(z))", "softmax(z) - t"),
    "sigmoid": ("-sum(t*log(sigmoid(z)) + (1 - t)*log(1 - sigmoid(z)))", "sigmoid(z) - t"),
}
WAYS = {
    f"{name} {label}": (name, equations)
    for name, ways in (("softmax", BY_SOFTMAX), ("sigmoid", BY_SIGMOID))
    for label, equations in ways.items()
}
every_way = pytest.mark.parametrize(("name", "equations"), WAYS.values(), ids=WAYS)


def is_the_true_cross_entropy(name: str, values: Mapping[str, Array], *, soft: bool = False) -> None:
    loss, gradient = (in_digits(text, soft=soft) for text in TRUE[name])
    is_rounded(values["E"], loss)
    np.testing.assert_allclose(values["dE/dW"], gradient.astype(float), rtol=0, atol=2 * EPSILON)


@pytest.mark.parametrize("target", [CLASSES, SOFT], ids=["one-hot", "soft"])
@every_way
def test_a_cross_entropy_and_its_gradient_are_right_however_written(
    name: str, equations: dict[str, str], target: Array
) -> None:
    is_the_true_cross_entropy(name, computed(network(equations, target)), soft=target is SOFT)


@every_way
def test_training_on_extreme_numbers_stays_finite(name: str, equations: dict[str, str]) -> None:
    made = network(equations)
    trace = Trace(made.derivation, made.start)
    is_the_true_cross_entropy(name, trace[0])
    assert [trace.first_not_finite(iteration) for iteration in range(3)] == [None] * 3


OVERFLOWING = {
    "sigmoid's exponential": (
        "sigmoid",
        {"z": "x @ W", "e": "exp(-z)", "y": "1/(1 + e)", "E": "binary_cross_entropy(y, t)"},
    ),
    "sigmoid's divisor": (
        "sigmoid",
        {"z": "x @ W", "e": "exp(-z)", "d": "1 + e", "y": "1/d", "E": "binary_cross_entropy(y, t)"},
    ),
    "softmax's exponential": (
        "softmax",
        {"z": "x @ W", "e": "exp(z)", "y": "e/rowsum(e)", "E": "cross_entropy(y, t)"},
    ),
    "softmax's divisor": (
        "softmax",
        {"z": "x @ W", "e": "exp(z)", "s": "rowsum(e)", "y": "e/s", "E": "-sum(t*log(y))"},
    ),
}


@pytest.mark.parametrize(("name", "equations"), OVERFLOWING.values(), ids=OVERFLOWING)
def test_a_stage_that_is_beyond_floats_does_not_spoil_what_is_not(name: str, equations: dict[str, str]) -> None:
    made = network(equations)
    trace = Trace(made.derivation, made.start)
    is_the_true_cross_entropy(name, trace[0])
    assert trace.first_not_finite(0) == "e"


@pytest.mark.parametrize(
    ("name", "loss", "count"),
    [("softmax", "mean_cross_entropy", len(EXTREME)), ("sigmoid", "mean_binary_cross_entropy", EXTREME.size)],
)
def test_a_mean_cross_entropy_is_right(name: str, loss: str, count: int) -> None:
    values = computed(network({"z": "x @ W", "y": f"{name}(z)", "E": f"{loss}(y, t)"}))
    is_the_true_cross_entropy(name, {"E": values["E"] * count, "dE/dW": values["dE/dW"] * count})


# y - t, where it holds.


def error_signal(target: Array, loss: str = "cross_entropy(y, t)") -> tuple[Stage, Network]:
    made = network({"z": "x @ W", "y": "softmax(z)", "E": loss}, target)
    return made.derivation["dE/dz"], made


def told(stage: Stage) -> str:
    """A stage's reason, with formulas spelled as SymPy does."""
    return "".join(map(str, stage.reason))


y, t = Quantity("y"), Quantity("t")


@pytest.mark.parametrize("target", [CLASSES, SOFT], ids=["one-hot", "soft"])
@pytest.mark.parametrize("loss", ["cross_entropy(y, t)", "-sum(t*log(y))"])
def test_softmax_with_cross_entropy_is_y_minus_t_where_rows_of_t_sum_to_one(loss: str, target: Array) -> None:
    stage, _ = error_signal(target, loss)
    assert stage.matrix == y - t


def test_the_assumption_is_stated_and_the_general_form_is_kept() -> None:
    stage, made = error_signal(CLASSES)
    assert "Assumed, and true of the data: each row of t sums to one" in told(stage)
    assert "RowSums(t)" in str(stage.opened)
    general = compile_matrix(made.derivation, stage.opened)(computed(made))
    np.testing.assert_allclose(general, as_floats("softmax(z) - t"), rtol=0, atol=2 * EPSILON)


@pytest.mark.parametrize(
    "target",
    [0.5 * CLASSES, CLASSES + 1e-6, np.vstack([CLASSES[:-1], [[0.0, 0.0, 0.0]]]), SOFT[:, ::-1] * [1, 1, 0.99]],
    ids=["halves", "a little more", "a row of zeros", "some rows only"],
)
def test_it_is_not_simplified_where_a_row_of_t_does_not_sum_to_one(target: Array) -> None:
    stage, made = error_signal(target)
    assert "RowSums(t)" in str(stage.matrix)
    assert stage.opened is None
    assert "Assumed" not in told(stage)
    expected = as_floats("softmax(z)") * target.sum(axis=1, keepdims=True) - target
    np.testing.assert_allclose(computed(made)["dE/dz"], expected, rtol=0, atol=4 * EPSILON)


def test_a_mean_keeps_its_factor_beside_y_minus_t() -> None:
    stage, _ = error_signal(CLASSES, "mean_cross_entropy(y, t)")
    assert stage.matrix is not None
    assert stage.matrix.atoms(Quantity) == {y, t}


# What isn't finite is named with its stage.


@pytest.mark.parametrize(
    ("equations", "entry", "culprit"),
    [
        ({"z": "x @ W", "h": "log(z)", "y": "tanh(h)", "E": "sum(y)"}, -1.0, "h"),
        ({"z": "x @ W", "g": "z + 1", "h": "log(g)", "E": "sum(h)"}, -1.0, "h"),
        ({"z": "x @ W", "g": "exp(z)", "h": "1/g", "E": "sum(h)"}, 1000.0, "g"),
        ({"z": "x @ W", "g": "tanh(z)", "h": "sqrt(g)", "E": "sum(h**2)"}, 0.0, "dh/dg"),
        ({"z": "x @ W", "g": "z*1e300", "E": "sum(g**2)"}, 1e10, "g"),
        ({"z": "x @ W", "g": "z*1e150", "E": "sum(g**2)"}, 1e10, "E"),
        ({"z": "x @ W", "g": "tanh(z)", "E": "sum(g**2)"}, 1000.0, None),
    ],
)
def test_what_is_not_finite_is_named_with_the_stage_where_it_first_appeared(
    equations: dict[str, str], entry: float, culprit: str | None
) -> None:
    made = network(equations, np.zeros((2, 2)), np.array([[1.0, entry], [0.5, 2.0]]))
    assert Trace(made.derivation, made.start).first_not_finite(0) == culprit


def test_training_that_diverges_is_named_in_the_iteration_where_it_does() -> None:
    made = network({"E": "sum(W**2)"}, np.zeros((2, 2)), np.ones((2, 2)))
    trace = Trace(made.derivation, {**made.start, "eta": np.array([[1e160]])})
    assert [trace.first_not_finite(iteration) for iteration in range(3)] == [None, "E", "E"]
