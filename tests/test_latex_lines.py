"""Long equations are broken for a page, and nothing of them is lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_tui.printers.latex_lines import WIDTH, broken, rows, width

LONG = r"\mathrm{exp}(z) \odot (\mathrm{rowsum}(y \odot (t - 1)) - y \odot (t - 1)) + y"

terms = st.recursive(
    st.sampled_from(["y", r"z_{nj'}", r"\frac{\partial E}{\partial z}", r"\mathrm{log\_odds}(z)", r"e^{a + b}"]),
    lambda inner: st.one_of(
        st.builds("({} + {})".format, inner, inner),
        st.builds(r"\left({} - {{}} {}\right)".format, inner, inner),
        st.builds(r"{} \odot {}".format, inner, inner),
        st.builds("{} - {}".format, inner, inner),
    ),
    max_leaves=25,
)


def together(lines: list[str]) -> str:
    return " ".join(lines)


@settings(deadline=None)
@given(terms, st.integers(10, 90))
def test_broken_lines_put_together_are_the_formula(text: str, room: int) -> None:
    lines = broken(text, room)
    assert together(lines) == text
    for line in lines:
        assert line.count("{") == line.count("}")
        assert line.count(r"\left(") == line.count(r"\right)")
        assert line[0] in "+-" or line is lines[0]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["y", "z", r"\mathrm{log}(y)"]), min_size=2, max_size=60), st.integers(12, 90))
def test_a_sum_of_short_terms_fits(parts: list[str], room: int) -> None:
    assert all(width(line) <= room for line in broken(" + ".join(parts), room))


def test_an_equation_that_fits_is_one_row() -> None:
    assert list(rows(r"E = \sigma(z) = y")) == [r"E &= \sigma(z) = y"]


def test_each_side_of_a_long_equation_has_rows_of_its_own() -> None:
    first, *second = rows(rf"E = {LONG} = {LONG} + {' + '.join(['t'] * 30)}")
    assert first == rf"E &= {LONG}"
    assert second[0].startswith(rf"&= {LONG} + t")
    assert all(line.startswith(r"&\qquad {} + t") for line in second[1:])


def test_a_line_ends_inside_parentheses_only_where_it_must() -> None:
    inside = "(" + " + ".join(["a"] * 20) + ")"
    assert broken(f"x + {inside} - y", 64) == [f"x + {inside}", "- y"]
    assert broken(f"x + {inside}", 40)[0].startswith("x + (a + a")
    outside = " + ".join(["b"] * 10)
    assert broken(f"{outside} + {inside}", 40)[0] == outside


@pytest.mark.parametrize(("text", "signs"), [(r"\frac{a}{b}", 2), (r"\mathrm{log\_odds}(z)", 11), ("a + b", 4)])
def test_signs_are_counted_as_they_are_shown(text: str, signs: int) -> None:
    assert width(text) == signs < WIDTH
