"""What is generated, made anew: ``python -m tests.regenerate`` writes it all, `test_current` holds it current."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from unittest.mock import patch

from backprop_tui import gallery
from backprop_tui.engine.trace import Trace
from backprop_tui.network import Network
from backprop_tui.tui.app import BackpropApp
from backprop_tui.views import latex, markdown

COMMAND: Final = "python -m tests.regenerate"
FOLDER: Final = Path(__file__).parents[1] / "derivations"
RENDERED: Final[Mapping[str, Callable[..., str]]] = {
    "derivation.md": markdown.render,
    "derivation.tex": latex.render,
}
SCREENSHOT: Final = FOLDER / gallery.DEFAULT / "screenshot.svg"
SIZE: Final = (100, 30)
SHOWN: Final = "dE/dV"


def document(name: str, file: str) -> str:
    """Return a derivation as `export` writes it."""
    network = gallery.load(name)
    trace = Trace(network.derivation, network.start, network.inputs)
    return RENDERED[file](network.derivation, trace, title=network.title or network.name, about=network.about)


def screenshot() -> str:
    """Return the README's picture as SVG: the gradient of V in the lecture's second iteration, in the dark theme."""
    with patch.dict(os.environ):
        os.environ.pop("NO_COLOR", None)
        return asyncio.run(_screenshot(gallery.load(gallery.DEFAULT)))


async def _screenshot(network: Network) -> str:
    steps = [stage.name for stage in network.derivation].index(SHOWN)
    app = BackpropApp(gallery.find(gallery.DEFAULT), gallery.DEFAULT)
    async with app.run_test(size=SIZE) as pilot:
        app.theme = "textual-dark"
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("n", *["right"] * steps)
        await pilot.pause()
        return app.export_screenshot()


def main() -> None:
    """Write every file that is generated."""
    for name in gallery.names():
        for file in RENDERED:
            _write(FOLDER / name / file, document(name, file))
    _write(SCREENSHOT, screenshot())


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", newline="\n")
    print(path.relative_to(FOLDER.parent))


if __name__ == "__main__":
    main()
