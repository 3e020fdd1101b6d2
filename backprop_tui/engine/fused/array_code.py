"""Lines of a schedule as single NumPy calls, each of which writes into an array that is there already.

An expression taken entry by entry becomes one call an operation. Small operands are joined first: a scalar and a row
before a whole matrix.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from sympy import Add, Expr, Integer, Mul, Piecewise, Pow, Rational, cos, exp, log, sin, tanh
from sympy.core.relational import Relational

from ...calculus.functions import Sigmoid, Softplus
from ...calculus.matrices import ColumnSums, MatrixProduct, Quantity, RowSums, Total
from ...calculus.shapes import Shape
from .entries import RELATIONS
from .forms import (
    MIXING,
    Entries,
    Inner,
    LargestOfOthers,
    RowLargest,
    SumOverOthers,
    is_plain,
    shape_of,
    size,
)
from .lifting import Line
from .schedule import Schedule

_UFUNCS: Final = {exp: "exp", log: "log", tanh: "tanh", sin: "sin", cos: "cos"}
_MIXING: Final = {
    MatrixProduct: "product",
    RowSums: "row_sums",
    ColumnSums: "column_sums",
    Total: "total",
    RowLargest: "row_largest",
    LargestOfOthers: "largest_of_others",
    SumOverOthers: "sum_over_others",
    Inner: "inner",
    Entries: "entries",
}
COPY: Final = "copyto"


@dataclass(frozen=True)
class Instruction:
    """One call.

    Attributes
    ----------
    function:
        A ufunc of NumPy, ``copyto``, or one of the operations that mix entries.
    operands:
        Names, transposed names and constants; for ``copyto`` the value and, where there is one, the mask.
    target:
        The name of what it writes.

    """

    function: str
    operands: tuple[Expr, ...]
    target: str

    @property
    def mixes(self) -> bool:
        """Whether an entry of the target is made from several."""
        return self.function in _MIXING.values()

    @cached_property
    def reads(self) -> list[str]:
        """The names that it reads: an operand is a name, or a name transposed, or has none in it."""
        parts = (part for operand in self.operands for part in (operand, *operand.args))
        return [part.name for part in parts if isinstance(part, Quantity)]


@dataclass
class Program:
    """Instructions, the shape of everything named in them, and the names that are true or false in each entry."""

    shapes: dict[str, Shape]
    instructions: list[Instruction] = field(default_factory=list)
    masks: set[str] = field(default_factory=set)


def is_constant(expression: Expr) -> bool:
    """Whether an expression is a number once the sizes of the axes are known."""
    return not expression.has(Quantity)


def lowered(scheduled: Schedule) -> Program:
    """Turn the lines of a schedule into instructions."""
    lowering = _Lowering(Program(dict(scheduled.shapes)), scheduled.overwrites)
    for line in scheduled.lines:
        lowering.line(line)
    return lowering.program


@dataclass
class _Lowering:
    program: Program
    overwrites: Mapping[str, str]

    def line(self, line: Line) -> None:
        if isinstance(line.right, MIXING):
            self._emit(_MIXING[type(line.right)], line.right.args, line.name)
        else:
            self._compute(line.right, line.name)

    def _emit(self, function: str, operands: Sequence[Expr], target: str) -> None:
        self.program.instructions.append(Instruction(function, tuple(operands), target))

    def _fresh(self, shape: Shape) -> str:
        name = f"_t{len(self.program.shapes)}"
        self.program.shapes[name] = shape
        return name

    def _shape(self, expression: Expr) -> Shape:
        return shape_of(expression, self.program.shapes)

    def _operand(self, expression: Expr, scratch: str = "") -> Expr:
        """Return what a call can take: a name or a constant as it is, anything else computed first."""
        if is_plain(expression) or is_constant(expression):
            return expression
        shape = self._shape(expression)
        usable = scratch and scratch not in self.overwrites and self.program.shapes[scratch] == shape
        name = scratch if usable else self._fresh(shape)
        self._compute(expression, name)
        return Quantity(name)

    def _operands(self, expressions: Iterable[Expr], scratch: str) -> list[Expr]:
        """Return operands; the first that has to be computed may be computed in the target's place."""
        found, free = [], scratch
        for expression in expressions:
            found.append(self._operand(expression, free))
            if found[-1] == Quantity(free):
                free = ""
        return found

    def _compute(self, expression: Expr, target: str) -> None:
        match expression:
            case _ if is_plain(expression) or is_constant(expression):
                self._emit(COPY, [expression], target)
            case Add():
                self._sum(expression, target)
            case Mul():
                self._product(expression, target)
            case Pow():
                self._power(expression, target)
            case Piecewise():
                self._choice(expression, target)
            case Relational():
                self.program.masks.add(target)
                self._emit(RELATIONS[expression.rel_op], self._operands(expression.args, ""), target)
            case Sigmoid():
                self._sigmoid(expression.args[0], target)
            case Softplus():
                self._softplus(expression.args[0], target)
            case _ if expression.func in _UFUNCS:
                self._emit(_UFUNCS[expression.func], self._operands(expression.args, target), target)
            case _:
                raise NotImplementedError(expression)

    def _sum(self, expression: Add, target: str) -> None:
        terms = sorted(expression.args, key=lambda term: size(self._shape(term)) * (not is_constant(term)))
        negative = [not is_constant(term) and term.as_coeff_Mul()[0].is_negative for term in terms]
        bodies = [-term if minus else term for term, minus in zip(terms, negative, strict=True)]
        operands = self._operands(bodies, target)
        total, total_negative = operands[0], negative[0]
        for number, (operand, minus) in enumerate(zip(operands[1:], negative[1:], strict=True), 2):
            ordered = (operand, total) if total_negative and not minus else (total, operand)
            function = "add" if minus == total_negative else "subtract"
            total = self._joined(function, ordered, target, operands[number:])
            total_negative = total_negative and minus
        if total_negative:
            self._emit("negative", [total], target)

    def _product(self, expression: Mul, target: str) -> None:
        constant = Mul(*(factor for factor in expression.args if is_constant(factor)))
        factors = [factor for factor in expression.args if not is_constant(factor)]
        below = [factor for factor in factors if factor.is_Pow and factor.exp.could_extract_minus_sign()]
        above = [factor for factor in factors if factor not in below]
        above.sort(key=lambda factor: size(self._shape(factor)))
        if constant not in (1, -1) or not above:
            above = [constant, *above]
        operands = self._operands([*above, *(1 / factor for factor in below)], target)
        whole = operands[0]
        for number, operand in enumerate(operands[1:], 1):
            function = "multiply" if number < len(above) else "divide"
            whole = self._joined(function, (whole, operand), target, operands[number + 1 :])
        if constant == -1 and above[0] != constant:
            self._emit("negative", [whole], target)

    def _joined(self, function: str, operands: Sequence[Expr], target: str, waiting: Sequence[Expr]) -> Expr:
        """Join two operands, in the target only where the result has its shape and no other operand waits there."""
        shapes = [self._shape(operand) for operand in operands]
        shape = max(rows for rows, _ in shapes), max(columns for _, columns in shapes)
        whole = shape == self.program.shapes[target] and target not in self.overwrites
        free = whole and Quantity(target) not in waiting
        name = target if free or not waiting else self._fresh(shape)
        self._emit(function, operands, name)
        return Quantity(name)

    def _power(self, expression: Pow, target: str) -> None:
        base, power = expression.args
        if power.could_extract_minus_sign():
            self._emit("divide", [Integer(1), self._operand(base**-power, target)], target)
        elif power in (2, Rational(1, 2)):
            self._emit("square" if power == 2 else "sqrt", [self._operand(base, target)], target)
        else:
            self._emit("power", self._operands([base, power], target), target)

    def _choice(self, expression: Piecewise, target: str) -> None:
        """Write the last branch, and the others over it where their conditions hold."""
        (first, condition), *others = expression.args
        if [value for value, _ in others] == [0] and condition.rel_op == ">" and condition.rhs == 0:
            if first == condition.lhs:
                return self._emit("fmax", [self._operand(first), Integer(0)], target)
            if first == 1:
                return self._emit("greater", [self._operand(condition.lhs), Integer(0)], target)
        values = [self._operand(value) for value, _ in expression.args]
        conditions = [self._operand(condition) for _, condition in expression.args[:-1]]
        self._emit(COPY, [values[-1]], target)
        for value, mask in reversed(list(zip(values, conditions, strict=False))):
            self._emit(COPY, [value, mask], target)
        return None

    def _sigmoid(self, argument: Expr, target: str) -> None:
        """1/(1 + exp(-u)): where exp overflows to infinity, 1/infinity is the 0 that is right."""
        self._emit("negative", [self._operand(argument, target)], target)
        place = Quantity(target)
        self._emit("exp", [place], target)
        self._emit("add", [place, Integer(1)], target)
        self._emit("divide", [Integer(1), place], target)

    def _softplus(self, argument: Expr, target: str) -> None:
        """max(u, 0) + log(1 + exp(-|u|))."""
        u = self._operand(argument)
        decay = Quantity(self._fresh(self.program.shapes[target]))
        self._emit("absolute", [u], decay.name)
        for function in ("negative", "exp", "log1p"):
            self._emit(function, [decay], decay.name)
        self._emit("fmax", [u, Integer(0)], target)
        self._emit("add", [Quantity(target), decay], target)
