"""How a formula reads, stated once for every form of output.

A `Typesetter` walks an expression of either language and asks its subclass for boxes: a name, a fraction, a
superscript, a sum sign. What a box is (a string, LaTeX, a block of characters) is the subclass's business.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from sympy import Add, Expr, Indexed, KroneckerDelta, Mul, Pow, Rational, Sum, exp
from sympy.printing.printer import Printer

from .. import notation
from ..calculus.functions import ScalarFunction
from ..calculus.indices import SAMPLE_LETTER, axis
from ..calculus.matrices import MatrixProduct, Quantity, RowFunction, SpreadOverOthers, Total
from ..calculus.others import Differs
from ..calculus.stages import Kind, Stage
from .order import factors, signed_terms

Box = TypeVar("Box")

SUM, PRODUCT, POWER, ATOM = range(1, 5)
"""How tightly a formula holds together; a looser one inside a tighter one needs parentheses."""


class Typesetter(Printer, Generic[Box]):
    """Typeset both languages.

    Parameters
    ----------
    scalars:
        The names of quantities that are numbers: multiplying by them is no Hadamard product.

    """

    def __init__(self, scalars: Iterable[str] = ()) -> None:
        super().__init__()
        self._scalars = frozenset(scalars)
        self._bound: tuple[Expr, ...] = ()

    # The boxes, which a subclass makes.

    @abstractmethod
    def text(self, characters: str) -> Box:
        """Set characters as they are."""

    @abstractmethod
    def name(self, name: str) -> Box:
        """Set a quantity by its name."""

    @abstractmethod
    def indexed(self, name: str, indices: Sequence[Box]) -> Box:
        """Set an entry of a quantity."""

    @abstractmethod
    def partial(self, of: Box, by: Box) -> Box:
        """Set the derivative of one entry by another."""

    @abstractmethod
    def row(self, boxes: Sequence[Box]) -> Box:
        """Set boxes side by side."""

    @abstractmethod
    def fraction(self, above: Box, below: Box) -> Box:
        """Set a fraction."""

    @abstractmethod
    def superscript(self, base: Box, script: str) -> Box:
        """Set a superscript of digits, or T for a transpose."""

    @abstractmethod
    def root(self, box: Box, *, alone: bool) -> Box:
        """Set a square root, of a number alone or of a formula."""

    @abstractmethod
    def power(self, base: Box, exponent: Box) -> Box:
        """Set a power whose exponent is a formula."""

    @abstractmethod
    def parenthesized(self, box: Box) -> Box:
        """Set parentheses around a box."""

    @abstractmethod
    def summation(self, over: Sequence[Box], body: Box) -> Box:
        """Set a sum sign over indices, with what is summed."""

    @abstractmethod
    def symbol(self, word: str) -> Box:
        """Set a sign by its name in `notation.SIGNS`, or a function by its name in `notation.FUNCTIONS`."""

    # The walk.

    def formula(self, expression: Expr) -> Box:
        """Typeset an expression."""
        return self._print(expression)

    def matrix_equation(self, stage: Stage) -> Box | None:
        """Typeset a stage's matrix form, by way of σ′ where it has one; None where there is no matrix form.

        An auxiliary stage, softmax(z), is named by its matrix form, and set by what that stands for.
        """
        if stage.matrix is None:
            return None
        sides = [Quantity(stage.name), *([stage.opened] if stage.opened is not None else []), stage.matrix]
        if stage.kind is Kind.AUXILIARY:
            sides.pop()
        return self._joined([self._print(side) for side in sides], "equals")

    def index_equation(self, stage: Stage) -> Box:
        """Typeset a stage's index form; of a local derivative, the whole Jacobian with its deltas."""
        jacobian = stage.jacobian
        if jacobian is None:
            left, right = self._entry(stage.name, stage.indices), stage.index
        else:
            entries = self._entry(jacobian.of, jacobian.outputs), self._entry(jacobian.by, jacobian.inputs)
            left, right = self.partial(*entries), jacobian.entry
        return self._joined([left, self._print(right)], "equals")

    def chain(self, stage: Stage) -> Box | None:
        """Typeset the chain rule that made an adjoint: dE/dz = dE/dy . dy/dz; None for any other stage."""
        products = [
            self._joined([self.name(name) for name in (factor.adjoint, factor.local)], "dot")
            if factor.adjoint
            else None
            for factor in stage.factors
        ]
        named = [product for product in products if product is not None]
        if not named or len(named) < len(products):
            return None
        return self._joined([self.name(stage.name), self._joined(named, "plus")], "equals")

    def _entry(self, name: str, indices: Sequence[Expr]) -> Box:
        if all(index == 0 for index in indices):
            return self.name(name)
        return self.indexed(name, [self._print(index) for index in indices])

    def _print_Symbol(self, expr: Any) -> Box:
        return self.name(expr.name)

    def _print_Index(self, expr: Any) -> Box:
        return self.text(expr.name.replace("'", "′"))

    def _print_Size(self, expr: Any) -> Box:
        return self.text(expr.name.removeprefix("N_").upper())

    def _print_Indexed(self, expr: Any) -> Box:
        return self.indexed(expr.base.label.name, [self._print(symbol) for symbol in expr.indices])

    def _print_KroneckerDelta(self, expr: Any) -> Box:
        ordered = sorted(expr.args, key=lambda symbol: (axis(symbol) != SAMPLE_LETTER, symbol.name))
        return self.indexed("delta", [self._print(symbol) for symbol in ordered])

    def _print_Differs(self, expr: Any) -> Box:
        delta = self._print(KroneckerDelta(*expr.args))
        return self.parenthesized(self._joined([self.text("1"), delta], "minus"))

    def _print_ExpElsewhere(self, expr: Any) -> Box:
        raised, below, *indices = expr.args
        return self._joined([self._print(Differs(*indices)), self._print(exp(raised - below))], "times")

    def _print_Integer(self, expr: Any) -> Box:
        digits = self.text(str(abs(expr)))
        return self.row([self.symbol("negative"), digits]) if expr < 0 else digits

    def _print_Exp1(self, expr: Any) -> Box:
        return self.text("e")

    def _print_Pi(self, expr: Any) -> Box:
        return self.name("pi")

    def _print_Rational(self, expr: Any) -> Box:
        decimal = f"{float(expr):.12g}"
        if expr.q > 10 and Rational(decimal) == expr:
            return self._decimal(*decimal.split("e"))
        return self.fraction(self.text(str(expr.p)), self.text(str(expr.q)))

    def _decimal(self, digits: str, exponent: str = "") -> Box:
        """Set a decimal number, as a multiple of a power of ten where it was written so."""
        number = self.text(digits.removeprefix("-"))
        if exponent:
            number = self.row([number, self.symbol("dot"), self.superscript(self.text("10"), str(int(exponent)))])
        return self.row([self.symbol("negative"), number]) if digits.startswith("-") else number

    def _print_Add(self, expr: Any) -> Box:
        parts: list[Box] = []
        for negative, term in signed_terms(expr):
            if parts or negative:
                parts.append(self.symbol(("minus" if negative else "plus") if parts else "negative"))
            parts.append(self._inside(term, PRODUCT))
        return self.row(parts)

    def _print_Mul(self, expr: Any) -> Box:
        if expr.could_extract_minus_sign():
            return self.row([self.symbol("negative"), self._inside(-expr, PRODUCT)])
        number, above, below = factors(expr, self._bound)
        coefficient = [] if number == 1 else [self._print(number)]
        scalars = [self._inside(part, POWER) for part in above if not self._is_matrix(part)]
        matrices = [self._inside(part, POWER) for part in above if self._is_matrix(part)]
        parts = coefficient + scalars + ([self._joined(matrices, "hadamard")] if matrices else [])
        if not below:
            return self._joined(parts, "times")
        alone = above[0] if number == 1 and len(above) == 1 else None
        numerator = self._print(alone) if alone is not None else self._joined(parts or [self.text("1")], "times")
        return self.fraction(numerator, self._print(Mul(*below)))

    def _print_Pow(self, expr: Any) -> Box:
        base, exponent = expr.as_base_exp()
        if exponent.is_Rational and exponent.is_negative:
            return self.fraction(self.text("1"), self._print(base**-exponent))
        if exponent == Rational(1, 2):
            return self.root(self._print(base), alone=base.is_Integer)
        box = self._inside(base, ATOM)
        if is_derivative(base):
            box = self.parenthesized(box)
        return self.superscript(box, str(exponent)) if exponent.is_Integer else self.power(box, self._print(exponent))

    def _print_Sum(self, expr: Any) -> Box:
        over = tuple(limit[0] for limit in expr.limits)
        outer, self._bound = self._bound, self._bound + over
        body = self._inside(expr.function, PRODUCT)
        self._bound = outer
        return self.summation([self._print(symbol) for symbol in over], body)

    def _print_MatrixProduct(self, expr: Any) -> Box:
        return self._joined([self._inside(factor, POWER) for factor in expr.args], "times")

    def _print_Transposed(self, expr: Any) -> Box:
        (matrix,) = expr.args
        simple = isinstance(matrix, Quantity) and not is_derivative(matrix)
        box = self._print(matrix)
        return self.superscript(box if simple else self.parenthesized(box), "T")

    def _print_Total(self, expr: Any) -> Box:
        return self.summation([], self._inside(expr.args[0], POWER))

    def _print_RowSums(self, expr: Any) -> Box:
        return self._call(self.symbol("rowsum"), expr.args[0])

    def _print_ColumnSums(self, expr: Any) -> Box:
        return self._call(self.symbol("colsum"), expr.args[0])

    def _print_SpreadOverOthers(self, expr: Any) -> Box:
        return self._print(expr.definition)

    def _print_Ones(self, expr: Any) -> Box:
        return self.text("1")

    def _print_Function(self, expr: Any) -> Box:
        if isinstance(expr, RowFunction):
            return self._call(self.symbol(expr.chalk), expr.args[0])
        if isinstance(expr, ScalarFunction):
            return self._call(self.row([self.symbol(expr.chalk), *[self.text("′")] * expr.order]), expr.args[0])
        return self._call(self.symbol(expr.func.__name__), expr.args[0])

    def _call(self, function: Box, argument: Expr) -> Box:
        return self.row([function, self.parenthesized(self._print(argument))])

    def _joined(self, boxes: Sequence[Box], sign: str) -> Box:
        parts = [boxes[0]]
        for box in boxes[1:]:
            parts += [self.symbol(sign), box]
        return self.row(parts)

    def _inside(self, expression: Expr, tightness: int) -> Box:
        box = self._print(expression)
        return self.parenthesized(box) if _tightness(expression) < tightness else box

    def _is_matrix(self, factor: Expr) -> bool:
        return any(quantity.name not in self._scalars for quantity in factor.atoms(Quantity))


def _tightness(expression: Expr) -> int:
    if isinstance(expression, Add) or expression.could_extract_minus_sign():
        return SUM
    if isinstance(expression, Mul | MatrixProduct | Sum | Total | SpreadOverOthers):
        return PRODUCT
    return POWER if isinstance(expression, Pow) else ATOM


def is_derivative(expression: Expr) -> bool:
    """Whether an entry or a quantity is a derivative, whose name is a fraction."""
    label = expression.base.label if isinstance(expression, Indexed) else expression
    return bool(label.is_Symbol) and notation.derivative_parts(label.name) is not None
