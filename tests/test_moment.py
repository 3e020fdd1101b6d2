"""A moment is told by a file or by the command line, and checked against the derivation."""

from __future__ import annotations

from pathlib import Path

import pytest

from backprop_tui import gallery
from backprop_tui.errors import InputError
from backprop_tui.network import Network, read_network
from backprop_tui.network.moment import MOST_ITERATIONS, Moment, find_quantity, moment_at
from backprop_tui.network.writer import written
from backprop_tui.notation import code, plain

LECTURE = written(gallery.load("lecture"))


def read_with(section: str, folder: Path) -> Network:
    path = folder / "network.toml"
    path.write_text(f"{LECTURE}\n[moment]\n{section}\n", "utf-8")
    return read_network(path)


def test_a_section_is_read(tmp_path: Path) -> None:
    section = 'stage = "dE/dV"\niteration = 3\ncell = [1, 0]\nreading = "this cell"\nmode = "numbers"\npanel = "loss"'
    moment = read_with(section, tmp_path).moment
    assert moment == Moment("dE/dV", 3, (1, 0), "this cell", "numbers", "loss")


def test_what_is_left_out_is_the_first_cell_of_the_first_stage(tmp_path: Path) -> None:
    assert read_with("", tmp_path).moment == Moment("p", 0, (0, 0))


def test_a_file_without_the_section_leads_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "network.toml"
    path.write_text(LECTURE, "utf-8")
    assert read_network(path).moment is None


def test_something_given_can_be_a_moment(tmp_path: Path) -> None:
    assert read_with('stage = "eta"', tmp_path).moment == Moment("eta")


@pytest.mark.parametrize(
    ("section", "key", "got", "expected", "near"),
    [
        ('stage = "dE/dv"', "[moment] stage", "no quantity 'dE/dv'", "a stage or something given", "dE/dV"),
        ("stage = 3", "[moment] stage", "3", "text in quotes", None),
        ("iteration = -1", "[moment] iteration", "-1", "a whole number from 0", None),
        (f"iteration = {MOST_ITERATIONS + 1}", "[moment] iteration", "1000001", "at most 1000000", None),
        ("cell = [1, 0]", "[moment] cell", "cell 1,0", "one of a 1x4 matrix, counted from 0,0", None),
        ("cell = [0, -1]", "[moment] cell", "cell 0,-1", "one of a 1x4 matrix", None),
        ("cell = [0]", "[moment] cell", "[0]", "a row and a column, such as 1,0", None),
        ("cell = [true, 0]", "[moment] cell", "[True, 0]", "a row and a column", None),
        ("reading = 1", "[moment] reading", "1", "text in quotes", None),
        ('stge = "p"', "[moment] stge", "no such key", "one of stage, iteration, cell", "stage"),
    ],
)
def test_a_wrong_one_is_told_with_its_line(
    tmp_path: Path, section: str, key: str, got: str, expected: str, near: str | None
) -> None:
    with pytest.raises(InputError) as caught:
        read_with(section, tmp_path)
    error = caught.value
    assert (error.key, error.nearest) == (key, near)
    assert got in error.got
    assert expected in error.expected
    assert error.line == LECTURE.count("\n") + 3


# The command line's words.


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("dE/dV", "dE/dV"),
        ("∂E/∂V", "dE/dV"),
        (" dE / dV ", "dE/dV"),
        ("dE_dV", "dE/dV"),
        ("W'", "W'"),
        ("W′", "W'"),
        ("W_next", "W'"),
        ("eta", "eta"),
        ("η", "eta"),
        ("E", "E"),
        ("x", "x"),
    ],
)
def test_a_quantity_is_found_however_it_is_written(text: str, name: str) -> None:
    assert find_quantity(text, gallery.load("lecture").derivation) == name


def test_numbered_names_may_have_their_numbers_below() -> None:
    derivation = gallery.load("deep").derivation
    found = [find_quantity(text, derivation) for text in ("W₁′", "W1′", "∂E/∂W₅", "∂E/∂W5", "dh1/dz1")]
    assert found == ["W1'", "W1'", "dE/dW5", "dE/dW5", "dh1/dz1"]


def test_every_quantity_of_every_network_is_found_by_each_of_its_spellings() -> None:
    for network in map(gallery.load, gallery.names()):
        derivation = network.derivation
        for name in (*derivation.given, *(stage.name for stage in derivation)):
            assert {find_quantity(word, derivation) for word in (name, plain(name), code(name))} == {name}


def test_the_command_line_names_a_moment() -> None:
    derivation = gallery.load("lecture").derivation
    assert moment_at(derivation, "dE/dV", 3, "1,0") == Moment("dE/dV", 3, (1, 0))
    assert moment_at(derivation) == Moment("p")
    assert moment_at(derivation, cell=" (0, 2) ") == Moment("p", 0, (0, 2))


def test_what_the_command_line_leaves_out_is_as_the_file_says() -> None:
    derivation, before = gallery.load("lecture").derivation, Moment("dE/dV", 3, (1, 0), reading="this cell")
    assert moment_at(derivation, before=before) == before
    assert moment_at(derivation, iteration=5, before=before) == Moment("dE/dV", 5, (1, 0), reading="this cell")
    assert moment_at(derivation, "p", before=before) == Moment("p", 3, (0, 0), reading="this cell")


@pytest.mark.parametrize(
    ("at", "iteration", "cell", "told"),
    [
        ("dE/dQ", None, None, "--at: no quantity 'dE/dQ'; expected a stage or something given; did you mean"),
        ("", None, None, "--at: no quantity ''"),
        ("p", -1, None, "--iteration: -1; expected a whole number from 0"),
        ("p", None, "0,4", "--cell: cell 0,4; expected one of a 1x4 matrix, counted from 0,0"),
        ("p", None, "first", "--cell: 'first'; expected a row and a column, such as 1,0"),
        ("p", None, "1,0,0", "--cell: '1,0,0'; expected a row and a column"),
        ("p", None, "0,9999999999", "--cell: '0,9999999999'; expected a row and a column"),
    ],
)
def test_wrong_words_are_told_in_one_line(at: str, iteration: int | None, cell: str | None, told: str) -> None:
    with pytest.raises(InputError) as caught:
        moment_at(gallery.load("lecture").derivation, at, iteration, cell)
    assert str(caught.value).startswith(told)
