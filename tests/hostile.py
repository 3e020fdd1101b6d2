"""Texts that the chalkboard has to withstand: each is derived, or refused in one line.

What is merely outside the language is in test_chalkboard.py; here is what would do harm, were it run or computed.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Final

from backprop_tui.calculus.derivation import Derivation, derive
from backprop_tui.calculus.vocabulary import FUNCTIONS, LOSSES, MATRIX_FUNCTIONS
from backprop_tui.errors import LIMIT, InputError

INPUTS: Final = {"x": (2, 3), "t": (2, 2)}
PARAMETERS: Final = {"W": (3, 2), "b": (1, 2), "S": (2, 2)}
LOSS: Final = "sum(p**2) + sum(W**2) + sum(b**2) + sum(S**2)"
HUNG: Final = 10
"""Processor seconds after which a derivation is taken to hang; it takes well below one."""
LONGEST: Final = LIMIT + 50
"""Characters of the longest message, a hint included."""


@contextmanager
def not_hanging() -> Iterator[None]:
    """Raise TimeoutError in what takes far longer than anything may, however busy the machine is."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"after {HUNG} processor seconds")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, HUNG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


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
    "a condition": "x if open('{marker}', 'w') else W",
    "two statements": "W; open('{marker}', 'w')",
    "an assignment": "W = open('{marker}', 'w')",
    "sympify's trap": "W * Symbol('W')",
}
"""Each would leave a file behind, were any of it run."""
HUGE: Final = {
    "powers of powers": "W * (((9**64)**64)**64)**64",
    "powers of powers of two": "W * ((2**64)**64)**64",
    "roots of powers": "W * (((9**0.5)**64)**64)**64",
    "an integer of 5000 digits": "W * " + "9" * 5000,
    "hexadecimal digits": "W * 0x" + "f" * 1500,
    "a number beyond floats": "W * 1e400",
    "a product beyond floats": "W * 1e300 * 1e300 * 1e300",
    "ten thousand parentheses": "(" * 10_000 + "W" + ")" * 10_000,
    "a megabyte": "W" + " + W" * 250_000,
    "a megabyte of spaces": "W" + " " * 1_000_000 + "+ W",
    "a long name": "W" * 1_900,
    "a long string": "'" + "a" * 1_900 + "'",
    "a long sum": "W" + "+W" * 900,
    "a long product": "W" + "*W" * 900,
    "many transposes": "W" + ".T" * 900,
    "many subscripts": "W" + "[0]" * 600,
    "many calls": "sum" + "(W)" * 59,
    "many lambdas": "lambda: " * 200 + "W",
    "many conditions": "W if W else " * 150 + "W",
    "many comparisons": "W" + " < W" * 400,
    "many and": "W" + " and W" * 300,
    "many powers": "W" + "**2" * 600,
}
COSTLY: Final = {
    "sixty functions": "sin(" * 60 + "x @ W" + ")" * 60,
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
    "a zero-width space": "W\u200b + W",
    "a byte order mark": "\ufeffW",
    "a lone surrogate": "W + \ud800",
    "a Cyrillic x": "\u0445 @ W",
    "a fullwidth W": "x @ \uff37",
    "a Hadamard sign": "W \u2299 W",
    "a minus sign": "b \u2212 b",
    "a superscript": "b\u00b2",
    "an escape sequence": "W\x1b[31m",
    "a carriage return": "W\r\nimport os",
    "a form feed": "W\x0c+ W",
    "a line separator": "W\u2028+ W",
    "an Arabic digit": "W * \u0663",
    "emoji": "\U0001f600",
    "an invalid escape": "'\\q'",
    "a literal beside a word": "1if W else 2",
}


def doubling(body: str, count: int) -> dict[str, str]:
    """Functions f1, f2 ..., each made from the one before it."""
    return {"f1": "sin(z) + cos(z)"} | {f"f{number}": body.format(f"f{number - 1}") for number in range(2, count + 1)}
