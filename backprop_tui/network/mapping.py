"""Arrays of NumPy's files, mapped into memory: of a mapped array only what is used is read.

A ``.npy`` file can always be mapped, an array of an ``.npz`` where it is stored uncompressed, as `numpy.savez` does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.lib.format import read_array_header_1_0, read_array_header_2_0, read_magic
from numpy.typing import NDArray

_HEADERS: Final = {(1, 0): read_array_header_1_0, (2, 0): read_array_header_2_0}

_LOCAL_HEADER: Final = 30
"""Bytes before a file of a zip archive and its name and extra field, whose lengths are the last four of them."""


class _Place(NamedTuple):
    """Where an array's numbers begin in a file, and how they are laid out."""

    offset: int
    shape: tuple[int, ...]
    order: Literal["C", "F"]
    dtype: np.dtype[Any]


def map_npy(path: Path) -> NDArray[Any]:
    """Map the array of a ``.npy`` file."""
    found: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return found


def map_npz(path: Path, name: str) -> NDArray[Any] | None:
    """Map an array of an ``.npz`` file; None where it is compressed, empty or of Python objects."""
    with ZipFile(path) as archive:
        stored = [entry for entry in archive.infolist() if entry.compress_type == ZIP_STORED]
        entry = next((entry for entry in stored if entry.filename == f"{name}.npy"), None)
        place = None if entry is None else _place(archive, entry)
    if place is None or place.dtype.hasobject or 0 in place.shape:
        return None
    return np.memmap(path, place.dtype, "r", place.offset, place.shape, place.order)


def _place(archive: ZipFile, entry: ZipInfo) -> _Place | None:
    with archive.open(entry) as member:
        read_header = _HEADERS.get(read_magic(member))
        if read_header is None:
            return None
        shape, is_fortran, dtype = read_header(member)
        before = member.tell()
    return _Place(_begin(archive, entry) + before, shape, "F" if is_fortran else "C", dtype)


def _begin(archive: ZipFile, entry: ZipInfo) -> int:
    """Return where a file of an archive begins, after its name and its extra field."""
    with open(str(archive.filename), "rb") as file:
        file.seek(entry.header_offset)
        header = file.read(_LOCAL_HEADER)
    lengths = (int.from_bytes(header[start : start + 2], "little") for start in (26, 28))
    return entry.header_offset + _LOCAL_HEADER + sum(lengths)
