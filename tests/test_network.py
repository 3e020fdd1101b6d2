"""A network.toml is read, or told in one line to be wrong."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from backprop_tui import gallery
from backprop_tui.engine.trace import Trace
from backprop_tui.errors import InputError
from backprop_tui.network import Network, read_network

GOOD = """\
[network]
title = "A small one" # with a comment
about = "For the tests."
look_at = "E falls."

[equations]
p = "x @ W + b"
y = "tanh(p)"
E = "sum((y - t)**2)"

[data]
x = [[1, 2.5], [3, 4], [5, 6]]
t = [[0.5], [1], [0]]

[parameters]
W = { shape = [2, 1], draw = "uniform", scale = 0.5 }
b = [[0.25]]

[random]
stream = "legacy"
seed = 1

[training]
learning_rate = 0.1
iterations = 3
"""

Read = Callable[[str], Network]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a text as the network.toml of a folder ``mine``."""
    path = tmp_path / "mine" / "network.toml"
    path.parent.mkdir()

    def written_and_read(text: str) -> Network:
        path.write_text(text, "utf-8")
        return read_network(path)

    return written_and_read


def changed(*replacements: tuple[str, str]) -> str:
    """Return the good text with some pieces of it replaced."""
    text = GOOD
    for old, new in replacements:
        assert text.count(old) == 1, f"{old!r} does not stand once in the good text"
        text = text.replace(old, new)
    return text


def refusal(read: Read, text: str) -> InputError:
    """Return the error that a text gives; whatever it is, it is told in one visible line that names the file."""
    with pytest.raises(InputError) as caught:
        read(text)
    assert str(caught.value).isprintable()
    assert caught.value.file.endswith("/mine/network.toml")
    return caught.value


def refuses(read: Read, old: str, new: str, key: str, got: str, expected: str, near: str | None = None) -> None:
    """Check what is told of the good text with a piece replaced: its line, its key, what came, what should have."""
    text = changed((old, new))
    error = refusal(read, text)
    assert error.line == GOOD[: GOOD.index(old)].count("\n") + 1
    assert error.key == key
    assert got in error.got
    assert expected in error.expected
    assert error.nearest == near
    assert str(error).startswith(f"{error.file}:{error.line}: {key}: {error.got}")


# A good one.


def test_the_words_of_a_network_are_read(read: Read) -> None:
    network = read(GOOD)
    assert (network.title, network.about, network.look_at) == ("A small one", "For the tests.", "E falls.")


def test_the_equations_keep_their_order(read: Read) -> None:
    assert list(read(GOOD).equations.items()) == [("p", "x @ W + b"), ("y", "tanh(p)"), ("E", "sum((y - t)**2)")]


def test_data_become_matrices_of_floats(read: Read) -> None:
    data = read(GOOD).data
    assert list(data) == ["x", "t"]
    np.testing.assert_array_equal(data["x"], [[1.0, 2.5], [3.0, 4.0], [5.0, 6.0]])
    np.testing.assert_array_equal(data["t"], [[0.5], [1.0], [0.0]])
    assert all(matrix.dtype == np.float64 for matrix in data.values())


def test_training_is_read(read: Read) -> None:
    network = read(GOOD)
    assert (network.learning_rate, network.iterations) == (0.1, 3)


def test_a_network_starts_from_its_data_its_parameters_and_the_learning_rate(read: Read) -> None:
    start = read(GOOD).start
    assert list(start) == ["x", "t", "W", "b", "eta"]
    np.testing.assert_array_equal(start["b"], [[0.25]])
    np.testing.assert_array_equal(start["eta"], [[0.1]])


def test_its_derivation_ends_with_an_update_of_every_parameter(read: Read) -> None:
    names = [stage.name for stage in read(GOOD).derivation]
    assert names[0] == "p"
    assert {"W'", "b'"} == {name for name in names if name.endswith("'")}


def test_what_is_left_out_has_its_default(read: Read) -> None:
    sections = GOOD.split("\n\n")
    network = read("\n\n".join(sections[1:4]))
    assert (network.title, network.about, network.look_at) == ("", "", "")
    assert (network.learning_rate, network.iterations) == (0.1, 10)
    np.testing.assert_array_equal(network.parameters["W"], 0.5 * np.random.default_rng(0).random((2, 1)))


def test_a_network_is_called_by_its_folder(read: Read) -> None:
    assert read(GOOD).name == "mine"


def test_a_network_in_the_present_folder_is_called_by_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "xor").mkdir()
    (tmp_path / "xor" / "network.toml").write_text(GOOD)
    monkeypatch.chdir(tmp_path / "xor")
    assert read_network(Path("network.toml")).name == "xor"
    assert read_network(Path("../xor/network.toml")).name == "xor"


def test_names_may_be_any_letters_digits_and_single_underscores_between(read: Read) -> None:
    text = changed(("W + b", "W_hidden + b1"), ("W = ", "W_hidden = "), ("b = ", "b1 = "))
    assert list(read(text).parameters) == ["W_hidden", "b1"]


def test_a_file_may_begin_with_windows_line_ends(read: Read) -> None:
    assert list(read(GOOD.replace("\n", "\r\n")).equations) == ["p", "y", "E"]


# Random numbers.

DRAWN = """\
A = { shape = [2, 2], draw = "uniform" }
B = [[7, 7], [7, 7]]
C = { shape = [2, 3], draw = "normal", scale = 0.1 }
D = { shape = [3, 1], draw = "zeros" }
F = { shape = [1, 1] }
"""


