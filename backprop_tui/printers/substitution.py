"""An index form at one cell: with this cell's indices, ``h[0,1] · ∂E/∂z[0,0]``, and with the numbers put in.

Both are the same walk over the same expression: they differ in nothing but what stands for a cell. A sum is written
out; one of many terms by its largest, with how many are left out and what they add up to.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Indexed, Integer, Mul, Sum, Symbol

from ..calculus.chain_rule import entry_met
from ..calculus.derivation import Derivation
from ..calculus.stages import Jacobian
from .marks import bare
from .numbers import DIGITS, number, written
from .order import signed_terms
from .typesetter import ATOM, POWER, PRODUCT, Typesetter, is_derivative

Numbers = NDArray[Any]
SHOWN: Final = 4
"""The terms of a sum that are written out; of a sum of more, the largest take all places but one."""


class Cell(NamedTuple):
    """A place in a quantity's array."""

    name: str
    row: int
    column: int


Part = tuple[bool, str]
"""A term of a sum: whether it is subtracted, and its positive form."""

_PLAIN = re.compile(r"[\d.]+")


class Evaluator(Protocol):
    """What gives an index form its numbers."""

    @property
    def derivation(self) -> Derivation:
        """What the forms are of."""

    @property
    def values(self) -> Mapping[str, Numbers]:
        """The quantities' numbers."""

    def __call__(self, expression: Expr, place: Mapping[Expr, Any]) -> Any:
        """Return the value of an expression at a place."""

    def terms(self, total: Sum, place: Mapping[Expr, Any]) -> Numbers:
        """Return every term of a sum, in an array with an axis for each index that is summed."""


def figure(value: float, digits: int | None = None) -> str:
    """Write a number as short as it is, 0.01, else as a matrix does that holds no other, 0.8090."""
    short = number(value, digits or DIGITS)
    return short if digits or float(short.replace("−", "-")) == value else written(np.array([[value]]))[0][0]


