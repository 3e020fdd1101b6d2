"""A derivation with mistakes put in on purpose, to replay a run that was recorded with them.

A mistaken derivation is an ordinary one with a few stages replaced, so that whatever shows or runs a derivation shows
and runs the mistake as well, and says so in the stage's reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sympy import Expr, Indexed, Integer

from ..notation import LEARNING_RATE
from .derivation import Derivation
from .indices import base, entry, size
from .matrices import Quantity
from .stages import Kind, Reason, Stage

STALE = "stale"
"""The name of the constant that stands where an error signal was never computed."""


@dataclass(frozen=True)
class Mistakes:
    """The mistakes of a recorded run, each switched on or off by itself.

    Attributes
    ----------
    climbs:
        The updates add the gradient instead of subtracting it.
    sum_for_mean:
        The loss is called a mean, which would put 2/n into dE/dy, but the factor 2 of the sum is used. Off, dE/dy
        has the factor 2/n.
    stale:
        The gradient whose error signal was left over from an earlier run, such as ``dE/dV``; None for no such mistake.
    signal:
        The error signal that the stale one stands for, such as ``dE/dz``.

    """

    climbs: bool
    sum_for_mean: bool
    stale: str | None
    signal: str = ""


def with_mistakes(derivation: Derivation, mistakes: Mistakes) -> Derivation:
    """Return the derivation with the mistakes in it; a stale signal becomes an input named `STALE`."""
    changed = {stage.name: stage for stage in derivation}
    if mistakes.climbs:
        changed |= {stage.name: _climbing(stage) for stage in derivation if stage.kind is Kind.UPDATE}
    if not mistakes.sum_for_mean:
        changed |= {stage.name: _averaged(stage) for stage in _first_adjoints(derivation)}
    inputs, axes = derivation.inputs, dict(derivation.axes)
    if mistakes.stale:
        changed[mistakes.stale] = _stale(derivation[mistakes.stale], mistakes.signal)
        inputs, axes = (*inputs, STALE), axes | {STALE: axes[mistakes.signal]}
    return replace(derivation, stages=tuple(changed[stage.name] for stage in derivation), inputs=inputs, axes=axes)


def _climbing(stage: Stage) -> Stage:
    eta = entry(LEARNING_RATE, *stage.indices, ("", ""))
    return _rewritten(
        stage,
        {eta: -eta},
        {Quantity(LEARNING_RATE): -Quantity(LEARNING_RATE)},
        ("Mistake: the gradient is added. The step goes uphill, and the loss rises.",),
    )


def _first_adjoints(derivation: Derivation) -> list[Stage]:
    return [stage for stage in derivation if any(not factor.adjoint for factor in stage.factors)]


def _averaged(stage: Stage) -> Stage:
    count = Integer(1)
    for letter in stage.axes:
        count *= size(letter)
    matrix = None if stage.matrix is None else stage.matrix / count
    told: Reason = ("The loss taken as a mean: the factor is 2/n.",)
    return stage.rewritten(index=stage.index / count, matrix=matrix, reason=told)


def _stale(stage: Stage, signal: str) -> Stage:
    entries = {
        found: base(STALE)[found.indices] for found in stage.index.atoms(Indexed) if str(found.base.label) == signal
    }
    told: Reason = (
        "Mistake: ",
        Quantity(signal),
        " was never computed here; a constant left over from an earlier run stands in its place.",
    )
    return _rewritten(stage, entries, {Quantity(signal): Quantity(STALE)}, told)


def _rewritten(stage: Stage, entries: Mapping[Expr, Expr], matrices: Mapping[Expr, Expr], told: Reason) -> Stage:
    matrix = None if stage.matrix is None else stage.matrix.xreplace(matrices)
    return stage.rewritten(index=stage.index.xreplace(entries), matrix=matrix, reason=told)
