"""Wrong input, told in one line: where it stands, what came, what was expected, what is nearest."""

from __future__ import annotations

from collections.abc import Iterable

LIMIT = 300
"""The most characters in a line that tells what is wrong."""


class InputError(Exception):
    """What a person gave can't be used.

    Parameters
    ----------
    got:
        What came, in words: ``"shape 3x4"``, ``"no network named 'lectur'"``.
    expected:
        What would have been right; left out where `got` says it all.
    file, line, key:
        Where it stands, as far as that is known.
    nearest:
        The valid choice most like what came, if one is.

    """

    def __init__(
        self,
        got: str,
        expected: str = "",
        *,
        file: str = "",
        line: int | None = None,
        key: str = "",
        nearest: str | None = None,
    ) -> None:
        super().__init__(got)
        self.got, self.expected = got, expected
        self.file, self.line, self.key = file, line, key
        self.nearest = nearest

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        hint = f"; did you mean {self.nearest!r}?" if self.nearest else ""
        told = f"; expected {self.expected}" if self.expected else ""
        front = ": ".join(part for part in (place, self.key, self.got) if part)
        return one_line(front + told, LIMIT - len(hint)) + hint


def one_line(text: str, limit: int = LIMIT) -> str:
    """Return `text` without line ends or control characters, shortened to `limit` characters."""
    words = " ".join(text.split())
    visible = "".join(ch if ch.isprintable() else "?" for ch in words)
    return visible if len(visible) <= limit else visible[: limit - 1] + "…"


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice most like `word`, or None where nothing is near."""
    from difflib import get_close_matches

    by_folded = {choice.casefold(): choice for choice in choices}
    found = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.5)
    return by_folded[found[0]] if found else None


def not_installed(missing: ModuleNotFoundError, extra: str, key: str) -> InputError:
    """Return what to say where the package of an extra is asked for and isn't there."""
    return InputError(f"{missing.name} isn't installed", f"pip install 'backprop-tui[{extra}]'", key=key)
