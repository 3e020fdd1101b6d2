from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from backprop_tui import gallery
from backprop_tui.calculus.derivation import derive
from backprop_tui.calculus.stages import Kind
from backprop_tui.engine.evaluation import Evaluation
from backprop_tui.engine.provenance import CARRIED, GIVEN, Origin, Source, origin, place_of
from backprop_tui.engine.trace import Trace
from backprop_tui.notation import updated
from backprop_tui.printers.substituted import SubstitutedLine
from backprop_tui.printers.substitution import Cell

from .substitutions import arithmetic

NAMES = gallery.names()
LATER = 2
"""An iteration that starts from what others left."""


@cache
def trace(name: str) -> Trace:
    network = gallery.load(name)
    return Trace(network.derivation, network.start, network.inputs)


def cells(name: str, iteration: int = LATER) -> Iterator[Cell]:
    for stage in trace(name).derivation:
        for row, column in np.ndindex(trace(name)[iteration][stage.name].shape):
            yield Cell(stage.name, row, column)


@cache
def told(name: str, cell: Cell, iteration: int = 0) -> Origin:
    return origin(trace(name), iteration, cell)


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_of_every_stage_is_what_its_formula_makes(name: str) -> None:
    values = trace(name)[LATER]
    for cell in cells(name):
        own = values[cell.name][cell.row, cell.column]
        scale = np.abs(values[cell.name]).max()
        assert told(name, cell, LATER).value == pytest.approx(own, rel=1e-9, abs=1e-15 * scale), cell


@pytest.mark.parametrize("name", NAMES)
def test_the_line_with_the_numbers_put_in_is_arithmetic_for_the_value(name: str) -> None:
    values = trace(name)[LATER]
    derivation = trace(name).derivation
    for cell in cells(name):
        stage = derivation[cell.name]
        place = place_of(derivation, stage, cell.row, cell.column)
        put_in = SubstitutedLine(Evaluation(derivation, values), place, put_in=True, digits=17)
        own, scale = values[cell.name][cell.row, cell.column], np.abs(values[cell.name]).max()
        assert arithmetic(put_in.formula(stage.index)) == pytest.approx(own, rel=1e-9, abs=1e-15 * scale), cell


@pytest.mark.parametrize("name", NAMES)
def test_a_source_is_a_cell_of_something_earlier(name: str) -> None:
    derivation = trace(name).derivation
    order = [*derivation.given, *(stage.name for stage in derivation)]
    for cell in cells(name):
        for source in told(name, cell, LATER).sources:
            rows, columns = derivation.shape(source.name)
            assert order.index(source.name) < order.index(cell.name)
            assert source.back == 0
            assert 0 <= source.row < rows
            assert 0 <= source.column < columns


@pytest.mark.parametrize("name", NAMES)
def test_from_a_gradient_one_can_walk_through_the_loss_to_what_is_given(name: str) -> None:
    derivation = trace(name).derivation
    from_loss = {stage.name for stage in derivation for factor in stage.factors if not factor.adjoint}
    for cell in cells(name, 0):
        if derivation[cell.name].kind is Kind.GRADIENT:
            reached = walked(name, cell)
            ends = {place.name for place in reached if not told(name, place).sources}
            assert from_loss & {place.name for place in reached}
            assert ends <= {*derivation.given, *ones(name)}


def walked(name: str, start: Cell) -> set[Cell]:
    reached, ahead = set[Cell](), [start]
    while ahead:
        cell = ahead.pop()
        if cell not in reached:
            reached.add(cell)
            ahead += [Cell(*source[:3]) for source in told(name, cell).sources]
    return reached


def ones(name: str) -> set[str]:
    """The stages that hold a constant, as dz/db does."""
    return {stage.name for stage in trace(name).derivation if stage.index.is_number}


@pytest.mark.parametrize("name", NAMES)
def test_the_parts_of_the_lines_that_stand_for_sources_are_those_of_the_sources(name: str) -> None:
    for cell in cells(name):
        found = told(name, cell, LATER)
        named = [segment.source for segment in found.equation[0] if segment.source is not None]
        assert list(dict.fromkeys(named)) == list(range(len(found.sources)))
        for line in found.equation[1:]:
            assert {segment.source for segment in line} - {None} in (set(named), set())


