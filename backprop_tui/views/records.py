"""Iterations as one JSON object, numbers at full precision."""

from __future__ import annotations

import json
import math

import numpy as np
from numpy.typing import NDArray

from ..calculus.derivation import Derivation
from ..engine.trace import Trace


def render(derivation: Derivation, trace: Trace, *, network: str, iterations: int) -> str:
    """Return ``{"network": ..., "iterations": [{"iteration": 0, "stages": {"p": [[...]], ..., "E": 0.85}}, ...]}``.

    A scalar stage is a number, any other a list of rows. NaN and infinities, which JSON doesn't have, become null.
    """
    runs = [
        {"iteration": iteration, "stages": _stages(derivation, trace, iteration)} for iteration in range(iterations)
    ]
    return json.dumps({"network": network, "iterations": runs}, allow_nan=False) + "\n"


def _stages(derivation: Derivation, trace: Trace, iteration: int) -> dict[str, object]:
    values = trace[iteration]
    return {stage.name: _value(values[stage.name], scalar=stage.axes == ("", "")) for stage in derivation}


def _value(array: NDArray[np.float64], *, scalar: bool) -> object:
    rows = [[entry if math.isfinite(entry) else None for entry in row] for row in array.tolist()]
    return rows[0][0] if scalar else rows
