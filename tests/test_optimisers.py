"""Update rules and mini-batches, against loops typed from the papers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from backprop_tui.calculus.optimisers import ADAM, DESCENT, MOMENTUM, OPTIMISERS, Optimiser
from backprop_tui.calculus.stages import Kind
from backprop_tui.engine.trace import Trace
from backprop_tui.network import Network
from backprop_tui.network.model import Batches

Array = NDArray[np.float64]
Arrays = dict[str, Array]
Loop = Callable[[Iterator[Arrays], Arrays], Iterator[Arrays]]

STEPS: Final = 50
ETA: Final = 0.05
EQUATIONS: Final = {"h": "tanh(x @ W + b)", "y": "h @ V", "E": "sum((y - t)**2)/rows(x)"}


def by_hand(given: Arrays, learned: Arrays) -> Arrays:
    """The gradients of `EQUATIONS`, as a lecturer would type them."""
    h = np.tanh(given["x"] @ learned["W"] + learned["b"])
    dy = 2 * (h @ learned["V"] - given["t"]) / len(given["x"])
    dp = dy @ learned["V"].T * (1 - h**2)
    return {"W": given["x"].T @ dp, "b": dp.sum(0, keepdims=True), "V": h.T @ dy}


def drawn(samples: int = 6) -> tuple[Arrays, Arrays]:
    numbers = np.random.default_rng(5)
    shapes = {"W": (3, 4), "b": (1, 4), "V": (4, 2)}
    data = {"x": numbers.normal(size=(samples, 3)), "t": numbers.normal(size=(samples, 2))}
    return data, {name: numbers.normal(size=shape) for name, shape in shapes.items()}


def network(optimiser: Optimiser = DESCENT, samples: int = 6) -> Network:
    data, parameters = drawn(samples)
    return Network("small", EQUATIONS, data, parameters, learning_rate=ETA, optimiser=optimiser)


def trained(made: Network, steps: int = STEPS) -> Iterator[Arrays]:
    """Yield the parameters after 0, 1, 2 ... iterations."""
    trace = Trace(made.derivation, made.start, made.inputs)
    for iteration in range(steps + 1):
        yield {name: trace[iteration][name] for name in made.parameters}


def everything(data: Arrays) -> Iterator[Arrays]:
    """Yield all of the data again and again."""
    while True:
        yield data


def descent(batches: Iterator[Arrays], learned: Arrays) -> Iterator[Arrays]:
    while True:
        yield learned
        slope = by_hand(next(batches), learned)
        learned = {name: value - ETA * slope[name] for name, value in learned.items()}


def momentum(batches: Iterator[Arrays], learned: Arrays, mu: float = 0.9) -> Iterator[Arrays]:
    """Polyak 1964 as in Sutskever et al. 2013, (1) and (2): v <- mu v - eta g, theta <- theta + v."""
    velocity = {name: np.zeros_like(value) for name, value in learned.items()}
    while True:
        yield learned
        slope = by_hand(next(batches), learned)
        velocity = {name: mu * velocity[name] - ETA * slope[name] for name in learned}
        learned = {name: value + velocity[name] for name, value in learned.items()}


def adam(
    batches: Iterator[Arrays], theta: Arrays, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
) -> Iterator[Arrays]:
    """Kingma and Ba 2015, algorithm 1, line by line."""
    m = {name: np.zeros_like(value) for name, value in theta.items()}
    v = {name: np.zeros_like(value) for name, value in theta.items()}
    t = 0
    while True:
        yield theta
        t = t + 1
        g = by_hand(next(batches), theta)
        m = {name: beta1 * m[name] + (1 - beta1) * g[name] for name in g}
        v = {name: beta2 * v[name] + (1 - beta2) * g[name] ** 2 for name in g}
        m_hat = {name: m[name] / (1 - beta1**t) for name in m}
        v_hat = {name: v[name] / (1 - beta2**t) for name in v}
        theta = {name: theta[name] - ETA * m_hat[name] / (np.sqrt(v_hat[name]) + epsilon) for name in theta}


LOOPS: Final[dict[str, Loop]] = {"descent": descent, "momentum": momentum, "adam": adam}


def agree(own: Iterator[Arrays], other: Iterator[Arrays]) -> None:
    for iteration, parameters in enumerate(own):
        expected = next(other)
        for name, value in parameters.items():
            np.testing.assert_allclose(value, expected[name], rtol=0, atol=1e-12, err_msg=f"{name} after {iteration}")


@pytest.mark.parametrize("name", OPTIMISERS)
def test_fifty_iterations_are_those_of_the_paper(name: str) -> None:
    data, parameters = drawn()
    agree(trained(network(OPTIMISERS[name])), LOOPS[name](everything(data), parameters))


@pytest.mark.parametrize("name", OPTIMISERS)
def test_fifty_iterations_move_every_parameter_and_lower_the_loss(name: str) -> None:
    made = network(OPTIMISERS[name])
    trace = Trace(made.derivation, made.start, made.inputs)
    assert trace.loss(STEPS) < 0.5 * trace.loss(0)
    assert all(np.abs(trace[STEPS][name] - trace[0][name]).max() > 1e-3 for name in made.parameters)


def test_momentum_takes_the_part_that_is_told() -> None:
    data, parameters = drawn()
    agree(trained(replace(network(MOMENTUM), constants={"mu": 0.5})), momentum(everything(data), parameters, 0.5))


def test_adam_takes_the_numbers_that_are_told() -> None:
    data, parameters = drawn()
    told = {"beta1": 0.5, "beta2": 0.9, "epsilon": 0.1}
    agree(trained(replace(network(ADAM), constants=told)), adam(everything(data), parameters, 0.5, 0.9, 0.1))


def test_the_first_step_of_adam_is_eta_in_every_entry() -> None:
    first, second = list(trained(network(ADAM), 1))
    for name in first:
        np.testing.assert_allclose(np.abs(second[name] - first[name]), ETA, rtol=1e-6)


@pytest.mark.parametrize(("optimiser", "remembered"), [(DESCENT, []), (MOMENTUM, ["v"]), (ADAM, ["m", "s"])])
def test_what_is_remembered_begins_at_zero_and_has_stages_of_its_own(
    optimiser: Optimiser, remembered: list[str]
) -> None:
    made = network(optimiser)
    for name in [f"{prefix}_{parameter}" for prefix in remembered for parameter in made.parameters]:
        np.testing.assert_array_equal(made.start[name], np.zeros(made.derivation.shape(name)))
        assert made.derivation[f"{name}'"].kind is Kind.UPDATE


# Frozen parameters.


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_frozen_parameter_has_a_gradient_and_does_not_move(name: str) -> None:
    made = replace(network(OPTIMISERS[name]), frozen=frozenset({"W"}))
    trace = Trace(made.derivation, made.start, made.inputs)
    data, parameters = drawn()
    for iteration in range(10):
        np.testing.assert_array_equal(trace[iteration]["W"], parameters["W"])
    slope = by_hand(data, {each: trace[9][each] for each in parameters})["W"]
    np.testing.assert_allclose(trace[9]["dE/dW"], slope, rtol=0, atol=1e-12)
    assert np.abs(slope).max() > 1e-3
    assert np.abs(trace[9]["V"] - parameters["V"]).max() > 1e-3


@pytest.mark.parametrize("optimiser", OPTIMISERS.values(), ids=OPTIMISERS)
def test_a_frozen_parameter_has_no_update_and_nothing_is_remembered_of_it(optimiser: Optimiser) -> None:
    derivation = replace(network(optimiser), frozen=frozenset({"W"})).derivation
    assert derivation["dE/dW"].kind is Kind.GRADIENT
    updates = {stage.name for stage in derivation if stage.kind is Kind.UPDATE}
    assert not [name for name in updates if name.endswith("W'")]
    assert {"V'", "b'"} <= updates
    assert not [name for name in derivation.memory if name.endswith("_W")]


def test_the_others_move_as_if_it_were_a_constant() -> None:
    made = replace(network(), frozen=frozenset({"W"}))
    given, learned = drawn()

    def loop() -> Iterator[Arrays]:
        parameters = dict(learned)
        while True:
            yield parameters
            slope = by_hand(given, parameters)
            parameters |= {name: parameters[name] - ETA * slope[name] for name in ("b", "V")}

    agree(trained(made), loop())


# Mini-batches.


def rows(batches: Batches, count: int, iterations: int) -> list[list[int]]:
    return [batches.rows(iteration, count).tolist() for iteration in range(iterations)]


def test_listed_rows_come_in_their_order_and_begin_again() -> None:
    assert rows(Batches(2), 6, 4) == [[0, 1], [2, 3], [4, 5], [0, 1]]


def test_rows_that_fill_no_batch_are_left_out_of_the_epoch() -> None:
    assert rows(Batches(4), 6, 2) == [[0, 1, 2, 3], [0, 1, 2, 3]]


@pytest.mark.parametrize("seed", [0, 7])
def test_shuffled_rows_are_drawn_anew_for_each_epoch_from_its_seed(seed: int) -> None:
    drawn_rows = rows(Batches(3, "shuffled", seed), 12, 12)
    for epoch in range(3):
        expected = np.random.default_rng([seed, epoch]).permutation(12).reshape(4, 3).tolist()
        assert drawn_rows[4 * epoch : 4 * epoch + 4] == expected


@given(
    st.integers(1, 8),
    st.integers(1, 8),
    st.integers(0, 5),
    st.sampled_from(["listed", "shuffled"]),
    st.integers(0, 2**32 - 1),
)
def test_every_row_is_used_once_in_an_epoch(size: int, batches: int, epoch: int, order: str, seed: int) -> None:
    count, made = size * batches, Batches(size, order, seed)
    used = [row for position in range(batches) for row in made.rows(epoch * batches + position, count)]
    assert sorted(used) == list(range(count))


def test_an_iteration_is_the_same_batch_however_often_it_is_asked_for() -> None:
    made = replace(network(samples=8), batches=Batches(2, "shuffled", 3))
    np.testing.assert_array_equal(made.inputs(5)["x"], made.inputs(5)["x"])


@pytest.mark.parametrize("order", ["listed", "shuffled"])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_training_takes_the_batches_in_turn(name: str, order: str) -> None:
    made = replace(network(OPTIMISERS[name], samples=8), batches=Batches(2, order, 3))
    agree(trained(made), LOOPS[name](epochs(8, 2, order, 3), drawn(8)[1]))


def epochs(count: int, size: int, order: str, seed: int) -> Iterator[Arrays]:
    """Yield the batches of one epoch after another."""
    data, epoch = drawn(count)[0], 0
    while True:
        order_of_rows = np.random.default_rng([seed, epoch]).permutation(count) if order == "shuffled" else range(count)
        for chunk in np.array(order_of_rows).reshape(-1, size):
            yield {name: matrix[chunk] for name, matrix in data.items()}
        epoch += 1


def test_the_rows_of_inputs_and_targets_stay_together() -> None:
    made = replace(network(samples=8), batches=Batches(2, "shuffled", 1))
    pairs = {tuple(x): tuple(t) for x, t in zip(made.data["x"], made.data["t"], strict=True)}
    for iteration in range(8):
        batch = made.inputs(iteration)
        assert all(pairs[tuple(x)] == tuple(t) for x, t in zip(batch["x"], batch["t"], strict=True))


def test_an_input_of_one_row_is_in_every_batch() -> None:
    data, parameters = drawn(8)
    shifted = {**EQUATIONS, "h": "tanh(x @ W + b + s)"}
    shift = np.ones((1, 4))
    made = Network("shifted", shifted, {**data, "s": shift}, parameters, batches=Batches(2))
    np.testing.assert_array_equal(made.inputs(3)["s"], shift)
    assert made.inputs(3)["x"].shape == (2, 3)
