"""Formulas in two dimensions of Unicode: fractions stand, sums carry their indices below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy.printing.pretty.stringpict import prettyForm, stringPict

from .. import notation
from .typesetter import Typesetter

_SUPERSCRIPTS = str.maketrans("0123456789-/T", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᐟᵀ")


@dataclass(frozen=True)
class Block:
    """Lines of equal length that hang together: what a `Pretty` box becomes for a screen."""

    lines: tuple[str, ...]
    baseline: int

    @property
    def width(self) -> int:
        """Characters in a line."""
        return len(self.lines[0])


class Pretty(Typesetter[stringPict]):
    """A box is one of SymPy's, aligned on its baseline."""

    def block(self, box: stringPict) -> Block:
        """Return a box as lines."""
        width = box.width()
        return Block(tuple(line.ljust(width) for line in box.picture), box.baseline)

    def text(self, characters: str) -> stringPict:
        return prettyForm(characters)

    def name(self, name: str) -> stringPict:
        parts = notation.derivative_parts(name)
        if parts is None:
            return prettyForm(notation.plain(name))
        return self.partial(*map(self.name, parts))

    def indexed(self, name: str, indices: Sequence[stringPict]) -> stringPict:
        parts = notation.derivative_parts(name)
        if parts is not None:
            return self.partial(self.name(parts.of), self.indexed(parts.by, indices))
        return self.row([self.name(name), prettyForm(f"[{','.join(map(str, indices))}]")])

    def partial(self, of: stringPict, by: stringPict) -> stringPict:
        d = prettyForm("∂")
        return self.fraction(self.row([d, of]), self.row([d, by]))

    def row(self, boxes: Sequence[stringPict]) -> stringPict:
        return prettyForm(*stringPict.next(*boxes))

    def fraction(self, above: stringPict, below: stringPict) -> stringPict:
        width = max(above.width(), below.width())
        stacked = stringPict.stack(above, stringPict("─" * width), below)
        return prettyForm(stacked[0], baseline=above.height())

    def superscript(self, base: stringPict, script: str) -> stringPict:
        raised = prettyForm(script.translate(_SUPERSCRIPTS))
        raised.baseline = base.baseline
        return self.row([base, raised]) if base.height() == 1 else self._raised(base, raised)

    def _raised(self, base: stringPict, raised: stringPict) -> stringPict:
        """Set a script beside the top line of a tall box."""
        column = "\n".join([str(raised), *[" " * raised.width()] * (base.height() - 1)])
        return self.row([base, prettyForm(column, baseline=base.baseline)])

    def root(self, box: stringPict, *, alone: bool) -> stringPict:
        return self.row([prettyForm("√"), box if alone else self.parenthesized(box)])

    def power(self, base: stringPict, exponent: stringPict) -> stringPict:
        return base**exponent

    def parenthesized(self, box: stringPict) -> stringPict:
        return prettyForm(*box.parens())

    def summation(self, over: Sequence[stringPict], body: stringPict) -> stringPict:
        sigma = prettyForm("∑") if not over else prettyForm("∑\n" + ",".join(map(str, over)), baseline=0)
        return self.row([sigma, prettyForm(" "), body])

    def symbol(self, word: str) -> stringPict:
        return prettyForm(notation.sign(word).unicode)
