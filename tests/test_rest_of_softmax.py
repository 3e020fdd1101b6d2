"""log(1 - softmax(z)), the sum of the others' exponentials over that of all, where one entry leaves nothing to others.

Warnings are errors, as in all tests. The oracle is arithmetic in thousands of digits.
"""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from backprop_tui.calculus.derivation import derive
from backprop_tui.calculus.matrices import SpreadOverOthers
from backprop_tui.engine.fused import ENGINES, training_step
from backprop_tui.engine.gradient_check import check
from backprop_tui.engine.trace import Trace

from .interpreter import Array, exact
from .test_stability import EPSILON, computed, is_rounded, network

DOMINATED = {
    1: np.array([[1000.0], [-1000.0], [0.5]]),
    2: np.array([[1000.0, -1000.0], [-1000.0, 1000.0], [0.0, 0.0], [1000.0, 999.5], [-745.0, 20.0]]),
    3: np.array(
        [[1000.0, 999.0, -1000.0], [1000.0, -1000.0, -1000.5], [0.0, 0.0, 1000.0], [1000.0, 1000.0, 1000.0], [1, 2, 3]]
    ),
    5: np.array([[1000.0, -1000.0, 999.0, 0.0, -999.5], [-1000.0, -1000.0, -1000.0, -1000.0, 37.0], [3, -2, 4, -5, 0]]),
}
"""Pre-activations by the number of classes, of which one, or two, leave nothing to the others."""
REST_OF_SOFTMAX = {
    "by name": {"z": "x @ W", "y": "softmax(z)", "E": "binary_cross_entropy(y, t)"},
    "by name, in one equation": {"E": "binary_cross_entropy(softmax(x @ W), t)"},
    "written out": {"z": "x @ W", "y": "softmax(z)", "E": "-sum(t*log(y) + (1 - t)*log(1 - y))"},
    "in two sums": {"z": "x @ W", "y": "softmax(z)", "E": "-sum(t*log(y)) - sum((1 - t)*log(1 - y))"},
    "multiplied out": {"z": "x @ W", "y": "softmax(z)", "E": "-sum(t*log(y) + log(1 - y) - t*log(1 - y))"},
    "by reciprocals": {"z": "x @ W", "y": "softmax(z)", "E": "sum(t*log(1/y) + (1 - t)*log(1/(1 - y)))"},
    "in one equation": {"z": "x @ W", "E": "-sum(t*log(softmax(z)) + (1 - t)*log(1 - softmax(z)))"},
    "transposed": {"z": "x @ W", "y": "softmax(z)", "E": "-sum(t.T*log(y.T) + (1 - t.T)*log(1 - y.T))"},
    "by a stage of the rest": {
        "z": "x @ W",
        "y": "softmax(z)",
        "n": "1 - y",
        "E": "-sum(t*log(y)) - sum((1 - t)*log(n))",
    },
    "by stages of logarithms": {
        "z": "x @ W",
        "y": "softmax(z)",
        "l": "log(y)",
        "m": "log(1 - y)",
        "E": "-sum(t*l) - sum((1 - t)*m)",
    },
    "row by row": {"z": "x @ W", "y": "softmax(z)", "e": "rowsum((t - 1)*log(1 - y) - t*log(y))", "E": "sum(e)"},
    "by a product": {"z": "x @ W", "y": "softmax(z)", "m": "x.T @ log(1 - y)", "E": "-sum(t*log(y)) + sum((t - 1)*m)"},
    "softmax by hand": {"z": "x @ W", "y": "exp(z)/rowsum(exp(z))", "E": "binary_cross_entropy(y, t)"},
    "softmax by hand, in one equation": {
        "z": "x @ W",
        "E": "sum((t - 1)*log(1 - exp(z)/rowsum(exp(z))) - t*log(exp(z)/rowsum(exp(z))))",
    },
}


def some_targets(shape: tuple[int, int], kind: str) -> Array:
    """Targets of which none asks for the logarithm of what is exactly 0 where there is but one class."""
    rows, columns = shape
    numbers = np.random.default_rng(3).uniform(0, 1, shape)
    soft = {"soft": numbers, "rows that sum to one": numbers / numbers.sum(axis=1, keepdims=True)}
    one_hot = {"one-hot": 0, "one-hot, another": 1}
    return soft[kind] if kind in soft else np.eye(columns)[(np.arange(rows) + one_hot[kind]) % columns]


def entropy_in_digits(z: Array, t: Array) -> tuple[Any, Any]:
    """The binary cross-entropy of softmax(z), and its gradient by Jacobian: g (1/(1 - y)) (y y - y delta)."""
    with mpmath.workdps(3000):
        z, t = exact(z), exact(t)
        shares = [[mpmath.e ** (each - max(row)) for each in row] for row in z]
        y = np.array([[each / mpmath.fsum(row) for each in row] for row in shares], dtype=object)
        rest = np.array(
            [[mpmath.fsum(row[:k] + row[k + 1 :]) / mpmath.fsum(row) for k in range(len(row))] for row in shares],
            dtype=object,
        )
        logs = np.vectorize(mpmath.log, otypes=[object])
        loss = -(t * logs(y) + (1 - t) * logs(rest)).sum()
        by_log = (1 - t) * y / rest
        return loss, y * t.sum(axis=1, keepdims=True) - t - y * by_log.sum(axis=1, keepdims=True) + by_log


