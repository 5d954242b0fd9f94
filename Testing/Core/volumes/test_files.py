"""Volumes in and out: exact values, exact places, and a clear word for every bad file."""

from __future__ import annotations

import itertools
import os
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import numpy as np
import pytest
import SimpleITK

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.files import read_volume, read_volume_with_notes, write_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.imagefile import read_image
from AutoContourRTCore.volumes.volume import Volume

SUFFIXES = (".nrrd", ".nii", ".nii.gz", ".mha")
TURNED = ((0.0, 0.0, 1.0), (-0.6, 0.8, 0.0), (0.8, 0.6, 0.0))


def _volume(kind: type = np.int16) -> Volume:
    array = np.random.default_rng(0).integers(-1000, 3000, (5, 6, 7)).astype(kind)
    return Volume(array, Geometry(array.shape, (2.5, 0.977, 1.1), (-49.879, 12.3, -800.7), TURNED))


def _save(array: np.ndarray, path: Path, **options: bool) -> Path:
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(array, **options), str(path), True)
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", [np.int16, np.float32])
def test_values_and_places_survive_writing_and_reading(
    tmp_path: Path, suffix: str, kind: type
) -> None:
    volume = _volume(kind)
    write_volume(volume, tmp_path / f"x{suffix}")
    back = read_volume(tmp_path / f"x{suffix}")
    assert back.array.dtype == kind
    assert np.array_equal(back.array, volume.array)
    # NIfTI stores its matrix in single precision.
    assert back.geometry.same_grid(volume.geometry, 1e-3 if ".nii" in suffix else 1e-9)
    assert [each.name for each in tmp_path.iterdir()] == [f"x{suffix}"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_landmark_stays_at_its_place_however_the_volume_is_stored(
    tmp_path: Path, suffix: str
) -> None:
    volume = _volume()
    mark = (1, 4, 2)
    volume.array[mark] = 9999
    place = volume.geometry.to_lps(mark)
    for order in itertools.permutations(range(3)):
        for flips in itertools.product((1, -1), repeat=3):
            path = tmp_path / f"x{suffix}"
            write_volume(_stored_as(volume, order, flips), path)
            back = read_volume(path)
            found = np.argwhere(back.array == 9999)
            assert len(found) == 1
            assert np.allclose(back.geometry.to_lps(found[0]), place, atol=1e-3)


def _stored_as(volume: Volume, order: tuple, flips: tuple) -> Volume:
    """The same image in space, its array transposed, then flipped along some axes."""
    geometry = volume.geometry
    array = volume.array.transpose(order)
    axes = [np.multiply(geometry.axes[axis], flip) for axis, flip in zip(order, flips)]
    first = [0 if flip > 0 else geometry.shape[axis] - 1 for axis, flip in zip(order, flips)]
    corner = np.zeros(3)
    corner[list(order)] = first
    spacing = [geometry.spacing[axis] for axis in order]
    stored = Geometry(array.shape, spacing, geometry.to_lps(corner), axes)
    return Volume(np.ascontiguousarray(array[tuple(slice(None, None, f) for f in flips)]), stored)


def test_a_ras_nrrd_header_puts_the_voxels_at_their_lps_places(tmp_path: Path) -> None:
    path = tmp_path / "x.nrrd"
    head = (
        "NRRD0004\ntype: short\ndimension: 3\nspace: right-anterior-superior\nsizes: 4 3 2\n"
        "space directions: (2,0,0) (0,3,0) (0,0,4)\nkinds: domain domain domain\n"
        "endian: little\nencoding: raw\nspace origin: (10,20,30)\n\n"
    )
    path.write_bytes(head.encode() + np.arange(24, dtype="<i2").tobytes())
    volume = read_volume(path)
    assert volume.array[1, 2, 3] == 23
    assert np.allclose(volume.geometry.to_lps([1, 2, 3]), (-16, -26, 34))


def test_blanks_and_other_alphabets_in_the_path_are_no_hindrance(tmp_path: Path) -> None:
    folder = tmp_path / "Müller, Jörg 頭頸部"
    folder.mkdir()
    for suffix in SUFFIXES:
        path = folder / f"plan ct é{suffix}"
        write_volume(_volume(), path)
        assert np.array_equal(read_volume(str(path)).array, _volume().array)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_one_slice_stays_a_volume(tmp_path: Path, suffix: str) -> None:
    volume = Volume(np.full((1, 6, 7), 5, np.int16), Geometry((1, 6, 7), (3.0, 1.0, 1.0)))
    write_volume(volume, tmp_path / f"x{suffix}")
    back = read_volume(tmp_path / f"x{suffix}")
    assert back.array.shape == (1, 6, 7)
    assert back.geometry.spacing == (3.0, 1.0, 1.0)


def test_an_mhd_file_with_its_data_beside_it_is_read_and_missed_when_cut(tmp_path: Path) -> None:
    array = _volume().array
    path = tmp_path / "x.mhd"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(array), str(path), False)
    assert np.array_equal(read_volume(path).array, array)
    data = tmp_path / "x.raw"
    data.write_bytes(data.read_bytes()[:-2])
    with pytest.raises(InputError, match="x.mhd cannot be read"):
        read_volume(path)


