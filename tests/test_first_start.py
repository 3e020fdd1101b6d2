from __future__ import annotations

from pathlib import Path

import pytest

from backprop_tui.tui import first_start
from backprop_tui.tui.first_start import is_first_start


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setattr(first_start, "user_state_path", lambda app: folder / app)
    return folder


def test_only_the_first_start_is_the_first() -> None:
    assert [is_first_start() for _ in range(3)] == [True, False, False]


def test_the_mark_can_be_deleted_to_begin_again() -> None:
    assert is_first_start()
    first_start.path().unlink()
    assert is_first_start()


def test_a_state_folder_that_cannot_be_made_never_stops_the_app(state: Path) -> None:
    state.write_text("a file where a folder belongs", "utf-8")
    assert [is_first_start() for _ in range(2)] == [False, False]


def test_the_mark_is_kept_where_the_system_keeps_states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "kept"))
    assert first_start.path().name == "tour-offered"
    assert first_start.path().parent.name == "backprop-tui"
