from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprop_tui import gallery
from backprop_tui.engine.trace import Trace
from backprop_tui.tui.walkthrough import PACES, Cell, Corner, Mode, Place, Reading, Walkthrough

NAMES = [
    *("p", "h", "z", "y", "E"),
    *("dE/dy", "dy/dz", "dE/dz", "dz/dV", "dE/dV", "dz/dh", "dE/dh", "dh/dp", "dE/dp", "dp/dW", "dE/dW"),
    *("V'", "W'"),
]
GIVEN = ["x", "t", "W", "V", "eta"]
COUNT = len(NAMES)
ITERATIONS = 4

steps = st.sampled_from(["forward", "back", "next_iteration", "previous_iteration", "to_start"])
places = st.builds(Place, st.integers(0, ITERATIONS), st.sampled_from(NAMES))


@cache
def lecture() -> Trace:
    network = gallery.load("lecture")
    return Trace(network.derivation, network.start)


def at(place: Place) -> Walkthrough:
    walkthrough = Walkthrough(lecture())
    walkthrough.place = place
    return walkthrough


def moved(place: Place, move: str) -> Place:
    """Where a move leads, reckoned in steps from the very start."""
    count = place.iteration * COUNT + NAMES.index(place.name)
    match move:
        case "forward":
            count += 1
        case "back":
            count = max(count - 1, 0)
        case "next_iteration":
            count += COUNT
        case "previous_iteration":
            count = count - COUNT if count >= COUNT else count
        case "to_start":
            count = 0
    iteration, position = divmod(count, COUNT)
    return Place(iteration, NAMES[position])


# Steps


def test_it_starts_at_the_first_stage_of_the_first_iteration() -> None:
    walkthrough = Walkthrough(lecture())
    assert walkthrough.place == Place(0, "p")
    assert walkthrough.stage is lecture().derivation["p"]


def test_forward_visits_every_stage_in_order_and_then_the_next_iteration() -> None:
    walkthrough = Walkthrough(lecture())
    visited = [walkthrough.place.name]
    for _ in range(2 * COUNT):
        assert walkthrough.forward()
        visited.append(walkthrough.place.name)
    assert visited == [*NAMES, *NAMES, "p"]
    assert walkthrough.place == Place(2, "p")


def test_there_is_nothing_before_the_very_start() -> None:
    walkthrough = Walkthrough(lecture())
    assert not walkthrough.back()
    assert not walkthrough.previous_iteration()
    assert not walkthrough.to_start()
    assert not walkthrough.retrace()
    assert walkthrough.place == Place(0, "p")


@given(st.lists(steps, max_size=60))
def test_any_steps_lead_to_a_valid_place_and_tell_whether_it_changed(made: list[str]) -> None:
    walkthrough = Walkthrough(lecture())
    for move in made:
        before = walkthrough.place
        changed = getattr(walkthrough, move)()
        assert walkthrough.place == moved(before, move)
        assert changed == (walkthrough.place != before)


@given(places, st.integers(0, 3 * COUNT))
def test_as_many_steps_back_as_forward_return_to_the_same_place(place: Place, count: int) -> None:
    walkthrough = at(place)
    assert all(walkthrough.forward() for _ in range(count))
    assert all(walkthrough.back() for _ in range(count))
    assert walkthrough.place == place


@given(places, st.sampled_from(NAMES + GIVEN))
def test_going_to_a_quantity_stays_in_its_iteration(place: Place, name: str) -> None:
    walkthrough = at(place)
    assert walkthrough.to(name) == (name != place.name)
    assert walkthrough.place == Place(place.iteration, name)


def test_the_end_is_the_last_stage_of_the_last_iteration_that_was_run() -> None:
    network = gallery.load("lecture")
    trace = Trace(network.derivation, network.start)
    trace.loss(6)
    walkthrough = Walkthrough(trace)
    assert walkthrough.to_end()
    assert walkthrough.place == Place(6, "W'")
    assert not walkthrough.to_end()


# What is given


@pytest.mark.parametrize("name", GIVEN)
def test_a_step_from_something_given_leads_into_its_iteration(name: str) -> None:
    walkthrough = at(Place(2, "y"))
    walkthrough.to(name)
    assert walkthrough.stage is None
    assert walkthrough.forward()
    assert walkthrough.place == Place(2, "p")


def test_a_step_back_from_something_given_leads_to_the_iteration_before() -> None:
    walkthrough = at(Place(2, "W"))
    assert walkthrough.back()
    assert walkthrough.place == Place(1, "W'")
    assert not at(Place(0, "W")).back()


def test_something_given_can_be_watched_over_iterations() -> None:
    walkthrough = at(Place(0, "W"))
    assert walkthrough.next_iteration()
    assert walkthrough.place == Place(1, "W")


# Cells


def test_each_quantity_remembers_its_chosen_cell() -> None:
    walkthrough = Walkthrough(lecture())
    assert walkthrough.choose(0, 3)
    walkthrough.to("dE/dV")
    assert walkthrough.cell == Cell(0, 0)
    assert walkthrough.choose(2, 1)
    walkthrough.to("p")
    assert walkthrough.cell == Cell(0, 3)
    walkthrough.next_iteration()
    assert walkthrough.cell == Cell(0, 3)


