"""A stage as the texts that the panels show. Imported only once the derivation is there: it needs SymPy and NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from textual.content import Content

from ..calculus.chain_strip import Mark, Strip, leading, marked
from ..calculus.derivation import Derivation
from ..calculus.indices import SAMPLE_LETTER
from ..calculus.matrices import quantities
from ..calculus.stages import Stage
from ..engine.compile import Values
from ..engine.health import Finding, HealthCheck
from ..engine.provenance import Origin, Source, origin
from ..notation import latex, plain
from ..printers.latex import Latex
from ..printers.one_line import OneLine
from ..printers.pretty import Pretty
from ..printers.shapes import shape_line, without_transposes
from ..printers.substitution import Cell
from .tables import Tables
from .walkthrough import Reading, Walkthrough


class StageTexts:
    """Formulas and numbers of a derivation's stages, as characters."""

    def __init__(self, derivation: Derivation) -> None:
        scalars = [name for name, axes in derivation.axes.items() if axes == ("", "")]
        self._derivation = derivation
        self._pretty = Pretty(scalars)
        self._one_line = OneLine(scalars)
        self._latex = Latex(scalars)
        self._tables = Tables(derivation, self._one_line)
        self._health: HealthCheck | None = None

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
        """The formula of a quantity in two dimensions: its matrix form under its chain rule, or an entry."""
        stage = self._derivation.by_name.get(name)
        if stage is None:
            return self._given(name)
        if reading is not Reading.MATRIX or stage.matrix is None:
            return str(self._pretty.index_equation(stage))
        boxes = (self._pretty.chain(stage), self._pretty.matrix_equation(stage))
        return "\n\n".join(str(box) for box in boxes if box is not None)

    def reason(self, name: str) -> str:
        """The sentence that tells why, with the shapes that make it necessary; empty at something given."""
        stage = self._derivation.by_name.get(name)
        if stage is None:
            return ""
        words = (piece if isinstance(piece, str) else self._one_line.formula(piece) for piece in stage.reason)
        shapes = shape_line(self._derivation, stage), without_transposes(self._derivation, stage)
        return "\n".join(filter(None, ("".join(words), "  ".join(filter(None, shapes)))))

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
        return "\n".join(str(self._one_line.matrix_equation(stage)) for stage in users)

    def origin(self, walkthrough: Walkthrough) -> Origin:
        """Where the chosen cell comes from."""
        place, cell = walkthrough.place, walkthrough.cell
        return origin(walkthrough.trace, place.iteration, Cell(place.name, *cell))

    def operands(self, stage: Stage, values: Values, sources: Sequence[Source], chosen: int, width: int) -> Content:
        """The matrices that stand in a stage's formula, with the sources of a cell lit in them."""
        return self._tables.operands(stage, values, sources, chosen, width)

    def findings(self, walkthrough: Walkthrough) -> list[Finding]:
        """What is wrong at the iteration, the gravest first."""
        trace = walkthrough.trace
        if self._health is None or self._health.trace is not trace:
            self._health = HealthCheck(trace)
        return self._health.findings(walkthrough.place.iteration)

    def sample(self, walkthrough: Walkthrough) -> int:
        """The row of the data that the chosen cell belongs to, the first where it belongs to none."""
        rows, _ = self._derivation.axes[walkthrough.place.name]
        return walkthrough.cell.row if rows == SAMPLE_LETTER else 0

    def strip(self, name: str) -> Strip | None:
        """The chain rule of the gradient that a backward stage leads to; None of any other quantity."""
        return leading(self._derivation, name) if name in self._derivation else None

    def marks(self, strip: Strip, name: str) -> tuple[Mark, ...]:
        """The factors of a strip that a stage brings in."""
        return marked(self._derivation, strip, name)

    def labels(self, name: str) -> tuple[Callable[[int], str], Callable[[int], str]]:
        """What spells the labels of a quantity's rows, and of its columns."""
        rows, columns = self._derivation.axes[name]
        return partial(self._tables.label, rows), partial(self._tables.label, columns)

    def _shape(self, name: str) -> str:
        rows, columns = self._derivation.shape(name)
        return "scalar" if self._derivation.axes[name] == ("", "") else f"{rows}×{columns}"
