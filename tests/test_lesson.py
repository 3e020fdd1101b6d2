from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from backprop_tui import gallery
from backprop_tui.calculus.stages import Reason
from backprop_tui.errors import InputError
from backprop_tui.printers.one_line import OneLine
from backprop_tui.tui.lesson import Lesson, lesson
from backprop_tui.tui.lesson_texts import LessonTexts
from backprop_tui.tui.screens.lesson import LessonScreen

from .hosts import Hosted, host, shown_after
from .screens import Session, play

SMALL, GENEROUS = (80, 24), (120, 40)


def screen(name: str = "lecture") -> LessonScreen:
    return LessonScreen(gallery.load(name))


@cache
def of_the_lecture() -> Lesson:
    return lesson(gallery.load("lecture"))


def said(reason: Reason) -> str:
    return "".join(piece if isinstance(piece, str) else OneLine(["eta"]).formula(piece) for piece in reason)


# The two runs


def test_the_runs_part_at_the_stale_signal_then_at_the_signs_then_in_the_loss() -> None:
    assert of_the_lecture().partings() == [(0, "dE/dV"), (0, "V'"), (0, "W'"), (1, "E")]


def test_the_recorded_loss_climbs_while_the_corrected_one_falls() -> None:
    recorded, corrected = of_the_lecture().losses()
    assert recorded == sorted(recorded)
    assert corrected == sorted(corrected, reverse=True)
    assert recorded[0] == corrected[0]
    assert len(recorded) == 11


def test_each_stage_says_why_it_differs() -> None:
    told = of_the_lecture()
    assert said(told.why(0, "dE/dV")).startswith("Mistake: ∂E/∂z was never computed here")
    assert said(told.why(0, "V'")).endswith("And ∂E/∂V differs already.")
    assert "already" not in said(told.why(0, "W'"))
    assert said(told.why(0, "dE/dW")).startswith("The same in both runs.")
    assert said(told.why(1, "z")).endswith("differ because V and h do. V is V′ of iteration 0.")
    assert said(told.why(1, "E")).endswith("differ because y does.")


@pytest.mark.parametrize(
    ("off", "first"),
    [([0], (0, "dE/dV")), ([1], (0, "V'")), ([2], (0, "dE/dy"))],
)
def test_a_mistake_switched_off_moves_the_place_where_they_part(off: list[int], first: tuple[int, str]) -> None:
    told = of_the_lecture()
    for number in off:
        told = told.switched(number)
    assert told.partings()[0] == first
    assert [switch.is_on for switch in told.switches()] == [number not in off for number in range(3)]


def test_without_the_sign_and_the_variable_nothing_is_left() -> None:
    assert of_the_lecture().switched(0).switched(1).partings() == []


def test_a_mistake_switched_twice_is_as_it_was() -> None:
    again = of_the_lecture().switched(1).switched(1)
    assert again.losses() == of_the_lecture().losses()


def test_an_edited_network_has_the_lesson_of_what_was_recorded() -> None:
    edited = replace(gallery.load("lecture"), learning_rate=5.0)
    assert lesson(edited).losses() == of_the_lecture().losses()


def test_a_network_without_a_recorded_run_has_no_lesson() -> None:
    with pytest.raises(InputError, match="xor has no recorded run"):
        lesson(gallery.load("xor"))


# The screen


@pytest.mark.parametrize("size", [SMALL, GENEROUS])
def test_it_opens_at_the_first_stage_with_both_runs_and_all_mistakes(size: tuple[int, int]) -> None:
    shown = shown_after(screen(), size=size)
    assert "iteration 0   p · pre-activation" in shown
    assert "They part at iteration 0, at ∂E/∂V, then V′, then W′; E from iteration 1 on." in shown
    assert shown.count("p = x W") == 2
    assert shown.count("✗ on") == 3
    assert "≠" not in shown


def test_g_leads_from_one_place_where_they_part_to_the_next_and_round_again() -> None:
    async def steps(running: Hosted) -> list[str]:
        visited = []
        for _ in range(5):
            await running.press("g")
            visited.append(running.text().splitlines()[0].strip())
        return visited

    places = ["0   ∂E/∂V · gradient", "0   V′ · update", "0   W′ · update", "1   E · loss", "0   ∂E/∂V · gradient"]
    assert host(screen(), steps) == [f"lesson: lecture   iteration {place}" for place in places]


