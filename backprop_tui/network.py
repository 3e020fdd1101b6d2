"""A network read from a ``network.toml``: its equations, data, parameters and training.

Nothing in the file is evaluated. Whatever is wrong with it is an `InputError` that names file, line and key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .calculus.derivation import Derivation, derive
from .calculus.shapes import Shape
from .calculus.vocabulary import FUNCTIONS, LOSSES, MATRIX_FUNCTIONS
from .errors import InputError, nearest
from .notation import LEARNING_RATE

Matrix = NDArray[np.float64]

KEYS: Final = {
    "network": ("title", "about", "look_at"),
    "equations": (),
    "data": (),
    "parameters": (),
    "random": ("stream", "seed"),
    "training": ("learning_rate", "iterations"),
}
"""The sections of a file, with the keys of those whose keys are fixed."""

STREAMS: Final = ("legacy", "generator")
DRAWS: Final = ("uniform", "normal", "zeros")
MAX_ENTRIES: Final = 50_000_000
"""The most entries one matrix may have: 400 MB in float64."""
MAX_FILE_BYTES: Final = 10_000_000

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")


@dataclass(frozen=True)
class Network:
    """A forward pass with the numbers it starts from.

    Attributes
    ----------
    name:
        The name it is known by: of the gallery, or the file's.
    title, about, look_at:
        What it is, why it exists, what to look at.
    equations:
        The chalkboard equations in order, the last one the loss.
    data, parameters:
        The inputs and the parameters before the first iteration, each of shape (rows, columns).
    learning_rate:
        The step size eta.
    iterations:
        How many iterations are run where no number is asked for.

    """

    name: str
    equations: Mapping[str, str]
    data: Mapping[str, Matrix]
    parameters: Mapping[str, Matrix]
    learning_rate: float = 0.1
    iterations: int = 10
    title: str = ""
    about: str = ""
    look_at: str = ""
    source: Path | None = field(default=None, compare=False)

    @cached_property
    def derivation(self) -> Derivation:
        """Every stage, derived when it is first asked for."""
        return derive(self.equations, _shapes(self.data), _shapes(self.parameters))

    @property
    def start(self) -> dict[str, Matrix]:
        """The values before the first iteration: inputs, parameters and the learning rate, each of two dimensions."""
        return {**self.data, **self.parameters, LEARNING_RATE: np.array([[self.learning_rate]])}


def read_network(path: Path, name: str | None = None) -> Network:
    """Read a network from a file.

    Raises
    ------
    InputError
        Where the file can't be read or is no network; its equations are read too.

    """
    text = _text(path)
    try:
        network = _Reader(_toml(text)).network(name or path.parent.name or path.stem, path)
        network.derivation  # noqa: B018 - reads the equations, so that their mistakes are told now
    except InputError as error:
        error.file = str(path)
        error.line = error.line or _line_of(text, error.key)
        raise
    return network


def _text(path: Path) -> str:
    try:
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
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        found = re.search(r"\(at line (\d+), column \d+\)", message)
        told = message[: found.start()].strip() if found else message
        raise InputError(f"not TOML: {told}", line=int(found[1]) if found else None) from None
    except RecursionError:
        raise InputError("nested too deep", "a network.toml") from None


def _line_of(text: str, key: str) -> int | None:
    """Find the line of a key such as ``[parameters] W``, or of its section."""
    section, _, name = key.partition(" ")
    inside, header = False, None
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            inside = stripped.startswith(section)
            header = number if inside and header is None else header
        elif inside and name and re.match(rf"[\"']?{re.escape(name)}[\"']?\s*=", stripped):
            return number
    return header


def _shapes(matrices: Mapping[str, Matrix]) -> dict[str, Shape]:
    return {name: (matrix.shape[0], matrix.shape[1]) for name, matrix in matrices.items()}


class _Reader:
    """The checks of one file's contents."""

    def __init__(self, contents: dict[str, Any]) -> None:
        self.contents = contents

    def network(self, name: str, source: Path) -> Network:
        self._check_keys()
        equations = self._equations()
        data = {key: _matrix(value, f"[data] {key}") for key, value in self._section("data").items()}
        parameters = self._parameters()
        self._check_names(equations, data, parameters)
        training, told = self._section("training"), self._section("network")
        return Network(
            name,
            equations,
            data,
            parameters,
            _number(training.get("learning_rate", 0.1), "[training] learning_rate"),
            _count(training.get("iterations", 10), "[training] iterations"),
            **{key: _string(told.get(key, ""), f"[network] {key}") for key in KEYS["network"]},
            source=source,
        )

    def _section(self, name: str) -> dict[str, Any]:
        section = self.contents.get(name, {})
        if not isinstance(section, dict):
            raise InputError(_told(section), "a section", key=f"[{name}]")
        return section

    def _check_keys(self) -> None:
        for section in self.contents:
            if section not in KEYS:
                raise InputError(
                    "no such section", f"one of {_listed(KEYS)}", key=f"[{section}]", nearest=nearest(section, KEYS)
                )
            for key in self._section(section):
                if KEYS[section] and key not in KEYS[section]:
                    known = KEYS[section]
                    raise InputError(
                        "no such key", f"one of {_listed(known)}", key=f"[{section}] {key}", nearest=nearest(key, known)
                    )

    def _equations(self) -> dict[str, str]:
        section = self._section("equations")
        if not section:
            raise InputError("missing", 'the forward pass, such as p = "x @ W"', key="[equations]")
        return {key: _string(value, f"[equations] {key}") for key, value in section.items()}

    def _parameters(self) -> dict[str, Matrix]:
        section = self._section("parameters")
        if not section:
            raise InputError("missing", "at least one parameter", key="[parameters]")
        draw = self._stream()
        return {key: _parameter(value, f"[parameters] {key}", draw) for key, value in section.items()}

    def _stream(self) -> Any:
        """Return the random numbers that parameters are drawn from, in the order in which they are listed."""
        section = self._section("random")
        seed = _count(section.get("seed", 0), "[random] seed")
        stream = _choice(section.get("stream", "generator"), STREAMS, "[random] stream")
        return np.random.RandomState(seed) if stream == "legacy" else np.random.default_rng(seed)

    def _check_names(self, *groups: Mapping[str, object]) -> None:
        taken: set[str] = set()
        for section, group in zip(("equations", "data", "parameters"), groups, strict=True):
            for name in group:
                key = f"[{section}] {name}"
                if not _NAME.fullmatch(name):
                    raise InputError("no name for a quantity", "letters and digits, a letter first", key=key)
                if name in {LEARNING_RATE, *FUNCTIONS, *MATRIX_FUNCTIONS, *LOSSES}:
                    raise InputError("the name of a function or of the learning rate", "another name", key=key)
                if name in taken:
                    raise InputError("defined twice", "each name once", key=key)
                taken.add(name)


