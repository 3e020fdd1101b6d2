from __future__ import annotations

import pytest

from backprop_tui.calculus.matrices import ColumnSums, MatrixProduct, Quantity, RowSums, Total, Transposed
from backprop_tui.calculus.shapes import ShapeError, Shapes, told

x, t, W, b = (Quantity(name) for name in "xtWb")


def network() -> Shapes:
    return Shapes({"x": (5, 3), "t": (5, 2)}, {"W": (3, 2), "b": (1, 2)})


def layer() -> Shapes:
    """The shapes after p = x W + b has been read."""
    shapes = network()
    shapes.join_product(x, W)
    shapes.join_entries(MatrixProduct(x, W), b)
    shapes.define("p", MatrixProduct(x, W) + b)
    for name in "xWb":
        shapes.mention(name)
    return shapes


def test_a_shape_is_told_as_rows_by_columns() -> None:
    assert told((3, 4)) == "3x4"


def test_shapes_are_looked_up_by_name() -> None:
    assert dict(network()) == {"x": (5, 3), "t": (5, 2), "W": (3, 2), "b": (1, 2)}
    assert len(network()) == 4


def test_a_stage_has_the_shape_of_its_right_hand_side() -> None:
    shapes = layer()
    assert shapes["p"] == (5, 2)
    assert shapes.of(Transposed(W)) == (2, 3)
    assert shapes.of(MatrixProduct(x, W)) == (5, 2)
    assert [shapes.of(sums(x)) for sums in (RowSums, ColumnSums, Total)] == [(5, 1), (1, 3), (1, 1)]


def test_axes_that_a_product_joins_get_one_letter() -> None:
    axes, sizes = layer().lettered()
    assert axes["x"] == ("n", "i")
    assert axes["W"] == ("i", "j")
    assert axes["p"] == ("n", "j")
    assert (sizes["n"], sizes["i"], sizes["j"]) == (5, 3, 2)


def test_axes_of_equal_length_that_nothing_joins_keep_their_own_letters() -> None:
    axes, _ = layer().lettered()
    assert axes["t"] == ("k", "l")


def test_axes_taken_entry_by_entry_get_one_letter() -> None:
    shapes = layer()
    shapes.join_entries(Quantity("p"), t)
    assert shapes.lettered()[0]["t"] == ("n", "j")


def test_letters_are_handed_out_in_the_order_of_mention() -> None:
    shapes = network()
    shapes.mention("W")
    axes, _ = shapes.lettered()
    assert axes["W"] == ("n", "i")
    assert axes["x"] == ("j", "k")


def test_an_axis_of_one_of_a_parameter_broadcasts_and_has_no_letter() -> None:
    assert layer().lettered()[0]["b"] == ("", "j")


def test_one_sample_is_a_row_that_keeps_its_letter() -> None:
    shapes = Shapes({"x": (1, 3)}, {"W": (3, 2)})
    shapes.mention("x")
    assert shapes.lettered() == ({"x": ("n", "i"), "W": ("j", "k")}, {"n": 1, "i": 3, "j": 3, "k": 2})


def test_a_product_of_shapes_that_do_not_meet_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"^5x2 and 3x2$") as caught:
        network().join_product(t, W)
    assert caught.value.expected == "as many columns on the left as rows on the right"


def test_shapes_that_differ_entry_by_entry_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"^5x3 and 5x2$") as caught:
        network().join_entries(x, t)
    assert caught.value.expected == "equal shapes, or one row, one column or a scalar"


def test_a_row_a_column_and_a_scalar_broadcast() -> None:
    shapes = Shapes({"x": (5, 3)}, {"row": (1, 3), "column": (5, 1), "scalar": (1, 1)})
    for name in ("row", "column", "scalar"):
        shapes.join_entries(x, Quantity(name))
    axes, _ = shapes.lettered()
    assert axes == {"x": ("n", "i"), "row": ("", "i"), "column": ("n", ""), "scalar": ("", "")}


def test_joining_two_axes_joins_all_that_were_joined_to_either() -> None:
    shapes = Shapes({"x": (5, 3), "u": (5, 3), "v": (5, 3), "w": (5, 3)}, {})
    shapes.join_entries(Quantity("x"), Quantity("u"))
    shapes.join_entries(Quantity("v"), Quantity("w"))
    shapes.join_entries(Quantity("u"), Quantity("w"))
    assert set(shapes.lettered()[0].values()) == {("n", "i")}
