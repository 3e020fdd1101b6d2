"""Formulas in one line of Unicode: ``∂E/∂V = hᵀ ∂E/∂z``."""

from __future__ import annotations

from collections.abc import Sequence

from .. import notation
from .typesetter import Typesetter

_SUPERSCRIPTS = str.maketrans("0123456789-/T", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᐟᵀ")


class OneLine(Typesetter[str]):
    """A box is a string."""

    def text(self, characters: str) -> str:
        return characters

    def name(self, name: str) -> str:
        return notation.plain(name)

    def indexed(self, name: str, indices: Sequence[str]) -> str:
        return f"{notation.plain(name)}[{','.join(indices)}]"

    def partial(self, of: str, by: str) -> str:
        return f"∂{of}/∂{by}"

    def row(self, boxes: Sequence[str]) -> str:
        return "".join(boxes)

    def fraction(self, above: str, below: str) -> str:
        return f"{_grouped(above)}/{below if below.isalnum() else f'({below})'}"

    def superscript(self, base: str, script: str) -> str:
        return base + script.translate(_SUPERSCRIPTS)

    def root(self, box: str, *, alone: bool) -> str:
        return f"√{box}" if alone else f"√({box})"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^{exponent}" if exponent.isalnum() else f"{base}^({exponent})"

    def parenthesized(self, box: str) -> str:
        return f"({box})"

    def summation(self, over: Sequence[str], body: str) -> str:
        return f"Σ_{','.join(over)} {body}" if over else f"Σ {body}"

    def symbol(self, word: str) -> str:
        return notation.sign(word).unicode


def _grouped(text: str) -> str:
    """Put parentheses around a sum, unless its signs all stand inside parentheses already."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0 and text[position : position + 3] in (" + ", " − "):
            return f"({text})"
    return text
