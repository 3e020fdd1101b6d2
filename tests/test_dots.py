from __future__ import annotations

from math import inf, nan

from hypothesis import given
from hypothesis import strategies as st

from backprop_tui.printers.dots import plot

SERIES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=90)


def test_two_series_that_part_are_drawn_over_one_scale() -> None:
    assert plot({"▲": [2.0, 3.0, 4.0], "●": [2.0, 1.0, 0.0]}, 24, 7, 1) == [
        "4 ┤                  ▲",
        "  ┤         ▲",
        "  ┤◆",
        "  ┤         ●",
        "0 ┤                  ●",
        "  └┴────────┻────────┴",
        "   0       [1]       2",
    ]


def test_a_series_that_stays_is_drawn_in_the_middle_with_its_number() -> None:
    lines = plot({"▲": [5.0] * 90}, 40, 7, 45)
    assert lines[2].startswith("5 ┤▲▲▲")
    assert [line for line in lines[:5] if "▲" in line or "5" in line] == [lines[2]]
    assert "[45]" in lines[6]


def test_what_is_not_finite_is_left_out() -> None:
    lines = plot({"▲": [1.0, inf, nan, 2.0]}, 30, 6, 3)
    assert sum(line.count("▲") for line in lines) == 2
    assert plot({"▲": [nan, inf]}, 30, 6, 0)


def test_a_position_beyond_the_last_leaves_the_axis_unmarked() -> None:
    assert "[" not in "".join(plot({"▲": [1.0, 2.0]}, 30, 6, 7))


@given(SERIES, st.integers(0, 90), st.integers(0, 60), st.integers(0, 20))
def test_it_fits_its_room_and_shows_both_ends(values: list[float], present: int, width: int, height: int) -> None:
    lines = plot({"●": values}, width, height, present)
    assert len(lines) in (0, height)
    assert all(len(line) <= width for line in lines)
    if lines:
        drawn = ["●" in line for line in lines]
        assert drawn[0] or min(values) == max(values)
        assert drawn[height - 3] or min(values) == max(values)
