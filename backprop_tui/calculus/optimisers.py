"""Update rules: each a few stages in the matrix language, made for one parameter and its gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sympy import Expr, Integer, sqrt

from ..notation import LEARNING_RATE, updated
from . import reasons
from .matrices import Quantity
from .stages import Reason

STEP: Final = "tau"
"""The number of updates made so far."""


@dataclass(frozen=True)
class Update:
    """One stage of an update: its name, its right-hand side, its reason."""

    name: str
    right: Expr
    reason: Reason


@dataclass(frozen=True)
class Optimiser:
    """A rule that turns gradients into updates.

    Attributes
    ----------
    name:
        As a network.toml says it.
    constants:
        The numbers it needs beside the learning rate, with their usual values.
    memory:
        The prefixes of the quantities that it remembers for each parameter: ``v`` makes ``v_W``. They begin at zero.
    counts:
        Whether it counts its updates.
    rule:
        Makes the stages for a parameter from its name and its gradient's.

    """

    name: str
    constants: dict[str, float]
    memory: tuple[str, ...]
    counts: bool
    rule: Callable[[str, str], list[Update]]

    def remembered(self, parameter: str) -> tuple[str, ...]:
        """Return the names of what is remembered for a parameter."""
        return tuple(f"{prefix}_{parameter}" for prefix in self.memory)


def _descent(parameter: str, gradient: str) -> list[Update]:
    """W' = W - eta dE/dW."""
    eta, W, g = map(Quantity, (LEARNING_RATE, parameter, gradient))
    return [Update(updated(parameter), W - eta * g, reasons.of_update(parameter, gradient))]


def _momentum(parameter: str, gradient: str) -> list[Update]:
    """V' = mu v - eta dE/dW, then W' = W + v'."""
    velocity = f"v_{parameter}"
    eta, mu, v, W, g = map(Quantity, (LEARNING_RATE, "mu", velocity, parameter, gradient))
    moved = (Quantity(parameter), " moves by its velocity.")
    return [
        Update(
            updated(velocity), mu * v - eta * g, ("The velocity keeps a part ", mu, " of itself and turns downhill.")
        ),
        Update(updated(parameter), W + Quantity(updated(velocity)), moved),
    ]


def _adam(parameter: str, gradient: str) -> list[Update]:
    """Kingma and Ba 2015: m' and s' average dE/dW and its square; both are corrected for having begun at zero."""
    mean, square = f"m_{parameter}", f"s_{parameter}"
    eta, beta1, beta2, epsilon = map(Quantity, (LEARNING_RATE, "beta1", "beta2", "epsilon"))
    m, s, W, g = map(Quantity, (mean, square, parameter, gradient))
    m_next, s_next, tau = (Quantity(updated(name)) for name in (mean, square, STEP))
    step = eta * (m_next / (1 - beta1**tau)) / (sqrt(s_next / (1 - beta2**tau)) + epsilon)
    return [
        Update(updated(mean), beta1 * m + (1 - beta1) * g, ("A running mean of ", g, ".")),
        Update(updated(square), beta2 * s + (1 - beta2) * g**2, ("A running mean of the squares of ", g, ".")),
        Update(
            updated(parameter),
            W - step,
            ("Both means are corrected for having begun at zero; each entry has its own step size.",),
        ),
    ]


def counting() -> Update:
    """Tau' = tau + 1."""
    return Update(updated(STEP), Quantity(STEP) + Integer(1), ("The number of this update.",))


DESCENT: Final = Optimiser("descent", {}, (), False, _descent)
MOMENTUM: Final = Optimiser("momentum", {"mu": 0.9}, ("v",), False, _momentum)
ADAM: Final = Optimiser("adam", {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}, ("m", "s"), True, _adam)

OPTIMISERS: Final = {optimiser.name: optimiser for optimiser in (DESCENT, MOMENTUM, ADAM)}
