from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.tensors import check_tensors, load_tensors, save_tensors


def header_file(path, header, data=b"\0" * 8):
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def test_arrays_come_back_with_their_names_types_and_shapes(tmp_path):
    path = tmp_path / "Gewichte für x.safetensors"
    tensors = {
        "half": np.random.default_rng(0).normal(size=(2, 3)).astype(np.float16),
        "single": np.float32([[1.5]]),
    }
    save_tensors(tensors, path)
    back = load_tensors(path)
    assert set(back) == set(tensors)
    for name, array in tensors.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)


def test_a_transposed_array_is_stored_by_value(tmp_path):
    array = np.arange(6, dtype=np.float32).reshape(2, 3).T
    save_tensors({"a": array}, tmp_path / "a.safetensors")
    np.testing.assert_array_equal(load_tensors(tmp_path / "a.safetensors")["a"], array)


@pytest.mark.parametrize("kind", [np.float64, np.int32, object])
def test_other_types_are_not_written(kind, tmp_path):
    with pytest.raises(InputError, match="float16 or float32"):
        save_tensors({"a": np.zeros(2, kind)}, tmp_path / "a.safetensors")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["BF16", "F64", "I64", None])
def test_other_types_are_not_read(kind, tmp_path):
    header = {"w": {"dtype": kind, "shape": [1], "data_offsets": [0, 8]}}
    path = header_file(tmp_path / "a.safetensors", header)
    with pytest.raises(InputError, match=f"'w' are {kind!r}; convert"):
        load_tensors(path)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_pickle_under_the_name_of_weights_is_refused(protocol, tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(pickle.dumps({"w": list(range(100))}, protocol))
    with pytest.raises(InputError, match="holds a pickle"):
        check_tensors(path)


def test_a_torch_file_under_the_name_of_weights_is_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"PK\x03\x04" + b"\0" * 100)
    with pytest.raises(InputError, match="holds a pickle"):
        load_tensors(path)


def test_a_header_whose_length_looks_like_a_pickle_is_read(tmp_path):
    """A header of 0x0280 bytes begins with the bytes of a pickle of protocol 2."""
    header = {"__metadata__": {"fill": ""}}
    missing = 0x0280 - len(json.dumps(header))
    header["__metadata__"]["fill"] = "x" * missing
    path = header_file(tmp_path / "a.safetensors", header, b"")
    assert path.read_bytes()[:2] == b"\x80\x02"
    assert load_tensors(path) == {}


@pytest.mark.parametrize("content", [b"", b"abc", b"\xff" * 40, b"\x10" + b"\0" * 7 + b"{"])
def test_a_short_or_foreign_file_is_refused(content, tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a safetensors file|damaged"):
        load_tensors(path)


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    save_tensors({"a": np.zeros(1000, np.float32)}, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="damaged"):
        load_tensors(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="gone.safetensors cannot be read"):
        load_tensors(tmp_path / "gone.safetensors")