def test_wide_integers_that_fit_are_read_as_int16_and_others_as_float32(tmp_path: Path) -> None:
    array = np.array([[[-1024, 3071]]], np.int32)
    assert read_volume(_save(array, tmp_path / "a.nrrd")).array.dtype == np.int16
    dose = np.array([[[0, 70000]]], np.uint32)
    back = read_volume(_save(dose, tmp_path / "b.nrrd")).array
    assert back.dtype == np.float32
    assert back.tolist() == [[[0, 70000]]]


@pytest.mark.parametrize("name", ["x.nii.gz", "x.nii"])
def test_a_nifti_file_holds_its_own_voxels_whatever_lies_beside_it(
    tmp_path: Path, name: str
) -> None:
    """SimpleITK reads the header of x.nii.gz, and the voxels of an x.nii beside it."""
    other = Volume(np.zeros((2, 6, 7), dtype=np.int16), Geometry((2, 6, 7), (1.0, 1.0, 1.0)))
    for each in ("x.nii.gz", "x.nii"):
        write_volume(_volume() if each == name else other, tmp_path / each)
    assert np.array_equal(read_volume(tmp_path / name).array, _volume().array)


# What cannot be read


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("share", [0.001, 0.4, 0.9, 0.999])
def test_a_truncated_file_is_refused(
    tmp_path: Path, suffix: str, compress: bool, share: float
) -> None:
    path = tmp_path / f"cut{suffix}"
    array = np.random.default_rng(0).integers(-1000, 3000, (20, 30, 40)).astype(np.int16)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(array), str(path), compress)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])
    with pytest.raises(InputError, match=rf"cut\{suffix}"):
        read_volume(path)


def test_a_packed_file_is_refused_when_only_its_last_byte_is_missing(tmp_path: Path) -> None:
    for suffix in (".nrrd", ".nii.gz"):
        path = _save(_volume().array, tmp_path / f"x{suffix}")
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(InputError, match="truncated or damaged"):
            read_volume(path)


@pytest.mark.parametrize("suffix", (*SUFFIXES, ".mhd"))
def test_an_empty_file_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.touch()
    with pytest.raises(InputError, match=r"is empty \(0 bytes\)"):
        read_volume(path)


