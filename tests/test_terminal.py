"""The app end to end, in a real pseudo-terminal."""

from __future__ import annotations

from pathlib import Path

from tests.terminal import ENTERED, LEFT, LEFT_AGAIN, RIGHT, terminal, words


def test_a_person_opens_it_leaves_the_tour_steps_both_ways_and_leaves() -> None:
    with terminal() as person:
        person.until("tour 1/")
        assert ENTERED in person.raw
        person.type("q")
        person.drawn()
        for formula in ("p = x W", "h = σ(p)", "z = h V", "y = σ(z)"):
            person.type(RIGHT)
            person.until(formula)
        person.type(LEFT)
        person.until("z = h V")
        assert LEFT_AGAIN not in person.raw
        person.type("q")
        assert person.exit_status() == 0
        assert person.raw.rindex(LEFT_AGAIN) > person.raw.rindex(ENTERED)
        assert person.settings_now() == person.settings


def test_a_wrong_network_leaves_the_terminal_as_it_was_with_one_line(tmp_path: Path) -> None:
    network = tmp_path / "network.toml"
    network.write_text('[equations]\nE = "sum(q)"\n[data]\nx = [[1]]\n[parameters]\nW = [[1]]\n', "utf-8")
    with terminal(str(network)) as person:
        assert person.exit_status() == 2
        told = words(person.raw[person.raw.rindex(LEFT_AGAIN) :]).strip()
        assert told.startswith(f"backprop-tui: {network}:2: [equations] E:")
        assert len(told.splitlines()) == 1
        assert person.settings_now() == person.settings


def test_a_terminal_that_can_not_place_its_cursor_is_told_what_to_run_instead() -> None:
    with terminal(term="dumb") as person:
        assert person.exit_status() == 2
        assert words(person.raw).strip().endswith("TERM=dumb can't; as text: backprop-tui run")
        assert ENTERED not in person.raw
