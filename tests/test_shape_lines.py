from __future__ import annotations

import pytest

from backprop_tui import gallery
from backprop_tui.printers.shapes import shape_line, without_transposes

from .networks import Widths, lecture


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("z", "(1×4)(4×2) = 1×2"),
        ("h", None),
        ("E", "1×2 summed over n and k = 1×1"),
        ("dE/dy", None),
        ("dE/dz", "1×2 ⊙ 1×2 ⊙ 1×2 = 1×2"),
        ("dE/dV", "(4×1)(1×2) = 4×2"),
        ("dz/dh", "(4×2)ᵀ = 2×4"),
        ("V'", None),
    ],
)
def test_the_lecture_s_shapes(name: str, line: str | None) -> None:
    assert shape_line(lecture(), lecture()[name]) == line


@pytest.mark.parametrize(
    ("network", "name", "line"),
    [
        ("softmax-classifier", "z", "(15×4)(4×3) + 1×3 = 15×3, the 1×3 in every row"),
        ("softmax-classifier", "dE/db", "15×3 summed over n = 1×3"),
        ("autoencoder", "dE/dW", "(4×4)(4×2) + (4×4)(4×2) = 4×2"),
        ("attention", "s", "(3×2)(2×3) = 3×3"),
        ("attention", "dE/ds", "3×3 ⊙ 3×3 = 3×3, the 3×1 in every column"),
        ("attention", "da/ds", None),
        ("rnn", "dE/db", "(4×2 summed over n) + (4×2 summed over n) + (4×2 summed over n) = 1×2"),
    ],
)
def test_shapes_of_the_gallery(network: str, name: str, line: str | None) -> None:
    derivation = gallery.load(network).derivation
    assert shape_line(derivation, derivation[name]) == line


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("dE/dV", "without ᵀ: (1×4)(1×2) don't meet"),
        ("dE/dh", "without ᵀ: (1×2)(4×2) don't meet"),
        ("z", None),
        ("dz/dh", None),
        ("dE/dz", None),
    ],
)
def test_without_its_transpose_a_product_does_not_meet(name: str, told: str | None) -> None:
    assert without_transposes(lecture(), lecture()[name]) == told


def test_square_matrices_meet_without_the_transpose_too() -> None:
    square = lecture(Widths(4, 4, 4, 4))
    told = "without ᵀ: (4×4)(4×4) meet, but sum over another index"
    assert without_transposes(square, square["dE/dV"]) == told
