"""A network written as a ``network.toml`` that a person can read, and that reads back bit for bit.

All numbers are explicit: nothing is drawn again, no shorthand is left, no table beside it is needed. Only what is too
large to read goes into one ``.npz`` beside the file.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..files import write
from .model import Matrix, Network
from .moment import KEYS, Moment

MOST_WRITTEN: Final = 20_000
"""Numbers that a file holds; a matrix for which there is no room left goes beside it."""
WIDTH: Final = 100
"""Characters in a line, where a matrix of several rows can be broken."""

_REMARKS: Final = {"moment": " # where the app opens it"}


def save(network: Network, path: Path, moment: Moment | None = None) -> None:
    """Write a network, and what is too large for it beside it: all of it, or nothing.

    The file beside it is named for its contents. So one that is there already is never changed, and the network that
    stood at `path` stays whole until the new one does.

    Raises
    ------
    InputError
        Where it can't be written; what was there is then as it was.

    """
    arrays = large(network)
    beside = path.parent / f"{path.stem}-{_digest(arrays)}.npz"
    new = bool(arrays) and not beside.exists()
    if new:
        write(beside, _packed(arrays))
    try:
        write(path, written(network, moment, beside.name))
    except BaseException:
        if new:
            beside.unlink()
        raise


def written(network: Network, moment: Moment | None = None, beside: str = "") -> str:
    """Return the text of a network.toml, with the `moment` that it leads to.

    The matrices that are `large` stand in the file named `beside`.
    """
    told = {key: getattr(network, key) for key in ("title", "about", "look_at")}
    away = large(network)
    sections = {
        "network": {key: _text(words) for key, words in told.items() if words},
        "functions": {name: _text(text) for name, text in network.functions.items()},
        "equations": {name: _text(text) for name, text in network.equations.items()},
        "data": {name: _matrix(name, matrix, away, beside) for name, matrix in network.data.items()},
        "parameters": dict(_parameters(network, away, beside)),
        "random": {"seed": str(network.seed)} if network.seed else {},
        "training": dict(_training(network)),
        "moment": dict(_moment(moment)) if moment else {},
    }
    return "\n".join(_section(name, lines) for name, lines in sections.items() if lines)


def large(network: Network) -> dict[str, Matrix]:
    """Return the matrices that a file has no room for, by name."""
    room, beside = MOST_WRITTEN, {}
    for name, matrix in (*network.data.items(), *network.parameters.items()):
        if matrix.size <= room:
            room -= matrix.size
        else:
            beside[name] = matrix
    return beside


def _section(name: str, lines: Mapping[str, str]) -> str:
    header = f"[{name}]{_REMARKS.get(name, '')}\n"
    return header + "".join(f"{key} = {value}\n" for key, value in lines.items())


def _parameters(network: Network, away: Iterable[str], beside: str) -> Iterator[tuple[str, str]]:
    for name, matrix in network.parameters.items():
        if name not in network.frozen:
            yield name, _matrix(name, matrix, away, beside)
        elif name in away:
            yield name, _in_file(name, beside, frozen=True)
        else:
            yield name, f"{{ value = {_rows(matrix)}, frozen = true }}"


def _matrix(name: str, matrix: Matrix, away: Iterable[str], beside: str) -> str:
    return _in_file(name, beside) if name in away else _rows(matrix)


def _in_file(name: str, beside: str, *, frozen: bool = False) -> str:
    return f"{{ file = {_text(beside)}, array = {_text(name)}{', frozen = true' if frozen else ''} }}"


def _rows(matrix: Matrix) -> str:
    """Write a matrix in one line, or a row a line where that would be wide."""
    rows = [f"[{', '.join(map(_number, row))}]" for row in matrix.tolist()]
    line = f"[{', '.join(rows)}]"
    return line if len(line) <= WIDTH or len(rows) == 1 else "[\n  " + ",\n  ".join(rows) + ",\n]"


def _training(network: Network) -> Iterator[tuple[str, str]]:
    yield "learning_rate", _number(network.learning_rate)
    yield "iterations", str(network.iterations)
    if network.optimiser.constants:
        yield "optimiser", _text(network.optimiser.name)
    yield from ((name, _number(value)) for name, value in network.constants.items())
    if network.batches:
        yield "batch_size", str(network.batches.size)
        yield "order", _text(network.batches.order)


def _moment(moment: Moment) -> Iterator[tuple[str, str]]:
    for key in KEYS:
        value = getattr(moment, key)
        if value != "":
            yield key, _text(value) if isinstance(value, str) else json.dumps(value)


def _text(words: str) -> str:
    """Write a text as TOML's basic string: JSON's, but for the one character that only TOML wants escaped."""
    return json.dumps(words, ensure_ascii=False).replace("\x7f", "\\u007f")


def _number(value: float) -> str:
    """Write the shortest decimal that reads back as the same bits; 2 for 2.0."""
    text = repr(value)
    return text if text == "-0.0" else text.removesuffix(".0")


def _digest(arrays: Mapping[str, Matrix]) -> str:
    digest = sha256()
    for name, matrix in arrays.items():
        digest.update(f"{name} {matrix.shape}".encode())
        digest.update(np.ascontiguousarray(matrix).tobytes())
    return digest.hexdigest()[:10]


def _packed(arrays: Mapping[str, Any]) -> bytes:
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    return packed.getvalue()
