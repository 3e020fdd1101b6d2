"""What has been done to a network, as an immutable list with a present: undo and redo only move in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..network import Network

MOST_CHANGES: Final = 100
"""How many changes can be undone."""


@dataclass(frozen=True)
class Change:
    """A change and the network that came out of it.

    Attributes
    ----------
    told:
        What was done, in a few words.
    network:
        What came out.
    path:
        Where it is saved unless told otherwise; None where it has no file of its own.
    saved:
        Whether a file holds it as it is.

    """

    told: str
    network: Network
    path: Path | None = None
    saved: bool = False


@dataclass(frozen=True)
class History:
    """Changes in order, the first of them the beginning; `at` is the present one."""

    changes: tuple[Change, ...]
    at: int = 0

    @property
    def present(self) -> Change:
        """The change that made the network at hand."""
        return self.changes[self.at]

    def made(self, change: Change) -> History:
        """Return the history with one more change; what had been undone is forgotten."""
        changes = (*self.changes[: self.at + 1], change)[-MOST_CHANGES - 1 :]
        return History(changes, len(changes) - 1)

    def undone(self) -> History | None:
        """Return the history one change earlier; None at its beginning."""
        return replace(self, at=self.at - 1) if self.at else None

    def redone(self) -> History | None:
        """Return the history with what was undone last made again; None where nothing was."""
        return replace(self, at=self.at + 1) if self.at + 1 < len(self.changes) else None

    def saved(self, path: Path) -> History:
        """Return the history after the network at hand was written to a file, over what stood there."""
        changes = [replace(change, saved=change.saved and change.path != path) for change in self.changes]
        changes[self.at] = replace(self.present, path=path, saved=True)
        return replace(self, changes=tuple(changes))
