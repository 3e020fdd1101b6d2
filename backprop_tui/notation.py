"""Every symbol's spelling, in Unicode, LaTeX and code: stated here, once.

A name is what the chalkboard calls a quantity: ``p``, ``W``, ``b1``, ``beta``; ``dE/dV`` for a derivative; ``V'`` for
the value after an update. Nothing here knows SymPy: a spelling is a string made from a name.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

# fmt: off
GREEK: Final = frozenset({
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu",
    "xi", "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta",
    "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega",
})
# fmt: on
LEARNING_RATE: Final = "eta"
# fmt: off
_IN_CODE: Final = frozenset({
    "builtins", "equal", "greater", "greater_equal", "lambda", "less", "less_equal", "not_equal", "ones", "range",
    "run", "select",
})
# fmt: on
"""Names that mean something else in generated code."""

_DERIVATIVE = re.compile(r"d(?P<of>.+)/d(?P<by>.+)")
_APPLIED = re.compile(r"(?P<function>\w+)\((?P<name>.+)\)")
_NUMBERED = re.compile(r"(?P<stem>[^\W\d_]+(?:_[^\W\d_]+)*?)_?(?P<number>\d+)")
_SUBSCRIPT_DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_PRIME = "'"


class Sign(NamedTuple):
    """How an operation or a function is written."""

    unicode: str
    latex: str


SIGNS: Final = {
    "equals": Sign(" = ", " = "),
    "plus": Sign(" + ", " + "),
    "minus": Sign(" − ", " - "),
    "negative": Sign("−", "-"),
    "times": Sign(" ", r" \, "),
    "dot": Sign(" · ", r" \cdot "),
    "hadamard": Sign(" ⊙ ", r" \odot "),
    "sigmoid": Sign("σ", r"\sigma"),
}


def sign(word: str) -> Sign:
    """Spell an operation or a function; a function not listed is spelled by its own name."""
    escaped = word.replace("_", r"\_")
    return SIGNS.get(word) or Sign(word, rf"\mathrm{{{escaped}}}")


class Derivative(NamedTuple):
    """The two names in dE/dV: the derivative `of` E `by` V."""

    of: str
    by: str


class Applied(NamedTuple):
    """The two names in softmax(z): the `function` and the `name` it is applied to."""

    function: str
    name: str


def derivative(of: str, by: str) -> str:
    """Name the derivative of one quantity by another: ``dE/dV``."""
    return f"d{of}/d{by}"


def derivative_parts(name: str) -> Derivative | None:
    """Split ``dE/dV`` into E and V; None for any other name."""
    match = _DERIVATIVE.fullmatch(name)
    return Derivative(match["of"], match["by"]) if match else None


def applied(function: str, name: str) -> str:
    """Name a function of a quantity that has no name of its own: ``softmax(z)``."""
    return f"{function}({name})"


def applied_parts(name: str) -> Applied | None:
    """Split ``softmax(z)`` into softmax and z; None for any other name."""
    match = _APPLIED.fullmatch(name)
    return Applied(match["function"], match["name"]) if match else None


def updated(name: str) -> str:
    """Name a parameter's value after its update: ``V'``."""
    return name + _PRIME


def plain(name: str) -> str:
    """Spell a name in one line of Unicode: ∂E/∂V, V′, W₁, η."""
    if parts := derivative_parts(name):
        return f"∂{plain(parts.of)}/∂{plain(parts.by)}"
    if call := applied_parts(name):
        return f"{call.function}({plain(call.name)})"
    if name.endswith(_PRIME):
        return plain(name.removesuffix(_PRIME)) + "′"
    if match := _NUMBERED.fullmatch(name):
        return plain(match["stem"]) + match["number"].translate(_SUBSCRIPT_DIGITS)
    return _greek_letter(name) if name in GREEK else name


def latex(name: str, indices: str = "") -> str:
    r"""Spell a name for LaTeX mathematics, with its indices if it is an entry's.

    ``\frac{\partial E}{\partial V_{jk}}``, ``W_{1}``, ``\eta``, ``V'_{jk}``.
    """
    if parts := derivative_parts(name):
        return rf"\frac{{\partial {latex(parts.of)}}}{{\partial {latex(parts.by, indices)}}}"
    if call := applied_parts(name):
        script = f"_{{{indices}}}" if indices else ""
        return f"{sign(call.function).latex}({latex(call.name)}){script}"
    stem = name.removesuffix(_PRIME)
    prime = name[len(stem) :]
    numbered = _NUMBERED.fullmatch(stem)
    letter, number = (numbered["stem"], numbered["number"]) if numbered else (stem, "")
    script = ", ".join(filter(None, (number, indices)))
    return _latex_letter(letter) + prime + (f"_{{{script}}}" if script else "")


def code(name: str) -> str:
    """Spell a name as a Python identifier: ``dE_dV``, ``V_next``, ``softmax_of_z``, ``lambda_``."""
    if parts := derivative_parts(name):
        return f"d{code(parts.of)}_d{code(parts.by)}"
    if call := applied_parts(name):
        return f"{call.function}_of_{code(call.name)}"
    if name.endswith(_PRIME):
        return code(name.removesuffix(_PRIME)) + "_next"
    return f"{name}_" if name in _IN_CODE else name


def _latex_letter(name: str) -> str:
    if name in GREEK:
        return rf"\{name}" if name != "omicron" else "o"
    escaped = name.replace("_", r"\_")
    return escaped if len(name) == 1 else rf"\mathrm{{{escaped}}}"


def _greek_letter(name: str) -> str:
    case = "CAPITAL" if name[0].isupper() else "SMALL"
    spelled = {"lambda": "LAMDA"}.get(name.lower(), name.upper())
    return unicodedata.lookup(f"GREEK {case} LETTER {spelled}")
