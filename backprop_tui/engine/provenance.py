"""Where a number comes from: the formula of one cell with the numbers put in, and the cells that it was made from.

A cell's origin is its stage's index form at this cell's indices, whatever the stage: ``∂E/∂V[1,0] = h[0,1] · ∂E/∂z[0,0]
= 0.8090 · −0.1650 = −0.1335``. Its sources are cells of earlier stages, so following them ends at something given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from math import isfinite
from typing import Final, NamedTuple

import numpy as np
from sympy import Expr, Integer

from ..calculus.derivation import Derivation
from ..calculus.indices import Index, axis, entry
from ..calculus.stages import Stage
from ..notation import sign, updated
from ..printers.marks import Line, Segment, segments
from ..printers.substituted import SubstitutedLatex, SubstitutedLine
from ..printers.substitution import Cell, Substitution
from .evaluation import Evaluation
from .trace import Trace

GIVEN: Final = "given"
CARRIED: Final = "after the update of the iteration before"


class Source(NamedTuple):
    """A cell that another was made from, `back` iterations before it."""

    name: str
    row: int
    column: int
    back: int = 0


@dataclass(frozen=True)
class Origin:
    """Where the number in one cell comes from.

    Attributes
    ----------
    sources:
        The cells it was made from, in the order in which the formula names them; none for something given.
    equation:
        The formula with this cell's indices, the same with the numbers put in, and the result: each a line in pieces,
        of which those that stand for a source have its number. A line that would repeat the one before is left out.
    value:
        The result, computed from the formula that is shown.
    note:
        How a cell came to be that no formula made: ``given``, or from which iteration it was carried over.
    typeset:
        Sets the whole equation as LaTeX mathematics, which takes as long as all the rest.

    """

    sources: tuple[Source, ...]
    equation: tuple[Line, ...]
    value: float
    note: str = ""
    typeset: Callable[[], str] = field(default=str, repr=False, compare=False)

    @property
    def latex(self) -> str:
        """The whole equation as LaTeX mathematics."""
        return self.typeset()

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines as text: ``∂E/∂V[1,0] = h[0,1] · ∂E/∂z[0,0]``, ``= 0.8090 · −0.1650``, ``= −0.1335``."""
        return tuple(map(_text, self.equation))


def origin(trace: Trace, iteration: int, cell: Cell) -> Origin:
    """Return where the number in a cell comes from.

    Parameters
    ----------
    trace, iteration:
        The numbers.
    cell:
        A cell of any quantity: of a stage, or of something given, which has no sources in the first iteration. In a
        later one a parameter's only source is its value after the update of the iteration before.

    """
    derivation, values = trace.derivation, trace[iteration]
    own = float(values[cell.name][cell.row, cell.column])
    if cell.name in derivation:
        stage = derivation[cell.name]
        place = place_of(derivation, stage, cell.row, cell.column)
        return _told(Evaluation(derivation, values), partial(_left, stage, place), stage.index, place, own)
    at = Integer(cell.row), Integer(cell.column)
    carried = iteration > 0 and updated(cell.name) in derivation
    name, start = (updated(cell.name), trace[iteration - 1]) if carried else (cell.name, values)
    form = entry(name, *at, derivation.axes[name])
    found = _told(Evaluation(derivation, start), lambda named: named.entry(cell.name, at), form, {}, own)
    if carried:
        return replace(found, sources=tuple(source._replace(back=1) for source in found.sources), note=CARRIED)
    unlinked = tuple(tuple(Segment(segment.text) for segment in line) for line in found.equation)
    return replace(found, sources=(), equation=unlinked, note=GIVEN)


def place_of(derivation: Derivation, stage: Stage, row: int, column: int) -> dict[Expr, int]:
    """Return the number of each index of a stage at one of its cells; a tensor's rows and columns are several axes."""
    lengths = [derivation.sizes[axis(symbol)] if isinstance(symbol, Index) else 1 for symbol in stage.running]
    numbers = np.unravel_index(row * derivation.shape(stage.name)[1] + column, lengths)
    return dict(zip(stage.running, map(int, numbers), strict=True))


def _left(stage: Stage, place: Mapping[Expr, int], typeset: Substitution) -> str:
    """Name the cell; of a local derivative, the entry of the Jacobian that it is."""
    if stage.jacobian is None:
        return typeset.entry(stage.name, stage.indices)
    return typeset.derivative(stage.jacobian, [place[symbol] for symbol in stage.running if isinstance(symbol, Index)])


def _told(
    evaluation: Evaluation, left: Callable[[Substitution], str], form: Expr, place: Mapping[Expr, int], own: float
) -> Origin:
    """Tell how an index form at a place makes the number on the left, which is `own` in the trace."""
    value = float(evaluation(form, place))
    if isfinite(own) and not isfinite(value):
        value = own  # as it is written the form overflows, which its stable form doesn't

    def sides(kind: type[Substitution]) -> tuple[Substitution, list[str]]:
        named, numbers = (kind(evaluation, place, put_in=put_in) for put_in in (False, True))
        return named, [left(named), named.formula(form), numbers.formula(form), numbers.figure(value)]

    in_line, told = sides(SubstitutedLine)
    sources = tuple(Source(*met) for met in in_line.met)
    lines = _lines(map(segments, told))
    return Origin(sources, lines, value, typeset=lambda: " = ".join(dict.fromkeys(sides(SubstitutedLatex)[1])))


def _lines(sides: Iterable[Line]) -> tuple[Line, ...]:
    """Set an equation's first two sides in one line, and every other in one of its own; none is told twice."""
    told: dict[str, Line] = {}
    for side in sides:
        told.setdefault(_text(side), side)
    left, right, *others = told.values()
    equals = Segment(sign("equals").unicode)
    return (*left, equals, *right), *((Segment(equals.text.lstrip()), *side) for side in others)


def _text(line: Line) -> str:
    return "".join(segment.text for segment in line)