def drawing(stream: str) -> str:
    return changed(
        ('p = "x @ W + b"\n', 'q = "x @ A"\nr = "q @ B"\ns = "r @ C"\nu = "s @ D"\np = "u + F"\n'),
        ('W = { shape = [2, 1], draw = "uniform", scale = 0.5 }\nb = [[0.25]]\n', DRAWN),
        ('stream = "legacy"\nseed = 1', f'stream = "{stream}"\nseed = 42'),
    )


def test_the_legacy_stream_draws_what_numpy_random_seed_draws_in_the_order_listed(read: Read) -> None:
    parameters = read(drawing("legacy")).parameters
    np.random.seed(42)
    np.testing.assert_array_equal(parameters["A"], np.random.random((2, 2)))
    np.testing.assert_array_equal(parameters["C"], 0.1 * np.random.standard_normal((2, 3)))
    np.testing.assert_array_equal(parameters["F"], np.random.random((1, 1)))


def test_the_generator_stream_draws_what_default_rng_draws_in_the_order_listed(read: Read) -> None:
    parameters = read(drawing("generator")).parameters
    generator = np.random.default_rng(42)
    np.testing.assert_array_equal(parameters["A"], generator.random((2, 2)))
    np.testing.assert_array_equal(parameters["C"], 0.1 * generator.standard_normal((2, 3)))
    np.testing.assert_array_equal(parameters["F"], generator.random((1, 1)))


def test_what_is_not_drawn_takes_no_random_number(read: Read) -> None:
    parameters = read(drawing("legacy")).parameters
    np.testing.assert_array_equal(parameters["B"], [[7.0, 7.0], [7.0, 7.0]])
    np.testing.assert_array_equal(parameters["D"], np.zeros((3, 1)))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        pytest.param('draw = "uniform"', lambda stream: stream.uniform(0, 1, (2, 1)), id="uniform"),
        pytest.param('draw = "uniform", low = -2, high = 3', lambda stream: stream.uniform(-2, 3, (2, 1)), id="range"),
        pytest.param('draw = "normal"', lambda stream: stream.normal(0, 1, (2, 1)), id="normal"),
        pytest.param('draw = "normal", mean = 5, std = 2', lambda stream: stream.normal(5, 2, (2, 1)), id="moments"),
        pytest.param('draw = "xavier"', lambda stream: stream.uniform(-(2**0.5), 2**0.5, (2, 1)), id="xavier"),
        pytest.param('draw = "he"', lambda stream: stream.normal(0, 1, (2, 1)), id="he"),
        pytest.param('draw = "zeros"', lambda stream: np.zeros((2, 1)), id="zeros"),
        pytest.param('draw = "ones", scale = 3', lambda stream: np.full((2, 1), 3.0), id="ones"),
    ],
)
def test_each_draw_is_that_of_numpy(
    read: Read, table: str, expected: Callable[[np.random.Generator], NDArray[np.float64]]
) -> None:
    text = changed(('draw = "uniform", scale = 0.5', table), ('"legacy"', '"generator"'))
    np.testing.assert_allclose(read(text).parameters["W"], expected(np.random.default_rng(1)), rtol=1e-14)


def test_data_may_be_drawn_too_after_the_parameters(read: Read) -> None:
    network = read(changed(("[[0.5], [1], [0]]", "{ shape = [3, 1] }")))
    stream = np.random.RandomState(1)
    np.testing.assert_array_equal(network.parameters["W"], 0.5 * stream.random((2, 1)))
    np.testing.assert_array_equal(network.data["t"], stream.random((3, 1)))


def test_reading_leaves_the_global_random_numbers_alone(read: Read) -> None:
    np.random.seed(3)
    expected = np.random.random(4)
    np.random.seed(3)
    read(drawing("legacy"))
    np.testing.assert_array_equal(np.random.random(4), expected)


def test_reading_twice_gives_the_same_numbers(read: Read) -> None:
    first, second = read(drawing("generator")), read(drawing("generator"))
    np.testing.assert_array_equal(first.parameters["A"], second.parameters["A"])


def test_the_lecture_starts_from_the_weights_that_its_notebook_prints() -> None:
    parameters = gallery.load("lecture").parameters
    printed = [[0.20445225, 0.87811744], [0.02738759, 0.67046751], [0.4173048, 0.55868983], [0.14038694, 0.19810149]]
    assert parameters["W"][0].tolist() == pytest.approx([0.417022005, 0.720324493, 1.14374817e-4, 0.302332573], 1e-8)
    np.testing.assert_array_equal(parameters["V"].round(8), printed)


# Wrong sections and keys.


@pytest.mark.parametrize(
    ("old", "new", "key", "expected", "near"),
    [
        ("[training]", "[trainin]", "[trainin]", "one of network, equations, ", "training"),
        ("learning_rate", "lerning_rate", "[training] lerning_rate", "learning_rate, iterations", "learning_rate"),
        ("title", "tilte", "[network] tilte", "title, about, look_at", "title"),
        ("seed", "xxxx", "[random] xxxx", "stream, seed", None),
    ],
)
def test_an_unknown_section_or_key_is_told_with_the_nearest(
    read: Read, old: str, new: str, key: str, expected: str, near: str | None
) -> None:
    refuses(read, old, new, key, "no such", expected, near)


def test_an_unknown_key_of_a_parameter_is_told_with_the_nearest(read: Read) -> None:
    refuses(read, "draw = ", "drw = ", "[parameters] W", "'drw'", "one of shape, draw, scale", "draw")


