from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backprop_tui import gallery
from backprop_tui.engine.health import Finding, HealthCheck, Trouble
from backprop_tui.engine.trace import Trace
from backprop_tui.network import Network, read_network
from backprop_tui.published import recorded_run


def trace(network: Network) -> Trace:
    return Trace(network.derivation, network.start, network.inputs)


def check(network: Network) -> HealthCheck:
    return HealthCheck(trace(network))


def found(network: Network, iteration: int) -> list[Finding]:
    return check(network).findings(iteration)


def kinds(findings: list[Finding]) -> list[Trouble]:
    return [finding.kind for finding in findings]


def written(path: Path, text: str) -> Network:
    file = path / "network.toml"
    file.write_text(text, "utf-8")
    return read_network(file)


@pytest.mark.parametrize("name", [name for name in gallery.names() if name not in ("deep", "relu-at-zero")])
def test_a_network_that_learns_well_gives_no_alarm(name: str) -> None:
    network = gallery.load(name)
    checked = check(network)
    assert [checked.findings(iteration) for iteration in range(network.iterations + 1)] == (
        [[]] * (network.iterations + 1)
    )


def test_five_layers_of_sigmoids_vanish_at_the_first_layer() -> None:
    network = gallery.load("deep")
    (finding,) = found(network, 0)
    assert (finding.kind, finding.stage) == (Trouble.VANISHES, "dE/dz1")
    assert finding.sentence == "∂E/∂z₁ vanishes: size 6.9e−05, 1/3574 of ∂E/∂z₅."
    first, last = (trace(network)[0][name] for name in ("dE/dz1", "dE/dz5"))
    assert np.linalg.norm(last) / np.linalg.norm(first) == pytest.approx(3574, abs=0.5)


def test_the_recorded_run_rises_from_iteration_1_on() -> None:
    network = gallery.load("lecture")
    run = recorded_run(network)
    checked = HealthCheck(Trace(run.derivation(network.derivation), run.start(network)))
    assert checked.findings(0) == []
    for iteration in range(1, 11):
        (finding,) = checked.findings(iteration)
        assert (finding.kind, finding.iteration, finding.stage) == (Trouble.LOSS_RISES, iteration, "E")
    assert checked.findings(1)[0].sentence == "E rose by 0.00181 to 0.85708."


def test_a_unit_on_the_kink_of_relu_is_dead() -> None:
    (finding,) = found(gallery.load("relu-at-zero"), 4)
    assert (finding.kind, finding.stage, finding.cell) == (Trouble.DEAD, "dh/dp", (0, 0))
    assert finding.sentence == "Unit 0 of h is dead: 0 with slope 0 in every sample."


@pytest.mark.parametrize("name", ["lecture", "relu-at-zero", "residual", "attention"])
def test_a_learning_rate_of_a_thousand_explodes(name: str) -> None:
    gravest = found(replace(gallery.load(name), learning_rate=1e3), 0)[0]
    assert gravest.kind is Trouble.EXPLODES
    assert gravest.stage in trace(gallery.load(name)).derivation
    assert "its step is" in gravest.sentence


def test_an_error_signal_that_grows_on_the_way_back_explodes(tmp_path: Path) -> None:
    text = """
[equations]
p = "x @ W"
q = "p @ U"
z = "q @ V"
E = "squared_error(z, t)"

[data]
x = [[1]]
t = [[1]]

[parameters]
W = [[0]]
U = [[40]]
V = [[40]]

[training]
learning_rate = 1e-9
"""
    (finding,) = found(written(tmp_path, text), 0)
    assert (finding.kind, finding.stage) == (Trouble.EXPLODES, "dE/dp")
    assert finding.sentence == "∂E/∂p explodes: size 3.2e+03, 1.6e+03 times ∂E/∂z."


SATURATED = """
[equations]
p = "x @ W"
h = "{function}"
E = "sum((h - t)**2)"

[data]
x = [[1, 0], [1, 0.1]]
t = [[0, 0], [0, 0]]

[parameters]
W = [[30, 0.2], [0, 1]]

[functions]
squash = "2/(1 + exp(-2*u)) - 1"
"""


@pytest.mark.parametrize("function", ["sigmoid(p)", "tanh(p)", "softmax(p)", "squash(p)", "p + 3*tanh(p) - p"])
def test_saturation_is_read_from_the_slope_whatever_the_function_is_called(tmp_path: Path, function: str) -> None:
    findings = found(written(tmp_path, SATURATED.format(function=function)), 0)
    assert [(finding.kind, finding.stage) for finding in findings] == [(Trouble.SATURATED, "dh/dp")]


def test_a_unit_that_one_sample_moves_is_not_saturated(tmp_path: Path) -> None:
    text = SATURATED.format(function="tanh(p)").replace("[1, 0.1]", "[0, 0.1]")
    assert found(written(tmp_path, text), 0) == []


def test_a_mask_that_is_given_is_no_slope_of_a_function(tmp_path: Path) -> None:
    text = SATURATED.format(function="p * m").replace("[data]", "[data]\nm = [[0, 1], [0, 1]]")
    assert found(written(tmp_path, text.replace("30", "1")), 0) == []


DIVERGES = """
[equations]
z = "x @ W"
E = "sum({function})"

[data]
x = [[1]]

[parameters]
W = [[{weight}]]

[training]
learning_rate = 1e4
"""


def test_the_first_number_that_is_not_finite_is_named_however_late_one_looks(tmp_path: Path) -> None:
    network = written(tmp_path, DIVERGES.format(function="z**2", weight=1))
    run = trace(network)
    first = next(iteration for iteration in range(99) if run.first_not_finite(iteration))
    (finding,) = HealthCheck(run).findings(first + 30)
    assert (finding.kind, finding.iteration) == (Trouble.NOT_FINITE, first)
    assert finding.stage == run.first_not_finite(first)
    assert finding.cell is not None
    assert not np.isfinite(run[first][finding.stage][finding.cell])
    assert np.isfinite(run[first - 1]["W'"]).all()
    assert f"iteration {first}" in finding.sentence


def test_the_gravest_finding_comes_first() -> None:
    rate = replace(gallery.load("relu-at-zero"), learning_rate=1e3)
    several = kinds(found(rate, 1))
    assert several == sorted(several)
    assert {Trouble.EXPLODES, Trouble.LOSS_RISES, Trouble.DEAD} <= set(several)


def test_sizes_beyond_the_largest_float_raise_no_warning(tmp_path: Path) -> None:
    assert found(written(tmp_path, DIVERGES.format(function="abs(z)", weight="1e200")), 1) == []
