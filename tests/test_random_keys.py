"""Keys and sizes at random, seeded: the app must end where the same moves on a bare walkthrough end."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

import pytest

from backprop_tui import gallery
from backprop_tui.engine.provenance import Source, origin
from backprop_tui.engine.trace import Trace
from backprop_tui.printers.substitution import Cell as CellOf
from backprop_tui.tui.layout import Layout, layout_of
from backprop_tui.tui.walkthrough import Cell, Corner, Walkthrough
from tests.screens import SIZES, Session, Size, play

MOVES: Final = {
    **dict.fromkeys(("right", "down", "space", "l", "j"), "forward"),
    **dict.fromkeys(("left", "up", "h", "k"), "back"),
    "n": "next_iteration",
    "p": "previous_iteration",
    "home": "to_start",
    "end": "to_end",
    "backspace": "retrace",
    "f": "next_reading",
    "v": "next_mode",
    "plus": "faster",
    "minus": "slower",
}
CORNERS: Final = dict(zip("1234", Corner, strict=True))
STEPS: Final = {"right": (0, 1), "left": (0, -1), "down": (1, 0), "up": (-1, 0)}
HARMLESS: Final = ("d", "z", "right_square_bracket", "left_square_bracket", "shift+down", "shift+up")
KEYS: Final = (*MOVES, *CORNERS, *HARMLESS, "m", "escape", "full_stop", "comma", "enter", "right", "n", "m", "enter")
ROOM: Final[tuple[Size, ...]] = (*SIZES.values(), (59, 17), (150, 30), (80, 60))
BURST: Final = 20


class Replay:
    """What the keys do, told apart from the app."""

    def __init__(self) -> None:
        network = gallery.load("lecture")
        self.walkthrough = Walkthrough(Trace(network.derivation, network.start, network.inputs))
        self.walkthrough.choose(0, 0)
        self.chooses, self.has_room = False, True

    def resize(self, size: Size) -> None:
        self.has_room = layout_of(*size) is not Layout.NONE
        self.chooses = self.chooses and self.has_room

    def press(self, key: str) -> None:
        walkthrough = self.walkthrough
        if key in ("m", "escape"):
            self.chooses = key == "m" and self.has_room
        elif self.chooses and key in (*STEPS, "home", "end"):
            walkthrough.choose(*self._chosen(key))
        elif key in MOVES:
            getattr(walkthrough, MOVES[key])()
            walkthrough.trace.loss(walkthrough.place.iteration)
        elif key in CORNERS:
            walkthrough.show(CORNERS[key])
        elif key in ("full_stop", "comma"):
            walkthrough.next_source(1 if key == "full_stop" else -1, len(self._sources()))
        elif key == "enter" and (sources := self._sources()):
            source = sources[walkthrough.source]
            walkthrough.follow(source.name, Cell(source.row, source.column), source.back)

    def _chosen(self, key: str) -> tuple[int, int]:
        row, column = self.walkthrough.cell
        if key in ("home", "end"):
            return row, 0 if key == "home" else self.walkthrough.shape[1] - 1
        down, right = STEPS[key]
        return row + down, column + right

    def _sources(self) -> tuple[Source, ...]:
        place, cell = self.walkthrough.place, self.walkthrough.cell
        return origin(self.walkthrough.trace, place.iteration, CellOf(place.name, *cell)).sources


def bursts(count: int, seed: int) -> Iterator[list[str]]:
    keys = random.Random(seed).choices(KEYS, k=count)
    return (keys[start : start + BURST] for start in range(0, count, BURST))


def state(walkthrough: Walkthrough) -> object:
    return walkthrough.place, walkthrough.cell, walkthrough.source, walkthrough.view, walkthrough.trail


def ends_as_a_replay_does(count: int, seed: int) -> None:
    sizes = random.Random(seed)

    async def steps(session: Session) -> None:
        replay = Replay()
        for burst in bursts(count, seed):
            size = sizes.choice(ROOM)
            await session.resize(size)
            replay.resize(size)
            await session.press(*burst)
            for key in burst:
                replay.press(key)
            assert state(session.app.stepper.walkthrough) == state(replay.walkthrough)
        await session.resize((80, 24))
        assert session.app.is_running
        assert session.heading().startswith(session.app.stepper.walkthrough.place.name[0].replace("d", "∂"))

    play(steps)


def test_hundreds_of_random_keys_and_sizes_end_as_a_replay_does() -> None:
    ends_as_a_replay_does(600, seed=1)


@pytest.mark.slow
def test_twenty_thousand_random_keys_and_sizes_end_as_a_replay_does() -> None:
    ends_as_a_replay_does(20_000, seed=2)
