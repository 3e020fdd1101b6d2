"""The proof on a network's own numbers: every stage's matrix form against independent ways.

====================  ======================================================================
way                   what it shares with the matrix form
====================  ======================================================================
index form            the derivation, but not the recovery of the matrix form
entries               nothing: `sympy.diff` of the equations over their scalar entries
complex step          nothing: the equations at u + i 1e-30, exact to rounding
central differences   nothing: the equations at u + 1e-5 and u - 1e-5
====================  ======================================================================

A difference is the largest over all entries, in units of the largest entry, or absolute where that is below 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..calculus.derivation import Derivation
from ..calculus.stages import Stage
from .compile import Values, compile_stage
from .numerics import Array
from .ways import Ways

TOLERANCES: Final = {"index form": 1e-12, "entries": 1e-12, "complex step": 1e-12, "central differences": 1e-7}
"""The ways in the order of the table, each with the largest difference that agrees."""
MAX_WRITTEN_OUT: Final = 64
"""With more parameters the network isn't written out over its entries: SymPy would take minutes."""


@dataclass(frozen=True)
class Row:
    """One stage's largest difference for each way; None where a way doesn't apply to it."""

    stage: str
    differences: Mapping[str, float | None]

    @property
    def disagreeing(self) -> list[str]:
        """The ways that differ by more than their tolerance, or by NaN."""
        return [way for way, found in self.differences.items() if found is not None and not found <= TOLERANCES[way]]


def check(derivation: Derivation, start: Values) -> list[Row]:
    """Compare every stage's matrix form with each independent way.

    Parameters
    ----------
    derivation:
        What is to be proven.
    start:
        The values of the inputs, the parameters and the learning rate.

    """
    values = dict(start)
    for stage in derivation:
        values[stage.name] = compile_stage(derivation, stage)(values)
    ways = Ways(derivation, values)
    return [_row(stage, values[stage.name], ways, written_out=_is_small(derivation)) for stage in derivation]


def _is_small(derivation: Derivation) -> bool:
    return sum(rows * columns for rows, columns in map(derivation.shape, derivation.parameters)) <= MAX_WRITTEN_OUT


def _row(stage: Stage, own: Array, ways: Ways, *, written_out: bool) -> Row:
    """Compare one stage; of a local derivative the derived Jacobian as a whole, its core with the matrix form."""
    derived = ways.jacobian(stage.jacobian) if stage.jacobian else own
    others = {
        "entries": ways.entries(stage) if written_out else None,
        "complex step": ways.complex_step(stage),
        "central differences": ways.central_differences(stage),
    }
    differences = {way: None if other is None else _difference(derived, other) for way, other in others.items()}
    return Row(stage.name, {"index form": _difference(own, ways.index_form(stage)), **differences})


def _difference(own: Array, other: Array) -> float:
    scale = max(1.0, float(np.max(np.abs(other))))
    return float(np.max(np.abs(own - other.reshape(own.shape)))) / scale
