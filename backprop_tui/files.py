"""Files written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .errors import InputError


def write(path: Path, text: str) -> None:
    """Write a text file so that what stood there stays until the new text is complete.

    Raises
    ------
    InputError
        Where it can't be written; an existing file is then as it was.

    """
    try:
        if path.is_dir():
            raise InputError("a directory", "the name of a file to write", file=str(path))
        if path.exists() and not path.is_file():
            path.write_text(text, "utf-8")
        else:
            _replace(path.resolve(), text)
    except (OSError, RuntimeError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"can't be written ({told})", file=str(path)) from None


def _replace(target: Path, text: str) -> None:
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(13, "Permission denied")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".backprop-tui-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
