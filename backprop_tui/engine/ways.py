"""Independent ways to the same numbers: a stage's value without its matrix form.

Differences in steps and written-out entries start from the chalkboard equations, and share nothing with the
derivation; the index form shares all but the recovery of matrix forms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import mpmath
import numpy as np
from sympy import Expr, lambdify

from ..calculus.derivation import Derivation
from ..calculus.entries import Entries, differentiate, symbols_for, written_out
from ..calculus.indices import names_in
from ..calculus.matrices import quantities
from ..calculus.stages import Jacobian, Kind, Stage
from ..notation import derivative
from .compile import Values, compile_entries, compile_matrix
from .numerics import Array

COMPLEX_STEP: Final = 1e-30
CENTRAL_STEP: Final = 1e-4
"""The longest of the steps of central differences; the others are a half and a quarter of it."""
DOUBT: Final = 1e-8
"""Central differences count where steps of different length agree to this, relative or absolute."""

DIGITS: Final = 1_000
"""Of the numbers put into the equations written out: enough for 1 - y where y = softmax(1000, -1000)."""
Step = Callable[[complex], Array]
"""What a step of some length makes of a quantity."""
Differentiate = Callable[[str, str, bool], Array | None]
"""(of, by, direct): the Jacobian of one quantity by another, a row for every entry of `of`."""


class Ways:
    """Other ways to a network's numbers.

    Parameters
    ----------
    derivation:
        The network.
    values:
        Every quantity's value, those of the stages included.

    """

    def __init__(self, derivation: Derivation, values: Values) -> None:
        self._derivation = derivation
        self._values = values
        self._forward = {name: compile_matrix(derivation, _right(derivation, name)) for name in derivation.equations}

    def index_form(self, stage: Stage) -> Array:
        """Compute a stage from its index form."""
        return self._entries(stage.index, stage.running)

    def jacobian(self, jacobian: Jacobian) -> Array:
        """Compute a whole local derivative from its index form, Kronecker deltas and all."""
        entries = self._entries(jacobian.entry, (*jacobian.outputs, *jacobian.inputs))
        return entries.reshape(self._values[jacobian.of].size, self._values[jacobian.by].size)

    def entries(self, stage: Stage) -> Array | None:
        """Compute a stage by `sympy.diff` of the equations written out over their scalar entries."""
        if stage.kind.phase not in ("forward", "loss"):
            return self._backward(stage, self._diff_entries)
        known = (*self._derivation.inputs, *self._derivation.parameters)
        symbols = {name: symbols_for(self._derivation, name) for name in known}
        return self._numbers(written_out(self._derivation, symbols)[stage.name], symbols)

    def complex_step(self, stage: Stage) -> Array | None:
        """Compute a backward stage by Im f(u + is)/s, exact to rounding."""
        return self._backward(stage, self._differ(_complex_step))

    def central_differences(self, stage: Stage) -> Array | None:
        """Compute a backward stage by (f(u + s) - f(u - s))/2s, extrapolated to s = 0; NaN where that can't tell."""
        return self._backward(stage, self._differ(_central_difference))

    def along(self, name: str, direction: Array) -> tuple[float, float]:
        """Differentiate the loss along a direction in a quantity, by complex step and by central differences."""
        length = float(np.linalg.norm(direction))
        step = partial(self._stepped, self._derivation.loss, name, False, direction / length)
        return float(_complex_step(step)[0, 0]) * length, float(_central_difference(step)[0, 0]) * length

    def index_form_at(self, stage: Stage, places: Sequence[tuple[int, ...]]) -> Array:
        """Compute some entries of a stage from its index form."""
        entries = compile_entries(self._derivation, stage.index, stage.running)
        return np.array(entries.at(self._values, places))

    def moved(self, of: str, by: str, value: Array, direct: bool = False) -> Array:
        """Return `of` when `by` has another value; `direct` where only its own equation is to feel it."""
        values = {**self._values, by: value}
        for name, right in self._forward.items():
            if name != by and (name == of or not direct):
                values[name] = np.asarray(right(values))
            if name == of:
                break
        return values[of]

    def _backward(self, stage: Stage, differentiate: Differentiate) -> Array | None:
        if stage.jacobian:
            return differentiate(stage.jacobian.of, stage.jacobian.by, True)
        if stage.kind is Kind.UPDATE:
            return self._updated(stage, differentiate)
        return self._gradient(stage.name, differentiate)

    def _gradient(self, name: str, differentiate: Differentiate) -> Array | None:
        """Find an adjoint or a gradient by its name; None for any other quantity."""
        loss = self._derivation.loss
        for by in (*self._derivation.parameters, *self._derivation.equations):
            if name == derivative(loss, by):
                found = differentiate(loss, by, False)
                return None if found is None else found.reshape(self._derivation.shape(by))
        return None

    def _updated(self, stage: Stage, differentiate: Differentiate) -> Array | None:
        """Run the optimiser's rules on a gradient found another way; None for a rule that needs no gradient."""
        values, changed = dict(self._values), False
        for name, right in self._needed_rules(stage.name).items():
            for used in sorted(quantities(right)):
                gradient = self._gradient(used, differentiate)
                if gradient is not None:
                    values[used], changed = gradient, True
            values[name] = compile_matrix(self._derivation, right)(values)
        return values[stage.name] if changed else None

    def _needed_rules(self, name: str) -> dict[str, Expr]:
        """The rules that an update goes through, itself last."""
        rules = self._derivation.updates
        needed: dict[str, Expr] = {}
        for used in sorted(quantities(rules[name]) & set(rules)):
            needed |= self._needed_rules(used)
        return {**needed, name: rules[name]}

    def _entries(self, index_form: Expr, indices: Sequence[Expr]) -> Array:
        return compile_entries(self._derivation, index_form, indices)(self._values)

    def _read_through(self, name: str) -> set[str] | None:
        """The stages that an equation names and that its stable form reads through: y in log(y), y being softmax(z).

        None where that can't be told from the names: an equation names the same stage in another place too, as
        y log(y) does, or what the stage is made from, as log(y) + z does.
        """
        equations, read = self._derivation.equations, names_in(self._derivation[name].index)
        through, reached, waiting = set[str](), set[str](), [name]
        while waiting:
            for used in quantities(equations[waiting.pop()]) - through - reached:
                if used in read:
                    reached.add(used)
                elif used in equations:
                    through.add(used)
                    waiting.append(used)
        rewritten = self._derivation[name].opened is not None
        return None if not read <= reached or (rewritten and self._from_one_another(reached, read)) else through

    def _from_one_another(self, names: Iterable[str], read: set[str]) -> set[str]:
        """Those of some names that are stages made from what an equation reads."""
        return {name for name in names if name in self._derivation.equations and self._made_from(name) & read}

    def _made_from(self, name: str) -> set[str]:
        """Everything that a stage is made from, at however many removes."""
        equations, found, waiting = self._derivation.equations, set[str](), [name]
        while waiting:
            used = quantities(equations[waiting.pop()]) - found
            found |= used
            waiting.extend(used & set(equations))
        return found

    def _diff_entries(self, of: str, by: str, direct: bool) -> Array | None:
        following = self._read_through(of) if direct else self._derivation.equations
        if following is None or (not direct and self._is_read_through(by)):
            return None
        return self._numbers(*differentiate(self._derivation, of, by, following=following))

    def _is_read_through(self, name: str) -> bool:
        """Whether some stage reads through a stage, so that its adjoint is but a part of the loss's derivative."""
        for each, right in self._derivation.equations.items():
            through = self._read_through(each)
            if through is None:
                through = self._from_one_another(quantities(right), names_in(self._derivation[each].index))
            if name in through:
                return True
        return False

    def _numbers(self, entries: Entries, symbols: Mapping[str, Entries]) -> Array:
        arguments = [symbol for name in symbols for symbol in symbols[name]]
        numbers = [mpmath.mpf(float(number)) for name in symbols for number in self._values[name].ravel()]
        try:
            with mpmath.workdps(DIGITS):
                found = lambdify(arguments, list(entries), "mpmath", cse=True)(*numbers)
            return np.array(found, dtype=float).reshape(entries.shape)
        except (ArithmeticError, TypeError, ValueError):
            return np.full(entries.shape, np.nan)

    def _differ(self, slope: Callable[[Step], Array]) -> Differentiate:
        """Make a way to differentiate from `slope`, which is given the effect of a step in one entry."""

        def differentiate(of: str, by: str, direct: bool) -> Array:
            return np.array([slope(step).ravel() for step in self._steps(of, by, direct)]).T

        return differentiate

    def _steps(self, of: str, by: str, direct: bool) -> Iterator[Step]:
        """Yield, for each entry of `by` in turn, what a step in it makes of `of`."""
        for place in np.ndindex(self._values[by].shape):
            unit = np.zeros(self._values[by].shape)
            unit[place] = 1.0
            yield partial(self._stepped, of, by, direct, unit)

    def _stepped(self, of: str, by: str, direct: bool, unit: Array, step: complex) -> Array:
        return self.moved(of, by, self._values[by] + step * unit, direct)


