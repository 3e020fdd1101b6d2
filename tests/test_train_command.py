"""The command that trains: its result, its files, its words, and how it ends."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from array import array
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_tui import cli, gallery
from backprop_tui.commands import progress
from backprop_tui.commands.progress import Length, Progress
from backprop_tui.commands.train_files import METRICS_EVERY, SAVED_EVERY, TrainFiles
from backprop_tui.engine import fused
from backprop_tui.engine.epochs import Epoch, State
from backprop_tui.errors import InputError
from backprop_tui.views import metrics

from .terminal import terminal

NETWORK = """
[network]
layers = [4, 6, 3]
activations = ["tanh", "softmax"]
loss = "mean_cross_entropy"
bias = true

[data]
x = { file = "flowers.npz", array = "x" }
t = { file = "flowers.npz", array = "t" }

[training]
learning_rate = 0.2
batch_size = 16
order = "shuffled"
optimiser = "momentum"
"""
ROWS, STEPS = 100, 6


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """A network on three heaps of points in a file, in batches that leave four rows over."""
    numbers = np.random.default_rng(1)
    classes = numbers.integers(0, 3, ROWS)
    x = numbers.normal(size=(ROWS, 4)) + 3 * np.eye(4)[classes]
    np.savez(tmp_path / "flowers.npz", x=x.astype(np.float32), t=np.eye(3, dtype=np.uint8)[classes])
    (tmp_path / "network.toml").write_text(NETWORK, "utf-8")
    return tmp_path / "network.toml"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[object, str, str]]:
    """Run `train` in this process: its exit code, its output, its words."""

    def run(*arguments: object) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["train", *map(str, arguments)])
        return left.value.code, *capsys.readouterr()

    return run


Command = Callable[..., tuple[object, str, str]]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def interrupted_at(monkeypatch: pytest.MonkeyPatch, iteration: int) -> None:
    """Press Ctrl-C when so many steps have been made; a training looks after each step."""
    monkeypatch.setattr("backprop_tui.engine.epochs.CHUNK", 0.0)

    def press(files: TrainFiles, state: State) -> None:
        if state.iteration == iteration:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(TrainFiles, "now_and_then", press)


def test_the_result_is_one_line_and_no_words(flowers: Path, command: Command) -> None:
    code, out, err = command(flowers, "--epochs", 20)
    assert (code, err) == (0, "")
    assert out.startswith("20 epochs, 120 steps: loss 0.0")
    assert ", accuracy 0.9" in out or ", accuracy 1.0" in out
    assert out.endswith(" samples/s (arrays, float64)\n")
    assert out.count("\n") == 1


def test_a_network_without_classes_has_no_accuracy(command: Command) -> None:
    code, out, _ = command("xor", "--epochs", 3)
    assert code == 0
    assert "accuracy" not in out
    assert json.loads(command("xor", "--epochs", 3, "--json")[1])["accuracy"] is None


def test_the_result_as_json_is_at_full_precision(flowers: Path, command: Command) -> None:
    _, out, _ = command(flowers, "--epochs", 2, "--json", "--metrics", flowers.parent / "m.csv")
    result, rows = json.loads(out), table(flowers.parent / "m.csv")
    assert result["loss"] == float(rows[-1]["loss"])
    assert result["accuracy"] == float(rows[-1]["accuracy"])
    assert (result["epochs"], result["iterations"]) == (2, 2 * STEPS)
    assert (result["network"], result["engine"], result["dtype"]) == (flowers.parent.name, "arrays", "float64")
    assert result["samples_per_second"] == pytest.approx(2 * STEPS * 16 / result["seconds"])


def test_metrics_are_a_line_an_epoch_with_a_loss_that_falls(flowers: Path, command: Command) -> None:
    command(flowers, "--epochs", 15, "--metrics", flowers.parent / "m.csv")
    rows = table(flowers.parent / "m.csv")
    assert [row["epoch"] for row in rows] == [str(epoch) for epoch in range(1, 16)]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    assert all(0 <= float(row["accuracy"]) <= 1 for row in rows)
    rates = [float(row["seconds"]) * float(row["samples_per_second"]) for row in rows]
    assert rates == pytest.approx([STEPS * 16] * 15)


def test_metrics_leave_out_an_accuracy_that_there_is_not() -> None:
    assert metrics.render([Epoch(0.1, 2.0), Epoch(0.5, 4.0, 0.25)], 8) == (
        "epoch,loss,seconds,samples_per_second,accuracy\n1,0.1,2.0,4.0,\n2,0.5,4.0,2.0,0.25\n"
    )


def learned(path: Path) -> dict[str, Any]:
    with np.load(path) as file:
        return {name: file[name] for name in file.files if name not in ("training.seconds", "training.epochs")}


@pytest.mark.parametrize("iteration", [STEPS, STEPS + 4])
def test_ctrl_c_saves_and_resume_goes_on_bit_for_bit(
    flowers: Path, command: Command, iteration: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, part = flowers.parent / "whole.npz", flowers.parent / "part.npz"
    command(flowers, "--epochs", 3, "--save", whole, "--metrics", flowers.parent / "whole.csv")
    with monkeypatch.context() as patch:
        interrupted_at(patch, iteration)
        code, out, err = command(flowers, "--epochs", 3, "--save", part, "--metrics", flowers.parent / "part.csv")
    assert code == 130
    assert out.startswith(f"1 epochs, {iteration} steps: loss ")
    assert err == f"backprop-tui: stopped; --resume {part} goes on\n"
    assert len(table(flowers.parent / "part.csv")) == 1
    code, out, _ = command(
        flowers, "--epochs", 3, "--resume", part, "--save", part, "--metrics", flowers.parent / "part.csv"
    )
    assert code == 0
    assert out.startswith(f"3 epochs, {3 * STEPS} steps")
    assert learned(part).keys() == learned(whole).keys()
    for name, saved in learned(whole).items():
        np.testing.assert_array_equal(learned(part)[name], saved, strict=True)
    whole_rows, part_rows = (
        [(row["loss"], row["accuracy"]) for row in table(flowers.parent / name)] for name in ("whole.csv", "part.csv")
    )
    assert part_rows == whole_rows


def test_ctrl_c_without_save_says_that_nothing_is_saved(
    flowers: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted_at(monkeypatch, 3)
    code, _, err = command(flowers, "--epochs", 3)
    assert code == 130
    assert err == "backprop-tui: stopped; nothing is saved without --save\n"


def test_ctrl_c_is_pythons_own_again_afterwards(flowers: Path, command: Command) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    command(flowers, "--epochs", 1)
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler


def test_a_second_ctrl_c_ends_it_at_once(flowers: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def press_twice(files: TrainFiles, state: State) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(TrainFiles, "now_and_then", press_twice)
    assert command(flowers, "--epochs", 3, "--save", flowers.parent / "s.npz") == (130, "", "\n")
    assert not (flowers.parent / "s.npz").exists()


def test_a_process_that_is_interrupted_exits_130_and_has_saved(flowers: Path) -> None:
    state, rows = flowers.parent / "s.npz", flowers.parent / "m.csv"
    arguments = ["train", str(flowers), "--epochs", "1000000", "--save", str(state), "--metrics", str(rows)]
    running = subprocess.Popen(
        [sys.executable, "-m", "backprop_tui", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not rows.exists():
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert err.splitlines()[-1] == f"backprop-tui: stopped; --resume {state} goes on"
    assert out.count("\n") == 1
    with np.load(state) as saved:
        assert "training.iteration" in saved.files


def test_a_terminal_shows_a_bar_and_gets_its_cursor_back(flowers: Path) -> None:
    with terminal("train", str(flowers), "--epochs", "1000000") as person:
        person.until("samples/s")
        person.interrupt()
        person.until("stopped; nothing is saved")
        assert person.exit_status() == 130
        assert "/1000000" in person.raw
        assert person.raw.rindex("\x1b[?25h") > person.raw.rindex("\x1b[?25l")
        assert person.settings_now() == person.settings


@pytest.mark.parametrize("no_color", [True, False])
def test_a_bar_without_colour_has_none(
    flowers: Path, command: Command, no_color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1" if no_color else "")
    monkeypatch.setattr(progress, "REDRAWN", 0.0)
    _, _, err = command(flowers, "--epochs", 4)
    assert "epoch 4/4" in err
    assert ("\x1b[38;" in err or "\x1b[36m" in err) is not no_color


def test_without_a_terminal_lines_tell_how_far_it_is(
    flowers: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINES", 0.0)
    _, out, err = command(flowers, "--epochs", 10, "--metrics", flowers.parent / "m.csv")
    assert "\x1b" not in err
    assert err.splitlines()[-1].startswith("epoch 10/10  loss 0.")
    assert err.splitlines()[-1].endswith(" samples/s")
    assert out.count("\n") == 1


def test_a_line_tells_the_epoch_that_has_begun_and_the_speed_since_it_was_resumed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([100.0, 120.0])
    monkeypatch.setattr(progress, "monotonic", lambda: next(times))
    with Progress(Length(epochs=12, steps=10, samples=16), done=10) as shown:
        shown(State({}, 35, array("d", [0.25] * 5), epochs=[Epoch(0.5, 0.1)] * 3))
    assert capsys.readouterr().err == "epoch  4/12  loss 0.25        20 samples/s\n"


def state_with(epochs: int) -> State:
    return State(dict(gallery.load("lecture").parameters), epochs, epochs=[Epoch(0.5, 0.1)] * epochs)


def test_files_are_written_now_and_then_while_it_runs(tmp_path: Path) -> None:
    now = 0.0
    saved, listed = tmp_path / "s.npz", tmp_path / "m.csv"
    files = TrainFiles(gallery.load("lecture"), saved, listed, clock=lambda: now)
    files.now_and_then(state_with(1))
    assert not saved.exists()
    assert not listed.exists()
    now = METRICS_EVERY
    files.now_and_then(state_with(2))
    assert len(table(listed)) == 2
    assert not saved.exists()
    now = SAVED_EVERY
    files.now_and_then(state_with(3))
    with np.load(saved) as state:
        assert state["training.iteration"] == 3
    files.now_and_then(state_with(4))
    assert len(table(listed)) == 3


def test_a_file_that_is_something_else_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", x=np.ones((2, 2)))
    with pytest.raises(InputError, match=r"data\.npz: --save: not a saved training; expected another name"):
        TrainFiles(gallery.load("lecture"), tmp_path / "data.npz", None)


def test_numbers_that_overflow_end_it_with_one_line_and_nothing_saved(flowers: Path, command: Command) -> None:
    flowers.write_text(OVERFLOWING, "utf-8")
    code, out, err = command(flowers, "--epochs", 500, "--save", flowers.parent / "s.npz")
    assert (code, out) == (1, "")
    assert err.startswith("backprop-tui: iteration ")
    assert err.endswith(": the loss is NaN or infinity\n")
    assert not (flowers.parent / "s.npz").exists()


OVERFLOWING = """
[equations]
y = "(x @ W)**2"
E = "sum(y)"
[data]
x = [[1, 2]]
[parameters]
W = [[3], [1]]
[training]
learning_rate = 10
"""

WRONG = {
    "an engine that there is not": (
        ["--engine", "nmba"],
        f"--engine: 'nmba'; expected one of {', '.join(fused.ENGINES)}; did you mean 'numba'?",
    ),
    "a type that there is not": (
        ["--dtype", "float16"],
        "--dtype: 'float16'; expected one of float64, float32; did you mean 'float64'?",
    ),
    "single numbers of single precision": (
        ["--engine", "scalars", "--dtype", "float32"],
        "--engine: scalars in float32; expected arrays, numba or jax, or float64",
    ),
    "no epochs": ([], "Missing option '--epochs'."),
    "a state to save by another ending": (
        ["--save", "s.pt"],
        "--save: the file 's.pt'; expected a name that ends in .npz",
    ),
    "metrics by another ending": (
        ["--metrics", "m.txt"],
        "--metrics: the file 'm.txt'; expected a name that ends in .csv",
    ),
    "a folder that is not there": (
        ["--metrics", "nowhere/m.csv"],
        "--metrics: no folder 'nowhere'; expected a file in a folder that is there",
    ),
    "a state that is not there": (
        ["--resume", "nothing.npz"],
        "nothing.npz: --resume: can't be read (No such file or directory)",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_told_in_one_line(wrong: str, command: Command) -> None:
    options, told = WRONG[wrong]
    epochs = [] if wrong == "no epochs" else ["--epochs", "2"]
    assert command("lecture", *epochs, *options) == (2, "", f"backprop-tui: {told}\n")


def test_an_engine_that_is_not_installed_names_its_extra(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "backprop_tui.engine.fused.compiled", raising=False)
    monkeypatch.setitem(sys.modules, "numba", None)
    code, _, err = command("lecture", "--epochs", 2, "--engine", "numba")
    assert code == 2
    assert "numba isn't installed" in err
    assert "backprop-tui[fast]" in err


def test_a_network_too_large_for_single_numbers_is_told_before_they_are_generated(command: Command) -> None:
    words = ["--layers", "100-100-10", "--samples", "32", "--epochs", 1, "--engine", "scalars"]
    code, _, err = command(*words)
    assert code == 2
    assert err.startswith("backprop-tui: --engine scalars: ")
    assert err.endswith(" operations on single numbers are too many, at most 20000\n")


def test_a_gradient_without_a_matrix_form_is_told(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    network = gallery.load("lecture")
    stages = (stage.rewritten(matrix=None) if stage.name == "dE/dh" else stage for stage in network.derivation)
    network.__dict__["derivation"] = replace(network.derivation, stages=tuple(stages))
    monkeypatch.setattr(gallery, "read", lambda source: network)
    told = "backprop-tui: --engine scalars: dE/dh has no matrix form\n"
    assert command("lecture", "--epochs", 1, "--engine", "scalars") == (2, "", told)


def test_epochs_that_are_complete_already_are_told(flowers: Path, command: Command) -> None:
    state = flowers.parent / "s.npz"
    command(flowers, "--epochs", 2, "--save", state)
    expected = (2, "", "backprop-tui: --epochs: 2, and 2 are complete; expected more\n")
    assert command(flowers, "--epochs", 2, "--resume", state) == expected


def test_the_data_of_a_file_stay_in_it(flowers: Path) -> None:
    network = gallery.load(str(flowers))
    assert {matrix.dtype for matrix in network.data.values()} == {np.dtype(np.float32), np.dtype(np.uint8)}
    assert not any(matrix.flags.owndata or matrix.flags.writeable for matrix in network.data.values())
