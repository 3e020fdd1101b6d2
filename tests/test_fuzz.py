"""Whatever is written on the chalkboard is derived and runs, or is refused in one line; nothing of it is evaluated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_tui.calculus.derivation import Derivation
from backprop_tui.engine.trace import Trace

from .hostile import COSTLY, HOSTILE, HUGE, LOSS, STRANGE, TOKENS, VALID, derived, doubling, not_hanging


def run_once(derivation: Derivation) -> None:
    """Run an iteration: what is derived can be computed."""
    start = {name: np.full(derivation.shape(name), 0.5) for name in derivation.given}
    with not_hanging():
        Trace(derivation, start)[0]


texts = st.text(max_size=120)
tokens = st.sampled_from(TOKENS)
soups = st.lists(tokens, max_size=30).map(" ".join) | st.lists(tokens, max_size=12).map("".join)


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


@settings(max_examples=200, deadline=None)
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


@pytest.mark.parametrize("name", ["a Cyrillic x", "a Hadamard sign", "a superscript", "emoji"])
def test_a_look_alike_of_a_name_is_another_name(name: str) -> None:
    assert derived({"p": STRANGE[name], "E": LOSS}) is None


DOUBLING = ["{0}(z) + {0}(z)", "{0}(z)*{0}(z + 1)", "{0}({0}(z))", "{0}({0}(z)) - {0}(-z)"]


@pytest.mark.parametrize("count", [4, 7, 12])
@pytest.mark.parametrize("body", DOUBLING)
def test_a_few_functions_that_double_are_derived_or_refused_soon(body: str, count: int) -> None:
    derived({"p": f"f{count}(x @ W)", "E": LOSS}, doubling(body, count))


@pytest.mark.parametrize("body", DOUBLING)
def test_many_functions_that_double_are_refused(body: str) -> None:
    assert derived({"p": "f40(x @ W)", "E": LOSS}, doubling(body, 40)) is None


@pytest.mark.parametrize(
    "functions",
    [{"f": "f(z)"}, {"f": "g(z)", "g": "f(z)"}, {"f": "z + q"}, {"f": "W"}, {"f": "1"}, {"f": "z[0]"}, {"f": ""}],
)
def test_a_function_that_is_none_is_refused(functions: dict[str, str]) -> None:
    assert derived({"p": "f(x @ W)", "E": LOSS}, functions) is None
