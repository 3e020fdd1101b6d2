from __future__ import annotations

import json
import runpy
import sys
from dataclasses import replace

import numpy as np
import pytest

from .benchmarks import ours, timing, training
from .benchmarks.cases import CASES, Case, Contestant, exact

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
    assert out.count("scalars, floats in and out") == 2


def test_json_has_the_machine_and_a_row_for_each_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(table(capsys, "--json", "--dtype", "float64"))
    assert found["machine"]["numpy"] == np.__version__
    first = next(row for row in found["rows"] if row["contestant"] == training.HAND)
    assert first["ratio"] == 1.0
    assert all(0 < row["least"] <= row["median"] <= row["most"] for row in found["rows"])
    assert all(row["error"] < 1e-12 for row in found["rows"] if "alone" not in row["contestant"])


def test_whoever_is_wrong_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(case: Case) -> Contestant:
        right = ours.by_hand(case)
        return right._replace(read=lambda made: [array * (1 + 1e-9) for array in right.read(made)])

    monkeypatch.setitem(training.OURS, "wrong", wrong)
    with pytest.raises(AssertionError, match=r"lecture.*gradient"):
        training.main("--case", "lecture", "--turns", "1", "--only", "wrong", "--dtype", "float64")


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
