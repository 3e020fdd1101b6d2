"""A network is written so that it reads back as it was."""

from __future__ import annotations

import os
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backprop_tui import gallery
from backprop_tui.calculus.optimisers import OPTIMISERS
from backprop_tui.engine.trace import Trace
from backprop_tui.errors import InputError
from backprop_tui.network import Layers, Network, from_layers, read_network
from backprop_tui.network import writer as module
from backprop_tui.network.model import ORDERS, Batches
from backprop_tui.network.moment import Moment
from backprop_tui.network.writer import large, save, written

from .networks import Array

ELSEWHERE = {"name", "source", "moment"}
"""What of a network its file doesn't say."""


def same(left: Network, right: Network) -> None:
    """Check that two networks are the same, their numbers bit for bit, in the same order."""
    for attribute in (field.name for field in fields(Network) if field.name not in ELSEWHERE):
        one, other = getattr(left, attribute), getattr(right, attribute)
        if attribute in ("data", "parameters"):
            assert list(one) == list(other)
            assert [matrix.tobytes() for matrix in one.values()] == [matrix.tobytes() for matrix in other.values()]
            assert [matrix.shape for matrix in one.values()] == [matrix.shape for matrix in other.values()]
        elif isinstance(one, dict):
            assert list(one.items()) == list(other.items()), attribute
        else:
            assert one == other, attribute


def saved(network: Network, folder: Path, moment: Moment | None = None) -> Network:
    save(network, folder / "network.toml", moment)
    return read_network(folder / "network.toml")


@pytest.mark.parametrize("name", gallery.names())
def test_a_network_that_ships_reads_back_bit_for_bit(name: str, tmp_path: Path) -> None:
    network = gallery.load(name)
    back = saved(network, tmp_path)
    same(back, network)
    assert os.listdir(tmp_path) == ["network.toml"]
    first, second = (Trace(each.derivation, each.start, each.inputs) for each in (network, back))
    assert [first.loss(k) for k in range(5)] == [second.loss(k) for k in range(5)]


