"""What is alike is derived once.

The layers of a network differ in their names and index letters, and often in nothing else. So each step of the
derivation is taken for the first stage of its kind, and told of the others by renaming: dE/dW7 is dE/dW1 with 7 for 1.
A `Pattern` is all that a step depends on, with numbers in place of names and letters: steps of one pattern are alike.
Nothing is renamed before it is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

from sympy import Expr, IndexedBase, Mul, Symbol

from .. import notation
from .indices import Axes, Index, Size, axis, base, size
from .matrices import Quantity
from .stages import Factor, Formulas, Jacobian, Reason, Stage

_T = TypeVar("_T")
_S = TypeVar("_S")


@dataclass
class Pattern:
    """What a step of the derivation depends on; names and letters are numbered in the order in which they come.

    Attributes
    ----------
    facts:
        All of it, names and letters by their numbers.
    names, letters:
        The numbers that they have.

    """

    facts: list[Hashable]
    names: dict[str, int] = field(default_factory=dict)
    letters: dict[str, int] = field(default_factory=dict)

    def name(self, name: str) -> None:
        """Add a name."""
        self.facts.append(self._number(name))

    def axes(self, axes: Axes) -> None:
        """Add the axes of a quantity."""
        self.facts.append(tuple(self._letter(letter) for letter in axes))

    def expression(self, expression: Expr) -> None:
        """Add an expression in the matrix language."""
        self.facts.append(self._parts(expression))

    def names_among(self, names: Collection[str]) -> None:
        """Add which of the names so far are among these."""
        self.facts.append(frozenset(number for name, number in self.names.items() if name in names))

    def step(self, other: Alike[Any]) -> None:
        """Add all that an earlier step depended on."""
        names = tuple(map(self._number, other.names))
        self.facts.append((other.kind, names, tuple(map(self._letter, other.letters))))

    def _number(self, name: str) -> int:
        return self.names.setdefault(name, len(self.names))

    def _letter(self, letter: str) -> int:
        return self.letters.setdefault(letter, len(self.letters)) if letter else -1

    def _parts(self, expression: Expr) -> Hashable:
        if isinstance(expression, Quantity):
            return self._number(expression.name)
        return (expression.func, *map(self._parts, expression.args)) if expression.args else (expression,)


@dataclass(frozen=True)
class Alike(Generic[_T]):
    """The result of a step.

    Attributes
    ----------
    kind:
        The number of its pattern.
    names, letters:
        Those of the pattern, in its order.
    first:
        The result for the first step of that pattern.
    renaming:
        What tells it of this step; None if this is the first.

    """

    kind: int
    names: tuple[str, ...]
    letters: tuple[str, ...]
    first: _T
    renaming: Renaming | None

    def renamed(self, rename: Callable[[Renaming, _S], _S], told: _S) -> _S:
        """Tell of this step what is told of the first."""
        return told if self.renaming is None else rename(self.renaming, told)


def stage_of(step: Alike[Stage]) -> Stage:
    """Return the stage that a step made."""
    return step.renamed(Renaming.stage, step.first)


class Likeness:
    """The steps taken so far, by pattern."""

    def __init__(self) -> None:
        self._taken: dict[Hashable, Alike[Any]] = {}

    def once(self, pattern: Pattern, step: Callable[[], _T]) -> Alike[_T]:
        """Take a step, unless one like it has been taken."""
        key, names, letters = tuple(pattern.facts), tuple(pattern.names), tuple(pattern.letters)
        first: Alike[_T] | None = self._taken.get(key)
        if first is None:
            made = step()
            self._taken[key] = first = Alike(len(self._taken), names, letters, made, None)
            return first
        pairs = dict(zip(first.names, names, strict=True)), dict(zip(first.letters, letters, strict=True))
        return Alike(first.kind, names, letters, first.first, Renaming(*pairs))


@dataclass(frozen=True)
class Renaming:
    """New names and letters for old ones, all at once.

    What is named after a quantity follows it: dE/dW, softmax(W), W′. Any other name stays.
    """

    names: Mapping[str, str] = field(hash=False)
    letters: Mapping[str, str] = field(hash=False)

    def name(self, name: str) -> str:
        """Rename a quantity."""
        return notation.renamed(name, self.names)

    def axes(self, axes: Axes) -> Axes:
        """Rename the axes of a quantity; those of a tensor are several letters each."""
        rows, columns = (",".join(self._letter(letter) for letter in letters.split(",")) for letters in axes)
        return rows, columns

    def expression(self, expression: Expr) -> Expr:
        """Rename the quantities, the indices and the sizes in an expression."""
        symbols = expression.atoms(Symbol, IndexedBase)
        return _replaced(expression, {symbol: self._symbol(symbol) for symbol in symbols})

    def reason(self, reason: Reason) -> Reason:
        """Rename in the formulas of a sentence."""
        return tuple(piece if isinstance(piece, str) else self.expression(piece) for piece in reason)

    def factor(self, factor: Factor) -> Factor:
        """Rename a product of the chain rule."""
        return Factor(self.name(factor.adjoint), self.name(factor.local))

    def stage(self, stage: Stage) -> Stage:
        """Rename a stage; its formulas when they are looked at."""
        factors = tuple(map(self.factor, stage.factors))
        return Stage(self.name(stage.name), stage.kind, self.axes(stage.axes), _Renamed(stage.formulas, self), factors)

    def jacobian(self, jacobian: Jacobian) -> Jacobian:
        """Rename in the entries of a Jacobian."""
        (row, column), (to_row, to_column) = jacobian.outputs, jacobian.inputs
        outputs = self.expression(row), self.expression(column)
        inputs = self.expression(to_row), self.expression(to_column)
        entry = self.expression(jacobian.entry)
        return Jacobian(self.name(jacobian.of), self.name(jacobian.by), outputs, inputs, entry)

    def _letter(self, letter: str) -> str:
        return self.letters.get(letter, letter)

    def _symbol(self, symbol: Any) -> Expr:
        if isinstance(symbol, IndexedBase):
            return base(self.name(symbol.name))
        if isinstance(symbol, Index):
            letter = axis(symbol)
            return Index(self._letter(letter) + symbol.name.removeprefix(letter))
        if isinstance(symbol, Size):
            return size(self._letter(axis(symbol).removeprefix("N_")))
        if isinstance(symbol, Quantity):
            return Quantity(self.name(symbol.name))
        return Symbol(self.name(symbol.name), real=True) if symbol.is_real else symbol


@dataclass(frozen=True)
class _Renamed:
    """The formulas of a stage that is like an earlier one."""

    first: Formulas
    renaming: Renaming

    @cached_property
    def index(self) -> Expr:
        return self.renaming.expression(self.first.index)

    @cached_property
    def matrix(self) -> Expr | None:
        return self._maybe(self.first.matrix)

    @cached_property
    def reason(self) -> Reason:
        return self.renaming.reason(self.first.reason)

    @cached_property
    def opened(self) -> Expr | None:
        return self._maybe(self.first.opened)

    @cached_property
    def tensor(self) -> tuple[Expr, ...]:
        return tuple(map(self.renaming.expression, self.first.tensor))

    @cached_property
    def jacobian(self) -> Jacobian | None:
        return self.renaming.jacobian(self.first.jacobian) if self.first.jacobian else None

    @cached_property
    def uses(self) -> frozenset[str]:
        return frozenset(map(self.renaming.name, self.first.uses))

    def _maybe(self, expression: Expr | None) -> Expr | None:
        return None if expression is None else self.renaming.expression(expression)


def _replaced(expression: Expr, symbols: Mapping[Expr, Expr]) -> Expr:
    """Put other symbols in, and leave a number before a sum where it stands: SymPy would multiply 2(y - t) out."""
    if expression in symbols:
        return symbols[expression]
    if not expression.args:
        return expression
    arguments = [_replaced(argument, symbols) for argument in expression.args]
    held = isinstance(expression, Mul) and len(arguments) == 2 and arguments[0].is_Number and arguments[1].is_Add
    return Mul(*arguments, evaluate=False) if held else expression.func(*arguments)
