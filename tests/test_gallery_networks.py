"""Each network of the gallery shows what it says it shows; what it shows is recomputed here with NumPy alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from backprop_tui import gallery
from backprop_tui.calculus.indices import Size
from backprop_tui.calculus.matrices import Quantity
from backprop_tui.engine.gradient_check import TOLERANCES, check
from backprop_tui.engine.trace import Trace
from backprop_tui.network import Network, read_network

from .networks import Array

NAMES = gallery.names()
EXPECTED = {
    *("lecture", "mazur", "planar", "xor", "softmax-classifier", "deep", "residual", "autoencoder", "rnn", "attention"),
    "relu-at-zero",
}
SCREEN = 80
LARGEST = 5

Changed = Callable[..., Network]


@cache
def trace(name: str) -> Trace:
    return traced(gallery.load(name))


def traced(network: Network) -> Trace:
    return Trace(network.derivation, network.start, network.inputs)


def largest(matrix: Array) -> float:
    return float(np.max(np.abs(matrix)))


def sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-z)))


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """Read a network of the gallery with pieces of its text replaced, as a reader would try it."""

    def read(name: str, pattern: str, replacement: str, count: int) -> Network:
        text, made = re.subn(pattern, replacement, gallery.find(name).read_text("utf-8"))
        assert made == count
        path = tmp_path / "network.toml"
        path.write_text(text, "utf-8")
        return read_network(path)

    return read


# All of them.


def test_the_gallery_has_every_network() -> None:
    assert set(NAMES) == EXPECTED


@pytest.mark.parametrize("name", NAMES)
def test_a_network_says_what_it_is_why_it_exists_and_what_to_look_at(name: str) -> None:
    network = gallery.load(name)
    assert 0 < len(network.title) < SCREEN
    assert network.about.endswith(".")
    assert network.look_at.endswith(".")


TOO_LARGE_TO_WRITE_OUT = ("attention", "softmax-classifier")


@pytest.mark.parametrize("name", NAMES)
def test_every_stage_agrees_in_every_way_and_every_gradient_has_been_held_against_all(name: str) -> None:
    network = gallery.load(name)
    rows = {row.stage: row for row in check(network.derivation, network.start).rows}
    assert {stage: row.disagreeing for stage, row in rows.items() if row.disagreeing} == {}
    assert list(rows) == [stage.name for stage in network.derivation]
    ways = [way for way in TOLERANCES if way != "entries" or name not in TOO_LARGE_TO_WRITE_OUT]
    for stage in network.derivation.gradients:
        assert None not in [rows[stage.name].differences[way] for way in ways]


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_is_lower_at_the_last_of_its_iterations_than_at_the_first(name: str) -> None:
    assert trace(name).loss(gallery.load(name).iterations - 1) < trace(name).loss(0)


@pytest.mark.parametrize("name", sorted({*NAMES} - {"softmax-classifier"}))
def test_the_loss_never_rises_where_all_data_are_seen_at_once(name: str) -> None:
    losses = [trace(name).loss(iteration) for iteration in range(gallery.load(name).iterations)]
    assert all(after < before for before, after in pairwise(losses))


@pytest.mark.parametrize("name", sorted({*NAMES} - {"softmax-classifier"}))
def test_what_is_given_is_small_enough_to_read(name: str) -> None:
    network = gallery.load(name)
    shapes = [matrix.shape for matrix in (*network.data.values(), *network.parameters.values())]
    assert max(max(shape) for shape in shapes) < LARGEST


# xor.


def test_xor_learns_to_a_loss_below_a_hundredth_and_says_when() -> None:
    losses = [trace("xor").loss(iteration) for iteration in range(gallery.load("xor").iterations)]
    assert losses[-1] < 0.01
    first = next(iteration for iteration, loss in enumerate(losses) if loss < 0.01)
    assert f"below 0.01 from iteration {first} on" in gallery.load("xor").about


def test_xor_classifies_all_four_cases() -> None:
    last = trace("xor")[gallery.load("xor").iterations - 1]
    np.testing.assert_array_equal(last["y"] > 0.5, [[False], [True], [True], [False]])


def test_the_hidden_units_of_xor_learn_not_both_and_at_least_one() -> None:
    last = trace("xor")[gallery.load("xor").iterations - 1]
    np.testing.assert_array_equal(last["h"] > 0, [[True, False], [True, True], [True, True], [False, True]])


def test_xor_without_momentum_takes_as_long_as_its_file_says(changed: Changed) -> None:
    plain = traced(changed("xor", 'optimiser = "momentum" # with mu = 0.9; (.*)', "# \\1", 1))
    said = re.search(r"first has E < 0.01 at iteration (\d+)", gallery.find("xor").read_text("utf-8"))
    assert said is not None
    assert plain.loss(int(said[1]) - 1) >= 0.01 > plain.loss(int(said[1]))


def test_from_another_start_xor_stays_in_a_local_minimum(changed: Changed) -> None:
    stuck = traced(changed("xor", "seed = 1 ", "seed = 11 ", 1))
    assert stuck.loss(80) == pytest.approx(0.35, abs=0.005)
    assert stuck.loss(2_000) == pytest.approx(0.35, abs=0.005)


# deep and residual.


def test_the_first_gradient_of_the_deep_network_is_a_thousand_times_smaller_than_its_last() -> None:
    first = trace("deep")[0]
    sizes = [largest(first[f"dE/dW{layer}"]) for layer in range(1, 6)]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 1000 * sizes[0]
    assert f"{sizes[-1]:.3f}" in gallery.load("deep").look_at
    assert f"{sizes[0]:.6f}" in gallery.load("deep").look_at


def test_the_deep_gradients_are_those_of_the_chain_rule_written_out() -> None:
    first = trace("deep")[0]
    signal = 2 * (first["y"] - first["t"]) * first["y"] * (1 - first["y"])
    for layer in range(5, 0, -1):
        before = first[f"h{layer - 1}"] if layer > 1 else first["x"]
        np.testing.assert_allclose(first[f"dE/dW{layer}"], before.T @ signal, rtol=1e-12, atol=0)
        signal = signal @ first[f"W{layer}"].T * before * (1 - before)


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_an_error_goes_around_a_residual_block_and_through_it(layer: int) -> None:
    first = trace("residual")[0]
    after = first[f"dE/dh{layer + 1}"]
    through = after * (1 - np.tanh(first[f"p{layer + 1}"]) ** 2) @ first[f"W{layer + 1}"].T
    np.testing.assert_allclose(first[f"dE/dh{layer}"], after + through, rtol=1e-12, atol=0)
    factors = gallery.load("residual").derivation[f"dE/dh{layer}"].factors
    assert [factor.adjoint for factor in factors] == [f"dE/dh{layer + 1}", f"dE/dp{layer + 1}"]


def test_without_its_skips_the_residual_network_does_not_learn(changed: Changed) -> None:
    bare = traced(changed("residual", r'"(x|h\d) \+ tanh', '"tanh', 4))
    ratio = largest(trace("residual")[0]["dE/dW1"]) / largest(bare[0]["dE/dW1"])
    assert f"dE/dW1 gets {ratio:.0f} times smaller" in gallery.load("residual").look_at
    assert bare.loss(19) == pytest.approx(bare.loss(0), rel=1e-3)
    assert trace("residual").loss(19) < 0.05 * trace("residual").loss(0)


# autoencoder.


def test_the_tied_gradient_is_the_sum_of_both_uses_of_W() -> None:
    first, stage = trace("autoencoder")[0], gallery.load("autoencoder").derivation["dE/dW"]
    assert len(stage.factors) == 2
    outward = first["y"] - first["x"]
    inward = outward @ first["W"] * (1 - first["h"] ** 2)
    gradient = outward.T @ first["h"] + first["x"].T @ inward
    np.testing.assert_allclose(first["dE/dW"], gradient, rtol=1e-12, atol=1e-15)


def test_neither_use_of_W_alone_has_the_tied_gradient() -> None:
    first = trace("autoencoder")[0]
    inward = first["x"].T @ first["dE/dp"]
    outward = first["dE/dz"].T @ first["h"]
    assert min(largest(inward), largest(outward)) > 0.2


def test_the_autoencoder_finds_a_code_of_four_corners_and_unfolds_it() -> None:
    last = trace("autoencoder")[gallery.load("autoencoder").iterations - 1]
    assert np.min(np.abs(last["h"])) > 0.9
    assert len({tuple(row) for row in np.sign(last["h"])}) == 4
    np.testing.assert_array_equal(last["y"] > 0.5, np.eye(4, dtype=bool))


# rnn.


@pytest.mark.parametrize("iteration", [0, 20])
def test_the_recurrent_gradients_are_sums_over_the_steps(iteration: int) -> None:
    values = trace("rnn")[iteration]
    states = [values["h0"]]
    for step in (1, 2, 3):
        states.append(np.tanh(values[f"x{step}"] @ values["W"] + states[-1] @ values["U"] + values["b"]))
    output = sigmoid(states[3] @ values["V"] + values["c"])
    error = (output - values["t"]) / len(output) @ values["V"].T
    summands: dict[str, list[Array]] = {"U": [], "W": [], "b": []}
    for step in (3, 2, 1):
        error = error * (1 - states[step] ** 2)
        summands["U"].append(states[step - 1].T @ error)
        summands["W"].append(values[f"x{step}"].T @ error)
        summands["b"].append(error.sum(axis=0, keepdims=True))
        error = error @ values["U"].T
    for name, parts in summands.items():
        np.testing.assert_allclose(values[f"dE/d{name}"], sum(parts), rtol=1e-11, atol=1e-16)


def test_the_gradient_of_U_has_a_summand_for_each_step_and_the_first_is_zero() -> None:
    stage, first = gallery.load("rnn").derivation["dE/dU"], trace("rnn")[0]
    assert {factor.adjoint for factor in stage.factors} == {"dE/dp1", "dE/dp2", "dE/dp3"}
    assert largest(first["h0"].T @ first["dE/dp1"]) == 0
    assert min(largest(first["h1"].T @ first["dE/dp2"]), largest(first["h2"].T @ first["dE/dp3"])) > 0


def test_the_recurrent_network_remembers_the_first_symbol() -> None:
    last = trace("rnn")[gallery.load("rnn").iterations - 1]
    np.testing.assert_array_equal(last["y"] > 0.5, last["x1"] > 0)


def test_no_later_symbol_alone_tells_the_first() -> None:
    first = trace("rnn")[0]
    assert [float((first["x1"] * first[later]).sum()) for later in ("x2", "x3")] == [0, 0]


# attention.


@pytest.mark.parametrize("iteration", [0, 39])
def test_each_token_shares_out_its_attention(iteration: int) -> None:
    attention = trace("attention")[iteration]["a"]
    assert np.min(attention) > 0
    np.testing.assert_allclose(attention.sum(axis=1), 1, rtol=1e-15)


def test_each_token_learns_to_attend_to_the_next() -> None:
    last = trace("attention")[gallery.load("attention").iterations - 1]
    np.testing.assert_array_equal(np.round(last["a"]), [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    assert np.max(trace("attention")[0]["a"]) < 0.6


def test_the_scores_are_scaled_by_the_root_of_the_width_of_q() -> None:
    first = trace("attention")[0]
    q, k = first["x"] @ first["Q"], first["x"] @ first["K"]
    np.testing.assert_allclose(first["s"], q @ k.T / np.sqrt(q.shape[1]), rtol=1e-14)


def test_the_error_of_the_scores_is_that_of_a_softmax_row_by_row() -> None:
    first = trace("attention")[0]
    error = 2 * (first["y"] - first["t"]) @ first["v"].T
    rows = [(np.diag(a) - np.outer(a, a)) @ e for a, e in zip(first["a"], error, strict=True)]
    np.testing.assert_allclose(first["dE/ds"], rows, rtol=1e-12)


def test_the_values_stay_fixed_and_still_have_a_gradient() -> None:
    derivation = gallery.load("attention").derivation
    assert "dE/dV" in derivation
    assert "V'" not in derivation
    np.testing.assert_array_equal(trace("attention")[39]["V"], trace("attention")[0]["V"])


# relu-at-zero.


def test_a_pre_activation_is_exactly_zero_and_the_slope_there_is_the_stated_one() -> None:
    first = trace("relu-at-zero")[0]
    assert first["p"].tolist() == [[0, 3]]
    assert first["dh/dp"].tolist() == [[0, 1]]
    assert "p is (0, 3), and dh/dp is (0, 1)" in gallery.load("relu-at-zero").look_at


def test_the_unit_at_the_kink_never_moves() -> None:
    last = trace("relu-at-zero")[gallery.load("relu-at-zero").iterations - 1]
    assert last["p"][0, 0] == 0
    assert last["W'"][:, 0].tolist() == [2, -1]
    assert last["V'"][0].tolist() == [1]


def test_written_with_abs_the_values_are_the_same_and_the_unit_learns(changed: Changed) -> None:
    halfway = traced(changed("relu-at-zero", r'"relu\(p\)"', '"(p + abs(p))/2"', 1))
    first = trace("relu-at-zero")[0]
    np.testing.assert_array_equal(halfway[0]["h"], first["h"])
    assert halfway[0]["dh/dp"].tolist() == [[0.5, 1]]
    assert halfway[9]["p"][0, 0] > 0.1
    assert halfway.loss(9) < trace("relu-at-zero").loss(9)


# softmax-classifier.


def right_names(iteration: int) -> int:
    """How many of the 150 flowers are named right after an iteration."""
    data, values = gallery.load("softmax-classifier").data, trace("softmax-classifier")[iteration]
    scores = data["x"] @ values["W'"] + values["b'"]
    return int(np.sum(np.argmax(scores, axis=1) == np.argmax(data["t"], axis=1)))


def test_the_classifier_names_at_least_nineteen_flowers_in_twenty() -> None:
    network = gallery.load("softmax-classifier")
    count = right_names(network.iterations - 1)
    assert count >= 0.95 * 150
    assert f"{count} of the 150" in network.about


def test_softmax_and_cross_entropy_leave_the_difference_over_the_batch() -> None:
    derivation = gallery.load("softmax-classifier").derivation
    matrix = derivation["dE/dz"].matrix
    assert matrix is not None
    (samples,) = matrix.atoms(Size)
    assert matrix == (Quantity("y") - Quantity("t")) / samples
    assert derivation.shape("y")[0] == derivation.sizes[derivation.axes["y"][0]] == 15


@pytest.mark.parametrize("iteration", [0, 149])
def test_the_error_signal_of_the_classifier_is_the_difference_over_fifteen(iteration: int) -> None:
    values = trace("softmax-classifier")[iteration]
    scores = values["x"] @ values["W"] + values["b"]
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(values["dE/dz"], (shares - values["t"]) / 15, rtol=1e-12, atol=1e-16)


def test_the_flowers_are_fishers_standardised() -> None:
    data = gallery.load("softmax-classifier").data
    np.testing.assert_allclose(data["x"].mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(data["x"].std(axis=0), 1, rtol=1e-14)
    assert data["t"].sum(axis=0).tolist() == [50, 50, 50]
    first_in_centimetres = np.array([5.1, 3.5, 1.4, 0.2])
    mean = np.array([876.5, 458.6, 563.7, 179.9]) / 150  # the sums of Fisher's columns
    deviation = np.array([0.82530129, 0.43441097, 1.75940407, 0.75969263])
    np.testing.assert_allclose(data["x"][0], (first_in_centimetres - mean) / deviation, rtol=1e-7)


def test_an_epoch_sees_every_flower_once() -> None:
    seen = np.vstack([trace("softmax-classifier")[iteration]["x"] for iteration in range(10)])
    everything = gallery.load("softmax-classifier").data["x"]
    np.testing.assert_array_equal(seen[np.lexsort(seen.T)], everything[np.lexsort(everything.T)])


def test_the_loss_jumps_between_batches_and_falls_from_epoch_to_epoch() -> None:
    losses = np.array([trace("softmax-classifier").loss(iteration) for iteration in range(150)])
    assert np.any(np.diff(losses) > 0)
    assert np.all(np.diff(losses.reshape(15, 10).mean(axis=1)) < 0)
