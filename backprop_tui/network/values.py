"""Single values of a network.toml, checked: each wrong one is an `InputError` that names its key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import InputError, nearest


def number(value: Any, key: str) -> float:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(told(value), "a number", key=key)
    try:
        found = float(value)
    except OverflowError:
        found = float("inf")
    if not np.isfinite(found):
        raise InputError(f"the number {told(value)}", "a finite number", key=key)
    return found


def count(value: Any, key: str, least: int = 0) -> int:
    """Return a whole number."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**32:
        raise InputError(told(value), f"a whole number from {least}", key=key)
    return value


def string(value: Any, key: str) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise InputError(told(value), "text in quotes", key=key)
    return value


def truth(value: Any, key: str) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise InputError(told(value), "true or false", key=key)
    return value


def choice(value: Any, choices: Iterable[str], key: str) -> str:
    """Return one of several words."""
    known = tuple(choices)
    if value not in known:
        near = nearest(value, known) if isinstance(value, str) else None
        raise InputError(told(value), f"one of {', '.join(known)}", key=key, nearest=near)
    return str(value)


def only_known(table: Mapping[str, Any], known: Iterable[str], key: str) -> None:
    """Refuse a table with a key that means nothing."""
    choices = tuple(known)
    for name in table:
        if name not in choices:
            expected = f"one of {', '.join(choices)}"
            raise InputError(f"no such key {name!r}", expected, key=key, nearest=nearest(name, choices))


def told(value: Any) -> str:
    """Spell a value in a few characters."""
    try:
        text = repr(value)
    except ValueError:
        return "a number of very many digits"
    return text if len(text) <= 60 else text[:59] + "…"
