from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isfinite
from threading import Thread

import numpy as np
import pytest

from backprop_tui import gallery
from backprop_tui.engine.trace import Trace
from backprop_tui.engine.training import REPORTS_A_SECOND, Ending, Goal, Outcome, run_ahead
from backprop_tui.network import Network


def trace_of(network: Network) -> Trace:
    return Trace(network.derivation, network.start, network.inputs)


@pytest.fixture
def trace() -> Trace:
    return trace_of(gallery.load("lecture"))


def ticking(seconds: float) -> Iterator[float]:
    """Yield the times of a clock that is looked at every so many seconds."""
    now = 0.0
    while True:
        yield now
        now += seconds


def quiet(iteration: int, loss: float) -> None:
    del iteration, loss


def never() -> bool:
    return False


def test_a_run_goes_to_its_last_iteration_and_no_further(trace: Trace) -> None:
    assert run_ahead(trace, Goal(20), quiet, never) == Outcome(Ending.ARRIVED, 20)
    assert len(trace) == 21


def test_a_run_to_a_loss_ends_at_the_first_iteration_that_has_it(trace: Trace) -> None:
    goal = trace.loss(7)
    assert run_ahead(trace, Goal(100, goal), quiet, never) == Outcome(Ending.LOSS_REACHED, 7)
    assert trace.loss(6) > goal


def test_a_loss_is_looked_for_from_the_present_iteration_on(trace: Trace) -> None:
    goal = trace.loss(7)
    assert run_ahead(trace, Goal(100, goal), quiet, never, start=12) == Outcome(Ending.LOSS_REACHED, 12)


def test_a_loss_that_is_not_reached_ends_the_run_at_its_last_iteration(trace: Trace) -> None:
    assert run_ahead(trace, Goal(15, 0.0), quiet, never) == Outcome(Ending.ARRIVED, 15)


def test_a_goal_that_lies_behind_ends_the_run_at_once(trace: Trace) -> None:
    assert run_ahead(trace, Goal(3), quiet, never, start=9) == Outcome(Ending.ARRIVED, 9)


def test_a_cancelled_run_ends_where_it_is(trace: Trace) -> None:
    outcome = run_ahead(trace, Goal(1_000), quiet, lambda: len(trace) > 25)
    assert outcome == Outcome(Ending.CANCELLED, 26)
    assert len(trace) <= 27


def test_reports_come_thirty_times_a_second_with_the_loss_of_that_iteration(trace: Trace) -> None:
    told: list[tuple[int, float]] = []
    times = ticking(1 / (20 * REPORTS_A_SECOND))
    run_ahead(trace, Goal(1_000), lambda *report: told.append(report), never, clock=lambda: next(times))
    assert 40 < len(told) < 60
    assert told[0][0] == 0
    assert told[-1][0] == 1_000
    assert all(loss == trace.loss(iteration) for iteration, loss in told)


def test_a_short_run_tells_its_end_however_fast_it_is(trace: Trace) -> None:
    told: list[int] = []
    run_ahead(trace, Goal(3), lambda iteration, _: told.append(iteration), never, clock=lambda: 0.0)
    assert told[-1] == 3


def overflowing() -> Network:
    """A product of weights that grows at each step until it overflows."""
    lecture = gallery.load("lecture")
    return replace(lecture, equations={**lecture.equations, "y": "z**2", "h": "p**2"}, learning_rate=1e3)


def test_a_run_stops_at_the_first_stage_that_is_not_finite() -> None:
    trace = trace_of(overflowing())
    outcome = run_ahead(trace, Goal(1_000), quiet, never)
    assert outcome.ending is Ending.NOT_FINITE
    assert outcome.stage is not None
    assert outcome.stage == trace.first_not_finite(outcome.iteration)
    assert all(trace.first_not_finite(before) is None for before in range(outcome.iteration))


def test_a_gradient_that_overflows_is_found_in_its_own_iteration() -> None:
    lecture = gallery.load("lecture")
    equations = {"p": "x @ W", "z": "p @ V", "y": "z**3", "E": "sum(y)"}
    parameters = {"W": np.full((3, 4), 1e-50), "V": np.full((4, 2), 1e150)}
    trace = trace_of(replace(lecture, equations=equations, data={"x": lecture.data["x"]}, parameters=parameters))
    outcome = run_ahead(trace, Goal(50), quiet, never)
    assert isfinite(trace.loss(0))
    assert outcome.ending is Ending.NOT_FINITE
    assert (outcome.iteration, outcome.stage) == (0, trace.first_not_finite(0))
    assert outcome.stage is not None
    assert "/" in outcome.stage


def test_a_trace_may_be_read_while_it_runs_ahead(trace: Trace) -> None:
    expected = trace_of(gallery.load("lecture"))
    worker = Thread(target=run_ahead, args=(trace, Goal(2_000), quiet, never))
    worker.start()
    while worker.is_alive():
        seen = trace.losses()
        assert len(seen) <= 2_001
        if seen.size:
            last = len(seen) - 1
            np.testing.assert_array_equal(trace[last]["dE/dV"], expected[last]["dE/dV"])
    worker.join()
    np.testing.assert_array_equal(trace.losses(), [expected.loss(iteration) for iteration in range(2_001)])
