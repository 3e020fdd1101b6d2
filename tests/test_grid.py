from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from backprop_tui.printers.grid import Differences, Grid, Numbers, mark
from backprop_tui.printers.heat import Heat
from backprop_tui.printers.numbers import style, widest, written

Matrix = NDArray[np.float64]

finite = st.floats(-1e300, 1e300)
shapes = array_shapes(min_dims=2, max_dims=2, max_side=6)
matrices = arrays(float, shapes, elements=finite | st.floats(-1, 1) | st.sampled_from([np.nan, np.inf, -np.inf]))
finite_matrices = arrays(float, shapes, elements=st.floats(-1e6, 1e6) | st.sampled_from([-1e-9, 1e-9, -0.0, 1.0]))


def texts(grid: Grid, matrix: Matrix) -> list[list[str]]:
    rows, columns = matrix.shape
    return [[piece.text for piece in grid.pieces(row, range(columns), grid.middle)] for row in range(rows)]


@given(matrices)
def test_the_widest_entry_is_found_without_writing_all(matrix: Matrix) -> None:
    assert widest(matrix, style(matrix)) == max(len(text) for row in written(matrix) for text in row)


@given(matrices)
def test_numbers_are_those_of_the_whole_matrix_written_in_one_style(matrix: Matrix) -> None:
    assert [[text.strip() for text in row] for row in texts(Numbers(matrix), matrix)] == written(matrix)


@given(matrices, st.data())
def test_a_part_of_a_row_is_the_same_text_as_in_the_whole_row(matrix: Matrix, data: st.DataObject) -> None:
    rows, columns = matrix.shape
    row, first = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    for grid in (Numbers(matrix, matrix[::-1]), Differences(matrix, matrix[::-1]), Heat(matrix, (80, 9))):
        assert grid.pieces(row, range(first, columns)) == grid.pieces(row, range(columns))[first:]


@given(matrices, st.sampled_from([(0, 0), (30, 6), (80, 24)]), st.booleans())
def test_every_piece_is_as_wide_as_its_grid_says(matrix: Matrix, room: tuple[int, int], shaded: bool) -> None:
    for grid in (Numbers(matrix, -matrix), Differences(matrix, -matrix), Heat(matrix, room, shaded=shaded)):
        lines = [grid.pieces(0, range(matrix.shape[1]), line) for line in range(grid.height)]
        assert {len(piece.text) for line in lines for piece in line} == {grid.width}


@pytest.mark.parametrize(
    ("now", "before", "sign"),
    [
        (2.0, 1.0, "▲"),
        (-2.0, -1.0, "▼"),
        (1.0, 1.0, " "),
        (0.0, -0.0, " "),
        (np.nan, np.nan, " "),
        (np.nan, 1.0, "≠"),
        (1.0, np.nan, "≠"),
        (np.inf, 1.0, "▲"),
    ],
)
def test_what_changed_is_marked_by_how(now: float, before: float, sign: str) -> None:
    assert mark(now, before) == sign


def test_a_change_too_small_for_the_digits_is_marked_all_the_same() -> None:
    matrix = np.array([[0.5, 0.25]])
    assert texts(Numbers(matrix, matrix - [[1e-12, 0]]), matrix) == [[" 0.5000▲", " 0.2500 "]]


@given(finite_matrices)
def test_marks_take_no_room_from_the_numbers(matrix: Matrix) -> None:
    assert Numbers(matrix).width == Numbers(matrix, matrix + 1).width


def test_a_difference_carries_its_sign() -> None:
    matrix = np.array([[1.5, -2.0, 0.25, np.nan]])
    before = np.array([[1.0, -1.0, 0.25, 0.0]])
    assert texts(Differences(matrix, before), matrix) == [[" +0.5000 ", " −1.0000 ", "       0 ", "     nan "]]


def test_a_difference_too_small_for_the_digits_still_has_its_sign() -> None:
    matrix = np.array([[1.0, -1e-9]])
    assert texts(Differences(matrix, np.zeros((1, 2))), matrix)[0][1].strip() == "−0.0000"


def test_without_an_iteration_before_there_is_no_difference() -> None:
    grid = Differences(np.ones((2, 2)))
    assert [piece.text for piece in grid.pieces(0, range(2))] == [" · ", " · "]
    assert [piece.text for piece in grid.legend()] == [grid.told(0, 0)] == ["no iteration before"]
