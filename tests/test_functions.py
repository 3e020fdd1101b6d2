from __future__ import annotations

import warnings

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Expr, Function, Lambda, Piecewise, Symbol, diff, exp, expand, lambdify, log, simplify, sin, tanh

from backprop_tui.calculus.functions import FUNCTIONS, FunctionClass, ScalarFunction, in_output, output_slope, slope
from backprop_tui.calculus.indices import base
from backprop_tui.engine.numerics import sigmoid

u, y = Symbol("u", real=True), Symbol("y", real=True)
Sigmoid = FUNCTIONS["sigmoid"]
EPSILON = np.finfo(float).eps
TINIEST = 5e-324


def unnamed(expression: Expr) -> Expr:
    """Write every named function in a formula by its own formula."""
    found = expression.atoms(ScalarFunction)
    return unnamed(expression.xreplace({each: each.formula(*each.args) for each in found})) if found else expression


def exact_sigmoid(number: complex) -> mpmath.mpc:
    with mpmath.workdps(50):
        return 1 / (1 + mpmath.exp(-mpmath.mpmathify(number)))


def test_the_slope_of_the_sigmoid_in_its_output_is_y_times_1_minus_y() -> None:
    short = output_slope(Sigmoid)
    assert short is not None
    assert short(y) == y * (1 - y)


def test_the_short_slope_of_the_sigmoid_is_the_derivative_of_its_formula() -> None:
    formula = 1 / (1 + exp(-u))
    short = output_slope(Sigmoid)
    assert short is not None
    assert simplify(Sigmoid.formula(u) - formula) == 0
    assert simplify(short(formula) - diff(formula, u)) == 0


def named(formula: Expr) -> FunctionClass:
    """A function of one number that no table knows."""
    return type("Named", (ScalarFunction,), {"chalk": "named", "formula": Lambda(u, formula)})


@pytest.mark.parametrize(
    ("formula", "short"),
    [
        (exp(2 * u), 2 * y),
        (exp(-u), -y),
        (tanh(u), 1 - y**2),
        (1 / (1 + exp(u)), -y * (1 - y)),
        (3 / (1 + exp(-u)), y * (3 - y) / 3),
        (log(u), None),
        (sin(u), None),
        (u * exp(u), None),
    ],
)
def test_any_function_has_its_slope_in_its_output_where_there_is_one(formula: Expr, short: Expr | None) -> None:
    found = output_slope(named(formula))
    if short is None:
        assert found is None
    else:
        assert found is not None
        assert expand(found(y) - short) == 0
        assert found(y).count_ops() <= short.count_ops()


def test_differentiating_a_named_function_gives_its_slope_by_name() -> None:
    (found,) = diff(Sigmoid(2 * u), u).atoms(ScalarFunction)
    assert diff(Sigmoid(2 * u), u) == 2 * found
    assert type(found) is slope(Sigmoid)
    assert found.args == (2 * u,)
    assert found.order == 1


def test_the_second_derivative_is_the_slope_of_the_slope() -> None:
    twice = diff(Sigmoid(u), u, u)
    assert twice == slope(slope(Sigmoid))(u)
    assert twice.order == 2
    assert simplify(unnamed(twice) - diff(1 / (1 + exp(-u)), u, u)) == 0


def test_a_slope_is_written_with_the_name_of_the_output() -> None:
    z = base("z")[0, 0]
    output = base("y")[0, 0]
    assert in_output(diff(Sigmoid(z), z), {Sigmoid(z): output}) == output * (1 - output)
    assert in_output(diff(Sigmoid(z), z), {}) == Sigmoid(z) * (1 - Sigmoid(z))


def test_a_function_that_is_no_slope_is_left_alone() -> None:
    assert in_output(Sigmoid(u) + exp(u), {}) == Sigmoid(u) + exp(u)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("point", [-2.5, -0.7, 0.3, 0.9, 3.1])
def test_the_slope_of_every_function_is_the_derivative_of_its_formula(name: str, point: float) -> None:
    formula = lambdify([u], unnamed(FUNCTIONS[name].formula(u)), "mpmath")
    closed = lambdify([u], unnamed(slope(FUNCTIONS[name])(u)), "mpmath")
    with mpmath.workdps(40):
        assert mpmath.almosteq(closed(mpmath.mpf(point)), mpmath.diff(formula, point), rel_eps=1e-12, abs_eps=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_written_slope_of_every_function_equals_its_closed_slope(name: str) -> None:
    closed = diff(FUNCTIONS[name](u), u)
    written = in_output(closed, {FUNCTIONS[name](u): y})
    back = unnamed(written.xreplace({y: FUNCTIONS[name](u)}))
    difference = lambdify([u], back - unnamed(closed), "mpmath")
    with mpmath.workdps(40):
        assert all(abs(difference(mpmath.mpf(point))) < 1e-30 for point in (-3, -0.5, 0.25, 2))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_smooth_slope_is_never_left_closed(name: str) -> None:
    written = in_output(diff(FUNCTIONS[name](u), u), {})
    kinked = FUNCTIONS[name].formula(u).has(Piecewise)
    assert any(found.order for found in written.atoms(ScalarFunction)) == kinked


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_known_by_its_chalkboard_name(name: str) -> None:
    assert FUNCTIONS[name].chalk == name
    assert issubclass(FUNCTIONS[name], Function)


def test_the_sigmoid_for_arrays_agrees_with_fifty_digits_from_minus_to_plus_1000() -> None:
    points = np.concatenate([np.linspace(-1000, 1000, 801), np.linspace(-745, 40, 400), [0.0, -0.0, 1e-300, -1e-17]])
    with warnings.catch_warnings(), np.errstate(over="raise", invalid="raise", divide="raise"):
        warnings.simplefilter("error")
        values = sigmoid(points)
    for point, value in zip(points, values, strict=True):
        expected = exact_sigmoid(point)
        assert abs(value - expected) <= max(4 * EPSILON * expected, TINIEST)


@settings(deadline=None)
@given(st.complex_numbers(max_magnitude=50, allow_nan=False, allow_infinity=False).filter(lambda z: abs(z.imag) < 3))
def test_the_sigmoid_for_arrays_is_right_for_complex_numbers(number: complex) -> None:
    expected = complex(exact_sigmoid(number))
    assert abs(complex(sigmoid(np.array(number))) - expected) <= 16 * EPSILON * abs(expected)


@pytest.mark.parametrize("point", [-500.0, -30.0, -1.5, 0.0, 2.0, 500.0])
def test_a_complex_step_through_the_sigmoid_gives_its_slope(point: float) -> None:
    with mpmath.workdps(50):
        expected = exact_sigmoid(point) * exact_sigmoid(-point)
    step = float(np.imag(sigmoid(np.array(point + 1e-30j)))) / 1e-30
    assert step == pytest.approx(float(expected), rel=1e-13, abs=0)
