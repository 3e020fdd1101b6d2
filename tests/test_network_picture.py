"""The picture of the network in an app of its own, driven by the mouse and read as text."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from backprop_tui import gallery
from backprop_tui.engine.trace import Trace
from backprop_tui.tui.widgets.network_picture import NO_ROOM, NetworkPicture

Result = TypeVar("Result")


class Host(App[None]):
    """Nothing but a picture; keeps what was chosen."""

    CSS = "NetworkPicture { width: 1fr; height: 1fr; border: round $primary; padding: 0 1; }"

    def __init__(self, name: str) -> None:
        super().__init__()
        network = gallery.read(gallery.find(name))
        self.trace = Trace(network.derivation, network.start, network.inputs)
        self.chosen: list[str] = []

    def compose(self) -> ComposeResult:
        yield NetworkPicture()

    def on_network_picture_chosen(self, message: NetworkPicture.Chosen) -> None:
        self.chosen.append(message.name)

    def light(self, stage: str, sample: int = 0) -> None:
        self.query_one(NetworkPicture).show(self.trace.derivation, self.trace[0], stage, sample)

    def lines(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.screen._compositor.render_strips()]

    def place(self, text: str) -> tuple[int, int]:
        """Where on the screen a text begins."""
        return next((line.index(text), row) for row, line in enumerate(self.lines()) if text in line)

    def style(self, text: str) -> str:
        """The style of the first characters that hold a text."""
        segments = [segment for strip in self.screen._compositor.render_strips() for segment in strip]
        return next(str(segment.style) for segment in segments if text in segment.text)


def play(
    steps: Callable[[Host, Pilot[None]], Awaitable[Result]], name: str = "lecture", size: tuple[int, int] = (82, 16)
) -> Result:
    async def run() -> Result:
        app = Host(name)
        async with app.run_test(size=size) as pilot:
            return await steps(app, pilot)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("stage", "text", "to"),
    [
        ("h", "● 0.7516", "h"),
        ("h", "○ 2", "x"),
        ("h", "W →", "W"),
        ("dE/dh", "z →", "dE/dz"),
        ("dE/dh", "← V", "dE/dV"),
        ("dE/dh", "t", "t"),
        ("W'", "V", "V'"),
    ],
)
def test_a_click_asks_to_go_to_the_stage(stage: str, text: str, to: str) -> None:
    async def steps(app: Host, pilot: Pilot[None]) -> list[str]:
        app.light(stage)
        await pilot.pause()
        await pilot.click(offset=app.place(text))
        return app.chosen

    assert play(steps) == [to]


def test_a_click_beside_everything_asks_for_nothing() -> None:
    async def steps(app: Host, pilot: Pilot[None]) -> list[str]:
        app.light("h")
        await pilot.pause()
        await pilot.click(offset=(0, 0))
        await pilot.click(offset=(70, 13))
        return app.chosen

    assert play(steps) == []


def test_a_box_can_be_clicked_on() -> None:
    async def steps(app: Host, pilot: Pilot[None]) -> list[str]:
        app.light("dE/dq")
        await pilot.pause()
        await pilot.click(offset=app.place("│ v"))
        return app.chosen

    assert play(steps, "attention") == ["dE/dv"]


def test_the_picture_follows_its_room_and_says_where_there_is_none() -> None:
    async def steps(app: Host, pilot: Pilot[None]) -> list[str]:
        app.light("h")
        seen = []
        for size in ((82, 16), (40, 12), (60, 3)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            seen.append("\n".join(app.lines()))
        return seen

    roomy, narrow, none = play(steps)
    assert "0.7516" in roomy
    assert "●" in narrow
    assert "0.7516" not in narrow
    assert NO_ROOM in none


def test_another_network_is_drawn_when_it_is_shown() -> None:
    async def steps(app: Host, pilot: Pilot[None]) -> str:
        app.light("h")
        app.trace = Host("xor").trace
        app.light("h", 3)
        await pilot.pause()
        return "\n".join(app.lines())

    assert "sample 3 of 4" in play(steps)


def test_what_is_lit_stands_out_in_every_theme_and_without_colours() -> None:
    async def steps(app: Host, pilot: Pilot[None]) -> list[tuple[str, str]]:
        seen = []
        for theme in ("textual-dark", "textual-light", "ansi-dark"):
            app.theme = theme
            app.light("dE/dz")
            await pilot.pause()
            seen.append((app.style("∂E/∂z"), app.style("← V")))
        return seen

    for lit, plain in play(steps):
        assert "underline" in lit
        assert "underline" not in plain


def test_before_anything_is_shown_it_is_empty() -> None:
    async def steps(app: Host, pilot: Pilot[None]) -> list[str]:
        await pilot.pause()
        return [line.strip("│╭╮╰╯─ ") for line in app.lines()]

    assert set(play(steps)) == {""}


def test_the_module_is_there_before_numpy_and_sympy_are() -> None:
    code = "import sys, backprop_tui.tui.widgets.network_picture; print(*({'numpy', 'sympy'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []
