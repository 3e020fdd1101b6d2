from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partialmethod
from itertools import cycle
from pathlib import Path
from time import monotonic
from typing import NoReturn

import pytest
from textual.app import App
from textual.pilot import Pilot

from backprop_tui import gallery
from backprop_tui.calculus.derivation import Derivation
from backprop_tui.engine.compile import Values
from backprop_tui.engine.numerics import Array
from backprop_tui.engine.straight_line import compile_stages
from backprop_tui.network import Network
from backprop_tui.tui.actions import ACTIONS
from backprop_tui.tui.app import BackpropApp, _nothing_collected, run
from backprop_tui.tui.layout import Layout, layout_of
from backprop_tui.tui.screens.workbench import Workbench
from backprop_tui.tui.walkthrough import Walkthrough
from backprop_tui.tui.widgets.pictures import HealthPart
from tests.networks import lecture
from tests.screens import (
    GOLDENS,
    KEPT,
    PATIENCE,
    SHOTS,
    SIZES,
    Session,
    Size,
    assert_golden,
    golden,
    kept,
    opened,
    play,
    screen,
)

WIDE = """\
[equations]
z = "an_input_of_many_and_many_more_words @ weights_with_a_name_of_as_many_words_as_that_and_then_some_in_the_end"
y = "sigmoid(z)"
E = "sum((y - target)**2)"

[data]
an_input_of_many_and_many_more_words = [[1, 2]]
target = [[1, 0]]

[parameters]
weights_with_a_name_of_as_many_words_as_that_and_then_some_in_the_end = [[1, 2], [3, 4]]
"""


@pytest.fixture(autouse=True)
def _in_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


# What is shown


@pytest.mark.parametrize(("shot", "size"), KEPT)
def test_the_screen_is_as_its_golden(shot: str, size: str) -> None:
    assert_golden(shot, size)


def test_it_opens_on_the_lecture_network_at_its_first_stage() -> None:
    shown = kept("first-stage")
    assert "lecture" in shown
    assert "p = x W" in shown
    assert "1.1073  1.4438  0.7918  1.6787" in shown


def test_the_loss_states_that_it_has_no_factor() -> None:
    assert "no factor" in kept("loss")


def test_the_local_derivative_shows_the_slope_of_the_sigmoid() -> None:
    assert "σ′(z) = y ⊙ (1 − y)" in kept("local-derivative")


@pytest.mark.parametrize("size", ["80x24", "120x40", "200x60"])
def test_nine_steps_lead_to_the_gradient_of_V(size: str) -> None:
    shown = kept("gradient", size)
    assert "∂E/∂V  ·  gradient" in shown
    assert "∂E/∂V = ∂E/∂y · ∂y/∂z · [∂z/∂V]" in shown
    assert "j=3 −0.1390   0.1807" in shown
    assert "h is transposed" in shown
    assert "without ᵀ: (1×4)(1×2) don't meet" in shown


def test_a_transpose_is_explained() -> None:
    shown = kept("adjoint")
    assert "Vᵀ" in shown
    assert "V is transposed" in shown


def test_an_update_steps_against_the_gradient() -> None:
    shown = kept("update")
    assert "W′ = W − η" in shown
    assert "0.4167  0.7201  0.0000  0.3023" in shown


def test_the_next_iteration_tells_that_the_loss_fell() -> None:
    assert "iteration 1   E = 0.853428   ▼ fell by 0.00185" in kept("next-iteration")


def test_the_numbers_that_changed_since_the_last_iteration_are_marked() -> None:
    assert "1.1056▼" in kept("next-iteration")


def test_a_cell_tells_its_formula_with_its_indices_and_with_the_numbers_put_in() -> None:
    shown = kept("cell")
    assert "∂E/∂V[1,1] = h[0,1] · ∂E/∂z[0,1]" in shown
    assert "= 0.8090 · 0.2144" in shown
    assert "= 0.1735" in shown


