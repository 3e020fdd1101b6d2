"""What is generated and kept is what would be generated now."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from backprop_tui import cli, gallery

from . import regenerate

RUN = f"is not what the code makes: run {regenerate.COMMAND}"


def text_of(path: Path) -> str:
    """Return what a file holds, nothing where there is none: that isn't current either."""
    return path.read_text("utf-8") if path.exists() else ""


def test_the_command_named_is_this_projects_own() -> None:
    package, _, module = regenerate.COMMAND.removeprefix("python -m ").partition(".")
    assert (Path(__file__).parents[1] / package / f"{module}.py").samefile(regenerate.__file__)


@pytest.mark.parametrize("file", regenerate.RENDERED)
@pytest.mark.parametrize("name", gallery.names())
def test_the_derivation_kept_is_current(name: str, file: str) -> None:
    path = regenerate.FOLDER / name / file
    assert text_of(path) == regenerate.document(name, file), f"{path} {RUN}"


@pytest.mark.parametrize(("form", "file"), [("markdown", "derivation.md"), ("latex", "derivation.tex")])
@pytest.mark.parametrize("name", gallery.names())
def test_the_derivation_kept_is_what_export_writes(
    capsys: pytest.CaptureFixture[str], name: str, form: str, file: str
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["export", name, "--to", form])
    path = regenerate.FOLDER / name / file
    assert text_of(path) == capsys.readouterr().out, f"{path} {RUN}"


@pytest.fixture(scope="module")
def fresh() -> list[str]:
    return lines(regenerate.drawn(regenerate.SCREENSHOT))


@pytest.fixture(scope="module")
def kept() -> list[str]:
    return lines(text_of(regenerate.SCREENSHOT.path) or "<svg/>")


CELL_WIDTH = 12.2
"""Of one character in Rich's pictures."""


def lines(svg: str) -> list[str]:
    """Return what stands in a picture, line by line as on the screen, without its colours."""
    rows: dict[float, str] = {}
    elements = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    for element in sorted(elements, key=lambda element: float(element.attrib["x"])):
        height, column = float(element.attrib["y"]), round(float(element.attrib["x"]) / CELL_WIDTH)
        words = "".join(element.itertext()).replace("\N{NO-BREAK SPACE}", " ")
        rows[height] = rows.get(height, "").ljust(column) + words
    return [rows[height].rstrip() for height in sorted(rows)]


def test_the_screenshot_kept_shows_what_the_app_shows(fresh: list[str], kept: list[str]) -> None:
    assert kept == fresh, f"{regenerate.SCREENSHOT.path} {RUN}"


def test_the_screenshot_shows_the_gradient_of_V_in_the_second_iteration(kept: list[str]) -> None:
    text = "\n".join(kept)
    assert "∂E/∂V  ·  gradient  ·  4×2" in text
    assert "iteration 1   E = 0.853428" in text
    assert "deriving" not in text


def test_the_screenshot_has_the_size_of_a_common_terminal(kept: list[str]) -> None:
    screen = kept[:1] + kept[2:]  # without the title of the window
    assert len(screen) == 40
    assert 80 < max(map(len, screen)) <= 120


@pytest.mark.parametrize("picture", regenerate.PICTURES[1:], ids=lambda picture: picture.path.stem)
def test_a_golden_picture_is_drawn_the_same_colours_and_all(picture: regenerate.Picture) -> None:
    kept, now = picture.path.read_text("utf-8"), regenerate.drawn(picture)
    assert lines(now) == lines(kept)
    assert now == kept, f"{picture.path} {RUN}"
