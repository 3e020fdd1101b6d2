"""A ``network.toml``, read. Nothing in it is evaluated; whatever is wrong is told with file, line and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from keyword import kwlist
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..calculus.optimisers import OPTIMISERS
from ..calculus.vocabulary import CONSTANTS, FUNCTIONS, LOSSES, MATRIX_FUNCTIONS
from ..errors import InputError, nearest
from ..notation import LEARNING_RATE
from . import values
from .layers import Layers, read_layers
from .matrices import MatrixReader, check_size
from .model import ORDERS, Batches, Matrix, Network, Table
from .moment import KEYS as MOMENT
from .moment import read_moment

TOLD: Final = ("title", "about", "look_at")
SHORTHAND: Final = ("layers", "activations", "loss", "bias")
TRAINING: Final = ("learning_rate", "iterations", "optimiser", "batch_size", "order")
OPTIMISER_CONSTANTS: Final = tuple(name for optimiser in OPTIMISERS.values() for name in optimiser.constants)

KEYS: Final = {
    "network": (*TOLD, *SHORTHAND),
    "equations": (),
    "functions": (),
    "data": (),
    "parameters": (),
    "random": ("stream", "seed"),
    "training": (*TRAINING, *OPTIMISER_CONSTANTS),
    "moment": MOMENT,
}
"""The sections of a file, with the keys of those whose keys are fixed."""

STREAMS: Final = ("legacy", "generator")
MAX_FILE_BYTES: Final = 10_000_000

_HEADER = re.compile(r"\[\s*([\w-]+)\s*\]\s*(#.*)?")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")
_RESERVED = {"ones", *kwlist, LEARNING_RATE, *FUNCTIONS, *MATRIX_FUNCTIONS, *LOSSES, *CONSTANTS}


def read_network(path: Path, name: str = "") -> Network:
    """Read a network from a file; unless told otherwise, it is called by the folder that the file is in.

    Raises
    ------
    InputError
        Where the file can't be read or is no network; its equations are read too.

    """
    text = _text(path)
    try:
        contents = _toml(text)
        network = _Reader(contents, path).network(name or path.resolve().parent.name)
        derivation = network.derivation  # reads the equations, so that their mistakes are told now
        if "moment" in contents:
            network = network.changed(moment=read_moment(contents["moment"], derivation))
    except InputError as error:
        error.file = str(path)
        error.line = error.line or _line_of(text, error.key)
        raise
    return network


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise InputError("not a regular file", "a network.toml", file=str(path))
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"{path.stat().st_size} bytes", f"at most {MAX_FILE_BYTES}", file=str(path))
        return path.read_text("utf-8")
    except IsADirectoryError:
        raise InputError("a directory", "a network.toml", file=str(path)) from None
    except UnicodeDecodeError:
        raise InputError("not a text file", "a network.toml in UTF-8", file=str(path)) from None
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"can't be read ({told})", file=str(path)) from None


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and integers of too many digits
        message = str(error)
        found = re.search(r"\(at line (\d+), column \d+\)", message)
        told = message[: found.start()].strip() if found else message
        raise InputError(f"not TOML: {told}", line=int(found[1]) if found else None) from None
    except RecursionError:
        raise InputError("nested too deep", "a network.toml") from None


def _line_of(text: str, key: str) -> int | None:
    """Find the line of a key such as ``[parameters] W``, or of its section."""
    section, _, name = key.partition(":")[0].partition(" ")
    inside, header = False, None
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if found := _HEADER.fullmatch(stripped):
            inside = f"[{found[1]}]" == section
            header = number if inside and header is None else header
        elif inside and name and re.match(rf"[\"']?{re.escape(name)}[\"']?\s*=", stripped):
            return number
    return header


class _Reader:
    """The checks of one file's contents."""

    def __init__(self, contents: dict[str, Any], path: Path) -> None:
        self.contents, self.path = contents, path

    def network(self, name: str) -> Network:
        self._check_keys()
        layers = self._layers()
        equations = layers.equations() if layers else self._equations()
        matrices = MatrixReader(self.path.parent, self._stream())
        parameters, frozen = self._parameters(matrices, layers)
        data = {key: matrices.read(value, f"[data] {key}") for key, value in self._section("data").items()}
        if not data:
            raise InputError("missing", "at least one input, such as x = [[1, 2, 1]]", key="[data]")
        batches = self._batches(data)
        data = data if batches else self._in_memory(data)
        self._check_names(equations, data, parameters)
        training = self._section("training")
        optimiser = OPTIMISERS[values.choice(training.get("optimiser", "descent"), OPTIMISERS, "[training] optimiser")]
        return Network(
            name,
            equations,
            data,
            parameters,
            values.number(training.get("learning_rate", 0.1), "[training] learning_rate"),
            values.count(training.get("iterations", 10), "[training] iterations"),
            functions=self._functions(),
            frozen=frozen,
            optimiser=optimiser,
            constants=self._constants(optimiser.constants),
            batches=batches,
            seed=self._seed(),
            source=self.path,
            **self._told(),
        )

    def _told(self) -> dict[str, Any]:
        section = self._section("network")
        return {key: values.string(section.get(key, ""), f"[network] {key}") for key in TOLD}

    def _section(self, name: str) -> dict[str, Any]:
        section = self.contents.get(name, {})
        if not isinstance(section, dict):
            raise InputError(values.told(section), "a section", key=f"[{name}]")
        return section

    def _check_keys(self) -> None:
        for section in self.contents:
            if section not in KEYS:
                expected = f"one of {', '.join(KEYS)}"
                raise InputError("no such section", expected, key=f"[{section}]", nearest=nearest(section, KEYS))
            for key in self._section(section):
                known = KEYS[section]
                if known and key not in known:
                    expected = f"one of {', '.join(known)}"
                    raise InputError("no such key", expected, key=f"[{section}] {key}", nearest=nearest(key, known))

    def _layers(self) -> Layers | None:
        table = self._section("network")
        if "layers" not in table:
            unused = [key for key in SHORTHAND if key in table]
            if unused:
                raise InputError("without layers", "layers = [3, 4, 2] with it", key=f"[network] {unused[0]}")
            return None
        if self._section("equations"):
            raise InputError("layers and equations", "one of the two", key="[network] layers")
        return read_layers(table)

    def _equations(self) -> dict[str, str]:
        section = self._section("equations")
        if not section:
            raise InputError("missing", 'the forward pass, such as p = "x @ W"', key="[equations]")
        return {key: values.string(value, f"[equations] {key}") for key, value in section.items()}

    def _functions(self) -> dict[str, str]:
        section = self._section("functions")
        for name in section:
            if not _NAME.fullmatch(name) or name in _RESERVED:
                raise InputError("no name for a function", "a name not yet taken", key=f"[functions] {name}")
        return {key: values.string(value, f"[functions] {key}") for key, value in section.items()}

    def _parameters(self, matrices: MatrixReader, layers: Layers | None) -> tuple[dict[str, Matrix], frozenset[str]]:
        section = dict(self._section("parameters"))
        if layers:
            section = {**layers.parameters(), **section}
        if not section:
            raise InputError("missing", "at least one parameter", key="[parameters]")
        read, frozen = {}, set()
        for name, value in section.items():
            key = f"[parameters] {name}"
            if isinstance(value, dict) and "frozen" in value:
                frozen |= {name} if values.truth(value["frozen"], key) else set()
                value = {word: told for word, told in value.items() if word != "frozen"}
            read[name] = np.array(matrices.read(value, key), dtype=float)
        return read, frozenset(frozen)

    def _stream(self) -> Any:
        """Return the random numbers that parameters and data are drawn from, in the order in which they are listed."""
        stream = values.choice(self._section("random").get("stream", "generator"), STREAMS, "[random] stream")
        seed = self._seed()
        return np.random.RandomState(seed) if stream == "legacy" else np.random.default_rng(seed)

    def _constants(self, known: Mapping[str, float]) -> dict[str, float]:
        training = self._section("training")
        for name in OPTIMISER_CONSTANTS:
            if name in training and name not in known:
                optimiser = training.get("optimiser", "descent")
                raise InputError(f"{optimiser} has no {name}", "an optimiser that has it", key=f"[training] {name}")
        return {name: values.number(training[name], f"[training] {name}") for name in known if name in training}

    def _in_memory(self, data: Mapping[str, Table]) -> dict[str, Matrix]:
        """Return data of which all rows are used at every iteration."""
        for name, matrix in data.items():
            check_size((matrix.shape[0], matrix.shape[1]), f"[data] {name}: without [training] batch_size")
        return {name: np.require(matrix, float, ["ALIGNED"]) for name, matrix in data.items()}

    def _batches(self, data: Mapping[str, Table]) -> Batches | None:
        training = self._section("training")
        if "batch_size" not in training:
            if "order" in training:
                raise InputError("without batch_size", "batch_size with it", key="[training] order")
            return None
        samples = max(map(len, data.values()))
        size = values.count(training["batch_size"], "[training] batch_size", 1)
        if size > samples:
            raise InputError(f"{size} rows", f"at most {samples}, the rows of the data", key="[training] batch_size")
        order = values.choice(training.get("order", "listed"), ORDERS, "[training] order")
        return Batches(size, order, self._seed())

    def _seed(self) -> int:
        return values.count(self._section("random").get("seed", 0), "[random] seed")

    def _check_names(self, *groups: Mapping[str, object]) -> None:
        taken: set[str] = set()
        for section, group in zip(("equations", "data", "parameters"), groups, strict=True):
            for name in group:
                key = f"[{section}] {name}"
                if not _NAME.fullmatch(name):
                    raise InputError("no name for a quantity", "letters and digits, a letter first", key=key)
                if name in kwlist:
                    raise InputError("a word that Python keeps for itself", "another name", key=key)
                if name in _RESERVED:
                    raise InputError("the name of a function, a constant or the learning rate", "another name", key=key)
                if name in taken:
                    raise InputError("defined twice", "each name once", key=key)
                taken.add(name)
