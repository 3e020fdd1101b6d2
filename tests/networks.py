"""Networks for the tests, and evaluations of both languages that share nothing with the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from sympy import Add, Expr, ImmutableDenseMatrix, Indexed, Integer, KroneckerDelta, Mul, Pow, Rational, Sum, Symbol

from backprop_tui.calculus.derivation import Derivation, derive
from backprop_tui.calculus.functions import ScalarFunction
from backprop_tui.calculus.indices import Axes, Index, Size, axis
from backprop_tui.calculus.matrices import (
    ColumnSums,
    MatrixProduct,
    Ones,
    Quantity,
    RowSums,
    Total,
    Transposed,
)
from backprop_tui.calculus.shapes import Shape

Array = NDArray[np.float64]
Start = dict[str, Array]

LECTURE: Final = {"p": "x @ W", "h": "sigmoid(p)", "z": "h @ V", "y": "sigmoid(z)", "E": "sum((y - t)**2)"}
FORWARD: Final = ("p", "h", "z", "y", "E")
LOCALS: Final = ("dy/dz", "dz/dV", "dz/dh", "dh/dp", "dp/dW")
ADJOINTS: Final = ("dE/dy", "dE/dz", "dE/dV", "dE/dh", "dE/dp", "dE/dW")


class Widths(NamedTuple):
    samples: int
    inputs: int
    hidden: int
    outputs: int


LECTURE_WIDTHS: Final = Widths(1, 3, 4, 2)
SIZES: Final = {"n": 2, "i": 3, "j": 4}
"""The axes of the random expressions; the empty letter is an axis of one."""


def given_shapes(widths: Widths) -> dict[str, Shape]:
    return {"x": (widths.samples, widths.inputs), "t": (widths.samples, widths.outputs)}


def learned_shapes(widths: Widths) -> dict[str, Shape]:
    return {"W": (widths.inputs, widths.hidden), "V": (widths.hidden, widths.outputs)}


@cache
def lecture(widths: Widths = LECTURE_WIDTHS) -> Derivation:
    return derive(LECTURE, given_shapes(widths), learned_shapes(widths))


def scalars(derivation: Derivation) -> list[str]:
    return [name for name, axes in derivation.axes.items() if axes == ("", "")]


def matrices(shape: Shape) -> st.SearchStrategy[Array]:
    numbers = st.floats(-3, 3, width=32, allow_subnormal=False)
    count = shape[0] * shape[1]
    return st.lists(numbers, min_size=count, max_size=count).map(lambda found: np.reshape(found, shape))


def starts(widths: Widths) -> st.SearchStrategy[Start]:
    shapes = given_shapes(widths) | learned_shapes(widths)
    return st.fixed_dictionaries({name: matrices(shape) for name, shape in shapes.items()}).map(with_learning_rate)


def with_learning_rate(start: Start) -> Start:
    return {**start, "eta": np.array([[0.01]])}


def random_start(widths: Widths, seed: int = 0) -> Start:
    numbers = np.random.default_rng(seed)
    shapes = given_shapes(widths) | learned_shapes(widths)
    return with_learning_rate({name: numbers.uniform(-2, 2, shape) for name, shape in shapes.items()})


def entry_at(expression: Expr, place: Mapping[Expr, int], values: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
    """Evaluate an index form at concrete indices: every sum is written out, every delta is 1 or 0."""

    def at(part: Expr) -> Any:
        return entry_at(part, place, values, sizes)

    if isinstance(expression, Index):
        return place[expression]
    if isinstance(expression, Size):
        return Integer(sizes[expression.name.removeprefix("N_")])
    if isinstance(expression, Indexed):
        row, column = map(at, expression.indices)
        return values[expression.base.label.name][int(row), int(column)]
    if isinstance(expression, KroneckerDelta):
        return Integer(at(expression.args[0]) == at(expression.args[1]))
    if isinstance(expression, Sum):
        return sum(entry_at(expression.function, {**place, **more}, values, sizes) for more in places(expression, at))
    if isinstance(expression, Add):
        return sum(map(at, expression.args))
    if isinstance(expression, Mul):
        return prod(map(at, expression.args))
    if isinstance(expression, Pow):
        return at(expression.base) ** expression.exp
    if isinstance(expression, ScalarFunction):
        return expression.formula(at(expression.args[0]))
    if type(expression) is Symbol:
        return values[expression.name][0, 0]
    return expression.func(*map(at, expression.args)) if expression.args else expression


def places(total: Sum, at: Any) -> list[dict[Expr, int]]:
    ranges = [range(int(at(low)), int(at(high)) + 1) for _, low, high in total.limits]
    return [dict(zip((limit[0] for limit in total.limits), place, strict=True)) for place in product(*ranges)]


def entries(expression: Expr, indices: Sequence[Expr], values: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
    """Evaluate an index form at every place of its indices, in row-major order, as a flat list."""
    counts = [sizes[axis(index)] if isinstance(index, Index) else 1 for index in indices]
    return [
        entry_at(expression, dict(zip(indices, place, strict=True)), values, sizes)
        for place in product(*map(range, counts))
    ]


def entry_matrix(expression: Expr, indices: Sequence[Expr], values: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
    rows, columns = (sizes[axis(index)] if isinstance(index, Index) else 1 for index in indices)
    return ImmutableDenseMatrix(rows, columns, entries(expression, indices, values, sizes))


def exact(array: Array) -> Any:
    """Return an array as a SymPy matrix of the very numbers that its floats are."""
    return ImmutableDenseMatrix(*array.shape, [Rational(float(number)) for number in array.ravel()])


def array_value(expression: Expr, values: Mapping[str, Array]) -> Any:
    """Evaluate an expression of the matrix language with NumPy, operation by operation."""
    if isinstance(expression, Quantity):
        return values[expression.name]
    if isinstance(expression, Size):
        return np.array([[float(SIZES[expression.name.removeprefix("N_")])]])
    if expression.is_number:
        return np.array([[float(expression)]])
    if isinstance(expression, Ones):
        return np.ones(values[expression.args[0].name].shape)
    parts = [array_value(argument, values) for argument in expression.args]
    match expression:
        case MatrixProduct():
            return parts[0] @ parts[1]
        case Transposed():
            return parts[0].T
        case RowSums():
            return parts[0].sum(1, keepdims=True)
        case ColumnSums():
            return parts[0].sum(0, keepdims=True)
        case Total():
            return parts[0].sum(keepdims=True)
        case Add():
            return sum(parts)
        case Mul():
            return prod(parts)
        case Pow():
            return parts[0] ** parts[1]
    raise NotImplementedError(expression)


LETTERS: Final = ("n", "i", "j", "")


def along(which: str, axes: Axes) -> str:
    """Name a quantity by its axes: Ani, An1."""
    return which + "".join(letter or "1" for letter in axes)


MATRIX_AXES: Final[dict[str, Axes]] = {along(which, axes): axes for which in "AB" for axes in product(LETTERS, LETTERS)}


@cache
def generic_values() -> Mapping[str, Array]:
    """Numbers without any pattern for the quantities of `MATRIX_AXES`."""
    numbers = np.random.default_rng(7)
    return {
        name: numbers.uniform(0.5, 2.0, tuple(SIZES.get(letter, 1) for letter in axes))
        for name, axes in MATRIX_AXES.items()
    }


def leaves(axes: Axes) -> st.SearchStrategy[Expr]:
    """A quantity along the axes, or the transpose of one along the axes turned around."""
    straight = [Quantity(along(which, axes)) for which in "AB"]
    turned = [Transposed(Quantity(along(which, (axes[1], axes[0])))) for which in "AB"]
    return st.sampled_from([*straight, *turned])


@st.composite
def products(draw: st.DrawFn, axes: Axes, depth: int = 3) -> Expr:
    """Matrix products of leaves, and of Hadamard products of leaves with others that may be rows or columns."""
    if depth == 0 or draw(st.booleans()):
        leaf = draw(leaves(axes))
        return leaf * draw(leaves(draw(broadcast_to(axes)))) if draw(st.booleans()) else leaf
    inner = draw(st.sampled_from(["n", "i", "j"]))
    return MatrixProduct(draw(products((axes[0], inner), depth - 1)), draw(products((inner, axes[1]), depth - 1)))


@st.composite
def expressions(draw: st.DrawFn, axes: Axes, depth: int = 3) -> Expr:
    """Anything that the matrix language says along the axes."""
    if depth == 0:
        return draw(leaves(axes))
    ways = ["leaf", "product", "transpose", "hadamard", "sum", "difference", "square", "scaled"]
    if "" in axes:
        ways += ["sums", "sums"]
    return draw(_made(draw(st.sampled_from(ways)), axes, depth - 1))


@st.composite
def _made(draw: st.DrawFn, way: str, axes: Axes, depth: int) -> Expr:
    rows, columns = axes
    letters = st.sampled_from(["n", "i", "j"])
    match way:
        case "product":
            inner = draw(letters)
            return MatrixProduct(draw(expressions((rows, inner), depth)), draw(expressions((inner, columns), depth)))
        case "transpose":
            return Transposed(draw(expressions((columns, rows), depth)))
        case "hadamard":
            return draw(leaves(axes)) * draw(expressions(draw(broadcast_to(axes)), depth))
        case "sum":
            return draw(leaves(axes)) + draw(expressions(draw(broadcast_to(axes)), depth))
        case "difference":
            return draw(expressions(axes, depth)) - 101 * draw(leaves(axes))
        case "square":
            return draw(leaves(axes)) ** 2
        case "scaled":
            return draw(st.sampled_from([2, 3])) * draw(expressions(axes, depth))
        case "sums":
            return draw(_sums(axes, depth))
    return draw(leaves(axes))


@st.composite
def _sums(draw: st.DrawFn, axes: Axes, depth: int) -> Expr:
    rows, columns = axes
    summed = draw(st.sampled_from(["n", "i", "j"]))
    if rows:
        return RowSums(draw(expressions((rows, summed), depth)))
    if columns:
        return ColumnSums(draw(expressions((summed, columns), depth)))
    return Total(draw(expressions((draw(st.sampled_from(["n", "i", "j"])), summed), depth)))


def broadcast_to(axes: Axes) -> st.SearchStrategy[Axes]:
    """The axes themselves, or those of a row, a column or a scalar that broadcasts to them."""
    rows, columns = axes
    return st.sampled_from([axes, axes, ("", columns), (rows, ""), ("", "")])
