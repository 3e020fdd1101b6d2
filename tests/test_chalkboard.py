from __future__ import annotations

from pathlib import Path
from time import thread_time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sympy import Expr, Rational, exp, log, pi, sin, sqrt, tanh

from backprop_tui.calculus.chalkboard import read_expression
from backprop_tui.calculus.equations import read_equations
from backprop_tui.calculus.functions import FUNCTIONS
from backprop_tui.calculus.matrices import ColumnSums, MatrixProduct, Quantity, RowSums, Total, Transposed
from backprop_tui.calculus.shapes import Shapes
from backprop_tui.errors import InputError

x, t, W, b = (Quantity(name) for name in "xtWb")
sigmoid = FUNCTIONS["sigmoid"]


def shapes() -> Shapes:
    return Shapes({"x": (2, 3), "t": (2, 2)}, {"W": (3, 2), "b": (1, 2)})


def read(text: str) -> Expr:
    return read_expression(text, shapes(), {})


def refusal(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        read(text)
    return caught.value


MEANINGS = [
    ("x @ W", MatrixProduct(x, W)),
    ("x @ W + b", MatrixProduct(x, W) + b),
    ("x@W*b", MatrixProduct(x, W) * b),
    ("(x)", x),
    (" x ", x),
    ("x.T", Transposed(x)),
    ("x.T.T", x),
    ("W.T @ x.T", MatrixProduct(Transposed(W), Transposed(x))),
    ("-x", -x),
    ("-x**2", -(x**2)),
    ("2*x - 1", 2 * x - 1),
    ("x - 2 - 3", x - 5),
    ("x / 4", x / 4),
    ("x**2", x**2),
    ("x**-1", 1 / x),
    ("x**0.5", sqrt(x)),
    ("0.1", Rational(1, 10)),
    ("1e-3 * x", x / 1000),
    ("2*pi*x", 2 * pi * x),
    ("sigmoid(x)", sigmoid(x)),
    ("tanh(x) + exp(x) + sin(x)", tanh(x) + exp(x) + sin(x)),
    ("log(x)", log(x)),
    ("sum((x @ W - t)**2)", Total((MatrixProduct(x, W) - t) ** 2)),
    ("rowsum(x)", RowSums(x)),
    ("colsum(x)", ColumnSums(x)),
]


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_a_text_means_what_it_says_in_the_matrix_language(text: str, meaning: Expr) -> None:
    assert read(text) == meaning


def test_a_product_binds_as_in_python_from_the_left() -> None:
    assert refusal("b * x@W").got == "'*' can't join 1x2 and 2x3"


def test_reading_teaches_the_shapes_which_axes_are_the_same() -> None:
    known = shapes()
    read_expression("x @ W - t", known, {})
    axes, _ = known.lettered()
    assert (axes["x"], axes["W"], axes["t"]) == (("n", "i"), ("i", "j"), ("n", "j"))


def test_equations_are_read_in_order_each_from_those_before() -> None:
    known = shapes()
    read_equations({"p": "x @ W", "E": "sum((p - t)**2)"}, known)
    assert (known["p"], known["E"]) == ((2, 2), (1, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x @ x", "'@' can't join 2x3 and 2x3; expected as many columns on the left as rows on the right"),
        ("x @ t", "'@' can't join 2x3 and 2x2; expected as many columns on the left as rows on the right"),
        ("x + t", "'+' can't join 2x3 and 2x2; expected equal shapes, or one row, one column or a scalar"),
        ("x * W", "'*' can't join 2x3 and 3x2; expected equal shapes, or one row, one column or a scalar"),
        ("t - W.T @ W @ W.T", "'-' can't join 2x2 and 2x3; expected equal shapes, or one row, one column or a scalar"),
    ],
)
def test_shapes_that_do_not_meet_are_told_with_what_would(text: str, message: str) -> None:
    assert str(refusal(text)) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X @ W", "'X' is not defined; expected an input, a parameter or an earlier stage; did you mean 'x'?"),
        ("q @ W", "'q' is not defined; expected an input, a parameter or an earlier stage"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(text: str, message: str) -> None:
    assert str(refusal(text)) == message


@pytest.mark.parametrize(
    ("text", "name", "nearest"),
    [("sigmod(x)", "sigmod", "sigmoid"), ("Tanh(x)", "Tanh", "tanh"), ("qqqq(x)", "qqqq", None)],
)
def test_an_unknown_function_is_told_with_the_nearest(text: str, name: str, nearest: str | None) -> None:
    error = refusal(text)
    assert error.got == f"no function {name!r}"
    assert error.nearest == nearest
    assert "sigmoid, " in error.expected


def test_an_error_names_its_equation() -> None:
    with pytest.raises(InputError, match=r"^\[equations\] q: '@' can't join 2x2 and 3x2; expected ") as caught:
        read_equations({"p": "x @ W", "q": "p @ W", "E": "sum(q)"}, shapes())
    assert caught.value.key == "[equations] q"


def test_a_stage_is_not_known_before_its_equation() -> None:
    with pytest.raises(InputError, match=r"^\[equations\] p: 'h' is used before it is defined"):
        read_equations({"p": "h @ W", "h": "sigmoid(x)", "E": "sum(p)"}, shapes())


@pytest.mark.parametrize(
    ("equations", "told"),
    [
        ({"p": "p @ W"}, "a cycle: p uses p;"),
        ({"p": "h @ W", "h": "sigmoid(p)"}, "a cycle: p uses h, h uses p;"),
        ({"p": "h @ W", "h": "q + )", "q": "p"}, "'h' is used before it is defined;"),
        ({"p": "h @ W", "h": "q + x", "q": "p"}, "a cycle: p uses h, h uses q, q uses p;"),
    ],
)
def test_a_cycle_is_told_as_the_way_around_it(equations: dict[str, str], told: str) -> None:
    with pytest.raises(InputError) as caught:
        read_equations({**equations, "E": "sum(p)"}, shapes())
    assert told in str(caught.value)
    assert caught.value.key == "[equations] p"


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("x / 0", "a division by zero"),
        ("0**-1", "a division by zero"),
        ("x**65", "the exponent 65"),
        ("x**x", "the exponent x"),
        ("2**2**2**2**2", "the exponent 65536"),
        ("1e400", "a number too large"),
        ("10**60 * 10**60 * 10**60 * 10**60 * 10**60 * 10**60", "a number with too many digits"),
        ("log(0)", "log of the number 0"),
        ("sqrt(-1)", "sqrt of the number -1"),
        ("sum(x**0)", "'**' cancels all that makes this a 2x3 matrix"),
        ("x - x", "'-' cancels all that makes this a 2x3 matrix"),
        ("x/x", "'/' cancels all that makes this a 2x3 matrix"),
        ("0*x", "'*' cancels all that makes this a 2x3 matrix"),
        ("sigmoid()", "sigmoid with 0 arguments"),
        ("sigmoid(x, x)", "sigmoid with 2 arguments"),
    ],
)
def test_numbers_and_calls_out_of_bounds_are_refused(text: str, got: str) -> None:
    assert refusal(text).got == got


