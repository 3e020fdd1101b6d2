"""How long a start takes: ``python -m tests.benchmarks startup``.

Each start is a process of its own, and everyone takes turns. The app's are timed in a pseudo-terminal, from the start
of the program until some words are on the screen; each is compared with the other start of the same turn that does
nothing but what can't be spared.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from tests.terminal import ROOT, Terminal

STARTS: Final = 15
SIZE: Final = (80, 24)
APP: Final = ("-m", "backprop_tui")
_TRIVIAL: Final = """\
from textual.app import App
from textual.widgets import Static

class Trivial(App[None]):
    def compose(self):
        yield Static("deriving")

Trivial().run()
"""


class Start(NamedTuple):
    """A start, and the one that it is compared with.

    Attributes
    ----------
    command:
        What Python is given.
    shown:
        The words on the screen that end it; empty, and its end does.
    beside:
        The name of the other start.

    """

    command: tuple[str, ...]
    shown: str = ""
    beside: str = ""


STARTED: Final[dict[str, Start]] = {
    "a bare interpreter": Start(("-c", "pass")),
    "importing numpy, sympy, textual": Start(("-c", "import numpy, sympy, textual")),
    "a trivial Textual app": Start(("-c", _TRIVIAL), "deriving"),
    "first frame": Start(APP, "deriving", "a trivial Textual app"),
    "first formula and numbers": Start(APP, "= 1.1073", "importing numpy, sympy, textual"),
    "--version": Start((*APP, "--version"), "", "a bare interpreter"),
    "--help": Start((*APP, "--help"), "", "a bare interpreter"),
    "list": Start((*APP, "list"), "", "a bare interpreter"),
}


def main(*arguments: str) -> None:
    """Print the table, or the same as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks startup")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--starts", type=int, default=STARTS, help="starts of each")
    options = parser.parse_args(arguments)
    found = rows(options.starts)
    if options.json:
        print(json.dumps(list(found), indent=1))
    else:
        print_table(found)


def rows(starts: int = STARTS) -> Iterator[dict[str, Any]]:
    """Start each in turns; ratios and differences are to the other start of the same turn."""
    taken: dict[str, list[float]] = {name: [] for name in STARTED}
    with _home_of_its_own():
        for turn in range(starts + 1):
            for name, start in STARTED.items():
                seconds = _ended(start.command) if not start.shown else _shown(start.command, start.shown)
                if turn:  # the first one fills the caches
                    taken[name].append(seconds)
    for name, own in taken.items():
        row = {"start": name, "median": median(own), "least": min(own), "most": max(own)}
        if beside := STARTED[name].beside:
            pairs = list(zip(own, taken[beside], strict=True))
            row |= {"beside": beside, "ratio": median(mine / theirs for mine, theirs in pairs)}
            row |= {"over": median(mine - theirs for mine, theirs in pairs)}
        yield row


@contextmanager
def _home_of_its_own() -> Iterator[None]:
    """Keep what the app keeps in a folder of its own, so that no tour begins but the first time."""
    with TemporaryDirectory() as folder, patch.dict(os.environ, XDG_STATE_HOME=folder, XDG_CONFIG_HOME=folder):
        yield


def _ended(command: Sequence[str]) -> float:
    begun = perf_counter()
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - begun


def _shown(command: Sequence[str], words: str) -> float:
    begun = perf_counter()
    terminal = Terminal(*command, size=SIZE)
    try:
        terminal.until(words)
        return perf_counter() - begun
    finally:
        terminal.close()


def print_table(found: Iterable[Mapping[str, Any]]) -> None:
    """Print a line for each start."""
    print(f"\n{'':34}{'median':>10}{'least':>10}{'most':>10}")
    for row in found:
        times = "".join(f"{1000 * row[each]:7.0f} ms" for each in ("median", "least", "most"))
        told = f"   {row['ratio']:.2f} of {row['beside']}, {1000 * row['over']:+.0f} ms" if "beside" in row else ""
        print(f"{row['start']:34}{times}{told}", flush=True)
