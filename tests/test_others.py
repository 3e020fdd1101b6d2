"""log(1 - softmax(z)) and its slope: rows without one of their entries, in every form of the derivation."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sympy import Expr, Indexed, Integer, KroneckerDelta, Rational, exp, log

from backprop_tui.calculus.derivation import Derivation, derive
from backprop_tui.calculus.entries import differentiate, evaluate, symbols_for, written_out
from backprop_tui.calculus.indices import Index, Size, axis, base, summed
from backprop_tui.calculus.others import Differs, ExpElsewhere, by_difference, left_out
from backprop_tui.calculus.stages import Kind
from backprop_tui.engine.compile import compile_entries, compile_stage
from backprop_tui.engine.evaluation import Evaluation
from backprop_tui.engine.numerics import log_odds, spread_over_others

from .networks import entry_at

n, i, j, k = Index("n"), Index("i"), Index("i'"), Index("i''")
z, g = base("z"), base("g")
SIZES = {"n": 2, "i": 3}
VALUES = {name: np.random.default_rng(seed).normal(size=(2, 3)) for seed, name in enumerate("zg")}


def others(of: Expr, over: Expr = j) -> Expr:
    return summed(Differs(over, of) * exp(z[n, over]), [over])


# Index notation.


def test_it_is_one_less_delta_at_every_place() -> None:
    for first, second in np.ndindex(3, 3):
        place = {i: first, j: second}
        expected = entry_at(1 - KroneckerDelta(i, j), place, VALUES, SIZES)
        assert entry_at(Differs(i, j), place, VALUES, SIZES) == expected
        raised = entry_at(ExpElsewhere(z[n, i], z[n, j], i, j), {**place, n: 1}, VALUES, SIZES)
        assert raised == expected * exp(VALUES["z"][1, first] - VALUES["z"][1, second])


def test_two_indices_differ_whichever_comes_first() -> None:
    assert Differs(i, j) == Differs(j, i)
    assert Differs(i, i) == 0
    assert Differs(Integer(1), Integer(2)) == 1
    assert ExpElsewhere(z[n, i], z[n, i], i, i) == 0


@pytest.mark.parametrize(
    ("total", "out"),
    [
        (others(i), z[n, i]),
        (others(k), z[n, k]),
        (summed(exp(z[n, j]), [j]), None),
        (summed(Differs(j, i) * z[n, j], [j]), None),
        (summed(Differs(i, k) * exp(z[n, j]), [j]), None),
        (summed(2 * Differs(j, i) * exp(z[n, j]), [j]), None),
        (summed(Differs(j, i) * exp(z[j, n]), [j]), None),
    ],
)
def test_the_entry_that_a_sum_leaves_out_is_found(total: Expr, out: Indexed | None) -> None:
    assert left_out(total) == out


def test_a_share_of_the_others_is_written_by_a_difference() -> None:
    share = g[n, i] * Differs(i, k) * exp(z[n, k]) / others(i)
    assert by_difference(share) == g[n, i] * ExpElsewhere(z[n, k], log(others(i)), k, i)
    assert by_difference(summed(share, [i])) == summed(by_difference(share), [i])


@pytest.mark.parametrize("left", [Differs(i, k) * exp(z[n, k]), Differs(i, k) * exp(g[n, k]) / others(i), g[n, i]])
def test_what_is_no_such_share_is_left_alone(left: Expr) -> None:
    assert by_difference(left) == left


# A derivation, in every form.


EQUATIONS = {
    "by a stage": {"y": "softmax(z)", "m": "log(1 - y)", "E": "sum(t*m)"},
    "in the loss": {"y": "softmax(z)", "E": "binary_cross_entropy(y, t)"},
    "summed row by row": {"y": "softmax(z)", "e": "rowsum(t*log(1 - y))", "E": "sum(e**2)"},
    "mixed by a product": {"y": "softmax(z)", "m": "log(1 - y)", "q": "m @ t.T", "E": "sum(q**2)"},
    "multiplied within a stage": {"y": "softmax(z)", "q": "log(1 - y) * z", "E": "sum(t*q)"},
    "within a function": {"y": "softmax(z)", "q": "tanh(log(1 - y))", "E": "sum(t*q)"},
    "transposed": {"y": "softmax(z)", "q": "log(1 - y.T)", "E": "sum(t.T*q)"},
    "twice": {"y": "softmax(z)", "q": "log(1 - y)**2", "E": "sum(t*q)"},
    "one row for all": {"y": "softmax(z + b)", "E": "binary_cross_entropy(y, t)"},
}
each_way = pytest.mark.parametrize("equations", EQUATIONS.values(), ids=EQUATIONS)


def derived(equations: dict[str, str], shape: tuple[int, int] = (2, 3)) -> Derivation:
    learned = {"z": shape} | ({"b": (1, shape[1])} if "b" in equations["y"] else {})
    return derive(equations, {"t": shape}, learned)


def numbers(derivation: Derivation, spread: float = 1) -> dict[str, Any]:
    random = np.random.default_rng(5)
    start = {name: random.normal(size=derivation.shape(name)) for name in derivation.given}
    values = {**start, "z": spread * start["z"]}
    for stage in derivation:
        values[stage.name] = compile_stage(derivation, stage)(values)
    return values


@each_way
@pytest.mark.parametrize("shape", [(1, 3), (2, 2)], ids=["one row", "two rows"])
def test_sympy_alone_derives_the_same(equations: dict[str, str], shape: tuple[int, int]) -> None:
    derivation = derived(equations, shape)
    values = {name: symbols_for(derivation, name) for name in derivation.given}
    known = written_out(derivation, {name: values[name] for name in (*derivation.inputs, *derivation.parameters)})
    values |= known
    for stage in derivation:
        if stage.kind in (Kind.ADJOINT, Kind.AUXILIARY, Kind.GRADIENT):
            assert stage.matrix is not None, stage.name
            sized = {
                size: Integer(derivation.sizes[axis(size).removeprefix("N_")]) for size in stage.matrix.atoms(Size)
            }
            values[stage.name] = evaluate(stage.matrix.xreplace(sized), values, derivation)
    gradient, _ = differentiate(derivation, "E", "z", following=derivation.equations)
    point = {
        symbol: Rational(number)
        for name in (*derivation.inputs, *derivation.parameters)
        for symbol, number in zip(values[name], ("1/4", "-3/2", "2", "9/8"), strict=False)
    }
    for own, true in zip(values["dE/dz"], gradient, strict=True):
        difference = (own - true).xreplace(point)
        assert abs(difference.evalf(60)) < 1e-50


@each_way
def test_every_stage_is_the_same_by_matrix_form_and_by_index_form(equations: dict[str, str]) -> None:
    derivation = derived(equations)
    values = numbers(derivation)
    for stage in derivation:
        by_index = compile_entries(derivation, stage.index, stage.running)(values)
        np.testing.assert_allclose(np.reshape(by_index, values[stage.name].shape), values[stage.name], rtol=1e-12)


@each_way
@pytest.mark.parametrize("spread", [1, 1000])
def test_a_cell_of_every_backward_stage_evaluates_to_its_number(equations: dict[str, str], spread: float) -> None:
    derivation = derived(equations)
    values = numbers(derivation, spread)
    evaluation = Evaluation(derivation, values)
    for stage in derivation:
        if stage.kind not in (Kind.LOCAL, Kind.ADJOINT, Kind.GRADIENT):
            continue
        counts = [derivation.sizes[axis(index)] if isinstance(index, Index) else 1 for index in stage.running]
        own = [evaluation(stage.index, dict(zip(stage.running, place, strict=True))) for place in np.ndindex(*counts)]
        np.testing.assert_allclose(own, values[stage.name].ravel(), rtol=1e-9, atol=1e-9)


def test_the_log_odds_that_only_derivatives_need_are_a_stage_before_them() -> None:
    derivation = derived(EQUATIONS["by a stage"])
    names = [stage.name for stage in derivation]
    assert derivation["log_odds(z)"].kind is Kind.AUXILIARY
    assert names.index("E") < names.index("log_odds(z)") < names.index("dm/dz")


def test_the_sigmoid_of_the_log_odds_is_named_by_the_softmax() -> None:
    assert "softmax(z)" not in derived(EQUATIONS["by a stage"])
    written = derive({"m": "log(1 - softmax(z))", "E": "sum(t*m)"}, {"t": (2, 3)}, {"z": (2, 3)})
    assert "Sigmoid" not in str(written["dE/dz"].matrix)


def test_a_single_class_leaves_nothing_to_the_others() -> None:
    derivation = derived(EQUATIONS["by a stage"], (2, 1))
    assert "log_odds(z)" not in derivation
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        made = compile_stage(derivation, derivation["m"])({"y": np.ones((2, 1))})
    np.testing.assert_array_equal(made, -np.inf)


# Numbers.


ROWS = arrays(np.float64, st.tuples(st.just(2), st.integers(2, 6)), elements=st.floats(-1000, 1000))


@settings(deadline=None, max_examples=60)
@given(ROWS, st.integers(0, 5))
def test_log_odds_and_what_is_spread_are_right_for_any_row(rows: Any, seed: int) -> None:
    handed_out = np.random.default_rng(seed).normal(size=rows.shape)
    with mpmath.workdps(2000):
        for row, out, own, spread in zip(
            rows, handed_out, log_odds(rows), spread_over_others(handed_out, rows), strict=True
        ):
            raised = [mpmath.e ** mpmath.mpf(float(each)) for each in row]
            rest = [mpmath.fsum(raised[:at] + raised[at + 1 :]) for at in range(len(row))]
            true = [float(mpmath.mpf(float(each)) - mpmath.log(total)) for each, total in zip(row, rest, strict=True)]
            np.testing.assert_allclose(own, true, rtol=1e-14, atol=1e-15)
            shares = [
                float(mpmath.fsum(float(out[s]) * raised[at] / rest[s] for s in range(len(row)) if s != at))
                for at in range(len(row))
            ]
            np.testing.assert_allclose(spread, shares, rtol=1e-13, atol=1e-14)


def test_they_are_analytic_near_the_real_axis() -> None:
    rows, out = np.array([[3.0, -2.0, 4.0, 1.0]]), np.array([[0.5, -1.0, 2.0, 1.5]])
    step = 1e-30
    slopes = np.array([log_odds(rows + 1j * step * unit).imag[0] / step for unit in np.eye(4)])
    y = np.exp(rows) / np.exp(rows).sum()
    np.testing.assert_allclose(slopes.T, np.eye(4) - (1 - np.eye(4)) * y / (1 - y.T), rtol=1e-13)
    along = np.array([spread_over_others(out + 1j * step * unit, rows).imag[0] / step for unit in np.eye(4)])
    np.testing.assert_allclose(along, (1 - np.eye(4)) * y / (1 - y.T), rtol=1e-13)