@pytest.mark.parametrize("section", ["equations", "parameters"])
def test_equations_and_parameters_must_be_there(read: Read, section: str) -> None:
    kept = [part for part in GOOD.split("\n\n") if not part.startswith(f"[{section}]")]
    error = refusal(read, "\n\n".join(kept))
    assert (error.key, error.got, error.line) == (f"[{section}]", "missing", None)


@pytest.mark.parametrize("section", ["equations", "parameters"])
def test_an_empty_section_is_told_at_its_line(read: Read, section: str) -> None:
    text = "\n\n".join(f"[{section}]" if part.startswith(f"[{section}]") else part for part in GOOD.split("\n\n"))
    error = refusal(read, text)
    assert (error.key, error.got) == (f"[{section}]", "missing")
    assert error.line == text.splitlines().index(f"[{section}]") + 1


def test_a_section_must_be_a_section(read: Read) -> None:
    error = refusal(read, "training = 3\n" + GOOD.replace("[training]\nlearning_rate = 0.1\niterations = 3\n", ""))
    assert (error.key, error.got, error.expected) == ("[training]", "3", "a section")


def test_an_empty_file_lacks_its_equations(read: Read) -> None:
    assert refusal(read, "").key == "[equations]"


# Wrong TOML.


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param("seed = 1", "seed = = 1", 21, id="two-signs"),
        pytest.param('"tanh(p)"', '"tanh(p)', 8, id="unclosed-quote"),
        pytest.param("b = [[0.25]]", "b = [[0.25]]\nb = [[1]]", 18, id="key-twice"),
        pytest.param("iterations = 3", "iterations = 3\n\n[data]", 27, id="section-twice"),
        pytest.param("seed = 1", "seed = 1\x00", 21, id="control-character"),
        pytest.param("seed = 1", "seed: 1", 21, id="yaml"),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(read: Read, old: str, new: str, line: int) -> None:
    error = refusal(read, changed((old, new)))
    assert error.line == line
    assert error.got.startswith("not TOML: ")
    assert "line" not in error.got.replace("newline", "")