@pytest.mark.parametrize("read", [read_volume, read_volume_with_notes, read_image])
def test_a_path_that_the_system_does_not_let_us_look_at_is_refused_in_words(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    """A name too long; so it is below a folder that is closed to us, which root does not know.

    (From Python 3.14 on the path just does not exist then.)
    """
    with pytest.raises(InputError, match="cannot be read .File name too long|does not exist"):
        read(tmp_path / f"{'x' * 300}.nrrd")


def test_a_missing_file_and_an_unknown_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no.nrrd does not exist"):
        read_volume(tmp_path / "no.nrrd")
    (tmp_path / "x.txt").write_text("hello")
    with pytest.raises(InputError, match="unknown kind; give a file that ends in .nrrd"):
        read_volume(tmp_path / "x.txt")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_text_under_the_name_of_an_image_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_text("this is no image\n" * 100)
    with pytest.raises(InputError, match=f"x{suffix}"):
        read_volume(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_image_of_two_or_four_dimensions_is_refused(tmp_path: Path, suffix: str) -> None:
    flat = _save(np.zeros((6, 7), np.int16), tmp_path / f"flat{suffix}")
    with pytest.raises(InputError, match="is a 2D image; give a volume"):
        read_volume(flat)
    frames = tmp_path / f"frames{suffix}"
    parts = [SimpleITK.GetImageFromArray(np.zeros((4, 6, 7), np.int16))] * 2
    SimpleITK.WriteImage(SimpleITK.JoinSeries(parts), str(frames))
    with pytest.raises(InputError, match="has 4 dimensions; save one"):
        read_volume(frames)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_colour_image_is_refused(tmp_path: Path, suffix: str) -> None:
    path = _save(np.zeros((4, 6, 7, 3), np.uint8), tmp_path / f"x{suffix}", isVector=True)
    with pytest.raises(InputError, match="3 values per voxel"):
        read_volume(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_voxels_that_are_not_finite_are_refused(tmp_path: Path, suffix: str, bad: float) -> None:
    array = np.zeros((4, 6, 7), np.float32)
    array[3, 2, 1] = bad
    path = _save(array, tmp_path / f"x{suffix}")
    with pytest.raises(InputError, match=rf"x\{suffix} has .*voxels.*not finite"):
        read_volume(path)


def test_a_sheared_grid_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.nrrd"
    write_volume(Volume(_volume().array, Geometry((5, 6, 7))), path)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"(1,0,0) (0,1,0)", b"(1,0,0) (0.5,1,0)"))
    with pytest.raises(InputError, match="x.nrrd: The axes .* not perpendicular"):
        read_volume(path)


# What cannot be written


def test_a_volume_is_not_written_under_a_name_of_another_kind(tmp_path: Path) -> None:
    for name in ("x.mhd", "x.png", "x"):
        with pytest.raises(InputError, match="must end in .nrrd"):
            write_volume(_volume(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_volume_with_nan_is_not_written(tmp_path: Path) -> None:
    volume = Volume(np.full((2, 2, 2), np.nan, np.float32), Geometry((2, 2, 2)))
    with pytest.raises(InputError, match="The volume to write has 8 voxels"):
        write_volume(volume, tmp_path / "x.nrrd")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 64 KiB; skips where this process may not mount one."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    try:
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
        done = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("slices", [8, 40])  # too big only at the last flush; far too big
def test_a_full_disk_is_reported_and_the_old_file_is_kept(
    tiny_disk: Path, suffix: str, slices: int
) -> None:
    target = tiny_disk / f"x{suffix}"
    write_volume(_volume(), target)
    noise = np.random.default_rng(0).integers(-1000, 3000, (slices, 40, 40)).astype(np.int16)
    big = Volume(noise, Geometry(noise.shape))
    if slices == 8:
        _leave_free(tiny_disk, 4 * (_packed_size(big, tiny_disk.parent, suffix) // 4096))
    with pytest.raises(InputError, match=rf"x\{suffix} was not written.*unchanged"):
        write_volume(big, target)
    assert np.array_equal(read_volume(target).array, _volume().array)
    assert {each.name for each in tiny_disk.iterdir()} <= {target.name, "filler"}


def _packed_size(volume: Volume, folder: Path, suffix: str) -> int:
    write_volume(volume, folder / f"size{suffix}")
    return (folder / f"size{suffix}").stat().st_size


def _leave_free(disk: Path, kib: int) -> None:
    state = os.statvfs(disk)
    (disk / "filler").write_bytes(b"x" * (state.f_bavail * state.f_frsize - kib * 1024))


# Real data


def test_every_validation_ct_reads_and_comes_back_exactly(
    shared_data: Path, tmp_path: Path
) -> None:
    paths = sorted((shared_data / "head_neck" / "validation").glob("*/ct.nrrd"))
    assert len(paths) == 31
    for path in paths:
        volume = read_volume(path)
        assert volume.array.dtype == np.int16
        write_volume(volume, tmp_path / "x.nrrd")
        back = read_volume(tmp_path / "x.nrrd")
        assert np.array_equal(back.array, volume.array)
        assert back.geometry.same_grid(volume.geometry, 1e-9)
        assert np.array_equal(
            SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))), volume.array
        )


@pytest.mark.parametrize(
    "name", ["thorax/ct_half.nii.gz", "pelvis/ct.nii.gz", "heart_crop/ct.nii.gz"]
)
def test_real_nifti_cts_keep_their_grid_as_nrrd(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    volume = read_volume(shared_data / name)
    write_volume(volume, tmp_path / "x.nrrd")
    back = read_volume(tmp_path / "x.nrrd")
    assert np.array_equal(back.array, volume.array)
    assert back.geometry.same_grid(volume.geometry, 1e-9)