@given(st.sampled_from(NAMES + GIVEN), st.integers(-3, 9), st.integers(-3, 9))
def test_a_chosen_cell_is_the_nearest_that_there_is(name: str, row: int, column: int) -> None:
    walkthrough = at(Place(0, name))
    walkthrough.choose(row, column)
    rows, columns = lecture().derivation.shape(name)
    assert walkthrough.cell == (sorted((0, row, rows - 1))[1], sorted((0, column, columns - 1))[1])


def test_choosing_tells_whether_the_cell_changed() -> None:
    walkthrough = Walkthrough(lecture())
    assert not walkthrough.choose(0, 0)
    assert walkthrough.choose(0, 1)
    assert not walkthrough.choose(0, 1)


def test_the_way_to_a_source_is_retraced_through_iterations() -> None:
    walkthrough = at(Place(1, "p"))
    walkthrough.choose(0, 2)
    walkthrough.follow("W", Cell(1, 2))
    walkthrough.follow("W'", Cell(1, 2), iterations_back=1)
    walkthrough.follow("dE/dW", Cell(1, 2))
    assert walkthrough.place == Place(0, "dE/dW")
    assert walkthrough.cell == Cell(1, 2)
    back = []
    while walkthrough.retrace():
        back.append((walkthrough.place, walkthrough.cell))
    assert back == [(Place(0, "W'"), Cell(1, 2)), (Place(1, "W"), Cell(1, 2)), (Place(1, "p"), Cell(0, 2))]


def test_steps_in_between_do_not_lose_the_way_back() -> None:
    walkthrough = at(Place(0, "dE/dV"))
    walkthrough.follow("h", Cell(0, 1))
    walkthrough.forward()
    walkthrough.next_iteration()
    assert walkthrough.retrace()
    assert walkthrough.place == Place(0, "dE/dV")


# Ways to look


def test_one_key_goes_round_the_readings_and_another_round_the_modes() -> None:
    walkthrough = Walkthrough(lecture())
    readings, modes = [walkthrough.view.reading], [walkthrough.view.mode]
    for _ in range(3):
        assert walkthrough.next_reading()
        assert walkthrough.next_mode()
        readings.append(walkthrough.view.reading)
        modes.append(walkthrough.view.mode)
    assert readings == [*Reading, Reading.MATRIX]
    assert modes == [*Mode, Mode.NUMBERS]


def test_showing_what_is_shown_changes_nothing() -> None:
    walkthrough = Walkthrough(lecture())
    assert walkthrough.show(Corner.LOSS)
    assert not walkthrough.show(Corner.LOSS)


def test_the_pace_has_a_fastest_and_a_slowest() -> None:
    walkthrough = Walkthrough(lecture())
    while walkthrough.faster():
        assert walkthrough.seconds in PACES
    assert walkthrough.seconds == PACES[-1]
    while walkthrough.slower():
        assert walkthrough.seconds in PACES
    assert walkthrough.seconds == PACES[0]


# The loss


def test_the_loss_of_the_first_iteration_has_nothing_to_be_compared_with() -> None:
    loss, change = at(Place(0, "W'")).loss()
    assert loss == pytest.approx(0.855274, abs=5e-7)
    assert change is None


def test_the_loss_is_told_with_its_change_from_the_iteration_before() -> None:
    loss, change = at(Place(1, "p")).loss()
    assert change is not None
    assert loss == pytest.approx(0.853428, abs=5e-7)
    assert change == pytest.approx(-0.00185, abs=5e-6)


# Another trace


@cache
def residual() -> Trace:
    network = gallery.load("residual")
    return Trace(network.derivation, network.start)


def test_a_stage_that_is_gone_gives_way_to_the_nearest_one_before_it() -> None:
    kept = {stage.name for stage in residual().derivation}
    expected = next(name for name in reversed(NAMES[: NAMES.index("dp/dW") + 1]) if name in kept)
    assert at(Place(1, "dp/dW")).onto(residual()).place == Place(1, expected)


@given(places, st.integers(0, 3), st.integers(0, 3))
def test_on_a_trace_of_the_same_network_nothing_moves(place: Place, row: int, column: int) -> None:
    walkthrough = at(place)
    walkthrough.choose(row, column)
    walkthrough.follow("x", Cell(0, 2))
    walkthrough.retrace()
    carried = walkthrough.onto(lecture())
    assert (carried.place, carried.cell, carried.view) == (walkthrough.place, walkthrough.cell, walkthrough.view)


@given(places, st.integers(0, 3), st.integers(0, 3))
def test_on_another_trace_every_chosen_cell_is_there(place: Place, row: int, column: int) -> None:
    walkthrough = at(place)
    walkthrough.choose(row, column)
    carried = walkthrough.onto(residual())
    rows, columns = residual().derivation.shape(carried.place.name)
    assert carried.cell.row < rows
    assert carried.cell.column < columns