@pytest.mark.parametrize("depth", [300, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a=", "}")], ids=["arrays", "tables"])
def test_huge_nesting_is_refused(read: Read, opening: str, closing: str, depth: int) -> None:
    error = refusal(read, changed(("[[0.25]]", opening * depth + "1" + closing * depth)))
    assert len(str(error)) <= 300


# Wrong values.


@pytest.mark.parametrize(
    ("value", "got", "expected"),
    [
        pytest.param('[[0.5], ["one"], [0]]', "'one'", "a number", id="text"),
        pytest.param("[[0.5], [true], [0]]", "True", "a number", id="bool"),
        pytest.param("[[0.5], [1979-05-27], [0]]", "1979", "a number", id="date"),
        pytest.param("[[0.5], [[1]], [0]]", "[1]", "a number", id="nested"),
        pytest.param("[[0.5], [nan], [0]]", "nan", "a finite number", id="nan"),
        pytest.param("[[0.5], [inf], [0]]", "inf", "a finite number", id="inf"),
        pytest.param("[[0.5], [-inf], [0]]", "-inf", "a finite number", id="minus-inf"),
        pytest.param("[[0.5], [1e999], [0]]", "inf", "a finite number", id="overflow"),
        pytest.param("[[0.5], [1, 2], [0]]", "rows of 1, 2 numbers", "rows of equal length", id="ragged"),
        pytest.param("[]", "[]", "rows of numbers, such as [[1, 2, 1]]", id="no-rows"),
        pytest.param("[[]]", "rows of 0 numbers", "rows of equal length", id="empty-row"),
        pytest.param("[0.5, 1, 0]", "[0.5, 1, 0]", "rows of numbers, such as [[1, 2, 1]]", id="vector"),
        pytest.param("[[0.5], 1, [0]]", "[[0.5], 1, [0]]", "rows of numbers, such as [[1, 2, 1]]", id="mixed"),
        pytest.param('"1"', "'1'", "rows of numbers", id="text-alone"),
    ],
)
def test_data_are_rows_of_finite_numbers(read: Read, value: str, got: str, expected: str) -> None:
    refuses(read, "[[0.5], [1], [0]]", value, "[data] t", got, expected)


def test_a_parameter_is_of_finite_numbers_too(read: Read) -> None:
    refuses(read, "[[0.25]]", "[[nan]]", "[parameters] b", "nan", "a finite number")


@pytest.mark.parametrize("shape", ["[2]", "[2, 1, 1]", "[2, 0]", "[-2, 1]", "[2.0, 1]", "'2x1'", "2", "[]"])
def test_a_shape_is_two_whole_numbers_from_1(read: Read, shape: str) -> None:
    expected = "shape = [rows, columns], both at least 1"
    refuses(read, "shape = [2, 1]", f"shape = {shape}", "[parameters] W", f"shape {shape}", expected)


def test_a_drawn_parameter_needs_its_shape(read: Read) -> None:
    refuses(read, "{ shape = [2, 1], ", "{ ", "[parameters] W", "shape None", "shape = [rows, columns]")


@pytest.mark.parametrize(
    ("draw", "got", "near"),
    [('"unifrom"', "'unifrom'", "uniform"), ('"Normal"', "'Normal'", "normal"), ('"?"', "'?'", None), ("3", "3", None)],
)
def test_a_draw_is_one_of_several(read: Read, draw: str, got: str, near: str | None) -> None:
    refuses(read, 'draw = "uniform"', f"draw = {draw}", "[parameters] W", got, "one of uniform, normal, ", near)


@pytest.mark.parametrize(
    ("stream", "got", "near"),
    [('"legcy"', "'legcy'", "legacy"), ('"generators"', "'generators'", "generator"), ("[]", "[]", None)],
)
def test_a_stream_is_one_of_two(read: Read, stream: str, got: str, near: str | None) -> None:
    refuses(read, '"legacy"', stream, "[random] stream", got, "one of legacy, generator", near)


@pytest.mark.parametrize(
    ("seed", "got"),
    [("-1", "-1"), ("1.0", "1.0"), ("true", "True"), ('"1"', "'1'"), ("4294967296", "4294967296")],
)
def test_a_seed_is_a_whole_number_of_32_bits(read: Read, seed: str, got: str) -> None:
    refuses(read, "seed = 1", f"seed = {seed}", "[random] seed", got, "a whole number from 0")


def test_the_largest_seed_is_taken(read: Read) -> None:
    expected = 0.5 * np.random.RandomState(4294967295).random((2, 1))
    np.testing.assert_array_equal(read(changed(("seed = 1", "seed = 4294967295"))).parameters["W"], expected)


@pytest.mark.parametrize(("rate", "got"), [('"0.1"', "'0.1'"), ("nan", "nan"), ("inf", "inf"), ("true", "True")])
def test_a_learning_rate_is_a_finite_number(read: Read, rate: str, got: str) -> None:
    refuses(read, "rate = 0.1", f"rate = {rate}", "[training] learning_rate", got, "number")


@pytest.mark.parametrize(("count", "got"), [("2.5", "2.5"), ("-3", "-3"), ("true", "True"), ('"3"', "'3'")])
def test_iterations_are_a_whole_number(read: Read, count: str, got: str) -> None:
    refuses(read, "iterations = 3", f"iterations = {count}", "[training] iterations", got, "a whole number from 0")


@pytest.mark.parametrize(
    ("old", "new", "key", "got"),
    [
        ('"A small one"', "17", "[network] title", "17"),
        ('"tanh(p)"', "[1]", "[equations] y", "[1]"),
        ('"For the tests."', "true", "[network] about", "True"),
    ],
)
def test_words_and_equations_are_text(read: Read, old: str, new: str, key: str, got: str) -> None:
    refuses(read, old, new, key, got, "text in quotes")


def test_a_long_value_is_told_shortened(read: Read) -> None:
    error = refusal(read, changed(("[[0.25]]", f'"{"long" * 1000}"')))
    assert len(error.got) == 60
    assert error.got.endswith("…")


def test_a_draw_has_its_own_numbers_and_no_others(read: Read) -> None:
    refuses(read, '"uniform"', '"he", std = 1', "[parameters] W", "no such key 'std'", "one of shape, draw, scale")


# Frozen parameters.


def test_a_frozen_parameter_has_no_update(read: Read) -> None:
    network = read(changed(("b = [[0.25]]", "b = { value = [[0.25]], frozen = true }")))
    assert network.frozen == {"b"}
    assert [stage.name for stage in network.derivation if stage.name.endswith("'")] == ["W'"]
    np.testing.assert_array_equal(network.parameters["b"], [[0.25]])


def test_a_parameter_frozen_by_false_is_updated(read: Read) -> None:
    assert read(changed(("scale = 0.5 }", "scale = 0.5, frozen = false }"))).frozen == frozenset()


def test_frozen_is_true_or_false(read: Read) -> None:
    refuses(read, "scale = 0.5 }", "frozen = 1 }", "[parameters] W", "1", "true or false")


# Files beside it.

X: Final = "[[1, 2.5], [3, 4], [5, 6]]"


@pytest.fixture
def beside(read: Read, tmp_path: Path) -> None:
    """Put files with numbers, and with none, beside the network.toml."""
    folder = tmp_path / "mine"
    (folder / "x.csv").write_text("a,b,class\n1,2,0\n3,4,2\n5,6,1\n")
    (folder / "word.csv").write_text("1,two\n")
    (folder / "ragged.csv").write_text("1,2\n3\n")
    (folder / "nan.csv").write_text("1,2\n3,nan\n5,6\n")
    (folder / "folder.csv").mkdir()
    (folder / "text.npy").write_text("no array")
    np.save(folder / "x.npy", np.arange(6.0).reshape(3, 2))
    np.save(folder / "cube.npy", np.zeros((3, 2, 2)))
    np.save(folder / "complex.npy", np.zeros((3, 2), complex))
    np.save(folder / "objects.npy", np.array([[None, 1]] * 3, object))
    np.savez(folder / "one.npz", only=np.full((3, 2), 7.0))
    np.savez(folder / "two.npz", first=np.zeros((3, 2)), second=np.ones((3, 2)))


@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize(
    ("table", "expected"),
    [
        pytest.param('file = "x.csv", skip = 1, columns = [0, 2]', [[1, 2], [3, 4], [5, 6]], id="columns"),
        pytest.param('file = "x.csv", skip = 1, columns = [1, 3]', [[2, 0], [4, 2], [6, 1]], id="last-columns"),
        pytest.param('file = "x.csv", skip = 2, columns = [0, 2]', [[3, 4], [5, 6]], id="skip"),
        pytest.param('file = "x.csv", skip = 1, columns = [0, 2], rows = [1, 3]', [[3, 4], [5, 6]], id="rows"),
        pytest.param('file = "x.npy"', [[0, 1], [2, 3], [4, 5]], id="npy"),
        pytest.param('file = "one.npz"', [[7, 7], [7, 7], [7, 7]], id="npz"),
        pytest.param('file = "two.npz", array = "second"', [[1, 1], [1, 1], [1, 1]], id="array"),
    ],
)
def test_data_may_stand_in_a_file(read: Read, table: str, expected: list[list[float]]) -> None:
    rows = ", ".join("[0]" for _ in expected)
    network = read(changed((X, f"{{ {table} }}"), ("[[0.5], [1], [0]]", f"[{rows}]")))
    np.testing.assert_array_equal(network.data["x"], expected)


@pytest.mark.usefixtures("beside")
def test_a_column_of_classes_may_be_one_hot(read: Read) -> None:
    table = '{ file = "x.csv", skip = 1, columns = [2, 3], one_hot = 3 }'
    network = read(changed(("[[0.5], [1], [0]]", table), ("W = { shape = [2, 1]", "W = { shape = [2, 3]")))
    np.testing.assert_array_equal(network.data["t"], [[1, 0, 0], [0, 0, 1], [0, 1, 0]])


@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize(
    ("table", "got", "expected"),
    [
        pytest.param('file = "x.txt"', "the file 'x.txt'", "one that ends in .npy, .npz, .csv", id="ending"),
        pytest.param("file = 3", "3", "text in quotes", id="number"),
        pytest.param('file = "word.csv"', "could not convert string 'two'", "a table of numbers", id="word"),
        pytest.param('file = "ragged.csv"', "ragged.csv can't be read", "a table of numbers", id="ragged"),
        pytest.param('file = "nan.csv"', "nan.csv has nan in row 1, column 1", "finite numbers", id="nan"),
        pytest.param('file = "folder.csv"', "folder.csv can't be read (Is a directory)", "", id="directory"),
        pytest.param('file = "text.npy"', "text.npy can't be read", "a table of numbers", id="no-array"),
        pytest.param('file = "objects.npy"', "objects.npy can't be read", "a table of numbers", id="objects"),
        pytest.param('file = "cube.npy"', "shape (3, 2, 2)", "a matrix of real numbers", id="cube"),
        pytest.param('file = "complex.npy"', "complex128", "a matrix of real numbers", id="complex"),
        pytest.param('file = "two.npz"', "None", "one of first, second", id="which-array"),
        pytest.param('file = "x.csv", skip = -1', "-1", "a whole number from 0", id="skip"),
        pytest.param('file = "x.npy", columns = [0, 3]', "[0, 3]", "within 0 and 2", id="columns"),
        pytest.param('file = "x.npy", rows = [2, 2]', "[2, 2]", "within 0 and 3", id="no-rows"),
        pytest.param('file = "x.npy", rows = 2', "2", "[first, one past the last]", id="rows"),
        pytest.param('file = "x.npy", one_hot = 3', "a 3x2 matrix", "one column of classes 0 to 2", id="one-hot"),
        pytest.param('file = "x.npy", shape = [3, 2]', "no such key 'shape'", "file, array, columns", id="shape"),
        pytest.param("value = [[1]], shape = [1, 1]", "no such key 'shape'", "one of value", id="value"),
    ],
)
def test_a_file_that_can_not_be_used_is_told(read: Read, table: str, got: str, expected: str) -> None:
    error = refusal(read, changed((X, f"{{ {table} }}")))
    assert (error.line, error.key.partition(":")[0]) == (12, "[data] x")
    assert got in error.got
    assert expected in error.expected


@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize("classes", [2, 1, 0, -1])
def test_a_class_beyond_those_told_is_refused(read: Read, classes: int) -> None:
    table = f'{{ file = "x.csv", skip = 1, columns = [2, 3], one_hot = {classes} }}'
    assert refusal(read, changed((X, table))).key.startswith("[data] x")


@pytest.mark.usefixtures("beside")
def test_the_class_beyond_those_told_is_named(read: Read) -> None:
    table = '{ file = "x.csv", skip = 1, columns = [2, 3], one_hot = 2 }'
    refuses(read, X, table, "[data] x", "the class 2", "classes 0 to 1")


def test_one_number_is_a_scalar(read: Read) -> None:
    network = read(changed(("b = [[0.25]]", "b = 0.25")))
    np.testing.assert_array_equal(network.parameters["b"], [[0.25]])
    refuses(read, "b = [[0.25]]", "b = true", "[parameters] b", "True", "one number")


def test_a_word_that_python_keeps_is_no_name(read: Read) -> None:
    refuses(
        read, "b = [[0.25]]", "lambda = [[0.25]]", "[parameters] lambda", "a word that Python keeps", "another name"
    )


@pytest.mark.usefixtures("beside")
def test_a_missing_file_beside_it_is_told_with_the_nearest(read: Read) -> None:
    refuses(read, X, '{ file = "xx.csv" }', "[data] x", "no file 'xx.csv' beside it", "", "x.csv")


# Layers for equations.


def layered(words: str) -> str:
    """Return the good text with a few words about layers in place of its equations and parameters."""
    network, _, data, _, numbers, training = GOOD.split("\n\n")
    return "\n\n".join([f"{network}\n{words}", data, numbers, training])


def test_layers_stand_for_the_equations_anyone_would_write(read: Read) -> None:
    network = read(layered('layers = [2, 5, 1]\nactivations = ["tanh", "linear"]\nbias = true\nloss = "huber"'))
    assert dict(network.equations) == {
        "z1": "x @ W1 + b1",
        "h1": "tanh(z1)",
        "y": "h1 @ W2 + b2",
        "E": "huber(y, t)",
    }
    assert {name: matrix.shape for name, matrix in network.parameters.items()} == {
        "W1": (2, 5),
        "b1": (1, 5),
        "W2": (5, 1),
        "b2": (1, 1),
    }


def test_layers_are_sigmoid_without_biases_where_nothing_else_is_said(read: Read) -> None:
    network = read(layered("layers = [2, 3, 1]"))
    assert list(network.equations.values()) == [
        "x @ W1",
        "sigmoid(z1)",
        "h1 @ W2",
        "sigmoid(z2)",
        "squared_error(y, t)",
    ]


def test_weights_of_layers_are_drawn_in_order_by_xaviers_rule(read: Read) -> None:
    parameters = read(layered("layers = [2, 3, 1]")).parameters
    stream = np.random.RandomState(1)
    for name, (rows, columns) in {"W1": (2, 3), "W2": (3, 1)}.items():
        bound = np.sqrt(6 / (rows + columns))
        np.testing.assert_allclose(parameters[name], stream.uniform(-bound, bound, (rows, columns)), rtol=1e-14)


@pytest.mark.parametrize(
    ("words", "key", "got", "near"),
    [
        pytest.param("layers = [2]", "layers", "[2]", None, id="one-layer"),
        pytest.param("layers = 3", "layers", "3", None, id="number"),
        pytest.param("layers = [2, 0]", "layers", "0", None, id="no-units"),
        pytest.param('layers = [2, "a"]', "layers", "'a'", None, id="text"),
        pytest.param('activations = ["tahn"]\nlayers = [2, 1]', "activations", "'tahn'", "tanh", id="activation"),
        pytest.param('activations = "tanh"\nlayers = [2, 1]', "activations", "'tanh'", None, id="no-list"),
        pytest.param('activations = ["tanh", "tanh"]\nlayers = [2, 1]', "activations", "['tanh'", None, id="too-many"),
        pytest.param('loss = "hubber"\nlayers = [2, 1]', "loss", "'hubber'", "huber", id="loss"),
        pytest.param("bias = 1\nlayers = [2, 1]", "bias", "1", None, id="bias"),
        pytest.param("bias = true", "bias", "without layers", None, id="without-layers"),
    ],
)
def test_wrong_words_about_layers_are_told(read: Read, words: str, key: str, got: str, near: str | None) -> None:
    error = refusal(read, layered(words))
    assert (error.line, error.key, error.nearest) == (5, f"[network] {key}", near)
    assert got in error.got


def test_layers_and_equations_exclude_each_other(read: Read) -> None:
    text = changed(('look_at = "E falls."', "layers = [2, 1]"))
    error = refusal(read, text)
    assert (error.line, error.key, error.got) == (4, "[network] layers", "layers and equations")


# Functions of one's own.


def test_a_function_of_ones_own_can_be_used(read: Read) -> None:
    network = read(changed(("[data]", '[functions]\nswish = "u * sigmoid(u)"\n\n[data]'), ("tanh(p)", "swish(p)")))
    p = network.data["x"] @ network.parameters["W"] + 0.25
    y = Trace(network.derivation, network.start)[0]["y"]
    np.testing.assert_allclose(y, p / (1 + np.exp(-p)), rtol=1e-14)


@pytest.mark.parametrize(
    ("line", "got"),
    [
        ("f = 3", "3"),
        ('tanh = "u"', "no name for a function"),
        ('"f g" = "u"', "no name for a function"),
        ('f = "u*w"', "2 arguments"),
        ('f = "3"', "no argument"),
        ('f = "x*tanh(x)"', "no argument"),
        ('f = "u +"', "no expression"),
    ],
)
def test_a_wrong_function_is_told(read: Read, line: str, got: str) -> None:
    error = refusal(read, changed(("[data]", f"[functions]\n{line}\n\n[data]")))
    assert error.line == 12
    assert error.key == f"[functions] {line.partition(' = ')[0].strip(chr(34))}"
    assert got in error.got


# Optimisers and batches.


@pytest.mark.parametrize(("name", "memory"), [("descent", []), ("momentum", ["v"]), ("adam", ["m", "s"])])
def test_an_optimiser_begins_with_nothing_remembered(read: Read, name: str, memory: list[str]) -> None:
    start = read(changed(("iterations = 3", f'iterations = 3\noptimiser = "{name}"'))).start
    remembered = {f"{letter}_{parameter}" for letter in memory for parameter in ("W", "b")}
    assert {key for key in start if "_" in key} == remembered
    assert all((start[key] == 0).all() for key in remembered)


def test_an_optimisers_numbers_are_read_or_usual(read: Read) -> None:
    start = read(changed(("iterations = 3", 'iterations = 3\noptimiser = "adam"\nbeta1 = 0.5'))).start
    assert (start["beta1"].item(), start["beta2"].item(), start["epsilon"].item()) == (0.5, 0.999, 1e-8)


@pytest.mark.parametrize(
    ("line", "key", "got", "near"),
    [
        ('optimiser = "adma"', "optimiser", "'adma'", "adam"),
        ("optimiser = 3", "optimiser", "3", None),
        ("mu = 0.5", "mu", "descent has no mu", None),
        ('mu = "a"\noptimiser = "momentum"', "mu", "'a'", None),
        ("batch_size = 4", "batch_size", "4 rows", None),
        ("batch_size = 0", "batch_size", "0", None),
        ("batch_size = 1.5", "batch_size", "1.5", None),
        ('order = "shufled"\nbatch_size = 1', "order", "'shufled'", "shuffled"),
        ("order = 1\nbatch_size = 1", "order", "1", None),
    ],
)
def test_wrong_words_about_training_are_told(read: Read, line: str, key: str, got: str, near: str | None) -> None:
    error = refusal(read, changed(("iterations = 3", f"iterations = 3\n{line}")))
    assert (error.line, error.key, error.nearest) == (26, f"[training] {key}", near)
    assert got in error.got


def batched(read: Read, size: int, order: str) -> Network:
    lines = f'iterations = 3\nbatch_size = {size}\norder = "{order}"'
    return read(
        changed(
            ("iterations = 3", lines),
            (X, "[[1, 0], [2, 0], [3, 0], [4, 0], [5, 0]]"),
            ("[[0.5], [1], [0]]", "[[1], [2], [3], [4], [5]]"),
        )
    )


def test_batches_are_taken_as_listed_and_begin_anew(read: Read) -> None:
    network = batched(read, 2, "listed")
    taken = [network.inputs(iteration)["t"].ravel().tolist() for iteration in range(3)]
    assert taken == [[1, 2], [3, 4], [1, 2]]


def test_shuffled_batches_keep_rows_together_and_take_each_once_an_epoch(read: Read) -> None:
    network = batched(read, 1, "shuffled")
    epochs = [[network.inputs(5 * epoch + step) for step in range(5)] for epoch in range(6)]
    orders = [[batch["t"].item() for batch in epoch] for epoch in epochs]
    assert all(sorted(order) == [1, 2, 3, 4, 5] for order in orders)
    assert len(set(map(tuple, orders))) > 1
    assert all((batch["x"][:, :1] == batch["t"]).all() for epoch in epochs for batch in epoch)


def test_shuffled_batches_are_the_same_every_time(read: Read) -> None:
    first, second = batched(read, 2, "shuffled"), batched(read, 2, "shuffled")
    for iteration in (7, 0, 3):
        np.testing.assert_array_equal(first.inputs(iteration)["x"], second.inputs(iteration)["x"])


def test_what_has_other_rows_than_the_samples_is_not_parted(read: Read) -> None:
    text = changed(("x @ W + b", "(x - m) @ W + b"), ("t = [[0.5]", "m = [[1, 2]]\nt = [[0.5]"))
    network = read(text.replace("iterations = 3", "iterations = 3\nbatch_size = 1"))
    assert network.inputs(1)["x"].shape == (1, 2)
    np.testing.assert_array_equal(network.inputs(1)["m"], [[1, 2]])


@pytest.mark.parametrize("optimiser", ["momentum", "adam"])
def test_a_name_that_the_optimiser_needs_is_refused(read: Read, optimiser: str) -> None:
    name = {"momentum": "v_W", "adam": "m_W"}[optimiser]
    text = changed(
        ("iterations = 3", f'iterations = 3\noptimiser = "{optimiser}"'), ("y = ", f"{name} = "), ("(y -", f"({name} -")
    )
    error = refusal(read, text)
    assert (error.line, error.key) == (8, f"[equations] {name}")
    assert f"{optimiser} needs for itself" in error.got


# Wrong names.


@pytest.mark.parametrize("name", ['"y z"', "2y", "y-", "y_", "_y", "y__z", '"ü"', '"y\'"', '"dE/dy"'])
def test_a_name_is_letters_and_digits(read: Read, name: str) -> None:
    key = f"[equations] {name.strip(chr(34))}"
    refuses(read, "y = ", f"{name} = ", key, "no name for a quantity", "letters and digits, a letter first")


@pytest.mark.parametrize("name", ["eta", "tanh", "sigmoid", "exp", "sum", "rowsum"])
@pytest.mark.parametrize(("old", "section"), [("y = ", "equations"), ("t = [", "data"), ("b = ", "parameters")])
def test_a_name_is_not_that_of_a_function_or_the_learning_rate(read: Read, name: str, old: str, section: str) -> None:
    new = f"{name} = {old.partition(' = ')[2]}"
    refuses(read, old, new, f"[{section}] {name}", "the name of a function", "another name")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [("t = [", "p = [", "[data] p"), ("b = [", "x = [", "[parameters] x"), ("b = [", "y = [", "[parameters] y")],
)
def test_a_name_stands_for_one_quantity(read: Read, old: str, new: str, key: str) -> None:
    refuses(read, old, new, key, "defined twice", "each name once")


