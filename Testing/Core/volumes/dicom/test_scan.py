"""Telling DICOM files apart: fast, in any order, with whatever lies between them."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

import dicom_series as made
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.pydicom_files import read_dataset
from AutoContourRTCore.volumes.dicom.scan import RT_STRUCT, scan, sop_class_of
from AutoContourRTCore.volumes.dicom.series import ct_series, find_series, load
from AutoContourRTCore.volumes.geometry import Geometry

GRID = Geometry((3, 4, 5), (3.0, 1.0, 1.0))
HU = np.zeros(GRID.shape, np.int16)


def test_a_file_tells_its_class_and_another_file_none(tmp_path: Path) -> None:
    (ct, *_) = made.write_ct(tmp_path, HU, GRID)
    made.save(made.structure_set([]), tmp_path / "RS.dcm")
    (tmp_path / "notes.txt").write_text("DICM")
    assert sop_class_of(ct) == made.CT_IMAGE
    assert sop_class_of(tmp_path / "RS.dcm") == RT_STRUCT
    assert sop_class_of(tmp_path / "notes.txt") == ""


def test_files_in_sub_folders_without_suffix_and_without_preamble_are_found(tmp_path: Path) -> None:
    paths = made.write_ct(tmp_path / "a" / "b", HU, GRID)
    bare = paths[0].read_bytes()[132:]
    paths[0].unlink()
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "IM1").write_bytes(bare)
    paths[1].rename(paths[1].with_suffix(""))
    assert len(scan(tmp_path)) == 3
    assert len(find_series(tmp_path).slices) == 3


def test_a_ct_file_cut_at_any_place_is_refused_and_named(tmp_path: Path) -> None:
    (path, *_) = made.write_ct(tmp_path, HU[:1], Geometry((1, 4, 5)))
    whole = path.read_bytes()
    for keep in range(0, len(whole), 37):
        path.write_bytes(whole[:keep])
        with pytest.raises(InputError, match=f"{path.name}"):
            load(find_series(tmp_path))


def test_what_macos_leaves_beside_each_file_is_passed_over_by_its_content(tmp_path: Path) -> None:
    files = made.write_ct(tmp_path, HU, GRID)
    for path in files:
        shadow = path.with_name(f"._{path.name}")
        shadow.write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ")
    files[1].rename(files[1].with_name("._a slice of that name.dcm"))
    assert len(ct_series(scan(tmp_path))[made.SERIES]) == 3


def test_a_damaged_file_that_is_no_ct_does_not_disturb(tmp_path: Path) -> None:
    made.write_ct(tmp_path, HU, GRID)
    made.save(made.structure_set([made.roi("A", [made.box((0, 0), (9, 9), 0)])]), tmp_path / "RS")
    raw = (tmp_path / "RS").read_bytes()
    (tmp_path / "RS").write_bytes(raw[:400])
    assert len(ct_series(scan(tmp_path))[made.SERIES]) == 3


def test_a_file_that_we_may_not_read_is_named_for_it_may_be_a_slice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = made.write_ct(tmp_path, HU, GRID)[2]

    def guarded(file: object, *args: Any, **options: Any) -> Any:
        if str(file) == str(locked):
            raise PermissionError(13, "Permission denied", str(file))
        return io.open(file, *args, **options)

    monkeypatch.setattr("builtins.open", guarded)
    for read in (lambda: find_series(tmp_path), lambda: read_dataset(locked)):
        with pytest.raises(InputError, match=f"{locked.name} cannot be read .Permission denied"):
            read()


def test_a_folder_that_we_may_not_list_is_named_for_it_may_hold_slices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.write_ct(tmp_path, HU, GRID)
    locked = tmp_path / "more"
    locked.mkdir()
    listed = os.scandir

    def guarded(folder: Any) -> Any:
        if str(folder) == str(locked):
            raise PermissionError(13, "Permission denied", str(folder))
        return listed(folder)

    monkeypatch.setattr(os, "scandir", guarded)
    with pytest.raises(InputError, match="more cannot be read .Permission denied"):
        find_series(tmp_path)


def test_a_file_that_we_may_not_even_look_at_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a folder that may be listed but not entered."""
    made.write_ct(tmp_path, HU, GRID)

    def guarded(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", guarded)
    with pytest.raises(InputError, match=r"CT0000.dcm cannot be read .Permission denied"):
        scan(tmp_path)


@pytest.mark.slow
def test_three_thousand_mixed_files_are_sorted_within_twenty_seconds(tmp_path: Path) -> None:
    """2,400 slices of eight series, and 600 structure sets, in seven folders."""
    slice_ = made.ct_slice(np.zeros((64, 64), np.int16), GRID, (0, 0, 0), 1)
    path = made.save(slice_, tmp_path / "template.dcm")
    raw = path.read_bytes()
    path.unlink()
    uid = str(slice_.SOPInstanceUID).encode()
    assert raw.count(uid) == 2 and raw.count(made.SERIES.encode()) == 1
    plan = pydicom.dcmread(made.save(made.structure_set(
        [made.roi(f"S{n}", [made.box((0, 0), (9, 9), z) for z in range(20)]) for n in range(20)]
    ), tmp_path / "RS.dcm"))  # fmt: skip
    other = (tmp_path / "RS.dcm").read_bytes()
    assert len(plan.StructureSetROISequence) == 20
    for number in range(3000):
        folder = tmp_path / f"part{number % 7}"
        folder.mkdir(exist_ok=True)
        content = other
        if number % 5:
            content = raw.replace(uid, str(10 ** (len(uid) - 1) + number).encode())
            content = content.replace(b"2.25.103", b"2.25.2%02d" % (number % 8))
        (folder / f"{number:05d}").write_bytes(content)
    begun = time.monotonic()
    found = ct_series(scan(tmp_path))
    assert time.monotonic() - begun < 20.0
    assert len(found) == 8 and sum(map(len, found.values())) == 2400
