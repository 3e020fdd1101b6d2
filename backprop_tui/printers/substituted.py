"""A cell's formula in one line of Unicode, with marks around its sources, and in LaTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from sympy import Expr

from .. import notation
from .latex import Latex
from .marks import bare, marked
from .one_line import OneLine
from .substitution import Cell, Evaluator, Substitution

_POWER_OF_TEN: Final = re.compile(r"(?<=\d)e([-+]\d+)")


class SubstitutedLine(Substitution, OneLine):
    """In one line, as `OneLine`, but with a dot between factors; what stands for a cell is marked.

    Attributes
    ----------
    met:
        The cells met so far, in the order of reading.

    """

    def __init__(
        self, evaluator: Evaluator, place: Mapping[Expr, int], *, put_in: bool, digits: int | None = None
    ) -> None:
        super().__init__(evaluator, place, put_in=put_in, digits=digits)
        self.met: list[Cell] = []

    def standing_for(self, cell: Cell, text: str) -> str:
        if cell not in self.met:
            self.met.append(cell)
        return marked(text, self.met.index(cell))

    def left_out(self, count: int) -> str:
        return f"{count:,} more"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^{exponent}" if bare(exponent).isalnum() else f"{base}^({exponent})"

    def symbol(self, word: str) -> str:
        if word != "times":
            return super().symbol(word)
        return "·" if self.among_terms else super().symbol("dot")


class SubstitutedLatex(Substitution, Latex):
    """In LaTeX, with a dot between factors."""

    def standing_for(self, cell: Cell, text: str) -> str:
        return text

    def left_out(self, count: int) -> str:
        return rf"\text{{{count:,} more}}"

    def text(self, characters: str) -> str:
        return super().text(_POWER_OF_TEN.sub(_in_full, characters.replace("−", "-")))

    def indexed(self, name: str, indices: Sequence[str]) -> str:
        return notation.latex(name, ",".join(indices))

    def symbol(self, word: str) -> str:
        return super().symbol("dot" if word == "times" else word)


def _in_full(exponent: re.Match[str]) -> str:
    return rf" \cdot 10^{{{int(exponent[1])}}}"
