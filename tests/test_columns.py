from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backprop_tui.printers.columns import Columns, arranged

widths = st.lists(st.integers(1, 9), min_size=1, max_size=12)


def test_columns_share_the_room_and_stand_in_the_middle() -> None:
    assert arranged([2, 2, 2], 16, 0, 3, 24) == Columns(0, (0, 7, 14), 5)
    assert arranged([2, 2, 2], 40, 0, 3, 5) == Columns(0, (12, 19, 26), 5)


def test_without_room_for_all_those_around_the_focus_are_shown() -> None:
    columns = arranged([1] * 9, 9, 4, 3, 9)
    assert (columns.first, len(columns.lefts)) == (3, 3)
    assert [columns.left(number) for number in (2, 3, 4, 5, 6)] == [None, 0, 4, 8, None]


def test_at_an_end_the_others_fill_the_room() -> None:
    columns = arranged([1] * 9, 9, 8, 3, 9)
    assert (columns.first, len(columns.lefts)) == (6, 3)


def test_without_room_for_the_focus_none_is_shown() -> None:
    assert not arranged([4, 4], 3, 1, 1, 9).lefts


@given(widths, st.integers(0, 60), st.data())
def test_columns_never_overlap_nor_leave_the_room(widths: list[int], room: int, data: st.DataObject) -> None:
    focus = data.draw(st.integers(0, len(widths) - 1))
    columns = arranged(widths, room, focus, 2, 7)
    edges = [0]
    for number, left in enumerate(columns.lefts, columns.first):
        assert left >= edges[-1]
        edges.append(left + widths[number])
    assert edges[-1] <= room
    assert columns.left(focus) is not None or widths[focus] > room
