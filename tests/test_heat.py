from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprop_tui.printers.heat import STEPS, Heat
from tests.test_grid import Matrix, finite_matrices, texts


@given(finite_matrices, st.sampled_from([(0, 0), (24, 12), (80, 24)]), st.booleans())
def test_the_sign_of_every_tile_is_told_by_its_text(matrix: Matrix, room: tuple[int, int], shaded: bool) -> None:
    grid = Heat(matrix, room, shaded=shaded)
    negative = [["−" in text.replace("e−", "e") for text in row] for row in texts(grid, matrix)]
    assert negative == (matrix < 0).tolist()


@given(finite_matrices)
def test_the_farther_from_zero_the_stronger_the_ground(matrix: Matrix) -> None:
    levels = np.array(Heat(matrix, (80, 24)).levels(matrix))
    order = np.argsort(matrix, axis=None)
    assert (np.diff(levels.ravel()[order]) >= 0).all()
    assert np.abs(levels).max() == (STEPS if matrix.any() else 0)


def heat(*values: float, room: tuple[int, int] = (0, 0), shaded: bool = False) -> str:
    matrix = np.array([values])
    return "|".join(piece.text for piece in Heat(matrix, room, shaded=shaded).pieces(0, range(len(values))))


def test_what_is_no_number_shows_as_itself() -> None:
    assert heat(1.0, np.nan, np.inf, -np.inf, room=(40, 1)) == "    1 |  nan |  inf | −inf "
    assert heat(1.0, np.nan, np.inf, -np.inf) == "+ |na|+∞|−∞"


def test_without_colours_shades_tell_the_size() -> None:
    assert heat(0.0, 0.1, -0.4, 0.6, -1.0, shaded=True) == "· |+░|−▒|+▓|−█"


@pytest.mark.parametrize(
    ("room", "size"), [((27, 9), (9, 3)), ((27, 8), (9, 2)), ((27, 3), (9, 1)), ((26, 9), (4, 2)), ((11, 9), (2, 1))]
)
def test_tiles_are_as_large_as_the_room_allows_and_hold_numbers_if_they_can(
    room: tuple[int, int], size: tuple[int, int]
) -> None:
    grid = Heat(np.full((3, 3), -0.5), room)
    assert (grid.width, grid.height) == size
    assert ("0.5" in grid.pieces(0, range(1), grid.middle)[0].text) == (size[0] == 9)


@pytest.mark.parametrize("room", [(80, 9), (0, 0)])
def test_a_matrix_of_zeros_is_all_neutral(room: tuple[int, int]) -> None:
    assert {piece.share for piece in Heat(np.zeros((2, 2)), room).pieces(0, range(2))} == {0.0}


def test_the_legend_names_both_ends_of_the_scale() -> None:
    told = "".join(piece.text for piece in Heat(np.array([[-2.0, 0.5]]), (0, 0), shaded=True).legend())
    assert told == "−2 −█−▓−▒−░ 0 +░+▒+▓+█ +2"


def test_a_number_too_small_for_the_digits_still_has_its_sign() -> None:
    assert heat(1.5, -1e-9, 1e-9, -0.0, room=(40, 1)) == " 1.5000 |−0.0000 | 0.0000 | 0.0000 "
