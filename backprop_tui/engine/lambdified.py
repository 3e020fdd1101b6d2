"""Expressions as NumPy functions, by `lambdify`: once for all that differ in nothing but the names in them.

A network of sixty-four alike layers has hundreds of stages and a dozen forms.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sympy import Expr, Symbol, lambdify

from ..calculus.derivation import Derivation
from ..calculus.indices import Index, Size, axis
from ..calculus.matrices import Ones, Quantity
from ..calculus.shapes import Shape
from ..notation import code
from ..printers.numpy_code import NumPyCode
from .numerics import NUMPY, implementations


@dataclass(frozen=True)
class Form:
    """A matrix form but for its names.

    Attributes
    ----------
    key:
        What the form is made of: a number in place of each name, and of each size of an axis the size.
    sizes, shapes:
        Those of the axes, and of the quantities that ones are shaped as.
    takes, matrix:
        The names in the order of their numbers, and the expression with these names.

    """

    key: Hashable
    sizes: Mapping[str, int] = field(compare=False)
    shapes: Mapping[str, Shape] = field(compare=False)
    takes: tuple[str, ...] = field(compare=False)
    matrix: Expr = field(compare=False)


def form(derivation: Derivation, matrix: Expr) -> Form:
    """Return the form of an expression of the matrix language."""
    numbers: dict[str, int] = {}

    def key(part: Expr) -> Hashable:
        if isinstance(part, Quantity):
            return "name", numbers.setdefault(part.name, len(numbers))
        if isinstance(part, Size):
            return "size", derivation.sizes[axis(part).removeprefix("N_")]
        if isinstance(part, Ones):
            return "ones", derivation.shape(part.args[0].name)
        return (part.func, *map(key, part.args)) if part.args else part

    shapes = {found.args[0].name: derivation.shape(found.args[0].name) for found in matrix.atoms(Ones)}
    return Form(key(matrix), derivation.sizes, shapes, tuple(numbers), matrix)


@lru_cache(maxsize=4096)
def form_function(form: Form) -> Callable[..., Any]:
    """Generate the function of a form; it takes the quantities in the order of their numbers."""
    coded = {Quantity(name): Symbol(f"_{number}") for number, name in enumerate(form.takes)}
    shapes = {coded.get(Quantity(name), Quantity(name)).name: shape for name, shape in form.shapes.items()}
    return _generated(list(coded.values()), form.matrix.xreplace(coded), NumPyCode(form.sizes, shapes))


def entry_function(derivation: Derivation, arguments: Sequence[Expr], entry: Expr) -> Callable[..., Any]:
    """Generate the function of an index form: it takes arrays, numbers where there is one entry, and indices."""
    indices: set[Index] = entry.atoms(Index) | {symbol for symbol in arguments if isinstance(symbol, Index)}
    coded = {index: Symbol("_" + index.name.replace("'", "_")) for index in indices}  # no quantity begins so
    names = {symbol for symbol in entry.atoms(Symbol) | set(arguments) if code(symbol.name) != symbol.name} - indices
    coded |= {symbol: Symbol(code(symbol.name), real=True) for symbol in names}
    takes = [coded.get(symbol, symbol) for symbol in arguments]
    return _generated(takes, entry.xreplace(coded), NumPyCode(derivation.sizes, {}))


def _generated(arguments: Sequence[Expr], result: Expr, printer: NumPyCode) -> Callable[..., Any]:
    made: Callable[..., Any] = lambdify(arguments, result, [implementations(result), NUMPY], printer)
    return made