OUTSIDE = [
    "__import__('os').system('x')",
    "x.__class__",
    "x.T.__class__",
    "x.t",
    "().__class__.__bases__",
    "sigmoid.__globals__",
    "lambda: x",
    "(lambda x: x)(x)",
    "[x for x in x]",
    "{x for x in x}",
    "(x for x in x)",
    "[]",
    "{}",
    "x, x",
    "x[0]",
    "x if x else x",
    "x and x",
    "x < x",
    "not x",
    "~x",
    "x % 2",
    "x // 2",
    "x << 2",
    "x ^ 2",
    "f'{x}'",
    "'x'",
    "b'x'",
    "...",
    "None",
    "True",
    "1j",
    "sigmoid(u=x)",
    "sigmoid(*x)",
    "sigmoid(**x)",
    "x.T(x)",
]


@pytest.mark.parametrize("text", OUTSIDE)
def test_python_outside_the_language_is_refused(text: str) -> None:
    assert refusal(text).got.endswith("is not of the chalkboard language")


@pytest.mark.parametrize(
    "text", ["", " ", "x @", "x; x", "import os", "x = 1", "x := 1", "x\n@ W", "x\0", "\ud800", "'", "# x"]
)
def test_a_text_that_is_no_expression_is_refused(text: str) -> None:
    assert "is no expression" in refusal(text).got