def test_the_lecture_s_gradient_reads_as_on_the_board() -> None:
    assert told("lecture", Cell("dE/dV", 1, 0)).lines == (
        "∂E/∂V[1,0] = h[0,1] · ∂E/∂z[0,0]",
        "= 0.8090 · −0.1650",
        "= −0.1335",
    )
    assert told("lecture", Cell("dE/dV", 1, 0)).sources == (Source("h", 0, 1), Source("dE/dz", 0, 0))


def test_a_scalar_has_no_indices() -> None:
    first, *_ = told("lecture", Cell("E", 0, 0)).lines
    assert first == "E = (y[0,0] − t[0,0])² + (y[0,1] − t[0,1])²"


def test_a_cell_of_a_local_derivative_is_named_as_an_entry_of_the_jacobian() -> None:
    assert told("lecture", Cell("dz/dV", 0, 1)).lines == ("∂z[0,k]/∂V[1,k] = h[0,1]", "= 0.8090")
    assert told("lecture", Cell("dz/dh", 1, 3)).lines[0] == "∂z[n,1]/∂h[n,3] = V[3,1]"
    assert told("attention", Cell("dy/da", 1, 2)).lines[0] == "∂y[n,1]/∂a[n,2] = v[2,1]"


def test_a_tensor_s_row_stands_for_two_indices() -> None:
    first, *_ = told("attention", Cell("da/ds", 5, 0)).lines
    assert first == "∂a[1,2]/∂s[1,0] = a[1,2] · (δ[2,0] − a[1,0])"


def test_a_constant_is_told_once() -> None:
    assert told("softmax-classifier", Cell("dz/db", 0, 0)).lines == ("∂z[n,j]/∂b[0,j] = 1",)


def test_the_largest_terms_of_a_long_sum_come_first() -> None:
    found = told("softmax-classifier", Cell("dE/db", 0, 0))
    values = trace("softmax-classifier")[0]["dE/dz"]
    shown = [abs(values[source.row, source.column]) for source in found.sources]
    assert shown == sorted(np.abs(values[:, 0]), reverse=True)[:3]
    assert found.lines[0].endswith(" + 12 more")


def test_a_parameter_is_given_at_first_and_then_comes_from_its_update() -> None:
    first, later = (told("lecture", Cell("W", 2, 1), iteration) for iteration in (0, LATER))
    before = trace("lecture")[LATER - 1][updated("W")][2, 1]
    assert (first.sources, first.note) == ((), GIVEN)
    assert (later.sources, later.note) == ((Source("W'", 2, 1, back=1),), CARRIED)
    assert later.value == before
    assert later.lines[0] == "W[2,1] = W′[2,1]"


def test_what_an_optimiser_remembers_comes_from_its_update() -> None:
    assert told("xor", Cell("v_V", 1, 0), LATER).sources == (Source("v_V'", 1, 0, back=1),)


def test_data_and_constants_are_given_at_every_iteration() -> None:
    for cell in (Cell("x", 0, 1), Cell("eta", 0, 0)):
        assert (told("lecture", cell, LATER).sources, told("lecture", cell, LATER).note) == ((), GIVEN)
    assert told("lecture", Cell("x", 0, 1)).lines == ("x[0,1] = 2",)
    assert told("lecture", Cell("eta", 0, 0)).lines == ("η = 0.01",)


def test_what_only_the_stable_form_can_compute_is_told_with_the_trace_s_number() -> None:
    derivation = derive({"y": "softmax(x * w)", "E": "sum((y - t)**2)"}, {"x": (1, 2), "t": (1, 2)}, {"w": (1, 1)})
    start = {"x": np.array([[1.0, 2.0]]), "t": np.array([[0.0, 1.0]]), "w": [[1000.0]], "eta": [[0.1]]}
    steep = Trace(derivation, {name: np.array(value) for name, value in start.items()})
    assert origin(steep, 0, Cell("y", 0, 1)).lines[-1] == "= 1"


def test_the_latex_is_one_equation() -> None:
    assert told("lecture", Cell("dE/dV", 1, 0)).latex == (
        r"\frac{\partial E}{\partial V_{1,0}} = h_{0,1} \cdot \frac{\partial E}{\partial z_{0,0}}"
        r" = 0.8090 \cdot -0.1650 = -0.1335"
    )
