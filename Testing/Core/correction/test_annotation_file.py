from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from AutoContourRTCore.correction import geometry_text
from AutoContourRTCore.correction.annotation import begin
from AutoContourRTCore.correction.annotation_file import (
    Stored,
    read_annotation,
    write_annotation,
    write_arrays,
)
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry


def drawn(grid: Geometry, seed: int = 0) -> Stored:
    rng = np.random.default_rng(seed)
    annotation = begin(grid, rng.random(grid.shape) < 0.4, "model 7", (0, 8, 1, 5, 0, 4))
    annotation.marks[:] = rng.integers(0, 3, grid.shape)
    annotation.reviewed[2] = True
    return Stored(annotation, "changes-1.journal", 5)


def test_an_annotation_comes_back_as_it_was(grid: Geometry, tmp_path: Path) -> None:
    stored = drawn(grid)
    write_annotation(stored, tmp_path / "a.npz")
    back = read_annotation(tmp_path / "a.npz", grid)
    for name in ("prediction", "marks", "reviewed"):
        assert np.array_equal(getattr(back.annotation, name), getattr(stored.annotation, name))
    assert (back.annotation.model, back.annotation.box) == ("model 7", (0, 8, 1, 5, 0, 4))
    assert (back.journal, back.contained) == ("changes-1.journal", 5)


def test_numpy_alone_reads_the_foreground(grid: Geometry, tmp_path: Path) -> None:
    stored = drawn(grid)
    write_annotation(stored, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as file:
        k0, j0, i0, k1, j1, i1 = json.loads(bytes(file["about"]))["part"]
        shape = (k1 - k0, j1 - j0, i1 - i0)
        foreground = np.unpackbits(file["foreground"])[: np.prod(shape)].reshape(shape)
    part = (slice(k0, k1), slice(j0, j1), slice(i0, i1))
    assert np.array_equal(foreground == 1, stored.annotation.marks[part] == 2)
    stored.annotation.marks[part] = 0
    assert not stored.annotation.marks.any()


@pytest.mark.parametrize("marks, predicted", [(True, False), (False, True), (True, True)])
def test_a_small_part_of_a_large_grid_comes_back_in_its_place(
    grid: Geometry, tmp_path: Path, marks: bool, predicted: bool
) -> None:
    annotation = begin(grid, np.zeros(grid.shape, dtype=bool))
    annotation.prediction[2, 1:3, 4] = predicted
    annotation.marks[1, 0, 2:4] = 2 * int(marks)
    write_annotation(Stored(annotation, "changes-1.journal", 0), tmp_path / "a.npz")
    back = read_annotation(tmp_path / "a.npz", grid).annotation
    assert np.array_equal(back.prediction, annotation.prediction)
    assert np.array_equal(back.marks, annotation.marks)
    with np.load(tmp_path / "a.npz") as file:
        assert len(file["foreground"]) == -(-annotation.prediction[annotation.part].size // 8) < 5


def test_an_annotation_without_any_voxel_comes_back(grid: Geometry, tmp_path: Path) -> None:
    write_annotation(Stored(begin(grid), "changes-1.journal", 0), tmp_path / "a.npz")
    back = read_annotation(tmp_path / "a.npz", grid).annotation
    assert not back.prediction.any() and not back.marks.any()
    assert back.prediction.shape == back.marks.shape == grid.shape


def test_an_annotation_of_the_first_schema_is_still_read(grid: Geometry, tmp_path: Path) -> None:
    stored = drawn(grid)
    marks, about = stored.annotation.marks, {
        "schema": 1, "geometry": geometry_text.to_values(grid), "model": "model 7",
        "box": (0, 8, 1, 5, 0, 4), "journal": "changes-1.journal", "contained": 5,
    }  # fmt: skip
    write_arrays(
        tmp_path / "a.npz", about, prediction=np.packbits(stored.annotation.prediction),
        foreground=np.packbits(marks == 2), background=np.packbits(marks == 1),
        reviewed=np.packbits(stored.annotation.reviewed),
    )
    back = read_annotation(tmp_path / "a.npz", grid).annotation
    assert np.array_equal(back.marks, marks)
    assert np.array_equal(back.prediction, stored.annotation.prediction)


def test_an_annotation_of_another_grid_is_refused_and_says_what_to_do(
    grid: Geometry, tmp_path: Path
) -> None:
    write_annotation(drawn(grid), tmp_path / "a.npz")
    moved = replace(grid, origin=(10.0, -20.0, 31.0))
    with pytest.raises(InputError, match="another image.*30.0.*31.0.*Put the image back"):
        read_annotation(tmp_path / "a.npz", moved)


def test_an_annotation_of_a_newer_version_is_refused(
    grid: Geometry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("AutoContourRTCore.correction.annotation_file.SCHEMA", 3)
    write_annotation(drawn(grid), tmp_path / "a.npz")
    monkeypatch.undo()
    with pytest.raises(InputError, match="newer version.*schema 3.*update the program"):
        read_annotation(tmp_path / "a.npz", grid)


@pytest.mark.parametrize("keep", [0, 10, 200])
def test_a_damaged_file_is_named(grid: Geometry, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a.npz"
    write_annotation(drawn(grid), path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match="a.npz is damaged.*backup"):
        read_annotation(path, grid)


def test_a_changed_byte_is_noticed(grid: Geometry, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write_annotation(drawn(grid), path)
    content = bytearray(path.read_bytes())
    content[content.index(b"foreground.npy") + 80] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match="damaged"):
        read_annotation(path, grid)


def test_a_full_disk_keeps_the_file_that_was_there(
    grid: Geometry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.npz"
    write_annotation(drawn(grid, 1), path)

    def full(file: Path, **arrays: np.ndarray) -> None:
        Path(file).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(InputError, match="no space left.*free some"):
        write_annotation(drawn(grid, 2), path)
    back = read_annotation(path, grid).annotation
    assert np.array_equal(back.marks, drawn(grid, 1).annotation.marks)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]
