"""Imports point one way: notation, errors, then calculus, printers, network, engine, views, tui, commands, cli."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import backprop_tui

PACKAGE = Path(backprop_tui.__file__).parent
ROOT = "backprop_tui"


def dotted(path: Path) -> str:
    parts = (ROOT, *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


PATHS = {dotted(path): path for path in sorted(PACKAGE.rglob("*.py"))}

ONLY = {
    "notation": set[str](),
    "errors": set[str](),
    "calculus": {"notation", "errors", "calculus"},
    "printers": {"notation", "errors", "calculus", "printers"},
}
"""The layers that may import these of the package and no others."""

NEVER = {
    "network": {"engine", "views", "tui", "commands", "cli"},
    "gallery": {"engine", "views", "tui", "commands", "cli"},
    "published": {"engine", "views", "tui", "commands", "cli"},
    "files": {"engine", "views", "tui", "commands", "cli"},
    "engine": {"views", "tui", "commands", "cli"},
    "views": {"tui", "commands", "cli"},
    "tui": {"commands", "cli"},
    "commands": {"tui", "cli"},
}
"""The layers that may not import these."""


def imported(module: str, code: str, *, is_package: bool = False) -> set[str]:
    """Every module that a module's code imports, wherever in it; relative imports in full."""
    package = module if is_package else module.rpartition(".")[0]
    found = set[str]()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= set(_from(node, package))
    return found


def _from(node: ast.ImportFrom, package: str) -> Iterator[str]:
    """The module that names are taken from, and those of the names that are modules themselves."""
    base = package.rsplit(".", node.level - 1)[0] if node.level else ""
    origin = ".".join(filter(None, (base, node.module)))
    submodules = [f"{origin}.{alias.name}" for alias in node.names if f"{origin}.{alias.name}" in PATHS]
    yield from submodules
    if len(submodules) < len(node.names):
        yield origin


def imports() -> Iterator[tuple[str, str]]:
    """Every import of the package's modules as (importer, imported)."""
    for module, path in PATHS.items():
        for target in imported(module, path.read_text("utf-8"), is_package=path.name == "__init__.py"):
            yield module, target


def layer(module: str) -> str:
    """The part of the package that a module belongs to; empty for the package itself and for other packages."""
    root, _, rest = module.partition(".")
    return rest.partition(".")[0] if root == ROOT else ""


def outside(module: str) -> str:
    root = module.partition(".")[0]
    return "" if root == ROOT else root


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import numpy.linalg", {"numpy.linalg"}),
        ("def f():\n    from ..engine import compile", {"backprop_tui.engine.compile"}),
        ("from ..engine.compile import Compiled", {"backprop_tui.engine.compile"}),
        ("from .. import notation", {"backprop_tui.notation"}),
        ("from . import table, latex", {"backprop_tui.views.table", "backprop_tui.views.latex"}),
        ("from .latex import render", {"backprop_tui.views.latex"}),
        ("from .. import __version__, cli", {"backprop_tui", "backprop_tui.cli"}),
        ("if TYPE_CHECKING:\n    import textual.app as app", {"textual.app"}),
    ],
)
def test_an_import_is_found_however_it_is_written(code: str, found: set[str]) -> None:
    assert imported("backprop_tui.views.markdown", code) == found


def test_every_module_is_looked_at() -> None:
    layers = {layer(module) for module in PATHS}
    assert {*ONLY, *NEVER, "cli"} <= layers
    assert {"backprop_tui.calculus.chain_rule", "backprop_tui.tui.app", "backprop_tui"} <= set(PATHS)
    assert sum(1 for _ in imports()) > 2 * len(PATHS)


@pytest.mark.parametrize("name", ONLY)
def test_a_lower_layer_imports_only_those_below_it(name: str) -> None:
    wrong = [
        (module, target)
        for module, target in imports()
        if layer(module) == name and target.startswith(ROOT) and layer(target) not in ONLY[name]
    ]
    assert wrong == []


@pytest.mark.parametrize("name", NEVER)
def test_a_layer_imports_none_above_it(name: str) -> None:
    wrong = [(module, target) for module, target in imports() if layer(module) == name and layer(target) in NEVER[name]]
    assert wrong == []


def test_views_do_not_import_one_another() -> None:
    wrong = [pair for pair in imports() if pair[0] != pair[1] and {layer(module) for module in pair} == {"views"}]
    assert wrong == []


def test_textual_is_imported_only_under_tui() -> None:
    importers = {layer(module) for module, target in imports() if outside(target) == "textual"}
    assert importers == {"tui"}


def test_the_calculus_imports_neither_numpy_nor_textual() -> None:
    used = {outside(target) for module, target in imports() if layer(module) == "calculus"}
    assert "sympy" in used
    assert not {"numpy", "textual"} & used


@pytest.mark.parametrize("name", ["notation", "errors", "cli", "gallery", "commands.train"])
def test_what_the_command_line_needs_at_once_imports_nothing_slow_at_the_top(name: str) -> None:
    tree = ast.parse(PATHS[f"{ROOT}.{name}"].read_text("utf-8"))
    top = "\n".join(ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
    assert not {"numpy", "sympy", "textual"} & {outside(target) for target in imported(f"{ROOT}.{name}", top)}


def test_a_network_that_runs_loads_nothing_of_numpys_for_tests_or_fortran() -> None:
    program = """if True:
        import sys
        from backprop_tui import gallery
        from backprop_tui.engine.trace import Trace
        network = gallery.load("attention")
        Trace(network.derivation, network.start)[0]
        print(*sys.modules)
    """
    loaded = subprocess.run([sys.executable, "-c", program], cwd=PACKAGE.parent, capture_output=True, check=True)
    names = set(loaded.stdout.decode().split())
    assert "numpy" in names
    assert not {"numpy.testing", "numpy.f2py"} & names


@pytest.mark.parametrize("word", ["--version", "--help", "list"])
def test_a_short_command_loads_neither_numpy_nor_sympy_nor_textual(word: str) -> None:
    command = [sys.executable, "-X", "importtime", "-m", ROOT, word]
    done = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True, check=True, timeout=60)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert done.stdout
    assert {"backprop_tui.cli", "click"} <= loaded
    assert not {"numpy", "sympy", "textual"} & loaded
