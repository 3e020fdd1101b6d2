"""Arrays of files are mapped where they can be, and read the same where they can't."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from backprop_tui.errors import InputError
from backprop_tui.network import matrices, read_network
from backprop_tui.network.edits import SetEntry
from backprop_tui.network.mapping import map_npy, map_npz
from backprop_tui.network.matrices import MatrixReader
from backprop_tui.network.model import rows_sum_to_one

DTYPES = ("float64", "float32", "uint8", "int64", ">f8")

NETWORK = """
[equations]
y = "x @ W"
E = "squared_error(y, t)"
[data]
x = { file = "data.npz", array = "x" }
t = { file = "data.npz", array = "t" }
[parameters]
W = { shape = [3, 2], draw = "normal" }
[training]
"""


def read(folder: Path, **table: object) -> NDArray[Any]:
    return MatrixReader(folder, np.random.default_rng(0)).read(table, "[data] x")


def backing(array: NDArray[Any]) -> object:
    """What an array's numbers stand in, in the end."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array.base


def is_mapped(array: NDArray[Any]) -> bool:
    return type(backing(array)).__name__ == "mmap"


@pytest.fixture
def network_file(tmp_path: Path) -> Path:
    x, t = np.arange(60, dtype=np.uint8).reshape(20, 3), np.eye(2)[np.arange(20) % 2]
    np.savez(tmp_path / "data.npz", x=x, t=t)
    (tmp_path / "network.toml").write_text(NETWORK, "utf-8")
    return tmp_path / "network.toml"


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 7), st.integers(1, 5), st.sampled_from(DTYPES), st.booleans()), min_size=1, max_size=4
    )
)
def test_every_array_of_an_uncompressed_file_is_mapped_as_numpy_reads_it(
    tmp_path_factory: pytest.TempPathFactory, arrays: list[tuple[int, int, str, bool]]
) -> None:
    path = tmp_path_factory.mktemp("mapping") / "all.npz"
    made: dict[str, Any] = {}
    for number, (rows, columns, dtype, by_columns) in enumerate(arrays):
        numbers = np.arange(rows * columns).reshape(rows, columns).astype(dtype)
        made[f"a{number}"] = np.asfortranarray(numbers) if by_columns else numbers
    np.savez(path, **made)
    for name, expected in made.items():
        mapped = map_npz(path, name)
        assert mapped is not None
        assert is_mapped(mapped)
        assert mapped.dtype == expected.dtype
        np.testing.assert_array_equal(mapped, expected)


def test_a_compressed_array_is_not_mapped_but_read(tmp_path: Path) -> None:
    numbers = np.arange(12.0).reshape(4, 3)
    np.savez_compressed(tmp_path / "x.npz", x=numbers)
    assert map_npz(tmp_path / "x.npz", "x") is None
    np.testing.assert_array_equal(read(tmp_path, file="x.npz"), numbers)


def test_objects_are_refused_in_an_uncompressed_file_too(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=np.array([[{}, None]]))
    with pytest.raises(InputError, match=r"x\.npz can't be read .*allow_pickle"):
        read(tmp_path, file="x.npz")


def test_a_file_cut_short_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((100, 3)))
    with (tmp_path / "x.npy").open("r+b") as file:
        file.truncate(500)
    with pytest.raises(InputError, match=r"x\.npy can't be read"):
        read(tmp_path, file="x.npy")


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_and_columns_of_a_mapped_file_are_views_of_it(tmp_path: Path, dtype: str) -> None:
    numbers = np.arange(40).reshape(8, 5).astype(dtype)
    np.save(tmp_path / "x.npy", numbers)
    found = read(tmp_path, file="x.npy", rows=[2, 6], columns=[1, 4])
    assert is_mapped(found)
    np.testing.assert_array_equal(found, numbers[2:6, 1:4])


