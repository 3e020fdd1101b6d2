"""The lecture's printed figures: the right ones come back, and the wrong ones come back with its mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from backprop_tui import gallery
from backprop_tui.engine.trace import Trace
from backprop_tui.network import Network
from backprop_tui.published import published, recorded_run

from .networks import Array

ITERATIONS = 10
RATE = 0.01
ROWS_WITHIN = 2e-8
"""The precision to which the recorded run's left-over error signal could be reconstructed."""


@pytest.fixture(scope="module")
def network() -> Network:
    return gallery.load("lecture")


@pytest.fixture(scope="module")
def trace(network: Network) -> Trace:
    return Trace(network.derivation, network.start)


@pytest.fixture(scope="module")
def figures() -> Mapping[str, Any]:
    return published("lecture")


def half_a_unit(printed: str) -> Decimal:
    """Half a unit in the last digit that was printed."""
    exponent = Decimal(printed).as_tuple().exponent
    return Decimal((0, (5,), int(exponent) - 1))


def agrees(printed: str, value: float) -> bool:
    """Whether a value rounds to the printed figure."""
    return abs(Decimal(printed) - Decimal(value)) <= half_a_unit(printed)


def misprinted(rows: list[str], values: Array) -> list[tuple[str, float]]:
    """The printed figures that a matrix doesn't round to, each with the value in its place."""
    printed = [row.split() for row in rows]
    assert np.shape(printed) == values.shape
    pairs = [pair for texts, numbers in zip(printed, values, strict=True) for pair in zip(texts, numbers, strict=True)]
    return [(text, number) for text, number in pairs if not agrees(text, number)]


def one_update(network: Network, trace: Trace, figures: Mapping[str, Any], end: int = 0) -> Mapping[str, Array]:
    """The lecture's single update: uphill, with the right dE/dW and a left-over error signal for V.

    Of the signals that fit, `end` 0 takes the least and 1 the largest.
    """
    first = trace[0]
    signal = [signals_that_fit(trace, figures, output)[end] for output in range(2)]
    weights = {"W": first["W"] + RATE * first["dE/dW"], "V": first["V"] + RATE * first["h"].T * signal}
    return Trace(network.derivation, {**network.start, **weights})[0]


def signals_that_fit(trace: Trace, figures: Mapping[str, Any], output: int) -> tuple[float, float]:
    """The least and the largest error signal of an output with which all printed entries of V come back."""
    printed = [row.split()[output] for row in figures["one_update"]["V"]]
    slack = np.array([float(half_a_unit(text)) for text in printed])
    change = np.array(printed, dtype=float) - trace[0]["V"][:, output]
    scale = RATE * trace[0]["h"][0]
    return float(np.max((change - slack) / scale)), float(np.min((change + slack) / scale))


def replayed(**switched: Any) -> Array:
    """The outputs of the recorded run, a row an iteration, with some of its mistakes switched otherwise."""
    network = gallery.load("lecture")
    recorded = recorded_run(network).without(**switched)
    trace = Trace(recorded.derivation(network.derivation), recorded.start(network))
    return np.vstack([values["y"] for values in trace.first(ITERATIONS)])


def recorded_rows(figures: Mapping[str, Any]) -> Array:
    return np.array([row.split() for row in figures["recorded_run"]["y"]], dtype=float)


@pytest.mark.parametrize(
    ("printed", "value", "right"),
    [("0.5", 0.549, True), ("0.5", 0.551, False), ("1.14374817e-04", 1.14374817e-4, True), ("1.1e-04", 1.2e-4, False)],
)
def test_a_figure_agrees_within_half_a_unit_of_its_last_digit(printed: str, value: float, right: bool) -> None:
    assert agrees(printed, value) == right


@pytest.mark.parametrize("name", ["W", "V", "h", "y"])
def test_the_printed_figures_of_the_forward_pass_are_right_to_every_digit(
    name: str, trace: Trace, figures: Mapping[str, Any]
) -> None:
    assert misprinted(figures["right"][name], trace[0][name]) == []


@pytest.mark.parametrize("name", ["W", "h"])
def test_what_follows_the_right_gradient_of_w_comes_back_to_every_digit(
    name: str, network: Network, trace: Trace, figures: Mapping[str, Any]
) -> None:
    assert misprinted(figures["one_update"][name], one_update(network, trace, figures)[name]) == []


