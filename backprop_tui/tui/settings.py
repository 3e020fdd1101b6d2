"""What a reader has chosen for good, kept under XDG_CONFIG_HOME: the theme."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

from platformdirs import user_config_path

from ..errors import InputError
from ..files import write

_FILE: Final = "settings.toml"


def path() -> Path:
    """Return the file that the choices are kept in."""
    return user_config_path("backprop-tui") / _FILE


def theme() -> str | None:
    """Return the theme that was chosen, None where none was or the file can't be read."""
    try:
        kept = tomllib.loads(path().read_text("utf-8")).get("theme")
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, str) else None


def keep_theme(name: str) -> str | None:
    """Keep the choice of a theme; return what went wrong, None where nothing did."""
    file = path()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, f'theme = "{name}"\n')
    except (OSError, InputError) as error:
        return str(error)
    return None
