"""README's examples run, and its tables are the whole language."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import numpy as np
import pytest

from backprop_tui import gallery
from backprop_tui.calculus.optimisers import OPTIMISERS
from backprop_tui.calculus.vocabulary import CONSTANTS, FUNCTIONS, LOSSES, MATRIX_FUNCTIONS
from backprop_tui.cli import cli
from backprop_tui.engine.gradient_check import check
from backprop_tui.network import read_network
from backprop_tui.network.matrices import MatrixReader
from backprop_tui.network.reader import KEYS

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
TOML = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
NETWORKS = [block for block in TOML if "[data]" in block]


def _section(title: str) -> str:
    return README.split(f"### {title}\n", 1)[1].split("\n#", 1)[0]


def _cells(section: str) -> list[list[str]]:
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows]


def _code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


@pytest.mark.parametrize("block", NETWORKS, ids=range(len(NETWORKS)))
def test_a_network_of_the_readme_is_read_and_proven(block: str, tmp_path: Path) -> None:
    path = tmp_path / "network.toml"
    path.write_text(block, "utf-8")
    network = read_network(path)
    assert check(network.derivation, network.start).agrees


def test_the_five_equations_are_those_of_the_lecture() -> None:
    (block,) = [block for block in TOML if "[data]" not in block and "[equations]" in block]
    assert tomllib.loads(block)["equations"] == gallery.load("lecture").equations


def test_the_tables_name_every_function_and_no_other() -> None:
    named = {word for row in _cells(_section("Equations")) for word in _code(row[0])}
    words = {word for word in named if re.fullmatch(r"[a-z_]+", word)}
    assert words == {*FUNCTIONS, *MATRIX_FUNCTIONS, *CONSTANTS}


def test_the_losses_stand_for_what_the_table_says() -> None:
    rows = [row for row in _cells(_section("Equations")) if "(y, t)`" in row[0]]
    told = {_code(row[0])[0].removesuffix("(y, t)"): _code(row[1])[0] for row in rows}
    assert told == LOSSES


def _matrix_examples() -> list[str]:
    return [code for row in _cells(_section("Data and parameters")) for code in _code(row[0]) if code[0] in "[{"]


@pytest.mark.parametrize("text", _matrix_examples())
def test_a_matrix_of_the_table_is_read(text: str, tmp_path: Path) -> None:
    table = np.column_stack([np.arange(500.0).reshape(100, 5)[:, :4], np.arange(100) % 3])
    np.savetxt(tmp_path / "x.csv", table, delimiter=",", header="a,b,c,d,class")
    np.save(tmp_path / "x.npy", table)
    np.savez(tmp_path / "all.npz", x=table, t=table)
    value = tomllib.loads(f"value = {text}")["value"]
    if isinstance(value, dict):
        value.pop("frozen", None)
    assert MatrixReader(tmp_path, np.random.default_rng(0)).read(value, "x").ndim == 2


def test_the_table_of_training_names_every_key() -> None:
    told = {word for row in _cells(_section("Training"))[1:] for word in _code(row[0])}
    assert told == set(KEYS["training"])
    assert all(f'"{name}"' in _section("Training") for name in OPTIMISERS)


def test_every_command_of_the_readme_exists() -> None:
    lines = [code for code in _code(README) if code.startswith("backprop-tui ")]
    for line in lines:
        words = shlex.split(line.replace("\n", " "))[1:]
        command = cli.commands.get(words[0])
        options = {option for param in (command or cli.commands["run"]).params for option in param.opts}
        assert {word for word in words if word.startswith("-")} <= options, line
