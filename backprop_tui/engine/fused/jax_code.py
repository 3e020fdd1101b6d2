"""Lines of a schedule as a function for JAX, by `lambdify`. What is derived is run: JAX differentiates nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import jax
import jax.numpy as jnp
from sympy import Expr, Symbol, lambdify

from ...calculus.functions import Sigmoid, Softplus
from ...calculus.matrices import Quantity
from ...calculus.shapes import Shape
from ...notation import code
from ...printers.jax_code import JaxCode
from ..numerics import largest_of_others, sum_over_others
from .entries import EntriesOf
from .schedule import Schedule

Function = Callable[..., list[jax.Array]]


def softplus(u: jax.Array) -> jax.Array:
    """log(1 + exp(u)), entry by entry, as max(u, 0) + log(1 + exp(-|u|))."""
    return jnp.maximum(u, 0) + jnp.log1p(jnp.exp(-jnp.abs(u)))


_STABLE: Final = {
    "_sigmoid": jax.lax.logistic,
    "_softplus": softplus,
    "_largest_of_others": partial(largest_of_others, xp=jnp),
    "_sum_over_others": partial(sum_over_others, xp=jnp),
}
"""All that a schedule leaves to be implemented; other functions of the chalkboard are written out in it."""

_BY_CLASS: Final[dict[Any, Callable[[Any], Any]]] = {Sigmoid: jax.lax.logistic, Softplus: softplus}


def jax_function(scheduled: Schedule, sizes: Mapping[str, int]) -> Function:
    """Generate a function of the arrays of all that is given; it returns those of all outputs.

    Parameters
    ----------
    scheduled:
        What it computes.
    sizes:
        The number of entries along each axis.

    """
    printer = JaxCode(sizes, {code(name): shape for name, shape in scheduled.shapes.items()})
    lines = [(_symbol(line.name), _coded(line.right)) for line in scheduled.lines]
    results = [_symbol(name) for name in scheduled.outputs]
    takes = [_symbol(name) for name in scheduled.given]
    apart = {
        f"entries_of_{code(name)}": EntriesOf(stage, scheduled.shapes[name], sizes, jnp, _BY_CLASS)
        for name, stage in scheduled.apart.items()
    }
    made: Any = lambdify(takes, results, [_STABLE, apart, "jax"], printer, cse=lambda _: (lines, results))
    shapes = [scheduled.shapes[name] for name in scheduled.outputs]
    return lambda *arrays: list(map(_filled, made(*arrays), shapes))


def _filled(value: Any, shape: Shape) -> jax.Array:
    """Return a value as an array of its own shape, which one number fills."""
    return jnp.broadcast_to(value if isinstance(value, jax.Array) else jnp.asarray(value, float), shape)


def _symbol(name: str) -> Expr:
    return Symbol(code(name))


def _coded(expression: Expr) -> Expr:
    return expression.xreplace({found: _symbol(found.name) for found in expression.atoms(Quantity)})
