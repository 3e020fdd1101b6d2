"""What is generated, made anew: ``python -m tests.regenerate`` writes it all, `test_current` holds it current."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
SHOWN: Final = "dE/dV"


@dataclass(frozen=True)
class Picture:
    """A screen of the gradient of V in the lecture's second iteration, kept as SVG."""

    path: Path
    size: tuple[int, int] = (80, 24)
    theme: str = "textual-dark"
    keys: tuple[str, ...] = ()
    colour: bool = True


SCREENSHOT: Final = Picture(FOLDER / gallery.DEFAULT / "screenshot.svg", (120, 40), keys=("m", "down", "right"))
_GOLDENS: Final = Path(__file__).parent / "goldens"
PICTURES: Final = (
    SCREENSHOT,
    Picture(_GOLDENS / "light.svg", theme="textual-light", keys=("m", "down", "full_stop")),
    Picture(_GOLDENS / "heat-map.svg", keys=("v", "v", "2")),
    Picture(_GOLDENS / "without-colour.svg", keys=("v", "v", "3"), colour=False),
)
"""The pictures that are kept: one for the README, and goldens of what text can't tell."""


def document(name: str, file: str) -> str:
    """Return a derivation as `export` writes it."""
    network = gallery.load(name)
    trace = Trace(network.derivation, network.start, network.inputs)
    return RENDERED[file](network.derivation, trace, title=network.title or network.name, about=network.about)


def drawn(picture: Picture) -> str:
    """Return a picture as SVG."""
    with patch.dict(os.environ):
        os.environ.pop("NO_COLOR", None)
        if not picture.colour:
            os.environ["NO_COLOR"] = "1"
        return asyncio.run(_drawn(picture, gallery.load(gallery.DEFAULT)))


async def _drawn(picture: Picture, network: Network) -> str:
    steps = [stage.name for stage in network.derivation].index(SHOWN)
    app = BackpropApp(gallery.find(gallery.DEFAULT), gallery.DEFAULT, theme=picture.theme)
    async with app.run_test(size=picture.size) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("n", *["right"] * steps, *picture.keys)
        before = ""
        while (now := app.export_screenshot()) != before:
            before = now
            await pilot.pause()
        return now


def main() -> None:
    """Write every file that is generated."""
    for name in gallery.names():
        for file in RENDERED:
            _write(FOLDER / name / file, document(name, file))
    for picture in PICTURES:
        _write(picture.path, drawn(picture))


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", newline="\n")
    print(path.relative_to(FOLDER.parent))


if __name__ == "__main__":
    main()
