from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import E as EULER
from sympy import Expr, Integer, KroneckerDelta, Mul, Rational, Symbol, exp, factor_terms, log, pi, sqrt

from backprop_tui.calculus.functions import FUNCTIONS, slope
from backprop_tui.calculus.indices import Index, Size, base, summed
from backprop_tui.calculus.matrices import (
    ColumnSums,
    MatrixProduct,
    Quantity,
    RowSums,
    SpreadOverOthers,
    Total,
    Transposed,
)
from backprop_tui.calculus.others import Differs, ExpElsewhere
from backprop_tui.notation import sign
from backprop_tui.printers.latex import Latex
from backprop_tui.printers.numbers import abridged, number, style, written
from backprop_tui.printers.one_line import OneLine
from backprop_tui.printers.pretty import Pretty

from .networks import lecture, scalars

n, i, j, k = map(Index, "nijk")
x, y, t, h, W, V, dy, dz = (Quantity(name) for name in ("x", "y", "t", "h", "W", "V", "dE/dy", "dE/dz"))
eta, E = Quantity("eta"), Quantity("E")
SCALARS = ("eta", "E")
sigmoid = FUNCTIONS["sigmoid"]

FORMULAS: list[tuple[Expr, str, str]] = [
    (1 - y, "1 − y", "1 - y"),
    (y - t, "y − t", "y - t"),
    (t - y, "t − y", "t - y"),
    (-y, "−y", "-y"),
    (-y - t, "−t − y", "-t - y"),
    (Mul(-1, x + y, evaluate=False), "−(x + y)", "-(x + y)"),
    (x - Mul(2, x + y, evaluate=False), "x − 2 (x + y)", r"x - 2 \, (x + y)"),
    (y**2, "y²", "y^{2}"),
    ((y - t) ** 2, "(y − t)²", "(y - t)^{2}"),
    (factor_terms(2 * y - 2 * t), "2 (y − t)", r"2 \, (y - t)"),
    (y * (1 - y), "y ⊙ (1 − y)", r"y \odot (1 - y)"),
    (dy * y * (1 - y), "∂E/∂y ⊙ y ⊙ (1 − y)", r"\frac{\partial E}{\partial y} \odot y \odot (1 - y)"),
    (V - eta * Quantity("dE/dV"), "V − η ∂E/∂V", r"V - \eta \, \frac{\partial E}{\partial V}"),
    (MatrixProduct(x, W), "x W", r"x \, W"),
    (MatrixProduct(x + y, W), "(x + y) W", r"(x + y) \, W"),
    (MatrixProduct(Transposed(h), dz), "hᵀ ∂E/∂z", r"h^{\top} \, \frac{\partial E}{\partial z}"),
    (MatrixProduct(dz, Transposed(V)), "∂E/∂z Vᵀ", r"\frac{\partial E}{\partial z} \, V^{\top}"),
    (Transposed(dz), "(∂E/∂z)ᵀ", r"\left(\frac{\partial E}{\partial z}\right)^{\top}"),
    (Transposed(x + y), "(x + y)ᵀ", r"(x + y)^{\top}"),
    (x * MatrixProduct(y, W), "x ⊙ (y W)", r"x \odot (y \, W)"),
    (Total((y - t) ** 2), "Σ (y − t)²", r"\textstyle\sum (y - t)^{2}"),
    (Total(y - t), "Σ (y − t)", r"\textstyle\sum (y - t)"),
    (RowSums(x), "rowsum(x)", f"{sign('rowsum').latex}(x)"),
    (ColumnSums(x), "colsum(x)", f"{sign('colsum').latex}(x)"),
    (sigmoid(x), "σ(x)", r"\sigma(x)"),
    (slope(sigmoid)(x), "σ′(x)", r"\sigma'(x)"),
    (exp(-x), "exp(−x)", f"{sign('exp').latex}(-x)"),
    (sqrt(x), "√(x)", r"\sqrt{x}"),
    (1 / x, "1/x", r"\frac{1}{x}"),
    (x / (y - t), "x/(y − t)", r"\frac{x}{y - t}"),
    (Rational(1, 3) * x, "1/3 x", r"\frac{1}{3} \, x"),
    (Rational(1, 100) * x, "0.01 x", r"0.01 \, x"),
    (eta * E, "E η", r"E \, \eta"),
]

