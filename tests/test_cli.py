"""The command line: results on standard output, words on standard error, an exit code that tells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import backprop_tui
from backprop_tui import cli, gallery
from backprop_tui.engine.trace import Trace
from backprop_tui.network import Network

STAGES = [
    *["p", "h", "z", "y"],
    "E",
    *["dE/dy", "dy/dz", "dE/dz", "dz/dV", "dE/dV", "dz/dh", "dE/dh", "dh/dp", "dE/dp", "dp/dW", "dE/dW"],
    *["V'", "W'"],
]

FIRST_ITERATION = """\
iteration 0   E = 0.85527358
  forward
    p        1×4      1.1073 1.4438 0.7918 1.6787
    h        1×4      0.7516 0.8090 0.6882 0.8427
    z        1×2      0.5813 1.7539
    y        1×2      0.6414 0.8524
  loss
    E        scalar   0.8553
  backward
    ∂E/∂y    1×2      −0.7173  1.7049
    ∂y/∂z    1×2      0.2300 0.1258
    ∂E/∂z    1×2      −0.1650  0.2144
    ∂z/∂V    1×4      0.7516 0.8090 0.6882 0.8427
    ∂E/∂V    4×2      −0.1240  0.1612
                      −0.1335  0.1735
                      −0.1135  0.1476
                      −0.1390  0.1807
    ∂z/∂h    2×4      0.2045 0.0274 0.4173 0.1404
                      0.8781 0.6705 0.5587 0.1981
    ∂E/∂h    1×4      0.1546 0.1393 0.0510 0.0193
    ∂h/∂p    1×4      0.1867 0.1545 0.2146 0.1325
    ∂E/∂p    1×4      0.02886 0.02151 0.01094 0.00256
    ∂p/∂W    1×3      1 2 1
    ∂E/∂W    3×4      0.02886 0.02151 0.01094 0.00256
                      0.05771 0.04303 0.02187 0.00512
                      0.02886 0.02151 0.01094 0.00256
  update
    V′       4×2      0.2057 0.8765
                      0.0287 0.6687
                      0.4184 0.5572
                      0.1418 0.1963
    W′       3×4      0.4167 0.7201 0.0000 0.3023
                      0.1462 0.0919 0.1860 0.3455
                      0.3965 0.5386 0.4191 0.6852
"""

RECORDED_Y = [
    *[(0.64137491, 0.8524445), (0.64054573, 0.85315437), (0.63971509, 0.85386169), (0.63888298, 0.85456648)],
    *[(0.63804942, 0.85526872), (0.63721439, 0.85596842), (0.63637792, 0.85666558), (0.63553999, 0.8573602)],
    *[(0.63470062, 0.85805229), (0.6338598, 0.85874184)],
]
"""The outputs that the lecture's notebook printed over its ten iterations."""


class Ran(NamedTuple):
    code: object
    out: str
    err: str


