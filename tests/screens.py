"""The app run without a terminal, driven by keys and read as text, and golden files of what it shows.

``python -m tests.screens`` tells which goldens differ; ``python -m tests.screens --update`` writes them anew.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Final, TypeVar

from textual.message import Message
from textual.pilot import Pilot
from textual.strip import Strip

from backprop_tui import gallery
from backprop_tui.tui.app import BackpropApp

Result = TypeVar("Result")
Size = tuple[int, int]

GOLDENS: Final = Path(__file__).parent / "goldens"
UPDATE: Final = "python -m tests.screens --update"
PATIENCE: Final = 60.0
"""Seconds to wait for a derivation before it counts as lost; it takes well under one."""

SIZES: Final[dict[str, Size]] = {"60x18": (60, 18), "80x24": (80, 24), "120x40": (120, 40), "200x60": (200, 60)}


@dataclass(frozen=True)
class Shot:
    """A screen kept as a golden: the keys that lead to it, and the sizes that it is kept at."""

    keys: tuple[str, ...]
    sizes: tuple[str, ...] = ("80x24",)
    network: str = gallery.DEFAULT


_GRADIENT: Final = ("right",) * 9
_ATTENTION: Final = ("right",) * 12

SHOTS: Final[dict[str, Shot]] = {
    "first-stage": Shot((), tuple(SIZES)),
    "loss": Shot(("right",) * 4),
    "local-derivative": Shot(("right",) * 6, ("80x24", "120x40")),
    "gradient": Shot(_GRADIENT, tuple(SIZES)),
    "adjoint": Shot(("right",) * 11, ("80x24", "120x40")),
    "update": Shot(("right",) * 17),
    "next-iteration": Shot(("n",), ("80x24", "120x40")),
    "help": Shot(("question_mark",), ("80x24", "120x40")),
    "cell": Shot((*_GRADIENT, "m", "down", "right")),
    "source": Shot((*_GRADIENT, "m", "down", "right", "full_stop", "enter")),
    "index-form": Shot((*_GRADIENT, "f")),
    "this-cell": Shot((*_GRADIENT, "f", "f")),
    "operands": Shot((*_GRADIENT, "2")),
    "network": Shot((*_GRADIENT, "3"), ("60x18", "80x24")),
    "losses": Shot(("n",) * 5 + ("4",), ("60x18", "80x24")),
    "difference": Shot((*_GRADIENT, "n", "v")),
    "heat-map": Shot((*_GRADIENT, "n", "v", "v")),
    "latex": Shot((*_GRADIENT, "r")),
    "projector": Shot((*_GRADIENT, "z"), ("80x24", "120x40")),
    "given": Shot(("enter",)),
    "attention": Shot(_ATTENTION, ("80x24", "120x40"), "attention"),
}
"""The screens kept as goldens, by the keys that lead to them."""
KEPT: Final = tuple((name, size) for name, shot in SHOTS.items() for size in shot.sizes)
"""Every golden, as a shot and a size."""


class Session:
    """A running app: keys go in, the screen comes out as text."""

    def __init__(self, app: BackpropApp, pilot: Pilot[None], arrived: asyncio.Event) -> None:
        self.app, self.pilot, self._arrived = app, pilot, arrived

    async def derived(self) -> None:
        """Wait until the derivation is there and shown."""
        await asyncio.wait_for(self._arrived.wait(), PATIENCE)
        await self.app.workers.wait_for_complete()
        await self.settled()

    async def press(self, *keys: str) -> None:
        """Press keys as fast as a held-down key repeats, then wait until all has been done and drawn."""
        for key in keys:
            self.app.simulate_key(key)
        await self.settled()

    async def settled(self) -> None:
        """Wait until every message is handled and the screen stays as it is: a layout may take more than one round."""
        await self.pilot.pause(0)
        before = ""
        async with asyncio.timeout(PATIENCE):
            while (now := await self._drawn()) != before:
                before = now

    async def _drawn(self) -> str:
        while any(worker.group == "health" and not worker.is_finished for worker in self.app.workers):
            await self.pilot.pause(0.002)
        await self.pilot.pause()
        return self.text()

    async def until(self, shown: str) -> None:
        """Wait until the screen shows some words."""
        async with asyncio.timeout(PATIENCE):
            while shown not in self.text():
                await self.pilot.pause(0.02)

    async def choose(self, key: str, typed: str, found: str) -> None:
        """Open a list to search in by a key, type, and take the one that is found first."""
        await self.press(key)
        await self.pilot.press(*typed)
        await self.until(found)
        await self.settled()
        await self.press("enter")
        await self.settled()

    async def resize(self, size: Size) -> None:
        await self.pilot.resize_terminal(*size)
        async with asyncio.timeout(PATIENCE):
            while self.app.screen.size != size:
                await self.pilot.pause()
        await self.settled()

    async def click_on(self, entry: str) -> None:
        """Click on an entry of the list of stages."""
        row = next(row for row, text in enumerate(self.lines("StageList")) if text.strip(" ▸") == entry)
        await self.pilot.click("StageList", offset=(1, row))
        await self.settled()

    def strips(self, selector: str = "Screen") -> list[Strip]:
        """The rows of the part of the screen that a widget takes up."""
        region = self.app.screen.query_one(selector).region if selector != "Screen" else self.app.screen.region
        shown = self.app.screen._compositor.render_strips()
        return [strip.crop(region.x, region.right) for strip in shown[region.y : region.bottom]]

    def lines(self, selector: str = "Screen") -> list[str]:
        return [strip.text.rstrip() for strip in self.strips(selector)]

    def text(self, selector: str = "Screen") -> str:
        return "\n".join(self.lines(selector)) + "\n"

    def heading(self) -> str:
        """What is shown: the stage with its kind and shape."""
        return self.text("#heading").strip()

    def status(self) -> str:
        """The iteration and the loss, in the upper right corner."""
        return self.text("#loss").strip()

    def marked(self) -> list[str]:
        """The entries of the list that stand on another ground than the rest."""
        grounds = [_ground(strip) for strip in self.strips("StageList")]
        usual = Counter(grounds).most_common(1)[0][0]
        rows = zip(self.lines("StageList"), grounds, strict=True)
        return [text.strip(" ▸") for text, ground in rows if ground != usual]


def _ground(strip: Strip) -> str:
    style = next(iter(strip)).style
    return str(style.bgcolor) if style else ""


@asynccontextmanager
async def opened(path: Path | None = None, size: Size = (80, 24)) -> AsyncIterator[Session]:
    """Run the app on a network, the lecture's if none is named; its derivation may still be under way."""
    arrived = asyncio.Event()

    def notice(message: Message) -> None:
        if isinstance(message, BackpropApp.Loaded):
            arrived.set()

    source = path or gallery.find(gallery.DEFAULT)
    app = BackpropApp(source, gallery.name_of(source))
    async with app.run_test(size=size, notifications=True, message_hook=notice) as pilot:
        yield Session(app, pilot, arrived)


