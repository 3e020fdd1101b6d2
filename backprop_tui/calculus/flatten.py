"""Nested operations taken apart: a stage is one operation with a name.

An operation that mixes entries (a product, a sum, a softmax) and stands inside another operation becomes a stage of
its own: ``y = sigmoid(x @ W + b)`` is ``y_1 = x @ W + b`` and ``y = sigmoid(y_1)``. Arithmetic stays together, and so
does a sum of several mixing operations, such as a loss with a penalty.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field

from sympy import Add, Expr, Function, Integer, Mul

from .functions import ScalarFunction
from .matrices import MIXING, ColumnCount, MatrixProduct, Quantity, RowCount, RowFunction, Transposed


def flattened(name: str, expression: Expr, taken: Container[str]) -> list[tuple[str, Expr]]:
    """Return the stages that an equation stands for, the one named `name` last.

    Parameters
    ----------
    name, expression:
        The equation.
    taken:
        Names that a new stage can't have.

    """
    flattener = _Flattener(name, taken)
    whole = flattener.outer(expression)
    return [*flattener.stages, (name, whole)]


@dataclass
class _Flattener:
    name: str
    taken: Container[str]
    stages: list[tuple[str, Expr]] = field(default_factory=list)

    def outer(self, expression: Expr) -> Expr:
        """Rewrite an expression whose own operation is the stage's."""
        if isinstance(expression, Add):
            return Add(*map(self.outer, expression.args))
        if isinstance(expression, Mul):
            constants = [part for part in expression.args if _is_constant(part)]
            others = [part for part in expression.args if not _is_constant(part)]
            return Mul(*constants, self.outer(others[0])) if len(others) == 1 else self._rebuilt(expression)
        return self._rebuilt(expression)

    def _rebuilt(self, expression: Expr) -> Expr:
        if not expression.args:
            return expression
        if isinstance(expression, MatrixProduct | Transposed):
            return expression.func(*map(self._operand, expression.args))
        if isinstance(expression, RowFunction):
            return expression.func(*map(self._whole_operand, expression.args))
        return expression.func(*map(self._inner, expression.args))

    def _operand(self, expression: Expr) -> Expr:
        """An operand of a product: a quantity, or one transposed; anything else gets a name."""
        bare = expression.args[0] if isinstance(expression, Transposed) else expression
        return expression if isinstance(bare, Quantity) else self._named(expression)

    def _whole_operand(self, expression: Expr) -> Expr:
        """An operand of a function of rows: a quantity; anything else gets a name, a transpose too."""
        return expression if isinstance(expression, Quantity) else self._named(expression)

    def _inner(self, expression: Expr) -> Expr:
        """A part of a stage's operation: mixing operations in it get names, and so do functions of functions."""
        if isinstance(expression, MIXING):
            return self._named(expression)
        if isinstance(expression, ScalarFunction) and expression.args[0].has(Function):
            return expression.func(self._named(expression.args[0]))
        return expression.func(*map(self._inner, expression.args)) if expression.args else expression

    def _named(self, expression: Expr) -> Expr:
        whole = self.outer(expression)
        name = next(self._free_names())
        self.stages.append((name, whole))
        return Quantity(name)

    def _free_names(self) -> Iterator[str]:
        used = {name for name, _ in self.stages}
        number = 1
        while True:
            name = f"{self.name}_{number}"
            if name not in used and name not in self.taken:
                yield name
            number += 1


def _is_constant(expression: Expr) -> bool:
    """Whether no quantity's values stand in an expression; its numbers of rows and columns may."""
    counts = {count: Integer(1) for count in expression.atoms(RowCount, ColumnCount)}
    return not expression.xreplace(counts).atoms(Quantity)
