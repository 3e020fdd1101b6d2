"""A session: the network at hand is changed, changed back, opened and saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_tui import gallery
from backprop_tui.errors import InputError
from backprop_tui.network import Network, read_network
from backprop_tui.network.edits import Edit, SetActivation, SetEntry, SetLayers, SetLoss, SetOptimiser
from backprop_tui.network.moment import Moment
from backprop_tui.network.writer import save, written
from backprop_tui.tui.history import MOST_CHANGES
from backprop_tui.tui.session import Prepared, Session

HALF = SetEntry("W", 0, 1, 0.5)
TANH = SetActivation("h", "tanh")


@pytest.fixture
def session() -> Session:
    return Session(gallery.load("lecture"))


def edit(session: Session, *edits: Edit) -> None:
    for each in edits:
        assert session.apply(session.prepare(each))


def take(session: Session, prepared: Prepared | None) -> None:
    assert prepared is not None
    assert session.apply(prepared)


# Changes.


def test_an_edit_changes_the_network_and_its_run(session: Session) -> None:
    loss = session.trace.loss(3)
    edit(session, HALF)
    assert session.network.parameters["W"][0, 1] == 0.5
    assert session.trace[0]["W"][0, 1] == 0.5
    assert session.trace.loss(3) != loss


def test_nothing_changes_before_an_edit_is_applied(session: Session) -> None:
    network, trace = session.network, session.trace
    prepared = session.prepare(TANH)
    assert (session.network, session.trace) == (network, trace)
    session.apply(prepared)
    assert session.trace is prepared.trace
    assert session.network is prepared.network


def test_a_prepared_run_is_there_as_far_as_was_asked_for(session: Session) -> None:
    trace = session.prepare(TANH, 7).trace
    assert len(trace) == 8
    assert trace[7].is_run
    edit(session, HALF)
    undone = session.prepare_undo(5)
    assert undone is not None
    assert len(undone.trace) == 6


def test_a_change_prepared_before_another_was_made_is_not_taken_over(session: Session) -> None:
    late = session.prepare(TANH)
    edit(session, HALF)
    assert not session.apply(late)
    assert session.network.equations["h"] == "sigmoid(p)"
    assert session.undo_told == "W[0,1] = 0.5"


def test_an_edit_that_cannot_be_made_leaves_all_as_it_was(session: Session) -> None:
    edit(session, HALF)
    network = session.network
    with pytest.raises(InputError):
        session.prepare(SetEntry("W", 9, 9, 1.0))
    assert session.network is network
    assert session.undo_told == "W[0,1] = 0.5"


def test_an_edit_from_which_nothing_can_be_derived_is_refused() -> None:
    lecture = gallery.load("lecture")
    named = {"mu": lecture.parameters["W"], "V": lecture.parameters["V"]}
    session = Session(replace(lecture, equations={**lecture.equations, "p": "x @ mu"}, parameters=named))
    with pytest.raises(InputError, match="momentum needs for itself"):
        session.prepare(SetOptimiser("momentum"))
    assert session.undo_told is None


# Undo and redo.


def test_what_undo_would_undo_is_told_in_a_few_words(session: Session) -> None:
    assert (session.undo_told, session.redo_told) == (None, None)
    edit(session, HALF, SetLayers((3, 5, 2)))
    assert (session.undo_told, session.redo_told) == ("layers 3-5-2", None)
    take(session, session.prepare_undo())
    assert (session.undo_told, session.redo_told) == ("W[0,1] = 0.5", "layers 3-5-2")


def test_there_is_nothing_to_undo_at_the_beginning_and_nothing_to_redo_at_the_end(session: Session) -> None:
    assert session.prepare_undo() is None
    assert session.prepare_redo() is None
    edit(session, HALF)
    assert session.prepare_redo() is None


def test_a_new_edit_forgets_what_was_undone(session: Session) -> None:
    edit(session, HALF)
    take(session, session.prepare_undo())
    edit(session, TANH)
    assert session.redo_told is None
    assert session.network.parameters["W"][0, 1] != 0.5


def test_opening_another_network_can_be_undone(session: Session) -> None:
    edit(session, HALF)
    before = session.network
    take(session, session.prepare_opening(gallery.find("xor")))
    assert (session.network.name, session.undo_told) == ("xor", "open xor")
    take(session, session.prepare_undo())
    assert session.network is before


def test_the_oldest_changes_are_forgotten_one_by_one(session: Session) -> None:
    edit(session, *(SetEntry("eta", 0, 0, float(value)) for value in range(MOST_CHANGES + 5)))
    for _ in range(MOST_CHANGES):
        take(session, session.prepare_undo())
    assert session.undo_told is None
    assert session.network.learning_rate == 4.0


some = [HALF, TANH, SetLoss("huber"), SetEntry("eta", 0, 0, 2.0), SetLayers((3, 5, 2)), SetEntry("t", 0, 0, 0.25)]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from([*some, "undo", "redo"]), max_size=12))
def test_undo_and_redo_lead_through_the_same_networks_both_ways(made: list[Edit | str]) -> None:
    session = Session(gallery.load("lecture"))
    states, at = [session.network], 0
    for step in made:
        if step == "undo":
            prepared, at = session.prepare_undo(), max(at - 1, 0)
        elif step == "redo":
            prepared, at = session.prepare_redo(), min(at + 1, len(states) - 1)
        else:
            assert not isinstance(step, str)
            prepared, at = session.prepare(step), at + 1
            states = [*states[:at], prepared.network]
        assert prepared is None or session.apply(prepared)
        assert session.network is states[at]
        fresh = Session(states[at]).trace
        assert session.trace.loss(2) == fresh.loss(2)


def test_undoing_a_number_derives_and_compiles_nothing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("derived or compiled")

    monkeypatch.setattr("backprop_tui.network.model.derive", refuse)
    monkeypatch.setattr("backprop_tui.engine.trace.compile_stages", refuse)
    edit(session, HALF)
    take(session, session.prepare_undo())


# Files.


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(written(gallery.load("lecture"), Moment("dE/dV", 3, (1, 0))), "utf-8")
    return path


def test_a_saved_network_is_the_one_that_opens_again(session: Session, tmp_path: Path) -> None:
    edit(session, HALF, TANH)
    session.save(tmp_path / "mine.toml", Moment("dE/dV", 3, (1, 0)))
    again = Session(gallery.read(tmp_path / "mine.toml"))
    assert again.network.equations == session.network.equations
    np.testing.assert_array_equal(again.trace[3]["dE/dV"], session.trace[3]["dE/dV"])
    assert again.network.moment == Moment("dE/dV", 3, (1, 0))


def test_a_network_with_a_moment_is_run_as_far_as_that(session: Session, own: Path) -> None:
    assert len(Session(gallery.read(own)).trace) == 4
    assert len(session.prepare_opening(own).trace) == 4


def test_opening_leads_to_a_moment_and_undoing_back_to_it_does_not(session: Session, own: Path) -> None:
    prepared = session.prepare_opening(own)
    assert prepared.moment == Moment("dE/dV", 3, (1, 0))
    take(session, prepared)
    edit(session, HALF)
    undone = session.prepare_undo(8)
    assert undone is not None
    assert undone.moment is None
    assert len(undone.trace) == 9


def test_a_run_ahead_is_left_for_later_where_it_is_cancelled(own: Path) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    session = Session(gallery.read(own), cancelled)
    assert len(session.trace) == 2
    assert len(session.prepare(HALF, 7).trace) == 0


def test_a_network_that_ships_is_never_saved_over_unless_told(session: Session) -> None:
    assert session.path == Path("lecture.toml")
    edit(session, HALF)
    assert session.path == Path("lecture.toml")


def test_a_file_of_ones_own_is_where_its_edits_are_saved(own: Path) -> None:
    session = Session(gallery.read(own))
    assert (session.path, session.network.name) == (own, "mine")
    edit(session, HALF)
    assert session.path == own
    take(session, session.prepare_opening(gallery.find("xor")))
    assert session.path == Path("xor.toml")
    take(session, session.prepare_opening(gallery.Recipe("2-3-1")))
    assert session.path == Path("2-3-1.toml")


def test_what_no_file_holds_is_unsaved(session: Session, tmp_path: Path) -> None:
    assert not session.unsaved
    edit(session, HALF)
    assert session.unsaved
    session.save(tmp_path / "first.toml")
    assert (session.unsaved, session.path) == (False, tmp_path / "first.toml")
    edit(session, TANH)
    assert session.unsaved
    take(session, session.prepare_undo())
    assert not session.unsaved
    assert Session(gallery.read(gallery.Recipe("2-3-1"))).unsaved


def test_a_state_that_was_saved_over_is_unsaved_again(session: Session, tmp_path: Path) -> None:
    edit(session, HALF)
    session.save(tmp_path / "mine.toml")
    edit(session, TANH)
    session.save(tmp_path / "mine.toml")
    take(session, session.prepare_undo())
    assert session.unsaved


def test_where_saving_fails_the_network_stays_unsaved(session: Session, tmp_path: Path) -> None:
    edit(session, HALF)
    with pytest.raises(InputError, match="can't be written"):
        session.save(tmp_path / "nowhere" / "mine.toml")
    assert session.unsaved
    assert session.path == Path("lecture.toml")


def test_a_file_that_cannot_be_opened_leaves_all_as_it_was(session: Session, own: Path) -> None:
    network: Network = session.network
    own.write_text("[equations]\n", "utf-8")
    with pytest.raises(InputError):
        session.prepare_opening(own)
    assert session.network is network


def test_an_edited_network_is_written_without_its_old_moment(own: Path, tmp_path: Path) -> None:
    session = Session(gallery.read(own))
    edit(session, HALF)
    session.save(tmp_path / "other.toml")
    assert read_network(tmp_path / "other.toml").moment is None


def test_a_moment_saved_beside_a_shipping_network_is_of_that_network(session: Session, tmp_path: Path) -> None:
    save(session.network, tmp_path / "day1.toml", Moment("p"))
    assert gallery.read(tmp_path / "day1.toml").name == "day1"