KINDS = ["soft", "rows that sum to one", "one-hot", "one-hot, another"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("equations", REST_OF_SOFTMAX.values(), ids=REST_OF_SOFTMAX)
def test_the_binary_cross_entropy_of_a_softmax_is_right(equations: dict[str, str], classes: int, kind: str) -> None:
    z = DOMINATED[classes]
    t = some_targets((len(z), classes), kind)
    loss, gradient = entropy_in_digits(z, t)
    values = computed(network(equations, t, z))
    is_rounded(values["E"], [[loss]])
    np.testing.assert_allclose(values["dE/dW"], gradient.astype(float), rtol=0, atol=8 * EPSILON)


@pytest.mark.parametrize(("dtype", "rounding"), [(np.float64, EPSILON), (np.float32, float(np.finfo("f4").eps))])
@pytest.mark.parametrize("engine", [engine for engine in ENGINES if engine != "auto"])
@pytest.mark.parametrize("label", ["by name", "by stages of logarithms"])
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_it_is_right_in_every_engine(label: str, classes: int, engine: str, dtype: Any, rounding: float) -> None:
    z = DOMINATED[classes]
    t = some_targets((len(z), classes), "soft").astype(np.float32).astype(float)
    made = network(REST_OF_SOFTMAX[label], t, z)
    loss, gradient = entropy_in_digits(z, t)
    found = training_step(made.derivation, dtype, engine).gradients(made.start)
    assert found.loss == pytest.approx(float(loss), rel=8 * rounding)
    np.testing.assert_allclose(found.by_name["dE/dW"], gradient.astype(float), rtol=0, atol=8 * rounding)


@pytest.mark.parametrize("equations", REST_OF_SOFTMAX.values(), ids=REST_OF_SOFTMAX)
def test_training_on_what_leaves_nothing_to_the_others_stays_finite(equations: dict[str, str]) -> None:
    z = DOMINATED[3]
    made = network(equations, some_targets(z.shape, "soft"), z)
    trace = Trace(made.derivation, made.start)
    assert [trace.first_not_finite(iteration) for iteration in range(3)] == [None] * 3


def test_every_entry_of_its_slope_is_right() -> None:
    z = DOMINATED[3]
    made = network(REST_OF_SOFTMAX["by stages of logarithms"], some_targets(z.shape, "soft"), z)
    slopes = computed(made)["dm/dz"].reshape(*z.shape, z.shape[1])
    for own, row in zip(slopes, exact(z), strict=True):
        with mpmath.workdps(3000):
            raised = [mpmath.e ** (each - max(row)) for each in row]
            for k, each in enumerate(own):
                rest = mpmath.fsum(raised[:k] + raised[k + 1 :])
                share = [raised[j] / rest if j != k else 0 for j in range(len(row))]
                true = [float(share[j] - raised[j] / mpmath.fsum(raised)) for j in range(len(row))]
                np.testing.assert_allclose(each, true, rtol=0, atol=1000 * EPSILON)


def test_a_single_class_leaves_nothing_to_others_whose_logarithm_is_named() -> None:
    made = network({"z": "x @ W", "y": "softmax(z)", "m": "log(1 - y)", "E": "sum(t*m)"}, DOMINATED[1], DOMINATED[1])
    trace = Trace(made.derivation, made.start)
    np.testing.assert_array_equal(trace[0]["m"], -np.inf)
    assert trace.first_not_finite(0) == "m"


@pytest.mark.parametrize("spread", [1, 8, 30, 1000])
@pytest.mark.parametrize("name", ["softmax", "sigmoid"])
def test_check_proves_it_however_sure_the_units_are(name: str, spread: float) -> None:
    equations = {"z": "x @ W", "y": f"{name}(z)", "m": "log(1 - y)", "E": "binary_cross_entropy(y, t) - sum(t*m)"}
    z = spread * np.array([[1.0, -1.0, 0.5], [-1.0, 1.0, 1.0]])
    made = network(equations, some_targets(z.shape, "soft"), z)
    report = check(made.derivation, made.start)
    rows = {row.stage: row.differences for row in report.rows}
    assert report.agrees
    assert rows["dE/dW"]["entries"] is not None
    assert rows["dm/dz"]["entries"] is not None


def test_what_is_spread_stays_one_sum_where_rows_of_the_target_sum_to_one() -> None:
    equations = REST_OF_SOFTMAX["by name"]
    derivation = derive(equations, {"x": (2, 2), "t": (2, 2)}, {"W": (2, 2)}, unit_rows=["t"])
    stage = derivation["dE/dz"]
    assert stage.matrix is not None
    assert len(stage.matrix.atoms(SpreadOverOthers)) == 1
    assert "Assumed" in "".join(map(str, stage.reason))


def test_the_logarithm_of_the_rest_is_told_to_be_made_from_its_row() -> None:
    derivation = derive(REST_OF_SOFTMAX["by stages of logarithms"], {"x": (2, 2), "t": (2, 2)}, {"W": (2, 2)})
    assert "the sum of its row" in "".join(map(str, derivation["m"].reason))
