"""Training steps compiled by numba, the extra ``fast``.

Of a small network the whole step is machine code over single numbers, and many steps are one call. Of a larger one the
matrix products, and exp and the like, stay NumPy's, and what goes on entry by entry between them is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numba import njit

from ..compile import Values
from .packing import Packed
from .scalar_code import flat_function, flat_loop, replaced
from .steps import ArrayStep, Gradients, ScalarStep, Trained


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function; where Python raises, such as in a division by zero, it goes on as NumPy does."""
    compiled: Callable[..., Any] = njit(error_model="numpy")(function)
    return compiled


class CompiledStep(ScalarStep):
    """Machine code over single numbers, in double precision. It is compiled in its first call, which takes seconds."""

    engine = "numba"

    def gradients(self, values: Values) -> Gradients:
        """Compute the loss and all its gradients; the arrays are this step's own."""
        if self._slopes.apart:
            return self._arrays.gradients(values)
        self._inputs.put(values)
        self.flat(self._inputs.flat, self._packed.flat)
        return Gradients(float(self._packed.flat[0]), self._by_name)

    @cached_property
    def flat(self) -> Callable[..., None]:
        """The compiled function of two flat arrays: all that is given, and what becomes the loss and all gradients."""
        return _compiled(flat_function(self._slopes, self.derivation.sizes))

    def _same_inputs(self, values: Values, steps: int) -> Trained:
        given, losses = self._double(self.scheduled.given), np.empty(steps)
        given.put(values)
        self._flat_loop(steps, losses, given.flat)
        learned = {name: given.views[name].astype(self.dtype) for name in replaced(self.scheduled)}
        return Trained(learned, losses)

    @cached_property
    def _flat_loop(self) -> Callable[..., None]:
        return _compiled(flat_loop(self.scheduled, self.derivation.sizes, self.derivation.loss))

    @cached_property
    def _inputs(self) -> Packed:
        return self._double(self._slopes.given)

    def _double(self, names: Sequence[str]) -> Packed:
        return Packed(self.derivation, names, np.float64)


class CompiledLoops(ArrayStep):
    """NumPy's calls, those that go entry by entry joined to loops of machine code, compiled in the first step."""

    engine = "numba"
    compiler = staticmethod(_compiled)
