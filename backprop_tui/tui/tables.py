"""The matrices that a stage is made from, as characters, with the cells that one cell was made from lit in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final

import numpy as np
from numpy.typing import NDArray
from textual.content import Content

from ..calculus.derivation import Derivation
from ..calculus.indices import Axes
from ..calculus.matrices import Ones, Quantity, Transposed
from ..calculus.stages import Stage
from ..engine.compile import Values
from ..engine.provenance import Source
from ..printers.numbers import entry, number, style
from ..printers.one_line import OneLine
from .widgets.origin_panel import source_style

MOST: Final = (14, 12)
"""The rows and columns that are shown of a matrix; of a larger one, those around the cells that are lit."""
_GAP: Final = "   "


@dataclass(frozen=True)
class Table:
    """A matrix to be written with labels.

    Attributes
    ----------
    title:
        The formula that it is the value of: ``hᵀ``.
    matrix, axes:
        Its entries, and the index letters of its rows and columns.
    lit:
        The numbers of the sources that its cells are.

    """

    title: str
    matrix: NDArray[np.float64]
    axes: Axes
    lit: Mapping[tuple[int | None, int | None], int] = field(default_factory=dict)

    def transposed(self, title: str) -> Table:
        """Return the same on its side."""
        lit = {(column, row): source for (row, column), source in self.lit.items()}
        return Table(title, self.matrix.T, (self.axes[1], self.axes[0]), lit)


class Tables:
    """The tables of a derivation's stages."""

    def __init__(self, derivation: Derivation, printer: OneLine) -> None:
        self._derivation, self._printer = derivation, printer

    def operands(self, stage: Stage, values: Values, sources: Sequence[Source], chosen: int, width: int) -> Content:
        """Return the matrices that stand in a stage's formula, side by side as far as the width goes.

        The sources are lit, one of them as the chosen.
        """
        blocks = [list(self._lines(table, chosen)) for table in self._tables(stage, values, sources)]
        return Content("\n\n").join(_side_by_side(row) for row in _rows(blocks, width))

    def label(self, letters: str, position: int | None) -> str:
        """Spell a row's or a column's place: ``j=2``; of several axes ``n=0 k=1``, of one axis twice ``n=0 n′=1``."""
        if position is None:
            return "…"
        names = [letter for letter in letters.split(",") if letter]
        places = np.unravel_index(position, [self._derivation.sizes[name] for name in names]) if names else ()
        spelled = [name + "′" * names[:number].count(name) for number, name in enumerate(names)]
        return " ".join(f"{name}={place}" for name, place in zip(spelled, places, strict=True))

    def _tables(self, stage: Stage, values: Values, sources: Sequence[Source]) -> Iterator[Table]:
        """Yield a table for each matrix that stands in the formula, transposed where it stands transposed."""
        for shown in self._shown(stage, sources):
            name = (shown.args[0] if isinstance(shown, Transposed) else shown).name
            lit: dict[tuple[int | None, int | None], int] = {
                (source.row, source.column): place for place, source in enumerate(sources) if source.name == name
            }
            table = Table(self._printer.formula(Quantity(name)), values[name], self._derivation.axes[name], lit)
            yield table.transposed(self._printer.formula(shown)) if isinstance(shown, Transposed) else table

    def _shown(self, stage: Stage, sources: Sequence[Source]) -> list[Quantity | Transposed]:
        if stage.matrix is None:
            return [Quantity(name) for name in dict.fromkeys(source.name for source in sources)]
        turned = [found for found in stage.matrix.atoms(Transposed) if isinstance(found.args[0], Quantity)]
        within = {found.args[0] for found in (*turned, *stage.matrix.atoms(Ones))}
        formula = self._printer.formula(stage.matrix)
        operands = [*turned, *(stage.matrix.atoms(Quantity) - within)]
        return sorted(operands, key=lambda found: _first_place(self._printer.formula(found), formula))

    def _lines(self, table: Table, chosen: int) -> Iterator[Content]:
        yield Content.styled(f"{table.title} =", "bold")
        form = style(table.matrix)
        if table.axes == ("", ""):
            yield _cell(number(float(table.matrix[0, 0])), table.lit.get((0, 0)), chosen)
            return
        rows, columns = (self._window(table, axis) for axis in (0, 1))
        labels = [self.label(table.axes[1], column) for column in columns]
        texts = [[_text(table.matrix, row, column, form) for column in columns] for row in rows]
        width = max(len(text) for text in (*labels, *(text for line in texts for text in line)))
        left = max(len(self.label(table.axes[0], row)) for row in rows)
        yield Content.styled(" " * (left + 1) + "".join(f" {label:>{width}} " for label in labels), "dim")
        for row, line in zip(rows, texts, strict=True):
            sources = [table.lit.get((row, column)) for column in columns]
            cells = [_cell(text.rjust(width), source, chosen) for text, source in zip(line, sources, strict=True)]
            yield Content.assemble((self.label(table.axes[0], row).rjust(left) + " ", "dim"), *cells)

    def _window(self, table: Table, axis: int) -> list[int | None]:
        first = min((place for cell in table.lit if (place := cell[axis]) is not None), default=0)
        return window(table.matrix.shape[axis], MOST[axis], first)


def window(count: int, most: int, focus: int) -> list[int | None]:
    """Return the places to show of so many, among them the focus; None stands for those left out on a side."""
    if count <= most:
        return list(range(count))
    start = min(max(focus - 1, 0), count - most)
    shown: list[int | None] = list(range(start, start + most))
    if start > 0:
        shown[0] = None
    if start + most < count:
        shown[-1] = None
    return shown


def _text(matrix: NDArray[np.float64], row: int | None, column: int | None, form: str) -> str:
    return "…" if row is None or column is None else entry(float(matrix[row, column]), form)


def _cell(text: str, source: int | None, chosen: int) -> Content:
    """A number between spaces; in brackets where it is a source, to be clicked on."""
    if source is None:
        return Content(f" {text} ")
    bare = text.lstrip()
    shown = Content.styled(f"[{bare}]", source_style(source, chosen))
    return Content.assemble(" " * (len(text) - len(bare)), shown)


def _rows(blocks: list[list[Content]], width: int) -> Iterator[list[list[Content]]]:
    """Yield the blocks that fit side by side, row by row."""
    row: list[list[Content]] = []
    for block in blocks:
        if row and sum(map(_width, row)) + len(row) * len(_GAP) + _width(block) > width:
            yield row
            row = []
        row.append(block)
    yield row


def _side_by_side(blocks: list[list[Content]]) -> Content:
    lines = []
    for cells in zip_longest(*blocks, fillvalue=Content("")):
        padded = (cell.pad_right(_width(block) - cell.cell_length) for cell, block in zip(cells, blocks, strict=True))
        lines.append(Content(_GAP).join(padded))
    return Content("\n").join(lines)


def _width(block: list[Content]) -> int:
    return max(line.cell_length for line in block)


def _first_place(name: str, formula: str) -> tuple[int, str]:
    """Order names as they stand in a formula."""
    found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", formula)
    return (found.start() if found else len(formula)), name
