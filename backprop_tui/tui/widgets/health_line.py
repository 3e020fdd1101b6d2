"""One line that warns of the gravest thing wrong at this iteration; nothing where all is well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

if TYPE_CHECKING:
    from ...engine.health import Finding


class HealthLine(Static):
    """Shows findings, the gravest first; choosing it asks for the place of the one that is shown.

    Parameters
    ----------
    key:
        The key that chooses it, as a person reads it; it belongs to the screen around it.

    """

    DEFAULT_CSS = """
    HealthLine {
        width: 100%;
        height: 1;
        padding: 0 1;
        display: none;
        color: $text-error;
        background: $error-muted;
        text-wrap: nowrap;
        text-overflow: ellipsis;

        &.-unwell { display: block; }
        &:ansi { background: transparent; color: ansi_red; text-style: bold; }
    }
    """

    @dataclass
    class Chosen(Message):
        """The place of a finding is asked for."""

        finding: Finding

    def __init__(self, key: str = "") -> None:
        super().__init__(markup=False)
        self._key = key
        self._findings: Sequence[Finding] = ()
        self._shown = 0
        self._is_chosen = False

    def show(self, findings: Sequence[Finding]) -> None:
        """Show what is wrong, the gravest of it; hide where nothing is."""
        if list(findings) != list(self._findings):
            self._findings, self._shown, self._is_chosen = tuple(findings), 0, False
        self.set_class(bool(self._findings), "-unwell")
        self._tell()

    def choose(self) -> None:
        """Ask for the place of the finding that is chosen."""
        finding = self.chosen()
        if finding is not None:
            self.post_message(self.Chosen(finding))

    def chosen(self) -> Finding | None:
        """Return the finding that is shown; chosen again, show the next one and return that. None where all is well."""
        if not self._findings:
            return None
        self._shown = (self._shown + self._is_chosen) % len(self._findings)
        self._is_chosen = True
        self._tell()
        return self._findings[self._shown]

    def on_click(self, event: Click) -> None:
        event.stop()
        self.choose()

    def _tell(self) -> None:
        if not self._findings:
            return
        more = f" ({self._shown + 1} of {len(self._findings)})" if len(self._findings) > 1 else ""
        goes = f" {self._key} goes there" if self._key else ""
        sentence = self._findings[self._shown].sentence
        self.update(Content.assemble(("! ", "bold"), sentence, (f"{more}{goes}", "bold")), layout=False)
