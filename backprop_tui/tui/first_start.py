"""Whether the app is started for the first time, by a mark kept under XDG_STATE_HOME."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from platformdirs import user_state_path

from ..errors import InputError
from ..files import write

_MARK: Final = "The tour has been offered. Delete this file, and it is offered once more.\n"


def path() -> Path:
    """Return the file that is the mark."""
    return user_state_path("backprop-tui") / "tour-offered"


def is_first_start() -> bool:
    """Whether there was no start before this one; from now on there was.

    Where the mark can't be kept every start counts as a later one: nobody is shown the tour each time.
    """
    file = path()
    try:
        if file.exists():
            return False
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, _MARK)
    except (OSError, InputError):
        return False
    return True
