from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_tui import gallery
from backprop_tui.engine import trace as module
from backprop_tui.engine.lambdified import Form, form_function
from backprop_tui.engine.trace import Trace

from .networks import LECTURE_WIDTHS, Start, Widths, lecture, random_start


@pytest.fixture
def start() -> Start:
    return random_start(LECTURE_WIDTHS)


@pytest.fixture
def trace(start: Start) -> Trace:
    return Trace(lecture(), start)


def test_nothing_is_computed_before_it_is_asked_for(trace: Trace) -> None:
    assert len(trace) == 0
    trace[2]
    assert len(trace) == 3
    trace[1]
    assert len(trace) == 3


def test_stepping_back_is_a_look_up(trace: Trace) -> None:
    first = trace[0]
    second = trace[1]
    assert trace[0] is first
    assert trace[1]["dE/dV"] is second["dE/dV"]


def test_nothing_is_compiled_until_the_first_iteration(monkeypatch: pytest.MonkeyPatch, start: Start) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("compiled")

    monkeypatch.setattr(module, "compile_stages", refuse)
    untouched = Trace(lecture(), start)
    assert len(untouched) == 0
    with pytest.raises(AssertionError, match="compiled"):
        untouched[0]


def test_a_stage_is_compiled_when_it_is_first_asked_for(monkeypatch: pytest.MonkeyPatch, start: Start) -> None:
    compiled = list[object]()

    def noted(of: Form) -> object:
        compiled.append(of.matrix)
        return form_function(of)

    monkeypatch.setattr("backprop_tui.engine.straight_line.form_function", noted)
    first, matrices = Trace(lecture(), start)[0], {stage.name: stage.matrix for stage in lecture()}
    assert compiled == []
    first["h"]
    assert compiled == [matrices["p"], matrices["h"]]
    first["y"]
    assert compiled == [matrices["p"], matrices["h"]]  # the same forms again
    first["E"]
    assert len(compiled) == 4  # the difference of y and t, and its squares' sum
    dict(first)
    assert len(compiled) == len({*compiled})


def test_an_iteration_holds_what_it_starts_from_and_every_stage(trace: Trace) -> None:
    assert set(trace[0]) == {"x", "t", "W", "V", "eta"} | {stage.name for stage in lecture()}
    for name, value in trace[0].items():
        assert value.shape == lecture().shape(name)


def test_the_numbers_cannot_be_changed(trace: Trace) -> None:
    for value in trace[1].values():
        with pytest.raises(ValueError, match="read-only"):
            value[0, 0] = 1.0


def test_a_trace_keeps_its_own_copy_of_what_it_starts_from(start: Start) -> None:
    kept = {name: value.copy() for name, value in start.items()}
    trace = Trace(lecture(), start)
    for value in start.values():
        value += 1
    for name in start:
        np.testing.assert_array_equal(trace[0][name], kept[name])


def test_the_parameters_of_an_iteration_are_the_updates_of_the_one_before(trace: Trace) -> None:
    for iteration in range(3):
        for name in ("W", "V"):
            np.testing.assert_array_equal(trace[iteration + 1][name], trace[iteration][f"{name}'"])
            assert (trace[iteration + 1][name] != trace[iteration][name]).any()


def test_what_is_not_learned_stays_the_same(trace: Trace, start: Start) -> None:
    for name in ("x", "t", "eta"):
        np.testing.assert_array_equal(trace[3][name], start[name])


def test_an_iteration_is_the_same_however_it_is_reached(start: Start) -> None:
    at_once, in_steps = Trace(lecture(), start), Trace(lecture(), start)
    list(in_steps.first(5))
    for name, value in at_once[4].items():
        np.testing.assert_array_equal(value, in_steps[4][name])


def test_the_update_is_a_step_of_eta_against_the_gradient(trace: Trace) -> None:
    for name in ("W", "V"):
        step = trace[0][name] - 0.01 * trace[0][f"dE/d{name}"]
        np.testing.assert_allclose(trace[0][f"{name}'"], step, rtol=1e-15)


def test_the_loss_is_one_number_for_each_iteration(trace: Trace) -> None:
    y, t = trace[2]["y"], trace[2]["t"]
    assert trace.loss(2) == pytest.approx(float(((y - t) ** 2).sum()), rel=1e-15)
    assert isinstance(trace.loss(2), float)


def test_the_first_iterations_come_one_by_one(trace: Trace) -> None:
    iterations = trace.first(4)
    next(iterations)
    assert len(trace) == 1
    assert [values["E"] is trace[i + 1]["E"] for i, values in enumerate(iterations)] == [True] * 3