def test_the_widest_screen_shows_every_panel_at_once() -> None:
    shown = kept("gradient", "200x60")
    assert all(title in shown for title in ("matrix form", "numbers", "this cell", "put in", "network", "iterations"))


def test_the_help_lists_every_key() -> None:
    shown = play(_whole_help)
    assert all(action.shown in shown for action in ACTIONS)


async def _whole_help(session: Session) -> str:
    await session.resize((80, 90))
    await session.press("question_mark")
    return session.text()


def test_every_golden_belongs_to_a_shot() -> None:
    assert set(GOLDENS.glob("*.txt")) == {golden(*named) for named in KEPT}


def test_a_loss_that_rises_is_told(tmp_path: Path) -> None:
    uphill = tmp_path / "network.toml"
    text = gallery.find("lecture").read_text("utf-8")
    uphill.write_text(text.replace("learning_rate = 0.01", "learning_rate = -0.01"), "utf-8")
    assert "▲ rose by 0.00184" in screen("n", path=uphill)


# Moving


async def walked(session: Session, key: str, steps: int) -> list[tuple[str, str]]:
    """The stage and the iteration at each of so many steps, the one before the first included."""
    visited = [(session.heading(), session.status())]
    for _ in range(steps):
        await session.press(key)
        visited.append((session.heading(), session.status()))
    return visited


def test_the_way_back_over_two_iterations_mirrors_the_way_there() -> None:
    async def steps(session: Session) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        return await walked(session, "right", 35), await walked(session, "left", 35)

    there, back = play(steps)
    assert len(set(there)) == 36
    names = " ".join(heading.split()[0] for heading, _ in there[:18])
    assert names == "p h z y E ∂E/∂y ∂y/∂z ∂E/∂z ∂z/∂V ∂E/∂V ∂z/∂h ∂E/∂h ∂h/∂p ∂E/∂p ∂p/∂W ∂E/∂W V′ W′"
    assert back == there[::-1]


def test_there_is_no_step_before_the_very_start() -> None:
    assert screen("right", *("left",) * 5) == kept("first-stage")


def test_every_key_for_a_step_takes_one() -> None:
    async def steps(session: Session) -> str:
        visited = session.heading()[0]
        for key in ("right", "down", "space", "l", "j", "left", "up", "h", "k"):
            await session.press(key)
            visited += session.heading()[0]
        return visited

    assert play(steps) == "phzyE∂Eyzh"


@pytest.mark.parametrize(("later", "earlier"), [("n", "p"), ("pagedown", "pageup")])
def test_another_iteration_keeps_the_stage(later: str, earlier: str) -> None:
    async def steps(session: Session) -> None:
        await session.press(*("right",) * 9)
        first = session.text()
        await session.press(later, later)
        assert session.heading().startswith("∂E/∂V")
        assert session.status().startswith("iteration 2 ")
        await session.press(earlier, earlier)
        assert session.text() == first

    play(steps)


def test_home_leads_to_the_very_start() -> None:
    assert screen("n", "n", "right", "right", "home") == kept("first-stage")


def test_the_list_marks_the_present_stage() -> None:
    async def steps(session: Session) -> list[list[str]]:
        marks = [session.marked()]
        for keys in (["right"] * 9, ["right"] * 8, ["right"], ["left"]):
            await session.press(*keys)
            marks.append(session.marked())
        return marks

    assert play(steps) == [["p"], ["∂E/∂V"], ["W′"], ["p"], ["W′"]]


def test_back_at_the_first_stage_the_heading_above_it_is_in_sight() -> None:
    async def steps(session: Session) -> list[str]:
        tops = []
        for keys in (["end"], ["home"]):
            await session.press(*keys)
            tops.append(session.lines("StageList")[0])
        return tops

    last, first = play(steps, gallery.find("attention"))
    assert last != "FORWARD"
    assert first == "FORWARD"


