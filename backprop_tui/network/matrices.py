"""Matrices of a network.toml: written out, drawn at random, or read from a file beside it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np

from ..calculus.shapes import Shape, told
from ..errors import InputError, nearest
from . import values
from .mapping import map_npy, map_npz
from .model import Matrix, Table

MAX_ENTRIES: Final = 50_000_000
"""The most entries that a matrix in memory may have: 400 MB in float64."""

ENTRIES_AT_ONCE: Final = 1 << 20
"""About how many entries of a mapped file are looked at together."""

RANDOM_KEYS: Final = ("shape", "draw", "scale", "low", "high", "mean", "std")
FILE_KEYS: Final = ("file", "array", "columns", "rows", "skip", "one_hot")

Stream = Any
"""NumPy's `Generator`, or the legacy `RandomState`."""


def _uniform(stream: Stream, shape: Shape, low: float, high: float) -> Matrix:
    return np.asarray(low + (high - low) * stream.random(shape))


def _normal(stream: Stream, shape: Shape, mean: float, std: float) -> Matrix:
    return np.asarray(mean + std * stream.standard_normal(shape))


def _xavier(stream: Stream, shape: Shape) -> Matrix:
    """Glorot and Bengio 2010: uniform within sqrt(6 / (rows + columns))."""
    bound = float(np.sqrt(6 / sum(shape)))
    return _uniform(stream, shape, -bound, bound)


def _he(stream: Stream, shape: Shape) -> Matrix:
    """He et al. 2015: normal, of standard deviation sqrt(2 / rows)."""
    return _normal(stream, shape, 0.0, float(np.sqrt(2 / shape[0])))


DRAWS: Final[dict[str, tuple[Callable[..., Matrix], dict[str, float]]]] = {
    "uniform": (_uniform, {"low": 0.0, "high": 1.0}),
    "normal": (_normal, {"mean": 0.0, "std": 1.0}),
    "xavier": (_xavier, {}),
    "he": (_he, {}),
    "zeros": (lambda stream, shape: np.zeros(shape), {}),
    "ones": (lambda stream, shape: np.ones(shape), {}),
}
"""Each way to draw a matrix, with its own keys and what they are when left out."""


