"""Several processes that train together, each with devices of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import numpy as np
import pytest

from backprop_tui.cli import main
from backprop_tui.engine.fused.placement import _that_share
from backprop_tui.errors import InputError

ROOT: Final = Path(__file__).parents[1]
NETWORK: Final = """
[network]
layers = [4, 8, 3]
activations = ["relu", "softmax"]
loss = "cross_entropy"
bias = true
[data]
x = { shape = [48, 4], draw = "normal" }
t = { shape = [48, 3], draw = "uniform" }
[training]
batch_size = 8
order = "shuffled"
optimiser = "adam"
"""


def started(module: str, arguments: list[list[str]]) -> list[subprocess.Popen[str]]:
    """Start processes in which JAX makes two devices out of the processor."""
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    return [
        subprocess.Popen(
            [sys.executable, "-m", module, *words],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for words in arguments
    ]


def free_address() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{found.getsockname()[1]}"


def training(path: Path, epochs: int, *more: str) -> list[subprocess.Popen[str]]:
    where, words = free_address(), ["train", str(path), "--epochs", str(epochs), "--engine", "jax", *more]
    return started("backprop_tui", [[*words, "--distributed", f"{where},2,{number}"] for number in range(2)])


def ended(words: list[str], code: int) -> None:
    with pytest.raises(SystemExit) as ending:
        main(words)
    assert ending.value.code == code


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "network.toml"
    path.write_text(NETWORK, "utf-8")
    return path


def test_two_processes_of_two_devices_find_what_one_device_finds() -> None:
    where = free_address()
    for process in started("tests.sharded", [[where, "2", str(number)] for number in range(2)]):
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        (found,) = json.loads(out.splitlines()[-1]).values()
        assert (found["devices"], found["rows"]) == (4, [2, 2])
        assert found["all-reduce"]
        assert found["parameters whole"]
        assert found["gradients"] <= 1e-12
        assert found["training"] <= 1e-12


def test_two_processes_train_as_one_does_and_the_first_tells(network: Path) -> None:
    together, alone = network.parent / "together.npz", network.parent / "alone.npz"
    first, second = training(network, 20, "--save", str(together), "--json")
    (told, _), (silent, _) = (process.communicate(timeout=120) for process in (first, second))
    assert (first.returncode, second.returncode) == (0, 0)
    assert (told.count("\n"), silent) == (1, "")
    assert json.loads(told)["epochs"] == 20
    ended(["train", str(network), "--epochs", "20", "--engine", "arrays", "--save", str(alone)], 0)
    found, expected = np.load(together), np.load(alone)
    for name in ("W1", "b1", "W2", "b2"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-12)


def test_ctrl_c_to_one_process_stops_both_and_saves(network: Path) -> None:
    state, rows = network.parent / "s.npz", network.parent / "m.csv"
    first, second = training(network, 1_000_000, "--save", str(state), "--metrics", str(rows))
    while not rows.exists():
        assert first.poll() is None
    second.send_signal(signal.SIGINT)
    for process in (first, second):
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert err.splitlines()[-1] == f"backprop-tui: stopped; --resume {state} goes on"
    assert "training.iteration" in np.load(state).files


def test_samples_that_processes_cannot_share_are_told(network: Path) -> None:
    network.write_text(NETWORK.replace("batch_size = 8", "batch_size = 9"), "utf-8")
    for process in training(network, 1):
        _, err = process.communicate(timeout=120)
        assert process.returncode == 2
        assert err == "backprop-tui: --distributed: 9 samples for 2 processes; expected as many for each\n"


@pytest.mark.parametrize(
    ("samples", "expected"), [(12, [0, 1, 2, 3, 4, 5]), (8, [0, 1, 3, 4]), (4, [0, 1, 3, 4]), (2, [0, 3]), (10, [0, 3])]
)
def test_as_many_devices_of_each_process_as_share_the_samples(samples: int, expected: list[int]) -> None:
    devices = [SimpleNamespace(process_index=number // 3, number=number) for number in range(6)]
    assert [device.number for device in _that_share(devices, samples)] == expected
    with pytest.raises(InputError, match=f"{samples + 1} samples for 2 processes"):
        _that_share(devices, samples + 1)


WAYS: Final = "expected auto, where Slurm or Open MPI has started all, or ADDRESS:PORT,COUNT,NUMBER, numbers from 0"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--engine", "jax", "--distributed", "nowhere"], f"'nowhere'; {WAYS}"),
        (["--engine", "jax", "--distributed", "here:80,2,2"], f"'here:80,2,2'; {WAYS}"),
        (["--engine", "arrays", "--distributed", "auto"], "--engine arrays; expected --engine jax"),
        (["--distributed", "auto"], "--engine auto; expected --engine jax"),
    ],
)
def test_wrong_words_are_told_in_one_line(words: list[str], told: str, capfd: pytest.CaptureFixture[str]) -> None:
    ended(["train", "lecture", "--epochs", "1", *words], 2)
    assert capfd.readouterr() == ("", f"backprop-tui: --distributed: {told}\n")


def test_a_process_that_nobody_has_started_with_others_is_told() -> None:
    words = ["train", "lecture", "--epochs", "1", "--engine", "jax", "--distributed", "auto"]
    (process,) = started("backprop_tui", [words])
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err.startswith("backprop-tui: --distributed: ")
    assert err.endswith(f"; {WAYS}\n")