def test_a_click_on_an_entry_of_the_list_goes_there() -> None:
    async def steps(session: Session) -> None:
        await session.press("n")
        for entry in ("∂E/∂h", "W", "p"):
            await session.click_on(entry)
            assert session.heading().startswith(f"{entry} ")
            assert session.status().startswith("iteration 1 ")
            assert session.marked() == [entry]

    play(steps)


def test_a_click_on_a_phase_goes_nowhere() -> None:
    async def steps(session: Session) -> None:
        await session.click_on("BACKWARD")
        assert session.text() == kept("first-stage")

    play(steps)


# Help, theme, leaving


def test_help_opens_over_the_screen_and_closes_without_leaving_the_app() -> None:
    async def steps(session: Session) -> None:
        opening = cycle(["question_mark", "f1"])
        for closes in ("escape", "q", "question_mark", "f1", "enter", "space"):
            await session.press(next(opening))
            assert session.text() == kept("help")
            await session.press(closes)
            assert session.text() == kept("first-stage")
            assert session.app.return_code is None
        await session.press("right")
        assert session.heading().startswith("h ")

    play(steps)


def test_keys_under_the_help_do_not_walk() -> None:
    async def steps(session: Session) -> None:
        await session.press("question_mark")
        await session.press("right", "n", "down")
        await session.press("escape")
        assert session.text() == kept("first-stage")

    play(steps)


def test_the_help_scrolls_where_it_has_no_room() -> None:
    async def steps(session: Session) -> None:
        await session.press("question_mark")
        assert "Leave." not in session.text()
        await session.press("end")
        await session.until("Leave.")

    play(steps, size=(60, 10))


def brightness(session: Session) -> float:
    """How bright the ground of the stage is, from 0 to 1."""
    return session.app.screen.styles.background.brightness


def test_d_changes_between_dark_and_light() -> None:
    async def steps(session: Session) -> list[float]:
        seen = [brightness(session)]
        for _ in range(2):
            await session.press("d")
            seen.append(brightness(session))
        return seen

    dark, light, again = play(steps)
    assert dark < 0.3 < 0.7 < light
    assert again == dark


def test_without_colour_the_theme_is_the_terminals_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert BackpropApp(gallery.find("lecture"), "lecture").theme == "ansi-dark"


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
def test_leaving_is_no_error(key: str) -> None:
    async def session() -> int | None:
        async with opened() as running:
            await running.derived()
            assert running.app.return_code is None
            await running.press(key)
        return running.app.return_code

    assert asyncio.run(session()) == 0


def test_the_app_can_be_left_before_the_derivation_is_there(gate: threading.Event) -> None:
    async def session() -> int | None:
        async with opened() as running:
            await running.press("q")
            gate.set()
        return running.app.return_code

    assert asyncio.run(session()) == 0


