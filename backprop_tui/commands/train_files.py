"""The files that a training writes while it runs and at its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final

from ..engine.checkpoint import check_replaceable, save
from ..engine.epochs import State
from ..errors import InputError
from ..files import write
from ..network import Network
from ..views import metrics

SAVED_EVERY: Final = 60.0
METRICS_EVERY: Final = 1.0
"""Seconds between two writings while a training runs."""


class TrainFiles:
    """Writes the state of a training, and a table of its epochs.

    Parameters
    ----------
    network:
        What is trained.
    state, table:
        The names of the two files; None for those that aren't wanted.
    clock:
        The time in seconds.

    Raises
    ------
    InputError
        Where they couldn't be written at the end either.

    """

    def __init__(
        self, network: Network, state: Path | None, table: Path | None, clock: Callable[[], float] = monotonic
    ) -> None:
        self._network, self._clock = network, clock
        self.state, self.table = state, table
        if state is not None:
            _check_folder(state, "--save")
            check_replaceable(state)
        if table is not None:
            _check_folder(table, "--metrics")
            if table.suffix != ".csv":
                raise InputError(f"the file {table.name!r}", "a name that ends in .csv", key="--metrics")
        self._saved = self._listed = clock()

    def now_and_then(self, state: State) -> None:
        """Write what hasn't been written for a while."""
        now = self._clock()
        if now - self._saved >= SAVED_EVERY:
            self._saved = now
            self.save(state)
        if now - self._listed >= METRICS_EVERY:
            self._listed = now
            self.list(state)

    def save(self, state: State) -> None:
        """Write the state."""
        if self.state is not None:
            save(self.state, state, self._network)

    def list(self, state: State) -> None:
        """Write the table of the complete epochs."""
        if self.table is not None:
            batches, samples = self._network.batches, self._network.samples
            write(self.table, metrics.render(state.epochs, samples - samples % batches.size if batches else samples))


def _check_folder(path: Path, key: str) -> None:
    if not path.resolve().parent.is_dir():
        raise InputError(f"no folder {str(path.parent)!r}", "a file in a folder that is there", key=key)