def _parameter(value: Any, key: str, stream: Any) -> Matrix:
    if not isinstance(value, dict):
        return _matrix(value, key)
    for name in value:
        if name not in ("shape", "draw", "scale"):
            raise InputError(
                f"no such key {name!r}",
                "shape, draw and scale",
                key=key,
                nearest=nearest(name, ("shape", "draw", "scale")),
            )
    shape = _shape(value.get("shape"), key)
    scale = _number(value.get("scale", 1.0), f"{key}: scale")
    match _choice(value.get("draw", "uniform"), DRAWS, key):
        case "uniform":
            return scale * stream.random(shape)
        case "normal":
            return scale * stream.standard_normal(shape)
    return np.zeros(shape)


def _shape(value: Any, key: str) -> Shape:
    match value:
        case [int() as rows, int() as columns] if rows > 0 and columns > 0:
            if rows * columns > MAX_ENTRIES:
                raise InputError(
                    f"a {rows}x{columns} matrix, {8 * rows * columns:.2g} bytes",
                    f"at most {MAX_ENTRIES} entries",
                    key=key,
                )
            return rows, columns
    raise InputError(f"shape {_told(value)}", "shape = [rows, columns], both at least 1", key=key)


def _matrix(value: Any, key: str) -> Matrix:
    rows = value if isinstance(value, list) and value and all(isinstance(row, list) for row in value) else None
    if rows is None:
        raise InputError(_told(value), "rows of numbers, such as [[1, 2, 1]]", key=key)
    widths = {len(row) for row in rows}
    if len(widths) != 1 or widths == {0}:
        raise InputError(f"rows of {_listed(map(str, sorted(widths)))} numbers", "rows of equal length", key=key)
    return np.array([[_number(entry, key) for entry in row] for row in rows])


def _number(value: Any, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(_told(value), "a number", key=key)
    if not np.isfinite(value):
        raise InputError(f"the number {value}", "a finite number", key=key)
    return float(value)


def _count(value: Any, key: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**32:
        raise InputError(_told(value), "a whole number from 0", key=key)
    return value


def _string(value: Any, key: str) -> str:
    if not isinstance(value, str):
        raise InputError(_told(value), "text in quotes", key=key)
    return value


def _choice(value: Any, choices: Iterable[str], key: str) -> str:
    known = tuple(choices)
    if value not in known:
        near = nearest(value, known) if isinstance(value, str) else None
        raise InputError(_told(value), f"one of {_listed(known)}", key=key, nearest=near)
    return str(value)


def _told(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
