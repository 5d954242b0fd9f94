from __future__ import annotations

import stat
import warnings
import zipfile

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models import archive
from AutoContourRTCore.models.archive import pack, unpack
from AutoContourRTCore.models.files import verify_model


@pytest.fixture()
def into(tmp_path):
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


@pytest.fixture()
def make_zip(make_model, tmp_path):
    """Zips a valid model with a prefix before each name, and further entries."""

    def make(*extra, prefix="", leave_out=(), method=zipfile.ZIP_DEFLATED):
        path = tmp_path / "model.zip"
        with zipfile.ZipFile(path, "w", method) as file:
            for source in sorted(make_model().iterdir()):
                if source.name not in leave_out:
                    file.write(source, prefix + source.name)
            for entry, content in extra:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # a name that is there already
                    file.writestr(entry, content)
        return path

    return make


def refused(path, into, message):
    with pytest.raises(InputError, match=message):
        unpack(path, into)
    assert list(into.iterdir()) == []


def test_a_packed_model_unpacks_to_the_same_files(make_model, into, tmp_path):
    folder = make_model()
    pack(folder, tmp_path / "größe.zip")
    unpack(tmp_path / "größe.zip", into)
    assert verify_model(into) == verify_model(folder)
    for path in folder.iterdir():
        assert (into / path.name).read_bytes() == path.read_bytes()


def test_only_listed_files_are_packed_and_a_damaged_model_is_not(make_model, tmp_path):
    folder = make_model()
    (folder / "notes.txt").write_text("private")
    pack(folder, tmp_path / "a.zip")
    names = zipfile.ZipFile(tmp_path / "a.zip").namelist()
    assert sorted(names) == ["CARD.md", "model.json", "weights.safetensors"]
    (folder / "CARD.md").write_text("changed")
    with pytest.raises(InputError, match="was changed"):
        pack(folder, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


def test_a_model_in_one_folder_of_the_zip_with_rubbish_beside_it_is_taken(make_zip, into):
    path = make_zip(("__MACOSX/m/._model.json", b"x"), ("m/notes.txt", b"x"), prefix="m/")
    unpack(path, into)
    assert sorted(p.name for p in into.iterdir()) == [
        "CARD.md", "model.json", "weights.safetensors"
    ]


@pytest.mark.parametrize(
    "name", ["../evil.txt", "a/../../evil", "/etc/evil", "..", "m/.."]
)
def test_a_name_that_leads_out_of_the_folder_is_refused(name, make_zip, into):
    refused(make_zip((name, b"x")), into, "leads out of the folder")


@pytest.mark.parametrize("name", ["C:/evil.txt", "C:evil", "..\\evil.txt", "a\\b", "\\\\host\\x"])
def test_a_drive_letter_or_a_backslash_is_refused(name, make_zip, into):
    refused(make_zip((name, b"x")), into, "backslash, a colon")


def test_a_link_is_refused(make_zip, into):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    refused(make_zip((link, b"/etc/passwd")), into, "is a link")


@pytest.mark.parametrize("name", ["weights.pt", "deep/er/x.PTH", "data.pkl"])
def test_a_pickle_in_the_zip_is_refused(name, make_zip, into):
    refused(make_zip((name, b"x")), into, "pickle")


@pytest.mark.parametrize("name", ["model.json", "MODEL.JSON", "weights.safetensors"])
def test_a_second_file_of_the_same_name_is_refused(name, make_zip, into):
    refused(make_zip((name, b"x")), into, "two files of the same name")


def test_too_many_files_are_refused(make_zip, into):
    refused(make_zip(*[(f"n{n}", b"") for n in range(100)]), into, "at most 64 files")


def test_a_bomb_is_refused_by_its_announced_size(make_zip, into, monkeypatch):
    monkeypatch.setattr(archive, "MOST_BYTES", 1_000_000)
    refused(make_zip(("bomb", b"\0" * 1_000_001)), into, "1000000 bytes")


def test_a_bomb_that_announces_less_than_it_holds_is_refused(make_zip, into):
    path = make_zip()
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as file:
        size = file.getinfo("weights.safetensors").file_size
    # The last mention of the size stands in the central directory; make it smaller.
    where = content.rindex(b"weights.safetensors") - 46 + 24
    assert int.from_bytes(content[where : where + 4], "little") == size
    content[where : where + 4] = (10).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        unpack(path, into)
    assert not (into / "weights.safetensors").exists()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing_is_refused(method, make_zip, into):
    refused(make_zip(method=method), into, "packed in another way")


def test_an_encrypted_entry_is_refused(make_zip, into):
    path = make_zip()
    content = bytearray(path.read_bytes())
    where = content.rindex(b"weights.safetensors") - 46 + 8
    content[where] |= 1
    path.write_bytes(content)
    refused(path, into, "is encrypted")


def test_a_zip_without_a_manifest_or_with_two_is_refused(make_zip, into):
    refused(make_zip(leave_out=("model.json",)), into, "found 0")
    refused(make_zip(("other/model.json", b"{}")), into, "found 2")


def test_a_zip_that_lacks_a_listed_file_is_refused(make_zip, into):
    refused(make_zip(leave_out=("weights.safetensors",)), into, "lacks weights.safetensors")


def test_an_unknown_schema_in_the_zip_is_refused(make_zip, into):
    path = make_zip(("model.json", b'{"schema": 7}'), leave_out=("model.json",))
    refused(path, into, "schema 1, not 7")


def test_a_huge_manifest_in_the_zip_is_refused(make_zip, into):
    path = make_zip(("model.json", b" " * 5_000_000), leave_out=("model.json",))
    refused(path, into, "larger than any manifest")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04" + b"\0" * 50])
def test_a_file_that_is_no_zip_is_refused(content, tmp_path, into):
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    refused(path, into, "not a zip file that can be read")


def test_a_truncated_zip_is_refused(make_zip, into):
    path = make_zip()
    path.write_bytes(path.read_bytes()[:-30])
    refused(path, into, "not a zip file that can be read")


def test_a_missing_zip_is_named(tmp_path, into):
    refused(tmp_path / "gone.zip", into, "gone.zip cannot be read")
