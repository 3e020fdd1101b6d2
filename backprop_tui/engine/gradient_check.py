"""The proof on a network's own numbers: every stage's matrix form against independent ways.

====================  ======================================================================
way                   what it shares with the matrix form
====================  ======================================================================
index form            the derivation, but not the recovery of the matrix form
entries               nothing: `sympy.diff` of the equations over their scalar entries
complex step          nothing: the equations at u + i 1e-30, exact to rounding
central differences   nothing: the equations at u + s and u - s, extrapolated to s = 0
====================  ======================================================================

A difference is the largest over all entries, in units of the largest entry, or absolute where that is below 1. An entry
of which a way finds no number doesn't count: where a step of the central differences crosses a kink, as of relu at 0,
or the equations as they were written overflow. A NaN in the derivation's own numbers agrees with nothing. Of wide
networks, gradients are compared along random directions, and the index form at random entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np

from ..calculus.derivation import Derivation
from ..calculus.entries import symbols_for, written_out
from ..calculus.stages import Kind, Stage
from ..notation import derivative
from .compile import Values, compile_stage
from .numerics import Array
from .ways import Ways

TOLERANCES: Final = {"index form": 1e-12, "entries": 1e-12, "complex step": 1e-12, "central differences": 1e-7}
"""The ways in the order of the table, each with the largest difference that agrees."""
MAX_WRITTEN_OUT: Final = 64
MAX_OPERATIONS: Final = 1_000
"""With more parameters, or a loss of more operations, entries aren't written out: SymPy would take minutes."""
MAX_ENTRIES: Final = 600
"""With a larger matrix a network is wide: it is checked along random directions and at random entries."""
DIRECTIONS: Final = 8
SAMPLED: Final = 16
_SEED: Final = 0


@dataclass(frozen=True)
class Row:
    """One stage's largest difference for each way; None where a way doesn't apply to it."""

    stage: str
    differences: Mapping[str, float | None]

    @property
    def disagreeing(self) -> list[str]:
        """The ways that differ by more than their tolerance, or by NaN."""
        return [way for way, found in self.differences.items() if found is not None and not found <= TOLERANCES[way]]


@dataclass(frozen=True)
class Report:
    """A row for every stage, and whether the network was too wide to check every entry."""

    rows: list[Row]
    wide: bool

    @property
    def agrees(self) -> bool:
        """Whether every way agrees on every stage."""
        return not any(row.disagreeing for row in self.rows)


@np.errstate(all="ignore")
def check(derivation: Derivation, start: Values) -> Report:
    """Compare every stage's matrix form with each independent way.

    Parameters
    ----------
    derivation:
        What is to be proven.
    start:
        The values of all that the derivation is `given`.

    """
    values = dict(start)
    for stage in derivation:
        if stage.matrix is not None or not is_wide(derivation):
            values[stage.name] = compile_stage(derivation, stage)(values)
    ways = Ways(derivation, values)
    if is_wide(derivation):
        generator = np.random.default_rng(_SEED)
        return Report([_wide_row(derivation, stage, values, ways, generator) for stage in derivation], wide=True)
    small = _is_small(derivation)
    return Report([_row(stage, values[stage.name], ways, in_entries=small) for stage in derivation], wide=False)


def is_wide(derivation: Derivation) -> bool:
    """Whether some matrix is so large that its entries aren't checked one by one."""
    names = (*derivation.inputs, *derivation.parameters, *derivation.equations)
    return any(prod(derivation.shape(name)) > MAX_ENTRIES for name in names)


def _is_small(derivation: Derivation) -> bool:
    """Whether the loss can be written out over the scalar entries of its parameters."""
    if sum(prod(derivation.shape(name)) for name in derivation.parameters) > MAX_WRITTEN_OUT:
        return False
    symbols = {name: symbols_for(derivation, name) for name in (*derivation.inputs, *derivation.parameters)}
    return bool(written_out(derivation, symbols)[derivation.loss][0].count_ops() <= MAX_OPERATIONS)


def _row(stage: Stage, own: Array, ways: Ways, *, in_entries: bool) -> Row:
    """Compare one stage; of a local derivative the derived Jacobian as a whole, its core with the matrix form."""
    derived = ways.jacobian(stage.jacobian) if stage.jacobian else own
    others = {
        "entries": ways.entries(stage) if in_entries else None,
        "complex step": ways.complex_step(stage),
        "central differences": ways.central_differences(stage),
    }
    by_index = {"index form": _difference(own, ways.index_form(stage))}
    return Row(stage.name, by_index | {way: _difference(derived, other) for way, other in others.items()})


def _wide_row(derivation: Derivation, stage: Stage, values: Values, ways: Ways, generator: np.random.Generator) -> Row:
    """Compare some entries with the index form, and a gradient along some directions with differences of the loss."""
    differences: dict[str, float | None] = dict.fromkeys(TOLERANCES)
    if stage.matrix is None:
        return Row(stage.name, differences)
    own = values[stage.name]
    picks = [tuple(int(generator.integers(size)) for size in own.shape) for _ in range(SAMPLED)]
    differences["index form"] = _difference(np.array([own[pick] for pick in picks]), ways.index_form_at(stage, picks))
    if stage.kind in (Kind.ADJOINT, Kind.GRADIENT):
        by = stage.name.removeprefix(derivative(derivation.loss, ""))
        directions = generator.standard_normal((DIRECTIONS, *own.shape))
        along = np.array([ways.along(by, direction) for direction in directions])
        projected = np.sum(own * directions, axis=(1, 2))
        differences["complex step"] = _difference(projected, along[:, 0])
        differences["central differences"] = _difference(projected, along[:, 1])
    return Row(stage.name, differences)


def _difference(own: Array, other: Array | None) -> float | None:
    """Return the largest difference over the entries that the other way finds; None where it finds none."""
    if other is None:
        return None
    other = other.reshape(own.shape)
    counted = np.isfinite(other) | np.isnan(own)
    if not counted.any():
        return None
    scale = max(1.0, float(np.max(np.abs(other[counted]))))
    with np.errstate(invalid="ignore"):
        return float(np.max(np.abs(own - other)[counted])) / scale
