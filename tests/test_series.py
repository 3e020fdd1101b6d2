from __future__ import annotations

from math import inf, isfinite, log10, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprop_tui.printers.bars import CURSOR, Bars
from backprop_tui.printers.series import Curve, Point, ticks

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400)
anything = st.lists(st.floats(), min_size=1, max_size=200)


# The curve


def test_losses_that_span_decades_are_on_a_logarithmic_scale() -> None:
    assert Curve([1.0, 0.1, 0.01]).logarithmic
    assert not Curve([1.0, 0.1, 0.02]).logarithmic
    assert Curve([1.0, 0.01]).bounds == (-2.0, 0.0)


def test_a_loss_of_zero_or_below_keeps_the_scale_linear() -> None:
    assert not Curve([1.0, 0.0]).logarithmic
    assert not Curve([1.0, -1e-9]).logarithmic


def test_what_is_no_number_leaves_a_gap_and_is_told_of() -> None:
    curve = Curve([3.0, nan, 1.0, inf])
    assert curve.lost == 1
    assert [curve.point(iteration) for iteration in range(5)] == [Point(0, 3.0), None, Point(2, 1.0), None, None]
    assert curve.thinned(10) == [Point(0, 3.0), Point(2, 1.0)]
    assert Curve([1.0]).lost is None


@given(numbers, st.integers(1, 60))
def test_thinning_keeps_the_ends_and_the_extremes_in_order(losses: list[float], columns: int) -> None:
    curve = Curve(losses)
    kept = curve.thinned(columns)
    assert len(kept) <= 2 * columns + 2
    assert [point.iteration for point in kept] == sorted({point.iteration for point in kept})
    assert {kept[0].iteration, kept[-1].iteration} == {0, len(losses) - 1}
    heights = [point.height for point in kept]
    assert (min(heights), max(heights)) == curve.bounds


def test_spikes_among_ten_thousand_stay_in_sight() -> None:
    losses = [1.0] * 10_000
    losses[7_777] = 5.0
    losses[3_333] = -5.0
    assert {Point(3_333, -5.0), Point(7_777, 5.0)} <= set(Curve(losses).thinned(40))


@given(anything, st.integers(1, 60))
def test_any_losses_can_be_thinned(losses: list[float], columns: int) -> None:
    assert all(isfinite(point.height) for point in Curve(losses).thinned(columns))


# Ticks


@pytest.mark.parametrize(
    ("low", "high", "most", "told"),
    [
        (0.0, 10.0, 6, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]),
        (0.8343, 0.8563, 5, [0.835, 0.84, 0.845, 0.85, 0.855]),
        (-0.3, 0.3, 3, [-0.2, 0.0, 0.2]),
        (4.0, 4.0, 5, [4.0]),
    ],
)
def test_ticks_are_round(low: float, high: float, most: int, told: list[float]) -> None:
    assert ticks(low, high, most) == pytest.approx(told)


def test_ticks_of_iterations_are_whole() -> None:
    assert ticks(0, 2, 9, whole=True) == [0, 1, 2]


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.integers(2, 12))
def test_ticks_stay_within_the_axis_and_are_few(low: float, span: float, most: int) -> None:
    high = low + span
    found = ticks(low, high, most)
    slack = 1e-9 * max(abs(low), abs(high))
    assert 1 <= len(found) <= most
    assert all(low - slack <= tick <= high + slack for tick in found)


@given(st.integers(1, 10_000), st.integers(3, 12))
def test_there_are_two_ticks_of_iterations_at_least(last: int, most: int) -> None:
    found = ticks(0, last, most, whole=True)
    assert found[0] == 0
    assert 2 <= len(found) <= most
    assert all(tick == int(tick) for tick in found)


# Bars


def test_a_falling_loss_as_bars() -> None:
    assert Bars(Curve([4.0, 3.0, 2.0, 1.0]), 20, 3).lines(1) == ["4 █▃  ", "1 ██▆▁", "   ▲"]


def test_a_gap_where_there_is_no_number() -> None:
    assert Bars(Curve([2.0, nan, 2.0]), 20, 2).lines(2) == ["2 ▅ ▅", "    ▲"]


def test_more_iterations_than_room_show_the_first_and_the_last() -> None:
    bars = Bars(Curve([float(loss) for loss in range(1000, 0, -1)]), 16, 4)
    assert (bars.iterations[0], bars.iterations[-1]) == (0, 999)
    assert bars.iteration_at(bars.left) == 0
    assert bars.iteration_at(15) == 999
    assert bars.iteration_at(16) is None
    assert bars.iteration_at(bars.left - 1) is None


@given(anything, st.integers(1, 40), st.integers(1, 9), st.data())
def test_bars_have_room_for_any_losses_and_a_cursor_below_a_bar(
    losses: list[float], width: int, height: int, data: st.DataObject
) -> None:
    iteration = data.draw(st.integers(0, len(losses) - 1))
    bars = Bars(Curve(losses), width, height)
    lines = bars.lines(iteration)
    assert len(lines) == max(2, height)
    assert all(len(line) <= max(width, bars.left + 1) for line in lines)
    assert bars.iteration_at(lines[-1].index(CURSOR)) is not None


@given(st.lists(st.floats(0.001, 1e3), min_size=1, max_size=30))
def test_a_higher_loss_never_has_a_lower_bar(losses: list[float]) -> None:
    def level(place: int) -> int:
        return sum(" ▁▂▃▄▅▆▇█".index(line[bars.left + place : bars.left + place + 1] or " ") for line in lines)

    bars = Bars(Curve(losses), 60, 6)
    lines = bars.lines(0)[:-1]
    ordered = sorted(range(len(losses)), key=losses.__getitem__)
    levels = [level(place) for place in ordered]
    assert levels == sorted(levels)
    assert log10(max(losses) / min(losses)) < 2 or bars.curve.logarithmic
