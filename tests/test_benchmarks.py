from __future__ import annotations

import json
import runpy
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from .benchmarks import others, ours, readme, report, startup, timing, training
from .benchmarks.cases import CASES, Case, Contestant, exact
from .benchmarks.machine import CORETYPE

LECTURE = CASES[0]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shortest bursts: what is tested is that they are of the right thing."""
    for name, value in {"PAUSE": 0.0, "BURST": 1e-4, "LEAST": 1}.items():
        monkeypatch.setattr(timing, name, value)


def table(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    training.main("--case", "lecture", "--turns", "2", "--only", "floats,alone", *arguments)
    return capsys.readouterr().out


def test_the_table_has_a_line_for_each_contestant(capsys: pytest.CaptureFixture[str]) -> None:
    out = table(capsys)
    for dtype in ("float64", "float32"):
        for task in ("gradient", "step"):
            assert f"lecture 3-4-2, batch 1, {dtype}, {task}" in out
    assert out.count("NumPy by hand") == 4
    assert out.count("scalars, floats in and out") == 1, "they are in double precision"


def test_json_has_the_machine_and_a_row_for_each_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(table(capsys, "--json", "--dtype", "float64"))
    assert found["machine"]["numpy"] == np.__version__
    first = next(row for row in found["rows"] if row["contestant"] == training.HAND)
    assert first["ratio"] == 1.0
    assert all(0 < row["least"] <= row["median"] <= row["most"] for row in found["rows"])
    assert all(row["error"] < 1e-12 for row in found["rows"] if "alone" not in row["contestant"])


def test_whoever_is_wrong_is_named_and_not_timed() -> None:
    def wrong(case: Case) -> Contestant:
        right = ours.by_hand(case)
        return right._replace(read=lambda made: [array * (1 + 1e-9) for array in right.read(made)])

    rows = list(training.raced(LECTURE, {training.HAND: ours.by_hand, "wrong": wrong}, 1))
    assert {row["contestant"] for row in rows if "failed" not in row} == {training.HAND}
    (failed,) = (row for row in rows if "failed" in row)
    assert failed["contestant"] == "wrong"
    assert failed["failed"] == "ArithmeticError: wrong: gradient by 1e-09"


def test_a_library_that_breaks_is_told_in_one_line_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(case: Case) -> Contestant:
        raise RuntimeError("no compiler\n  at line 3")

    monkeypatch.setitem(others.OTHERS, "broken", ("numpy", broken))
    training.main("--case", "lecture", "--turns", "1", "--only", "broken", "--dtype", "float64")
    lines = capsys.readouterr().out.splitlines()
    assert "lecture 3-4-2, batch 1, float64: broken failed: RuntimeError: no compiler at line 3" in lines
    assert sum("NumPy by hand" in line for line in lines) == 2


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(training, "installed", lambda package: "" if package in ("casadi", "torch") else "1")
    assert training.missing() == ["casadi", "torch"]
    training.print_machine({"cores": "2"}, training.missing())
    assert capsys.readouterr().out == "cores 2\nnot installed: casadi, torch\n"


@pytest.mark.parametrize("case", [LECTURE, Case("deep", (3, 4, 5, 2), 6)])
def test_the_reference_agrees_with_complex_steps(case: Case) -> None:
    gradients, _ = exact(case)
    for number, W in enumerate(case.weights()):
        for place in np.ndindex(W.shape):
            moved: list[np.ndarray] = [each.astype(complex) for each in case.weights()]
            moved[number][place] += 1e-30j
            y = case.x.astype(complex)
            for each in moved:
                y = 1 / (1 + np.exp(-(y @ each)))
            slope = ((y - case.t) ** 2).sum().imag / 1e-30
            np.testing.assert_allclose(float(gradients[number][place]), slope, rtol=1e-12)


def test_a_ratio_compares_bursts_of_the_same_turn() -> None:
    figure = timing._figure([2.0, 20.0, 6.0], [1.0, 10.0, 2.0])
    assert figure == timing.Figure(6.0, 2.0, 20.0, 2.0)


def test_an_unknown_benchmark_is_told_those_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "trainin"])
    with pytest.raises(SystemExit, match=r"no benchmark 'trainin': there are .*crossover.*training"):
        runpy.run_module("tests.benchmarks", run_name="__main__")


def test_every_case_is_a_network_that_can_be_derived() -> None:
    for case in CASES:
        small = replace(case, widths=tuple(min(width, 3) for width in case.widths), batch=2)
        assert [stage.name for stage in small.derivation.gradients][-1] == "dE/dW1"


def raced_by(program: str, monkeypatch: pytest.MonkeyPatch, kernels: str | None = None) -> list[training.Row]:
    """The rows of a race whose process runs another program."""
    with monkeypatch.context() as patched:
        run = subprocess.run
        patched.setattr("subprocess.run", lambda _, **rest: run([sys.executable, "-c", program], **rest))
        return report.race(LECTURE, "float64", 1, kernels)


def test_a_network_whose_race_crashes_is_told_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    (row,) = raced_by("raise SystemExit('out of memory')", monkeypatch)
    assert (row["contestant"], row["failed"]) == ("everyone", "exit status 1: out of memory")
    monkeypatch.setattr(report, "PATIENCE", 0.1)
    (row,) = raced_by("import time; time.sleep(60)", monkeypatch)
    assert row["failed"] == "not done in 0 s"


@pytest.mark.parametrize(
    ("set_before", "kernels", "seen"),
    [("", None, ""), ("Zen", None, "Zen"), ("Zen", "Haswell", "Haswell"), ("Zen", "unset", "")],
)
def test_the_kernels_are_those_of_the_processor_that_is_named(
    set_before: str, kernels: str | None, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if set_before:
        monkeypatch.setenv(CORETYPE, set_before)
    else:
        monkeypatch.delenv(CORETYPE, raising=False)
    program = f"import json, os; print(json.dumps({{'rows': [{{'seen': os.environ.get({CORETYPE!r}, '')}}]}}))"
    (row,) = raced_by(program, monkeypatch, kernels)
    assert row["seen"] == seen
    assert row.get("kernels") == kernels


def test_the_readme_shows_the_figures_that_were_recorded() -> None:
    text = readme.README.read_text("utf-8")
    assert text == readme.replaced(text, readme.section(json.loads(report.RECORD.read_text("utf-8"))))


def test_the_fastest_is_marked_and_who_is_wrong_is_named() -> None:
    place = {"network": "small", "dtype": "float64"}
    times = {"NumPy by hand": 1.0, "its matrix products alone": 0.1, "arrays": 0.6, "JAX, jit": 0.52, "micrograd": 17.2}
    rows = [
        {**place, "task": "step", "contestant": name, "ratio": ratio, "median": ratio / 1e4, "chosen": name == "arrays"}
        for name, ratio in times.items()
    ]
    failed = {**place, "contestant": "CasADi", "failed": "MemoryError"}
    recorded = json.loads(report.RECORD.read_text("utf-8"))
    made = readme.section({**recorded, "rows": [*rows, failed], "missing": ["torch"]})
    assert "| small | step | 0.60 | 0.10 | **0.52** | 17 | 100 µs |" in made
    assert "torch was not installed; CasADi failed on small in float64." in made
    assert "Faster than this project: JAX jit in the step of small (0.52 to 0.60)." in made


def test_starts_are_compared_with_those_of_the_same_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([9.0, 9.0, 1.0, 3.0, 2.0, 4.0, 1.0, 2.0])
    monkeypatch.setattr(startup, "STARTED", {"bare": startup.Start(()), "ours": startup.Start((), "", "bare")})
    monkeypatch.setattr(startup, "_ended", lambda _: next(seconds))
    bare, own = startup.rows(3)
    assert bare == {"start": "bare", "median": 1.0, "least": 1.0, "most": 2.0}
    assert (own["median"], own["ratio"], own["over"]) == (3.0, 2.0, 2.0)