INDEX_FORMULAS: list[tuple[Expr, str, str]] = [
    (base("x")[n, i], "x[n,i]", "x_{ni}"),
    (base("W1")[i, j], "W₁[i,j]", "W_{1, ij}"),
    (base("dE/dV")[j, k], "∂E/∂V[j,k]", r"\frac{\partial E}{\partial V_{jk}}"),
    (summed(base("W")[i, j] * base("x")[n, i], [i]), "Σ_i x[n,i] W[i,j]", r"\sum_{i} x_{ni} \, W_{ij}"),
    (summed(base("y")[n, k] - base("t")[n, k], [n, k]), "Σ_n,k (y[n,k] − t[n,k])", r"\sum_{n,k} (y_{nk} - t_{nk})"),
    (
        summed(base("V")[j, k] * base("dE/dz")[n, k], [k]),
        "Σ_k ∂E/∂z[n,k] V[j,k]",
        r"\sum_{k} \frac{\partial E}{\partial z_{nk}} \, V_{jk}",
    ),
    (KroneckerDelta(Index("n'"), n), "δ[n,n′]", r"\delta_{nn'}"),
    (
        base("h")[n, j] * KroneckerDelta(k, Index("k'")),
        "h[n,j] δ[k,k′]",
        r"h_{nj} \, \delta_{kk'}",
    ),
    (
        base("y")[n, k] * ExpElsewhere(base("z")[n, j], base("z")[n, k], j, k),
        "y[n,k] (1 − δ[j,k]) exp(z[n,j] − z[n,k])",
        r"y_{nk} \, (1 - \delta_{jk}) \, \mathrm{exp}(z_{nj} - z_{nk})",
    ),
    (
        log(summed(Differs(j, k) * exp(base("z")[n, j]), [j])),
        "log(Σ_j exp(z[n,j]) (1 − δ[j,k]))",
        r"\mathrm{log}\left(\sum_{j} \mathrm{exp}(z_{nj}) \, (1 - \delta_{jk})\right)",
    ),
    (
        Quantity("y") - SpreadOverOthers(Quantity("t"), Quantity("z")),
        "y − exp(z) ⊙ (rowsum(t ⊙ exp(log_odds(z) − z)) − t ⊙ exp(log_odds(z) − z))",
        r"y - \mathrm{exp}(z) \odot (\mathrm{rowsum}(t \odot \mathrm{exp}(\mathrm{log\_odds}(z) - z))"
        r" - t \odot \mathrm{exp}(\mathrm{log\_odds}(z) - z))",
    ),
    (base("x")[n, i] / Size("n"), "x[n,i]/N", r"\frac{x_{ni}}{N}"),
    (Symbol("eta", real=True) * base("x")[n, i], "η x[n,i]", r"\eta \, x_{ni}"),
]


@pytest.mark.parametrize(("formula", "line", "latex"), FORMULAS)
def test_a_matrix_formula_reads_as_on_the_chalkboard(formula: Expr, line: str, latex: str) -> None:
    assert OneLine(SCALARS).formula(formula) == line
    assert Latex(SCALARS).formula(formula) == latex


@pytest.mark.parametrize(("formula", "line", "latex"), INDEX_FORMULAS)
def test_an_index_formula_reads_as_on_the_chalkboard(formula: Expr, line: str, latex: str) -> None:
    assert OneLine().formula(formula) == line
    assert Latex().formula(formula) == latex


def test_a_number_times_a_matrix_is_no_hadamard_product() -> None:
    assert OneLine(["eta"]).formula(eta * x) == "η x"
    assert OneLine().formula(eta * x) == "η ⊙ x"


def test_an_equation_of_a_local_derivative_goes_by_way_of_the_closed_slope() -> None:
    stage = lecture()["dh/dp"]
    assert Latex(scalars(lecture())).matrix_equation(stage) == (
        r"\frac{\partial h}{\partial p} = \sigma'(p) = h \odot (1 - h)"
    )
    assert Latex(scalars(lecture())).index_equation(stage) == (
        r"\frac{\partial h_{nj}}{\partial p_{n'j'}} = h_{nj} \, (1 - h_{nj}) \, \delta_{nn'} \, \delta_{jj'}"
    )


def test_an_equation_names_its_stage_on_the_left() -> None:
    latex = Latex(scalars(lecture()))
    assert latex.matrix_equation(lecture()["E"]) == r"E = \textstyle\sum (y - t)^{2}"
    assert latex.index_equation(lecture()["V'"]) == r"V'_{jk} = V_{jk} - \eta \, \frac{\partial E}{\partial V_{jk}}"
    assert latex.chain(lecture()["dE/dV"]) == (
        r"\frac{\partial E}{\partial V} = \frac{\partial E}{\partial z} \cdot \frac{\partial z}{\partial V}"
    )


@pytest.mark.parametrize("name", ["p", "E", "dE/dy", "dz/dV", "V'"])
def test_what_the_chain_rule_did_not_make_has_no_chain(name: str) -> None:
    assert OneLine(SCALARS).chain(lecture()[name]) is None


