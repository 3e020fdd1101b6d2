"""A derivation as an author would set it out: sections of stages, with formulas and sentences in LaTeX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .. import notation
from ..calculus.derivation import Derivation
from ..calculus.indices import letters
from ..calculus.stages import Reason, Stage
from .latex import Latex
from .numbers import abridged, written

Values = Mapping[str, NDArray[np.float64]]

HEADINGS: Final = {
    "forward": "Forward pass",
    "loss": "Loss",
    "backward": "Backward pass",
    "update": "Updates",
}
_MOST_ROWS, _MOST_COLUMNS = 8, 8


@dataclass(frozen=True)
class Paragraph:
    """One stage: its name and value in LaTeX mathematics, its equations, its reason in LaTeX text."""

    name: str
    kind: str
    shape: str
    equations: tuple[str, ...]
    reason: str
    value: str | None


@dataclass(frozen=True)
class Section:
    """The stages of one phase of an iteration."""

    heading: str
    paragraphs: tuple[Paragraph, ...]


class Outline:
    """The parts of a document about a derivation.

    Parameters
    ----------
    derivation:
        What is set out.
    values:
        The numbers of one iteration; without them the derivation is set out alone.

    """

    def __init__(self, derivation: Derivation, values: Values | None) -> None:
        self._derivation = derivation
        self._values = values
        self._latex = Latex(name for name, axes in derivation.axes.items() if axes == ("", ""))

    def sections(self) -> Iterator[Section]:
        """Yield the phases of an iteration in order."""
        for phase, heading in HEADINGS.items():
            stages = [stage for stage in self._derivation if stage.kind.phase == phase]
            yield Section(heading, tuple(map(self._paragraph, stages)))

    def given(self) -> Iterator[Paragraph]:
        """Yield what the derivation starts from: inputs, parameters, and the numbers of the optimiser."""
        derivation = self._derivation
        given = (derivation.inputs, derivation.parameters, derivation.constants)
        for kind, names in zip(("input", "parameter", "constant"), given, strict=True):
            for name in names:
                yield Paragraph(notation.latex(name), kind, self._shape(name), (), "", self._value(name))

    def indices(self) -> list[tuple[str, int]]:
        """Return the index letters with the number of entries along their axes, in alphabetic order of the lesson."""
        sizes = self._derivation.sizes
        supply = letters()
        ordered = [letter for letter, _ in zip(supply, range(len(sizes)), strict=False)]
        return [(letter, sizes[letter]) for letter in ordered]

    def sentence(self, reason: Reason) -> str:
        """Return a reason as LaTeX text."""
        return "".join(piece if isinstance(piece, str) else f"${self._latex.formula(piece)}$" for piece in reason)

    def _paragraph(self, stage: Stage) -> Paragraph:
        latex = self._latex
        equations = (latex.chain(stage), latex.matrix_equation(stage), latex.index_equation(stage))
        return Paragraph(
            notation.latex(stage.name),
            stage.kind.value,
            self._shape(stage.name),
            tuple(dict.fromkeys(equation for equation in equations if equation)),
            self.sentence(stage.reason),
            self._value(stage.name),
        )

    def _shape(self, name: str) -> str:
        rows, columns = self._derivation.shape(name)
        return "scalar" if self._derivation.axes[name] == ("", "") else rf"${rows} \times {columns}$"

    def _value(self, name: str) -> str | None:
        """Return a quantity's numbers as LaTeX mathematics, large matrices abridged."""
        if self._values is None:
            return None
        texts = [[text.replace("−", "-") for text in row] for row in written(self._values[name])]
        if self._derivation.axes[name] == ("", ""):
            return texts[0][0]
        some = abridged((len(texts), len(texts[0])), _MOST_ROWS, _MOST_COLUMNS)
        rows = [[_cell(texts, row, column) for column in some.columns] for row in some.rows]
        body = r" \\ ".join(" & ".join(row) for row in rows)
        return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"


def _cell(texts: list[list[str]], row: int | None, column: int | None) -> str:
    if row is None:
        return r"\vdots" if column is not None else r"\ddots"
    return r"\cdots" if column is None else texts[row][column]
