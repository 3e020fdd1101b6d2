"""A trace run ahead by thousands of iterations, with word of how far it is, and a way to stop it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from math import isfinite
from time import monotonic
from typing import Final

from .trace import Trace

REPORTS_A_SECOND: Final = 30


class Ending(Enum):
    """Why a run ended."""

    ARRIVED = "arrived at the iteration"
    LOSS_REACHED = "reached the loss"
    NOT_FINITE = "met NaN or infinity"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Goal:
    """Where a run is to end.

    Attributes
    ----------
    iteration:
        The last iteration, counted from 0.
    loss:
        End earlier, at the first iteration whose loss is at most this; None to go all the way.

    """

    iteration: int
    loss: float | None = None


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes
    ----------
    ending:
        Why it ended.
    iteration:
        The last iteration worth a look: the goal, the one that reached the loss, the one with the first NaN.
    stage:
        The first stage that holds NaN or infinity; None where all are finite.

    """

    ending: Ending
    iteration: int
    stage: str | None = None


def run_ahead(
    trace: Trace,
    goal: Goal,
    report: Callable[[int, float], None],
    cancelled: Callable[[], bool],
    *,
    start: int = 0,
    clock: Callable[[], float] = monotonic,
) -> Outcome:
    """Run a trace from an iteration on until its goal, for a worker thread.

    Parameters
    ----------
    trace:
        What is run; other threads may read it meanwhile.
    goal:
        Where to end.
    report:
        Told an iteration and its loss, some thirty times a second and at the end.
    cancelled:
        Asked at every iteration whether to stop.
    start:
        The first iteration; goals are looked for from there on.
    clock:
        The time in seconds.

    """
    iteration, due = start, clock()
    while True:
        outcome = Outcome(Ending.CANCELLED, iteration) if cancelled() else _ended(trace, iteration, goal)
        if outcome or clock() >= due:
            report(iteration, trace.loss(iteration))
            due = clock() + 1 / REPORTS_A_SECOND
        if outcome:
            return outcome
        iteration += 1


def _ended(trace: Trace, iteration: int, goal: Goal) -> Outcome | None:
    loss = trace.loss(iteration)
    if not isfinite(loss):
        return _not_finite(trace, iteration)
    if goal.loss is not None and loss <= goal.loss:
        return Outcome(Ending.LOSS_REACHED, iteration)
    if iteration < goal.iteration:
        return None
    stage = trace.first_not_finite(iteration)
    return Outcome(Ending.NOT_FINITE if stage else Ending.ARRIVED, iteration, stage)


def _not_finite(trace: Trace, iteration: int) -> Outcome:
    """Name the stage where it began: a gradient that overflows spoils the loss of the iteration after."""
    before = trace.first_not_finite(iteration - 1) if iteration else None
    at, stage = (iteration - 1, before) if before else (iteration, trace.first_not_finite(iteration))
    return Outcome(Ending.NOT_FINITE, at, stage)
