"""Contraction: sums of products in index notation, with Kronecker deltas eliminated.

The identity behind it: Sum(f[j] * delta[j, k], j) = f[k]. The index j runs along its whole axis, so k is always met.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from sympy import Add, Expr, KroneckerDelta, Mul, S, Sum

from .indices import axis, free_indices, fresh, summed


@dataclass(frozen=True)
class Term:
    """One product of factors, summed over some of its indices."""

    factors: tuple[Expr, ...]
    over: tuple[Expr, ...] = ()

    @property
    def expression(self) -> Expr:
        """The term as SymPy writes it."""
        return summed(Mul(*self.factors), self.over)

    @property
    def free(self) -> set[Expr]:
        """The indices that are not summed."""
        return set().union(*map(free_indices, self.factors)) - set(self.over)

    def replaced(self, names: dict[Expr, Expr]) -> Term:
        """Return the term with indices renamed, summed ones too."""
        factors = tuple(substituted(factor, names) for factor in self.factors)
        return Term(factors, tuple(names.get(symbol, symbol) for symbol in self.over))


def substituted(expression: Expr, names: dict[Expr, Expr]) -> Expr:
    """Replace indices, but not those that a sum inside binds; a binding that would catch a new name is renamed."""
    if not names or not expression.has(Sum):
        return expression.xreplace(names)
    if not isinstance(expression, Sum):
        return expression.func(*(substituted(argument, names) for argument in expression.args))
    bound = {limit[0] for limit in expression.limits}
    outer = {old: new for old, new in names.items() if old not in bound}
    taken = free_indices(expression) | set(outer) | set(outer.values()) | bound
    apart: dict[Expr, Expr] = {}
    for symbol in bound & set(outer.values()):
        apart[symbol] = fresh(axis(symbol), taken | set(apart.values()))
    body = substituted(substituted(expression.function, apart), outer)
    return summed(body, [apart.get(limit[0], limit[0]) for limit in expression.limits])


def terms(expression: Expr) -> list[Term]:
    """Split an expression into products; a factor without sums and deltas, such as (y - t), is left whole."""
    if isinstance(expression, Mul):
        return [_multiplied(parts) for parts in product(*map(_factor_terms, expression.args))]
    if not expression.has(Sum, KroneckerDelta):
        return [Term((expression,))]
    if isinstance(expression, Add):
        return [term for part in expression.args for term in terms(part)]
    if isinstance(expression, Sum):
        over = tuple(limit[0] for limit in expression.limits)
        return [Term(term.factors, over + term.over) for term in terms(expression.function)]
    return [Term((expression,))]


def _factor_terms(factor: Expr) -> list[Term]:
    """Split a factor of a product; a sum without deltas, such as (z - log(Sum(...))), is left whole."""
    whole = isinstance(factor, Add) and not factor.has(KroneckerDelta)
    return [Term((factor,))] if whole else terms(factor)


def contract(expression: Expr) -> Expr:
    """Eliminate every delta that has a summed index and name the indices left over as plainly as possible."""
    return Add(*(_tidied(_eliminated(term)).expression for term in terms(expression)))


def renamed(expression: Expr, names: dict[Expr, Expr]) -> Expr:
    """Rename free indices, keeping clear of the summed ones."""
    moved = []
    for term in terms(expression):
        apart: dict[Expr, Expr] = {}
        for symbol in term.over:
            apart[symbol] = fresh(axis(symbol), term.free | set(names.values()) | set(apart.values()))
        moved.append(_tidied(term.replaced(apart).replaced(names)).expression)
    return Add(*moved)


def split_deltas(term: Term) -> tuple[list[Expr], Term]:
    """Part a term into its deltas and the rest."""
    deltas = [factor for factor in term.factors if isinstance(factor, KroneckerDelta)]
    rest = tuple(factor for factor in term.factors if not isinstance(factor, KroneckerDelta))
    return deltas, Term(rest or (S.One,), term.over)


def _multiplied(parts: Sequence[Term]) -> Term:
    """Multiply terms, keeping the summed indices of each apart from all others."""
    factors: tuple[Expr, ...] = ()
    over: tuple[Expr, ...] = ()
    taken: set[Expr] = set().union(*(part.free for part in parts))
    for part in parts:
        apart: dict[Expr, Expr] = {}
        for symbol in part.over:
            apart[symbol] = fresh(axis(symbol), taken | set(apart.values()))
        renamed = part.replaced(apart)
        factors, over = factors + renamed.factors, over + renamed.over
        taken |= set(renamed.over)
    return Term(factors, over)


def _eliminated(term: Term) -> Term:
    deltas, rest = split_deltas(term)
    for position, delta in enumerate(deltas):
        for gone, kept in (delta.args, delta.args[::-1]):
            if gone in term.over:
                remaining = Term((*rest.factors, *deltas[:position], *deltas[position + 1 :]), term.over)
                over = tuple(symbol for symbol in term.over if symbol != gone)
                return _eliminated(Term(remaining.replaced({gone: kept}).factors, over))
    return term


def _tidied(term: Term) -> Term:
    """Rename summed indices so that each has the fewest primes."""
    names: dict[Expr, Expr] = {}
    for symbol in term.over:
        names[symbol] = fresh(axis(symbol), term.free | set(names.values()))
    return term.replaced(names)
