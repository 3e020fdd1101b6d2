from __future__ import annotations

import unicodedata

import pytest

from backprop_tui import notation
from backprop_tui.notation import Derivative

SPELLED = [
    ("p", "p", "p", "p"),
    ("W1", "W₁", "W_{1}", "W1"),
    ("W_1", "W₁", "W_{1}", "W_1"),
    ("b12", "b₁₂", "b_{12}", "b12"),
    ("eta", "η", r"\eta", "eta"),
    ("beta2", "β₂", r"\beta_{2}", "beta2"),
    ("lambda", "λ", r"\lambda", "lambda_"),
    ("Sigma", "Σ", r"\Sigma", "Sigma"),
    ("loss", "loss", r"\mathrm{loss}", "loss"),
    ("range", "range", r"\mathrm{range}", "range_"),
    ("hidden_state", "hidden_state", r"\mathrm{hidden\_state}", "hidden_state"),
    ("V'", "V′", "V'", "V_next"),
    ("W1'", "W₁′", "W'_{1}", "W1_next"),
    ("dE/dV", "∂E/∂V", r"\frac{\partial E}{\partial V}", "dE_dV"),
    ("dE/dW1", "∂E/∂W₁", r"\frac{\partial E}{\partial W_{1}}", "dE_dW1"),
    ("dy/dz", "∂y/∂z", r"\frac{\partial y}{\partial z}", "dy_dz"),
    ("dE/dbeta", "∂E/∂β", r"\frac{\partial E}{\partial \beta}", "dE_dbeta"),
]


@pytest.mark.parametrize(("name", "plain", "latex", "code"), SPELLED)
def test_a_name_is_spelled_in_unicode_latex_and_code(name: str, plain: str, latex: str, code: str) -> None:
    assert notation.plain(name) == plain
    assert notation.latex(name) == latex
    assert notation.code(name) == code


@pytest.mark.parametrize(
    ("name", "indices", "latex"),
    [
        ("V", "jk", "V_{jk}"),
        ("W1", "ij", "W_{1, ij}"),
        ("V'", "jk", "V'_{jk}"),
        ("dE/dV", "jk", r"\frac{\partial E}{\partial V_{jk}}"),
        ("eta", "", r"\eta"),
    ],
)
def test_the_indices_of_an_entry_are_a_subscript(name: str, indices: str, latex: str) -> None:
    assert notation.latex(name, indices) == latex


def test_every_greek_name_is_one_greek_letter_of_its_own() -> None:
    letters = {name: notation.plain(name) for name in notation.GREEK}
    assert len(set(letters.values())) == len(letters)
    assert all(unicodedata.name(letter).startswith("GREEK") for letter in letters.values())
    assert all(letter.isupper() == name[0].isupper() for name, letter in letters.items())


def test_code_is_an_identifier_for_every_name_of_the_lecture() -> None:
    names = ["p", "W1", "lambda", "V'", "dE/dV", "dE/dlambda", "lambda'"]
    assert [name for name in names if not notation.code(name).isidentifier()] == []
    assert notation.code("lambda'") == "lambda__next"


def test_a_derivative_is_named_from_its_two_names_and_parted_again() -> None:
    assert notation.derivative("E", "V") == "dE/dV"
    assert notation.derivative_parts("dE/dV") == Derivative("E", "V")
    assert notation.derivative_parts("dloss/dW1") == Derivative("loss", "W1")


@pytest.mark.parametrize("name", ["E", "d", "dE", "dE_dV", "V'"])
def test_no_other_name_is_a_derivative(name: str) -> None:
    assert notation.derivative_parts(name) is None


def test_a_parameter_after_its_update_is_primed() -> None:
    assert notation.updated("V") == "V'"


def test_an_operation_has_its_sign_and_an_unlisted_function_its_name() -> None:
    assert notation.sign("hadamard") == (" ⊙ ", r" \odot ")
    assert notation.sign("minus").unicode == " − "
    assert notation.sign("sigmoid") == ("σ", r"\sigma")
    assert notation.sign("tanh").unicode == "tanh"
    assert "tanh" in notation.sign("tanh").latex
