"""What can be done to a network on the screen: changes, undo, files, moments, long runs, the tour, the lesson."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from backprop_tui import gallery
from backprop_tui.tui import first_start, settings
from backprop_tui.tui.app import BackpropApp
from backprop_tui.tui.walkthrough import Place, Wanted
from tests.screens import Session, play


async def enter(session: Session, text: str) -> None:
    """Type over what a question suggests, and answer with it."""
    await session.pilot.press("ctrl+u", *text, "enter")
    await session.app.workers.wait_for_complete()
    await session.settled()


async def to_first_weight(session: Session) -> None:
    await session.choose("slash", "W", "go to W")
    assert session.heading().startswith("W ")


def test_another_weight_changes_every_number_and_undo_brings_them_back() -> None:
    async def steps(session: Session) -> None:
        before = session.status()
        await to_first_weight(session)
        shown = session.text("#matrix")
        await session.press("e")
        await enter(session, "1/2")
        assert "0.5" in session.text("#matrix")
        changed = session.status()
        assert changed != before
        await session.press("u")
        await finished(session)
        assert (session.status(), session.text("#matrix")) == (before, shown)
        await session.press("U")
        await finished(session)
        assert session.status() == changed

    play(steps)


async def finished(session: Session) -> None:
    await session.app.workers.wait_for_complete()
    await session.settled()


def test_what_is_no_number_is_told_and_asked_for_again() -> None:
    async def steps(session: Session) -> None:
        await to_first_weight(session)
        await session.press("e")
        await enter(session, "half")
        assert "expected a number" in session.text()
        await session.press("escape")
        assert session.heading().startswith("W ")

    play(steps)


def test_what_is_derived_can_not_be_changed() -> None:
    async def steps(session: Session) -> None:
        await session.press("e")
        await session.until("p is derived")

    play(steps)


def test_another_activation_derives_everything_anew() -> None:
    async def steps(session: Session) -> None:
        await session.press(*("right",) * 6)
        assert "σ′(z)" in session.text("#formula")
        await session.choose("c", "y tanh", "y: tanh")
        await finished(session)
        assert session.heading().startswith("∂y/∂z")
        assert "1 − y²" in session.text("#formula")

    play(steps)


def test_another_network_is_opened_and_undo_returns() -> None:
    async def steps(session: Session) -> None:
        await session.press("o")
        await enter(session, "attention")
        await finished(session)
        assert "softmax" in session.text() or session.heading().startswith("q ")
        await session.press("u")
        await finished(session)
        assert session.status() == "iteration 0   E = 0.855274"

    play(steps)


def test_a_moment_that_is_written_opens_on_exactly_the_same_screen(tmp_path: Path) -> None:
    path = tmp_path / "moment.toml"

    async def write(session: Session) -> str:
        await session.press(*("right",) * 9, "n", "n", "m", "down", "right", "escape", "f", "3")
        shown = session.text("#stage")
        await session.press("w")
        await enter(session, str(path))
        return shown

    async def look(session: Session) -> str:
        return session.text("#stage")

    written = play(write)
    assert play(look, path) == written


def test_nothing_is_written_over_without_a_yes(tmp_path: Path) -> None:
    path = tmp_path / "kept.toml"
    path.write_text("precious", "utf-8")

    async def steps(session: Session) -> None:
        for answer, kept in (("n", True), ("escape", True), ("y", False)):
            await session.press("s")
            await enter(session, str(path))
            assert "exists. Write over it?" in session.text().replace("\n", "")
            await session.press(answer)
            assert (path.read_text("utf-8") == "precious") is kept

    play(steps)


def test_what_can_not_be_written_is_told(tmp_path: Path) -> None:
    async def steps(session: Session) -> None:
        await session.press("s")
        await enter(session, str(tmp_path / "no" / "such" / "folder.toml"))
        await session.until("can't be written")

    play(steps, size=(200, 60))


@pytest.mark.parametrize(
    ("goal", "status"), [("300", "iteration 300 "), ("E < 0.8", "iteration 30 "), ("99999999", "")], ids=str
)
def test_a_run_ends_at_its_goal(goal: str, status: str) -> None:
    async def steps(session: Session) -> None:
        await session.press("g")
        await enter(session, goal)
        if status:
            await finished(session)
            assert session.status().startswith(status)
        else:
            assert "expected 1 to" in session.text()

    play(steps)


def test_a_long_run_leaves_the_keys_alive_and_stops_at_escape() -> None:
    async def steps(session: Session) -> None:
        await session.press("g")
        await session.pilot.press(*"1000000", "enter")
        await session.until("esc stops")
        await session.pilot.press("right", "right")
        assert session.heading().startswith("z ")
        await session.pilot.press("escape")
        await finished(session)
        assert "esc stops" not in session.text()
        assert session.status().startswith("iteration 0 ")

    play(steps)


def test_the_command_line_leads_to_a_place() -> None:
    app = BackpropApp(gallery.find("lecture"), "lecture", Wanted("∂E/∂V", 3, "1,0"))

    async def run() -> Place:
        async with app.run_test(size=(80, 24)) as pilot:
            await app.workers.wait_for_complete()
            await pilot.pause()
            return app.stepper.walkthrough.place

    assert asyncio.run(run()) == Place(3, "dE/dV")


def test_the_tour_leads_from_place_to_place_and_gives_the_keys_back() -> None:
    async def steps(session: Session) -> None:
        await session.press("t")
        assert "tour 1/" in session.text()
        first = session.heading()
        await session.press("right")
        assert session.heading() != first
        await session.press("escape")
        assert "tour" not in session.text()
        place = session.heading()
        await session.press("right")
        assert session.heading() != place

    play(steps)


def test_the_lesson_opens_over_the_screen_and_closes() -> None:
    async def steps(session: Session) -> None:
        before = session.text()
        await session.press("L")
        await finished(session)
        await session.until("recorded")
        await session.press("escape")
        assert session.text() == before

    play(steps)


def test_a_chosen_theme_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)

    async def steps(session: Session) -> None:
        session.app.theme = "nord"
        await session.settled()

    play(steps)
    assert settings.theme() == "nord"


@pytest.mark.parametrize("text", ["theme = [", "theme = 3", "", "\x00"])
def test_settings_that_can_not_be_read_count_as_none(text: str) -> None:
    settings.path().parent.mkdir(parents=True)
    settings.path().write_text(text, "utf-8")
    assert settings.theme() is None


def test_settings_that_can_not_be_kept_are_told_not_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    assert settings.keep_theme("nord")


def test_the_first_start_is_the_first_only() -> None:
    assert first_start.is_first_start()
    assert not first_start.is_first_start()
    assert os.environ["XDG_STATE_HOME"] in str(first_start.path())
