"""The matrix language: what a chalkboard equation and a recovered matrix form are written in.

A whole matrix is one commutative SymPy symbol. Then ``+``, ``*``, ``**`` and functions are entry by entry, ``*`` is the
Hadamard product, and SymPy's algebra of numbers holds for it unchanged. Only the operations that mix entries need
nodes of their own: the matrix product, the transpose and the sums.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sympy import Expr, Function, S, Symbol, exp, log


class Quantity(Symbol):
    """A whole matrix or scalar by its chalkboard name."""

    __slots__ = ()


class MatrixProduct(Function):
    """A B: entry [r, c] is the contraction of row r of A with column c of B."""

    nargs = 2

    @classmethod
    def eval(cls, left: Expr, right: Expr) -> Expr | None:
        """A 0 = 0 B = 0."""
        return S.Zero if left is S.Zero or right is S.Zero else None


class Transposed(Function):
    """Aᵀ: entry [r, c] is A[c, r]."""

    nargs = 1

    @classmethod
    def eval(cls, matrix: Expr) -> Expr | None:
        """(Aᵀ)ᵀ = A, and a scalar's transpose is the scalar."""
        if isinstance(matrix, Transposed):
            return matrix.args[0]
        return matrix if matrix.is_number else None


class Sums(Function):
    """A sum of entries: that of zeros is zero."""

    nargs = 1

    @classmethod
    def eval(cls, matrix: Expr) -> Expr | None:
        """Of a zero matrix, zero."""
        return matrix if matrix is S.Zero else None


class RowSums(Sums):
    """Sum of each row: a column, entry [r, 0] is the sum over c of A[r, c]."""


class ColumnSums(Sums):
    """Sum of each column: a row, entry [0, c] is the sum over r of A[r, c]."""


class Total(Sums):
    """Sum of all entries: a scalar."""


class Mean(Sums):
    """Mean of all entries: a scalar, the total divided by the number of rows and by that of columns."""


class RowCount(Function):
    """The number of rows, which is that of samples: a scalar."""

    nargs = 1


class ColumnCount(Function):
    """The number of columns: a scalar."""

    nargs = 1


class Ones(Function):
    """A matrix of ones, in the shape of the quantity it names."""

    nargs = 1


class RowFunction(Function):
    """A function of each row as a whole, known by its chalkboard name and defined in the matrix language."""

    nargs = 1
    chalk: ClassVar[str]

    @property
    def definition(self) -> Expr:
        """What the function stands for."""
        raise NotImplementedError


class Softmax(RowFunction):
    """softmax(A) = exp(A) / rowsum(exp(A)): each row becomes positive and sums to one."""

    chalk = "softmax"

    @property
    def definition(self) -> Expr:
        """exp(A) / rowsum(exp(A))."""
        (matrix,) = self.args
        return exp(matrix) / RowSums(exp(matrix))


class LogSoftmax(RowFunction):
    """log_softmax(A) = A - log(rowsum(exp(A))): the logarithm of softmax(A), without its underflow."""

    chalk = "log_softmax"

    @property
    def definition(self) -> Expr:
        """A - log(rowsum(exp(A)))."""
        (matrix,) = self.args
        return matrix - log(RowSums(exp(matrix)))


class LogSumExp(RowFunction):
    """log_sum_exp(A) = log(rowsum(exp(A))): a column, without its overflow."""

    chalk = "log_sum_exp"

    @property
    def definition(self) -> Expr:
        """log(rowsum(exp(A)))."""
        (matrix,) = self.args
        return log(RowSums(exp(matrix)))


class LogOdds(RowFunction):
    """log_odds(A) = A - log(rowsum(exp(A)) - exp(A)): the logarithm of softmax(A)/(1 - softmax(A))."""

    chalk = "log_odds"

    @property
    def definition(self) -> Expr:
        """A - log(rowsum(exp(A)) - exp(A))."""
        (matrix,) = self.args
        return matrix - log(RowSums(exp(matrix)) - exp(matrix))


class SpreadOverOthers(RowFunction):
    """Every entry of C handed out to the other entries of its row, in shares that are the softmax of theirs in A.

    Entry [r, c] is the sum over all s but c of C[r, s] exp(A[r, c])/S[r, s], S[r, s] being the sum of exp(A[r, i]) over
    all i but s.
    """

    nargs = 2
    chalk = "spread_over_others"

    @property
    def definition(self) -> Expr:
        """exp(A) * (rowsum(C*exp(log_odds(A) - A)) - C*exp(log_odds(A) - A))."""
        handed_out, matrix = self.args
        weighted = handed_out * exp(LogOdds(matrix) - matrix)
        return exp(matrix) * (RowSums(weighted) - weighted)


MIXING = (MatrixProduct, RowSums, ColumnSums, Total, Mean, RowFunction)
"""The operations that make one entry from several."""


def transposed(matrix: Expr) -> Expr:
    """Transpose `matrix`, turning a product around: (A B)ᵀ = Bᵀ Aᵀ."""
    if isinstance(matrix, MatrixProduct):
        left, right = matrix.args
        return MatrixProduct(transposed(right), transposed(left))
    return Transposed(matrix)


def quantities(expression: Expr) -> set[str]:
    """Return the names of the quantities that `expression` uses."""
    found: set[Any] = expression.atoms(Quantity)
    return {quantity.name for quantity in found}