# Before the derivation is there


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Holds up the reading of a network until it is set."""
    opens, really_read = threading.Event(), gallery.read

    def wait_and_read(source: gallery.Source) -> Network:
        assert opens.wait(PATIENCE)
        return really_read(source)

    monkeypatch.setattr("backprop_tui.gallery.read", wait_and_read)
    return opens


def test_the_first_frame_tells_that_the_derivation_is_under_way(gate: threading.Event) -> None:
    async def session() -> tuple[str, str]:
        async with opened() as running:
            await running.settled()
            first = running.text()
            gate.set()
            await running.derived()
            return first, running.text()

    first, then = asyncio.run(session())
    assert "lecture" in first
    assert "deriving" in first
    assert "deriving" not in then


def test_keys_pressed_before_the_derivation_is_there_are_not_lost(gate: threading.Event) -> None:
    async def session() -> str:
        async with opened() as running:
            await running.press("right", "right", "n", "right", "left", "left", "left")
            gate.set()
            await running.derived()
            return running.text()

    assert asyncio.run(session()) == kept("next-iteration")


def test_clicks_scrolls_and_help_do_no_harm_before_the_derivation_is_there(gate: threading.Event) -> None:
    async def session() -> str:
        async with opened() as running:
            await running.pilot.click(offset=(1, 1))
            await running.press("right_square_bracket", "d", "d", "ctrl+p", "question_mark")
            gate.set()
            await running.derived()
            await running.press("escape")
            return running.text()

    assert asyncio.run(session()) == kept("first-stage")


def test_neither_numpy_nor_sympy_is_imported_before_the_first_frame() -> None:
    code = "import sys, backprop_tui.tui.app; print(*sorted({'numpy', 'sympy', 'textual'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout.split() == ["textual"]


# Sizes


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    path = tmp_path / "network.toml"
    path.write_text(WIDE, "utf-8")
    return path


@pytest.mark.parametrize(
    ("size", "right", "left"),
    [("80x24", "right_square_bracket", "left_square_bracket"), ("120x40", "shift+right", "shift+left")],
)
def test_a_wide_formula_scrolls_and_never_wraps(size: str, right: str, left: str, wide: Path) -> None:
    async def steps(session: Session) -> None:
        start = session.lines("#formula")
        assert "a_name" not in only_line(start)
        end = await scrolled(session, right)
        assert only_line(end).strip("│ ").endswith("_in_the_end")
        assert await scrolled(session, left) == start

    play(steps, wide, SIZES[size])


async def scrolled(session: Session, key: str) -> list[str]:
    """The formula's panel once a key no longer moves it."""
    before: list[str] = []
    while (now := session.lines("#formula")) != before:
        before = now
        await session.press(key)
    return now


def only_line(panel: list[str]) -> str:
    (line,) = (line for line in panel[1:-1] if any(map(str.isalpha, line)))
    return line


def test_another_stage_is_shown_from_its_left_end_again(wide: Path) -> None:
    async def steps(session: Session) -> None:
        await session.press(*("right",) * 7)
        unscrolled = left_end(session)
        await session.press("left")
        before = left_end(session)
        await session.press("right_square_bracket")
        assert left_end(session) != before
        await session.press("right")
        assert left_end(session) == unscrolled

    play(steps, wide)


def left_end(session: Session) -> list[str]:
    return [line[:8] for line in session.lines("#formula")]


@pytest.mark.parametrize("shot", ["gradient", "local-derivative"])
def test_another_size_and_back_keeps_the_place(shot: str) -> None:
    async def steps(session: Session) -> list[str]:
        await session.press(*SHOTS[shot].keys)
        texts = [session.text()]
        for size in ("80x24", "120x40"):
            await session.resize(SIZES[size])
            texts.append(session.text())
        return texts

    assert play(steps, size=SIZES["120x40"]) == [kept(shot, size) for size in ("120x40", "80x24", "120x40")]


@pytest.mark.parametrize("size", [(1, 1), (20, 8), (40, 12), (300, 100)], ids=str)
def test_no_size_is_too_small_or_too_large_to_walk_through(size: Size) -> None:
    async def steps(session: Session) -> None:
        await session.press(*("right",) * 20, "question_mark")
        await session.press("escape")
        await session.press(*("left",) * 11)
        assert session.app.screen.size == size
        assert [strip.cell_length for strip in session.strips()] == [size[0]] * size[1]
        if layout_of(*size) is Layout.NONE:
            assert len("".join(session.text().split())) <= len("backprop-tuineedsaterminalof60columnsand18lines.")
        else:
            assert session.heading().startswith("∂E/∂V")
            assert session.marked() == ["∂E/∂V"]

    play(steps, size=size)


# What goes wrong


Steps = Callable[[Pilot[None]], Awaitable[None]]


