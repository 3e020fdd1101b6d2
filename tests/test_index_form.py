from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Expr, Integer, Sum, Symbol

from backprop_tui.calculus.functions import FUNCTIONS
from backprop_tui.calculus.index_form import axes_of, index_form
from backprop_tui.calculus.indices import (
    Axes,
    Index,
    Size,
    axis,
    base,
    canonical,
    entry,
    free_indices,
    fresh,
    letters,
    names_in,
    summed,
)
from backprop_tui.calculus.matrices import ColumnSums, MatrixProduct, Ones, Quantity, RowSums, Total, Transposed

from .networks import MATRIX_AXES, SIZES, array_value, entries, expressions, generic_values

n, i, j = map(Index, "nij")
A, B, ROW, COLUMN, ETA = (Quantity(name) for name in ("A", "B", "row", "column", "eta"))
a, b, row, column = (base(name) for name in ("A", "B", "row", "column"))
AXES: dict[str, Axes] = {
    "A": ("n", "i"),
    "B": ("i", "j"),
    "S": ("i", "i"),
    "row": ("", "i"),
    "column": ("n", ""),
    "eta": ("", ""),
}
sigmoid = FUNCTIONS["sigmoid"]

WRITTEN: tuple[tuple[Expr, Axes, Expr], ...] = (
    (A, ("n", "i"), a[n, i]),
    (ETA, ("", ""), Symbol("eta", real=True)),
    (Transposed(A), ("i", "n"), a[n, i]),
    (MatrixProduct(A, B), ("n", "j"), Sum(a[n, i] * b[i, j], (i, 0, Size("i") - 1))),
    (MatrixProduct(Transposed(A), A), ("i", "i"), Sum(a[n, i] * a[n, Index("i'")], (n, 0, Size("n") - 1))),
    (MatrixProduct(COLUMN, ROW), ("n", "i"), column[n, 0] * row[0, i]),
    (A * ROW, ("n", "i"), a[n, i] * row[0, i]),
    (A + COLUMN, ("n", "i"), a[n, i] + column[n, 0]),
    (2 * A**2 - 1, ("n", "i"), 2 * a[n, i] ** 2 - 1),
    (sigmoid(A), ("n", "i"), sigmoid(a[n, i])),
    (RowSums(A), ("n", ""), Sum(a[n, i], (i, 0, Size("i") - 1))),
    (ColumnSums(A), ("", "i"), Sum(a[n, i], (n, 0, Size("n") - 1))),
    (Total(A), ("", ""), Sum(a[n, i], (n, 0, Size("n") - 1), (i, 0, Size("i") - 1))),
    (Total(ROW), ("", ""), Sum(row[0, i], (i, 0, Size("i") - 1))),
    (Ones(A), ("n", "i"), Integer(1)),
)


@pytest.mark.parametrize(("expression", "axes", "index"), WRITTEN, ids=str)
def test_an_operation_has_the_entry_of_its_definition(expression: Expr, axes: Axes, index: Expr) -> None:
    assert index_form(expression, *canonical(axes), AXES) == index


@pytest.mark.parametrize(("expression", "axes"), [case[:2] for case in WRITTEN if not case[0].has(Ones)], ids=str)
def test_an_operation_has_the_axes_of_its_operands(expression: Expr, axes: Axes) -> None:
    assert axes_of(expression, AXES) == axes


def test_a_summed_index_is_primed_where_the_entry_itself_uses_its_letter() -> None:
    square = base("S")
    inner = Index("i''")
    product = index_form(MatrixProduct(Quantity("S"), Quantity("S")), *canonical(("i", "i")), AXES)
    assert product == Sum(square[i, inner] * square[inner, Index("i'")], (inner, 0, Size("i") - 1))


@settings(deadline=None)
@given(st.data())
def test_the_entries_are_those_that_numpy_computes(data: st.DataObject) -> None:
    axes = data.draw(st.sampled_from([("n", "j"), ("i", "n"), ("n", "n"), ("j", ""), ("", "i"), ("", "")]))
    expression = data.draw(expressions(axes, depth=2))
    indices = canonical(axes)
    found = np.array(
        entries(index_form(expression, *indices, MATRIX_AXES), indices, generic_values(), SIZES), dtype=float
    )
    expected = array_value(expression, generic_values())
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-12)


def test_letters_begin_with_n_for_samples_and_never_end() -> None:
    supply = letters()
    first = [next(supply) for _ in range(40)]
    assert first[:4] == ["n", "i", "j", "k"]
    assert len(set(first)) == 40


def test_no_letter_is_one_that_a_lecture_uses_for_a_quantity() -> None:
    supply = letters()
    assert not {next(supply) for _ in range(12)} & set("xtpzhyEVWb")


def test_a_fresh_index_has_as_few_primes_as_possible() -> None:
    assert fresh("i", []) == i
    assert fresh("i", [i, j]) == Index("i'")
    assert fresh("i", [i, Index("i'")]) == Index("i''")
    assert fresh("", [Integer(0)]) == 0


def test_primes_do_not_change_the_axis_of_an_index() -> None:
    assert axis(Index("i2''")) == "i2"


def test_an_entry_along_an_axis_of_one_stands_at_0_and_a_scalar_has_no_index() -> None:
    assert entry("row", n, i, ("", "i")) == row[0, i]
    assert entry("column", n, i, ("n", "")) == column[n, 0]
    assert entry("eta", n, i, ("", "")) == Symbol("eta", real=True)


def test_summing_over_an_axis_of_one_adds_no_sum() -> None:
    assert summed(row[0, i], [Integer(0)]) == row[0, i]


def test_a_summed_index_is_not_free() -> None:
    assert free_indices(summed(a[n, i] * b[i, j], [i])) == {n, j}


def test_the_names_in_an_index_form_are_its_quantities_alone() -> None:
    eta = entry("eta", Integer(0), Integer(0), ("", ""))
    assert names_in(eta * summed(a[n, i] * b[i, j], [i]) / Size("n")) == {"eta", "A", "B"}
