"""Edits make networks into other ones, or are told in one line to be impossible."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_tui import gallery
from backprop_tui.calculus.vocabulary import LOSSES
from backprop_tui.engine.trace import Trace
from backprop_tui.errors import InputError
from backprop_tui.network import Network
from backprop_tui.network.edits import (
    Edit,
    SetActivation,
    SetEntry,
    SetLayers,
    SetLoss,
    SetOptimiser,
    activation,
    activations,
)
from backprop_tui.network.typed import read_number, read_sizes


@pytest.fixture
def lecture() -> Network:
    return gallery.load("lecture")


def trace(network: Network) -> Trace:
    return Trace(network.derivation, network.start, network.inputs)


# Entries.


@pytest.mark.parametrize("name", ["x", "t", "W", "V"])
def test_one_entry_of_what_is_given_is_set_and_no_other(lecture: Network, name: str) -> None:
    edited = SetEntry(name, 0, 1, 0.625)(lecture)
    before, after = ({**each.data, **each.parameters} for each in (lecture, edited))
    assert after[name][0, 1] == 0.625
    assert sum((before[key] != after[key]).sum() for key in before) == 1
    assert before[name][0, 1] != 0.625


def test_the_learning_rate_and_the_constants_of_the_optimiser_are_set_as_entries() -> None:
    xor = gallery.load("xor")
    edited = SetEntry("mu", 0, 0, 0.25)(SetEntry("eta", 0, 0, 0.125)(xor))
    assert (edited.start["eta"][0, 0], edited.start["mu"][0, 0]) == (0.125, 0.25)
    assert (xor.start["eta"][0, 0], xor.start["mu"][0, 0]) == (0.5, 0.9)


def test_a_row_of_a_mini_batch_is_counted_in_its_iteration() -> None:
    iris = gallery.load("softmax-classifier")
    edited = SetEntry("x", 3, 1, 9.0, iteration=4)(iris)
    run = trace(edited)
    assert run[4]["x"][3, 1] == 9.0
    assert (edited.data["x"] != iris.data["x"]).sum() == 1


def test_numbers_alone_ask_for_no_new_derivation(lecture: Network) -> None:
    assert SetEntry("W", 0, 0, 2.0)(lecture).derivation is lecture.derivation
    assert SetEntry("eta", 0, 0, 2.0)(lecture).derivation is lecture.derivation


def test_a_target_whose_rows_no_longer_sum_to_one_is_derived_anew() -> None:
    iris = gallery.load("softmax-classifier")
    edited = SetEntry("t", 0, 0, 0.5)(iris)
    assert iris.derivation["dE/dz"].matrix != edited.derivation["dE/dz"].matrix


def test_an_edited_network_is_no_longer_the_one_of_its_file(lecture: Network) -> None:
    edited = SetEntry("W", 0, 0, 2.0)(lecture)
    assert (lecture.source is None, edited.source) == (False, None)


# Activations.


@pytest.mark.parametrize(("stage", "equation"), [("h", "h"), ("p", "h"), ("y", "y"), ("z", "y")])
def test_an_activation_is_that_of_a_stage_or_the_one_applied_to_it(lecture: Network, stage: str, equation: str) -> None:
    assert activation(lecture, stage) == "sigmoid"
    edited = SetActivation(stage, "tanh")(lecture)
    expected = {**lecture.equations, equation: lecture.equations[equation].replace("sigmoid", "tanh")}
    assert edited.equations == expected
    assert activation(edited, stage) == "tanh"


def test_the_activation_of_a_residual_layer_is_the_one_inside_the_sum() -> None:
    residual = gallery.load("residual")
    edited = SetActivation("p2", "relu")(residual)
    assert edited.equations["h2"] == "h1 + relu(p2)"
    assert SetActivation("h2", "relu")(residual).equations == edited.equations


def test_a_function_in_the_loss_is_no_activation() -> None:
    planar = gallery.load("planar")
    equations = {**planar.equations, "y": "h @ V", "E": "-mean(t*log(y) + (1 - t)*log(1 - y))"}
    del equations["z"]
    network = replace(planar, equations=equations, parameters={n: m for n, m in planar.parameters.items() if n != "c"})
    assert activation(network, "y") == "linear"
    assert SetActivation("y", "sigmoid")(network).equations["y"] == "sigmoid(h @ V)"


def test_an_edit_says_what_it_does() -> None:
    edits = [SetEntry("W1", 0, 1, -0.5), SetEntry("eta", 0, 0, 0.1), SetOptimiser("adam", {"beta1": 0.5})]
    assert list(map(str, edits)) == ["W₁[0,1] = −0.5", "η = 0.1", "optimiser: adam, β₁ = 0.5"]


def test_an_operation_inside_an_equation_has_that_equations_activation() -> None:
    lecture = gallery.load("lecture")
    nested = replace(lecture, equations={"h": "tanh(x @ W)", "y": "h @ V", "E": "squared_error(y, t)"})
    assert "h_1" in nested.derivation
    assert SetActivation("h_1", "relu")(nested).equations["h"] == "relu(x @ W)"


def test_linear_takes_an_activation_away_and_another_comes_in_its_place(lecture: Network) -> None:
    linear = SetActivation("y", "linear")(lecture)
    assert (linear.equations["y"], activation(linear, "y")) == ("z", "linear")
    assert SetActivation("y", "softmax")(linear).equations["y"] == "softmax(z)"


def test_a_function_of_the_networks_own_is_an_activation(lecture: Network) -> None:
    own = replace(lecture, functions={"swish": "u * sigmoid(u)"})
    assert "swish" in activations(own)
    assert SetActivation("h", "swish")(own).equations["h"] == "swish(p)"


@pytest.mark.parametrize("function", activations(gallery.load("lecture")))
def test_every_activation_can_be_derived_and_run(lecture: Network, function: str) -> None:
    positive = SetActivation("h", function)(lecture)
    assert trace(positive).first_not_finite(0) is None


# Losses.


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_takes_the_place_of_the_present_one(lecture: Network, loss: str) -> None:
    edited = SetLoss(loss)(lecture)
    assert edited.equations == {**lecture.equations, "E": f"{loss}(y, t)"}
    assert np.isfinite(trace(edited).loss(0))


def test_the_loss_of_an_autoencoder_still_compares_with_its_input() -> None:
    assert SetLoss("huber")(gallery.load("autoencoder")).equations["E"] == "huber(y, x)"


# Layers.


def shapes(network: Network) -> dict[str, tuple[int, ...]]:
    return {name: matrix.shape for name, matrix in network.parameters.items()}


def test_as_many_layers_keep_their_names_and_the_weights_that_fit() -> None:
    xor = replace(gallery.load("xor"), frozen=frozenset({"c"}))
    edited = SetLayers((2, 3, 1))(xor)
    assert edited.equations == xor.equations
    assert list(shapes(edited).items()) == [("W", (2, 3)), ("V", (3, 1)), ("b", (1, 3)), ("c", (1, 1))]
    assert edited.parameters["c"] is xor.parameters["c"]
    assert edited.frozen == {"c"}
    assert not edited.parameters["b"].any()
    assert edited.parameters["W"].all()


def test_more_layers_are_those_of_the_shorthand_with_the_activations_there_were() -> None:
    edited = SetLayers((2, 4, 5, 1))(gallery.load("planar"))
    assert edited.equations == {
        "z1": "x @ W1 + b1",
        "h1": "tanh(z1)",
        "z2": "h1 @ W2 + b2",
        "h2": "tanh(z2)",
        "z3": "h2 @ W3 + b3",
        "y": "sigmoid(z3)",
        "E": "mean_binary_cross_entropy(y, t)",
    }
    np.testing.assert_array_equal(edited.parameters["W1"], gallery.load("planar").parameters["W"])
    assert shapes(edited)["W3"] == (5, 1)


def test_the_last_layer_stays_the_last(lecture: Network) -> None:
    edited = SetLayers((3, 6, 4, 2))(lecture)
    np.testing.assert_array_equal(edited.parameters["W3"], lecture.parameters["V"])


def test_a_network_may_lose_its_hidden_layers_and_get_some_again(lecture: Network) -> None:
    straight = SetLayers((3, 2))(lecture)
    assert straight.equations == {"z1": "x @ W1", "y": "sigmoid(z1)", "E": "squared_error(y, t)"}
    assert list(SetLayers((3, 3, 2))(straight).equations) == ["z1", "h1", "z2", "y", "E"]


def test_weights_are_drawn_from_the_seed_of_the_network(lecture: Network) -> None:
    first, again = (SetLayers((3, 5, 2))(lecture) for _ in range(2))
    np.testing.assert_array_equal(first.parameters["W"], again.parameters["W"])
    other = SetLayers((3, 5, 2))(replace(lecture, seed=2))
    assert (other.parameters["W"] != first.parameters["W"]).any()


@pytest.mark.parametrize("name", ["attention", "rnn", "residual", "autoencoder"])
def test_what_is_no_chain_of_layers_is_told_so(name: str) -> None:
    with pytest.raises(InputError, match="the layers can't be told from") as caught:
        SetLayers((3, 4, 2))(gallery.load(name))
    assert caught.value.expected.startswith("a plain chain of layers")


def test_a_loss_with_a_penalty_is_no_plain_chain(lecture: Network) -> None:
    penalised = replace(lecture, equations={**lecture.equations, "E": "squared_error(y, t) + sum(W**2)"})
    with pytest.raises(InputError, match="can't be told from 'E'"):
        SetLayers((3, 5, 2))(penalised)


# The optimiser.


def test_an_optimiser_comes_with_its_usual_constants_or_others(lecture: Network) -> None:
    assert SetOptimiser("momentum")(lecture).start["mu"][0, 0] == 0.9
    adam = SetOptimiser("adam", {"beta1": 0.5})(SetOptimiser("momentum", {"mu": 0.1})(lecture))
    assert (adam.start["beta1"][0, 0], adam.start["beta2"][0, 0]) == (0.5, 0.999)
    assert "m_W'" in adam.derivation
    assert "mu" not in adam.start


# What can't be.


@pytest.mark.parametrize(
    ("edit", "told", "near"),
    [
        (SetEntry("w", 0, 0, 1.0), "no quantity 'w'; expected one that is given: x, t, W, V, η", "W"),
        (SetEntry("p", 0, 0, 1.0), "p is computed; expected one that is given: x, t, W, V, η", None),
        (SetEntry("W", 3, 0, 1.0), "W[3,0]; expected an entry of a 3x4 matrix", None),
        (SetEntry("W", 0, -1, 1.0), "W[0,-1]; expected an entry of a 3x4 matrix", None),
        (SetEntry("W", 0, 0, nan), "W: the number nan; expected a finite number", None),
        (SetEntry("eta", 0, 0, inf), "eta: the number inf; expected a finite number", None),
        (SetActivation("h", "tahn"), "activation: 'tahn'; expected one of linear, softmax,", "tanh"),
        (SetActivation("E", "tanh"), "E has no activation; expected one of p, h, z, y", None),
        (SetActivation("x", "tanh"), "x has no activation; expected one of p, h, z, y", None),
        (SetLoss("hubr"), "loss: 'hubr'; expected one of squared_error,", "huber"),
        (SetLayers((4, 4, 2)), "layers 4-4-2; expected 3-...-2: as many inputs as x has columns", None),
        (SetLayers((3,)), "layers 3; expected 3-...-2", None),
        (SetLayers((3, 0, 2)), "layers: 0; expected a whole number from 1", None),
        (SetLayers((3, 2**31, 2)), "layers: a 3x2147483648 matrix of 51.5 GB; expected at most", None),
        (SetLayers((3,) * 300), "layers: 300 of them; expected at most 200", None),
        (SetOptimiser("adm"), "optimiser: 'adm'; expected one of descent, momentum, adam", "adam"),
        (SetOptimiser("adam", {"mu": 1.0}), "optimiser adam: no such key 'mu'; expected one of beta1,", None),
    ],
)
def test_nonsense_is_told_in_one_line(lecture: Network, edit: Edit, told: str, near: str | None) -> None:
    with pytest.raises(InputError) as caught:
        edit(lecture)
    assert str(caught.value).startswith(told)
    assert caught.value.nearest == near


def test_what_an_optimiser_remembers_begins_at_zero() -> None:
    with pytest.raises(InputError, match="v_W begins at zero"):
        SetEntry("v_W", 0, 0, 1.0)(gallery.load("xor"))


edits = st.one_of(
    st.builds(
        SetEntry,
        st.sampled_from(["x", "t", "W", "V", "eta", "mu", "p", "q"]),
        st.integers(-1, 4),
        st.integers(-1, 4),
        st.floats(),
    ),
    st.builds(
        SetActivation, st.sampled_from(["p", "h", "z", "y", "z1", "E"]), st.sampled_from(["tanh", "linear", "so"])
    ),
    st.builds(SetLoss, st.sampled_from([*LOSSES, "none"])),
    st.builds(SetLayers, st.lists(st.integers(0, 5), max_size=5).map(lambda inner: (3, *inner, 2))),
    st.builds(SetOptimiser, st.sampled_from(["descent", "momentum", "adam", "sgd"])),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(edits, max_size=5))
def test_edits_in_any_order_lead_to_a_network_that_runs(made: list[Edit]) -> None:
    network = gallery.load("lecture")
    for edit in made:
        network = edited_if_possible(network, edit)
    assert set(trace(network)[1]) == set(network.derivation.axes)


def edited_if_possible(network: Network, edit: Edit) -> Network:
    with suppress(InputError):
        edited = edit(network)
        if edited.derivation:
            return edited
    return network


# What is typed.


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.1", 0.1),
        ("−1e-3", -0.001),
        (" +.5 ", 0.5),
        ("1/3", 1 / 3),
        ("-pi/4", -np.pi / 4),
        ("sqrt(2)", 2**0.5),
        ("1 - 2**-3", 0.875),
        ("0.30000000000000004", 0.30000000000000004),
        ("5e-324", 5e-324),
    ],
)
def test_a_number_is_read_as_a_person_types_it(text: str, number: float) -> None:
    assert read_number(text) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_bit_for_bit(number: float) -> None:
    assert np.array(read_number(repr(number))).tobytes() == np.array(number).tobytes()


@pytest.mark.parametrize(
    "text", ["", "x", "nan", "inf", "1e400", "1/0", "log(0)", "sqrt(-1)", "(", "2**9**9", "print(1)", "1" + "+1" * 2000]
)
def test_what_is_no_finite_number_is_told(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_number(text)
    assert len(str(caught.value)) < 200


def test_sizes_are_read() -> None:
    assert read_sizes("3-4-2") == read_sizes(" 3, 4, 2 ") == read_sizes("3 4 2") == (3, 4, 2)


@pytest.mark.parametrize("text", ["", "3", "3-", "3--4", "3-a-2", "3.5-2", "9999999999-2"])
def test_what_are_no_sizes_is_told(text: str) -> None:
    with pytest.raises(InputError, match="the layers"):
        read_sizes(text)
