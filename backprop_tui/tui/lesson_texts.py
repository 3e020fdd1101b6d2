"""A lesson's two runs as the texts that its panels show. Imported only once the lesson is there."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from textual.content import Content

from ..calculus.stages import Reason
from ..engine.trace import Trace
from ..notation import plain
from ..printers.dots import plot
from ..printers.numbers import abridged, number, style, written
from ..printers.one_line import OneLine
from ..printers.pretty import Pretty
from .lesson import Lesson

MISTAKEN, CORRECTED = "▲", "●"
DIFFERS: Final = "≠"
_MOST_ROWS, _MOST_COLUMNS = 24, 16
_MORE_DECIMALS: Final = 2

Matrix = NDArray[np.float64]


class LessonTexts:
    """What a lesson shows at a place."""

    def __init__(self, lesson: Lesson) -> None:
        derivation = lesson.network.derivation
        scalars = [name for name, axes in derivation.axes.items() if axes == ("", "")]
        self._lesson, self._axes = lesson, derivation.axes
        self._pretty, self._one_line = Pretty(scalars), OneLine(scalars)

    def heading(self, iteration: int, name: str) -> Content:
        """Where one stands: the network, the iteration, the stage with its kind."""
        stage = self._lesson.network.derivation[name]
        told = f" lesson: {self._lesson.network.name}   iteration {iteration}   "
        return Content.assemble(told, (f"{plain(name)} · {stage.kind.value}", "$text-accent"))

    def stage(self, trace: Trace, iteration: int, name: str, *, generous: bool) -> Content:
        """A stage in a run: its formula in two dimensions and its numbers; where there is room, one entry's formula."""
        stage = trace.derivation[name]
        matrix, entry = self._pretty.matrix_equation(stage), self._pretty.index_equation(stage)
        numbers = self._numbers(trace, iteration, name)
        if not generous:
            return Content("\n").join([Content(str(matrix or entry)), numbers])
        formulas = [str(form) for form in (matrix, entry) if form is not None]
        return Content("\n\n").join([*map(Content, dict.fromkeys(formulas)), numbers])

    def title(self, trace: Trace, iteration: int) -> str:
        """What a run is called, its loss, and how that changed."""
        lesson = self._lesson
        recorded = "partly mended" if lesson.off else "as recorded"
        name = "corrected" if trace is lesson.corrected else recorded
        told = f"{name} · {plain(trace.derivation.loss)} = {number(trace.loss(iteration), 5)}"
        if iteration == 0:
            return told
        change = trace.loss(iteration) - trace.loss(iteration - 1)
        return f"{told} {'▲ +' if change > 0 else '▼ '}{number(change, 3)}"

    def plot(self, width: int, height: int, iteration: int) -> Content:
        """The losses of both runs over the iterations."""
        mistaken, corrected = self._lesson.losses()
        lines = plot({MISTAKEN: mistaken, CORRECTED: corrected}, width, height, iteration)
        drawn = Content("\n".join(lines))
        return drawn.highlight_regex(MISTAKEN, style="$text-error").highlight_regex(CORRECTED, style="$text-success")

    def why(self, iteration: int, name: str) -> str:
        """Why a stage differs, or that it doesn't."""
        return self.said(self._lesson.why(iteration, name))

    def partings(self) -> str:
        """Where the runs part, in one line."""
        places = self._lesson.partings()
        if not places:
            return "With these mistakes switched off the two runs are the same."
        first = places[0].iteration
        there = [plain(place.stage) for place in places if place.iteration == first]
        later = [f"{plain(place.stage)} from iteration {place.iteration} on" for place in places[len(there) :]]
        return f"They part at iteration {first}, at {'; '.join([', then '.join(there), *later])}."

    def switches(self) -> Content:
        """The mistakes with their keys, and what each does at present."""
        rows = [
            Content.assemble(
                (f" {place} ", "bold"),
                (f"{'✗ on ' if switch.is_on else '✓ off'}  ", "$text-error" if switch.is_on else "$text-success"),
                f"{switch.title:<13} {self.said(switch.told)}",
            )
            for place, switch in enumerate(self._lesson.switches(), start=1)
        ]
        return Content("\n").join(rows)

    def said(self, reason: Reason) -> str:
        """A sentence with its formulas."""
        return "".join(piece if isinstance(piece, str) else self._one_line.formula(piece) for piece in reason)

    def _numbers(self, trace: Trace, iteration: int, name: str) -> Content:
        """The numbers of a run, those that differ from the other run's marked; both runs in one style."""
        comparison = self._lesson.comparison
        first, second = (run[iteration][name] for run in (comparison.first, comparison.second))
        differs = comparison.differing(iteration, name)
        texts = written(trace[iteration][name], _telling(first, second, differs))
        return self._grid(texts, differs, self._axes[name])

    def _grid(self, texts: list[list[str]], differs: NDArray[np.bool_], axes: tuple[str, str]) -> Content:
        """Set numbers under their labels, a mark beside each that differs."""
        some = abridged(differs.shape, _MOST_ROWS, _MOST_COLUMNS)
        width = max(len(text) for row in texts for text in row)
        left = max(len(_label(axes[0], row)) for row in some.rows)
        header = "".join(f" {_label(axes[1], column):>{width}} " for column in some.columns)
        lines = [Content.styled(f"{'':{left}}{header}".rstrip(), "$text-muted")] if any(axes) else []
        for row in some.rows:
            cells = [_cell(texts, differs, row, column, width) for column in some.columns]
            lines.append(Content.assemble((f"{_label(axes[0], row):>{left}}", "$text-muted"), *cells))
        return Content("\n").join(lines)


def _telling(first: Matrix, second: Matrix, differs: NDArray[np.bool_]) -> str:
    """Return the style of two matrices together, with a few decimals more where only these tell numbers apart."""
    form = style(np.concatenate([first, second]))
    decimals, kind = int(form[1:-1]), form[-1]
    pairs = list(zip(first[differs], second[differs], strict=True))
    forms = [f".{decimals + more}{kind}" for more in range(_MORE_DECIMALS + 1)]
    return next((each for each in forms if all(format(a, each) != format(b, each) for a, b in pairs)), forms[-1])


def _label(letters: str, position: int | None) -> str:
    if position is None:
        return "…"
    return f"{letters}={position}" if letters else ""


def _cell(
    texts: list[list[str]], differs: NDArray[np.bool_], row: int | None, column: int | None, width: int
) -> Content:
    if row is None or column is None:
        return Content(f" {'…':>{width}} ")
    text = f" {texts[row][column]:>{width}}"
    return Content.styled(text + DIFFERS, "bold $text-warning") if differs[row, column] else Content(text + " ")
