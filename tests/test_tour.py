from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from textual.containers import Vertical
from textual.widgets import Input

from backprop_tui import gallery
from backprop_tui.engine.trace import Trace
from backprop_tui.network import Network
from backprop_tui.tui.tour import NUDGE, Stop, stops
from backprop_tui.tui.widgets.tour_panel import Tour

from .hosts import Hosted, host, shown_after


def trace(network: Network) -> Trace:
    return Trace(network.derivation, network.start, network.inputs)


@cache
def tour(name: str = "lecture") -> tuple[Stop, ...]:
    return stops(trace(gallery.load(name)))


def at(stop: str, name: str = "lecture") -> str:
    return next(each.text for each in tour(name) if each.name == stop)


# Where it leads, and what it says


def test_it_leads_from_the_input_to_the_loss_after_the_first_update() -> None:
    places = [(stop.iteration, stop.name) for stop in tour()]
    names = "x p h E dE/dy dy/dz dE/dz dE/dV dE/dh dE/dW V'"
    assert places == [*((0, name) for name in names.split()), (1, "E")]


def test_it_says_what_an_error_signal_is_and_tries_it() -> None:
    told = at("dE/dz")
    assert "∂E/∂z, the error signal, is how much E changes when z changes by a little, per unit." in told
    assert "Raise z[0,0] by 0.01, and E should change by about −0.00165. Tried, it changes by −0.00164." in told


def test_what_is_tried_is_a_run_with_the_number_raised() -> None:
    run = trace(gallery.load("lecture"))
    z = run[0]["z"] + [[NUDGE, 0]]
    loss = np.sum((1 / (1 + np.exp(-z)) - run[0]["t"]) ** 2)
    assert f"{loss - run.loss(0):.3g}".replace("-", "−") == "−0.00164"


def test_its_numbers_are_those_of_the_run() -> None:
    steeper = replace(gallery.load("lecture"), learning_rate=0.5)
    texts = [stop.text for stop in stops(trace(steeper))]
    run = trace(steeper)
    weight = run[0]["V'"][0, 0]
    assert f"η = 0.5 sets how far. V[0,0] goes from 0.2045 to {weight:.4g}." in texts[10]
    assert f"E = {run.loss(1):.4g}, it fell by {run.loss(0) - run.loss(1):.3g}." in texts[11]


def test_a_loss_that_rises_is_not_said_to_fall() -> None:
    uphill = replace(gallery.load("lecture"), learning_rate=-0.01)
    assert "it rose by 0.00184" in stops(trace(uphill))[-1].text


@pytest.mark.parametrize("name", gallery.names())
def test_every_network_has_a_tour_whose_places_exist_and_whose_texts_are_short(name: str) -> None:
    network = gallery.load(name)
    found = tour(name)
    assert 8 <= len(found) <= 12
    assert len({(stop.iteration, stop.name) for stop in found}) == len(found)
    assert {stop.name for stop in found} <= {*network.derivation.by_name, *network.derivation.given}
    for stop in found:
        assert len(stop.text) <= 240
        assert not {"{", "}"} & set(stop.text)
        assert "  " not in stop.text
        assert stop.text.endswith(".")


def test_a_layer_alone_has_no_way_back_to_a_layer_before() -> None:
    assert [stop.name for stop in tour("softmax-classifier")] == ["x", "z", "y", "E", "dE/dz", "dE/dW", "W'", "E"]


def test_a_chain_rule_that_is_not_shown_is_not_spoken_of() -> None:
    assert "Multiply the two" in at("dE/dz")
    assert "Multiply the two" not in at("dE/dz", "planar")


def test_only_what_is_updated_is_said_to_be_learned() -> None:
    assert at("p", "mazur").endswith("W is what the network learns.")
    assert at("p", "planar").endswith("W and b are what the network learns.")


def test_mini_batches_are_not_compared_without_saying_so() -> None:
    assert "on other samples" in tour("softmax-classifier")[-1].text
    assert "on other samples" not in tour("xor")[-1].text


# The panel


def test_the_panel_shows_a_stop_with_its_number_and_the_keys() -> None:
    shown = shown_after(Tour(tour()))
    assert "tour 1/12 · the input" in shown
    assert "x is what the network is given" in shown
    assert "→ next · ← back · esc leaves · t again later" in shown


def test_the_panel_leaves_most_of_a_small_screen_free() -> None:
    async def steps(running: Hosted) -> list[int]:
        heights = []
        for _ in range(len(tour())):
            heights.append(len(running.text().strip().splitlines()))
            await running.press("right")
        return heights

    assert host(Tour(tour()), steps) == [5] * 12


def test_it_asks_for_the_place_of_each_stop_and_ends_after_the_last() -> None:
    async def steps(running: Hosted) -> tuple[list[Stop], list[bool], str]:
        await running.press(*("right",) * 12)
        asked = [message.place for message in running.sent(Tour.Go)]
        return asked, [message.complete for message in running.sent(Tour.Ended)], running.text().strip()

    assert host(Tour(tour()), steps) == (list(tour()), [True], "")


def test_back_leads_to_the_stop_before_and_never_before_the_first() -> None:
    assert shown_after(Tour(tour()), "left") == shown_after(Tour(tour()))
    assert shown_after(Tour(tour()), "right", "right", "left") == shown_after(Tour(tour()), "right")


def test_a_click_leads_on() -> None:
    async def steps(running: Hosted) -> str:
        await running.pilot.click(Tour)
        await running.settled()
        return running.text()

    assert "tour 2/12" in host(Tour(tour()), steps)


def test_it_can_be_left_at_any_stop() -> None:
    async def steps(running: Hosted) -> tuple[list[bool], str]:
        await running.press("right", "escape")
        return [message.complete for message in running.sent(Tour.Ended)], running.text().strip()

    assert host(Tour(tour()), steps) == ([False], "")


@pytest.mark.parametrize("focused", ["second", None])
def test_after_it_the_keys_belong_to_what_had_them_before(focused: str | None) -> None:
    async def steps(running: Hosted) -> str | None:
        running.app.screen.set_focus(running.app.query_one(f"#{focused}") if focused else None)
        await running.app.mount(Tour(tour()))
        await running.press("right", "escape")
        return running.app.focused.id if running.app.focused else None

    assert host(Vertical(Input(id="first"), Input(id="second")), steps) == focused
