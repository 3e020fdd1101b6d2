from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Expr, KroneckerDelta

from backprop_tui.calculus.index_form import index_form
from backprop_tui.calculus.indices import Axes, Index, Size, base, canonical, fresh, summed
from backprop_tui.calculus.matrices import (
    ColumnSums,
    MatrixProduct,
    Ones,
    Quantity,
    RowSums,
    Total,
    Transposed,
)
from backprop_tui.calculus.matrix_form import Recovered, Rule, Step, recovered

from .networks import MATRIX_AXES, SIZES, array_value, expressions, generic_values, products

n, i, j, k = map(Index, "nijk")
A, B = Quantity("A"), Quantity("B")
a, b, d = (base(name) for name in "ABD")

r, c = base("row"), base("column")
ROW, COLUMN = Quantity("row"), Quantity("column")

TARGETS: tuple[Axes, ...] = (("n", "j"), ("j", "n"), ("i", "i"), ("n", ""), ("", "j"), ("", ""))

REDUCIBLE: tuple[tuple[Expr, Axes, Expr], ...] = (
    (a[n, i], ("n", "i"), A),
    (a[i, n], ("n", "i"), Transposed(A)),
    (a[n, i] * b[n, i], ("n", "i"), A * B),
    (a[n, i] * b[i, n], ("n", "i"), A * Transposed(B)),
    (summed(a[n, i] * b[i, j], [i]), ("n", "j"), MatrixProduct(A, B)),
    (summed(a[i, n] * b[i, j], [i]), ("n", "j"), MatrixProduct(Transposed(A), B)),
    (summed(a[n, i] * b[j, i], [i]), ("n", "j"), MatrixProduct(A, Transposed(B))),
    (summed(a[i, n] * b[j, i], [i]), ("n", "j"), MatrixProduct(Transposed(A), Transposed(B))),
    (summed(a[n, i] * b[i, j], [i]), ("j", "n"), MatrixProduct(Transposed(B), Transposed(A))),
    (summed(a[n, i], [i]), ("n", ""), RowSums(A)),
    (summed(a[n, i], [n]), ("", "i"), ColumnSums(A)),
    (summed(a[n, i], [n, i]), ("", ""), Total(A)),
    (summed(a[n, i] * r[0, i] * b[i, j], [i]), ("n", "j"), MatrixProduct(A * ROW, B)),
    (a[n, i] * r[0, i], ("n", "i"), A * ROW),
    (a[n, i] * c[n, 0], ("n", "i"), A * COLUMN),
    (c[n, 0] * r[0, i], ("n", "i"), COLUMN * ROW),
    (3 * a[n, i] - b[i, n], ("n", "i"), 3 * A - Transposed(B)),
    (a[n, i] * (1 - a[n, i]), ("n", "i"), A * (1 - A)),
    (c[n, 0] * (c[n, 0] + summed(a[n, i], [i])), ("n", ""), COLUMN * (COLUMN + RowSums(A))),
    (c[n, 0] * (d[n, j] + summed(a[n, i] * b[i, j], [i])), ("n", "j"), COLUMN * (Quantity("D") + MatrixProduct(A, B))),
)

IRREDUCIBLE: tuple[tuple[Expr, Axes], ...] = (
    (summed(a[i, i], [i]), ("", "")),
    (a[n, n] * b[n, j], ("n", "j")),
    (KroneckerDelta(n, fresh("n", {n})) - 1 / Size("n"), ("n", "n")),
    (summed(a[n, i] * b[n, j] * c[i, j] * d[i, k] * base("e")[j, k], [i, j]), ("n", "k")),
)


def brought_back(expression: Expr, axes: Axes) -> Recovered:
    return recovered(index_form(expression, *canonical(axes), MATRIX_AXES), axes)


def assert_equal_arrays(found: Expr, expected: Expr, axes: Axes) -> None:
    shape = tuple(SIZES.get(letter, 1) for letter in axes)
    value = np.broadcast_to(array_value(found, generic_values()), shape)
    np.testing.assert_allclose(value, np.broadcast_to(array_value(expected, generic_values()), shape), rtol=1e-12)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_recovered_matrix_form_is_never_wrong(data: st.DataObject) -> None:
    axes = data.draw(st.sampled_from(TARGETS))
    expression = data.draw(expressions(axes))
    found = brought_back(expression, axes).matrix
    if found is not None:
        assert_equal_arrays(found, expression, axes)


@settings(deadline=None)
@given(st.data())
def test_products_transposes_and_hadamard_products_are_always_recovered(data: st.DataObject) -> None:
    axes = data.draw(st.sampled_from(TARGETS))
    expression = data.draw(products(axes))
    found = brought_back(expression, axes).matrix
    assert found is not None
    assert_equal_arrays(found, expression, axes)


@settings(deadline=None)
@given(st.data())
def test_sums_of_entries_are_always_recovered(data: st.DataObject) -> None:
    inner = data.draw(products(("n", "i"), depth=2))
    for sums, axes in ((RowSums, ("n", "")), (ColumnSums, ("", "i")), (Total, ("", ""))):
        found = brought_back(sums(inner), axes).matrix
        assert found is not None
        assert_equal_arrays(found, sums(inner), axes)


@pytest.mark.parametrize(("index", "axes", "matrix"), REDUCIBLE, ids=str)
def test_an_index_form_has_the_matrix_form_of_the_textbook(index: Expr, axes: Axes, matrix: Expr) -> None:
    assert recovered(index, axes).matrix == matrix


@pytest.mark.parametrize(("index", "axes"), IRREDUCIBLE, ids=str)
def test_a_diagonal_or_a_meeting_of_three_matrices_has_no_matrix_form(index: Expr, axes: Axes) -> None:
    assert recovered(index, axes) == Recovered(None)


def test_an_index_along_no_axis_of_the_result_has_no_matrix_form() -> None:
    assert recovered(a[n, i], ("n", "")) == Recovered(None)


def test_an_axis_in_no_factor_is_repeated_by_ones_in_the_shape_of_the_quantity() -> None:
    found = recovered(c[n, 0], ("n", "i"), "x")
    assert found.matrix == COLUMN * Ones(Quantity("x"))
    assert [step.rule for step in found.steps] == [Rule.REPEAT]


def test_an_axis_in_no_factor_is_left_to_broadcast_where_no_shape_is_named() -> None:
    assert recovered(c[n, 0], ("n", "i")) == Recovered(COLUMN)


def test_a_sum_over_an_axis_in_no_factor_counts_it() -> None:
    assert recovered(summed(c[n, 0], [i]), ("n", "")).matrix == Size("i") * COLUMN


def test_the_steps_tell_which_index_was_summed_and_what_it_made() -> None:
    found = recovered(summed(a[n, i] * b[j, i], [i]), ("n", "j"))
    assert found.steps == (Step(Rule.PRODUCT, i, MatrixProduct(A, Transposed(B))),)


def test_a_sum_of_terms_has_the_steps_of_each() -> None:
    found = recovered(summed(a[n, i], [i]) + summed(b[n, j], [j]), ("n", ""))
    assert {(step.rule, step.index) for step in found.steps} == {(Rule.SUM, i), (Rule.SUM, j)}
