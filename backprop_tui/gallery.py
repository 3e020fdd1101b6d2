"""The networks that ship, by name. Listing them imports neither NumPy nor SymPy."""

from __future__ import annotations

from dataclasses import dataclass
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
    import tomllib

    contents = tomllib.loads(path.read_text("utf-8"))
    return str(contents["network"]["title"])


def exists(path: Path) -> bool:
    """Whether something is there; a name that no file can have isn't."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


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
    if "/" in name_or_path or path.suffix == ".toml" or (name_or_path and exists(path)):
        return path
    expected = f"a path to a network.toml or one of {', '.join(names())}"
    raise InputError(f"no network named {name_or_path!r}", expected, nearest=nearest(name_or_path, names()))


@dataclass(frozen=True)
class Recipe:
    """A network in the command line's words, not yet made: it costs no import.

    Attributes
    ----------
    layers, activation, loss:
        ``3-4-2``, ``tanh,softmax``, ``cross_entropy``.
    bias:
        Whether layers have biases.
    seed, samples:
        What data and parameters are drawn from, and how many rows the data have.

    """

    layers: str
    activation: str = "sigmoid"
    loss: str = "squared_error"
    bias: bool = False
    seed: int = 0
    samples: int = 1


Source = Path | Recipe
"""Where a network comes from."""


def name_of(source: Source) -> str:
    """Return the name of a network before it is read: its folder's, or that of a file with a name of its own."""
    if isinstance(source, Recipe):
        return source.layers
    return source.resolve().parent.name if source.name == NETWORK_FILE else source.stem


def read(source: Source) -> Network:
    """Read or make a network.

    Raises
    ------
    InputError
        Where the file, or a word of the recipe, is wrong.

    """
    from .network import from_layers, parse_layers, read_network

    if isinstance(source, Recipe):
        layers = parse_layers(source.layers, source.activation, source.loss, source.bias)
        return from_layers(layers, source.seed, source.samples)
    return read_network(source, name_of(source))


def load(name_or_path: str) -> Network:
    """Read a network of the gallery by name, or any by the path of its file."""
    return read(find(name_or_path))
