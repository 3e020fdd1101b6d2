"""How far a training is, on standard error: a bar that is redrawn on a terminal, a line now and then anywhere else."""

from __future__ import annotations

from time import monotonic
from types import TracebackType
from typing import Final, NamedTuple

import click
from rich import progress
from rich.console import Console

from ..engine.epochs import State

REDRAWN: Final = 0.1
LINES: Final = 10.0
"""Seconds between two pictures of the bar, and between two lines."""


class Length(NamedTuple):
    """How long a training is: its epochs, the steps of each, the samples of each step."""

    epochs: int
    steps: int
    samples: int


class Progress:
    """Shows a training while it runs: a context that is called with its state, as often as one likes.

    Parameters
    ----------
    length:
        How long it is.
    done:
        How many steps have been made before.

    """

    def __init__(self, length: Length, done: int = 0) -> None:
        self._length, self._done = length, done
        self._console = Console(stderr=True)
        self._bar = _bar(self._console)
        self._task = self._bar.add_task("", total=length.epochs * length.steps, completed=done, epoch="", words="")
        self._begun = self._last = monotonic()

    def __enter__(self) -> Progress:
        if self._console.is_interactive:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._console.is_interactive:
            self._bar.stop()

    def __call__(self, state: State) -> None:
        """Show a state, unless another was shown a moment ago."""
        interactive, now = self._console.is_interactive, monotonic()
        is_last = state.iteration == self._length.epochs * self._length.steps
        if now - self._last < (REDRAWN if interactive else LINES) and not (interactive and is_last):
            return
        self._last = now
        epoch, words = self._epoch(state), self._words(state, now - self._begun)
        if interactive:
            self._bar.update(self._task, completed=state.iteration, epoch=epoch, words=words)
        else:
            click.echo(f"{epoch}  {words}", err=True)

    def _epoch(self, state: State) -> str:
        begun = len(state.epochs) + bool(state.losses)
        return f"epoch {begun:>{len(str(self._length.epochs))}}/{self._length.epochs}"

    def _words(self, state: State, seconds: float) -> str:
        rate = (state.iteration - self._done) * self._length.samples / seconds
        return f"loss {state.loss:<10.4g}  {rate:,.0f} samples/s"


def _bar(console: Console) -> progress.Progress:
    epoch, words = progress.TextColumn("{task.fields[epoch]}"), progress.TextColumn("{task.fields[words]}")
    bar, left = progress.BarColumn(bar_width=None), progress.TimeRemainingColumn()
    return progress.Progress(epoch, bar, words, left, console=console, expand=True)
