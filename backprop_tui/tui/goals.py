"""Where a long run is to end, as a person types it."""

from __future__ import annotations

import re
from typing import Final

from ..engine.training import Goal
from ..errors import InputError

MOST: Final = 1_000_000
"""The most iterations of one run: a loss that is never reached must not run for ever."""
_COUNT = re.compile(r"[\d ,_]*\d")
_LOSS = re.compile(r"(?:loss|[^\W\d]\w*)?\s*(?:<=|<|≤|=|to)?\s*(\d*\.?\d+(?:[eE][+-]?\d+)?)")


def read_goal(text: str, start: int) -> Goal:
    """Read ``1000``, so many iterations on from the start, or ``E < 0.1``, a loss.

    Raises
    ------
    InputError
        Where it is neither.

    """
    word = text.strip()
    if _COUNT.fullmatch(word):
        count = int(re.sub(r"\D", "", word))
        if not 1 <= count <= MOST:
            raise InputError(f"{count} iterations", f"1 to {MOST}")
        return Goal(start + count)
    if found := _LOSS.fullmatch(word):
        return Goal(start + MOST, float(found[1]))
    raise InputError(repr(text), "a number of iterations, such as 1000, or a loss, such as E < 0.1")