@pytest.mark.parametrize("output", [0, 1])
def test_one_left_over_signal_explains_all_of_v_and_it_is_not_the_right_one(
    output: int, trace: Trace, figures: Mapping[str, Any]
) -> None:
    least, largest = signals_that_fit(trace, figures, output)
    assert least < largest
    assert figures["one_update"]["stale_signal"][0][output] == pytest.approx((least + largest) / 2, abs=6e-7, rel=0)
    assert abs(trace[0]["dE/dz"][0, output] - least) > 0.005


def test_the_outputs_after_the_update_come_back_with_a_signal_that_fits_v(
    network: Network, trace: Trace, figures: Mapping[str, Any]
) -> None:
    least, largest = (one_update(network, trace, figures, end)["y"][0] for end in (0, 1))
    (printed,) = figures["one_update"]["y"]
    for text, low, high in zip(printed.split(), least, largest, strict=True):
        assert Decimal(low) - half_a_unit(text) <= Decimal(text) <= Decimal(high) + half_a_unit(text)
        assert high - low < 1e-8


def test_the_gradient_of_w_read_off_the_update_is_right(trace: Trace, figures: Mapping[str, Any]) -> None:
    before, after = (
        np.array([row.split() for row in figures[section]["W"]], dtype=float) for section in ("right", "one_update")
    )
    np.testing.assert_allclose((after - before) / RATE, trace[0]["dE/dW"], atol=1.1e-7, rtol=0)


def test_the_error_signal_at_the_output_is_known_to_eight_digits(trace: Trace) -> None:
    np.testing.assert_allclose(trace[0]["dE/dz"], [[-0.16497696, 0.21444584]], atol=5e-9, rtol=0)


def test_the_printed_gradient_of_v_is_wrong_in_every_entry(trace: Trace, figures: Mapping[str, Any]) -> None:
    assert len(misprinted(figures["wrong"]["dE/dV"], trace[0]["dE/dV"])) == trace[0]["dE/dV"].size
    assert trace[0]["dE/dV"][0, 0] == pytest.approx(-0.1240, abs=5e-5)


def test_the_loss_falls_at_each_of_ten_iterations(trace: Trace) -> None:
    losses = [trace.loss(iteration) for iteration in range(ITERATIONS)]
    assert (np.diff(losses) < 0).all()
    assert (losses[0], losses[-1]) == pytest.approx((0.8553, 0.8386), abs=5e-5)


def test_the_recorded_run_comes_back_with_its_three_mistakes(figures: Mapping[str, Any]) -> None:
    assert np.abs(replayed() - recorded_rows(figures)).max() < ROWS_WITHIN


@pytest.mark.parametrize(
    "switched", [{"climbs": False}, {"sum_for_mean": False}, {"stale": None}], ids=lambda switched: next(iter(switched))
)
def test_without_any_one_of_its_mistakes_it_does_not(switched: dict[str, Any], figures: Mapping[str, Any]) -> None:
    apart = np.abs(replayed(**switched) - recorded_rows(figures)).max(axis=1)
    assert apart[0] < ROWS_WITHIN
    assert (apart[1:] > 10 * ROWS_WITHIN).all()


def test_the_replayed_loss_rises_at_each_iteration(network: Network) -> None:
    recorded = recorded_run(network)
    trace = Trace(recorded.derivation(network.derivation), recorded.start(network))
    losses = [trace.loss(iteration) for iteration in range(ITERATIONS)]
    assert (np.diff(losses) > 0).all()
    assert losses[-1] == pytest.approx(0.8715, abs=5e-5)


def test_the_recorded_outputs_move_away_from_the_target(network: Network, figures: Mapping[str, Any]) -> None:
    distances = np.abs(recorded_rows(figures) - network.data["t"])
    assert (np.diff(distances, axis=0) > 0).all()


def test_a_replayed_mistake_is_told_in_the_reason_of_its_stage(network: Network) -> None:
    derivation = recorded_run(network).derivation(network.derivation)
    wrong = [stage.name for stage in derivation if "Mistake" in str(stage.reason[0])]
    assert wrong == ["dE/dV", "V'", "W'"]


def test_the_network_of_the_lecture_itself_has_no_mistake(network: Network) -> None:
    recorded_run(network).derivation(network.derivation)
    assert not any("Mistake" in str(stage.reason[0]) for stage in network.derivation)
