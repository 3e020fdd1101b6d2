"""Each mistake in a network.toml, with the one whole line that tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from backprop_tui.errors import InputError
from backprop_tui.network import read_network

GOOD: Final = """\
[equations]
p = "x @ W + b"
y = "tanh(p)"
E = "sum((y - t)**2)"
[data]
x = [[1, 2.5], [3, 4], [5, 6]]
t = [[0.5], [1], [0]]
[parameters]
W = { shape = [2, 1], draw = "uniform" }
b = [[0.25]]
"""
LANGUAGE: Final = "is not of the chalkboard language; expected names, numbers, + - * / ** @, .T and functions"
ORDER: Final = "expected each stage made from earlier ones"
MISTAKES: Final = {
    "shapes that don't meet in a product": (
        ("x @ W + b", "W @ x + b"),
        "2: [equations] p: '@' can't join 2x1 and 3x2; expected as many columns on the left as rows on the right",
    ),
    "shapes that don't meet entry by entry": (
        ("t = [[0.5], [1], [0]]", "t = [[0.5], [1]]"),
        "4: [equations] E: '-' can't join 3x1 and 2x1; expected equal shapes, or one row, one column or a scalar",
    ),
    "an unknown name": (
        ("tanh(p)", "tanh(q)*bb"),
        "3: [equations] y: 'q' is not defined; expected an input, a parameter or an earlier stage",
    ),
    "a name misspelled": (
        ("tanh(p)", "tanh(pp)"),
        "3: [equations] y: 'pp' is not defined; expected an input, a parameter or an earlier stage; did you mean 'p'?",
    ),
    "a parameter that no equation uses": (
        ("b = [[0.25]]", "b = [[0.25]]\nV = [[1]]"),
        "11: [parameters] V: E doesn't depend on it; expected a parameter that an equation uses",
    ),
    "a cycle": (
        ("x @ W + b", "x @ W + y"),
        f"2: [equations] p: a cycle: p uses y, y uses p; {ORDER}",
    ),
    "a stage used before it is defined": (
        ("tanh(p)", 'tanh(p) + sum(z)"\nz = "x @ W'),
        f"3: [equations] y: 'z' is used before it is defined; {ORDER}",
    ),
    "no scalar loss": (
        ("sum((y - t)**2)", "(y - t)**2"),
        "4: [equations] E: the last equation is a 3x1 matrix; expected a scalar loss, such as 'sum((y - t)**2)'",
    ),
    "two losses": (
        ("sum((y - t)**2)", 'sum((y - t)**2)"\nF = "sum(y)'),
        "5: [equations] F: 2 losses: E, F; expected one scalar that no other equation uses",
    ),
    "a NaN in the data": (
        ("[[0.5], [1], [0]]", "[[0.5], [nan], [0]]"),
        "7: [data] t: the number nan; expected a finite number",
    ),
    "a string where a number belongs": (
        ("[[0.5], [1], [0]]", '[[0.5], ["1"], [0]]'),
        "7: [data] t: '1'; expected a number",
    ),
    "a parameter of ten gigabytes": (
        ("[2, 1]", "[1000000, 1250]"),
        "9: [parameters] W: a 1000000x1250 matrix of 10 GB; expected at most 50000000 entries, 0.4 GB",
    ),
    "an import": (
        ("tanh(p)", "__import__('os').system('ls')"),
        f"3: [equations] y: \"__import__('os').system('ls')\" {LANGUAGE}",
    ),
    "an attribute": (("tanh(p)", "p.shape"), f"3: [equations] y: 'p.shape' {LANGUAGE}"),
    "a lambda": (("tanh(p)", "(lambda: p)()"), f"3: [equations] y: '(lambda: p)()' {LANGUAGE}"),
    "a comprehension": (("tanh(p)", "[q for q in p]"), f"3: [equations] y: '[q for q in p]' {LANGUAGE}"),
    "a tower of powers": (
        ("tanh(p)", "p * 9**9**9**9"),
        "3: [equations] y: the exponent 387420489; expected a number from -64 to 64",
    ),
    "ten thousand parentheses": (
        ("tanh(p)", "(" * 10_000 + "p" + ")" * 10_000),
        "3: [equations] y: 20001 characters; expected at most 2000",
    ),
    "a hundred parentheses": (
        ("tanh(p)", "(" * 100 + "p" + ")" * 100),
        "3: [equations] y: 100 parentheses; expected at most 60",
    ),
    "a megabyte": (
        ("tanh(p)", "p" + " + p" * 250_000),
        "3: [equations] y: 1000001 characters; expected at most 2000",
    ),
}


@pytest.mark.parametrize(("change", "line"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_in_its_one_line(
    change: tuple[str, str], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert GOOD.count(change[0]) == 1
    Path("network.toml").write_text(GOOD.replace(*change), "utf-8")
    with pytest.raises(InputError) as caught:
        read_network(Path("network.toml"))
    assert str(caught.value) == f"network.toml:{line}"
