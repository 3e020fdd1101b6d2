"""Functions of the chalkboard for arrays, stable in floating point, real and complex.

Each computes the same function as its formula in `calculus.functions`, without the overflow that the formula taken
literally would have. Complex arguments are for complex-step differences: near the real axis the functions are analytic,
so branches are chosen by the real part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sigmoid(u: Array) -> Array:
    """1/(1 + exp(-u)), entry by entry; exp is only ever taken of a number whose real part is at most 0."""
    positive = np.real(u) >= 0
    decay = np.exp(np.where(positive, -u, u))
    return np.where(positive, 1.0, decay) / (1.0 + decay)


FUNCTIONS: Final[dict[str, Callable[[Array], Array]]] = {"sigmoid": sigmoid}
