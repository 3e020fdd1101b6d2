"""A program in a real pseudo-terminal, driven by keys."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, perf_counter

ROOT = Path(__file__).parent.parent
PATIENCE = 60.0
"""Seconds within which anything awaited must have happened; it takes one or two."""

RIGHT, LEFT = "\x1b[C", "\x1b[D"
ENTERED, LEFT_AGAIN = "\x1b[?1049h", "\x1b[?1049l"
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[P\]^_].*?(?:\x1b\\|\x07)|\x1b[ -/]*[0-~]", re.DOTALL)


class Terminal:
    """A terminal with a Python program in it."""

    def __init__(self, *command: str, size: tuple[int, int] = (80, 24), term: str = "xterm-256color") -> None:
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.settings = self.settings_now()
        self._received, self._seen = b"", 0
        self._process = subprocess.Popen(
            [sys.executable, *command],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            cwd=ROOT,
            env=_environment(term),
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

    def interrupt(self) -> None:
        """Do what Ctrl-C does in a shell."""
        self._seen = len(self._received)
        self._process.send_signal(signal.SIGINT)

    def until(self, expected: str) -> None:
        """Wait until some words are written after the last key."""
        deadline = monotonic() + PATIENCE
        while expected not in self.words:
            assert monotonic() < deadline, f"no {expected!r} in {self.words!r}"
            assert self._receive(0.2) or self._process.poll() is None, f"it ended without {expected!r}: {self.words}"

    def drawn(self, quiet: float = 0.05) -> float:
        """Wait until something was written and then nothing for a while; return when the last of it came."""
        self._receive(1.0)
        last = perf_counter()
        while self._receive(quiet):
            last = perf_counter()
        return last

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


def _environment(term: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TEXTUAL", "NO_COLOR"))}
    return {**kept, "TERM": term, "PYTHONUTF8": "1"}


@contextmanager
def terminal(*arguments: str, term: str = "xterm-256color") -> Iterator[Terminal]:
    """Run backprop-tui in a terminal of that kind."""
    running = Terminal("-m", "backprop_tui", *arguments, term=term)
    try:
        yield running
    finally:
        running.close()
