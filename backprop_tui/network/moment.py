"""A moment: a place in a run and how it is looked at, as a ``[moment]`` section or the command line tells it.

Here it is checked against the derivation: the quantity exists, the cell lies within it. The words for how the screen
looks are the app's own; they are kept as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ..calculus.derivation import Derivation
from ..calculus.shapes import Shape
from ..calculus.shapes import told as told_shape
from ..errors import InputError, nearest
from ..notation import code, plain
from . import values

LOOKS: Final = ("reading", "mode", "panel")
KEYS: Final = ("stage", "iteration", "cell", *LOOKS)
MOST_ITERATIONS: Final = 1_000_000
"""How far a moment may lead: the network is run from its start to there."""

_CELL = re.compile(r"[\[(]?\s*(\d{1,9})\s*,\s*(\d{1,9})\s*[\])]?")


@dataclass(frozen=True)
class Moment:
    """A place in a network's run.

    Attributes
    ----------
    stage:
        The quantity, a stage or something given.
    iteration:
        Counted from 0.
    cell:
        The row and the column of the chosen entry, counted from 0.
    reading, mode, panel:
        How the formula is read, how the matrix is shown, which panel is open: the app's words, empty for its usual
        ones.

    """

    stage: str
    iteration: int = 0
    cell: tuple[int, int] = (0, 0)
    reading: str = ""
    mode: str = ""
    panel: str = ""


def read_moment(section: Mapping[str, Any], derivation: Derivation) -> Moment:
    """Read the section ``[moment]``; what is left out is the usual.

    Raises
    ------
    InputError
        Where there is no such quantity or cell, or a value is of the wrong kind.

    """
    told = values.string(section.get("stage", derivation.stages[0].name), "[moment] stage")
    stage = find_quantity(told, derivation, "[moment] stage")
    iteration = _iteration(section.get("iteration", 0), "[moment] iteration")
    cell = _cell(section.get("cell", [0, 0]), derivation.shape(stage), "[moment] cell")
    looks = {key: values.string(section.get(key, ""), f"[moment] {key}") for key in LOOKS}
    return Moment(stage, iteration, cell, **looks)


def moment_at(
    derivation: Derivation,
    at: str | None = None,
    iteration: int | None = None,
    cell: str | None = None,
    before: Moment | None = None,
) -> Moment:
    """Read the command line's words ``--at "dE/dV" --iteration 3 --cell 1,0``.

    What is left out is as in `before`, or at the first stage of the first iteration; another quantity begins at its
    first cell.
    """
    moment = before or Moment(derivation.stages[0].name)
    if at is not None:
        moment = replace(moment, stage=find_quantity(at, derivation, "--at"), cell=(0, 0))
    if iteration is not None:
        moment = replace(moment, iteration=_iteration(iteration, "--iteration"))
    if cell is not None:
        found = _CELL.fullmatch(cell.strip())
        numbers = [int(found[1]), int(found[2])] if found else cell
        moment = replace(moment, cell=_cell(numbers, derivation.shape(moment.stage), "--cell"))
    return moment


def find_quantity(text: str, derivation: Derivation, key: str = "") -> str:
    """Return the name of the quantity that a person writes as ``dE/dV``, ``∂E/∂V``, ``dE_dV``, ``W'`` or ``W₁′``.

    Raises
    ------
    InputError
        Where there is none, with the nearest.

    """
    spelled = {spelling: name for name in _names(derivation) for spelling in (plain(name), code(name), name)}
    word = "".join(text.split())
    found = spelled.get(word) or spelled.get(word.replace("∂", "d").replace("′", "'").replace("’", "'"))
    if found is None:
        raise InputError(
            f"no quantity {text!r}", "a stage or something given", key=key, nearest=nearest(word, _names(derivation))
        )
    return found


def _names(derivation: Derivation) -> Iterator[str]:
    yield from derivation.given
    yield from (stage.name for stage in derivation)


def _iteration(value: Any, key: str) -> int:
    iteration = values.count(value, key)
    if iteration > MOST_ITERATIONS:
        raise InputError(f"iteration {iteration}", f"at most {MOST_ITERATIONS}", key=key)
    return iteration


def _cell(value: Any, shape: Shape, key: str) -> tuple[int, int]:
    match value:
        case [int() as row, int() as column] if bool not in (type(row), type(column)):
            if 0 <= row < shape[0] and 0 <= column < shape[1]:
                return row, column
            matrix = f"a {told_shape(shape)} matrix"
            raise InputError(f"cell {row},{column}", f"one of {matrix}, counted from 0,0", key=key)
    raise InputError(values.told(value), "a row and a column, such as 1,0", key=key)
