from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from AutoContourRTCore.correction.annotation import begin
from AutoContourRTCore.correction.annotation_file import (
    Stored,
    read_annotation,
    write_annotation,
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
        shape = json.loads(bytes(file["about"]))["geometry"]["shape"]
        foreground = np.unpackbits(file["foreground"])[: np.prod(shape)].reshape(shape)
    assert np.array_equal(foreground == 1, stored.annotation.marks == 2)


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
    monkeypatch.setattr("AutoContourRTCore.correction.annotation_file.SCHEMA", 2)
    write_annotation(drawn(grid), tmp_path / "a.npz")
    monkeypatch.undo()
    with pytest.raises(InputError, match="newer version.*schema 2.*update the program"):
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
