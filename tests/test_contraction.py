from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Add, Expr, Integer, KroneckerDelta, Sum

from backprop_tui.calculus.contraction import Term, contract, renamed, split_deltas, terms
from backprop_tui.calculus.indices import Index, base, free_indices, summed

from .networks import entries

n, m, i, k = Index("n"), Index("n'"), Index("i"), Index("i'")
a, b, c = base("A"), base("B"), base("C")
SIZES = {"n": 2, "i": 3}
POOL = {"n": [n, m, Index("n''")], "i": [i, k, Index("i''")]}
VALUES: Mapping[str, np.ndarray] = {
    name: np.random.default_rng(seed).integers(1, 9, (3, 3)).astype(object) for seed, name in enumerate("ABC")
}


def delta(first: Expr, second: Expr) -> Expr:
    return KroneckerDelta(first, second)


def values_of(expression: Expr, indices: list[Expr]) -> list[int]:
    return [int(value) for value in entries(expression, indices, VALUES, SIZES)]


@st.composite
def factors(draw: st.DrawFn) -> Expr:
    if draw(st.booleans()):
        first, second = draw(st.lists(st.sampled_from(POOL[draw(st.sampled_from("ni"))]), min_size=2, max_size=2))
        return delta(first, second)
    every = [*POOL["n"], *POOL["i"]]
    return base(draw(st.sampled_from("ABC")))[draw(st.sampled_from(every)), draw(st.sampled_from(every))]


@st.composite
def products(draw: st.DrawFn) -> Expr:
    """A product of entries and deltas, each index summed or left free at random."""
    product = Integer(1)
    for factor in draw(st.lists(factors(), min_size=1, max_size=4)):
        product *= factor
    over = draw(st.lists(st.sampled_from(sorted(free_indices(product), key=str) or [n]), unique=True, max_size=3))
    return summed(product, over)


def sums() -> st.SearchStrategy[Expr]:
    return st.lists(products(), min_size=1, max_size=3).map(lambda parts: Add(*parts))


@settings(deadline=None)
@given(sums())
def test_contraction_changes_no_value(expression: Expr) -> None:
    free = sorted(free_indices(expression), key=str)
    assert values_of(contract(expression), free) == values_of(expression, free)


@settings(deadline=None)
@given(products())
def test_no_delta_with_a_summed_index_is_left(expression: Expr) -> None:
    for total in contract(expression).atoms(Sum):
        bound = {limit[0] for limit in total.limits}
        assert not any(bound & set(found.args) for found in total.atoms(KroneckerDelta))


@settings(deadline=None)
@given(sums())
def test_renaming_an_index_renames_it_and_nothing_else(expression: Expr) -> None:
    free = sorted(free_indices(expression), key=str)
    names = {symbol: Index(f"{symbol.name}'''") for symbol in free}
    swapped = {n: m, m: n, i: k, k: i}
    assert values_of(renamed(expression, names), [names[symbol] for symbol in free]) == values_of(expression, free)
    moved = [swapped.get(symbol, symbol) for symbol in free]
    assert values_of(renamed(expression, swapped), moved) == values_of(expression, free)


@settings(deadline=None)
@given(sums())
def test_the_terms_of_an_expression_add_up_to_it(expression: Expr) -> None:
    free = sorted(free_indices(expression), key=str)
    total = Add(*(term.expression for term in terms(expression)))
    assert values_of(total, free) == values_of(expression, free)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (summed(a[n, i] * delta(i, k), [i]), a[n, k]),
        (summed(a[n, i] * delta(i, k) * delta(n, m), [i, n]), a[m, k]),
        (summed(a[n, i] * delta(i, k), [n]), summed(a[n, i] * delta(i, k), [n])),
        (summed(delta(i, k), [i]), Integer(1)),
        (summed(delta(i, k), [i, k]), summed(Integer(1), [i])),
        (summed(summed(a[n, i] * delta(n, m), [n]) * b[i, n], [i]), summed(a[m, i] * b[i, n], [i])),
        (summed(a[m, n] * delta(n, m), [m, n]), summed(a[n, n], [n])),
    ],
    ids=str,
)
def test_a_delta_puts_one_index_in_the_place_of_the_other(expression: Expr, expected: Expr) -> None:
    assert contract(expression) == expected


def test_a_sum_left_over_is_named_with_as_few_primes_as_possible() -> None:
    assert contract(summed(a[n, k] * b[k, n] * delta(n, m), [k, m])) == summed(a[n, i] * b[i, n], [i])


def test_renaming_keeps_clear_of_the_summed_index() -> None:
    assert renamed(summed(a[n, m], [m]), {n: m}) == summed(a[m, n], [n])


def test_a_product_of_two_sums_keeps_their_indices_apart() -> None:
    (term,) = terms(summed(a[n, i], [i]) * summed(b[n, i], [i]))
    assert len(set(term.over)) == 2
    assert values_of(term.expression, [n]) == [
        int(VALUES["A"][row].sum() * VALUES["B"][row].sum()) for row in range(SIZES["n"])
    ]


def test_a_factor_that_is_a_plain_sum_stays_whole() -> None:
    whole = a[n, i] - b[n, i]
    (term,) = terms(2 * c[n, i] * whole)
    assert whole in term.factors


def test_deltas_part_from_the_rest_of_a_term() -> None:
    deltas, rest = split_deltas(Term((a[n, i], delta(i, k), delta(n, m)), (i,)))
    assert deltas == [delta(i, k), delta(n, m)]
    assert rest == Term((a[n, i],), (i,))
    assert split_deltas(Term((delta(i, k),)))[1] == Term((Integer(1),))


def test_a_term_knows_its_free_indices() -> None:
    assert Term((a[n, i], b[i, k]), (i,)).free == {n, k}
