"""A forward pass read: equations in order, each becoming one stage or several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Expr

from ..errors import InputError
from .chalkboard import Definition, argument_names, read_expression
from .flatten import flattened
from .shapes import Shapes
from .stable_forms import by_name, through_stages


@dataclass(frozen=True)
class Equation:
    """One stage's right-hand side in the matrix language.

    `right` is what was written. `stable` is the same without underflow, log_softmax(z) for log(softmax(z)); most often
    it is `right` itself.
    """

    right: Expr
    stable: Expr


def read_equations(
    equations: Mapping[str, str], shapes: Shapes, functions: Mapping[str, str] | None = None
) -> dict[str, Equation]:
    """Read named equations in order, each from the quantities before it; nested operations become stages.

    Parameters
    ----------
    equations:
        Name and text, for example ``{"p": "x @ W"}``.
    shapes:
        The shapes of the quantities known so far; it learns those of the stages and which axes are one and the same.
    functions:
        The reader's own functions, ``{"swish": "z * sigmoid(beta*z)"}``: the argument is the one name in the text that
        is neither an input nor a parameter.

    Raises
    ------
    InputError
        Where a text is no expression of the language, names something unknown, or its shapes don't meet.

    """
    own = {name: _own_function(name, text, shapes) for name, text in (functions or {}).items()}
    read: dict[str, Equation] = {}
    for name, text in equations.items():
        try:
            whole = by_name(read_expression(text, shapes, own, equations))
            for stage, right in flattened(name, whole, {*equations, *shapes}):
                shapes.define(stage, right)
                definitions = {earlier: equation.stable for earlier, equation in read.items()}
                read[stage] = Equation(right, through_stages(right, definitions))
        except InputError as error:
            error.key = error.key or f"[equations] {name}"
            raise
    return read


def _own_function(name: str, text: str, shapes: Shapes) -> Definition:
    key = f"[functions] {name}"
    try:
        arguments = sorted(argument_names(text) - set(shapes))
    except InputError as error:
        error.key = key
        raise
    if len(arguments) != 1:
        raise InputError(
            f"{len(arguments)} arguments ({', '.join(arguments)})",
            "one name that is no input and no parameter",
            key=key,
        )
    return Definition((arguments[0],), text)