@dataclass(frozen=True)
class MatrixReader:
    """Reads the matrices of one file.

    Attributes
    ----------
    folder:
        Where files are looked for.
    stream:
        Where random numbers come from, in the order in which matrices are read.

    """

    folder: Path
    stream: Stream

    def read(self, value: Any, key: str) -> Table:
        """Return the matrix that a value stands for; one of a file that can be mapped isn't copied."""
        if not isinstance(value, dict):
            return _written_out([[value]] if _is_number(value) else value, key)
        if "value" in value:
            values.only_known(value, ("value",), key)
            return _written_out(value["value"], key)
        return self._from_file(value, key) if "file" in value else self._drawn(value, key)

    def _drawn(self, table: dict[str, Any], key: str) -> Matrix:
        draw, own = DRAWS[values.choice(table.get("draw", "uniform"), DRAWS, key)]
        values.only_known(table, ("shape", "draw", "scale", *own), key)
        shape = _shape(table.get("shape"), key)
        numbers = {name: values.number(table.get(name, usual), f"{key}: {name}") for name, usual in own.items()}
        scale = values.number(table.get("scale", 1.0), f"{key}: scale")
        with np.errstate(over="ignore", invalid="ignore"):
            matrix = scale * draw(self.stream, shape, **numbers)
        if not np.isfinite(matrix).all():
            raise InputError("numbers too large to draw", "numbers up to 1e300", key=key)
        return matrix

    def _from_file(self, table: dict[str, Any], key: str) -> Table:
        values.only_known(table, FILE_KEYS, key)
        path = self.folder / values.string(table["file"], key)
        matrix = _read_file(path, table, key)
        matrix = _picked(matrix, table, key)
        if "one_hot" in table:
            matrix = _one_hot(matrix, values.count(table["one_hot"], f"{key}: one_hot", 2), key)
        _check_finite(matrix, path, key)
        return matrix


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_finite(matrix: Table, path: Path, key: str) -> None:
    """Look for NaN and infinity, some rows at a time."""
    if np.issubdtype(matrix.dtype, np.integer):
        return
    rows = max(1, ENTRIES_AT_ONCE // matrix.shape[1])
    for start in range(0, len(matrix), rows):
        wrong = ~np.isfinite(matrix[start : start + rows])
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            got = f"{path.name} has {matrix[start + row, column]} in row {start + row}, column {column}"
            raise InputError(got, "finite numbers", key=key)


def _written_out(value: Any, key: str) -> Matrix:
    rows = value if isinstance(value, list) and value and all(isinstance(row, list) for row in value) else None
    if rows is None:
        raise InputError(values.told(value), "rows of numbers, such as [[1, 2, 1]], or one number", key=key)
    widths = {len(row) for row in rows}
    if len(widths) != 1 or widths == {0}:
        raise InputError(f"rows of {', '.join(map(str, sorted(widths)))} numbers", "rows of equal length", key=key)
    return np.array([[values.number(entry, key) for entry in row] for row in rows])


def _shape(value: Any, key: str) -> Shape:
    match value:
        case [int() as rows, int() as columns] if rows > 0 and columns > 0 and bool not in (type(rows), type(columns)):
            check_size((rows, columns), key)
            return rows, columns
    raise InputError(f"shape {values.told(value)}", "shape = [rows, columns], both at least 1", key=key)


def check_size(shape: Shape, key: str) -> None:
    """Refuse a matrix that is too large to be in memory."""
    entries = shape[0] * shape[1]
    if entries > MAX_ENTRIES:
        size = f"a {told(shape)} matrix of {8 * entries / 1e9:.3g} GB"
        raise InputError(size, f"at most {MAX_ENTRIES} entries, {8 * MAX_ENTRIES / 1e9:.3g} GB", key=key)


def _read_file(path: Path, table: dict[str, Any], key: str) -> Table:
    readers = {".npy": _from_npy, ".npz": _from_npz, ".csv": _from_csv}
    if path.suffix not in readers:
        raise InputError(f"the file {path.name!r}", f"one that ends in {', '.join(readers)}", key=key)
    try:
        matrix = readers[path.suffix](path, table, key)
    except FileNotFoundError:
        beside = [found.name for found in path.parent.glob("*") if found.suffix in readers]
        raise InputError(f"no file {path.name!r} beside it", nearest=nearest(path.name, beside), key=key) from None
    except OSError as error:
        raise InputError(f"{path.name} can't be read ({error.strerror or error})", key=key) from None
    except (ValueError, EOFError, BadZipFile) as error:
        raise InputError(f"{path.name} can't be read ({error})", "a table of numbers", key=key) from None
    return matrix


def _as_matrix(array: Any, path: Path, key: str) -> Table:
    if array.ndim not in (1, 2) or not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        raise InputError(f"{path.name} holds {array.dtype} of shape {array.shape}", "a matrix of real numbers", key=key)
    matrix = array.reshape(len(array), -1)
    if isinstance(matrix, np.memmap):
        return np.asarray(matrix)
    check_size((matrix.shape[0], matrix.shape[1]), key)
    return np.asarray(matrix, dtype=float)


def _from_npy(path: Path, table: dict[str, Any], key: str) -> Table:
    return _as_matrix(map_npy(path), path, key)


def _from_npz(path: Path, table: dict[str, Any], key: str) -> Table:
    with np.load(path, allow_pickle=False) as arrays:
        name = values.choice(table.get("array", arrays.files[0] if len(arrays.files) == 1 else None), arrays.files, key)
        mapped = map_npz(path, name)
        return _as_matrix(arrays[name] if mapped is None else mapped, path, key)


def _from_csv(path: Path, table: dict[str, Any], key: str) -> Table:
    skip = values.count(table.get("skip", 0), f"{key}: skip")
    with warnings.catch_warnings(action="error"):
        try:
            table_read = np.loadtxt(path, delimiter=",", skiprows=skip, ndmin=2)
        except UserWarning:
            raise InputError(f"{path.name} has no row of numbers", "at least one", key=key) from None
    return _as_matrix(table_read, path, key)


def _picked(matrix: Table, table: dict[str, Any], key: str) -> Table:
    if "rows" in table:
        start, stop = _range(table["rows"], matrix.shape[0], f"{key}: rows")
        matrix = matrix[start:stop]
    if "columns" in table:
        start, stop = _range(table["columns"], matrix.shape[1], f"{key}: columns")
        matrix = matrix[:, start:stop]
    return matrix


def _range(value: Any, most: int, key: str) -> tuple[int, int]:
    match value:
        case [int() as start, int() as stop] if 0 <= start < stop <= most and bool not in (type(start), type(stop)):
            return start, stop
    raise InputError(values.told(value), f"[first, one past the last], within 0 and {most}", key=key)


def _one_hot(matrix: Table, classes: int, key: str) -> Matrix:
    """Turn a column of class numbers into rows with a single 1."""
    expected = f"one column of classes 0 to {classes - 1}"
    if matrix.shape[1] != 1:
        raise InputError(f"a {told((len(matrix), matrix.shape[1]))} matrix", expected, key=key)
    labels = matrix.ravel().astype(int)
    wrong = matrix.ravel()[(labels != matrix.ravel()) | (labels < 0) | (labels >= classes)]
    if len(wrong):
        raise InputError(f"the class {wrong[0]:g}", expected, key=key)
    check_size((len(labels), classes), key)
    rows = np.zeros((len(labels), classes))
    rows[np.arange(len(labels)), labels] = 1.0
    return rows
