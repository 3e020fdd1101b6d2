"""A stage as the texts that the panels show. Imported only once the derivation is there: it needs SymPy and NumPy."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray
from textual.content import Content

from ..calculus.derivation import Derivation
from ..calculus.matrices import Ones, Quantity, Transposed, quantities
from ..engine.compile import Values
from ..notation import latex, plain
from ..printers.latex import Latex
from ..printers.numbers import abridged, number, written
from ..printers.one_line import OneLine
from ..printers.pretty import Pretty
from .walkthrough import Reading

_MOST_ROWS, _MOST_COLUMNS = 40, 24
_GAP = "   "


class StageTexts:
    """Formulas and numbers of a derivation's stages, as characters."""

    def __init__(self, derivation: Derivation) -> None:
        scalars = [name for name, axes in derivation.axes.items() if axes == ("", "")]
        self._derivation = derivation
        self._pretty = Pretty(scalars)
        self._one_line = OneLine(scalars)
        self._latex = Latex(scalars)

    def heading(self, name: str) -> str:
        """What a quantity is: its name, its kind, its shape."""
        return f"{plain(name)}  ·  {self.kind(name)}  ·  {self._shape(name)}"

    def kind(self, name: str) -> str:
        """What a quantity is for, in a word or two."""
        derivation = self._derivation
        if name in derivation:
            return derivation[name].kind.value
        kinds = {"input": derivation.inputs, "parameter": derivation.parameters, "constant": derivation.constants}
        return next((kind for kind, names in kinds.items() if name in names), "optimiser's memory")

    def formula(self, name: str, reading: Reading) -> str:
        """The formula of a quantity in two dimensions: its matrix form under its chain rule, or its index form."""
        stage = self._derivation.by_name.get(name)
        if stage is None:
            return self._given(name)
        if reading is Reading.INDEX:
            return str(self._pretty.index_equation(stage))
        boxes = (self._pretty.chain(stage), self._pretty.matrix_equation(stage))
        return "\n\n".join(str(box) for box in boxes if box is not None)

    def reason(self, name: str) -> str:
        """The sentence that tells why; empty at something given."""
        stage = self._derivation.by_name.get(name)
        pieces = stage.reason if stage else ()
        return "".join(piece if isinstance(piece, str) else self._one_line.formula(piece) for piece in pieces)

    def latex(self, name: str) -> list[str]:
        """The formulas of a quantity as LaTeX mathematics."""
        stage = self._derivation.by_name.get(name)
        if stage is None:
            return [latex(name)]
        forms = self._latex.chain(stage), self._latex.matrix_equation(stage), self._latex.index_equation(stage)
        return list(dict.fromkeys(form for form in forms if form))

    def _given(self, name: str) -> str:
        """Where something given is used, in one line each."""
        users = [stage for stage in self._derivation if stage.matrix is not None and name in quantities(stage.matrix)]
        return "\n".join(["used in", *(f"  {self._one_line.matrix_equation(stage)}" for stage in users)])

    def numbers(self, name: str, values: Values) -> Content:
        """A stage's matrix with row and column labels."""
        return self._labelled(values[name], self._derivation.axes[name])

    def operands(self, name: str, values: Values) -> Content:
        """The matrices that stand in a stage's matrix form, side by side, transposed where they stand transposed."""
        stage = self._derivation.by_name.get(name)
        if stage is None or stage.matrix is None:
            return Content("")
        turned = [found for found in stage.matrix.atoms(Transposed) if isinstance(found.args[0], Quantity)]
        within = {found.args[0] for found in (*turned, *stage.matrix.atoms(Ones))}
        formula = self._one_line.formula(stage.matrix)
        operands = [*turned, *(stage.matrix.atoms(Quantity) - within)]
        blocks = []
        for shown in sorted(operands, key=lambda found: _first_place(self._one_line.formula(found), formula)):
            name = (shown.args[0] if isinstance(shown, Transposed) else shown).name
            value, axes = values[name], self._derivation.axes[name]
            if isinstance(shown, Transposed):
                value, axes = value.T, (axes[1], axes[0])
            title = Content.styled(f"{self._one_line.formula(shown)} =", "bold")
            blocks.append([title, *self._labelled(value, axes).split("\n")])
        return _side_by_side(blocks)

    def _shape(self, name: str) -> str:
        rows, columns = self._derivation.shape(name)
        return "scalar" if self._derivation.axes[name] == ("", "") else f"{rows}×{columns}"

    def _labelled(self, matrix: NDArray[np.float64], axes: tuple[str, str]) -> Content:
        if axes == ("", ""):
            return Content.styled(number(float(matrix[0, 0])), "bold")
        texts = written(matrix)
        some = abridged((len(texts), len(texts[0])), _MOST_ROWS, _MOST_COLUMNS)
        row_labels = [self._label(axes[0], row) for row in some.rows]
        column_labels = [self._label(axes[1], column) for column in some.columns]
        left = max(map(len, row_labels))
        width = max(*(len(text) for row in texts for text in row), *map(len, column_labels))
        header = " " * left + "".join(f"  {label:>{width}}" for label in column_labels)
        lines = [Content.styled(header, "dim")]
        for row, label in zip(some.rows, row_labels, strict=True):
            cells = "".join(f"  {_cell(texts, row, column):>{width}}" for column in some.columns)
            lines.append(Content.assemble((label.rjust(left), "dim"), cells))
        return Content("\n").join(lines)

    def _label(self, letters: str, position: int | None) -> str:
        """Spell a row's or a column's place: ``j=2``; of several axes together ``n=0 k=1``."""
        if position is None:
            return "…"
        names = [letter for letter in letters.split(",") if letter]
        places = np.unravel_index(position, [self._derivation.sizes[name] for name in names]) if names else ()
        return " ".join(f"{name}={place}" for name, place in zip(names, places, strict=True))


def _cell(texts: list[list[str]], row: int | None, column: int | None) -> str:
    return "…" if row is None or column is None else texts[row][column]


def _side_by_side(blocks: list[list[Content]]) -> Content:
    height = max(map(len, blocks), default=0)
    widths = [max(line.cell_length for line in block) for block in blocks]
    rows = []
    for position in range(height):
        cells = [block[position] if position < len(block) else Content("") for block in blocks]
        rows.append(
            Content(_GAP).join(
                cell.pad_right(width - cell.cell_length) for cell, width in zip(cells, widths, strict=True)
            )
        )
    return Content("\n").join(rows)


def _first_place(name: str, formula: str) -> tuple[int, str]:
    """Order names as they stand in a formula."""
    found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", formula)
    return (found.start() if found else len(formula)), name
