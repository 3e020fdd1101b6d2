"""Cells, sources, readings and pictures of the stepper, by keys and by the mouse."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from backprop_tui import gallery
from tests.screens import SIZES, Session, kept, play, screen

TO_GRADIENT = ("right",) * 9


def test_arrows_choose_a_cell_until_escape_gives_them_back() -> None:
    async def steps(session: Session) -> None:
        await session.press(*TO_GRADIENT, "m", "down", "down", "right")
        assert session.heading().startswith("∂E/∂V")
        assert "this cell, row 2 column 1" in session.text()
        await session.press("escape", "right")
        assert session.heading().startswith("∂z/∂h")

    play(steps)


def test_the_last_line_tells_what_the_arrows_do() -> None:
    async def steps(session: Session) -> None:
        assert "→ next" in session.lines()[-1]
        await session.press("m")
        assert "choose a cell" in session.lines()[-1]
        await session.press("escape")
        assert "→ next" in session.lines()[-1]

    play(steps)


def test_a_click_on_a_number_chooses_its_cell() -> None:
    async def steps(session: Session) -> None:
        await session.press(*TO_GRADIENT)
        lines = session.lines("#matrix")
        row = next(row for row, text in enumerate(lines) if "j=2" in text)
        await session.pilot.click("#matrix", offset=(lines[row].index("0.1476") + 2, row))
        await session.settled()
        assert "∂E/∂V[2,1] = h[0,2] · ∂E/∂z[0,1]" in session.text()

    play(steps)


def test_enter_walks_from_a_gradient_back_to_what_is_given_and_backspace_returns() -> None:
    async def steps(session: Session) -> None:
        await session.press(*("right",) * 15)
        start = session.text()
        visited = [session.heading().split()[0]]
        while "given" not in session.text("#cell"):
            await session.press("full_stop", "enter")
            visited.append(session.heading().split()[0])
        assert visited[:4] == ["∂E/∂W", "∂E/∂p", "h", "p"]
        await session.press(*("backspace",) * (len(visited) - 1))
        assert session.text() == start

    play(steps)


def test_a_parameter_of_a_later_iteration_comes_from_the_update_before() -> None:
    async def steps(session: Session) -> None:
        await session.press("n", "full_stop", "enter")
        assert session.heading().startswith("W ")
        assert "after the update of the iteration before" in session.text("#cell")
        await session.press("enter")
        assert session.heading().startswith("W′")
        assert session.status().startswith("iteration 0 ")
        await session.press("backspace", "backspace")
        assert session.heading().startswith("p ")
        assert session.status().startswith("iteration 1 ")

    play(steps)


def test_a_click_on_a_factor_goes_to_the_cell_it_stands_for() -> None:
    async def steps(session: Session) -> None:
        await session.press(*TO_GRADIENT, "m", "down")
        await click_on_text(session, "#cell", "∂E/∂z[0,0]")
        assert session.heading().startswith("∂E/∂z")
        assert "this cell, row 0 column 0" in session.text()

    play(steps)


def test_a_click_on_a_factor_of_the_chain_rule_goes_to_its_stage() -> None:
    async def steps(session: Session) -> None:
        await session.press(*TO_GRADIENT)
        await click_on_text(session, "#chain", "∂y/∂z")
        assert session.heading().startswith("∂y/∂z")

    play(steps)


async def click_on_text(session: Session, selector: str, text: str) -> None:
    lines = session.lines(selector)
    row = next(row for row, line in enumerate(lines) if text in line)
    await session.pilot.click(selector, offset=(lines[row].index(text) + 1, row))
    await session.settled()


def test_the_marked_factor_moves_along_the_chain_rule() -> None:
    async def steps(session: Session) -> list[str]:
        marks = []
        await session.press(*("right",) * 5)
        for _ in range(5):
            line = session.text("#chain")
            marks.append(line[line.index("[") + 1 : line.index("]")])
            await session.press("right")
        return marks

    assert play(steps) == ["∂E/∂y", "∂y/∂z", "∂y/∂z", "∂z/∂V", "∂z/∂V"]


def test_one_key_reads_the_formula_in_three_ways() -> None:
    async def steps(session: Session) -> list[str]:
        await session.press(*TO_GRADIENT)
        titles = []
        for _ in range(4):
            titles.append(session.lines("#formula")[0].strip("╭╮─ "))
            await session.press("f")
        return titles

    assert play(steps) == ["matrix form", "index form", "this cell", "matrix form"]


@pytest.mark.parametrize(
    ("key", "shown"), [("1", "this cell"), ("2", "put in"), ("3", "network"), ("4", "E over the iterations")]
)
def test_a_digit_switches_what_shares_a_place(key: str, shown: str) -> None:
    assert f"─ {shown}" in screen("3", key)


def test_the_difference_is_that_of_the_numbers_of_two_iterations() -> None:
    assert "−0.0017" in screen("n", "v")
    assert "none yet" in screen("v")


@pytest.mark.parametrize(("typed", "heading"), [("dE/dV", "∂E/∂V"), ("dp/dW", "∂p/∂W"), ("eta", "η")])
def test_slash_goes_to_a_quantity_by_its_name(typed: str, heading: str) -> None:
    async def steps(session: Session) -> None:
        await session.choose("slash", typed, f"go to {typed}")
        assert session.heading().startswith(heading)

    play(steps)


def test_slash_goes_to_an_iteration_by_its_number() -> None:
    async def steps(session: Session) -> None:
        await session.choose("slash", "12", "go to iteration 12")
        assert session.status().startswith("iteration 12 ")

    play(steps)


def test_the_palette_finds_actions_by_their_words() -> None:
    async def steps(session: Session) -> None:
        await session.choose("ctrl+p", "heat map", "Matrix: numbers")
        assert "difference" in session.lines("#matrix")[0].partition("·")[0]

    play(steps)


def test_the_source_is_shown_and_copied() -> None:
    async def steps(session: Session) -> None:
        await session.press(*TO_GRADIENT, "y")
        assert r"\frac{\partial E}{\partial V} = h^{\top} \, \frac{\partial E}{\partial z}" in session.app.clipboard
        assert "0.7516" in session.app.clipboard
        await session.press("r")
        assert r"\frac{\partial E}{\partial V}" in session.text()

    play(steps)


def test_too_little_room_is_told_in_a_sentence_and_loses_nothing() -> None:
    async def steps(session: Session) -> None:
        await session.press(*TO_GRADIENT)
        await session.resize((50, 12))
        assert "needs a terminal of 60 columns and 18" in session.text()
        await session.resize(SIZES["80x24"])
        assert session.text() == kept("gradient")

    play(steps)


def test_the_title_tells_that_it_steps_on_its_own_and_at_which_pace() -> None:
    async def steps(session: Session) -> None:
        await session.press("a")
        assert "▶ a step every 2 s" in str(session.app.stepper.query_one("#title", Static).render())
        await session.press("a")
        assert "▶" not in session.text()

    play(steps, size=SIZES["120x40"])


def test_something_wrong_is_told_and_its_place_a_key_away() -> None:
    async def steps(session: Session) -> None:
        assert "!" in session.text("HealthPart")
        before = session.heading()
        await session.press("exclamation_mark")
        assert session.heading() != before

    play(steps, gallery.find("relu-at-zero"))


def test_a_key_for_what_is_wrong_pressed_at_once_means_the_iteration_just_gone_to() -> None:
    async def steps(session: Session) -> None:
        await session.press("n", "n", "n", "exclamation_mark")
        assert "iteration 3" in session.text("#loss")
        assert session.heading().startswith("∂E/∂z₁")

    play(steps, gallery.find("deep"))


def test_a_key_behind_the_one_for_what_is_wrong_goes_on_from_there() -> None:
    async def steps(session: Session) -> None:
        await session.press("exclamation_mark", "n")
        assert "iteration 1" in session.text("#loss")
        assert session.heading().startswith("∂E/∂z₁")

    play(steps, gallery.find("deep"))
