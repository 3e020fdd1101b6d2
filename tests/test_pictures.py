"""The network drawn: what is lit, what is told, what has room."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_tui import gallery
from backprop_tui.calculus.derivation import Derivation, derive
from backprop_tui.calculus.layering import layer_graph
from backprop_tui.engine.trace import Trace
from backprop_tui.network import Network
from backprop_tui.printers.canvas import Canvas, Role
from backprop_tui.printers.network_picture import network_picture
from backprop_tui.printers.scene import Scene, fitted

GALLERY = gallery.names()


@cache
def trace(name: str) -> Trace:
    network: Network = gallery.read(gallery.find(name))
    return Trace(network.derivation, network.start, network.inputs)


def scene(name: str, stage: str, sample: int = 0) -> Scene:
    run = trace(name)
    return Scene(run.derivation, layer_graph(run.derivation), run[0], stage, sample)


def drawn(name: str, stage: str, size: tuple[int, int] = (78, 14), sample: int = 0) -> Canvas:
    canvas = network_picture(scene(name, stage, sample), *size)
    assert canvas is not None
    return canvas


def text(canvas: Canvas) -> str:
    return "\n".join("".join(run.text for run in row).rstrip() for row in canvas.rows())


def lit(canvas: Canvas, *roles: Role) -> list[str]:
    runs = [run for row in canvas.rows() for run in row]
    return [run.text.strip() for run in runs if run.ink.lit and run.ink.role in roles]


def wide(hidden: int) -> Derivation:
    return derive(
        {"h": "tanh(x @ W)", "y": "h @ V", "E": "squared_error(y, t)"},
        {"x": (2, 784), "t": (2, 3)},
        {"W": (784, hidden), "V": (hidden, 3)},
    )


# The lecture network


def test_the_lecture_at_dE_dV() -> None:
    assert text(drawn("lecture", "dE/dV", (62, 9))) == "\n".join(
        [
            "x       ← W   p → h  ◀∂E/∂V z → y    ←    E             t",
            "○1⠘⢷⢶⣶⣒⡒⠒⠒⠒⣒⡶⠂○0.752⠘⣟ ⠘⢛ ⡼⠃○0.641⠐⢄                  ⡠⠂○1",
            "    ⠱⡀⠉⢙⡳⠶⣭⣜⡀        ⣈⢧⡘⠋⢸⠃         ⠑⢄⡀            ⢀⡠⠊",
            "    ⣀⠬⢪⣁⣀⡴⠥⣬⡿⠃○0.809⠘⢯⡀⣿⣠             ⠈⠢⡀        ⢀⠔⠁",
            "○2⠐⠿⣭⠭⢅⣸⣅⡴⠞⠁         ⣠⠙⢾⣽⣄             ⣀⠬⠂○0.855⠐⠥⣀",
            "     ⣩⣪⢞⡋⠙⣍⡩⠖⠂○0.688⠘⠳⡾⣤⣬⣻⣦         ⣀⠔⠊            ⠑⠢⣀",
            "   ⣠⣼⣋⠥⠔⠊⠙⠤⣱⡀        ⣄⣀⣤⣤⠿⠟⠃○0.852⠐⠉                  ⠉⠂○0",
            "○1⠘⠛⠛⠛⠛⠛⠛⠛⠛⠛⠛⠃○0.843⠘⠋⠉",
            "",
        ]
    )


def test_in_the_forward_pass_only_what_is_made_by_then_is_told() -> None:
    before, after = text(drawn("lecture", "p")), text(drawn("lecture", "E"))
    assert "1.107" in before
    assert "0.8553" not in before
    assert "0.7516" in after
    assert "0.8553" in after


def test_a_pre_activation_lights_its_units_with_its_own_values() -> None:
    assert lit(drawn("lecture", "p"), Role.UNIT) == ["● 1.107", "● 1.444", "● 0.7918", "● 1.679"]


def test_an_error_signal_lights_the_units_of_its_layer_and_is_named_below() -> None:
    canvas = drawn("lecture", "dE/dz")
    assert lit(canvas, Role.UNIT) == ["● −0.165", "● 0.2144"]
    assert lit(canvas, Role.NAME) == ["z", "∂E/∂z"]


@pytest.mark.parametrize(("stage", "told"), [("dE/dV", "◀ ∂E/∂V"), ("V'", "V′"), ("V", "V ▶")])
def test_what_is_about_weights_lights_their_lines_and_no_unit(stage: str, told: str) -> None:
    canvas = drawn("lecture", stage)
    assert lit(canvas, Role.NAME) == [told]
    assert lit(canvas, Role.UNIT) == []
    assert lit(canvas, Role.POSITIVE)


def test_a_local_derivative_lights_what_lies_between_its_two_quantities() -> None:
    assert lit(drawn("lecture", "dy/dz"), Role.NAME) == ["z", "∂y/∂z"]
    assert lit(drawn("lecture", "dz/dh"), Role.NAME) == ["◀ ∂z/∂h"]


@pytest.mark.parametrize(("stage", "arrows"), [("z", "→→→"), ("E", "→→→"), ("dE/dh", "←←←"), ("W'", ""), ("x", "→→→")])
def test_values_flow_right_in_the_forward_pass_and_left_in_the_backward_pass(stage: str, arrows: str) -> None:
    canvas = drawn("lecture", stage)
    heading = [run.text for run in canvas.rows()[0] if run.ink.role is Role.NAME]
    between = [mark for part in heading[:-1] for mark in part if mark in "→←▶◀"]
    target_side = 1 if arrows.startswith("→") else 0
    assert "".join(between)[: len(between) - target_side] == arrows


def test_negative_weights_are_dashed_and_positive_ones_solid() -> None:
    signs = derive({"y": "x @ W", "E": "sum(y**2)"}, {"x": (1, 1)}, {"W": (1, 1)})

    def line(weight: float) -> str:
        run = Trace(signs, {"x": np.ones((1, 1)), "W": np.full((1, 1), weight), "eta": np.ones((1, 1))})
        canvas = network_picture(Scene(signs, layer_graph(signs), run[0], "y"), 60, 5)
        assert canvas is not None
        row = next(row for row in canvas.rows() if any(part.ink.role is Role.UNIT for part in row))
        return "".join(part.text for part in row if part.ink.name == "W")

    assert "⠛⠛⠛⠛" in line(1.0)
    assert "⠛⠛" not in line(-1.0)
    assert "⠛" in line(-1.0)


# Other networks


def test_skips_of_a_residual_network_are_drawn_above_it() -> None:
    top = text(drawn("residual", "dh3/dh2", (110, 12))).splitlines()[0]
    assert top.count("╭") == 4
    assert "╭━" in top


def test_tied_weights_are_both_lit() -> None:
    assert lit(drawn("autoencoder", "W"), Role.NAME) == ["W ▶", "Wᵀ ▶"]


def test_the_sample_asked_for_is_shown() -> None:
    first, third = (text(drawn("xor", "x", sample=sample)) for sample in (0, 2))
    assert "sample 2 of 4" in third
    assert "● 1" in third
    assert "● 1" not in first


def test_a_bias_lights_its_layer() -> None:
    assert lit(drawn("xor", "dE/db"), Role.NAME) == ["∂E/∂b"]
    assert len(lit(drawn("xor", "dE/db"), Role.UNIT)) == 2


def test_a_penalty_on_weights_lights_the_weights_alone() -> None:
    penalised = derive(
        {"y": "x @ W", "E": "sum(y**2) + sum(W**2)"},
        {"x": (1, 2)},
        {"W": (2, 1)},
    )
    run = Trace(penalised, {"x": np.ones((1, 2)), "W": np.ones((2, 1)), "eta": np.ones((1, 1))})
    canvas = network_picture(Scene(penalised, layer_graph(penalised), run[0], "dE/dW"), 60, 8)
    assert canvas is not None
    assert lit(canvas, Role.UNIT) == []
    assert lit(canvas, Role.POSITIVE)


def test_attention_is_drawn_as_boxes_with_the_lit_one_heavy() -> None:
    shown = text(drawn("attention", "dE/ds"))
    assert "┃ s → a ┃" in shown
    assert "┗━∂E/∂s━┛" in shown
    assert "│ q │◀" in shown


def test_weights_shared_over_time_are_lit_at_every_step() -> None:
    assert lit(drawn("rnn", "U", (120, 14)), Role.NAME) == ["U", "U", "U"]


def test_a_tall_layer_shows_its_first_units_its_last_and_how_many_are_between() -> None:
    derivation = wide(130)
    numbers = np.random.default_rng(0)
    start = {name: numbers.normal(size=derivation.shape(name)) for name in ("x", "t", "W", "V")}
    run = Trace(derivation, {**start, "eta": np.ones((1, 1))})
    canvas = network_picture(Scene(derivation, layer_graph(derivation), run[0], "h"), 78, 14)
    assert canvas is not None
    shown = text(canvas)
    assert "⋮ 776 more" in shown
    assert "⋮ 122 more" in shown
    assert f"● {fitted(run[0]['h'][0, -1], 6)}" in shown


def test_a_deep_network_shows_the_layers_around_the_lit_one() -> None:
    shown = text(drawn("deep", "dE/dW3", (24, 8)))
    assert "W₃" in shown
    assert "t" not in shown
    assert shown.splitlines()[-1].strip().startswith("⋯")


# Room


@pytest.mark.parametrize("name", GALLERY)
def test_every_stage_of_every_network_has_room_in_24_by_8(name: str) -> None:
    derivation = trace(name).derivation
    for stage in (*derivation.by_name, *derivation.given):
        assert network_picture(scene(name, stage), 24, 8) is not None


@pytest.mark.parametrize("name", GALLERY)
def test_what_a_stage_is_about_is_lit_and_a_constant_lights_nothing(name: str) -> None:
    derivation = trace(name).derivation
    apart = {*derivation.constants, "tau", "tau'"}
    for stage in (*derivation.by_name, *derivation.given):
        canvas = drawn(name, stage, (120, 30))
        assert bool(lit(canvas, *Role)) == (stage not in apart), stage


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(GALLERY), st.integers(0, 130), st.integers(0, 32), st.data())
def test_a_picture_fills_its_room_and_no_more(name: str, width: int, height: int, data: st.DataObject) -> None:
    stage = data.draw(st.sampled_from(list(trace(name).derivation.by_name)))
    canvas = network_picture(scene(name, stage), width, height)
    if canvas is not None:
        assert [sum(len(run.text) for run in row) for row in canvas.rows()] == [width] * height


# Clicks


def test_a_click_in_the_backward_pass_leads_to_adjoints_and_else_to_the_quantity() -> None:
    names = {stage: {run.ink.name for row in drawn("lecture", stage).rows() for run in row} for stage in ("h", "dE/dh")}
    assert {"x", "W", "p", "h", "V", "z", "y", "E", "t"} <= names["h"]
    assert {"dE/dW", "dE/dp", "dE/dh", "dE/dV", "dE/dz", "dE/dy", "x", "t"} <= names["dE/dh"]


@pytest.mark.parametrize("name", GALLERY)
def test_a_click_always_leads_to_something_that_exists(name: str) -> None:
    derivation = trace(name).derivation
    for stage in derivation.by_name:
        names = {run.ink.name for row in drawn(name, stage, (120, 30)).rows() for run in row} - {""}
        assert names <= {*derivation.by_name, *derivation.given}


# Numbers


@pytest.mark.parametrize(
    ("value", "width", "told"),
    [
        (0.8534, 6, "0.8534"),
        (-0.8534, 6, "−0.853"),
        (-0.000173, 6, "−2e−4"),
        (1234567.8, 9, "1.235e6"),
        (1e-120, 5, "≈0"),
        (float("nan"), 5, "nan"),
        (-float("inf"), 5, "−inf"),
    ],
)
def test_a_number_is_written_in_the_room_there_is(value: float, width: int, told: str) -> None:
    assert fitted(value, width) == told


@given(st.floats(), st.integers(5, 9))
def test_a_number_never_takes_more_than_its_room(value: float, width: int) -> None:
    assert len(fitted(value, width)) <= width
