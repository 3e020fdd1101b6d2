"""An index form at one cell: with this cell's indices, ``h[0,1] · ∂E/∂z[0,0]``, and with the numbers put in.

Both are the same walk over the same expression: they differ in nothing but what stands for a cell. A sum is written
out; one of many terms by its largest, with how many are left out and what they add up to.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Indexed, Mul, Sum, Symbol

from .. import notation
from ..calculus.derivation import Derivation
from .latex import Latex
from .numbers import DIGITS, number, written
from .one_line import OneLine
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


class Segment(NamedTuple):
    """A piece of a line; `source` numbers the cell that it stands for, None where it stands for none."""

    text: str
    source: int | None = None


Line = tuple[Segment, ...]
Part = tuple[bool, str]
"""A term of a sum: whether it is subtracted, and its positive form."""

_FIRST_MARK, _LAST_MARK = 0xE000, "\uf8ff"
_MARKS = "".join(map(chr, range(_FIRST_MARK, ord(_LAST_MARK) + 1)))
"""Private characters, which no formula has: one before what stands for a cell, which numbers it, the last one after."""
_MARKED = re.compile(f"([{_MARKS[0]}-{_MARKS[-2]}])(.*?){_LAST_MARK}")
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
        self._among_terms = False

    @abstractmethod
    def marked(self, text: str, cell: Cell) -> str:
        """Mark what stands for a cell."""

    @abstractmethod
    def left_out(self, count: int) -> str:
        """Tell how many terms of a sum are left out."""

    def entry(self, name: str, indices: Iterable[int]) -> str:
        """Set an entry by its name; a scalar has no indices."""
        if name in self._scalars:
            return self.name(name)
        return self.indexed(name, [str(index) for index in indices])

    def figure(self, value: float) -> str:
        """Set a number."""
        return self.text(figure(value, self._digits))

    def _print_Indexed(self, expr: Any) -> str:
        return self._standing_for(Cell(expr.base.label.name, *self._numbers(expr.indices)))

    def _print_Symbol(self, expr: Any) -> str:
        return self._standing_for(Cell(expr.name, 0, 0))

    def _print_Size(self, expr: Any) -> str:
        return str(self._evaluator(expr, {})) if self._put_in else super()._print_Size(expr)

    def _print_KroneckerDelta(self, expr: Any) -> str:
        first, second = self._numbers(expr.args)
        return str(int(first == second)) if self._put_in else self.entry("delta", (first, second))

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
        return self._apart(box) if self._among_terms and tightness == POWER else box

    def _numbers(self, indices: Iterable[Expr]) -> tuple[int, int]:
        first, second = (int(self._place.get(index, index)) for index in indices)
        return first, second

    def _standing_for(self, cell: Cell) -> str:
        value = float(self._evaluator.values[cell.name][cell.row, cell.column])
        return self.marked(self.figure(value) if self._put_in else self.entry(cell.name, cell[1:]), cell)

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
        place, bound = self._place, self._bound
        self._place, self._bound = {**place, **dict(zip(over, map(int, numbers), strict=True))}, (*bound, *over)
        negative = isinstance(total.function, Mul) and total.function.could_extract_minus_sign()
        box = self._inside(-total.function if negative else total.function, PRODUCT)
        self._place, self._bound = place, bound
        return negative, box

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
        return self.parenthesized(box) if box.lstrip(_MARKS).startswith(("−", "-")) else box

    def _whole(self, box: str) -> str:
        """Put parentheses around a number of which an exponent would seem to take only the end: −0.2, 1.5e−06."""
        return self.parenthesized(box) if self._put_in and not _PLAIN.fullmatch(box.strip(_MARKS)) else box

    @contextmanager
    def _several(self) -> Iterator[None]:
        """Set terms of a sum, in which products stand close together."""
        before, self._among_terms = self._among_terms, True
        yield
        self._among_terms = before


class SubstitutionLine(Substitution, OneLine):
    """In one line of Unicode, what stands for a cell marked: `segments` parts the line by the marks.

    Attributes
    ----------
    met:
        The cells met so far, in the order of reading.

    """

    def __init__(self, evaluator: Evaluator, place: Mapping[Expr, int], *, put_in: bool, digits: int | None = None):
        super().__init__(evaluator, place, put_in=put_in, digits=digits)
        self.met: list[Cell] = []

    def marked(self, text: str, cell: Cell) -> str:
        if cell not in self.met:
            self.met.append(cell)
        return f"{chr(_FIRST_MARK + self.met.index(cell))}{text}{_LAST_MARK}"

    def left_out(self, count: int) -> str:
        return f"{count:,} more"

    def symbol(self, word: str) -> str:
        if word != "times":
            return super().symbol(word)
        return "·" if self._among_terms else super().symbol("dot")


class SubstitutionLatex(Substitution, Latex):
    """In LaTeX."""

    def marked(self, text: str, cell: Cell) -> str:
        return text

    def left_out(self, count: int) -> str:
        return rf"\text{{{count:,} more}}"

    def text(self, characters: str) -> str:
        return super().text(characters.replace("−", "-"))

    def indexed(self, name: str, indices: Sequence[str]) -> str:
        return notation.latex(name, ",".join(indices))

    def symbol(self, word: str) -> str:
        return super().symbol("dot" if word == "times" else word)


def segments(line: str) -> tuple[Segment, ...]:
    """Part a line by its marks."""
    pieces = re.split(_MARKED, line)
    plain = [Segment(text) for text in pieces[::3]]
    standing = [Segment(text, ord(mark) - _FIRST_MARK) for mark, text in zip(pieces[1::3], pieces[2::3], strict=True)]
    ordered = [segment for pair in zip_longest(plain, standing) for segment in pair if segment]
    return tuple(segment for segment in ordered if segment.text)
