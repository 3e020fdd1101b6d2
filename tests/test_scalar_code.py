from __future__ import annotations

import math

import pytest
from sympy import Expr, Piecewise, sqrt

from backprop_tui.calculus.functions import Sigmoid, Softplus
from backprop_tui.calculus.indices import size
from backprop_tui.calculus.matrices import ColumnSums, MatrixProduct, Quantity, RowSums, Total, Transposed
from backprop_tui.engine.fused.forms import Inner, RowLargest
from backprop_tui.printers.scalar_code import ScalarCode

from .networks import SIZES

a, b, row, column, s = map(Quantity, ("a", "b", "row", "column", "s"))
SHAPES = {"a": (2, 3), "b": (2, 3), "row": (1, 3), "column": (2, 1), "s": (1, 1)}


def printed(form: Expr, place: tuple[int, int] = (1, 2)) -> str:
    return ScalarCode(SHAPES, SIZES).entry(form, *place)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (a, "a_1_2"),
        (Transposed(column), "column_2_0"),
        (row + column + s, "column_1_0 + row_0_2 + s_0_0"),
        (MatrixProduct(a, Transposed(b)), "a_1_0*b_2_0 + a_1_1*b_2_1 + a_1_2*b_2_2"),
        (RowSums(a), "a_1_0 + a_1_1 + a_1_2"),
        (RowSums(Transposed(row)), "row_0_1"),
        (ColumnSums(a), "a_0_2 + a_1_2"),
        (Total(Transposed(a)), "a_0_0 + a_1_0 + a_0_1 + a_1_1 + a_0_2 + a_1_2"),
        (Inner(column, column), "column_0_0*column_0_0 + column_1_0*column_1_0"),
        (RowLargest(a), "max(a_1_0, a_1_1, a_1_2)"),
        (RowLargest(column), "column_1_0"),
        (-a + b, "b_1_2 - a_1_2"),
        (a * (1 - a), "a_1_2*(1.0 - a_1_2)"),
        (a**2 / 3, "(0.3333333333333333)*(a_1_2*a_1_2)"),
        (a**3, "pow(a_1_2, 3.0)"),
        (sqrt(a), "sqrt(a_1_2)"),
        (a / size("j"), "a_1_2/4.0"),
        (Piecewise((a, a > 0), (0, True)), "((a_1_2) if (a_1_2 > 0.0) else (0.0))"),
    ],
)
def test_an_entry_is_printed_as_arithmetic_on_single_numbers(form: Expr, code: str) -> None:
    assert printed(form) == code


def evaluated(form: Expr, u: float) -> float:
    names = {name: getattr(math, name) for name in ("exp", "log1p")}
    return float(eval(ScalarCode({"u": (1, 1)}, {}).entry(form, 0, 0), {**names, "u_0_0": u}))


@pytest.mark.parametrize("u", [-1e6, -800.0, -709.0, -40.0, -1.0, 0.0, 3.0, 40.0, 800.0, 1e6])
def test_the_sigmoid_and_the_softplus_overflow_nowhere(u: float) -> None:
    mirrored = math.exp(-abs(u))
    sigmoid = 1 / (1 + mirrored) if u >= 0 else mirrored / (1 + mirrored)
    assert evaluated(Sigmoid(Quantity("u")), u) == pytest.approx(sigmoid, rel=1e-15, abs=1e-307)
    assert evaluated(Softplus(Quantity("u")), u) == pytest.approx(max(u, 0) + math.log1p(mirrored), rel=1e-15)
