from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import KroneckerDelta, exp, pi, sqrt

from backprop_tui.calculus.functions import FUNCTIONS, slope
from backprop_tui.calculus.index_form import index_form
from backprop_tui.calculus.indices import Index, Size, base, canonical, summed
from backprop_tui.engine.evaluation import Evaluation

from .networks import LETTERS, MATRIX_AXES, SIZES, array_value, entry_at, expressions
from .substitutions import only_axes, signed_values

n, i, j = map(Index, "nij")
A, B = base("Ani"), base("Aij")
PLACE = {n: 1, i: 2}
evaluation = Evaluation(only_axes(), signed_values())


@settings(deadline=None)
@given(st.data())
def test_an_index_form_has_the_value_of_its_matrix_expression_at_every_place(data: st.DataObject) -> None:
    axes = data.draw(st.tuples(st.sampled_from(LETTERS), st.sampled_from(LETTERS)))
    expression = data.draw(expressions(axes))
    row, column = canonical(axes)
    form = index_form(expression, row, column, MATRIX_AXES)
    shape = tuple(SIZES.get(letter, 1) for letter in axes)
    whole = np.broadcast_to(array_value(expression, signed_values()), shape)
    own = [evaluation(form, {row: place[0], column: place[1]}) for place in np.ndindex(shape)]
    np.testing.assert_allclose(np.reshape(own, shape), whole, rtol=1e-9, atol=1e-9 * np.abs(whole).max())


@pytest.mark.parametrize(
    "form",
    [
        summed(A[n, i] * B[i, j] * Size("j"), [i, j]),
        summed(KroneckerDelta(n, Index("n'")) * A[Index("n'"), i], [Index("n'")]),
        summed(1 / (1 + summed(B[i, j] ** 2, [j])), [i]) * A[n, i],
        summed(A[n, i], [j]),
        (1 - A[n, i]) ** 2 / 3,
    ],
)
def test_sums_within_sums_deltas_and_sizes_are_as_if_written_out(form: object) -> None:
    assert evaluation(form, PLACE) == pytest.approx(float(entry_at(form, PLACE, signed_values(), SIZES)), rel=1e-12)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (sqrt(2) / 2, 0.5**0.5),
        (pi, np.pi),
        (exp(A[n, i]), np.exp(signed_values()["Ani"][1, 2])),
        (slope(FUNCTIONS["relu"])(-(A[n, i] ** 2)), 0),
        (FUNCTIONS["sigmoid"](-1000 * A[n, i] ** 2), 0),
    ],
)
def test_functions_and_constants_are_those_of_the_engine(form: object, value: float) -> None:
    assert evaluation(form, PLACE) == pytest.approx(value, abs=1e-12)


def test_the_terms_of_a_sum_stand_in_the_order_of_its_indices() -> None:
    terms = evaluation.terms(summed(A[n, i] * B[i, j], [i, j]), {n: 1})
    np.testing.assert_allclose(terms, signed_values()["Ani"][1][:, None] * signed_values()["Aij"])


def test_an_index_that_no_factor_has_still_runs() -> None:
    assert evaluation.terms(summed(A[n, i], [j]), PLACE).shape == (SIZES["j"],)


def test_what_overflows_is_infinite_without_a_warning() -> None:
    assert evaluation(exp(1000 * Size("n")), {}) == np.inf
