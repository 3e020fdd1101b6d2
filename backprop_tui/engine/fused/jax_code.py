"""Lines of a schedule as a function for JAX, by `lambdify`. What is derived is run: JAX differentiates nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import jax
import jax.numpy as jnp
from sympy import Expr, Symbol, lambdify

from ...calculus.matrices import Quantity
from ...notation import code
from ...printers.jax_code import JaxCode
from ..numerics import largest_of_others, sum_over_others
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
    made: Any = lambdify(takes, results, [_STABLE, "jax"], printer, cse=lambda _: (lines, results))
    return made


def _symbol(name: str) -> Expr:
    return Symbol(code(name))


def _coded(expression: Expr) -> Expr:
    return expression.xreplace({found: _symbol(found.name) for found in expression.atoms(Quantity)})
