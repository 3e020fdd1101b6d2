"""The shapes that make a matrix form what it is, ``(4×1)(1×2) = 4×2`` for hᵀ ∂E/∂z, and what its transposes are for."""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Add, Expr, Mul

from ..calculus.derivation import Derivation
from ..calculus.index_form import axes_of
from ..calculus.indices import Index, canonical
from ..calculus.matrices import MIXING, ColumnSums, MatrixProduct, RowSums, Total, Transposed
from ..calculus.shapes import Shape
from ..calculus.stages import Stage
from ..notation import sign
from .order import factors, signed_terms


def shape_line(derivation: Derivation, stage: Stage) -> str | None:
    """Return the shapes in a stage's matrix form, joined as the form joins them; None where it joins nothing.

    A product ``(4×1)(1×2) = 4×2``, entry by entry ``1×2 ⊙ 1×2 = 1×2``, a sum ``5×3 summed over n = 1×3``; and
    ``(5×4)(4×3) + 1×3 = 5×3, the 1×3 in every row`` where a row is used in all rows.
    """
    if stage.matrix is None:
        return None
    shapes = _Shapes(derivation)
    line, result = shapes.whole(stage.matrix), shapes.told(stage.matrix)
    return None if line == result else f"{line} = {result}{shapes.repeated(stage.matrix)}"


def without_transposes(derivation: Derivation, stage: Stage) -> str | None:
    """Return what the products in a stage's matrix form would be without their transposes, None where it has none."""
    products = stage.matrix.atoms(MatrixProduct) if stage.matrix is not None else set()
    turned = [product for product in products if any(isinstance(factor, Transposed) for factor in product.args)]
    return "; ".join(sorted({_Shapes(derivation).unturned(product) for product in turned})) or None


class _Shapes:
    """The shapes of expressions of the matrix language, in words."""

    def __init__(self, derivation: Derivation) -> None:
        self._derivation = derivation

    def told(self, expression: Expr) -> str:
        """Spell the shape of an expression: 4×2."""
        return "×".join(map(str, self._shape(expression)))

    def whole(self, expression: Expr) -> str:
        """Tell how a whole form comes by its shape."""
        match expression:
            case Transposed():
                return f"({self.told(expression.args[0])})ᵀ"
            case RowSums() | ColumnSums() | Total():
                return f"{self.told(expression.args[0])} summed over {self._summed(expression)}"
            case Add():
                return self._added(expression)
            case Mul():
                return self._multiplied(expression)
            case MatrixProduct():
                return "".join(f"({self.told(factor)})" for factor in expression.args)
        return self.told(expression)

    def unturned(self, product: Expr) -> str:
        """Tell what a product would be if nothing in it were transposed."""
        plain = [factor.args[0] if isinstance(factor, Transposed) else factor for factor in product.args]
        shapes = "".join(f"({self.told(factor)})" for factor in plain)
        meets = self._shape(plain[0])[1] == self._shape(plain[1])[0]
        return f"without ᵀ: {shapes} " + ("meet, but sum over another index" if meets else "don't meet")

    def repeated(self, whole: Expr) -> str:
        """Tell which rows are used in every row, and which columns in every column."""
        shapes = {self._shape(operand): self.told(operand) for operand in self._operands(whole)}
        rows, columns = self._shape(whole)
        places = [f"the {told} in every row" for shape, told in shapes.items() if shape[0] < rows and shape != (1, 1)]
        places += [
            f"the {told} in every column" for shape, told in shapes.items() if shape[1] < columns and shape != (1, 1)
        ]
        return "".join(f", {place}" for place in places)

    def _shape(self, expression: Expr) -> Shape:
        rows, columns = axes_of(expression, self._derivation.axes)
        sizes = self._derivation.sizes
        return sizes.get(rows, 1), sizes.get(columns, 1)

    def _added(self, total: Expr) -> str:
        """Join the terms that are more than scalars, unless they are all of one shape."""
        terms = [pair for pair in signed_terms(total) if self._is_more_than_scalar(pair[1])]
        if len(terms) < 2:
            return self.whole(terms[0][1]) if terms else self.told(total)
        told = [f"({line})" if "summed" in (line := self.whole(term)) else line for _, term in terms]
        signs = [sign("minus" if negative else "plus").unicode for negative, _ in terms]
        alike = set(told) == {self.told(total)}
        return self.told(total) if alike else told[0] + "".join(map(str.__add__, signs[1:], told[1:]))

    def _multiplied(self, product: Expr) -> str:
        """Join the factors that are more than scalars; of one alone, tell how it comes by its shape."""
        _, above, below = factors(product)
        above, below = ([part for part in side if self._is_more_than_scalar(part)] for side in (above, below))
        if len(above) == 1 and not below:
            return self.whole(above[0])
        told = [self.told(factor) if not isinstance(factor, MatrixProduct) else self.whole(factor) for factor in above]
        return sign("hadamard").unicode.join(told) + "".join(f"/{self.told(factor)}" for factor in below)

    def _summed(self, total: Expr) -> str:
        """Name the indices that a sum runs over."""
        row, column = canonical(axes_of(total.args[0], self._derivation.axes))
        over = {RowSums: (column,), ColumnSums: (row,), Total: (row, column)}[total.func]
        return " and ".join(index.name.replace("'", "′") for index in over if isinstance(index, Index))

    def _operands(self, expression: Expr) -> Iterator[Expr]:
        """Yield what is joined entry by entry."""
        if isinstance(expression, MIXING) or not expression.args or isinstance(expression, Transposed):
            yield expression
        else:
            for part in expression.args:
                yield from self._operands(part)

    def _is_more_than_scalar(self, expression: Expr) -> bool:
        return expression.has(*MIXING) or axes_of(expression, self._derivation.axes) != ("", "")
