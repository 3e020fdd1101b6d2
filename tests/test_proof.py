"""`sympy.diff` of E over its scalar weights, against the derivation; and derivations with errors in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from sympy import Dummy, Expr, ImmutableDenseMatrix, Integer, Rational, Symbol, exp, expand

from backprop_tui.calculus.derivation import Derivation, derive
from backprop_tui.calculus.entries import differentiate, evaluate, symbols_for, written_out
from backprop_tui.calculus.indices import Index, base, summed
from backprop_tui.calculus.matrices import MatrixProduct, Quantity, Transposed
from backprop_tui.calculus.stages import Stage
from backprop_tui.engine.gradient_check import check

from .networks import (
    ADJOINTS,
    FORWARD,
    LECTURE_WIDTHS,
    LOCALS,
    Widths,
    entries,
    entry_matrix,
    lecture,
    random_start,
)

INDEPENDENT = {"entries", "complex step", "central differences"}
AFTER = {
    "dE/dW": {"dE/dW", "W'"},
    "dE/dV": {"dE/dV", "V'"},
    "dE/dp": {"dE/dp", "dE/dW", "W'"},
    "dE/dh": {"dE/dh", "dE/dp", "dE/dW", "W'"},
    "dE/dz": {"dE/dz", "dE/dV", "V'", "dE/dh", "dE/dp", "dE/dW", "W'"},
    "dE/dy": {"dE/dy", "dE/dz", "dE/dV", "V'", "dE/dh", "dE/dp", "dE/dW", "W'"},
    "V'": {"V'"},
}
"""What is wrong when a stage is: it, and all stages made from it."""
SQUARE = Widths(2, 2, 2, 2)
"""Widths at which a forgotten transpose still has a shape that fits."""
Values = Mapping[str, Any]

t, y, h, V, dz = (base(name) for name in ("t", "y", "h", "V", "dE/dz"))
n, j, k = map(Index, "njk")


@cache
def weights(widths: Widths) -> Values:
    """Every forward stage as a matrix of expressions in the scalar entries of x, t, W and V."""
    derivation = lecture(widths)
    return written_out(derivation, {name: symbols_for(derivation, name) for name in ("x", "t", "W", "V")})


@cache
def differentiated(widths: Widths, of: str, by: str) -> Any:
    """Every entry of one quantity differentiated by every entry of another, by SymPy alone, in terms of the weights."""
    jacobian, symbols = differentiate(lecture(widths), of, by, following=lecture(widths).equations if of == "E" else ())
    down = {
        symbols[name][place]: weights(widths)[name][place] for name in symbols for place in range(len(symbols[name]))
    }
    return jacobian.xreplace({symbol: value for symbol, value in down.items() if symbol != value})


def proven(widths: Widths, name: str) -> Any:
    """What an adjoint, a gradient or an update is, by the independent derivation."""
    if name.endswith("'"):
        parameter = name.removesuffix("'")
        eta = Symbol("eta_0_0", real=True)
        return weights(widths)[parameter] - eta * proven(widths, f"dE/d{parameter}")
    by = name.removeprefix("dE/d")
    return differentiated(widths, "E", by).reshape(*lecture(widths).shape(by))


@cache
def proven_values(widths: Widths) -> Values:
    """Every stage but the local derivatives, by the independent derivation."""
    eta = symbols_for(lecture(widths), "eta")
    adjoints = {name: proven(widths, name) for name in (*ADJOINTS, "V'", "W'")}
    return {**weights(widths), "eta": eta, **adjoints}


@cache
def vanishes(expression: Expr) -> bool:
    """Whether an expression in exp(-u) is zero as a polynomial in s = 1/(1 + exp(-u)), for each u in it."""
    unknown = {found: 1 / Dummy(positive=True) - 1 for found in expression.atoms(exp)}
    return bool(expand(expression.xreplace(unknown)) == 0)


def is_zero(difference: Any) -> bool:
    return all(map(vanishes, difference))


def jacobian_difference(widths: Widths, derivation: Derivation, name: str) -> Any:
    """A derivation's whole Jacobian, evaluated on the weights, less the independent one."""
    jacobian = derivation[name].jacobian
    assert jacobian is not None
    expected = differentiated(widths, jacobian.of, jacobian.by)
    indices = (*jacobian.outputs, *jacobian.inputs)
    found = entries(jacobian.entry, indices, weights(widths), derivation.sizes)
    return ImmutableDenseMatrix(*expected.shape, found) - expected