def test_a_mapped_file_may_be_larger_than_a_matrix_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrices, "MAX_ENTRIES", 10)
    np.save(tmp_path / "x.npy", np.ones((4, 3)))
    np.savez_compressed(tmp_path / "x.npz", x=np.ones((4, 3)))
    assert is_mapped(read(tmp_path, file="x.npy"))
    with pytest.raises(InputError, match=r"a 4x3 matrix of .* GB; expected at most 10 entries"):
        read(tmp_path, file="x.npz")


def test_data_too_large_for_memory_need_mini_batches(network_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrices, "MAX_ENTRIES", 50)
    with pytest.raises(InputError, match=r"\[data\] x: without \[training\] batch_size: a 20x3 matrix"):
        read_network(network_file)
    network_file.write_text(NETWORK + "batch_size = 4\n", "utf-8")
    assert is_mapped(read_network(network_file).data["x"])


def test_mini_batches_of_small_whole_numbers_do_not_overflow(network_file: Path) -> None:
    network_file.write_text(NETWORK + "batch_size = 4\n", "utf-8")
    network = read_network(network_file)
    assert network.data["x"].dtype == np.uint8
    batch = network.inputs(4)["x"]
    assert batch.dtype == np.float64
    assert (batch * batch).max() == 59.0**2


def test_without_mini_batches_data_are_floats_that_blas_takes(network_file: Path) -> None:
    data = read_network(network_file).data
    assert {matrix.dtype for matrix in data.values()} == {np.dtype(np.float64)}
    assert all(matrix.flags.aligned for matrix in data.values())


def test_a_parameter_of_a_file_is_a_copy_in_double_precision(network_file: Path) -> None:
    np.save(network_file.parent / "W.npy", np.ones((3, 2), np.float32))
    drawn, filed = '{ shape = [3, 2], draw = "normal" }', '{ file = "W.npy" }'
    network_file.write_text(NETWORK.replace(drawn, filed), "utf-8")
    W = read_network(network_file).parameters["W"]
    assert W.dtype == np.float64
    assert W.flags.owndata


def test_an_edited_entry_of_whole_numbers_may_be_a_fraction(network_file: Path) -> None:
    network_file.write_text(NETWORK + "batch_size = 4\n", "utf-8")
    network = read_network(network_file)
    edited = SetEntry("x", 1, 2, 0.5, iteration=3)(network)
    assert edited.inputs(3)["x"][1, 2] == 0.5
    assert network.inputs(3)["x"][1, 2] == 41.0


def test_data_too_large_for_memory_are_not_edited(network_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network_file.write_text(NETWORK + "batch_size = 4\n", "utf-8")
    network = read_network(network_file)
    monkeypatch.setattr(matrices, "MAX_ENTRIES", 50)
    with pytest.raises(InputError, match=r"x: a 20x3 matrix of .* GB; expected at most 50 entries"):
        SetEntry("x", 1, 2, 0.5)(network)


@pytest.mark.parametrize("row", [0, 3, 7, 8, 19])
def test_a_number_that_is_not_finite_is_found_in_whichever_part_it_stands(
    tmp_path: Path, row: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrices, "ENTRIES_AT_ONCE", 12)
    numbers = np.ones((20, 3))
    numbers[row, 2] = np.inf
    np.save(tmp_path / "x.npy", numbers)
    with pytest.raises(InputError, match=rf"x\.npy has inf in row {row}, column 2; expected finite numbers"):
        read(tmp_path, file="x.npy")


@pytest.mark.parametrize("row", [0, 1023, 1024, 2999])
def test_one_row_that_does_not_sum_to_one_is_enough(row: int) -> None:
    rows = np.full((3000, 4), 0.25)
    assert rows_sum_to_one(rows)
    rows[row, 0] += 1e-9
    assert not rows_sum_to_one(rows)


def test_small_whole_numbers_are_summed_without_overflow() -> None:
    assert not rows_sum_to_one(np.full((2, 257), 1, dtype=np.uint8))
    assert rows_sum_to_one(np.eye(3, dtype=np.uint8))


def test_a_mapped_array_cannot_be_written_to(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((2, 2)))
    with pytest.raises(ValueError, match="read-only"):
        map_npy(tmp_path / "x.npy")[0, 0] = 2.0