# Wrong equations.


def test_an_unknown_name_in_an_equation_is_told_with_the_nearest(read: Read) -> None:
    expected = "an input, a parameter or an earlier stage"
    refuses(read, "x @ W + b", "x @ Wt + b", "[equations] p", "'Wt' is not defined", expected, "W")


def test_an_equation_uses_what_stands_before_it(read: Read) -> None:
    refuses(read, "x @ W + b", "x @ W + E", "[equations] p", "a cycle: p uses E, E uses y, y uses p", "earlier ones")


def test_an_unknown_function_is_told_with_the_nearest(read: Read) -> None:
    refuses(read, "tanh(p)", "tahn(p)", "[equations] y", "no function 'tahn'", "tanh", "tanh")


@pytest.mark.parametrize("equation", ["tanh(p", "", "p +", "p = p", "p; p", "p p"])
def test_an_equation_is_an_expression(read: Read, equation: str) -> None:
    expected = "something like 'x @ W + b'"
    refuses(read, '"tanh(p)"', f'"{equation}"', "[equations] y", "is no expression", expected)


@pytest.mark.parametrize("equation", ["p.real", "p[0]", "p if p else p", "lambda: p", "[p]", "p // p", "p == p"])
def test_an_equation_is_of_the_chalkboard_language(read: Read, equation: str) -> None:
    refuses(read, "tanh(p)", equation, "[equations] y", "not of the chalkboard language", "names, numbers")


