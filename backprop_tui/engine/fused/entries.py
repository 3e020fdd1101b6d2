"""Stages without a matrix form, by their index form.

Every index is an axis of an array, and every sum of products a call of `einsum`. What is written here serves NumPy and
JAX alike: either is handed over as `xp`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sympy import Add, Expr, Indexed, KroneckerDelta, Mul, Piecewise, Pow, Sum, Symbol
from sympy.core.relational import Relational

from ...calculus.functions import ScalarFunction
from ...calculus.indices import Index, Size, axis, names_in
from ...calculus.others import Differs, ExpElsewhere
from ...calculus.shapes import Shape
from ...calculus.stages import Stage

RELATIONS: Final = {
    ">": "greater",
    "<": "less",
    ">=": "greater_equal",
    "<=": "less_equal",
    "==": "equal",
    "!=": "not_equal",
}


@dataclass(frozen=True)
class Spread:
    """Values with an axis for each of some indices."""

    array: Any
    indices: tuple[Expr, ...] = ()


@dataclass(frozen=True)
class EntriesOf:
    """A function of the quantities in a stage's index form, in alphabetical order, to all entries of the stage.

    Attributes
    ----------
    stage, shape, sizes:
        What is computed, its shape, and the number of entries along each axis.
    xp:
        `numpy` or `jax.numpy`.
    functions:
        Its sigmoid and softplus, by the classes of the chalkboard's.

    """

    stage: Stage
    shape: Shape
    sizes: Mapping[str, int]
    xp: Any
    functions: Mapping[Any, Callable[[Any], Any]]

    def __call__(self, *arrays: Any) -> Any:
        """Compute all entries."""
        values = dict(zip(sorted(names_in(self.stage.index)), arrays, strict=True))
        found = _Evaluation(self, values, arrays[0].dtype if arrays else None).value(self.stage.index)
        running = [index for index in self.stage.running if isinstance(index, Index)]
        lengths = [self.sizes[axis(index)] for index in running]
        return self.xp.broadcast_to(self.laid(found, running), lengths).reshape(self.shape)

    def laid(self, spread: Spread, indices: Sequence[Expr]) -> Any:
        """Return an array with an axis for each of the indices, of length one where the values don't run along it."""
        own = [index for index in indices if index in spread.indices]
        turned = self.xp.transpose(spread.array, [spread.indices.index(index) for index in own])
        return turned[tuple(slice(None) if index in own else None for index in indices)]


@dataclass(frozen=True)
class _Evaluation:
    of: EntriesOf
    values: Mapping[str, Any]
    dtype: Any

    def value(self, expression: Expr) -> Spread:
        xp = self.of.xp
        match expression:
            case _ if expression.is_number or isinstance(expression, Size):
                return Spread(xp.asarray(self._number(expression), self.dtype))
            case Indexed():
                return self._entry(expression)
            case Symbol():
                return Spread(self.values[expression.name].reshape(()))
            case KroneckerDelta():
                one, other = expression.args
                return Spread(xp.eye(self._length(one), dtype=self.dtype), (one, other))
            case Differs():
                one, other = expression.args
                return Spread(1 - xp.eye(self._length(one), dtype=self.dtype), (one, other))
            case ExpElsewhere():
                return self._exp_elsewhere(expression)
            case Sum():
                return self._sum(expression)
            case Piecewise():
                return self._choice(expression)
            case Relational():
                return self._together(getattr(xp, RELATIONS[expression.rel_op]), expression.args)
            case Add() | Mul():
                joined = xp.add if isinstance(expression, Add) else xp.multiply
                whole, *others = map(self.value, expression.args)
                for other in others:
                    whole = self._joined(joined, [whole, other])
                return whole
            case Pow():
                return self._together(xp.power, expression.args)
            case ScalarFunction() if expression.func in self.of.functions:
                return self._together(self.of.functions[expression.func], expression.args)
            case ScalarFunction():
                return self.value(expression.formula(*expression.args))
        return self._together(getattr(xp, expression.func.__name__), expression.args)

    def _number(self, expression: Expr) -> float:
        sizes = {found: self.of.sizes[axis(found).removeprefix("N_")] for found in expression.atoms(Size)}
        return float(expression.xreplace(sizes))

    def _length(self, index: Expr) -> int:
        return self.of.sizes[axis(index)]

    def _entry(self, entry: Indexed) -> Spread:
        """A whole quantity; along an axis of one its index is 0, and with one index twice it is the diagonal."""
        array, indices = self.values[entry.base.label.name], entry.indices
        running = tuple(index for index in indices if isinstance(index, Index))
        array = array[tuple(slice(None) if isinstance(index, Index) else 0 for index in indices)]
        if len(running) == 2 and running[0] == running[1]:
            return Spread(self.of.xp.diagonal(array), running[:1])
        return Spread(array, running)

    def _sum(self, total: Sum) -> Spread:
        factors = [self.value(factor) for factor in Mul.make_args(total.function)]
        over = [index for index, *_ in total.limits]
        known = tuple(dict.fromkeys(index for factor in factors for index in factor.indices))
        left = tuple(index for index in known if index not in over)
        numbers = {index: number for number, index in enumerate(known)}
        operands = [part for each in factors for part in (each.array, [numbers[index] for index in each.indices])]
        array = self.of.xp.einsum(*operands, [numbers[index] for index in left], optimize=True)
        for index in set(over).difference(known):
            array = array * self._length(index)
        return Spread(array, left)

    def _exp_elsewhere(self, expression: ExpElsewhere) -> Spread:
        """Where the indices are the same the exponent may be beyond all bounds: it isn't looked at."""
        raised, below, *indices = expression.args
        xp = self.of.xp

        def elsewhere(differs: Any, exponent: Any) -> Any:
            return differs * xp.exp(xp.where(differs == 1, exponent, 0))

        return self._joined(elsewhere, [self.value(Differs(*indices)), self.value(raised - below)])

    def _choice(self, choice: Piecewise) -> Spread:
        *others, (last, _) = choice.args
        whole = self.value(last)
        for value, condition in reversed(others):
            whole = self._joined(self.of.xp.where, [self.value(condition), self.value(value), whole])
        return whole

    def _together(self, function: Callable[..., Any], arguments: Sequence[Expr]) -> Spread:
        return self._joined(function, [self.value(argument) for argument in arguments])

    def _joined(self, function: Callable[..., Any], values: Sequence[Spread]) -> Spread:
        indices = tuple(dict.fromkeys(index for value in values for index in value.indices))
        return Spread(function(*(self.of.laid(value, indices) for value in values)), indices)