@pytest.fixture
def headless(monkeypatch: pytest.MonkeyPatch) -> Callable[[Steps], None]:
    """Let run() run without a terminal, its keys pressed by `steps`; an app that doesn't end by itself is ended."""

    def press(steps: Steps) -> None:
        async def until_it_ends(pilot: Pilot[None]) -> None:
            await steps(pilot)
            deadline = monotonic() + PATIENCE
            while pilot.app.return_code is None and monotonic() < deadline:
                await asyncio.sleep(0.02)
            if pilot.app.return_code is None:
                pilot.app.exit(return_code=STILL_RUNNING)

        monkeypatch.setattr(
            BackpropApp, "run", partialmethod(App.run, headless=True, size=(80, 24), auto_pilot=until_it_ends)
        )

    async def nothing(pilot: Pilot[None]) -> None:
        pass

    press(nothing)
    return press


STILL_RUNNING = 99
WRONG = {
    "not TOML": ("[equations\n", "network.toml:1:"),
    "unknown key": ('[network]\nname = "x"\n', "[network] name: no such key"),
    "wrong equation": ('[equations]\nE = "sum(q)"\n[data]\nx = [[1]]\n[parameters]\nW = [[1]]\n', "[equations] E:"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.usefixtures("headless")
def test_a_wrong_network_is_told_in_one_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, (text, told) = tmp_path / "network.toml", WRONG[name]
    path.write_text(text, "utf-8")
    assert run(path, "wrong") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"backprop-tui: {path}")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert told in err


@pytest.mark.usefixtures("headless")
def test_a_network_that_is_not_there_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "gone.toml", "gone") == 2
    assert capsys.readouterr().err.count("\n") == 1


def fail(*arguments: object) -> NoReturn:
    raise RuntimeError("a fault in the app itself")


@pytest.mark.usefixtures("headless")
def test_a_fault_while_deriving_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("backprop_tui.gallery.read", fail)
    assert run(gallery.find("lecture"), "lecture") == 1
    assert "a fault in the app itself" in capsys.readouterr().err


def test_a_fault_at_a_key_is_no_success(
    headless: Callable[[Steps], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def step(pilot: Pilot[None]) -> None:
        await pilot.press("right")

    monkeypatch.setattr(Walkthrough, "forward", fail)
    headless(step)
    assert run(gallery.find("lecture"), "lecture") == 1
    assert "a fault in the app itself" in capsys.readouterr().err


def test_garbage_is_looked_for_again_after_the_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    with _nothing_collected():
        assert gc.isenabled(), "all is imported"
    monkeypatch.delitem(sys.modules, "sympy")
    try:
        with suppress(ImportError), _nothing_collected():
            assert not gc.isenabled()
            raise ImportError
        assert gc.isenabled()
        assert gc.get_freeze_count()
    finally:
        gc.unfreeze()


def test_no_screen_waits_for_a_stage_that_it_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are computed by another thread, for the line that tells what is wrong."""
    computed = list[tuple[str, bool]]()

    def watched(derivation: Derivation) -> Callable[[Values], Iterator[Array]]:
        stages = compile_stages(derivation)

        def run(given: Values) -> Iterator[Array]:
            for stage, value in zip(derivation, stages(given), strict=True):
                computed.append((stage.name, threading.current_thread() is threading.main_thread()))
                yield value

        return run

    async def steps(running: Session) -> None:
        names = [stage.name for stage in lecture()]
        assert computed == [(name, False) for name in names]
        computed.clear()
        await running.press("n")
        shown = names.index("E") + 1
        assert computed == [(name, place < shown) for place, name in enumerate(names)]

    monkeypatch.setattr("backprop_tui.engine.trace.compile_stages", watched)
    play(steps)


@pytest.mark.parametrize("size", SIZES.values())
def test_the_first_screen_waits_for_no_stage_after_the_loss(monkeypatch: pytest.MonkeyPatch, size: Size) -> None:
    async def steps(running: Session) -> set[str]:
        bench = running.app.screen
        assert isinstance(bench, Workbench)
        return set(bench.walkthrough.trace[0]._known)

    monkeypatch.setattr(HealthPart, "_run", lambda *_: None)
    assert play(steps, size=size) == {"x", "t", "W", "V", "eta", "p", "h", "z", "y", "E"}
