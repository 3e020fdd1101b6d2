"""Many stages as one straight-line function, in which subexpressions that stages share are computed once.

Stepping takes such a function of all stages, which halts after each. What a line of it calls is compiled when that line
is first reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from sympy import Expr, numbered_symbols
from sympy.simplify.cse_main import tree_cse

from ..calculus.derivation import Derivation
from ..calculus.indices import names_in
from ..calculus.matrices import Quantity, quantities
from ..calculus.stages import Stage
from ..notation import code
from .compile import Compiled, Values, compile_stage, filled
from .lambdified import Form, form, form_function
from .numerics import Array
from .source import function


def compile_iteration(derivation: Derivation, outputs: Sequence[str]) -> Compiled:
    """Compile everything that the named stages need into one straight-line function that returns their values."""
    writer, needed = _Writer(derivation), _needed(derivation, outputs)
    body = [line for lines in writer.stages(needed) for line in lines]
    return writer.compiled([*body, f"return [{', '.join(map(code, outputs))}]"])


def compile_stages(derivation: Derivation) -> Callable[[Values], Iterator[Array]]:
    """Compile all stages into one function; it takes what an iteration is given, and yields their values in order.

    None is computed before it is asked for, and none compiled before it is first computed.
    """
    writer, stages = _Writer(derivation), derivation.stages
    each = zip(stages, writer.stages(stages), strict=True)
    run = writer.compiled([line for stage, lines in each for line in (*lines, f"yield {code(stage.name)}")])
    shapes = [derivation.shape(stage.name) for stage in stages]
    return lambda given: map(filled, run(given), shapes)


class _Writer:
    """Writes stages as lines of a function, and knows what these call."""

    def __init__(self, derivation: Derivation) -> None:
        self._derivation = derivation
        self._forms: dict[Form, str] = {}
        self._makers: dict[str, Callable[[], Callable[..., Any]]] = {}

    def stages(self, stages: Sequence[Stage]) -> Iterator[list[str]]:
        """Yield the lines of each stage; what several share stands before the first of them."""
        lines = _straight_line({stage.name: stage.matrix for stage in stages if stage.matrix not in (None, 0)})
        for stage in stages:
            yield [self._line(*line) for line in lines[stage.name]] if stage.name in lines else [self._alone(stage)]

    def compiled(self, body: Iterable[str]) -> Compiled:
        """Return the function that has these lines; each that they call is made when it is first called."""
        takes = self._derivation.given
        made = function("iteration", map(code, takes), body, {})
        known = made.__globals__
        known |= {name: _at_first(make, known, name) for name, make in self._makers.items()}
        return Compiled(takes, made)

    def _line(self, name: str, right: Expr) -> str:
        of = form(self._derivation, right)
        called = self._forms.setdefault(of, f"_form{len(self._forms)}")
        self._makers.setdefault(called, partial(form_function, of))
        return _assignment(name, called, of.takes)

    def _alone(self, stage: Stage) -> str:
        """Write a stage that is computed entry by entry, or is zero everywhere."""
        called = f"_alone_{code(stage.name)}"
        self._makers[called] = lambda: _of_matrices(compile_stage(self._derivation, stage).function)
        return _assignment(stage.name, called, sorted(names_in(stage.index)) if stage.matrix is None else ())


def _of_matrices(entries: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function matrices, where a total is a number between lines."""
    return lambda *arrays: entries(*map(np.atleast_2d, arrays))


def _assignment(name: str, called: str, takes: Iterable[str]) -> str:
    return f"{code(name)} = {called}({', '.join(map(code, takes))})"


def _at_first(make: Callable[[], Callable[..., Any]], known: dict[str, Any], name: str) -> Callable[..., Any]:
    """Return what makes a function when it is first called, and puts it in its own place."""

    def first(*arrays: Array) -> Any:
        known[name] = made = make()
        return made(*arrays)

    return first


def _straight_line(forms: Mapping[str, Expr]) -> dict[str, list[tuple[str, Expr]]]:
    """Return for each form the definitions that end in it, each subexpression of all of them defined once."""
    replacements, reduced = tree_cse(list(forms.values()), numbered_symbols("_", Quantity), order="none")
    shared = {symbol.name: right for symbol, right in replacements}

    def defined(name: str, right: Expr) -> Iterator[tuple[str, Expr]]:
        for needed in sorted(quantities(right)):
            if needed in shared:
                yield from defined(needed, shared.pop(needed))
        yield name, right

    return {name: list(defined(name, right)) for name, right in zip(forms, reduced, strict=True)}


def _needed(derivation: Derivation, outputs: Iterable[str]) -> list[Stage]:
    """Return the stages that the outputs need, in order."""
    found, needed = set(outputs), list[Stage]()
    for stage in reversed(derivation.stages):
        if stage.name in found:
            found |= names_in(stage.index) if stage.matrix is None else quantities(stage.matrix)
            needed.append(stage)
    return needed[::-1]
