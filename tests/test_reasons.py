from __future__ import annotations

import pytest

from backprop_tui.calculus.derivation import Derivation, derive
from backprop_tui.printers.one_line import OneLine

from .networks import lecture, scalars

TOLD = [
    ("p", "row of x times column of W"),
    ("z", "row of h times column of V"),
    ("h", "σ(u) is applied to each entry alone"),
    ("E", "a sum over n and k, with no factor and no mean"),
    ("dE/dy", "Differentiate the loss"),
    ("dy/dz", "the Jacobian is diagonal"),
    ("dy/dz", "output y"),
    ("dE/dz", "Nothing is summed, for z[n,k] acts on one entry"),
    ("dE/dz", "the Hadamard product"),
    ("dz/dV", "V[j,k] is multiplied by h[n,j]"),
    ("dE/dV", "V[j,k] reaches the loss through every n: sum over n"),
    ("dE/dV", "n numbers the rows of h, so h is transposed"),
    ("dz/dh", "h[n,j] is multiplied by V[j,k]"),
    ("dz/dh", "rows are outputs, k, its columns inputs, j, so V is transposed"),
    ("dE/dh", "h[n,j] reaches the loss through every k: sum over k"),
    ("dE/dh", "k numbers the columns of V, so V is transposed"),
    ("dE/dW", "n numbers the rows of x, so x is transposed"),
    ("V'", "∂E/∂V points uphill, so subtract it, scaled by η"),
    ("W'", "W as it stood before"),
]


def sentence(derivation: Derivation, name: str) -> str:
    line = OneLine(scalars(derivation))
    return "".join(part if isinstance(part, str) else line.formula(part) for part in derivation[name].reason)


def network(text: str, **parameters: tuple[int, int]) -> Derivation:
    return derive({"p": text, "E": "sum((p - t)**2)"}, {"x": (5, 3), "t": (5, 2)}, parameters)


@pytest.mark.parametrize(("name", "told"), TOLD)
def test_the_lecture_gives_its_reasons(name: str, told: str) -> None:
    assert told in sentence(lecture(), name)


def test_a_transpose_is_mentioned_exactly_where_a_form_has_one() -> None:
    line = OneLine(scalars(lecture()))
    for stage in lecture():
        assert ("ᵀ" in str(line.matrix_equation(stage))) == ("transposed" in sentence(lecture(), stage.name))


def test_every_reason_is_one_paragraph_that_ends() -> None:
    for stage in lecture():
        told = sentence(lecture(), stage.name)
        assert told.endswith(".")
        assert "\n" not in told


def test_a_sum_over_samples_is_told_as_effects_that_add_up() -> None:
    derivation = network("x @ W + b", W=(3, 2), b=(1, 2))
    assert "b[0,j] is used at every n" in sentence(derivation, "dE/db")


def test_a_derivative_of_one_is_told_as_a_factor_of_one() -> None:
    derivation = network("x @ W + b", W=(3, 2), b=(1, 2))
    assert "p[n,j] takes b[0,j] in with the factor 1" in sentence(derivation, "dp/db")


def test_a_quantity_of_several_uses_is_told_to_have_several_products() -> None:
    derivation = derive({"p": "x @ W", "q": "p @ W", "E": "sum(q**2)"}, {"x": (5, 3)}, {"W": (3, 3)})
    assert sentence(derivation, "dE/dW") == (
        "W is used in several places: the chain rule adds one product for each. A matrix product sums over the columns "
        "of its left factor, but n numbers the rows of x and p, so x and p are transposed."
    )


def test_the_transpose_that_is_told_is_that_of_the_other_factor_when_the_product_is_turned_around() -> None:
    derivation = derive({"p": "W @ x.T", "E": "sum(p**2)"}, {"x": (5, 3)}, {"W": (2, 3)})
    line = OneLine(scalars(derivation))
    assert line.matrix_equation(derivation["dE/dW"]) == "∂E/∂W = ∂E/∂p x"
    assert "transposed" not in sentence(derivation, "dE/dW")


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        ("sum((p - t)**2)", "a sum over n and j, with no factor and no mean"),
        ("sum((p - t)**2)/2", "a sum over n and j, with the factor 1/2"),
        ("-sum(p)", "a sum over n and j, with the factor −1"),
    ],
)
def test_the_loss_states_its_sum_and_its_factor(loss: str, told: str) -> None:
    inputs = {"x": (5, 3), "t": (5, 2)}
    derivation = derive({"p": "x @ W", "E": loss}, inputs, {"W": (3, 2)})
    assert told in sentence(derivation, "E")


def told(right: str, name: str) -> str:
    """What is said of a stage when q is made from p by this equation."""
    shapes = {"x": (5, 3), "t": (2, 5) if ".T" in right else (5, 2)}
    return sentence(derive({"p": "x @ W", "q": right, "E": "sum(q*t)"}, shapes, {"W": (3, 2)}), name)


@pytest.mark.parametrize("right", ["relu(p)", "2*relu(p)", "p + relu(p)*p"])
def test_a_kink_is_stated_wherever_the_function_stands(right: str) -> None:
    assert "At the kink u = 0 the subgradient relu′(u) = 0 is chosen." in told(right, "dq/dp")


def test_a_kink_in_the_loss_is_stated_where_the_loss_is_differentiated() -> None:
    derivation = derive({"p": "x @ W", "E": "sum(abs(p - t))"}, {"x": (5, 3), "t": (5, 2)}, {"W": (3, 2)})
    assert "At the kink u = 0 the subgradient abs′(u) = 0 is chosen." in sentence(derivation, "dE/dp")
    assert "kink" not in sentence(derivation, "dE/dW")


def test_a_slope_without_a_kink_states_none() -> None:
    assert "kink" not in told("elu(p)", "dq/dp")


def test_a_function_of_a_transpose_has_its_transposes_explained() -> None:
    assert "A matrix whose columns run along the rows of p is transposed." in told("tanh(p.T)", "dE/dp")
    assert "Rows and columns change places." in told("p.T", "q")


def test_a_sum_that_mixes_entries_is_named_beside_the_entry() -> None:
    assert told("p - colsum(p)/rows(p)", "q") == (
        "Each entry is made from the entries in its own place and from the sum of its column."
    )
    assert told("p*mean(p)", "q_1") == "All entries are summed: a sum over n and j, with the factor 1/(J N): a mean."
    assert "is 1 where its two indices agree" in told("p - colsum(p)/rows(p)", "dq/dp")


def test_the_assumption_names_only_the_inputs_it_was_used_of() -> None:
    derivation = derive(
        {"z": "x @ W", "y": "softmax(z)", "E": "cross_entropy(y, t)"},
        {"x": (5, 3), "t": (5, 3)},
        {"W": (3, 3)},
        unit_rows=["x", "t"],
    )
    assert "each row of t sums to one" in sentence(derivation, "dE/dz")
