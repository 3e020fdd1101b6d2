"""Training by epochs: the steps of a trace, stopped anywhere and gone on with, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_tui import gallery
from backprop_tui.calculus.optimisers import OPTIMISERS
from backprop_tui.engine import feed
from backprop_tui.engine.accuracy import Accuracy, Classes, accuracy_of, classes_of
from backprop_tui.engine.checkpoint import load, save
from backprop_tui.engine.epochs import Ending, Outcome, State, Training
from backprop_tui.engine.feed import Feed
from backprop_tui.engine.fused import training_step
from backprop_tui.engine.trace import Trace
from backprop_tui.errors import InputError
from backprop_tui.network import Network
from backprop_tui.network.model import Batches

ROWS = 23


@cache
def classifier(optimiser: str = "descent", order: str = "shuffled", size: int | None = 4) -> Network:
    """A small classifier on more rows than fill its batches."""
    numbers = np.random.default_rng(3)
    classes = numbers.integers(0, 3, ROWS)
    return Network(
        "classifier",
        {"h": "tanh(x @ W + b)", "y": "softmax(h @ V)", "E": "mean_cross_entropy(y, t)"},
        {"x": numbers.normal(size=(ROWS, 2)) + classes[:, None], "t": np.eye(3)[classes]},
        {"W": numbers.normal(size=(2, 5)), "b": np.zeros((1, 5)), "V": numbers.normal(size=(5, 3))},
        learning_rate=0.05,
        frozen=frozenset({"b"}),
        optimiser=OPTIMISERS[optimiser],
        batches=Batches(size, order, seed=5) if size else None,
    )


def training(network: Network, state: State | None = None, engine: str = "arrays", dtype: str = "float64") -> Training:
    return Training(network, training_step(network.derivation, dtype, engine), state, accuracy_of(network))


def run(trained: Training, epochs: int, steps: int | None = None) -> Outcome:
    """Run to the end, or stop when so many steps have been made."""
    return trained.run(epochs, lambda: steps is not None and trained.state.iteration >= steps, lambda _: None)


def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a training look after each step whether to stop."""
    monkeypatch.setattr("backprop_tui.engine.epochs.CHUNK", 0.0)


def same(one: State, other: State) -> None:
    """Hold two states against each other: every bit, all but the times."""
    assert one.learned.keys() == other.learned.keys()
    for name, array in one.learned.items():
        np.testing.assert_array_equal(array, other.learned[name], strict=True)
    assert (one.iteration, one.losses) == (other.iteration, other.losses)
    assert [(epoch.loss, epoch.accuracy) for epoch in one.epochs] == [
        (epoch.loss, epoch.accuracy) for epoch in other.epochs
    ]


@pytest.mark.parametrize("order", ["listed", "shuffled"])
@pytest.mark.parametrize("bytes_at_once", [1, 400, 1 << 20])
def test_the_rows_of_every_batch_are_those_of_the_network(
    order: str, bytes_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "BYTES_AT_ONCE", bytes_at_once)
    network = classifier(order=order)
    fed = Feed(network, "float64")
    for iteration in [*range(12), 3, 4, 11, 0]:
        expected = network.inputs(iteration)
        assert fed(iteration).keys() == expected.keys()
        for name, rows in fed(iteration).items():
            np.testing.assert_array_equal(rows, expected[name])


def test_what_is_no_table_of_samples_is_not_fed() -> None:
    network = replace(classifier(), data={**classifier().data, "s": np.ones((1, 2))})
    assert Feed(network, "float64")(0).keys() == {"x", "t"}


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("size", [4, None])
@pytest.mark.parametrize("engine", ["arrays", "scalars"])
def test_training_makes_the_steps_of_a_trace(optimiser: str, size: int | None, engine: str) -> None:
    network = classifier(optimiser, size=size)
    trained = training(network, engine=engine)
    assert run(trained, 3) == Outcome(Ending.COMPLETE, 3 * trained.steps)
    trace = Trace(network.derivation, network.start, network.inputs)
    after = trace[3 * trained.steps]
    for name, array in trained.state.learned.items():
        np.testing.assert_allclose(array, after[name], rtol=1e-11, atol=1e-14)
    losses = [
        np.mean([trace.loss(epoch * trained.steps + step) for step in range(trained.steps)]) for epoch in range(3)
    ]
    np.testing.assert_allclose([epoch.loss for epoch in trained.state.epochs], losses, rtol=1e-11)


def test_what_is_frozen_stays_and_is_not_part_of_the_state() -> None:
    trained = training(classifier("adam"))
    run(trained, 1)
    assert trained.state.learned.keys() == {"W", "V", "m_W", "s_W", "m_V", "s_V", "tau"}
    np.testing.assert_array_equal(trained.values["b"], np.zeros((1, 5)))
    assert trained.state.learned["tau"] == trained.steps