BLOCKS = [
    ("p", "matrix", ["p = x W"], 0),
    ("p", "index", ["p[n,j] = ∑ x[n,i] W[i,j]", "         i              "], 0),
    ("E", "matrix", ["E = ∑ (y − t)²"], 0),
    ("E", "index", ["E =  ∑  (y[n,k] − t[n,k])²", "    n,k                   "], 0),
    ("dE/dV", "matrix", ["∂E      ∂E", "── = hᵀ ──", "∂V      ∂z"], 1),
    (
        "dE/dV",
        "index",
        ["  ∂E                 ∂E   ", "─────── = ∑ h[n,j] ───────", "∂V[j,k]   n        ∂z[n,k]"],
        1,
    ),
    ("dE/dz", "chain", ["∂E   ∂E   ∂y", "── = ── · ──", "∂z   ∂y   ∂z"], 1),
    ("dy/dz", "matrix", ["∂y                      ", "── = σ′(z) = y ⊙ (1 − y)", "∂z                      "], 1),
    (
        "dy/dz",
        "index",
        [
            " ∂y[n,k]                                       ",
            "───────── = y[n,k] (1 − y[n,k]) δ[n,n′] δ[k,k′]",
            "∂z[n′,k′]                                      ",
        ],
        1,
    ),
    ("V'", "matrix", ["           ∂E", "V′ = V − η ──", "           ∂V"], 1),
]


@pytest.mark.parametrize(("name", "form", "lines", "baseline"), BLOCKS)
def test_a_block_aligns_its_boxes_on_the_baseline(name: str, form: str, lines: list[str], baseline: int) -> None:
    pretty = Pretty(scalars(lecture()))
    stage = lecture()[name]
    equation = {"matrix": pretty.matrix_equation, "index": pretty.index_equation, "chain": pretty.chain}[form]
    box = equation(stage)
    assert box is not None
    block = pretty.block(box)
    assert list(block.lines) == lines
    assert (block.baseline, block.width) == (baseline, len(lines[0]))


def test_all_lines_of_a_block_are_equally_long() -> None:
    pretty = Pretty(scalars(lecture()))
    for stage in lecture():
        for box in (pretty.matrix_equation(stage), pretty.index_equation(stage), pretty.chain(stage)):
            assert box is None or len({len(line) for line in pretty.block(box).lines}) == 1


def test_a_transpose_of_a_fraction_stands_at_its_top_in_tall_parentheses() -> None:
    pretty = Pretty()
    assert list(pretty.block(pretty.formula(Transposed(dz))).lines) == ["⎛∂E⎞ᵀ", "⎜──⎟ ", "⎝∂z⎠ "]


@pytest.mark.parametrize(
    ("values", "form"),
    [
        ([1, 2, 1], ".0f"),
        ([0, -9999], ".0f"),
        ([10000], ".3e"),
        ([0.5], ".4f"),
        ([123.4567], ".4f"),
        ([0.0123], ".5f"),
        ([0.000001234], ".3e"),
        ([0.5, 1e-9], ".4f"),
        ([float("nan"), 0.5], ".4f"),
        ([float("inf")], ".0f"),
        ([], ".0f"),
    ],
)
def test_numbers_that_stand_together_share_a_format_set_by_the_largest(values: list[float], form: str) -> None:
    assert style(values) == form


def test_a_matrix_is_written_with_true_minus_signs_and_no_negative_zero() -> None:
    assert written(np.array([[-1.5, 0.25], [-0.00001, 2.0]])) == [["−1.5000", "0.2500"], ["0.0000", "2.0000"]]
    assert written(np.array([[-0.0, -3.0]])) == [["0", "−3"]]
    assert written(np.array([[-1.234e-9]])) == [["−1.234e−09"]]
    assert (number(-0.0), number(-1.5)) == ("0", "−1.5")


def test_what_is_no_number_is_still_written() -> None:
    assert written(np.array([[-np.inf, np.nan]])) == [["−inf", "nan"]]


@settings(deadline=None)
@given(st.floats(1e-7, 9999) | st.floats(-9999, -1e-7))
def test_a_written_number_keeps_four_digits(value: float) -> None:
    ((text,),) = written(np.array([[value]]))
    assert float(text.replace("−", "-")) == pytest.approx(value, rel=5.1e-4)


@pytest.mark.parametrize(
    ("value", "text"), [(0.8553123456, "0.855312"), (-2.0, "−2"), (1.5e-9, "1.5e−09"), (1234567.0, "1.23457e+06")]
)
def test_one_number_is_written_to_six_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_large_matrix_is_abridged_to_its_first_rows_and_its_last() -> None:
    assert abridged((3, 3), 3, 3) == ([0, 1, 2], [0, 1, 2])
    assert abridged((9, 2), 4, 4) == ([0, 1, None, 8], [0, 1])
    assert abridged((2, 100), 4, 5) == ([0, 1], [0, 1, 2, None, 99])


def test_whole_numbers_print_as_such() -> None:
    assert OneLine().formula(Integer(-3) * x) == "−3 x"


@pytest.mark.parametrize(
    ("written", "shown", "latex"),
    [
        (pi * Quantity("x"), "π x", r"\pi \, x"),
        (EULER * Quantity("x"), "e x", r"e \, x"),
        (Rational("-0.0000025"), "−2.5 · 10⁻⁶", r"-2.5 \cdot 10^{-6}"),
        (Rational("0.01"), "0.01", "0.01"),
    ],
)
def test_numbers_and_constants_are_spelled_as_on_a_chalkboard(written: Expr, shown: str, latex: str) -> None:
    assert OneLine().formula(written) == str(Pretty().formula(written)) == shown
    assert Latex().formula(written) == latex
