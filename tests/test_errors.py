"""Wrong input is told in one line."""

from __future__ import annotations

import pytest

from backprop_tui.errors import InputError, nearest, one_line


def test_what_came_says_it_all_where_nothing_else_is_known() -> None:
    assert str(InputError("a division by zero")) == "a division by zero"


def test_file_line_key_got_expected_and_nearest_stand_in_this_order() -> None:
    error = InputError(
        "no such key 'sead'",
        "one of stream, seed",
        file="my/network.toml",
        line=25,
        key="[random] sead",
        nearest="seed",
    )
    told = "my/network.toml:25: [random] sead: no such key 'sead'; expected one of stream, seed; did you mean 'seed'?"
    assert str(error) == told


@pytest.mark.parametrize(
    ("error", "told"),
    [
        pytest.param(InputError("missing", file="a.toml"), "a.toml: missing", id="file"),
        pytest.param(InputError("missing", file="a.toml", line=3), "a.toml:3: missing", id="line"),
        pytest.param(InputError("missing", file="a.toml", key="[data]"), "a.toml: [data]: missing", id="file-key"),
        pytest.param(InputError("missing", key="[data] x"), "[data] x: missing", id="key"),
        pytest.param(InputError("3", "a name"), "3; expected a name", id="expected"),
        pytest.param(InputError("'sead'", nearest="seed"), "'sead'; did you mean 'seed'?", id="nearest"),
    ],
)
def test_what_is_not_known_is_left_out(error: InputError, told: str) -> None:
    assert str(error) == told


def test_what_is_learned_later_is_told_too() -> None:
    error = InputError("'a'", "a number", key="[data] x")
    error.file, error.line = "a.toml", 7
    assert str(error) == "a.toml:7: [data] x: 'a'; expected a number"


@pytest.mark.parametrize(
    "ending", ["\n", "\r\n", "\r", "\t", "\v", "\f", "\x1c", "\x85", "\N{LINE SEPARATOR}", "\N{PARAGRAPH SEPARATOR}"]
)
def test_line_ends_become_spaces(ending: str) -> None:
    assert one_line(f"one{ending}two") == "one two"


@pytest.mark.parametrize(
    "control", ["\x00", "\x07", "\x08", "\x1b", "\x7f", "\x9b", "\N{RIGHT-TO-LEFT OVERRIDE}", "\udcff"]
)
def test_control_characters_become_question_marks(control: str) -> None:
    assert one_line(f"red{control}[31m") == "red?[31m"


def test_no_part_of_an_error_can_break_its_line_or_reach_the_terminal() -> None:
    evil = "a\nb\x1b[2Jc"
    error = InputError(evil, evil, file=evil, key=evil, nearest=evil)
    assert str(error).isprintable()


def test_letters_of_every_language_stay() -> None:
    assert one_line("größer als 数学 ∂E/∂V") == "größer als 数学 ∂E/∂V"


def test_a_long_text_is_shortened_and_says_so() -> None:
    assert one_line("abcdefgh", limit=8) == "abcdefgh"
    assert one_line("abcdefghi", limit=8) == "abcdefg…"


def test_an_error_is_never_longer_than_a_few_terminal_lines() -> None:
    assert len(str(InputError("x" * 10_000))) == 300


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("lectur", "lecture"),
        ("LECTURE", "lecture"),
        ("mazurr", "Mazur"),
        ("planar-moons", "planar"),
        ("softmax", None),
        ("", None),
    ],
)
def test_nearest_finds_the_choice_most_like_a_word(word: str, found: str | None) -> None:
    assert nearest(word, ["planar", "lecture", "Mazur"]) == found


def test_nearest_prefers_the_closer_of_two() -> None:
    assert nearest("legcy", ["legal", "legacy"]) == "legacy"


def test_nothing_is_near_where_there_is_no_choice() -> None:
    assert nearest("anything", []) is None
