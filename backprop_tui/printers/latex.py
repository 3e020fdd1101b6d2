r"""Formulas in LaTeX: ``\frac{\partial E}{\partial V} = h^{\top} \frac{\partial E}{\partial z}``."""

from __future__ import annotations

from collections.abc import Sequence

from .. import notation
from .typesetter import Typesetter

_SCRIPTS = {"T": r"\top"}


class Latex(Typesetter[str]):
    """A box is a piece of LaTeX mathematics."""

    def text(self, characters: str) -> str:
        return characters.replace("′", "'")

    def name(self, name: str) -> str:
        return notation.latex(name)

    def indexed(self, name: str, indices: Sequence[str]) -> str:
        script = "".join(indices) if all(len(index.rstrip("'")) == 1 for index in indices) else ",".join(indices)
        return notation.latex(name, script)

    def partial(self, of: str, by: str) -> str:
        return rf"\frac{{\partial {of}}}{{\partial {by}}}"

    def row(self, boxes: Sequence[str]) -> str:
        return "".join(boxes)

    def fraction(self, above: str, below: str) -> str:
        return rf"\frac{{{above}}}{{{below}}}"

    def superscript(self, base: str, script: str) -> str:
        return rf"{base}^{{{_SCRIPTS.get(script, script)}}}"

    def root(self, box: str, *, alone: bool) -> str:
        return rf"\sqrt{{{box}}}"

    def power(self, base: str, exponent: str) -> str:
        return rf"{base}^{{{exponent}}}"

    def parenthesized(self, box: str) -> str:
        tall = r"\frac" in box or r"\sum" in box
        return rf"\left({box}\right)" if tall else f"({box})"

    def summation(self, over: Sequence[str], body: str) -> str:
        return rf"\sum_{{{','.join(over)}}} {body}" if over else rf"\textstyle\sum {body}"

    def symbol(self, word: str) -> str:
        return notation.sign(word).latex