Command = Callable[..., Ran]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command in this process."""

    def run(*arguments: object) -> Ran:
        with pytest.raises(SystemExit) as left:
            cli.main([str(argument) for argument in arguments])
        return Ran(left.value.code, *capsys.readouterr())

    return run


def program(*arguments: str, **environment: str) -> Ran:
    """Run a command as a process of its own, without a terminal."""
    ran = subprocess.run(
        [sys.executable, "-m", "backprop_tui", *arguments],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def network_file(folder: Path, *replacements: tuple[str, str]) -> Path:
    """Write the lecture's network with some pieces replaced."""
    text = gallery.find("lecture").read_text("utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    (folder / "network.toml").write_text(text, "utf-8")
    return folder / "network.toml"


def descent(iterations: int) -> Iterator[dict[str, NDArray[np.float64]]]:
    """Train the lecture's network by hand: its outputs and its loss, the gradients typed in, without this project."""
    x, t = np.array([[1.0, 2.0, 1.0]]), np.array([[1.0, 0.0]])
    numbers = np.random.RandomState(1)
    W, V = numbers.random((3, 4)), numbers.random((4, 2))
    for _ in range(iterations):
        h = 1 / (1 + np.exp(-x @ W))
        y = 1 / (1 + np.exp(-h @ V))
        error_signal = 2 * (y - t) * y * (1 - y)
        yield {"h": h, "y": y, "E": ((y - t) ** 2).sum()}
        slope = x.T @ (error_signal @ V.T * h * (1 - h))
        V, W = V - 0.01 * h.T @ error_signal, W - 0.01 * slope


def loss_lines(table: str) -> list[str]:
    return [line for line in table.splitlines() if line.startswith("iteration")]


# run


def test_run_prints_every_stage_with_its_numbers(command: Command) -> None:
    assert command("run", "lecture", "-n", 1) == (0, FIRST_ITERATION + "\n", "")


def test_run_without_a_network_runs_the_lecture(command: Command) -> None:
    assert command("run", "-n", 1).out == FIRST_ITERATION + "\n"


def test_run_prints_as_many_iterations_as_asked_for_and_how_the_loss_fell(command: Command) -> None:
    losses = [float(values["E"]) for values in descent(4)]
    falls = [before - after for before, after in pairwise(losses)]
    assert loss_lines(command("run", "lecture", "-n", 4).out) == [
        f"iteration 0   E = {losses[0]:.8g}",
        *(f"iteration {i}   E = {losses[i]:.8g}   fell by {falls[i - 1]:.3g}" for i in (1, 2, 3)),
    ]


def test_run_prints_as_many_iterations_as_the_network_says(command: Command, tmp_path: Path) -> None:
    path = network_file(tmp_path, ("iterations = 10", "iterations = 3"))
    assert len(loss_lines(command("run", path).out)) == 3


def test_run_prints_the_stages_of_every_iteration(command: Command) -> None:
    assert command("run", "lecture", "-n", 3).out.count("∂E/∂V") == 3


def test_the_loss_is_said_to_rise_where_it_rises(command: Command, tmp_path: Path) -> None:
    path = network_file(tmp_path, ("learning_rate = 0.01", "learning_rate = -0.01"))
    assert [line.split()[5] for line in loss_lines(command("run", path, "-n", 3).out)[1:]] == ["rose", "rose"]


def test_the_loss_is_said_to_stay_where_nothing_is_learned(command: Command, tmp_path: Path) -> None:
    path = network_file(tmp_path, ("learning_rate = 0.01", "learning_rate = 0"))
    first, second = loss_lines(command("run", path, "-n", 2).out)
    assert second == first.replace("iteration 0", "iteration 1") + "   stayed"


def test_the_first_stage_that_is_not_finite_is_told_in_one_line(command: Command, tmp_path: Path) -> None:
    path = network_file(tmp_path, ("learning_rate = 0.01", "learning_rate = 1e308"), ("sum((", "1e9*sum(("))
    ran = command("run", path, "-n", 3)
    assert ran.code == 0
    assert len(loss_lines(ran.out)) == 3
    assert ran.err == "backprop-tui: iteration 0: V' is the first stage that holds NaN or infinity\n"


# run --layers


def test_layers_make_a_network(command: Command) -> None:
    ran = command("run", "--layers", "3-4-2", "-n", 2, "--json")
    told = json.loads(ran.out)
    assert (ran.code, ran.err, told["network"]) == (0, "", "3-4-2")
    shapes = {name: np.shape(value) for name, value in told["iterations"][0]["stages"].items()}
    assert {name: shapes[name] for name in ("z1", "h1", "z2", "y", "E", "dE/dW1", "dE/dW2")} == {
        "z1": (1, 4),
        "h1": (1, 4),
        "z2": (1, 2),
        "y": (1, 2),
        "E": (),
        "dE/dW1": (3, 4),
        "dE/dW2": (4, 2),
    }


def test_layers_take_activations_a_loss_biases_and_samples(command: Command) -> None:
    words = ["--activation", "tanh,softmax", "--loss", "cross_entropy", "--bias", "--samples", 5]
    ran = command("run", "--layers", "3-4-2", *words, "-n", 1, "--json")
    stages = json.loads(ran.out)["iterations"][0]["stages"]
    np.testing.assert_allclose(stages["h1"], np.tanh(stages["z1"]), rtol=1e-14)
    np.testing.assert_allclose(np.sum(stages["y"], axis=1), np.ones(5), rtol=1e-14)
    assert np.shape(stages["dE/db1"]) == (1, 4)


def test_a_seed_gives_the_same_network_again_and_another_seed_another(command: Command) -> None:
    first, again, other = (command("run", "--layers", "2-2", "-n", 1, "--seed", seed).out for seed in (7, 7, 8))
    assert first == again
    assert first != other


# run --json


def test_json_holds_the_network_and_every_stage_of_every_iteration_in_order(command: Command) -> None:
    ran = command("run", "lecture", "-n", 3, "--json")
    told = json.loads(ran.out)
    assert (ran.code, ran.err) == (0, "")
    assert list(told) == ["network", "iterations"]
    assert told["network"] == "lecture"
    assert [list(entry) for entry in told["iterations"]] == [["iteration", "stages"]] * 3
    assert [entry["iteration"] for entry in told["iterations"]] == [0, 1, 2]
    assert [list(entry["stages"]) for entry in told["iterations"]] == [STAGES] * 3


def test_json_is_one_line(command: Command) -> None:
    out = command("run", "lecture", "-n", 2, "--json").out
    assert out.count("\n") == 1
    assert out.endswith("}\n")


def test_json_numbers_are_those_of_the_trace_to_the_last_bit(command: Command) -> None:
    told = json.loads(command("run", "lecture", "-n", 10, "--json").out)["iterations"]
    lecture = gallery.load("lecture")
    trace = Trace(lecture.derivation, lecture.start)
    for iteration in range(10):
        for name, value in told[iteration]["stages"].items():
            assert (value if name != "E" else [[value]]) == trace[iteration][name].tolist()


def test_json_numbers_are_those_of_a_descent_written_by_hand(command: Command) -> None:
    told = json.loads(command("run", "lecture", "-n", 10, "--json").out)["iterations"]
    for entry, values in zip(told, descent(10), strict=True):
        assert isinstance(entry["stages"]["E"], float)
        for name, value in values.items():
            np.testing.assert_allclose(entry["stages"][name], value, rtol=1e-13, atol=0)


def test_json_keeps_the_shapes(command: Command) -> None:
    stages = json.loads(command("run", "lecture", "-n", 1, "--json").out)["iterations"][0]["stages"]
    assert np.shape(stages["dE/dV"]) == (4, 2)
    assert np.shape(stages["dp/dW"]) == (1, 3)
    assert np.shape(stages["E"]) == ()


# run --replay


def test_replay_gives_back_the_ten_recorded_rows(command: Command) -> None:
    told = json.loads(command("run", "lecture", "--replay", "-n", 10, "--json").out)["iterations"]
    outputs = [entry["stages"]["y"][0] for entry in told]
    np.testing.assert_allclose(outputs, RECORDED_Y, rtol=0, atol=2e-8)


def test_replay_climbs(command: Command) -> None:
    lines = loss_lines(command("run", "lecture", "--replay", "-n", 10).out)
    assert [float(line.split()[4]) for line in lines] == pytest.approx(
        [(y0 - 1) ** 2 + y1**2 for y0, y1 in RECORDED_Y], abs=5e-8
    )
    assert ["rose" in line for line in lines] == [False] + [True] * 9


def test_replay_of_a_network_without_a_recorded_run_is_wrong_input(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    ran = command("run", network_file(folder), "--replay")
    told = "backprop-tui: mine has no recorded run to replay; expected a network that has one: lecture\n"
    assert ran == (2, "", told)


# export


@pytest.mark.parametrize("form", ["latex", "markdown"])
def test_export_writes_the_same_to_a_file_as_to_standard_output(command: Command, tmp_path: Path, form: str) -> None:
    shown = command("export", "lecture", "--to", form)
    saved = command("export", "lecture", "--to", form, "-o", tmp_path / "out")
    assert (shown.code, shown.err) == (0, "")
    assert saved == (0, "", "")
    assert (tmp_path / "out").read_text("utf-8") == shown.out
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize(
    ("form", "title", "end"),
    [
        ("latex", "\\title{Two sigmoid layers, 3-4-2, one sample}", "\\end{document}\n"),
        ("markdown", "# Two sigmoid layers, 3-4-2, one sample", "\n"),
    ],
)
def test_export_is_headed_by_the_title(command: Command, form: str, title: str, end: str) -> None:
    out = command("export", "lecture", "--to", form).out
    assert title in out.splitlines()
    assert out.endswith(end)


@pytest.mark.parametrize("form", ["latex", "markdown"])
def test_export_of_a_network_without_a_title_is_headed_by_its_name(command: Command, tmp_path: Path, form: str) -> None:
    (tmp_path / "mine").mkdir()
    path = network_file(tmp_path / "mine", ("title =", "# title ="))
    heading = {"latex": "\\title{mine}", "markdown": "# mine"}[form]
    assert heading in command("export", path, "--to", form).out.splitlines()


@pytest.mark.parametrize("form", ["latex", "markdown"])
def test_export_tells_what_the_network_is_about(command: Command, form: str) -> None:
    assert gallery.load("lecture").about in command("export", "lecture", "--to", form).out


def test_what_can_not_be_written_leaves_the_file_that_stood_there(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*names: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "out.tex"
    path.write_text("before")
    monkeypatch.setattr(os, "replace", full)
    ran = command("export", "lecture", "--to", "latex", "-o", path)
    assert ran == (2, "", f"backprop-tui: {path}: can't be written (No space left on device)\n")
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.tex"]


# check


@pytest.fixture(scope="module")
def proof() -> Ran:
    """The lecture checked, once."""
    return program("check", "lecture")


def test_check_proves_the_lecture(proof: Ran) -> None:
    assert (proof.code, proof.err) == (0, "")
    assert "All 18 stages agree in every way." in proof.out
    assert "disagree" not in proof.out.lower()


def test_check_shows_every_stage_in_every_way(proof: Ran) -> None:
    lines = proof.out.splitlines()
    assert all(way in lines[0] for way in ("index form", "entries", "complex step", "central differences"))
    shown = [line.split()[0] for line in lines[1 : len(STAGES) + 1]]
    assert shown == [name.replace("d", "∂").replace("'", "′") for name in STAGES]


Corrupt = Callable[[str, str], None]


@pytest.fixture
def corrupt(monkeypatch: pytest.MonkeyPatch) -> Corrupt:
    """Turn the sign of a stage's forms, as a mistake in the derivation would."""

    def corrupt_stage(name: str, forms: str) -> None:
        def read(source: gallery.Source) -> Network:
            found = right(source)
            stage = found.derivation[name]
            wrong = stage.rewritten(**{form: -getattr(stage, form) for form in forms.split()})
            stages = tuple(wrong if each is stage else each for each in found.derivation)
            vars(found)["derivation"] = replace(found.derivation, stages=stages)
            return found

        right = gallery.read
        monkeypatch.setattr(gallery, "read", read)

    return corrupt_stage


@pytest.mark.parametrize(
    ("name", "forms"), [("dE/dV", "matrix"), ("dE/dp", "index"), ("dE/dy", "matrix index"), ("h", "matrix index")]
)
def test_check_finds_a_wrong_derivative_and_exits_1(command: Command, corrupt: Corrupt, name: str, forms: str) -> None:
    corrupt(name, forms)
    ran = command("check", "lecture")
    spelled = name.replace("d", "∂")
    assert (ran.code, ran.err) == (1, "")
    assert [line for line in ran.out.splitlines() if line.startswith(f"{spelled} ") and line.endswith("disagrees")]
    assert f"Disagrees: {spelled} (" in ran.out
    assert "agree in every way" not in ran.out


# The small ones.


def test_list_shows_every_network_with_its_title(command: Command) -> None:
    ran = command("list")
    assert (ran.code, ran.err) == (0, "")
    listed = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert listed == gallery.titles()
    assert next(iter(listed)) == "lecture"


def test_the_version_is_that_of_the_package(command: Command) -> None:
    assert command("--version") == (0, f"backprop-tui {backprop_tui.__version__}\n", "")


def test_help_tells_how_to_call_it_with_examples_and_exit_codes(command: Command) -> None:
    ran = command("--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Usage: backprop-tui [NETWORK]\n       backprop-tui COMMAND [NETWORK] [OPTIONS]\n")
    for words in (
        "backprop-tui my/network.toml ",
        "backprop-tui run lecture -n 10 ",
        "backprop-tui run lecture -n 10 --json ",
        "backprop-tui export --to latex -o out.tex ",
        "backprop-tui check lecture ",
        "Exit codes: 0 fine, 1 a check failed, 2 wrong usage or input, 130 interrupted.",
    ):
        assert f"  {words}" in ran.out


def test_help_names_every_command_and_not_the_hidden_one(command: Command) -> None:
    section = command("--help").out.partition("Commands:\n")[2].partition("\n\n")[0]
    named = [line.split()[0] for line in section.splitlines() if line.startswith("  ") and line[2] != " "]
    assert set(named) >= {"run", "export", "check", "list", "completion"}
    assert all(name.isidentifier() for name in named)


@pytest.mark.parametrize("name", ["run", "export", "check", "list", "completion"])
def test_every_command_has_help(command: Command, name: str) -> None:
    ran = command(name, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: backprop-tui {name} ")


# completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(command: Command, shell: str) -> None:
    ran = command("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert f"_BACKPROP_TUI_COMPLETE={shell}_complete" in ran.out


def test_the_script_for_bash_completes_the_program() -> None:
    script = program("completion", "bash").out
    ran = subprocess.run(
        ["bash", "--norc", "-c", 'eval "$1" && complete -p backprop-tui', "-", script],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith("complete ")
    assert ran.stderr == ""


def completions(*words: str) -> list[str]:
    """Return what the program offers for the last word, as bash asks for it."""
    ran = program(
        _BACKPROP_TUI_COMPLETE="bash_complete",
        COMP_WORDS=" ".join(["backprop-tui", *words]),
        COMP_CWORD=str(len(words)),
    )
    assert (ran.code, ran.err) == (0, "")
    return [line.partition(",")[2] for line in ran.out.splitlines() if line.startswith("plain,")]


@pytest.mark.parametrize("name", ["run", "check", "export"])
def test_a_command_is_completed_with_the_networks(name: str) -> None:
    assert completions(name, "le") == ["lecture"]


def test_the_first_word_is_completed_with_the_networks() -> None:
    assert completions("lec") == ["lecture"]


def test_an_option_is_completed() -> None:
    assert "--json" in completions("run", "--")
    assert set(completions("export", "--to", "")) >= {"latex", "markdown"}


# The app without a terminal.


@pytest.mark.parametrize("arguments", [[], ["lecture"], ["my/network.toml"], ["--layers", "2-2"]])
def test_without_a_terminal_the_app_names_the_command_that_needs_none(
    command: Command, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr("backprop_tui.tui.app.run", lambda *given: 99)  # what is broken shall fail, not hang
    ran = command(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("backprop-tui: the app needs a terminal ")
    assert "backprop-tui run" in ran.err.removeprefix("backprop-tui: ")
    assert ran.err.count("\n") == 1


# Wrong usage and input.

WRONG = {
    "network": (["lectur"], ["'lectur'", "did you mean 'lecture'?"]),
    "command": (["chekc"], ["'chekc'", "did you mean 'check'?"]),
    "nothing-near": (["qqqqqq"], ["'qqqqqq'", "expected one of lecture"]),
    "network-to-run": (["run", "lectur"], ["'lectur'", "did you mean 'lecture'?"]),
    "network-to-check": (["check", "lectur"], ["'lectur'", "did you mean 'lecture'?"]),
    "network-to-export": (["export", "lectur", "--to", "latex"], ["'lectur'", "did you mean 'lecture'?"]),
    "missing-file": (["run", "nowhere/network.toml"], ["nowhere/network.toml", "No such file or directory"]),
    "directory": (["run", "."], [".: a directory", "expected a network.toml"]),
    "binary": (["run", "binary.toml"], ["binary.toml: not a text file"]),
    "toml": (["run", "broken.toml"], ["broken.toml:2: not TOML"]),
    "equation": (["run", "unknown.toml"], ["unknown.toml:9: [equations] p", "'xx' is not defined", "'x'?"]),
    "unknown-in-check": (["check", "unknown.toml"], ["unknown.toml:9: [equations] p"]),
    "unknown-in-export": (["export", "unknown.toml", "--to", "latex"], ["unknown.toml:9: [equations] p"]),
    "iterations-text": (["run", "-n", "ten"], ["-n", "'ten'"]),
    "iterations-none": (["run", "-n", "0"], ["-n", "0 is not in the range"]),
    "iterations-negative": (["run", "-n", "-5"], ["-n", "-5"]),
    "iterations-endless": (["run", "-n", "99999999999"], ["-n", "99999999999"]),
    "iterations-missing": (["run", "-n"], ["-n", "requires an argument"]),
    "format": (["export", "--to", "latx"], ["--to", "'latx'", "latex"]),
    "format-missing": (["export", "lecture"], ["--to"]),
    "output-directory": (["export", "--to", "latex", "-o", "."], [".: a directory"]),
    "output-below-a-file": (["export", "--to", "latex", "-o", "broken.toml/x"], ["broken.toml/x", "Not a directory"]),
    "output-nowhere": (["export", "--to", "latex", "-o", "nowhere/x"], ["nowhere/x", "No such file or directory"]),
    "option": (["run", "--jsn"], ["--jsn"]),
    "option-first": (["--jsn"], ["--jsn"]),
    "too-many": (["run", "lecture", "lecture"], ["lecture"]),
    "too-many-to-open": (["lecture", "lecture"], ["lecture"]),
    "layers-text": (["run", "--layers", "three"], ["--layers", "'three'", "3-4-2"]),
    "layers-one": (["run", "--layers", "3"], ["--layers", "'3'", "3-4-2"]),
    "layers-none": (["run", "--layers", "3-0-2"], ["--layers", "0"]),
    "layers-endless": (["run", "--layers", "90000-90000"], ["90000x90000", "GB"]),
    "layers-and-network": (["run", "lecture", "--layers", "3-2"], ["--layers", "'lecture'"]),
    "activation": (["run", "--layers", "3-2", "--activation", "tahn"], ["--activation", "'tahn'", "'tanh'?"]),
    "activations": (["run", "--layers", "3-2", "--activation", "tanh,tanh"], ["activations", "one activation, or 1"]),
    "loss": (["run", "--layers", "3-2", "--loss", "hubber"], ["--loss", "'hubber'", "'huber'?"]),
    "seed": (["run", "--layers", "3-2", "--seed", "-1"], ["--seed", "-1"]),
    "samples": (["run", "--layers", "3-2", "--samples", "0"], ["--samples", "0"]),
    "loss-without-layers": (["run", "lecture", "--loss", "huber"], ["--loss without --layers"]),
    "bias-without-layers": (["check", "--bias"], ["--bias without --layers"]),
    "shell": (["completion", "tcsh"], ["'tcsh'", "bash", "zsh", "fish"]),
    "shell-missing": (["completion"], ["Missing argument", "bash"]),
    "control-characters": (["run", "a\nb\x1b[2J"], ["no network named", "expected a path"]),
}


@pytest.fixture
def bad_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder with some wrong networks."""
    network_file(tmp_path, ("x @ W", "xx @ W")).rename(tmp_path / "unknown.toml")
    (tmp_path / "broken.toml").write_text("[network]\ntitle = \n")
    (tmp_path / "binary.toml").write_bytes(b"\x89PNG\xff\x00")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("bad_files")
@pytest.mark.parametrize(("arguments", "words"), WRONG.values(), ids=WRONG.keys())
def test_wrong_input_is_told_in_one_line(command: Command, arguments: list[str], words: list[str]) -> None:
    ran = command(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("backprop-tui: ")
    assert ran.err.removesuffix("\n").isprintable()
    assert [word for word in words if word not in ran.err] == []


@pytest.mark.usefixtures("bad_files")
def test_an_output_that_is_wrong_leaves_everything_as_it_was(command: Command, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    command("export", "unknown.toml", "--to", "latex", "-o", "broken.toml")
    command("export", "--to", "latex", "-o", "broken.toml/x")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_ctrl_c_exits_130_without_a_word(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(source: gallery.Source) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(gallery, "read", interrupted)
    ran = command("run", "lecture")
    assert (ran.code, ran.out, ran.err.strip()) == (130, "", "")


# As a process.


def test_the_program_gives_its_result_and_nothing_else() -> None:
    assert program("run", "lecture", "-n", "1") == (0, FIRST_ITERATION + "\n", "")


def test_the_program_tells_of_wrong_input_in_one_line() -> None:
    ran = program("run", "lectur")
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1


def test_the_program_opens_nothing_without_a_terminal() -> None:
    ran = program()
    assert (ran.code, ran.out) == (2, "")
    assert "\x1b" not in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["table", "json"])
def test_a_reader_that_stops_early_is_no_failure(form: list[str]) -> None:
    arguments = [sys.executable, "-m", "backprop_tui", "run", "lecture", "-n", "300", *form]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert len(running.stdout.read(20)) == 20
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 0
