"""The networks that ship are found by name, from a checkout and from a wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import backprop_tui
from backprop_tui import gallery
from backprop_tui.errors import InputError
from backprop_tui.network import read_network

CHECKOUT = Path(__file__).parents[1]
SHIPPED = sorted(path.parent.name for path in (CHECKOUT / "derivations").glob("*/network.toml"))


def test_every_folder_with_a_network_ships() -> None:
    assert sorted(gallery.names()) == SHIPPED


def test_the_lecture_comes_first_and_the_rest_in_alphabetic_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("zebra", "lecture", "adder"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "network.toml").touch()
    monkeypatch.setattr(gallery, "folder", lambda: tmp_path)
    assert gallery.names() == ["lecture", "adder", "zebra"]


def test_a_folder_without_a_network_is_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "network.toml").touch()
    monkeypatch.setattr(gallery, "folder", lambda: tmp_path)
    assert gallery.names() == []


def test_titles_are_those_in_the_files() -> None:
    titles = gallery.titles()
    assert list(titles) == gallery.names()
    for name, title in titles.items():
        contents = tomllib.loads((CHECKOUT / "derivations" / name / "network.toml").read_text("utf-8"))
        assert title == contents["network"]["title"]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_name_is_found_as_its_file(name: str) -> None:
    assert gallery.find(name).samefile(CHECKOUT / "derivations" / name / "network.toml")


@pytest.mark.parametrize("name", SHIPPED)
def test_every_network_that_ships_has_a_title_a_reason_and_something_to_look_at(name: str) -> None:
    network = gallery.load(name)
    assert network.name == name
    assert all((network.title, network.about, network.look_at))


@pytest.mark.parametrize("path", ["my/network.toml", "network.toml", "./x", "/nowhere/at/all"])
def test_a_path_is_left_to_be_read_even_where_nothing_stands(path: str) -> None:
    assert gallery.find(path) == Path(path)


def test_a_file_of_any_name_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").touch()
    monkeypatch.chdir(tmp_path)
    assert gallery.find("mine") == Path("mine")


def test_a_name_of_the_gallery_goes_before_a_file_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lecture").touch()
    monkeypatch.chdir(tmp_path)
    assert gallery.find("lecture") == gallery.folder() / "lecture" / "network.toml"


def test_what_is_neither_is_told_with_the_names_and_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        gallery.find("lectur")
    told = f"no network named 'lectur'; expected a path to a network.toml or one of {', '.join(gallery.names())}"
    assert str(caught.value) == f"{told}; did you mean 'lecture'?"


def test_a_network_of_ones_own_is_loaded_by_its_path(tmp_path: Path) -> None:
    path = shutil.copy(gallery.find("lecture"), tmp_path / "network.toml")
    network = gallery.load(str(path))
    assert network.name == tmp_path.name
    assert network.equations == read_network(gallery.find("lecture")).equations


def installed(tmp_path: Path, code: str) -> list[str]:
    """Lay the package out as a wheel does and run code with it; return the lines it prints."""
    package = Path(backprop_tui.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__", "derivations")
    shutil.copytree(package, tmp_path / "backprop_tui", ignore=ignored)
    shutil.copytree(gallery.folder(), tmp_path / "backprop_tui" / "derivations")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    return ran.stdout.splitlines()


def test_an_installed_package_brings_its_networks(tmp_path: Path) -> None:
    code = (
        "from backprop_tui import gallery\n"
        "print(gallery.folder())\n"
        "print(*gallery.names())\n"
        "print(gallery.load('lecture').derivation.loss)\n"
    )
    expected = [str(tmp_path / "backprop_tui" / "derivations"), " ".join(gallery.names()), "E"]
    assert installed(tmp_path, code) == expected


def test_listing_the_networks_imports_neither_numpy_nor_sympy(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from backprop_tui import gallery\n"
        "print(*gallery.titles())\n"
        "print(*sorted({'numpy', 'sympy'} & set(sys.modules)))\n"
    )
    assert installed(tmp_path, code) == [" ".join(gallery.names()), ""]