def test_where_they_part_both_formulas_and_the_differing_numbers_are_shown() -> None:
    shown = shown_after(screen(), "g")
    assert "hᵀ stale" in shown
    assert "j=0 −0.116822≠  0.161179≠               j=0 −0.124001≠  0.161183≠" in shown
    assert "never computed" in shown


def test_the_lost_sign_is_the_one_thing_that_differs_in_the_update() -> None:
    shown = shown_after(screen(), "g", "g")
    assert "V′ = V + η ──                           V′ = V − η ──" in shown


def test_the_losses_of_the_next_iteration_go_up_and_down() -> None:
    shown = shown_after(screen(), "n")
    assert "as recorded · E = 0.85708 ▲ +0.00181" in shown
    assert "corrected · E = 0.85343 ▼ −0.00185" in shown
    assert "[1]" in shown


def test_the_arrows_step_through_both_runs_at_once() -> None:
    there_and_back = shown_after(screen(), *("right",) * 18, *("left",) * 18)
    assert there_and_back == shown_after(screen())


def test_a_mistake_is_switched_off_and_on_by_its_number_and_the_place_stays() -> None:
    off = shown_after(screen(), "g", "g", "1")
    assert "✓ off  the sign      each update subtracts the gradient: downhill" in off
    assert off.count("V − η") == 2
    assert "partly mended" in off
    assert shown_after(screen(), "g", "g", "1", "1") == shown_after(screen(), "g", "g")


def test_runs_that_arrive_after_another_mistake_was_switched_are_not_shown() -> None:
    shown, late = screen(), of_the_lecture().switched(2)

    async def steps(running: Hosted) -> tuple[str, str]:
        await running.press("1")
        before = running.text()
        shown.post_message(LessonScreen.Ready(late, LessonTexts(late)))
        await running.settled()
        return before, running.text()

    before, after = host(shown, steps)
    assert before == after


def test_with_room_the_formula_of_one_entry_is_shown_too() -> None:
    assert "V′[j,k] = V[j,k] + η" in shown_after(screen(), "g", "g", size=GENEROUS)
    assert "V′[j,k]" not in shown_after(screen(), "g", "g", size=SMALL)


def test_on_a_small_screen_the_numbers_have_the_room_of_the_plot() -> None:
    shown = shown_after(screen(), "g", size=(60, 18))
    assert "j=2 −0.106968≠" in shown
    assert "never computed" in shown
    assert "recorded  ●" not in shown


def test_a_network_without_a_recorded_run_is_told_so_and_its_keys_do_nothing() -> None:
    shown = shown_after(screen("xor"), "g", "1", "right")
    assert "xor has no recorded run to replay; expected a network that has one: lecture." in shown
    assert "esc returns" in shown


def test_in_the_app_it_looks_as_it_does_alone() -> None:
    async def steps(session: Session) -> list[str]:
        await session.press("L")
        await session.derived()
        await session.press("g")
        return session.lines()

    *shown, keys = play(steps)
    assert shown == shown_after(screen(), "g").splitlines()[:-1]
    assert "they part" in keys


def test_the_help_over_it_is_its_own() -> None:
    async def steps(session: Session) -> tuple[str, str, str]:
        await session.press("L")
        await session.derived()
        before = session.text()
        await session.press("question_mark")
        told = session.text()
        await session.press("escape")
        return before, told, session.text()

    before, told, after = play(steps)
    assert after == before
    assert "Switch a mistake off" in told
    assert "Change the learning rate" not in told
    assert all(f"{keys} " in told for keys in ("→ ↓ space l j", "← ↑ h k", "n p", "g", "1 2 3", "home", "] [", "esc q"))


def test_escape_leaves() -> None:
    lesson_screen = screen()

    async def steps(running: Hosted) -> bool:
        before = running.app.screen is lesson_screen
        await running.press("escape")
        return before and running.app.screen is not lesson_screen

    assert host(lesson_screen, steps)