def test_nothing_in_an_equation_is_evaluated(read: Read, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    refusal(read, changed(("tanh(p)", f"__import__('pathlib').Path('{trap}').touch()")))
    assert not trap.exists()


@pytest.mark.parametrize("equation", ["(" * 5000 + "p" + ")" * 5000, "-" * 1500 + "p", "p" + "+p" * 900, "p" * 50_000])
def test_an_endless_equation_is_refused(read: Read, equation: str) -> None:
    assert refusal(read, changed(("tanh(p)", equation))).key == "[equations] y"


@pytest.mark.parametrize(
    ("old", "new", "key", "got"),
    [
        ("x @ W + b", "W @ x + b", "[equations] p", "'@' can't join 2x1 and 3x2"),
        ("tanh(p)", "p + x.T", "[equations] y", "'+' can't join 3x1 and 2x3"),
    ],
)
def test_shapes_that_do_not_meet_are_both_told(read: Read, old: str, new: str, key: str, got: str) -> None:
    expected = {"@": "as many columns on the left as rows on the right", "+": "equal shapes"}[got[1]]
    refuses(read, old, new, key, got, expected)


def test_a_shape_that_does_not_fit_is_told_where_it_is_used(read: Read) -> None:
    error = refusal(read, changed(("[2, 1]", "[3, 1]")))
    assert (error.line, error.key) == (7, "[equations] p")
    assert "3x2 and 3x1" in error.got


def test_the_last_equation_is_a_scalar(read: Read) -> None:
    refuses(read, "sum((y - t)**2)", "(y - t)**2", "[equations] E", "3x1 matrix", "a scalar loss")


def test_a_parameter_that_no_equation_uses_is_told(read: Read) -> None:
    error = refusal(read, changed(("b = [[0.25]]\n", "b = [[0.25]]\nc = [[1]]\n")))
    assert (error.line, error.key) == (18, "[parameters] c")
    assert (error.got, error.expected) == ("E doesn't depend on it", "a parameter that an equation uses")


def test_a_parameter_that_the_loss_does_not_reach_is_told(read: Read) -> None:
    error = refusal(read, changed(("tanh(p)", "tanh(x @ W)")))
    assert (error.line, error.key) == (17, "[parameters] b")


# Too large.


@pytest.mark.parametrize("shape", ["[1000000, 1250]", "[4611686018427387904, 4611686018427387904]"])
def test_ten_gigabytes_are_refused_before_any_memory_is_taken(read: Read, shape: str) -> None:
    tracemalloc.start()
    refuses(read, "[2, 1]", shape, "[parameters] W", " GB", "at most")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 5_000_000


def test_a_file_of_many_megabytes_is_refused(read: Read) -> None:
    error = refusal(read, GOOD + "#" * 10_000_000)
    assert "bytes" in error.got
    assert error.expected == "at most 10000000"


# No file.


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"/network.toml: can't be read \(No such file or directory\)$"):
        read_network(tmp_path / "network.toml")


