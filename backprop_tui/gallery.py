"""The networks that ship, by name. Listing them imports neither NumPy nor SymPy."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .errors import InputError, nearest

if TYPE_CHECKING:
    from .network import Network

DEFAULT: Final = "lecture"
NETWORK_FILE: Final = "network.toml"
PUBLISHED_FILE: Final = "published.toml"


def folder() -> Path:
    """Return the folder with one folder a network: inside an installed package, beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "derivations"
    return installed if installed.is_dir() else package.parent / "derivations"


def names() -> list[str]:
    """Return the names of the networks that ship, the default first."""
    found = {path.parent.name for path in folder().glob(f"*/{NETWORK_FILE}")}
    return sorted(found, key=lambda name: (name != DEFAULT, name))


def titles() -> dict[str, str]:
    """Return each network's title by its name."""
    return {name: _title(folder() / name / NETWORK_FILE) for name in names()}


def _title(path: Path) -> str:
    contents = tomllib.loads(path.read_text("utf-8"))
    return str(contents["network"]["title"])


def find(name_or_path: str) -> Path:
    """Return the file of a network: of the gallery by name, or any by its path.

    Raises
    ------
    InputError
        Where there is neither, with the nearest name.

    """
    if name_or_path in names():
        return folder() / name_or_path / NETWORK_FILE
    path = Path(name_or_path)
    if path.is_file() or "/" in name_or_path or path.suffix == ".toml" or path.is_dir():
        return path
    expected = f"a path to a network.toml or one of {', '.join(names())}"
    raise InputError(f"no network named {name_or_path!r}", expected, nearest=nearest(name_or_path, names()))


def load(name_or_path: str) -> Network:
    """Read a network of the gallery by name, or any by the path of its file."""
    from .network import read_network

    return read_network(find(name_or_path), name_or_path if name_or_path in names() else None)