def all_the_way_down(derivation: Derivation, widths: Widths) -> tuple[Values, Values]:
    """Evaluate every stage on the weights, each from the stages before it: by matrix forms, and by index forms."""
    start = {name: weights(widths)[name] for name in ("x", "t", "W", "V")} | {"eta": symbols_for(derivation, "eta")}
    by_matrix, by_index = dict(start), dict(start)
    for stage in derivation:
        by_matrix[stage.name] = evaluate(stage.matrix, by_matrix, derivation)
        by_index[stage.name] = entry_matrix(stage.index, stage.indices, by_index, derivation.sizes)
    return by_matrix, by_index


@pytest.fixture(scope="module")
def evaluated() -> tuple[Values, Values]:
    return all_the_way_down(lecture(), LECTURE_WIDTHS)


def test_the_loss_written_out_is_that_of_a_hand_over_twenty_weights() -> None:
    def s(u: Expr) -> Expr:
        return 1 / (1 + exp(-u))

    def symbol(name: str, row: int, column: int) -> Symbol:
        return Symbol(f"{name}_{row}_{column}", real=True)

    hidden = [s(sum(symbol("x", 0, i) * symbol("W", i, j) for i in range(3))) for j in range(4)]
    outputs = [s(sum(hidden[j] * symbol("V", j, k) for j in range(4))) for k in range(2)]
    by_hand = sum((outputs[k] - symbol("t", 0, k)) ** 2 for k in range(2))
    (loss,) = weights(LECTURE_WIDTHS)["E"]
    assert expand(loss - by_hand) == 0
    assert len({found for found in loss.free_symbols if found.name[0] in "WV"}) == 20


def test_the_test_for_zero_knows_what_is_zero_and_what_is_not() -> None:
    u = Symbol("u", real=True)
    sigmoid = 1 / (1 + exp(-u))
    assert vanishes(exp(-u) / (1 + exp(-u)) ** 2 - sigmoid * (1 - sigmoid))
    assert not vanishes(exp(-u) / (1 + exp(-u)) ** 2 - sigmoid)
    assert not vanishes(u * Rational(1, 10**30))


@pytest.mark.parametrize("name", [*FORWARD, *ADJOINTS, "V'", "W'"])
def test_matrix_form_and_index_form_equal_the_derivative_of_the_written_out_loss(
    name: str, evaluated: tuple[Values, Values]
) -> None:
    expected = proven_values(LECTURE_WIDTHS)[name]
    for values in evaluated:
        assert values[name].shape == expected.shape
        assert is_zero(values[name] - expected)


@pytest.mark.parametrize("name", LOCALS)
def test_a_whole_local_jacobian_equals_the_derivatives_of_its_entries(name: str) -> None:
    assert is_zero(jacobian_difference(LECTURE_WIDTHS, lecture(), name))


@pytest.mark.parametrize("name", LOCALS)
def test_the_two_forms_of_a_local_derivative_are_one(name: str, evaluated: tuple[Values, Values]) -> None:
    by_matrix, by_index = evaluated
    assert is_zero(by_matrix[name] - by_index[name])


Change = Callable[[Stage], Stage]


def form(stage: Stage) -> Expr:
    assert stage.matrix is not None
    return stage.matrix


def rewritten(index: Mapping[Expr, Expr], matrix: Mapping[Expr, Expr]) -> Change:
    """Make a change in both forms alike, so that they still agree with one another."""
    return lambda stage: stage.rewritten(index=stage.index.xreplace(index), matrix=form(stage).xreplace(matrix))


def multiplied(index: Expr, matrix: Expr) -> Change:
    return lambda stage: stage.rewritten(index=stage.index * index, matrix=form(stage) * matrix)


def turned_around(stage: Stage) -> Stage:
    matrix = MatrixProduct(Transposed(Quantity("dE/dz")), Quantity("h"))
    return stage.rewritten(index=summed(h[n, k] * dz[n, j], [n]), matrix=matrix)


def with_stage(derivation: Derivation, name: str, change: Change) -> Derivation:
    return replace(derivation, stages=tuple(change(stage) if stage.name == name else stage for stage in derivation))


