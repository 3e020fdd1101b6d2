"""A forward pass read: equations in order, each becoming one stage or several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from sympy import Expr

from ..errors import InputError
from .chalkboard import Definition, OrderError, argument_names, read_expression
from .flatten import flattened
from .matrices import LogOdds
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
                stable = through_stages(right, definitions)
                read[stage] = Equation(right, right if _has_lone_entries(stable, shapes) else stable)
        except InputError as error:
            told = _cycle(name, equations) if isinstance(error, OrderError) else None
            told = told or error
            told.key = told.key or f"[equations] {name}"
            raise told from None
    return read


def _has_lone_entries(stable: Expr, shapes: Shapes) -> bool:
    """Whether a stable form takes the odds of entries that are alone in their rows."""
    return any(shapes.of(found)[1] == 1 for found in stable.atoms(LogOdds))


def _own_function(name: str, text: str, shapes: Shapes) -> Definition:
    key = f"[functions] {name}"
    try:
        arguments = sorted(argument_names(text) - set(shapes))
    except InputError as error:
        error.key = key
        raise
    if not arguments:
        raise InputError("no argument", "one name that is no input and no parameter, such as z", key=key)
    if len(arguments) > 1:
        got = f"{len(arguments)} arguments: {', '.join(arguments)}"
        raise InputError(got, "one name that is no input and no parameter", key=key)
    return Definition((arguments[0],), text)


def _cycle(name: str, equations: Mapping[str, str]) -> InputError | None:
    """Tell that an equation is made, through others, from itself; None where it isn't."""
    came_from: dict[str, str] = {}
    waiting = [name]
    while waiting:
        user = waiting.pop()
        for used in sorted(_names(equations[user]) & set(equations) - set(came_from)):
            came_from[used] = user
            if used == name:
                return InputError(f"a cycle: {_path(name, came_from)}", "each stage made from earlier ones")
            waiting.append(used)
    return None


def _names(text: str) -> set[str]:
    """Return the names in a text; none where it is no expression, which is told when its turn comes."""
    try:
        return argument_names(text)
    except InputError:
        return set()


def _path(name: str, came_from: Mapping[str, str]) -> str:
    """Spell the way from a name back to itself: ``p uses y, y uses p``."""
    steps = [name, came_from[name]]
    while steps[-1] != name:
        steps.append(came_from[steps[-1]])
    return ", ".join(f"{user} uses {used}" for user, used in pairwise(reversed(steps)))
