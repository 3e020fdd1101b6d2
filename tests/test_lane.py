from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backprop_tui.tui.widgets.lane import Lane

lanes = st.builds(Lane, st.integers(1, 900), st.integers(1, 12), st.integers(0, 200))
scrolls = st.integers(0, 12_000)


def test_a_window_shows_whole_slots_only() -> None:
    lane = Lane(count=10, size=8, room=39)
    assert [list(lane.shown(scroll)) for scroll in (0, 3, 4, 8, 48)] == [
        [0, 1, 2, 3],
        [0, 1, 2, 3],
        [1, 2, 3, 4],
        [1, 2, 3, 4],
        [6, 7, 8, 9],
    ]


@given(lanes, scrolls)
def test_as_many_slots_are_shown_as_there_is_room_for(lane: Lane, scroll: int) -> None:
    shown = lane.shown(scroll)
    assert 0 <= shown.start < shown.stop <= lane.count
    assert len(shown) * lane.size <= max(lane.room, lane.size)
    assert len(shown) == lane.count or (len(shown) + 1) * lane.size > lane.room


@given(lanes)
def test_scrolled_to_the_end_the_last_slot_is_shown(lane: Lane) -> None:
    assert lane.shown(lane.farthest)[-1] == lane.count - 1
    assert lane.extent - lane.farthest == (lane.room if lane.farthest else lane.count * lane.size)


@given(lanes, scrolls, st.data())
def test_a_revealed_slot_is_shown_and_one_in_sight_moves_nothing(lane: Lane, scroll: int, data: st.DataObject) -> None:
    slot = data.draw(st.integers(0, lane.count - 1))
    scroll = min(scroll, lane.farthest)
    moved = lane.reveal(slot, scroll)
    assert 0 <= moved <= lane.farthest
    assert slot in lane.shown(moved)
    assert moved == scroll or slot not in lane.shown(scroll)


@given(lanes, scrolls)
def test_each_place_of_the_window_belongs_to_the_slot_that_is_shown_there(lane: Lane, scroll: int) -> None:
    shown = lane.shown(scroll)
    places = [lane.at(place, scroll) for place in range(len(shown) * lane.size)]
    assert places == [slot for slot in shown for _ in range(lane.size)]
    assert lane.at(-1, scroll) is lane.at(len(places), scroll) is None
