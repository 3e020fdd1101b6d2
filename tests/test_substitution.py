from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Expr, KroneckerDelta, Mul

from backprop_tui.calculus.functions import FUNCTIONS
from backprop_tui.calculus.index_form import index_form
from backprop_tui.calculus.indices import Index, Size, base, canonical, summed
from backprop_tui.engine.evaluation import Evaluation
from backprop_tui.printers.marks import Segment, bare, marked, segments
from backprop_tui.printers.substituted import SubstitutedLatex, SubstitutedLine
from backprop_tui.printers.substitution import Cell, figure

from .networks import LETTERS, MATRIX_AXES, SIZES, Array, array_value, expressions
from .substitutions import arithmetic, only_axes, signed_values

n, i, j = map(Index, "nij")
a, b, c = base("Ani"), base("Aij"), base("A1j")
PLACE = {n: 1, i: 2, j: 3}
NUMBERS: dict[str, Array] = {
    **signed_values(),
    "Ani": np.array([[1.0, 2.0, 3.0], [-0.5, 0.25, -4.0]]),
    "Bni": np.array([[1.0, 2.0, 3.0], [0.1, 0.2, -1.5e-7]]),
    "Aij": np.array([[2.0, -1.0, 0.0, 5.0], [1.0, 1.0, 1.0, 1.0], [-3.0, 0.5, 8.0, -0.125]]),
}


def line(form: Expr, *, put_in: bool = True, digits: int | None = None) -> str:
    return bare(SubstitutedLine(Evaluation(only_axes(), NUMBERS), PLACE, put_in=put_in, digits=digits).formula(form))


def latex(form: Expr, *, put_in: bool = True) -> str:
    return SubstitutedLatex(Evaluation(only_axes(), NUMBERS), PLACE, put_in=put_in).formula(form)


@settings(deadline=None)
@given(st.data())
def test_the_numbers_put_in_are_arithmetic_for_the_value(data: st.DataObject) -> None:
    axes = data.draw(st.tuples(st.sampled_from(LETTERS), st.sampled_from(LETTERS)))
    expression = data.draw(expressions(axes))
    row, column = canonical(axes)
    form = index_form(expression, row, column, MATRIX_AXES)
    shape = tuple(SIZES.get(letter, 1) for letter in axes)
    cell = data.draw(st.tuples(st.integers(0, shape[0] - 1), st.integers(0, shape[1] - 1)))
    whole = np.broadcast_to(array_value(expression, signed_values()), shape)
    evaluation = Evaluation(only_axes(), signed_values())
    put_in = SubstitutedLine(evaluation, {row: cell[0], column: cell[1]}, put_in=True, digits=17)
    assert arithmetic(put_in.formula(form)) == pytest.approx(whole[cell], rel=1e-9, abs=1e-9 * np.abs(whole).max())


@pytest.mark.parametrize(
    ("form", "named", "numbers"),
    [
        (a[n, i] * b[i, j], "Ani[1,2] · Aij[2,3]", "−4 · −0.125"),
        (1 - a[n, i], "1 − Ani[1,2]", "1 − (−4)"),
        (a[n, i] ** 2, "Ani[1,2]²", "(−4)²"),
        (base("Bni")[n, i] ** 2, "Bni[1,2]²", "(−1.5e−07)²"),
        (-a[n, i], "−Ani[1,2]", "−(−4)"),
        (a[n, i] - b[i, j], "Ani[1,2] − Aij[2,3]", "−4 − (−0.125)"),
        (FUNCTIONS["sigmoid"](a[n, i]), "σ(Ani[1,2])", "σ(−4)"),
        (a[n, i] / Size("n"), "Ani[1,2]/N", "−4/2"),
    ],
)
def test_a_formula_reads_as_on_a_board(form: Expr, named: str, numbers: str) -> None:
    assert line(form, put_in=False) == named
    assert line(form) == numbers


def test_a_short_sum_is_written_out_in_the_order_of_its_index() -> None:
    total = summed(a[n, i] * b[i, j], [i])
    assert line(total, put_in=False) == "Ani[1,0]·Aij[0,3] + Ani[1,1]·Aij[1,3] + Ani[1,2]·Aij[2,3]"
    assert line(total) == "(−0.5)·5 + 0.25·1 + (−4)·(−0.125)"


def test_a_sum_of_many_terms_shows_the_largest_and_what_the_rest_adds_up_to() -> None:
    total = summed(b[i, j], [i, j])
    assert line(total, put_in=False) == "Aij[2,2] + Aij[0,3] + Aij[2,0] + 9 more"
    assert line(total) == "8 + 5 + (−3) + 5.375 (9 more)"
    assert line(-summed(b[i, j] - 3, [i, j]), put_in=False).startswith("−((Aij[2,0] − 3) + ")


def test_a_rest_below_zero_is_subtracted() -> None:
    assert line(summed(-b[i, j], [i, j])).endswith(" − 5.375 (9 more)")


def test_a_sum_inside_a_product_a_fraction_or_behind_a_minus_keeps_its_parentheses() -> None:
    total = summed(a[n, i], [i])
    assert line(2 * total) == "2 · (−0.5 + 0.25 + (−4))"
    assert line(-total) == "−(−0.5 + 0.25 + (−4))"
    assert line(b[i, j] / total) == "−0.125/(−0.5 + 0.25 + (−4))"
    assert line(Mul(b[i, j], 1 / Size("i"))) == "−0.125/3"


def test_a_delta_names_its_indices_and_is_then_a_number() -> None:
    delta = KroneckerDelta(n, Index("n'"))
    evaluation = Evaluation(only_axes(), NUMBERS)
    for other, number in ((1, "1"), (0, "0")):
        place = {n: 1, Index("n'"): other}
        assert SubstitutedLine(evaluation, place, put_in=False).formula(delta) == f"δ[1,{other}]"
        assert SubstitutedLine(evaluation, place, put_in=True).formula(delta) == number


def test_latex_keeps_indices_apart_and_negative_numbers_whole() -> None:
    total = summed(a[n, i] * c[0, j], [i])
    assert latex(a[n, i] * b[i, j], put_in=False) == r"\mathrm{Ani}_{1,2} \cdot \mathrm{Aij}_{2,3}"
    assert latex(1 - a[n, i]) == "1 - (-4)"
    assert latex(base("Bni")[n, i] ** 2) == r"(-1.5 \cdot 10^{-7})^{2}"
    assert "−" not in latex(total)
    assert r"\text{9 more}" in latex(summed(b[i, j], [i, j]), put_in=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.01, "0.01"), (2.0, "2"), (-0.5, "−0.5"), (0.80901699, "0.8090"), (1e-8, "1e−08"), (0.0, "0"), (np.nan, "nan")],
)
def test_an_exact_number_is_short_and_any_other_has_four_digits(value: float, text: str) -> None:
    assert figure(value) == text


def test_the_cells_met_are_numbered_in_the_order_of_reading_each_once() -> None:
    form = a[n, i] * (1 - a[n, i]) * b[i, j]
    typeset = SubstitutedLine(Evaluation(only_axes(), NUMBERS), PLACE, put_in=True)
    parts = segments(typeset.formula(form))
    assert typeset.met == [Cell("Ani", 1, 2), Cell("Aij", 2, 3)]
    assert [part.source for part in parts if part.source is not None] == [0, 1, 0]


def test_a_marked_text_is_parted_and_bared() -> None:
    text = f"{marked('x', 1)} − {marked('y', 0)}."
    assert segments(text) == (Segment("x", 1), Segment(" − "), Segment("y", 0), Segment("."))
    assert bare(text) == "x − y."
