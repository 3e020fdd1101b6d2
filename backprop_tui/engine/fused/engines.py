"""The engines of a training step, and the choice of one."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final

import numpy as np
from numpy.typing import DTypeLike

from ...calculus.derivation import Derivation
from ...errors import InputError, nearest, not_installed
from .array_code import lowered
from .costs import MOST_OPERATIONS, array_cost, scalar_cost, scalar_operations
from .schedule import Schedule
from .steps import ArrayStep, ScalarStep, TrainingStep, step_schedule

ENGINES: Final = ("auto", "arrays", "scalars", "numba", "jax")
_EXTRAS: Final = {"numba": "fast", "jax": "jax"}


def training_step(derivation: Derivation, dtype: DTypeLike = np.float64, engine: str = "auto") -> TrainingStep:
    """Generate a training step.

    Parameters
    ----------
    derivation:
        What is run.
    dtype:
        ``float64`` or ``float32``.
    engine:
        One of `ENGINES`.

    Raises
    ------
    NotImplementedError
        Where code over single numbers would be too long, or a stage that a step needs has no matrix form for it.
    InputError
        Where there is no such engine, or numba or jax is asked for and isn't installed.

    """
    if engine not in ENGINES:
        raise InputError(repr(engine), f"one of {', '.join(ENGINES)}", key="engine", nearest=nearest(engine, ENGINES))
    if engine == "jax":
        return _from_extra(engine, "JaxStep")(derivation, dtype)
    scheduled = step_schedule(derivation)
    if engine == "auto":
        engine = cheapest(scheduled)
    elif engine == "scalars" and (count := scalar_operations(scheduled)) > MOST_OPERATIONS:
        raise NotImplementedError(f"{count} operations on single numbers are too many, at most {MOST_OPERATIONS}")
    small = np.dtype(dtype) == np.float64 and _is_small(scheduled)
    made: Callable[..., TrainingStep] | None = {"arrays": ArrayStep, "scalars": ScalarStep}.get(engine)
    step = (made or _from_extra(engine, "CompiledStep" if small else "CompiledLoops"))(derivation, dtype)
    step.scheduled = scheduled
    return step


def _from_extra(engine: str, name: str) -> type[TrainingStep]:
    """Import an engine whose package comes with an extra."""
    module = {"numba": "compiled", "jax": "jax_step"}[engine]
    try:
        made: type[TrainingStep] = getattr(import_module(f".{module}", __package__), name)
    except ModuleNotFoundError as missing:
        raise not_installed(missing, _EXTRAS[engine], f"engine {engine}") from missing
    return made


def cheapest(scheduled: Schedule) -> str:
    """Return which of arrays and scalars runs a step in less time, by counting."""
    fewer = _is_small(scheduled) and scalar_cost(scheduled) < array_cost(lowered(scheduled))
    return "scalars" if fewer else "arrays"


def _is_small(scheduled: Schedule) -> bool:
    """Whether code over single numbers can be written."""
    return not scheduled.apart and scalar_operations(scheduled) <= MOST_OPERATIONS
