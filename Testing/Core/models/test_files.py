from __future__ import annotations

import json
import os

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.files import read_model, verify_model, write_model


def test_a_model_comes_back_as_it_was_written(tmp_path, make_manifest, tensors):
    folder = tmp_path / "out" / "Modell ü 1"
    written = write_model(folder, make_manifest(), tensors, "# Karte ü\n")
    manifest, back = read_model(folder)
    assert manifest == written
    assert set(manifest.checksums) == {"weights.safetensors", "CARD.md"}
    np.testing.assert_array_equal(back["head.bias"], tensors["head.bias"])
    assert (folder / "CARD.md").read_text(encoding="utf-8") == "# Karte ü\n"
    assert [path.name for path in folder.parent.iterdir()] == ["Modell ü 1"]


def test_an_existing_folder_is_not_overwritten_unasked(tmp_path, make_manifest, tensors):
    write_model(tmp_path / "m", make_manifest(), tensors, "old")
    with pytest.raises(InputError, match="exists already"):
        write_model(tmp_path / "m", make_manifest(), tensors, "new")
    write_model(tmp_path / "m", make_manifest(version="2"), tensors, "new", overwrite=True)
    assert verify_model(tmp_path / "m").version == "2"
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_folder_that_is_no_model_is_never_replaced(tmp_path, make_manifest, tensors):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(InputError, match="exists already"):
        write_model(tmp_path / "mine", make_manifest(), tensors, "", overwrite=True)
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_a_write_that_fails_leaves_the_old_model_and_no_rest(tmp_path, make_manifest, tensors):
    write_model(tmp_path / "m", make_manifest(), tensors, "old")
    wrong = {"w": np.ones(4, np.int64)}
    with pytest.raises(InputError, match="int64"):
        write_model(tmp_path / "m", make_manifest(version="2"), wrong, "", overwrite=True)
    assert verify_model(tmp_path / "m").version == "1.0.0"
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize("name", ["weights.safetensors", "CARD.md"])
def test_one_changed_byte_is_noticed(name, make_model):
    folder = make_model()
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name} was changed or damaged"):
        verify_model(folder)


@pytest.mark.parametrize("name", ["weights.safetensors", "CARD.md"])
def test_a_missing_file_is_named(name, make_model):
    folder = make_model()
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"lacks '{name}'"):
        verify_model(folder)


def test_a_folder_without_a_manifest_is_no_model(tmp_path):
    with pytest.raises(InputError, match="it has no model.json"):
        verify_model(tmp_path)


def test_a_manifest_with_an_unknown_schema_is_refused_with_its_path(make_model):
    folder = make_model()
    values = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    (folder / "model.json").write_text(json.dumps({**values, "schema": 99}))
    with pytest.raises(InputError, match="model.json.*schema 1, not 99"):
        verify_model(folder)


def test_a_manifest_that_is_not_utf8_is_refused(make_model):
    folder = make_model()
    (folder / "model.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(InputError, match="not UTF-8"):
        verify_model(folder)


def test_an_endless_manifest_is_refused_unread(make_model):
    folder = make_model()
    with open(folder / "model.json", "ab") as file:
        file.truncate(5 * 1024 * 1024)
    with pytest.raises(InputError, match="larger than any manifest"):
        verify_model(folder)


@pytest.mark.parametrize("name", ["checkpoint.pt", "x.pth", "X.PKL"])
def test_a_pickle_beside_the_weights_is_refused(name, make_model):
    folder = make_model()
    (folder / name).write_bytes(b"\x80\x04")
    with pytest.raises(InputError, match="pickle"):
        verify_model(folder)


def test_weights_without_a_checksum_are_refused(make_model):
    folder = make_model()
    values = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    del values["checksums"]["weights.safetensors"]
    (folder / "model.json").write_text(json.dumps(values))
    with pytest.raises(InputError, match="no checksum for 'weights.safetensors'"):
        verify_model(folder)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_weights_that_are_a_link_are_refused(make_model, tmp_path):
    folder = make_model()
    (folder / "weights.safetensors").rename(tmp_path / "elsewhere")
    (folder / "weights.safetensors").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="it is a link"):
        verify_model(folder)