def with_early_update(derivation: Derivation) -> Derivation:
    """Move V' up to where dE/dV is known."""
    others = [stage for stage in derivation if stage.name != "V'"]
    place = others.index(derivation["dE/dV"]) + 1
    return replace(derivation, stages=(*others[:place], derivation["V'"], *others[place:]))


NEW_V = rewritten({V[j, k]: base("V'")[j, k]}, {Quantity("V"): Quantity("V'")})
ERRORS: dict[str, tuple[str, Change]] = {
    "V is not transposed": ("dE/dh", rewritten({V[j, k]: V[k, j]}, {Transposed(Quantity("V")): Quantity("V")})),
    "h is not transposed": ("dE/dV", rewritten({h[n, j]: h[j, n]}, {Transposed(Quantity("h")): Quantity("h")})),
    "the gradient itself is transposed": ("dE/dV", turned_around),
    "the factor 1 - y is dropped": ("dE/dz", rewritten({1 - y[n, k]: Integer(1)}, {1 - Quantity("y"): Integer(1)})),
    "the factor h is dropped": ("dE/dp", multiplied(1 / h[n, j], 1 / Quantity("h"))),
    "the factor 2 is dropped": ("dE/dy", multiplied(Rational(1, 2), Rational(1, 2))),
    "the error has the other sign": ("dE/dy", multiplied(Integer(-1), Integer(-1))),
    "a gradient has the other sign": ("dE/dW", multiplied(Integer(-1), Integer(-1))),
    "the update climbs": (
        "V'",
        rewritten({base("dE/dV")[j, k]: -base("dE/dV")[j, k]}, {Quantity("dE/dV"): -Quantity("dE/dV")}),
    ),
    "the target is lost": ("dE/dy", rewritten({t[n, k]: Integer(0)}, {Quantity("t"): Integer(0)})),
    "V is taken after its update": ("dE/dh", NEW_V),
}


def with_error(label: str) -> tuple[str, Derivation]:
    """Return the name of the wrong stage, and the derivation with it."""
    name, change = ERRORS[label]
    derivation = lecture(SQUARE)
    return name, with_stage(with_early_update(derivation) if change is NEW_V else derivation, name, change)


def disproved(derivation: Derivation) -> tuple[set[str], set[str]]:
    """The stages that differ from the independent derivation, by their matrix forms and by their index forms."""
    expected = proven_values(SQUARE)
    by_matrix, by_index = (
        {name for name in (*FORWARD, *ADJOINTS, "V'", "W'") if not is_zero(values[name] - expected[name])}
        for values in all_the_way_down(derivation, SQUARE)
    )
    return by_matrix, by_index


def disagreeing(derivation: Derivation) -> dict[str, set[str]]:
    """The stages that the numeric check finds wrong, each with the ways that disagree."""
    rows = check(derivation, random_start(SQUARE)).rows
    return {row.stage: set(row.disagreeing) for row in rows if row.disagreeing}


def test_the_derivation_without_errors_is_proven_at_square_widths_too() -> None:
    assert disproved(lecture(SQUARE)) == (set(), set())
    assert disagreeing(lecture(SQUARE)) == {}


def test_updating_early_is_no_error_by_itself() -> None:
    assert disproved(with_early_update(lecture(SQUARE))) == (set(), set())
    assert disagreeing(with_early_update(lecture(SQUARE))) == {}


@pytest.mark.parametrize("label", ERRORS)
def test_the_symbolic_proof_finds_an_error_and_all_that_follows_from_it(label: str) -> None:
    name, derivation = with_error(label)
    by_matrix, by_index = disproved(derivation)
    assert by_matrix == by_index == AFTER[name]


@pytest.mark.parametrize("label", ERRORS)
def test_the_numeric_check_finds_an_error_in_every_independent_way(label: str) -> None:
    name, derivation = with_error(label)
    assert disagreeing(derivation) == dict.fromkeys(AFTER[name], INDEPENDENT)