numbers = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def matrices(rows: int, columns: int) -> st.SearchStrategy[Array]:
    return st.lists(numbers, min_size=rows * columns, max_size=rows * columns).map(
        lambda found: np.reshape(found, (rows, columns))
    )


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Any numbers, words and settings around fixed equations."""
    rows, inputs, outputs = (draw(st.integers(1, 4)) for _ in range(3))
    optimiser = draw(st.sampled_from(list(OPTIMISERS.values())))
    seed = draw(st.integers(0, 2**32 - 1))
    batches = st.builds(Batches, st.integers(1, rows), st.sampled_from(ORDERS), st.just(seed))
    return Network(
        "any",
        {"z": "x @ W + b", "y": "swish(z)", "E": "squared_error(y, t)"},
        {"x": draw(matrices(rows, inputs)), "t": draw(matrices(rows, outputs))},
        {"W": draw(matrices(inputs, outputs)), "b": draw(matrices(1, outputs))},
        draw(numbers),
        draw(st.integers(0, 2**32 - 1)),
        title=draw(words),
        about=draw(words),
        look_at=draw(words),
        functions={"swish": "u * sigmoid(u)"},
        frozen=draw(st.frozensets(st.sampled_from(["W", "b"]))),
        optimiser=optimiser,
        constants={name: draw(numbers) for name in optimiser.constants if draw(st.booleans())},
        batches=draw(st.none() | batches),
        seed=seed,
    )


@settings(max_examples=60, deadline=None)
@example(
    Network(
        "huge",
        {"z": "x @ W + b", "y": "swish(z)", "E": "squared_error(y, t)"},
        {"x": np.full((1, 2), -1.7e308), "t": np.zeros((1, 1))},
        {"W": np.zeros((2, 1)), "b": np.zeros((1, 1))},
        functions={"swish": "u * sigmoid(u)"},
    ),
    module.MOST_WRITTEN,
)
@given(networks(), st.sampled_from([module.MOST_WRITTEN, 6, 0]))
def test_any_network_reads_back_bit_for_bit_however_much_of_it_stands_beside(network: Network, room: int) -> None:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(module, "MOST_WRITTEN", room)
        same(saved(network, Path(folder)), network)


def test_what_is_written_is_made_to_be_read() -> None:
    network = replace(gallery.load("lecture"), about="", look_at="E falls.", frozen=frozenset({"V"}))
    network = replace(network, parameters={"W": np.eye(3, 4) / 3, "V": np.full((4, 2), -0.5)})
    assert written(network, Moment("dE/dV", 3, (1, 0), reading="index form")) == (
        '[network]\ntitle = "Two sigmoid layers, 3-4-2, one sample"\nlook_at = "E falls."\n'
        '\n[equations]\np = "x @ W"\nh = "sigmoid(p)"\nz = "h @ V"\ny = "sigmoid(z)"\nE = "sum((y - t)**2)"\n'
        "\n[data]\nx = [[1, 2, 1]]\nt = [[1, 0]]\n"
        "\n[parameters]\n"
        "W = [[0.3333333333333333, 0, 0, 0], [0, 0.3333333333333333, 0, 0], [0, 0, 0.3333333333333333, 0]]\n"
        "V = { value = [[-0.5, -0.5], [-0.5, -0.5], [-0.5, -0.5], [-0.5, -0.5]], frozen = true }\n"
        "\n[random]\nseed = 1\n"
        "\n[training]\nlearning_rate = 0.01\niterations = 10\n"
        '\n[moment] # where the app opens it\nstage = "dE/dV"\niteration = 3\ncell = [1, 0]\nreading = "index form"\n'
    )


def test_a_wide_matrix_has_a_row_a_line() -> None:
    lines = written(gallery.load("lecture")).splitlines()
    start = lines.index("W = [")
    assert [line.count(",") for line in lines[start + 1 : start + 4]] == [4, 4, 4]
    assert lines[start + 4] == "]"


def test_the_sign_of_a_zero_is_kept() -> None:
    network = replace(gallery.load("lecture"), data={"x": np.array([[-0.0, 0.0, 1.0]]), "t": np.array([[1.0, 0.0]])})
    assert "x = [[-0.0, 0, 1]]" in written(network)


def test_a_moment_leads_back_to_its_place(tmp_path: Path) -> None:
    moment = Moment("W'", 7, (2, 1), "this cell", "heat map", "loss")
    assert saved(gallery.load("lecture"), tmp_path, moment).moment == moment
    assert saved(gallery.load("lecture"), tmp_path).moment is None


# Large matrices.


@pytest.fixture
def wide() -> Network:
    return from_layers(Layers((300, 100, 2), ("tanh", "softmax"), "cross_entropy"), samples=4)


def test_a_large_matrix_stands_beside_the_file_and_the_others_in_it(wide: Network, tmp_path: Path) -> None:
    save(wide, tmp_path / "wide.toml")
    (beside,) = tmp_path.glob("*.npz")
    contents = tomllib.loads((tmp_path / "wide.toml").read_text("utf-8"))
    assert list(large(wide)) == ["W1"]
    assert contents["parameters"]["W1"] == {"file": beside.name, "array": "W1"}
    assert len(contents["parameters"]["W2"]) == 100
    same(read_network(tmp_path / "wide.toml"), wide)


def test_a_file_beside_that_is_already_there_is_never_changed(wide: Network, tmp_path: Path) -> None:
    save(wide, tmp_path / "wide.toml")
    (before,) = tmp_path.glob("*.npz")
    kept = before.read_bytes()
    save(replace(wide, learning_rate=3.0), tmp_path / "wide.toml")
    assert list(tmp_path.glob("*.npz")) == [before]
    other = {**wide.parameters, "W1": wide.parameters["W1"] + 1}
    save(replace(wide, parameters=other), tmp_path / "wide.toml")
    assert before.read_bytes() == kept
    np.testing.assert_array_equal(read_network(tmp_path / "wide.toml").parameters["W1"], other["W1"])


def test_where_the_file_cannot_be_written_nothing_is_left_beside_it(wide: Network, tmp_path: Path) -> None:
    (tmp_path / "wide.toml").mkdir()
    with pytest.raises(InputError, match="a directory"):
        save(wide, tmp_path / "wide.toml")
    assert os.listdir(tmp_path) == ["wide.toml"]


def test_what_stood_there_stays_where_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "network.toml"
    save(gallery.load("xor"), path)
    before = path.read_text("utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        save(gallery.load("lecture"), path)
    assert path.read_text("utf-8") == before
    assert os.listdir(tmp_path) == ["network.toml"]
