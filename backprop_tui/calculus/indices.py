"""Index notation: entries, index letters, sums over an index.

An axis is known by its letter: ``n`` for samples, ``i`` for inputs, ``j``, ``k`` ... for the layers after them; the
empty letter is an axis of one, whose index is 0. A second index over the same axis is the letter primed: ``j'``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from sympy import Expr, Indexed, IndexedBase, Integer, Sum, Symbol

Axes = tuple[str, str]
"""The letters of a quantity's (rows, columns)."""

SAMPLE_LETTER = "n"
_LAYER_LETTERS = "ijklmqrsuvw"


class Index(Symbol):
    """An index that runs along an axis."""

    __slots__ = ()

    def __new__(cls, name: str) -> Index:
        """Make the index of that name."""
        return super().__new__(cls, name, integer=True)


class Size(Symbol):
    """The number of entries along an axis."""

    __slots__ = ()

    def __new__(cls, letter: str) -> Size:
        """Make the number of entries along the axis of that letter."""
        return super().__new__(cls, f"N_{letter}", integer=True, positive=True)


def letters() -> Iterator[str]:
    """Yield the axes' letters in the order they are handed out: n, i, j, k ..., then i2, j2 ..."""
    yield SAMPLE_LETTER
    yield from _LAYER_LETTERS
    round_number = 2
    while True:
        yield from (f"{letter}{round_number}" for letter in _LAYER_LETTERS)
        round_number += 1


def index(letter: str) -> Expr:
    """Return the index that runs over the axis `letter`; 0 for an axis of one."""
    return Index(letter) if letter else Integer(0)


def axis(symbol: Expr) -> str:
    """Return the letter of the axis that an index runs over."""
    return str(symbol.name).rstrip("'")


def size(letter: str) -> Expr:
    """Return the symbol for the number of entries along the axis `letter`; 1 for an axis of one."""
    return Size(letter) if letter else Integer(1)


def fresh(letter: str, taken: Iterable[Expr]) -> Expr:
    """Return an index over the axis `letter` that is not among `taken`, by adding primes."""
    symbol, used = index(letter), set(taken)
    while letter and symbol in used:
        symbol = Index(f"{symbol.name}'")
    return symbol


def canonical(axes: Axes) -> tuple[Expr, Expr]:
    """Return the indices of a quantity's rows and columns; the second is primed where both run along one axis."""
    row = index(axes[0])
    return row, fresh(axes[1], {row})


def entry(name: str, row: Expr, column: Expr, axes: Axes) -> Expr:
    """Return a quantity's entry at [row, column]; along an axis of one the index is 0, and a scalar has none."""
    if axes == ("", ""):
        return Symbol(name, real=True)
    return base(name)[row if axes[0] else 0, column if axes[1] else 0]


def base(name: str) -> IndexedBase:
    """Return the indexed object of a quantity."""
    return IndexedBase(Symbol(name, real=True), real=True)


def summed(summand: Expr, over: Iterable[Expr]) -> Expr:
    """Return the sum of `summand` over indices, each along its whole axis; an index of an axis of one adds nothing."""
    limits = [(symbol, 0, size(axis(symbol)) - 1) for symbol in over if isinstance(symbol, Index)]
    return Sum(summand, *limits) if limits else summand


@lru_cache(maxsize=10_000)
def free_indices(expression: Expr) -> frozenset[Expr]:
    """Return the indices of an expression that no sum binds."""
    return frozenset(symbol for symbol in expression.free_symbols if isinstance(symbol, Index))


def names_in(expression: Expr) -> set[str]:
    """Return the names of the quantities in an index form."""
    entries = expression.atoms(Indexed)
    scalars = {found for found in expression.free_symbols if type(found) is Symbol}
    return {str(symbol) for symbol in scalars} | {str(found.base.label) for found in entries}
