"""The order in which a reader expects terms and factors, which SymPy's own sorting doesn't know.

A sum puts what is added before what is subtracted: ``1 - y``, ``y - t``. A product goes from the row index to the
column index, ``x[n,i] W[i,j]``; among factors that share their indices an adjoint comes first and a sum last:
``dE/dy * y * (1 - y)``.
"""

from __future__ import annotations

from collections.abc import Iterable

from sympy import Add, Expr, Indexed, KroneckerDelta, Mul, S, Sum, default_sort_key

from ..calculus.indices import SAMPLE_LETTER, Index, axis, free_indices
from ..calculus.matrices import MatrixProduct, Quantity
from ..calculus.others import Differs, ExpElsewhere
from ..notation import LEARNING_RATE, derivative_parts


def signed_terms(total: Add) -> list[tuple[bool, Expr]]:
    """Return the terms of a sum in reading order, each as (is subtracted, its positive form).

    What is added comes before what is subtracted, a product of matrices before what is added to it: ``x W + b``, and a
    step by the learning rate after what takes it: ``V + eta dE/dV``.
    A number comes first where something is taken from it, ``1 - y``, and else last, ``s + 0.01``.
    """
    terms = [(term.could_extract_minus_sign(), term) for term in total.args]
    subtracts = any(negative for negative, _ in terms)
    ordered = sorted(terms, key=lambda pair: (pair[0], *_term_rank(pair[1], numbers_first=subtracts)))
    return [(negative, -term if negative else term) for negative, term in ordered]


def _term_rank(term: Expr, *, numbers_first: bool) -> tuple[object, ...]:
    number = not term.is_number if numbers_first else term.is_number
    alone = term.is_Symbol and not _is_adjoint(term)
    return number, _is_step(term), not term.has(MatrixProduct, Sum), alone, default_sort_key(term)


def _is_step(term: Expr) -> bool:
    return any(symbol.name == LEARNING_RATE for symbol in term.free_symbols)


def factors(product: Expr, bound: Iterable[Expr] = ()) -> tuple[Expr, list[Expr], list[Expr]]:
    """Part a product into its number, its numerator and its denominator, each in reading order."""
    number, rest = product.as_coeff_Mul()
    above, below = [], []
    for factor in Mul.make_args(rest):
        base, exponent = factor.as_base_exp()
        if exponent.is_Rational and exponent.is_negative:
            below.append(base**-exponent)
        elif factor is not S.One:
            above.append(factor)
    taken = set(bound)
    return number, sorted(above, key=lambda part: _rank(part, taken)), sorted(below, key=default_sort_key)


def _rank(factor: Expr, bound: set[Expr]) -> tuple[object, ...]:
    free = sorted(_index_rank(index) for index in free_indices(factor) - bound)
    return (
        isinstance(factor, KroneckerDelta | Differs | ExpElsewhere),
        isinstance(factor, Add),
        not _is_scalar_symbol(factor),
        free[:1],
        not _is_adjoint(factor),
        default_sort_key(factor),
    )


def _index_rank(index: Index) -> tuple[bool, str]:
    return axis(index) != SAMPLE_LETTER, index.name


def _is_scalar_symbol(factor: Expr) -> bool:
    return factor.is_Symbol and not isinstance(factor, Quantity)


def _is_adjoint(factor: Expr) -> bool:
    label = factor.base.label if isinstance(factor, Indexed) else factor
    return label.is_Symbol and derivative_parts(label.name) is not None
