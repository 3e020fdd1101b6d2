"""A file is written whole or not at all."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from backprop_tui.errors import InputError
from backprop_tui.files import write

TEXT = "∂E/∂V = hᵀ ∂E/∂z\n"


@pytest.fixture(autouse=True)
def mask() -> Iterator[None]:
    """A umask that the tests know."""
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_holds_the_text_in_utf_8(tmp_path: Path) -> None:
    write(tmp_path / "out.tex", TEXT)
    assert (tmp_path / "out.tex").read_bytes() == TEXT.encode("utf-8")


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    write(tmp_path / "out.tex", "a\nb\n")
    assert (tmp_path / "out.tex").read_bytes() == b"a\nb\n"


def test_a_new_file_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    write(tmp_path / "out.tex", TEXT)
    assert mode(tmp_path / "out.tex") == 0o640


def test_the_umask_stays_as_it_was(tmp_path: Path) -> None:
    write(tmp_path / "out.tex", TEXT)
    assert os.umask(0o027) == 0o027


def test_an_existing_file_is_replaced_and_keeps_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "out.tex"
    path.write_text("a longer text that stood here before\n" * 100)
    path.chmod(0o604)
    write(path, TEXT)
    assert path.read_text("utf-8") == TEXT
    assert mode(path) == 0o604


def test_a_text_is_prepared_beside_its_file_for_elsewhere_may_be_another_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    write(tmp_path / "out.tex", TEXT)
    assert (tmp_path / "out.tex").read_text("utf-8") == TEXT


def test_nothing_else_is_left_behind(tmp_path: Path) -> None:
    write(tmp_path / "out.tex", TEXT)
    write(tmp_path / "out.tex", TEXT)
    assert os.listdir(tmp_path) == ["out.tex"]


def test_a_reader_of_the_old_file_still_reads_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "out.tex"
    path.write_text("before")
    with path.open() as reader:
        write(path, TEXT)
        assert reader.read() == "before"


def test_a_link_stays_a_link_and_its_target_is_written(tmp_path: Path) -> None:
    target, link = tmp_path / "folder" / "target.tex", tmp_path / "link.tex"
    target.parent.mkdir()
    target.write_text("before")
    link.symlink_to(target)
    write(link, TEXT)
    assert link.is_symlink()
    assert target.read_text("utf-8") == TEXT


def test_a_link_to_nothing_makes_its_target(tmp_path: Path) -> None:
    (tmp_path / "link.tex").symlink_to(tmp_path / "target.tex")
    write(tmp_path / "link.tex", TEXT)
    assert (tmp_path / "link.tex").is_symlink()
    assert (tmp_path / "target.tex").read_text("utf-8") == TEXT


def test_a_path_is_taken_from_the_present_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("out.tex"), TEXT)
    assert (tmp_path / "out.tex").read_text("utf-8") == TEXT


# Where it can't be written.


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        write(path, TEXT)
    assert caught.value.file == str(path)
    return caught.value.got


def test_a_directory_is_no_file_to_write(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert refusal(tmp_path / "folder") == "a directory"
    assert os.listdir(tmp_path) == ["folder"]


def test_a_folder_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere" / "out.tex") == "can't be written (No such file or directory)"
    assert os.listdir(tmp_path) == []


def test_a_path_below_a_file_is_told_and_the_file_stays(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before")
    assert refusal(tmp_path / "file" / "out.tex") == "can't be written (Not a directory)"
    assert (tmp_path / "file").read_text() == "before"


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path / ("x" * 300)) == "can't be written (File name too long)"
    assert os.listdir(tmp_path) == []


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let every file have so many bytes and no more: for root too, and in the middle of writing."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_running_out_of_room_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.tex"
    path.write_text("before")
    with room_for(100_000), pytest.raises(InputError, match="File too large"):
        write(path, TEXT * 10_000)
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.tex"]


def test_running_out_of_room_leaves_no_new_file(tmp_path: Path) -> None:
    with room_for(100_000), pytest.raises(InputError, match="File too large"):
        write(tmp_path / "out.tex", TEXT * 10_000)
    assert os.listdir(tmp_path) == []


def failing(error: BaseException) -> Any:
    def fail(*arguments: object, **options: object) -> None:
        raise error

    return fail


def test_a_failure_at_the_last_moment_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.tex"
    path.write_text("before")
    monkeypatch.setattr(os, "replace", failing(OSError(5, "Input/output error")))
    assert refusal(path) == "can't be written (Input/output error)"
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.tex"]


def test_an_interruption_leaves_the_old_file_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.tex"
    path.write_text("before")
    monkeypatch.setattr(os, "replace", failing(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        write(path, TEXT)
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.tex"]


def test_half_a_text_never_stands_under_the_name(tmp_path: Path) -> None:
    path = tmp_path / "out.tex"
    path.write_text("before")
    with pytest.raises((InputError, UnicodeEncodeError)):
        write(path, "half\n" * 100_000 + "\ud800")
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.tex"]


def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.tex"
    path.write_text("before")
    path.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda name, rights: rights != os.W_OK)  # as for anyone but root
    assert refusal(path) == "can't be written (Permission denied)"
    assert path.read_text() == "before"


# What is no regular file is written to, not replaced.


def test_a_pipe_gets_the_text(tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text("utf-8")), daemon=True)
    reader.start()
    write(pipe, TEXT)
    reader.join(10)
    assert got == [TEXT]
    assert pipe.is_fifo()


def test_standard_output_in_a_file_gets_the_text(tmp_path: Path) -> None:
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")  # as /dev/stdout is, which broken code shall not reach
    code = (
        "import sys; from pathlib import Path; from backprop_tui.files import write\n"
        "write(Path(sys.argv[1]), sys.argv[2])"
    )
    with (tmp_path / "out.tex").open("wb") as out:
        subprocess.run([sys.executable, "-c", code, str(tmp_path / "stdout"), TEXT], stdout=out, check=True)
    assert (tmp_path / "out.tex").read_text("utf-8") == TEXT
