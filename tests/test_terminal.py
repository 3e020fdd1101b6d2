"""The app end to end, in a real pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).parent.parent
PATIENCE = 60.0
"""Seconds within which anything awaited must have happened; it takes one or two."""

RIGHT, LEFT = "\x1b[C", "\x1b[D"
ENTERED, LEFT_AGAIN = "\x1b[?1049h", "\x1b[?1049l"
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[P\]^_].*?(?:\x1b\\|\x07)|\x1b[ -/]*[0-~]", re.DOTALL)


class Terminal:
    """A terminal of 80 by 24 with a program in it."""

    def __init__(self, *arguments: str) -> None:
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.settings = self.settings_now()
        self._received, self._seen = b"", 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "backprop_tui", *arguments],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            cwd=ROOT,
            env=_environment(),
            start_new_session=True,
        )

    def settings_now(self) -> list[object]:
        """Echo, line editing, control characters."""
        return list(termios.tcgetattr(self._slave))

    @property
    def raw(self) -> str:
        """All that was written to the terminal."""
        return self._received.decode("utf-8", "replace")

    @property
    def words(self) -> str:
        """What was written since the last key, without escape sequences."""
        return words(self._received[self._seen :].decode("utf-8", "replace"))

    def type(self, keys: str) -> None:
        """Press keys."""
        self._seen = len(self._received)
        os.write(self._master, keys.encode())

    def until(self, expected: str) -> None:
        """Wait until some words are written after the last key."""
        deadline = monotonic() + PATIENCE
        while expected not in self.words:
            assert monotonic() < deadline, f"no {expected!r} in {self.words!r}"
            assert self._receive(0.2) or self._process.poll() is None, f"it ended without {expected!r}: {self.words}"

    def exit_status(self) -> int:
        """Wait for the program to end, all that it writes being read."""
        deadline = monotonic() + PATIENCE
        while self._process.poll() is None:
            assert monotonic() < deadline, f"it doesn't end: {self.words}"
            self._receive(0.05)
        while self._receive(0.0):
            pass
        return self._process.returncode

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._master)
        os.close(self._slave)

    def _receive(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if ready:
            self._received += os.read(self._master, 65536)
        return bool(ready)


def words(output: str) -> str:
    """Output without its escape sequences."""
    return _ESCAPES.sub("", output)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TEXTUAL", "NO_COLOR"))}
    return {**kept, "TERM": "xterm-256color", "PYTHONUTF8": "1"}


@contextmanager
def terminal(*arguments: str) -> Iterator[Terminal]:
    running = Terminal(*arguments)
    try:
        yield running
    finally:
        running.close()


def test_a_person_opens_it_steps_both_ways_and_leaves() -> None:
    with terminal() as person:
        person.until("UPDATE")
        assert ENTERED in person.raw
        for formula in ("h = σ(p)", "z = h V", "y = σ(z)"):
            person.type(RIGHT)
            person.until(formula)
        person.type(LEFT)
        person.until("z = h V")
        assert LEFT_AGAIN not in person.raw
        person.type("q")
        assert person.exit_status() == 0
        assert person.raw.rindex(LEFT_AGAIN) > person.raw.rindex(ENTERED)
        assert person.settings_now() == person.settings


def test_a_wrong_network_leaves_the_terminal_as_it_was_with_one_line(tmp_path: Path) -> None:
    network = tmp_path / "network.toml"
    network.write_text('[equations]\nE = "sum(q)"\n[data]\nx = [[1]]\n[parameters]\nW = [[1]]\n', "utf-8")
    with terminal(str(network)) as person:
        assert person.exit_status() == 2
        told = words(person.raw[person.raw.rindex(LEFT_AGAIN) :]).strip()
        assert told.startswith(f"backprop-tui: {network}:2: [equations] E:")
        assert len(told.splitlines()) == 1
        assert person.settings_now() == person.settings