@pytest.mark.parametrize("label", ["V is not transposed", "the factor 1 - y is dropped", "the update climbs"])
def test_an_error_in_one_form_alone_is_found_in_that_form(label: str) -> None:
    name, change = ERRORS[label]
    right = lecture(SQUARE)[name]
    wrong_matrix = with_stage(lecture(SQUARE), name, lambda stage: stage.rewritten(matrix=change(stage).matrix))
    wrong_index = with_stage(lecture(SQUARE), name, lambda stage: stage.rewritten(index=change(stage).index))
    assert right.matrix != wrong_matrix[name].matrix
    assert disproved(wrong_matrix) == (AFTER[name], set())
    assert disproved(wrong_index) == (set(), AFTER[name])
    assert disagreeing(wrong_matrix)[name] == {"index form", *INDEPENDENT}
    assert disagreeing(wrong_index) == {name: {"index form"}}


JACOBIAN_ERRORS: dict[str, tuple[str, Callable[[Expr], Expr]]] = {
    "V is not transposed": ("dz/dh", lambda entry: entry.xreplace({V[j, k]: V[k, j]})),
    "the Jacobian is not diagonal": ("dy/dz", lambda entry: y[n, k] * (1 - y[n, k])),
    "the slope is 1": ("dh/dp", lambda entry: entry / (1 - h[n, j])),
    "the sign is lost": ("dp/dW", lambda entry: -entry),
}


@pytest.mark.parametrize("label", JACOBIAN_ERRORS)
def test_an_error_in_a_jacobian_is_found_by_proof_and_check(label: str) -> None:
    name, change = JACOBIAN_ERRORS[label]
    jacobian = lecture(SQUARE)[name].jacobian
    assert jacobian is not None
    wrong = replace(jacobian, entry=change(jacobian.entry))
    derivation = with_stage(lecture(SQUARE), name, lambda stage: stage.rewritten(jacobian=wrong))
    assert not is_zero(jacobian_difference(SQUARE, derivation, name))
    assert disagreeing(derivation) == {name: INDEPENDENT}


THROUGH_A_STAGE = {
    "log of a softmax": {"z": "x @ W", "y": "softmax(z)", "l": "log(y)", "E": "sum(t*l)"},
    "log of a sigmoid": {"z": "x @ W", "y": "sigmoid(z)", "l": "log(y)", "E": "sum(t*l)"},
    "log of the rest": {"z": "x @ W", "y": "softmax(z)", "l": "log(1 - y)", "E": "sum(t*l)"},
    "log of a stage of the rest": {"z": "x @ W", "y": "softmax(z)", "n": "1 - y", "l": "log(n)", "E": "sum(t*l)"},
    "log of a copy": {"z": "x @ W", "y": "softmax(z)", "q": "y", "l": "log(q)*z", "E": "sum(t*l)"},
    "a quotient of stages": {"z": "x @ W", "e": "exp(z)", "s": "rowsum(e)", "y": "e/s", "E": "sum(t*y)"},
}


@pytest.mark.parametrize("equations", THROUGH_A_STAGE.values(), ids=THROUGH_A_STAGE)
def test_a_stage_read_through_an_earlier_one_is_proven_in_every_way(equations: dict[str, str]) -> None:
    derivation = derive(equations, {"x": (2, 2), "t": (2, 2)}, {"W": (2, 2)})
    random = np.random.default_rng(8)
    report = check(derivation, {name: random.uniform(0.1, 1, derivation.shape(name)) for name in derivation.given})
    assert not [row for row in report.rows if row.disagreeing]
    for row in report.rows:
        if derivation[row.stage].jacobian:
            assert None not in row.differences.values(), row


@pytest.mark.parametrize("beside", ["y*log(y)", "y*log(y) + z", "log(y) + y", "log(y)*z - y"])
def test_a_stage_that_is_also_named_beside_its_logarithm_is_left_to_the_other_stages(beside: str) -> None:
    derivation = derive({"z": "W + x", "y": "softmax(z)", "e": beside, "E": "sum(e)"}, {"x": (2, 3)}, {"W": (2, 3)})
    values = {"W": np.linspace(-1, 1, 6).reshape(2, 3), "x": np.ones((2, 3)), "eta": np.ones((1, 1))}
    report = check(derivation, values)
    rows = {row.stage: row for row in report.rows}
    assert not [row for row in report.rows if row.disagreeing]
    assert rows["de/dz"].differences["entries"] is None
    assert rows["dE/dy"].differences["entries"] is None
    assert rows["dE/dz"].differences["entries"] is not None
    assert None not in {row.differences["complex step"] for name, row in rows.items() if "/d" in name}