def test_nothing_in_a_text_is_run(tmp_path: Path) -> None:
    target = tmp_path / "written"
    refusal(f"__import__('pathlib').Path({str(target)!r}).touch()")
    refusal(f"open({str(target)!r}, 'w')")
    assert not target.exists()


LARGE = [
    "9**9**9**9",
    "9**9 * " * 200 + "9",
    "(" * 5_000 + "x" + ")" * 5_000,
    "(" * 61 + "x" + ")" * 61,
    "[" * 1_900,
    "-" * 1_900 + "x",
    "x" + ".T" * 900,
    "x" + " + x" * 400,
    "x" + "**1" * 600,
    "x" * 1_000_000,
    " " * 1_000_000 + "x",
    "9" * 1_900,
    "sigmoid(" * 100 + "x" + ")" * 100,
    "log(" * 50 + "50" + ")" * 50,
    "sqrt(exp(" * 20 + "1e300" + "))" * 20,
]


@pytest.mark.parametrize("text", LARGE, ids=lambda text: f"{text[:12]}-{len(text)}")
def test_a_large_text_is_refused_at_once_and_in_one_line(text: str) -> None:
    begun = thread_time()
    told = str(refusal(text))
    assert thread_time() - begun < 1
    assert len(told) <= 300
    assert "\n" not in told


def test_parentheses_up_to_the_limit_are_read() -> None:
    assert read("(" * 60 + "x" + ")" * 60) == x


TOKENS = [
    *"xtWbq()+-*/@,.:[]{}'=<!~ ",
    *("**", ".T", " @ ", "sum(", "rowsum(", "sigmoid(", "log(", "mean(", "squared_error(", "pi", "0", "1", "2.5"),
    *("1e400", "1e-400", " if ", " else ", " in ", " for ", "not ", "lambda ", "None", "\n", "\t", "∂", "²", "\ud800"),
]


def was_read(text: str) -> bool:
    """Whether a text is an expression of the language; any exception but InputError goes through."""
    try:
        return isinstance(read(text), Expr)
    except InputError:
        return False


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=80) | st.lists(st.sampled_from(TOKENS), max_size=14).map("".join))
@example("∂")
def test_any_text_is_read_or_refused_as_wrong_input(text: str) -> None:
    assert was_read(text) in (True, False)


@st.composite
def formulas(draw: st.DrawFn, depth: int = 4) -> str:
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from(["x", "t", "W", "b", "1", "0", "0.5", "pi", "q"]))
    left, right = draw(formulas(depth - 1)), draw(formulas(depth - 1))
    shape = draw(st.sampled_from(["({} {} {})", "{2} {1} {0}", "sum({0})", "tanh({2})", "{0}.T", "-{2}", "({0})**2"]))
    return shape.format(left, draw(st.sampled_from("+-*/@")), right)


@settings(deadline=None)
@given(formulas())
def test_any_formula_is_read_or_refused_as_wrong_input(text: str) -> None:
    assert was_read(text) in (True, False)


@pytest.mark.parametrize(
    ("text", "here"),
    [
        ("x^2", "**"),
        ("ln(x)", "log"),
        ("transpose(x)", ".T"),
        ("x.transpose()", ".T"),
        ("x.T()", ".T"),
        ("mse(x, x)", "mean_squared_error"),
        ("x.__class__", None),
    ],
)
def test_the_words_of_other_languages_are_told_with_those_of_this_one(text: str, here: str | None) -> None:
    assert refusal(text).nearest == here


def test_a_plus_sign_in_front_changes_nothing() -> None:
    assert read("+x") == read("x")
