"""A bare app around one widget or one screen: keys go in, the screen comes out as text, messages are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

PATIENCE = 60.0
Result = TypeVar("Result")
Of = TypeVar("Of", bound=Message)


class Host(App[None]):
    """Shows a widget, or a screen over nothing."""

    def __init__(self, shown: Widget | Screen[None]) -> None:
        super().__init__()
        self.shown = shown

    def compose(self) -> ComposeResult:
        if not isinstance(self.shown, Screen):
            yield self.shown

    def on_mount(self) -> None:
        if isinstance(self.shown, Screen):
            self.push_screen(self.shown)


class Hosted:
    """A running host."""

    def __init__(self, app: Host, pilot: Pilot[None], messages: list[Message]) -> None:
        self.app, self.pilot, self._messages = app, pilot, messages

    async def press(self, *keys: str) -> None:
        """Press keys as fast as a held-down key repeats, then wait until all has been done and drawn."""
        for key in keys:
            self.app.simulate_key(key)
        await self.settled()

    async def settled(self) -> None:
        """Wait until no worker runs, every message is handled and the screen stays as it is."""
        before = ""
        async with asyncio.timeout(PATIENCE):
            while (now := await self._drawn()) != before:
                before = now

    async def _drawn(self) -> str:
        await self.pilot.pause()
        await self.app.workers.wait_for_complete()
        await self.pilot.pause()
        return self.text()

    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    def sent(self, kind: type[Of]) -> list[Of]:
        """The messages of a kind in the order in which they came, each once however many were told."""
        return list({id(message): message for message in self._messages if isinstance(message, kind)}.values())


def host(
    shown: Widget | Screen[None], steps: Callable[[Hosted], Awaitable[Result]], size: tuple[int, int] = (80, 24)
) -> Result:
    """Run a host, do what `steps` does and return what it returns."""

    async def session() -> Result:
        messages: list[Message] = []
        app = Host(shown)
        async with app.run_test(size=size, message_hook=messages.append) as pilot:
            running = Hosted(app, pilot, messages)
            await running.settled()
            return await steps(running)

    return asyncio.run(session())


def shown_after(shown: Widget | Screen[None], *keys: str, size: tuple[int, int] = (80, 24)) -> str:
    """What the screen shows after keys are pressed."""

    async def steps(running: Hosted) -> str:
        await running.press(*keys)
        return running.text()

    return host(shown, steps, size)
