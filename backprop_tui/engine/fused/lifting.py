"""Definitions parted into lines, each of them one operation that mixes entries or one that goes entry by entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from sympy import Expr, Mul, Pow, Symbol
from sympy.core.relational import Relational

from ...calculus.functions import Sigmoid, Softplus
from ...calculus.matrices import Quantity, Total, Transposed, quantities
from ...calculus.shapes import Shape
from .forms import MIXING, Inner, is_plain, rebuilt, shape_of


@dataclass(frozen=True)
class Line:
    """One assignment."""

    name: str
    right: Expr
    shape: Shape

    @cached_property
    def reads(self) -> set[str]:
        """The names in it."""
        return quantities(self.right)


@dataclass
class Lifting:
    """Gives a line of its own to every operation that mixes entries, and to all that such an operation reads.

    Attributes
    ----------
    shapes:
        The shape of every name.
    count:
        How many names have been made up so far.
    lines:
        What has been defined, in order.
    same:
        The names of expressions that have one; and names, of conditions and numbers, that are none.

    """

    shapes: dict[str, Shape]
    count: int
    lines: dict[str, Line] = field(default_factory=dict)
    same: dict[Expr, Expr] = field(default_factory=dict)

    def define(self, name: str, right: Expr) -> None:
        """Add the lines of a definition; one that is as good as a name or a number, or a condition, gets none."""
        right = right.xreplace(self.same)
        if name.startswith("_") and (is_plain(right) or isinstance(right, Relational) or not right.has(Quantity)):
            self.same[Quantity(name)] = right
        else:
            self._assign(name, right if is_plain(right) else self._opened(right))

    def _assign(self, name: str, right: Expr) -> None:
        self.shapes.setdefault(name, shape_of(right, self.shapes))  # a stage that is zero everywhere has its own
        self.lines[name] = Line(name, right, self.shapes[name])

    def _named(self, expression: Expr) -> Expr:
        """Return a name for an expression, or the expression where it is as good as one."""
        lifted = self._lifted(expression)
        return lifted if is_plain(lifted) else self._fresh(lifted)

    def _fresh(self, right: Expr) -> Expr:
        if right not in self.same:
            name = f"_{self.count}"
            self.count += 1
            self._assign(name, right)
            self.same[right] = Quantity(name)
        return self.same[right]

    def _lifted(self, expression: Expr) -> Expr:
        if not expression.args or is_plain(expression):
            return expression
        if isinstance(expression, Transposed):
            return Transposed(self._named(expression.args[0]))
        opened = self._opened(expression)
        return self._fresh(opened) if isinstance(opened, MIXING) else opened

    def _opened(self, expression: Expr) -> Expr:
        """Return an expression with its arguments lifted; those that its code needs whole get names."""
        if isinstance(expression, Total) and (halves := self._halves(expression.args[0])):
            return Inner(*map(self._named, halves))
        whole = isinstance(expression, (*MIXING, Transposed, Sigmoid, Softplus))
        lift = self._named if whole or (expression.is_Pow and expression.exp == 2) else self._lifted
        kept = [each.is_number or type(each) is Symbol for each in expression.args]
        return rebuilt(expression, [x if keep else lift(x) for x, keep in zip(expression.args, kept, strict=True)])

    def _halves(self, summand: Expr) -> tuple[Expr, Expr] | None:
        """Split a ⊙ b, or a squared, into two of one shape, neither of them transposed."""
        if isinstance(summand, Pow) and summand.exp == 2:
            first = second = summand.base
        elif isinstance(summand, Mul):
            first, second = summand.args[-1], Mul(*summand.args[:-1])
        else:
            return None
        straight = not isinstance(first, Transposed) and not isinstance(second, Transposed)
        same = shape_of(first, self.shapes) == shape_of(second, self.shapes)
        return (first, second) if straight and same else None
