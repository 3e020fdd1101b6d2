"""A session: the network at hand with its run, what has been done to it, and what would undo it. No Textual.

Deriving takes a moment. So each change comes in two halves: one that `prepare` does, in a worker, and `apply`, which
takes its result over at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from .. import gallery
from ..engine.trace import Trace
from ..network import Network
from ..network.edits import Edit
from ..network.moment import Moment
from ..network.writer import save
from .history import Change, History


@dataclass(frozen=True)
class Prepared:
    """A change that waits to be taken over.

    Attributes
    ----------
    trace:
        The run of the changed network, up to the end of the iteration that was asked for.
    history:
        What will have been done.
    base:
        What had been done when it was prepared.
    moment:
        Where it leads, if it is a network opened at a moment.

    """

    trace: Trace
    history: History
    base: History
    moment: Moment | None = None

    @property
    def network(self) -> Network:
        """The changed network."""
        return self.history.present.network


class Session:
    """The network at hand and its run; every change can be undone.

    Parameters
    ----------
    network:
        What to begin with; the iteration of the moment that it leads to is begun.
    cancelled:
        Asked before each iteration that is run ahead whether to leave the rest for when it is needed.

    """

    def __init__(self, network: Network, cancelled: Callable[[], bool] = lambda: False) -> None:
        self._cancelled = cancelled
        self._history = History((_opened("", network),))
        self.trace = Trace(network.derivation, network.start, network.inputs)
        self.begin(_leads_to(network.moment))

    def begin(self, iteration: int) -> bool:
        """Run all iterations before this one, and begin it; return whether that was not cancelled."""
        return self._begin(self.trace, iteration)

    @property
    def network(self) -> Network:
        """The network at hand."""
        return self._history.present.network

    # Changes

    def prepare(self, edit: Edit, iteration: int = 0) -> Prepared:
        """Make an edit of the network at hand, and run it as far as an iteration.

        Raises
        ------
        InputError
            Where the edit can't be made, or nothing can be derived from what it makes.

        """
        base = self._history
        change = Change(str(edit), edit(base.present.network), base.present.path)
        return self._prepared(base, base.made(change), iteration)

    def prepare_opening(self, source: gallery.Source) -> Prepared:
        """Open another network, and run it as far as the moment that it leads to.

        Raises
        ------
        InputError
            Where it can't be read.

        """
        base, network = self._history, gallery.read(source)
        opened = base.made(_opened(f"open {network.name}", network))
        return replace(self._prepared(base, opened, _leads_to(network.moment)), moment=network.moment)

    def prepare_undo(self, iteration: int = 0) -> Prepared | None:
        """Go back by one change; None where there is none."""
        base = self._history
        undone = base.undone()
        return self._prepared(base, undone, iteration) if undone else None

    def prepare_redo(self, iteration: int = 0) -> Prepared | None:
        """Make the change again that was undone last; None where there is none."""
        base = self._history
        redone = base.redone()
        return self._prepared(base, redone, iteration) if redone else None

    def apply(self, prepared: Prepared) -> bool:
        """Take a prepared change over; return False where something else was done since it was prepared."""
        if prepared.base is not self._history:
            return False
        self._history, self.trace = prepared.history, prepared.trace
        return True

    @property
    def undo_told(self) -> str | None:
        """What going back would undo, ``W[0,1] = 0.5``; None where there is nothing."""
        return self._history.present.told if self._history.undone() else None

    @property
    def redo_told(self) -> str | None:
        """What would be made again; None where there is nothing."""
        redone = self._history.redone()
        return redone.present.told if redone else None

    # Files

    @property
    def unsaved(self) -> bool:
        """Whether no file holds the network at hand."""
        return not self._history.present.saved

    @property
    def path(self) -> Path:
        """Where to save unless told otherwise: never over a network that ships."""
        return self._history.present.path or Path(f"{self.network.name}.toml")

    def save(self, path: Path, moment: Moment | None = None) -> None:
        """Write the network at hand as a network.toml, with the moment that it leads to.

        Raises
        ------
        InputError
            Where it can't be written; what was there is then as it was.

        """
        save(self.network, path, moment)
        self._history = self._history.saved(path)

    def _prepared(self, base: History, history: History, iteration: int) -> Prepared:
        network = history.present.network
        if network.derivation is self.trace.derivation:
            trace = self.trace.again(network.start, network.inputs)
        else:
            trace = Trace(network.derivation, network.start, network.inputs)
        if self._begin(trace, iteration):
            dict(trace[iteration])  # which computes all its stages
        return Prepared(trace, history, base)

    def _begin(self, trace: Trace, iteration: int) -> bool:
        for number in range(iteration + 1):
            if self._cancelled():
                return False
            trace[number]
        return True


def _leads_to(moment: Moment | None) -> int:
    return moment.iteration if moment else 0


def _opened(told: str, network: Network) -> Change:
    """Return the change that opens a network; one that ships has no file to be saved over."""
    source = network.source
    ships = source is not None and source.resolve().is_relative_to(gallery.folder().resolve())
    return Change(told, network, None if ships else source, saved=source is not None)