def play(steps: Callable[[Session], Awaitable[Result]], path: Path | None = None, size: Size = (80, 24)) -> Result:
    """Run the app, wait for its derivation, do what `steps` does and return what it returns."""

    async def session() -> Result:
        async with opened(path, size) as running:
            await running.derived()
            return await steps(running)

    return asyncio.run(session())


def screen(*keys: str, path: Path | None = None, size: Size = (80, 24)) -> str:
    """What the screen shows after keys are pressed."""

    async def steps(running: Session) -> str:
        await running.press(*keys)
        return running.text()

    return play(steps, path, size)


def golden(shot: str, size: str) -> Path:
    return GOLDENS / f"{shot}-{size}.txt"


def kept(shot: str, size: str = "80x24") -> str:
    """The golden of a shot."""
    return golden(shot, size).read_text("utf-8")


def compare(shot: str, size: str) -> tuple[str, str]:
    """Return what the screen of a shot shows now and how it differs from its golden, empty where it doesn't."""
    now = screen(*SHOTS[shot].keys, path=gallery.find(SHOTS[shot].network), size=SIZES[size])
    path = golden(shot, size)
    before = path.read_text("utf-8") if path.exists() else ""
    change = unified_diff(before.splitlines(), now.splitlines(), f"{path.name}", "the screen", lineterm="")
    return now, "\n".join(change)


def assert_golden(shot: str, size: str) -> str:
    """Hold a screen against its golden; return it."""
    now, change = compare(shot, size)
    if change:
        raise AssertionError(f"{change}\n\nIf the screen is right as it is now: {UPDATE}")
    return now


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.screens", description="Goldens of the app's screen.")
    parser.add_argument("--update", action="store_true", help="write them anew, and remove those no longer wanted")
    update = parser.parse_args().update
    wanted = {golden(*named): named for named in KEPT}
    changed = {path: compare(*named) for path, named in wanted.items()}
    different = {path: found for path, found in changed.items() if found[1]}
    stray = set(GOLDENS.glob("*.txt")) - set(wanted)
    if update:
        _write({path: now for path, (now, _) in different.items()}, stray)
    for path, (_, change) in different.items():
        print(change if not update else f"written: {path}")
    for path in sorted(stray):
        print(f"{'removed' if update else 'not wanted'}: {path}")
    return 0 if update or not (different or stray) else 1


def _write(screens: dict[Path, str], stray: set[Path]) -> None:
    GOLDENS.mkdir(exist_ok=True)
    for path, text in screens.items():
        path.write_text(text, "utf-8")
    for path in stray:
        path.unlink()


if __name__ == "__main__":
    sys.exit(main())
