from __future__ import annotations

import errno
import os
import shutil

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.store import ModelStore


@pytest.fixture()
def store(tmp_path, make_model):
    """A store with one shipped model and an empty, not yet existing, user folder."""
    shutil.copytree(make_model(id="shipped"), tmp_path / "shipped" / "shipped")
    return ModelStore(tmp_path / "user ü" / "models", tmp_path / "shipped")


def ids(store):
    return [manifest.id for manifest in store.list()]


def test_a_fresh_store_lists_the_shipped_model_and_writes_nothing(store):
    assert ids(store) == ["shipped"]
    assert store.is_shipped("shipped")
    assert not store.user_folder.exists()


@pytest.mark.parametrize("way", ["folder", "zip"])
def test_an_imported_model_is_listed_and_loads(way, store, make_model, tmp_path):
    source = make_model(id="mine")
    if way == "zip":
        ModelStore(source.parent, tmp_path / "none").export_model("mine", tmp_path / "m.zip")
        source = tmp_path / "m.zip"
    manifest = store.import_model(source)
    assert manifest.id == "mine" and ids(store) == ["shipped", "mine"]
    assert store.manifest("mine") == manifest
    assert store.load("mine")[1]["head.bias"].sum() == 2
    assert not store.is_shipped("mine")
    assert [path.name for path in store.user_folder.iterdir()] == ["mine-1.0.0"]


def test_the_copy_does_not_need_the_source_any_more(store, make_model):
    source = make_model(id="mine")
    store.import_model(source)
    shutil.rmtree(source)
    assert store.load("mine")[0].id == "mine"


def test_a_new_store_on_the_same_folder_finds_the_imported_model(store, make_model, tmp_path):
    """As after an update of the program, which brings another set of shipped models."""
    store.import_model(make_model(id="mine"))
    assert ids(ModelStore(store.user_folder, tmp_path / "updated")) == ["mine"]


def test_a_newer_version_replaces_the_older(store, make_model):
    store.import_model(make_model(id="mine", version="1.9"))
    store.import_model(make_model(id="mine", version="1.10"))
    assert store.manifest("mine").version == "1.10"
    assert [path.name for path in store.user_folder.iterdir()] == ["mine-1.10"]


@pytest.mark.parametrize("version", ["1.0.0", "1", "0.9"])
def test_the_same_or_an_older_version_is_refused(version, store, make_model):
    store.import_model(make_model(id="mine", version="1.0.0"))
    with pytest.raises(InputError, match=f"version {version} is not newer. Delete"):
        store.import_model(make_model(id="mine", version=version))
    assert store.manifest("mine").version == "1.0.0"


def test_of_two_versions_left_by_a_crash_the_newer_counts(store, make_model):
    store.import_model(make_model(id="mine", version="1"))
    shutil.copytree(make_model(id="mine", version="2"), store.user_folder / "another")
    assert store.manifest("mine").version == "2"
    assert ids(store) == ["shipped", "mine"]
    store.delete("mine")
    assert ids(store) == ["shipped"]


def test_a_users_model_whose_id_an_update_ships_is_reported_and_comes_back_under_another(
    store, make_model
):
    store.import_model(make_model(id="mine", version="2"))
    folder = store.folder("mine")
    assert store.broken() == {}
    shutil.copytree(make_model(id="mine"), store.shipped_folder / "mine")
    assert store.is_shipped("mine")
    assert list(store.broken()) == [folder]
    assert "comes with the program now, and is used in its place" in store.broken()[folder]
    manifest = folder / "model.json"  # what the report asks for
    assert str(manifest) in store.broken()[folder]
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace('"id": "mine"', '"id": "mine_2"'), encoding="utf-8")
    assert store.broken() == {} and ids(store) == ["mine", "shipped", "mine_2"]
    assert store.load("mine_2")[0].version == "2"


def test_an_id_that_is_shipped_is_refused_even_if_newer(store, make_model):
    with pytest.raises(InputError, match="comes with the program"):
        store.import_model(make_model(id="shipped", version="9"))


def test_a_refused_model_leaves_no_trace(store, make_model):
    source = make_model(id="mine")
    (source / "CARD.md").write_text("changed")
    with pytest.raises(InputError, match="was changed"):
        store.import_model(source)
    assert list(store.user_folder.iterdir()) == []


def test_a_folder_with_a_pickle_or_a_missing_file_is_refused(store, make_model):
    source = make_model(id="mine")
    (source / "last.pt").write_bytes(b"x")
    with pytest.raises(InputError, match="pickle"):
        store.import_model(source)
    (source / "last.pt").unlink()
    (source / "weights.safetensors").unlink()
    with pytest.raises(InputError, match="lacks 'weights.safetensors'"):
        store.import_model(source)


def test_a_source_that_does_not_exist_is_named(store, tmp_path):
    with pytest.raises(InputError, match="gone does not exist"):
        store.import_model(tmp_path / "gone")


def test_an_unknown_id_lists_those_that_exist(store):
    for call in (store.folder, store.manifest, store.load, store.delete, store.is_shipped):
        with pytest.raises(InputError, match="no model 'x'; there are: shipped"):
            call("x")
    with pytest.raises(InputError, match="no model 'x'"):
        store.export_model("x", "unused.zip")


def test_a_deleted_model_is_gone_and_a_shipped_one_stays(store, make_model):
    store.import_model(make_model(id="mine"))
    store.delete("mine")
    assert ids(store) == ["shipped"] and list(store.user_folder.iterdir()) == []
    with pytest.raises(InputError, match="cannot be deleted"):
        store.delete("shipped")
    assert ids(store) == ["shipped"]


def test_a_broken_model_is_reported_and_does_not_hide_the_others(store, make_model):
    store.import_model(make_model(id="mine"))
    broken = store.user_folder / "broken"
    broken.mkdir()
    (broken / "model.json").write_text("{")
    assert ids(store) == ["shipped", "mine"]
    assert list(store.broken()) == [broken]
    assert "not valid JSON" in store.broken()[broken]


def test_a_damaged_model_of_the_store_does_not_load(store, make_model):
    store.import_model(make_model(id="mine"))
    weights = store.folder("mine") / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(InputError, match="was changed or damaged"):
        store.load("mine")


def test_a_full_disk_is_told_and_leaves_no_rest(store, make_model, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(InputError, match="no space left"):
        store.import_model(make_model(id="mine"))
    assert list(store.user_folder.iterdir()) == []


def test_a_user_folder_that_cannot_be_made_is_named(tmp_path, make_model):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        ModelStore(tmp_path / "file" / "models", tmp_path).import_model(make_model())


def test_every_shipped_model_verifies(tmp_path):
    store = ModelStore(tmp_path / "none")
    assert store.broken() == {}
    for manifest in store.list():
        assert store.load(manifest.id)[0] == manifest
