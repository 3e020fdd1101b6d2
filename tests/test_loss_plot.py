"""The loss plot in an app of its own, driven by the mouse and read as text."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from math import exp, nan
from typing import TypeVar

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from backprop_tui.tui.widgets.loss_plot import LossPlot

Result = TypeVar("Result")

FALLING = [0.8553 - 0.00185 * iteration for iteration in range(11)]
ROOMY, NARROW = (80, 16), (24, 6)


class Host(App[None]):
    """Nothing but a plot; keeps what was chosen and which keys reached the app."""

    CSS = "LossPlot { width: 1fr; height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.chosen: list[int] = []
        self.keys: list[str] = []

    def compose(self) -> ComposeResult:
        yield LossPlot()

    def on_loss_plot_chosen(self, message: LossPlot.Chosen) -> None:
        self.chosen.append(message.iteration)

    def on_key(self, event: events.Key) -> None:
        self.keys.append(event.key)


def play(steps: Callable[[Host, Pilot[None]], Awaitable[Result]], size: tuple[int, int] = ROOMY) -> Result:
    async def run() -> Result:
        app = Host()
        async with app.run_test(size=size) as pilot:
            return await steps(app, pilot)

    return asyncio.run(run())


async def settled(app: Host, pilot: Pilot[None]) -> str:
    """Wait until the screen stays as it is; return it."""
    before = ""
    while (now := await drawn(app, pilot)) != before:
        before = now
    return now


async def drawn(app: Host, pilot: Pilot[None]) -> str:
    await pilot.pause()
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


def shown(losses: list[float], iteration: int, size: tuple[int, int] = ROOMY, name: str = "E") -> str:
    async def steps(app: Host, pilot: Pilot[None]) -> str:
        app.query_one(LossPlot).show(losses, iteration, name)
        return await settled(app, pilot)

    return play(steps, size)


def test_the_loss_is_told_with_its_iteration() -> None:
    assert shown(FALLING, 3).startswith("E = 0.84975   at iteration 3 of 10")
    assert shown(FALLING, 3, name="loss1").startswith("loss₁ = 0.84975")


def dot(losses: list[float], iteration: int) -> tuple[int, int]:
    """The column and the row of the dot at the present iteration."""
    lines = shown(losses, iteration).splitlines()
    return next((line.index("●"), row) for row, line in enumerate(lines) if "●" in line)


def test_axes_have_round_ticks() -> None:
    lines = shown(FALLING, 0).splitlines()
    assert [line.split()[0] for line in lines if "┫" in line] == ["0.855", "0.85", "0.845", "0.84"]
    assert lines[-1].split() == ["0", "2", "4", "6", "8", "10"]


def test_the_cursor_moves_right_along_the_line_and_down_as_the_loss_falls() -> None:
    (left, top), (right, bottom) = dot(FALLING, 0), dot(FALLING, 10)
    assert left < 14
    assert right > 70
    assert top < bottom


def test_the_axes_fill_the_room_whatever_the_labels_are() -> None:
    for losses in (FALLING, [1.0, 2.0], [1e-7, 2e-7]):
        frame = next(line for line in shown(losses, 0).splitlines() if "┓" in line or "┳" in line)
        assert len(frame) == ROOMY[0]


def test_losses_over_decades_are_on_a_logarithmic_scale_which_is_said() -> None:
    text = shown([exp(-iteration / 1500) for iteration in range(10_000)], 3000)
    assert "log scale" in text.splitlines()[0]
    assert [line.split()[0] for line in text.splitlines() if "┫" in line] == ["1", "0.1", "0.01", "0.001"]


@pytest.mark.parametrize("size", [ROOMY, NARROW])
def test_what_is_no_number_is_told_and_the_rest_drawn(size: tuple[int, int]) -> None:
    text = shown([0.5, 0.7, nan], 2, size)
    assert text.startswith("E is no number")
    assert "▲" in text or "⠤" in text or "⠉" in text


@pytest.mark.parametrize("losses", [[nan, nan], [0.0], [1e-310, 0.0, 1e300], [-3.0, -3.0], [5e-324, 1e-323]])
@pytest.mark.parametrize("size", [ROOMY, NARROW, (10, 3), (36, 9)])
def test_odd_losses_are_shown_without_a_mishap(losses: list[float], size: tuple[int, int]) -> None:
    assert shown(losses, len(losses) - 1, size)


def test_little_room_gets_bars_between_the_greatest_loss_and_the_least() -> None:
    lines = shown(FALLING, 3, NARROW).splitlines()
    assert lines[0] == "E = 0.84975   at 3 of 10"
    assert lines[1].startswith("0.855 █")
    assert lines[4].startswith("0.837 ")
    assert lines[5] == " " * 9 + "▲"


def test_the_plot_changes_with_its_room() -> None:
    async def steps(app: Host, pilot: Pilot[None]) -> list[str]:
        app.query_one(LossPlot).show(FALLING, 3)
        seen = []
        for size in (NARROW, ROOMY, NARROW):
            await pilot.resize_terminal(*size)
            seen.append(await settled(app, pilot))
        return seen

    narrow, roomy, again = play(steps)
    assert "█" in narrow
    assert "┏" in roomy
    assert "█" not in roomy
    assert again == narrow


def test_before_any_loss_is_known_there_is_nothing() -> None:
    async def steps(app: Host, pilot: Pilot[None]) -> str:
        return await settled(app, pilot)

    assert play(steps).strip() == ""


@pytest.mark.parametrize("theme", ["textual-light", "ansi-dark"])
def test_the_line_follows_the_theme(theme: str) -> None:
    async def steps(app: Host, pilot: Pilot[None]) -> tuple[set[str], set[str]]:
        app.query_one(LossPlot).show(FALLING, 3)
        await settled(app, pilot)
        before = colours(app)
        app.theme = theme
        await settled(app, pilot)
        return before, colours(app)

    dark, changed = play(steps)
    assert len(dark) == len(changed) == 1
    assert dark != changed


def colours(app: Host) -> set[str]:
    """The colours that the line is drawn in."""
    strips = app.screen._compositor.render_strips()
    segments = [segment for strip in strips for segment in strip if "⠤" in segment.text]
    return {str(segment.style.color) for segment in segments if segment.style}


@pytest.mark.parametrize("size", [ROOMY, NARROW])
def test_a_click_chooses_the_iteration_below_it(size: tuple[int, int]) -> None:
    async def steps(app: Host, pilot: Pilot[None]) -> list[int]:
        app.query_one(LossPlot).show(FALLING, 3)
        lines = (await settled(app, pilot)).splitlines()
        row = next(row for row, line in enumerate(lines) if "●" in line or "▲" in line)
        column = max(lines[row].find("●"), lines[row].find("▲"))
        await pilot.click(LossPlot, offset=(column, row))
        await pilot.click(LossPlot, offset=(0, row))
        return app.chosen

    assert play(steps, size) == [3]


def test_keys_are_left_to_the_app() -> None:
    keys = ["right", "up", "plus"]

    async def steps(app: Host, pilot: Pilot[None]) -> tuple[list[str], str, str]:
        app.query_one(LossPlot).show(FALLING, 3)
        before = await settled(app, pilot)
        app.screen.focus_next()
        await pilot.press(*keys)
        return app.keys, before, await settled(app, pilot)

    reached, before, after = play(steps)
    assert reached == keys
    assert before == after


def test_the_module_is_there_before_numpy_is() -> None:
    code = "import sys, backprop_tui.tui.widgets.loss_plot; print(*({'numpy', 'textual_plot'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []
