"""Whatever is written on the chalkboard is derived, or refused in one line; nothing of it is run."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backprop_tui.calculus.derivation import Derivation, derive
from backprop_tui.calculus.vocabulary import FUNCTIONS, LOSSES, MATRIX_FUNCTIONS
from backprop_tui.engine.trace import Trace
from backprop_tui.errors import InputError

INPUTS: Final = {"x": (2, 3), "t": (2, 2)}
PARAMETERS: Final = {"W": (3, 2), "b": (1, 2), "S": (2, 2)}
LOSS: Final = "sum((p)**2) + sum(W**2) + sum(b**2) + sum(S**2)"
HUNG: Final = 30
"""Seconds after which a derivation is taken to hang; each takes well below one."""
LONGEST: Final = 400
"""Characters of the longest message."""


@contextmanager
def not_hanging() -> Iterator[None]:
    """Stop what takes thirty times as long as anything here may."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"after {HUNG} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HUNG)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def derived(equations: Mapping[str, str], functions: Mapping[str, str] | None = None) -> Derivation | None:
    """Derive, or return None where the input is refused; anything else that happens is a mistake of the package."""
    with not_hanging():
        try:
            return derive(equations, INPUTS, PARAMETERS, functions=functions)
        except InputError as error:
            message = str(error)
            assert message.isprintable()
            assert 0 < len(message) <= LONGEST
            return None


def run_once(derivation: Derivation) -> None:
    """Run an iteration: what is derived can be computed."""
    start = {name: np.full(derivation.shape(name), 0.5) for name in derivation.given}
    with not_hanging():
        Trace(derivation, start)[0]


# Fuzzing.


VALID: Final = (
    "x @ W + b",
    "sigmoid(x @ W) * b",
    "softmax(x @ W + b) @ S",
    "(x @ W).T @ t",
    "tanh(x @ W - 0.5)**2 / (1 + exp(-b))",
    "log_softmax(x @ W) - rowsum(t)/rows(t)",
    "x @ W * mean(S) + sum(S.T @ S)",
    "relu(abs(x @ W) - pi) + colsum(t)*e",
    "cross_entropy(softmax(x @ W), t) + huber(x @ W, t)",
)
TOKENS: Final = (
    *["x", "t", "W", "b", "S", "p", "E", "pi", "e", "eta", "q"],
    *["+", "-", "*", "/", "**", "@", "(", ")", "(", ")", ".T", ",", "=", "."],
    *["0", "1", "2", "3", "0.5", "64", "1e-3", "1e400", "9" * 400],
    *[f"{name}(" for name in (*FUNCTIONS, *MATRIX_FUNCTIONS, *LOSSES)],
    *["[", "]", "lambda", "if", "else", "for", "in", "not", "~", ":=", "'", '"', "f'", "\\", "\n", "#", "__class__"],
)
texts = st.text(max_size=120)
soups = st.lists(st.sampled_from(TOKENS), max_size=30).map(" ".join) | st.lists(
    st.sampled_from(TOKENS), max_size=12
).map("".join)


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A valid text in which a few pieces are cut out, put in, doubled or replaced."""
    text = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted(draw(st.integers(0, len(text))) for _ in range(2))
        piece = draw(st.sampled_from(["", text[start:end] * 2, *TOKENS]) | st.characters())
        text = text[:start] + piece + text[end:]
    return text


@settings(max_examples=300, deadline=None)
@given(texts)
def test_any_text_is_derived_or_refused_in_one_line(text: str) -> None:
    derived({"p": text, "E": LOSS})


@settings(max_examples=120, deadline=None)
@given(mutations())
def test_a_mutated_equation_is_derived_and_runs_or_is_refused_in_one_line(text: str) -> None:
    derivation = derived({"p": text, "E": LOSS})
    if derivation is not None:
        run_once(derivation)


@settings(max_examples=200, deadline=None)
@given(soups)
def test_a_soup_of_tokens_is_derived_and_runs_or_is_refused_in_one_line(text: str) -> None:
    derivation = derived({"p": text, "E": LOSS})
    if derivation is not None:
        run_once(derivation)


@settings(max_examples=150, deadline=None)
@given(texts | mutations() | soups)
def test_any_function_of_ones_own_is_taken_or_refused_in_one_line(text: str) -> None:
    derived({"p": "f(x @ W)", "E": LOSS}, {"f": text})


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=12) | st.sampled_from(["p", "E", "W", "x", "W'", "dE/dp"]), soups, max_size=4))
def test_any_names_of_equations_are_derived_or_refused_in_one_line(equations: dict[str, str]) -> None:
    derived({**equations, "E": LOSS})


@pytest.mark.parametrize("text", VALID)
def test_what_the_mutations_start_from_is_derived_and_runs(text: str) -> None:
    derivation = derived({"p": text, "E": LOSS})
    assert derivation is not None
    run_once(derivation)


# Hostile inputs.


HOSTILE: Final = {
    "import": "__import__('os').system('touch {marker}')",
    "open": "open('{marker}', 'w')",
    "exec": 'exec(\'open("{marker}", "w")\')',
    "classes": "x.__class__.__mro__[1].__subclasses__()",
    "a method": "W.T.tofile('{marker}')",
    "a lambda": "(lambda: open('{marker}', 'w'))()",
    "a comprehension": "[open('{marker}', 'w') for _ in [1]]",
    "a generator": "sum(open('{marker}', 'w') for _ in [1])",
    "a set": "{{open('{marker}', 'w')}}",
    "a dict": "{{1: open('{marker}', 'w')}}",
    "an f-string": 'f\'{{open("{marker}", "w")}}\'',
    "a walrus": "(W := open('{marker}', 'w'))",
    "a starred argument": "sum(*open('{marker}', 'w'))",
    "a keyword": "sum(a=open('{marker}', 'w'))",
    "a subscript": "x[open('{marker}', 'w')]",
    "a slice": "x[0:1]",
    "a comparison": "x < W",
    "a condition": "x if open('{marker}', 'w') else W",
    "await": "await x",
    "yield": "(yield x)",
    "a string": "'W'",
    "an attribute": "W.shape",
    "two statements": "W; open('{marker}', 'w')",
    "an assignment": "W = open('{marker}', 'w')",
    "an import statement": "import os",
    "a call of a call": "sum(W)(W)",
    "a call of a number": "1(W)",
    "a matrix of strings": "sum('W')",
    "an ellipsis": "...",
    "an imaginary number": "W * 1j",
    "a truth": "W * True",
    "none": "None",
    "sympy's own names": "Integer(3) * W",
    "sympify's trap": "W * Symbol('W')",
}
HUGE: Final = {
    "a tower of powers": "W * 9**9**9**9",
    "powers of powers": "W * (((9**64)**64)**64)**64",
    "powers of powers of two": "W * ((2**64)**64)**64",
    "roots of powers": "W * (((9**0.5)**64)**64)**64",
    "an integer of 5000 digits": "W * " + "9" * 5000,
    "an integer of 1500 digits": "W * " + "9" * 1500,
    "hexadecimal digits": "W * 0x" + "f" * 1500,
    "a number beyond floats": "W * 1e400",
    "its negative": "W * -1e400",
    "a product beyond floats": "W * 1e300 * 1e300 * 1e300",
    "ten thousand parentheses": "(" * 10_000 + "W" + ")" * 10_000,
    "ten thousand open parentheses": "(" * 10_000,
    "sixty-one parentheses": "(" * 61 + "W" + ")" * 61,
    "many brackets": "[" * 900 + "]" * 900,
    "a megabyte": "W" + " + W" * 250_000,
    "a megabyte of spaces": "W" + " " * 1_000_000 + "+ W",
    "a megabyte name": "W" * 1_000_000,
    "a long name": "W" * 1_900,
    "a long string": "'" + "a" * 1_900 + "'",
    "a long sum": "W" + "+W" * 900,
    "a long product": "W" + "*W" * 900,
    "many transposes": "W" + ".T" * 900,
    "many attributes": "W" + ".a" * 900,
    "many subscripts": "W" + "[0]" * 600,
    "many calls": "sum" + "(W)" * 59,
    "many minus signs": "-" * 1_900 + "W",
    "many plus signs": "+" * 1_900 + "W",
    "many tildes": "~" * 1_900 + "W",
    "many nots": "not " * 450 + "W",
    "many lambdas": "lambda: " * 200 + "W",
    "many conditions": "W if W else " * 150 + "W",
    "many comparisons": "W" + " < W" * 400,
    "many and": "W" + " and W" * 300,
    "many powers": "W" + "**2" * 600,
    "many functions": "sin(" * 60 + "W" + ")" * 60,
}
COSTLY: Final = {
    "a power of a sum": "(x @ W + t + b + sin(x @ W))**64",
    "a product of powers of sums": "(t + b + t**2 + 1)**64 * (sin(b) + b + 3)**64 + W.T @ W",
    "a product of sums": "*".join(f"(t + {number}*b + sin(b)*cos(t))" for number in range(15)),
    "a product of sums of roots": "b * (" + ")*(".join(f"{p}**0.5 + {p}**0.25" for p in range(2, 20)) + ")",
    "exponentials of exponentials": "b / (exp(exp(exp(exp(3)))) - 1)",
    "a divisor that is zero in disguise": "b / (sin(1)**2 + cos(1)**2 - 1)",
    "fifty products": "x" + " @ W @ S @ S.T @ W.T" * 5 + " @ W",
    "powers of powers of a matrix": "((((b**64)**64)**64)**64)**64",
    "a softmax of softmaxes": "softmax(" * 8 + "x @ W" + ")" * 8,
}
STRANGE: Final = {
    "a null byte": "W\0 + W",
    "a bidirectional override": "W \u202e+ W",
    "an isolate": "\u2067W\u2069 + b",
    "a zero-width space": "W\u200b + W",
    "a byte order mark": "\ufeffW",
    "a lone surrogate": "W + \ud800",
    "a Cyrillic x": "\u0445 @ W",
    "a Greek capital beta": "\u0392 + b",
    "a fullwidth W": "x @ \uff37",
    "a mathematical bold W": "x @ \U0001d416",
    "a Hadamard sign": "W \u2299 W",
    "a minus sign": "b \u2212 b",
    "a superscript": "b\u00b2",
    "a transposed sign": "W\u1d40",
    "an escape sequence": "W\x1b[31m",
    "an escape in a string": "'\\x1b[31m'",
    "a carriage return": "W\r\nimport os",
    "a vertical tab": "W\x0b+ W",
    "a form feed": "W\x0c+ W",
    "a line separator": "W\u2028+ W",
    "an Arabic digit": "W * \u0663",
    "emoji": "\U0001f600",
    "nothing": "",
    "a space": " ",
    "a comment": "# W",
    "an unfinished escape": "'\\",
    "an invalid escape": "'\\q'",
    "a literal beside a word": "1if W else 2",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_python_beyond_the_language_is_refused_and_not_run(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert derived({"p": text.format(marker="marker"), "E": LOSS}) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_what_is_huge_is_refused(text: str) -> None:
    assert derived({"p": text, "E": LOSS}) is None


@pytest.mark.parametrize("text", COSTLY.values(), ids=COSTLY)
def test_what_could_take_long_is_derived_or_refused_soon(text: str) -> None:
    derived({"p": text, "E": LOSS})


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE)
def test_strange_characters_are_told_in_one_visible_line(text: str) -> None:
    derived({"p": text, "E": LOSS})


@pytest.mark.parametrize("name", ["a Cyrillic x", "a Greek capital beta", "a Hadamard sign", "a superscript", "emoji"])
def test_a_look_alike_of_a_name_is_another_name(name: str) -> None:
    assert derived({"p": STRANGE[name], "E": LOSS}) is None


def doubling(body: str, count: int = 40) -> dict[str, str]:
    """Functions f1, f2 ..., each made from the one before it."""
    return {"f1": "sin(z) + cos(z)"} | {f"f{number}": body.format(f"f{number - 1}") for number in range(2, count + 1)}


@pytest.mark.parametrize("body", ["{0}(z) + {0}(z)", "{0}(z)*{0}(z + 1)", "{0}({0}(z))", "{0}({0}(z)) - {0}(-z)"])
def test_functions_that_double_are_refused(body: str) -> None:
    assert derived({"p": "f40(x @ W)", "E": LOSS}, doubling(body)) is None


@pytest.mark.parametrize("count", range(2, 16))
@pytest.mark.parametrize("body", ["{0}(z) + {0}(z)", "{0}(z)*{0}(z + 1)", "{0}({0}(z))"])
def test_a_few_functions_that_double_are_derived_or_refused_soon(body: str, count: int) -> None:
    derived({"p": f"f{count}(b)", "E": LOSS}, doubling(body))


@pytest.mark.parametrize(
    "functions",
    [{"f": "f(z)"}, {"f": "g(z)", "g": "f(z)"}, {"f": "z + q"}, {"f": "W"}, {"f": "1"}, {"f": "z[0]"}, {"f": ""}],
)
def test_a_function_that_is_none_is_refused(functions: dict[str, str]) -> None:
    assert derived({"p": "f(x @ W)", "E": LOSS}, functions) is None