def test_there_is_no_iteration_before_the_first(trace: Trace) -> None:
    with pytest.raises(IndexError, match="counted from 0"):
        trace[-1]


def test_the_losses_are_those_of_all_iterations_that_were_run(trace: Trace) -> None:
    assert trace.losses().size == 0
    trace[5]
    np.testing.assert_array_equal(trace.losses(), [trace[iteration]["E"][0, 0] for iteration in range(6)])
    assert len(trace) == 6


# A budget of memory.


def forgetful(start: Start, kept: int, checkpoints: int) -> Trace:
    """A trace that keeps about so many whole iterations, and so many checkpoints."""
    roomy = Trace(lecture(), start)
    share = max(kept * roomy._bytes([stage.name for stage in lecture()]), checkpoints * roomy._bytes(["W", "V"]))
    return Trace(lecture(), start, memory=2 * share)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 90), min_size=1, max_size=12), st.integers(1, 5))
def test_an_iteration_that_was_let_go_comes_back_bit_for_bit(asked: list[int], kept: int) -> None:
    start = random_start(LECTURE_WIDTHS)
    whole, small = Trace(lecture(), start), forgetful(start, kept, 2)
    for iteration in asked:
        for name, value in whole[iteration].items():
            assert small[iteration][name].tobytes() == value.tobytes(), (iteration, name)
    assert small.losses().tobytes() == whole.losses().tobytes()


def test_a_trace_keeps_no_more_than_its_budget() -> None:
    wide, memory = Widths(2, 60, 40, 3), 1_000_000
    small = Trace(lecture(wide), random_start(wide), memory=memory)
    for iteration in (*range(100), 3, 50, 51):
        small[iteration]
        for kept in (small._kept, small._checkpoints):
            numbers = {id(value): value.nbytes for values in kept.values() for value in values.values()}
            assert sum(numbers.values()) <= memory // 2 + sum(value.nbytes for value in small._start.values())
    assert len(small) == 100
    assert len(small._kept) > 3
    assert len(small._checkpoints) > 7


def test_ten_thousand_iterations_of_the_lecture_are_kept_whole(start: Start) -> None:
    assert Trace(lecture(), start)._most_kept > 10_000


def test_stepping_back_beyond_the_budget_runs_from_a_checkpoint_and_not_from_the_start(start: Start) -> None:
    small = forgetful(start, 4, 16)
    small[300]
    assert small.steps_to(300) == 0
    assert 1 <= small.steps_to(150) <= 64
    assert small.steps_to(310) == 10


def test_what_is_never_run_is_counted_from_the_start(trace: Trace) -> None:
    assert trace.steps_to(7) == 8


def test_mini_batches_come_back_with_their_iteration() -> None:
    iris = gallery.load("softmax-classifier")
    whole = Trace(iris.derivation, iris.start, iris.inputs)
    small = Trace(iris.derivation, iris.start, iris.inputs, memory=60_000)
    small[60]
    assert small.steps_to(20) > 0
    for name in ("x", "z", "dE/dW"):
        np.testing.assert_array_equal(small[20][name], whole[20][name])
        assert not small[20][name].flags.writeable


def test_where_nothing_is_learned_every_loss_is_that_of_the_first(start: Start) -> None:
    frozen = replace(gallery.load("lecture"), frozen=frozenset({"W", "V"}))
    trace = Trace(frozen.derivation, frozen.start)
    trace[3]
    np.testing.assert_array_equal(trace.losses(), [trace[0]["E"][0, 0]] * 4)


def test_starting_again_compiles_nothing_anew(trace: Trace, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    trace[0]

    def refuse(*_: object) -> None:
        raise AssertionError("compiled")

    monkeypatch.setattr(module, "compile_stages", refuse)
    other = trace.again({**start, "eta": np.array([[0.5]])})
    assert len(other) == 0
    np.testing.assert_allclose(other[0]["W'"], start["W"] - 0.5 * other[0]["dE/dW"])


def test_two_threads_that_run_the_same_iteration_get_the_same_numbers(start: Start) -> None:
    asked, faster = list[int](), list[object]()

    def batches(iteration: int) -> Start:
        """Ask for the iteration while it is being run, as another thread might."""
        asked.append(iteration)
        if asked.count(2) == 1:
            faster.append(overtaken[2])
        return {"x": start["x"]}

    overtaken = Trace(lecture(), start, batches)
    values = overtaken[2]
    assert asked.count(2) == 2
    assert values is faster[0]
    assert len(overtaken.losses()) == 3
