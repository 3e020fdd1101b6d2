"""The order of a computation: one line after another in the matrix language, nothing twice and nothing in vain.

A line either mixes entries, and then is one operation on names (a product, a sum, a row's largest entry), or is taken
entry by entry. Code for arrays and code for single numbers are both written from these lines. On the way from the
matrix forms of the stages

* functions are written out in stable form, so that what they share (the exponentials of a softmax and of its
  logarithm) is computed once;
* a matrix product's factor scales the smaller of its matrices: W - (eta dE/dW) becomes W - xᵀ (eta dE/dp);
* a subexpression that stands in several places gets a name;
* a value that replaces another comes after everything that still reads the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sympy import Expr, numbered_symbols
from sympy.simplify.cse_main import tree_cse

from ...calculus.derivation import Derivation
from ...calculus.matrices import Quantity, Transposed, quantities
from ...calculus.shapes import Shape
from ...calculus.stages import Stage
from ...notation import updated
from .forms import MIXING, Entries
from .lifting import Lifting, Line
from .preparation import prepared


@dataclass(frozen=True)
class Schedule:
    """Lines in an order in which they can be run.

    Attributes
    ----------
    lines:
        The assignments.
    given:
        The names that are read before anything is assigned to them, in the derivation's order.
    outputs:
        What is asked for.
    shapes:
        The shape of every name.
    overwrites:
        The parameter whose place an updated value may take: no later line reads it.
    apart:
        The stages that have no matrix form, by name.

    """

    lines: tuple[Line, ...]
    given: tuple[str, ...]
    outputs: tuple[str, ...]
    shapes: Mapping[str, Shape]
    overwrites: Mapping[str, str]
    apart: Mapping[str, Stage]


def schedule(derivation: Derivation, outputs: Sequence[str], *, merged: bool = True) -> Schedule:
    """Schedule everything that the named stages need.

    Parameters
    ----------
    derivation, outputs:
        Whose stages, and which.
    merged:
        Whether a gradient that only its update reads becomes part of it, scaled by the learning rate before the matrix
        product. A compiler that scales and subtracts at once does better without.

    """
    shapes = {name: derivation.shape(name) for name in derivation.axes}
    lifting = _lines(prepared(derivation, outputs, merged=merged), shapes)
    names = in_order(outputs, _needs(lifting.lines))
    lines = [lifting.lines[name] for name in names if name in lifting.lines]
    read = set().union(*(line.reads for line in lines))
    given = tuple(name for name in derivation.given if name in read)
    named = [line.right.args[0].name for line in lines if isinstance(line.right, Entries)]
    apart = {name: derivation[name] for name in named}
    return Schedule(tuple(lines), given, tuple(outputs), lifting.shapes, _overwrites(lines), apart)


def in_order(names: Sequence[str], needs: Callable[[str], Iterable[str]]) -> list[str]:
    """Return names and all that they need, each after what it needs itself, which follows at once."""
    ordered: dict[str, None] = {}
    begun, waiting = set[str](), list(reversed(names))
    while waiting:
        name = waiting[-1]
        if name in begun:
            ordered.setdefault(waiting.pop())
        else:
            begun.add(name)
            waiting += [each for each in needs(name) if each not in begun]
    return list(ordered)


def _lines(forms: Mapping[str, Expr], shapes: dict[str, Shape]) -> Lifting:
    """Name what stands in several places, and part everything into lines.

    This is `cse` without what it does first: a search for sums that differ in sign, which takes four times as long.
    """
    replacements, reduced = tree_cse(list(forms.values()), numbered_symbols("_", Quantity), order="none")
    rights = dict(zip(forms, reduced, strict=True)) | {symbol.name: right for symbol, right in replacements}
    lifting = Lifting(shapes, len(replacements))
    for name in in_order(list(rights), lambda name: sorted(quantities(rights[name])) if name in rights else ()):
        if name in rights:
            lifting.define(name, rights[name])
    return lifting


def _needs(lines: Mapping[str, Line]) -> Callable[[str], list[str]]:
    """Say what has to come before a line: what it reads, and what reads the value that it replaces."""
    readers: dict[str, list[str]] = {}
    for line in lines.values():
        for name in sorted(line.reads):
            readers.setdefault(name, []).append(line.name)

    def needs(name: str) -> list[str]:
        if name not in lines:
            return []
        replaced = name.removesuffix("'")
        before = readers.get(replaced, []) if replaced != name else []
        after = set(in_order([name], lambda each: readers.get(each, []))) if before else set[str]()
        return [*(each for each in before if each not in after), *sorted(lines[name].reads)]

    return needs


def _overwrites(lines: Sequence[Line]) -> dict[str, str]:
    """Return which updated values may take their parameters' places: entry by entry, and the last to read them."""
    last = {name: line.name for line in lines for name in line.reads}
    found = {updated(name): name for name, reader in last.items() if reader == updated(name)}
    rights = {line.name: line.right for line in lines}
    return {
        new: old
        for new, old in found.items()
        if not isinstance(rights[new], MIXING) and not rights[new].has(Transposed(Quantity(old)))
    }