class Substitution(Typesetter[str]):
    """Typeset an index form at one place.

    Parameters
    ----------
    evaluator:
        What gives the numbers.
    place:
        A number for each index that runs.
    put_in:
        Whether numbers stand for the cells.
    digits:
        The significant digits of the numbers; None for as many as a matrix shows.

    """

    def __init__(
        self, evaluator: Evaluator, place: Mapping[Expr, int], *, put_in: bool, digits: int | None = None
    ) -> None:
        super().__init__(name for name, axes in evaluator.derivation.axes.items() if axes == ("", ""))
        self._evaluator, self._place = evaluator, dict(place)
        self._put_in, self._digits = put_in, digits
        self.among_terms = False

    @abstractmethod
    def standing_for(self, cell: Cell, text: str) -> str:
        """Set what stands for a cell."""

    @abstractmethod
    def left_out(self, count: int) -> str:
        """Tell how many terms of a sum are left out."""

    def entry(self, name: str, indices: Iterable[Expr]) -> str:
        """Set an entry by its name; a scalar has no indices."""
        return self.name(name) if name in self._scalars else self.indexed(name, [self._print(each) for each in indices])

    def derivative(self, jacobian: Jacobian, numbers: Iterable[int]) -> str:
        """Set the entry of a Jacobian that has these numbers for the indices of its core: ∂z[0,k]/∂V[1,k]."""
        inputs, left = entry_met(jacobian)
        with self._at(dict(zip(left, numbers, strict=True))):
            return self.partial(self.entry(jacobian.of, jacobian.outputs), self.entry(jacobian.by, inputs))

    def figure(self, value: float) -> str:
        """Set a number."""
        return self.text(figure(value, self._digits))

    def _print_Indexed(self, expr: Any) -> str:
        return self._cell(Cell(expr.base.label.name, *self._numbers(expr.indices)))

    def _print_Symbol(self, expr: Any) -> str:
        return self._cell(Cell(expr.name, 0, 0))

    def _print_Index(self, expr: Any) -> str:
        return str(self._place[expr]) if expr in self._place else super()._print_Index(expr)

    def _print_Size(self, expr: Any) -> str:
        return str(self._evaluator(expr, {})) if self._put_in else super()._print_Size(expr)

    def _print_KroneckerDelta(self, expr: Any) -> str:
        first, second = self._numbers(expr.args)
        return str(int(first == second)) if self._put_in else self.indexed("delta", [str(first), str(second)])

    def _print_Add(self, expr: Any) -> str:
        with self._several():
            return self._added([part for negative, term in signed_terms(expr) for part in self._parts(term, negative)])

    def _print_Sum(self, expr: Any) -> str:
        return self._added(self._written_out(expr))

    def _print_Mul(self, expr: Any) -> str:
        if expr.could_extract_minus_sign():
            return self.row([self.symbol("negative"), self._apart(self._inside(-expr, PRODUCT))])
        return super()._print_Mul(expr)

    def _inside(self, expression: Expr, tightness: int) -> str:
        if isinstance(expression, Sum):
            terms = self._written_out(expression)
            box = self._added(terms)
            return self.parenthesized(box) if len(terms) > 1 or tightness > PRODUCT else box
        box = super()._inside(expression, tightness)
        if tightness == ATOM and isinstance(expression, Symbol | Indexed) and not is_derivative(expression):
            return self._whole(box)
        return self._apart(box) if self.among_terms and tightness == POWER else box

    def _numbers(self, indices: Iterable[Expr]) -> tuple[int, int]:
        first, second = (int(self._place.get(index, index)) for index in indices)
        return first, second

    def _cell(self, cell: Cell) -> str:
        value = float(self._evaluator.values[cell.name][cell.row, cell.column])
        symbol = self.entry(cell.name, map(Integer, cell[1:]))
        return self.standing_for(cell, self.figure(value) if self._put_in else symbol)

    def _parts(self, term: Expr, negative: bool) -> list[Part]:
        """Return a term of a sum; a sum that is added becomes its own terms."""
        if isinstance(term, Sum) and not negative:
            return self._written_out(term)
        return [(negative, self._inside(term, PRODUCT))]

    def _written_out(self, total: Sum) -> list[Part]:
        """Return the terms of a sum: all of a few, else the largest, and the rest together."""
        values = self._evaluator.terms(total, self._place)
        if values.size == 1:
            return [self._term(total, (0,) * values.ndim)]
        with self._several():
            if values.size <= SHOWN:
                return [self._term(total, numbers) for numbers in np.ndindex(values.shape)]
            largest = np.argsort(-np.abs(values), axis=None, kind="stable")[: SHOWN - 1]
            shown = [self._term(total, np.unravel_index(number, values.shape)) for number in largest]
        return [*shown, self._rest(float(np.delete(values, largest).sum()), values.size - len(shown))]

    def _term(self, total: Sum, numbers: Iterable[int]) -> Part:
        """Return the term of a sum at one place of its indices."""
        over = [index for index, *_ in total.limits]
        negative = isinstance(total.function, Mul) and total.function.could_extract_minus_sign()
        with self._at({**self._place, **dict(zip(over, map(int, numbers), strict=True))}, self._bound + tuple(over)):
            return negative, self._inside(-total.function if negative else total.function, PRODUCT)

    def _rest(self, value: float, count: int) -> Part:
        if not self._put_in:
            return False, self.left_out(count)
        return value < 0, self.row([self.figure(abs(value)), self.text(" "), self.parenthesized(self.left_out(count))])

    def _added(self, terms: Iterable[Part]) -> str:
        boxes: list[str] = []
        for negative, box in terms:
            if boxes or negative:
                boxes.append(self.symbol(("minus" if negative else "plus") if boxes else "negative"))
            boxes.append(self._apart(box) if boxes else box)
        return self.row(boxes)

    def _apart(self, box: str) -> str:
        """Put parentheses around what begins with a minus, for a place where that would be misread."""
        return self.parenthesized(box) if bare(box).startswith(("−", "-")) else box

    def _whole(self, box: str) -> str:
        """Put parentheses around a number of which an exponent would seem to take only the end: −0.2, 1.5e−06."""
        return self.parenthesized(box) if self._put_in and not _PLAIN.fullmatch(bare(box)) else box

    @contextmanager
    def _at(self, place: dict[Expr, int], bound: tuple[Expr, ...] = ()) -> Iterator[None]:
        """Set what stands at another place, with some of its indices bound by sums."""
        before = self._place, self._bound
        self._place, self._bound = place, bound
        yield
        self._place, self._bound = before

    @contextmanager
    def _several(self) -> Iterator[None]:
        """Set terms of a sum, in which products stand close together."""
        before, self.among_terms = self.among_terms, True
        yield
        self.among_terms = before
