from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _homes_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test read or write what a reader keeps."""
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
