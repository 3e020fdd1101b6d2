"""A substituted line read back as arithmetic, and a derivation of nothing but axes to put random expressions in."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from backprop_tui.calculus.derivation import Derivation
from backprop_tui.printers.marks import bare

from .networks import MATRIX_AXES, SIZES, Array

_SUPERSCRIPTS: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
FUNCTIONS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        **{name: getattr(math, name) for name in ("exp", "log", "tanh", "sqrt")},
        "sigmoid": lambda u: 1 / (1 + math.exp(-u)),
        "softplus": lambda u: math.log(1 + math.exp(u)),
        "relu": lambda u: max(u, 0.0),
        "relu_slope": lambda u: float(u > 0),
    }
)


def arithmetic(line: str) -> float:
    """Compute a line of numbers as a reader would: by its signs and parentheses alone."""
    code = re.sub(r" \([\d,]+ more\)", "", bare(line))
    code = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: "**" + found[0].translate(_SUPERSCRIPTS), code)
    code = re.sub(r"√(\d+)", r"sqrt(\1)", code).replace("√(", "sqrt(")
    for said, meant in (("−", "-"), ("·", "*"), ("^", "**"), ("relu′", "relu_slope"), ("σ", "sigmoid")):
        code = code.replace(said, meant)
    return float(eval(code, {"__builtins__": {}}, dict(FUNCTIONS)))


def only_axes() -> Derivation:
    """Return a derivation without stages, of quantities along every pair of axes."""
    return Derivation((), {}, {}, (), (), (), (), MATRIX_AXES, SIZES)


@cache
def signed_values() -> Mapping[str, Array]:
    """Numbers of both signs for the quantities of `MATRIX_AXES`."""
    numbers = np.random.default_rng(11)
    return {
        name: numbers.uniform(-2, 2, tuple(SIZES.get(letter, 1) for letter in axes))
        for name, axes in MATRIX_AXES.items()
    }