@pytest.mark.parametrize("order", ["listed", "shuffled"])
@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("stopped_at", [5, 8])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_training_goes_on_bit_for_bit(
    order: str, optimiser: str, stopped_at: int, dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An epoch has five steps: one stops at its end, the other in the middle of the next one."""
    one_by_one(monkeypatch)
    network = classifier(optimiser, order)
    whole, begun = training(network, dtype=dtype), training(network, dtype=dtype)
    run(whole, 3)
    assert run(begun, 3, stopped_at) == Outcome(Ending.STOPPED, stopped_at)
    save(tmp_path / "state.npz", begun.state, network)
    again = training(network, load(tmp_path / "state.npz", network, dtype), dtype=dtype)
    assert again.state.iteration == stopped_at
    assert run(again, 3).ending is Ending.COMPLETE
    same(again.state, whole.state)


@settings(max_examples=25, deadline=None)
@given(chunks=st.lists(st.integers(1, 9), min_size=1, max_size=8), engine=st.sampled_from(["arrays", "scalars"]))
def test_how_many_steps_are_made_at_once_changes_no_bit(chunks: list[int], engine: str) -> None:
    network = SCALARS
    whole, parts = training(network, engine=engine), training(network, engine=engine)
    run(whole, 2)
    for chunk in chunks:
        run(parts, 2, min(parts.state.iteration + chunk, 2 * parts.steps))
    run(parts, 2)
    same(parts.state, whole.state)


SCALARS = classifier("momentum")


def test_a_state_is_reported_after_every_look(monkeypatch: pytest.MonkeyPatch) -> None:
    one_by_one(monkeypatch)
    told: list[tuple[int, int]] = []
    trained = training(classifier())
    trained.run(2, lambda: False, lambda state: told.append((state.iteration, len(state.epochs))))
    assert told == [(step, step // 5) for step in range(1, 11)]


def growing(rate: float) -> Network:
    """A weight that grows at each step, and so does its growth, until it overflows."""
    return Network("growing", {"y": "x @ W", "E": "sum(y**2)"}, {"x": np.eye(2)}, {"W": np.ones((2, 1))}, rate)


@pytest.mark.parametrize("rate", [1.5, 3.0, 50.0, 1e307])
def test_the_iteration_whose_loss_is_not_finite_is_found_among_many(rate: float) -> None:
    network = growing(rate)
    trained = training(network)
    outcome = run(trained, 10_000)
    assert outcome.ending is Ending.NOT_FINITE
    trace = Trace(network.derivation, network.start, network.inputs)
    assert not np.isfinite(trace.loss(outcome.iteration))
    assert np.isfinite(trace.loss(outcome.iteration - 1))
    assert trained.state.iteration <= outcome.iteration
    assert all(np.isfinite(array).all() for array in trained.state.learned.values())


def test_the_loss_of_a_state_is_the_mean_of_the_epoch_that_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    one_by_one(monkeypatch)
    trained = training(classifier())
    assert np.isnan(trained.state.loss)
    run(trained, 9, 7)
    trace = Trace(classifier().derivation, classifier().start, classifier().inputs)
    assert trained.state.loss == pytest.approx((trace.loss(5) + trace.loss(6)) / 2, rel=1e-12)


OTHERS: dict[str, tuple[Callable[[Network], Network], str]] = {
    "other widths": (
        lambda network: replace(
            network, parameters={**network.parameters, "W": np.ones((2, 4)), "b": np.ones((1, 4)), "V": np.ones((4, 3))}
        ),
        r"of another network: V 5x3, W 2x5; expected V 4x3, W 2x4$",
    ),
    "another optimiser": (
        lambda network: replace(network, optimiser=OPTIMISERS["momentum"]),
        r"of another network: V 5x3, W 2x5; expected V 5x3, W 2x5, v_V 5x3, v_W 2x5$",
    ),
    "other frozen ones": (lambda network: replace(network, frozen=frozenset()), r"expected V 5x3, W 2x5, b 1x5$"),
    "other batches": (
        lambda network: replace(network, batches=Batches(6)),
        r"batches of 4 out of 23 rows; expected 6 of 23$",
    ),
}


@pytest.mark.parametrize("other", OTHERS)
def test_the_state_of_another_network_is_refused(other: str, tmp_path: Path) -> None:
    path = tmp_path / "state.npz"
    save(path, training(classifier()).state, classifier())
    change, told = OTHERS[other]
    with pytest.raises(InputError, match=told) as error:
        load(path, change(classifier()), "float64")
    assert str(error.value).startswith(f"{path}: --resume: ")


def test_a_state_of_another_type_is_refused_with_the_way_to_go_on(tmp_path: Path) -> None:
    save(tmp_path / "state.npz", training(classifier(), dtype="float32").state, classifier())
    with pytest.raises(InputError, match="numbers of float32; expected float64: --dtype float32 goes on with it"):
        load(tmp_path / "state.npz", classifier(), "float64")


def npy() -> bytes:
    file = BytesIO()
    np.save(file, np.ones((2, 2)))
    return file.getvalue()


@pytest.mark.parametrize("contents", [b"", b"PK\x03\x04 and no more", b"words", npy()])
def test_a_file_that_is_no_state_is_refused(contents: bytes, tmp_path: Path) -> None:
    path = tmp_path / "state.npz"
    path.write_bytes(contents)
    with pytest.raises(InputError, match="not a saved training; expected a file that train --save has written"):
        load(path, classifier(), "float64")


def test_a_state_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"state\.npz: --resume: can't be read \(No such file or directory\)"):
        load(tmp_path / "state.npz", classifier(), "float64")


def test_a_file_that_is_something_else_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, x=np.ones((2, 2)))
    before = path.read_bytes()
    with pytest.raises(InputError, match="--save: not a saved training; expected another name"):
        save(path, training(classifier()).state, classifier())
    assert path.read_bytes() == before


def test_a_saved_state_is_written_over(tmp_path: Path) -> None:
    trained = training(classifier())
    save(tmp_path / "state.npz", trained.state, classifier())
    run(trained, 1)
    save(tmp_path / "state.npz", trained.state, classifier())
    same(load(tmp_path / "state.npz", classifier(), "float64"), trained.state)


def test_parameters_are_found_in_a_saved_state_by_their_names(tmp_path: Path) -> None:
    trained = training(classifier())
    run(trained, 1)
    save(tmp_path / "state.npz", trained.state, classifier())
    with np.load(tmp_path / "state.npz") as file:
        np.testing.assert_array_equal(file["V"], trained.state.learned["V"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("softmax-classifier", Classes("t", "z")),
        ("lecture", Classes("t", "z")),
        ("rnn", None),
        ("xor", None),
        ("autoencoder", None),
    ],
)
def test_a_classifier_is_known_by_rows_that_sum_to_one(name: str, expected: Classes | None) -> None:
    assert classes_of(gallery.load(name)) == expected


def test_inputs_that_sum_to_one_are_not_taken_for_targets() -> None:
    network = classifier()
    words = np.eye(2)[np.arange(ROWS) % 2]
    assert classes_of(replace(network, data={"t": network.data["t"], "x": words})) == Classes("t", "y_1")


def test_the_target_is_what_comes_in_last() -> None:
    words = np.eye(4)[np.arange(ROWS) % 4]
    equations = {"h": "tanh(x @ W + b)", "u": "h + s @ U", "y": "softmax(u @ V)", "E": "mean_cross_entropy(y, t)"}
    network = replace(
        classifier(),
        equations=equations,
        data={"t": classifier().data["t"], "x": classifier().data["x"], "s": words},
        parameters={**classifier().parameters, "U": np.ones((4, 5))},
    )
    assert classes_of(network) == Classes("t", "y_1")


def test_the_output_is_the_last_product_with_a_column_for_each_class() -> None:
    equations = {"z": "x @ W", "u": "z + tanh(z) @ U", "y": "softmax(u)", "E": "mean_cross_entropy(y, t)"}
    parameters = {"W": np.ones((2, 3)), "U": np.ones((3, 3))}
    network = replace(classifier(), equations=equations, parameters=parameters, frozen=frozenset())
    assert classes_of(network) == Classes("t", "u")


def test_an_output_that_falls_where_the_class_rises_is_not_taken() -> None:
    equations = {"h": "tanh(x @ W + b)", "y": "softmax(h @ V)", "l": "-log(y)", "E": "sum(t*l)"}
    assert classes_of(replace(classifier(), equations=equations)) == Classes("t", "y_1")


@pytest.mark.parametrize("size", [None, 1, 4, 23])
def test_accuracy_counts_every_sample_once(size: int | None) -> None:
    network = classifier(size=size)
    x, t = network.data["x"], network.data["t"]
    h = np.tanh(x @ network.parameters["W"])
    right = (h @ network.parameters["V"]).argmax(axis=1) == t.argmax(axis=1)
    assert 0 < right.mean() < 1
    found = Classes("t", "y_1")
    assert Accuracy(network, found)(network.start) == right.mean()


def test_accuracy_where_rows_depend_on_one_another_is_that_of_full_batches() -> None:
    equations = {"h": "x @ W", "z": "h @ V - colsum(h @ V)/rows(x)", "E": "squared_error(z, t)"}
    parameters = {name: classifier().parameters[name] for name in ("W", "V")}
    data = {"x": classifier().data["x"] + 10, "t": classifier().data["t"]}
    network = replace(classifier(), equations=equations, data=data, parameters=parameters, frozen=frozenset())
    x, t = network.data["x"], network.data["t"]
    classes = []
    for rows in [*(slice(start, start + 4) for start in range(0, 20, 4)), slice(19, 23)]:
        z = x[rows] @ network.parameters["W"] @ network.parameters["V"]
        classes += list((z - z.mean(axis=0)).argmax(axis=1))
    right = np.array(classes[:20] + classes[21:]) == t.argmax(axis=1)
    found = classes_of(network)
    assert found is not None
    assert Accuracy(network, found)(network.start) == right.mean()


def test_an_epoch_has_the_accuracy_at_its_end() -> None:
    trained = training(classifier("adam"))
    run(trained, 40)
    accuracies = [epoch.accuracy for epoch in trained.state.epochs]
    assert accuracies[-1] == Accuracy(classifier("adam"), Classes("t", "y_1"))(trained.values)
    assert accuracies[-1] > accuracies[0]
