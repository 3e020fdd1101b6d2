from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backprop_tui.printers.canvas import NOTHING, Canvas, Ink, Role

LINE = Ink(Role.LINE, "W")
NAME = Ink(Role.NAME, "x", lit=True)

places = st.tuples(st.integers(-9, 30), st.integers(-9, 60))


def text(canvas: Canvas) -> list[str]:
    return ["".join(run.text for run in row) for row in canvas.rows()]


def test_a_level_line_fills_one_row_of_dots() -> None:
    canvas = Canvas(3, 1)
    canvas.line((0, 1), (5, 1), LINE)
    assert text(canvas) == ["⠒⠒⠒"]


def test_a_dashed_line_has_gaps_and_a_thick_one_two_rows_of_dots() -> None:
    canvas = Canvas(6, 2)
    canvas.line((0, 1), (11, 1), LINE, dashed=True)
    canvas.line((0, 5), (11, 5), LINE, thick=2)
    assert text(canvas) == ["⠒⠂ ⠒⠂ ", "⠛⠛⠛⠛⠛⠛"]


def test_lines_that_cross_share_a_character() -> None:
    canvas = Canvas(2, 1)
    canvas.line((0, 0), (3, 3), LINE)
    canvas.line((0, 3), (3, 0), LINE)
    assert text(canvas) == ["⡱⢎"]


def test_text_stands_over_lines_and_a_row_falls_into_runs() -> None:
    canvas = Canvas(5, 1)
    canvas.line((0, 1), (9, 1), LINE)
    canvas.write(2, 0, "xy", NAME)
    assert canvas.rows() == [[("⠒⠒", LINE), ("xy", NAME), ("⠒", LINE)]]
    assert [canvas.ink(column, 0).name for column in range(5)] == ["W", "W", "x", "x", "W"]


def test_where_nothing_is_drawn_there_is_no_ink() -> None:
    assert Canvas(2, 1).rows() == [[("  ", NOTHING)]]


@given(st.integers(0, 12), st.integers(0, 12), places, places, st.integers(1, 2), st.booleans())
def test_whatever_is_drawn_the_canvas_keeps_its_size(
    width: int, height: int, start: tuple[int, int], end: tuple[int, int], thick: int, dashed: bool
) -> None:
    canvas = Canvas(width, height)
    canvas.line(start, end, LINE, thick=thick, dashed=dashed)
    canvas.write(*start, "some text", NAME)
    assert [len(row) for row in text(canvas)] == [width] * height


@given(places, places)
def test_a_line_reaches_both_its_ends(start: tuple[int, int], end: tuple[int, int]) -> None:
    canvas = Canvas(20, 20)
    canvas.line(start, end, LINE)
    for across, down in (start, end):
        if 0 <= across < 40 and 0 <= down < 80:
            assert canvas.ink(across // 2, down // 4) == LINE


def test_a_line_is_where_it_leads_through() -> None:
    canvas = Canvas(3, 3)
    canvas.line((1, 1), (5, 11), LINE)
    drawn = {(column, row) for column in range(3) for row in range(3) if canvas.ink(column, row) == LINE}
    assert drawn >= {(0, 0), (1, 1), (2, 2)}
    assert drawn.isdisjoint({(2, 0), (0, 2)})
