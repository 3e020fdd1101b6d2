from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprop_tui import gallery
from backprop_tui.engine.trace import Trace
from backprop_tui.tui.walkthrough import Place, Walkthrough

NAMES = [
    *("p", "h", "z", "y", "E"),
    *("dE/dy", "dy/dz", "dE/dz", "dz/dV", "dE/dV", "dz/dh", "dE/dh", "dh/dp", "dE/dp", "dp/dW", "dE/dW"),
    *("V'", "W'"),
]
COUNT = len(NAMES)
ITERATIONS = 4

moves = st.sampled_from(["forward", "back", "next_iteration", "previous_iteration", "to_start"])
places = st.builds(Place, st.integers(0, ITERATIONS), st.integers(0, COUNT - 1))


@cache
def lecture() -> Trace:
    network = gallery.load("lecture")
    return Trace(network.derivation, network.start)


def at(iteration: int, position: int) -> Walkthrough:
    walkthrough = Walkthrough(lecture())
    walkthrough.place = Place(iteration, position)
    return walkthrough


def moved(place: Place, move: str) -> Place:
    """Where a move leads, reckoned in steps from the very start."""
    steps = place.iteration * COUNT + place.position
    match move:
        case "forward":
            steps += 1
        case "back":
            steps = max(steps - 1, 0)
        case "next_iteration":
            steps += COUNT
        case "previous_iteration":
            steps = steps - COUNT if steps >= COUNT else steps
        case "to_start":
            steps = 0
    return Place(*divmod(steps, COUNT))


def test_it_starts_at_the_first_stage_of_the_first_iteration() -> None:
    walkthrough = Walkthrough(lecture())
    assert (walkthrough.place, walkthrough.stage.name) == (Place(0, 0), "p")


def test_forward_visits_every_stage_in_order_and_then_the_next_iteration() -> None:
    walkthrough = Walkthrough(lecture())
    visited = [walkthrough.stage.name]
    for _ in range(2 * COUNT):
        assert walkthrough.forward()
        visited.append(walkthrough.stage.name)
    assert visited == [*NAMES, *NAMES, "p"]
    assert walkthrough.place == Place(2, 0)


def test_back_visits_the_same_places_in_reverse() -> None:
    walkthrough = Walkthrough(lecture())
    there = [walkthrough.place]
    while walkthrough.place != Place(2, 3):
        walkthrough.forward()
        there.append(walkthrough.place)
    back = [walkthrough.place]
    while walkthrough.back():
        back.append(walkthrough.place)
    assert back == there[::-1]


def test_there_is_nothing_before_the_very_start() -> None:
    walkthrough = Walkthrough(lecture())
    assert not walkthrough.back()
    assert not walkthrough.previous_iteration()
    assert not walkthrough.to_start()
    assert walkthrough.place == Place(0, 0)


def test_another_iteration_keeps_the_stage() -> None:
    walkthrough = at(1, 9)
    assert walkthrough.next_iteration()
    assert (walkthrough.place, walkthrough.stage.name) == (Place(2, 9), "dE/dV")
    assert walkthrough.previous_iteration()
    assert walkthrough.previous_iteration()
    assert walkthrough.place == Place(0, 9)


def test_the_iteration_before_the_first_is_the_first_itself() -> None:
    walkthrough = at(0, 9)
    assert not walkthrough.previous_iteration()
    assert walkthrough.place == Place(0, 9)


def test_to_start_leaves_iteration_and_stage() -> None:
    walkthrough = at(3, 9)
    assert walkthrough.to_start()
    assert walkthrough.place == Place(0, 0)


def test_to_stage_stays_in_its_iteration() -> None:
    walkthrough = at(2, 9)
    assert walkthrough.to_stage(4)
    assert (walkthrough.place, walkthrough.stage.name) == (Place(2, 4), "E")
    assert not walkthrough.to_stage(4)


def test_the_loss_of_the_first_iteration_has_nothing_to_be_compared_with() -> None:
    loss, change = at(0, 17).loss()
    assert loss == pytest.approx(0.855274, abs=5e-7)
    assert change is None


def test_the_loss_is_told_with_its_change_from_the_iteration_before() -> None:
    loss, change = at(1, 0).loss()
    assert change is not None
    assert loss == pytest.approx(0.853428, abs=5e-7)
    assert change == pytest.approx(loss - at(0, 0).loss()[0], rel=1e-12)
    assert change == pytest.approx(-0.00185, abs=5e-6)


@given(st.lists(moves, max_size=60))
def test_any_moves_lead_to_a_valid_place_and_tell_whether_it_changed(made: list[str]) -> None:
    walkthrough = Walkthrough(lecture())
    for move in made:
        before = walkthrough.place
        changed = getattr(walkthrough, move)()
        assert walkthrough.place == moved(before, move)
        assert changed == (walkthrough.place != before)
        assert walkthrough.stage.name == NAMES[walkthrough.place.position]


@given(places, st.integers(0, 3 * COUNT))
def test_as_many_steps_back_as_forward_return_to_the_same_place(place: Place, steps: int) -> None:
    walkthrough = at(place.iteration, place.position)
    assert all(walkthrough.forward() for _ in range(steps))
    assert all(walkthrough.back() for _ in range(steps))
    assert walkthrough.place == place


@given(places)
def test_the_next_iteration_is_one_round_of_steps_forward(place: Place) -> None:
    stepping, jumping = at(place.iteration, place.position), at(place.iteration, place.position)
    for _ in range(COUNT):
        stepping.forward()
    jumping.next_iteration()
    assert stepping.place == jumping.place


@given(places, st.integers(0, COUNT - 1))
def test_to_stage_tells_whether_the_place_changed(place: Place, position: int) -> None:
    walkthrough = at(place.iteration, place.position)
    assert walkthrough.to_stage(position) == (position != place.position)
    assert walkthrough.place == Place(place.iteration, position)
