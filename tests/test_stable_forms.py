from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sympy import Expr, exp, log

from backprop_tui.calculus.derivation import Derivation, derive
from backprop_tui.calculus.functions import Sigmoid, Softplus
from backprop_tui.calculus.matrices import LogOdds, LogSoftmax, LogSumExp, Quantity, RowSums, Softmax, Transposed
from backprop_tui.calculus.stable_forms import by_name, through_stages
from backprop_tui.calculus.stages import Kind
from backprop_tui.engine.compile import compile_stage

a, c, y = map(Quantity, ("a", "c", "y"))

BY_NAME = [
    (exp(a) / RowSums(exp(a)), Softmax(a)),
    (3 * c * exp(2 * a) / RowSums(exp(2 * a)), 3 * c * Softmax(2 * a)),
    (exp(a) / (1 + exp(a)), Sigmoid(a)),
    (1 / (1 + exp(-a)), Sigmoid(a)),
    (c / (1 + exp(a)) + 1, c * Sigmoid(-a) + 1),
    (log(1 + exp(a)), Softplus(a)),
    (log(RowSums(exp(a))) - c, LogSumExp(a) - c),
]
LEFT_ALONE = [
    exp(c) / RowSums(exp(a)),
    1 / (2 + exp(-a)),
    1 / (1 - exp(a)),
    log(2 + exp(a)),
    log(RowSums(a)),
    exp(a) / RowSums(exp(a)) ** 2,
]
THROUGH_STAGES = [
    (log(y), {"y": Softmax(a)}, LogSoftmax(a)),
    (log(y), {"y": Sigmoid(a)}, a - Softplus(a)),
    (log(1 - y), {"y": Sigmoid(a)}, -Softplus(a)),
    (log(y), {"y": RowSums(exp(a))}, LogSumExp(a)),
    (c / y, {"c": exp(a), "y": RowSums(c)}, Softmax(a)),
    (log(Sigmoid(a)), {}, a - Softplus(a)),
    (log(c), {"y": Sigmoid(a), "c": 1 - y}, -Softplus(a)),
    (log(c), {"y": Softmax(a), "c": y}, LogSoftmax(a)),
    (1 / c, {"y": exp(-a), "c": 1 + y}, Sigmoid(a)),
    (log(1 / y), {"y": Softmax(a)}, -LogSoftmax(a)),
    (log(1 - y), {"y": Softmax(a)}, -Softplus(LogOdds(a))),
    (log(1 - Softmax(a)), {}, -Softplus(LogOdds(a))),
    (log(1 / c), {"y": Softmax(a), "c": 1 - y}, Softplus(LogOdds(a))),
    (log(1 - Transposed(y)), {"y": Softmax(a)}, Transposed(-Softplus(LogOdds(a)))),
    (log(1 - Transposed(y)), {"y": Sigmoid(a)}, Transposed(-Softplus(a))),
    (log(y**2), {"y": Sigmoid(a)}, 2 * (a - Softplus(a))),
    (log(Transposed(y)), {"y": Softmax(a)}, Transposed(LogSoftmax(a))),
    (log(y), {"y": exp(a)}, a),
]


@pytest.mark.parametrize(("written", "named"), BY_NAME)
def test_a_function_written_out_is_called_by_its_name(written: Expr, named: Expr) -> None:
    assert by_name(written) == named


@pytest.mark.parametrize("written", LEFT_ALONE)
def test_what_only_looks_alike_is_left_alone(written: Expr) -> None:
    assert by_name(written) == written


@pytest.mark.parametrize(("written", "definitions", "stable"), THROUGH_STAGES)
def test_logarithms_and_quotients_go_through_what_a_stage_was_made_from(
    written: Expr, definitions: dict[str, Expr], stable: Expr
) -> None:
    assert through_stages(written, definitions) == stable


@pytest.mark.parametrize("written", [log(2 - y), log(y + c), log(c), log(2 * y)])
def test_the_logarithm_of_another_stage_is_left_alone(written: Expr) -> None:
    assert through_stages(written, {"y": Softmax(a), "c": a**2}) == written


# A row function that only derivatives need becomes a stage of its own


def classifier(*equations: str) -> Derivation:
    named = dict(equation.split(" = ", 1) for equation in ("z = x @ W", *equations))
    return derive(named, {"x": (2, 3), "t": (2, 3)}, {"W": (3, 3)})


def test_the_softmax_that_the_slope_of_a_log_softmax_needs_is_a_stage_before_it() -> None:
    derivation = classifier("l = log_softmax(z)", "E = -sum(t*l)")
    made = derivation["softmax(z)"]
    assert made.kind is Kind.AUXILIARY
    assert made.matrix == Softmax(Quantity("z"))
    names = [stage.name for stage in derivation]
    assert names.index("softmax(z)") < names.index("dl/dz")
    assert "softmax(z)" in str(derivation["dE/dz"].matrix)


def test_a_softmax_that_the_forward_pass_computes_is_not_computed_again() -> None:
    derivation = classifier("y = softmax(z)", "l = log_softmax(z)", "E = -sum(t*l*y)")
    assert "softmax(z)" not in derivation


def test_one_auxiliary_stage_serves_all_who_need_it() -> None:
    derivation = classifier("l = log_softmax(z)", "s = log_sum_exp(z)", "E = sum(s) - sum(t*l)")
    assert [stage.name for stage in derivation].count("softmax(z)") == 1


CROSS_ENTROPIES = [
    derive(equations, {"t": (1, 2)}, {"z": (1, 2)})
    for equations in (
        {"y": "softmax(z)", "E": "-sum(t*log(y))"},
        {"l": "log_softmax(z)", "E": "-sum(t*l)"},
        {"E": "sum(log(rowsum(exp(z)))) - sum(t*z)"},
        {"e": "exp(z)", "s": "rowsum(e)", "y": "e/s", "E": "cross_entropy(y, t)"},
        {"y": "exp(z)/rowsum(exp(z))", "E": "cross_entropy(y, t)"},
    )
]


@settings(deadline=None, max_examples=20)
@given(st.floats(-1000, 1000), st.floats(-1000, 1000), st.integers(0, 1))
def test_a_cross_entropy_has_the_same_gradient_however_it_is_written(first: float, second: float, right: int) -> None:
    """The oracle is softmax(z) - t, by arithmetic on the difference of the two entries."""
    z, t = np.array([[first, second]]), np.eye(2)[[right]]
    with np.errstate(over="ignore"):
        share = 1 / (1 + np.exp(second - first))
    expected = np.array([[share, 1 - share]]) - t
    for derivation in CROSS_ENTROPIES:
        found = _run(derivation, {"z": z, "t": t})
        np.testing.assert_allclose(found["dE/dz"], expected, rtol=0, atol=1e-12)
        assert np.isfinite(found["E"]).all()


def _run(derivation: Derivation, start: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    values = {**start, "eta": np.array([[0.1]])}
    for stage in derivation:
        with np.errstate(over="ignore" if stage.name in ("e", "s") else "raise", invalid="raise", divide="raise"):
            values[stage.name] = compile_stage(derivation, stage)(values)
    return values
