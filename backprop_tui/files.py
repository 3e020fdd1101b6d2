"""Files written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .errors import InputError


def write(path: Path, contents: str | bytes) -> None:
    """Write a file, a text in UTF-8, so that what stood there stays until the new contents are complete.

    Raises
    ------
    InputError
        Where it can't be written; an existing file is then as it was.

    """
    try:
        encoded = contents.encode("utf-8") if isinstance(contents, str) else contents
        if path.is_dir():
            raise InputError("a directory", "the name of a file to write", file=str(path))
        if path.exists() and not path.is_file():
            path.write_bytes(encoded)
        else:
            _replace(path.resolve(), encoded)
    except (OSError, RuntimeError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"can't be written ({told})", file=str(path)) from None


def _replace(target: Path, contents: bytes) -> None:
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(13, "Permission denied")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".backprop-tui-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(contents)
        os.chmod(name, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