def _right(derivation: Derivation, name: str) -> Expr:
    """Return what a forward stage is computed from: what was written, or its stable form where it has one."""
    stage = derivation[name]
    rewritten = stage.opened is not None and stage.matrix is not None
    return stage.matrix if rewritten else derivation.equations[name]


def _complex_step(f: Step) -> Array:
    """Return the slope at 0, NaN where the value itself is beyond floats."""
    value = f(1j * COMPLEX_STEP)
    return np.where(np.isfinite(value.real), value.imag / COMPLEX_STEP, np.nan)


def _central_difference(f: Step) -> Array:
    """Return the slope at 0, NaN where steps of different length disagree on it or a kink lies between them.

    Richardson's extrapolation takes the error in the square of the step out of two central differences; how far two
    such values lie apart tells how good they are. The slopes to the left and to the right of a smooth function come
    together in proportion to the step, at a kink they don't.
    """
    middle, steps = f(0.0), (CENTRAL_STEP, CENTRAL_STEP / 2, CENTRAL_STEP / 4)
    with np.errstate(all="ignore"):
        left, right = (np.array([(f(sign * step) - middle) / (sign * step) for step in steps]) for sign in (-1, 1))
        central = (left + right) / 2
        first, slope = (4 * central[1:] - central[:-1]) / 3
        doubt = np.abs(slope - first) + np.finfo(float).eps * np.abs(middle) / steps[2]
        allowed = DOUBT * np.maximum(1.0, np.abs(slope))
        gap = np.abs(right - left)
        kinked = (gap[2] > gap[0] / 2) & (gap[2] > 100 * allowed)
        return np.where(kinked | ~(doubt <= allowed), np.nan, slope)