def test_a_path_below_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"/file/network.toml: can't be read \(Not a directory\)$"):
        read_network(tmp_path / "file" / "network.toml")


def test_a_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_network(tmp_path)
    assert str(caught.value) == f"{tmp_path}: a directory; expected a network.toml"


def test_a_binary_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "network.toml"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff")
    with pytest.raises(InputError) as caught:
        read_network(path)
    assert str(caught.value) == f"{path}: not a text file; expected a network.toml in UTF-8"


# Anything at all.


@pytest.fixture(scope="module")
def anywhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutated") / "network.toml"


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Delete, double or alter a few lines and characters of the good text."""
    text = GOOD
    for _ in range(draw(st.integers(1, 3))):
        keepends = draw(st.booleans())
        pieces = text.splitlines(keepends=True) if keepends else list(text)
        place = draw(st.integers(0, max(0, len(pieces) - 1)))
        piece = "".join(pieces[place : place + 1])
        alphabet = st.sampled_from("[]{}\"'=.,#-+*@()0e_xW T\n\t\r\\\x00\x1b\u2028ü")
        pieces[place : place + 1] = [draw(st.sampled_from(["", 2 * piece]) | st.text(alphabet, max_size=3))]
        text = "".join(pieces)
    return text


@settings(max_examples=400, deadline=None)
@given(mutated())
@example(GOOD)
def test_any_text_is_read_or_told_in_one_line_to_be_wrong(anywhere: Path, text: str) -> None:
    anywhere.write_text(text, "utf-8", newline="")
    assert told(anywhere).isprintable()


def told(path: Path) -> str:
    """Return what is told of a wrong file, nothing of a good one; any error but an `InputError` goes through."""
    try:
        network = read_network(path)
    except InputError as error:
        return str(error)
    assert network.derivation.stages[-1].name.endswith("'")
    return ""
