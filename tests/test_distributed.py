"""Several processes that train together, each with devices of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep
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


Process = subprocess.Popen[str]
Start = Callable[..., Process]
Training = Callable[..., list[Process]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Python with some words, where JAX makes two devices out of the processor."""
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    begun: list[Process] = []

    def started(*words: str) -> Process:
        command, pipe = [sys.executable, *words], subprocess.PIPE
        begun.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True))
        return begun[-1]

    yield started
    for process in begun:
        process.kill()
        process.communicate()


@pytest.fixture
def training(start: Start, network: Path) -> Training:
    """Starts two processes that train the network together."""

    def started(epochs: int, *more: str) -> list[Process]:
        words = ["-m", "backprop_tui", "train", str(network), "--epochs", str(epochs), "--engine", "jax", *more]
        where = free_address()
        return [start(*words, "--distributed", f"{where},2,{number}") for number in range(2)]

    return started


def free_address() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{found.getsockname()[1]}"


def wait_for(path: Path, process: Process) -> None:
    while not path.exists():
        assert process.poll() is None
        sleep(0.05)


def ended(words: list[str], code: int) -> None:
    with pytest.raises(SystemExit) as ending:
        main(words)
    assert ending.value.code == code


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "network.toml"
    path.write_text(NETWORK, "utf-8")
    return path


def test_two_processes_of_two_devices_find_what_one_device_finds(start: Start) -> None:
    where = free_address()
    for process in [start("-m", "tests.sharded", where, "2", str(number)) for number in range(2)]:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        (found,) = json.loads(out.splitlines()[-1]).values()
        assert (found["devices"], found["rows"]) == (4, [2, 2])
        assert found["all-reduce"]
        assert found["parameters whole"]
        assert found["gradients"] <= 1e-12
        assert found["training"] <= 1e-12


def test_two_processes_train_as_one_does_and_the_first_tells(network: Path, training: Training) -> None:
    together, alone = network.parent / "together.npz", network.parent / "alone.npz"
    first, second = training(20, "--save", str(together), "--json")
    (told, _), (silent, _) = (process.communicate(timeout=120) for process in (first, second))
    assert (first.returncode, second.returncode) == (0, 0)
    assert (told.count("\n"), silent) == (1, "")
    assert json.loads(told)["epochs"] == 20
    ended(["train", str(network), "--epochs", "20", "--engine", "arrays", "--save", str(alone)], 0)
    with np.load(together) as found, np.load(alone) as expected:
        for name in ("W1", "b1", "W2", "b2"):
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-12)


def test_ctrl_c_to_one_process_stops_both_and_saves(network: Path, training: Training) -> None:
    state, rows = network.parent / "s.npz", network.parent / "m.csv"
    first, second = training(1_000_000, "--save", str(state), "--metrics", str(rows))
    wait_for(rows, first)
    second.send_signal(signal.SIGINT)
    for process in (first, second):
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert err.splitlines()[-1] == f"backprop-tui: stopped; --resume {state} goes on"
    with np.load(state) as saved:
        assert "training.iteration" in saved.files


def test_what_only_the_first_process_meets_stops_both(network: Path, training: Training) -> None:
    folder = network.parent / "metrics"
    folder.mkdir()
    first, second = training(1_000_000, "--metrics", str(folder / "m.csv"))
    wait_for(folder / "m.csv", first)
    shutil.rmtree(folder)
    (_, told), (_, stopped) = (process.communicate(timeout=60) for process in (first, second))
    assert (first.returncode, second.returncode) == (2, 130)
    assert "m.csv: can't be written" in told.splitlines()[-1]
    assert stopped.splitlines()[-1] == "backprop-tui: stopped; nothing is saved without --save"


def test_samples_that_processes_cannot_share_are_told(network: Path, training: Training) -> None:
    network.write_text(NETWORK.replace("batch_size = 8", "batch_size = 9"), "utf-8")
    for process in training(1):
        _, err = process.communicate(timeout=120)
        assert process.returncode == 2
        assert err == "backprop-tui: --distributed: a step of 9 rows; expected as many for each of 2 processes\n"


def test_a_process_whose_others_do_not_come_says_so(network: Path, start: Start) -> None:
    code = (
        "import sys; from backprop_tui import cli; from backprop_tui.commands import distributed; "
        "distributed.PATIENCE = 0.5; cli.main(sys.argv[1:])"
    )
    words = ["train", str(network), "--epochs", "1", "--engine", "jax", "--distributed", f"{free_address()},2,1"]
    process = start("-c", code, *words)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    waiting, told = err.splitlines()[:2]
    assert waiting == "waiting for the other processes"
    assert told.startswith("backprop-tui: --distributed: not all processes came within 0 seconds; expected all")


@pytest.mark.parametrize(
    ("samples", "expected"), [(12, [0, 1, 2, 3, 4, 5]), (8, [0, 1, 3, 4]), (4, [0, 1, 3, 4]), (2, [0, 3]), (10, [0, 3])]
)
def test_as_many_devices_of_each_process_as_share_the_samples(samples: int, expected: list[int]) -> None:
    devices = [SimpleNamespace(process_index=number // 3, number=number) for number in range(6)]
    assert [device.number for device in _that_share(devices, samples)] == expected
    with pytest.raises(InputError, match=f"a step of {samples + 1} rows; expected as many for each of 2 processes"):
        _that_share(devices, samples + 1)


AUTO: Final = ("--engine", "jax", "--distributed", "auto")
WAYS: Final = "expected auto, where Slurm or Open MPI has started all, or ADDRESS:PORT,COUNT,NUMBER, numbers from 0"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--engine", "jax", "--distributed", "nowhere"], f"'nowhere'; {WAYS}"),
        (["--engine", "jax", "--distributed", "here:80,2,2"], f"'here:80,2,2'; {WAYS}"),
        (["--engine", "jax", "--distributed", "here:65536,2,1"], f"'here:65536,2,1'; {WAYS}"),
        (["--engine", "jax", "--distributed", "here:80,0,0"], f"'here:80,0,0'; {WAYS}"),
        (["--engine", "arrays", "--distributed", "auto"], "--engine arrays; expected --engine jax"),
        (["--distributed", "auto"], "--engine auto; expected --engine jax"),
    ],
)
def test_wrong_words_are_told_in_one_line(words: list[str], told: str, capfd: pytest.CaptureFixture[str]) -> None:
    ended(["train", "lecture", "--epochs", "1", *words], 2)
    assert capfd.readouterr() == ("", f"backprop-tui: --distributed: {told}\n")


def test_a_process_that_nobody_has_started_with_others_is_told(start: Start) -> None:
    process = start("-m", "backprop_tui", "train", "lecture", "--epochs", "1", *AUTO)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err.startswith("backprop-tui: --distributed: ")
    assert err.endswith(f"; {WAYS}\n")
