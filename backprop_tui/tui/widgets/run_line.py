"""How far a long run is: a line with a bar, shown while it runs."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import ProgressBar, Static


class RunLine(Horizontal):
    """The bar, the iteration, the loss, and the key that stops it."""

    DEFAULT_CSS = """
    RunLine {
        height: 1;
        display: none;
        padding: 0 1;
        background: $panel;

        &.-running { display: block; }
        & > ProgressBar { width: 28; }
        & > ProgressBar > Bar { width: 1fr; }
        & > Static { width: 1fr; padding: 0 2; text-wrap: nowrap; }
    }
    """

    def compose(self) -> ComposeResult:
        yield ProgressBar(show_eta=False)
        yield Static(markup=False)

    def start(self, iterations: int) -> None:
        """Show the bar, empty, of a run of so many iterations."""
        self.query_one(ProgressBar).update(total=iterations, progress=0)
        self.query_one(Static).update("")
        self.add_class("-running")

    def show(self, done: int, told: str) -> None:
        """Show how many iterations are done, with some words."""
        self.query_one(ProgressBar).update(progress=done)
        self.query_one(Static).update(told, layout=False)

    def stop(self) -> None:
        """Hide the bar."""
        self.remove_class("-running")
