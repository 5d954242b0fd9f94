"""What is said about an image before a model runs on it."""

from __future__ import annotations

from pathlib import Path
from typing import List

import numpy as np
import pytest

from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.phantom import make_phantom
from AutoContourRTCore.segmentation.body import body_mask
from AutoContourRTCore.segmentation.sense import check_input, describe
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume


def _manifest(region: str = "head and neck") -> Manifest:
    return Manifest(
        id="some_model",
        version="1.0",
        name="Some model",
        structures=("Brainstem", "SpinalCord"),
        region=region,
        anatomy="planning CT of some region.",
        recipe={},
        network={},
        training_spacing_mm=(2.5, 3.0, 3.0),
        data="none",
        licence="none",
    )


HEAD_NECK = _manifest()
#: Coarse enough to be quick: 67 slices.
SPACING = (5.0, 4.0, 4.0)


def _upside_down(volume: Volume) -> Volume:
    """The contents flipped in k, the geometry unchanged."""
    return Volume(volume.array[::-1].copy(), volume.geometry)


def _trunk(spacing_z: float = 5.0, slices: int = 60, lungs: bool = False) -> Volume:
    """An elliptic trunk of 36 cm x 24 cm with a spine, and lungs when asked for."""
    geometry = Geometry((slices, 80, 120), (spacing_z, 4.0, 4.0), (-238.0, -158.0, 0.0))
    index = np.moveaxis(np.indices(geometry.shape), 0, -1)
    x, y, _ = np.moveaxis(geometry.to_lps(index), -1, 0)
    array = np.full(geometry.shape, -1000, dtype=np.int16)
    array[(x / 180) ** 2 + (y / 120) ** 2 <= 1] = 40
    array[(x / 20) ** 2 + ((y - 70) / 20) ** 2 <= 1] = 500
    if lungs:
        array[((abs(x) - 90) / 50) ** 2 + (y / 80) ** 2 <= 1] = -850
    return Volume(array, geometry)


def _region_warnings(warnings: List[str]) -> List[str]:
    return [text for text in warnings if "head and neck" in text or "upside down" in text]


def test_the_phantom_gives_no_warning() -> None:
    volume, _ = make_phantom(spacing=SPACING)
    assert check_input(volume, HEAD_NECK) == []


def test_couch_mask_and_streaks_give_no_warning() -> None:
    volume, _ = make_phantom(spacing=(3.0, 2.5, 2.5), couch=True, mask=True, streaks=True)
    assert check_input(volume, HEAD_NECK) == []


def test_a_given_body_is_used_and_not_looked_for() -> None:
    volume, _ = make_phantom(spacing=SPACING)
    nothing = np.zeros(volume.geometry.shape, dtype=bool)
    assert _region_warnings(check_input(volume, HEAD_NECK, nothing))
    assert check_input(volume, HEAD_NECK, body_mask(volume)) == []


def test_contents_upside_down_are_noticed_and_another_order_of_storage_is_not() -> None:
    volume, _ = make_phantom(spacing=SPACING)
    (warning,) = check_input(_upside_down(volume), HEAD_NECK)
    assert "upside down" in warning
    geometry = volume.geometry
    top = tuple(geometry.to_lps(np.array([geometry.shape[0] - 1, 0, 0])))
    axes = ((0.0, 0.0, -1.0),) + geometry.axes[1:]
    same = Volume(volume.array[::-1].copy(), Geometry(geometry.shape, SPACING, top, axes))
    assert check_input(same, HEAD_NECK) == []


@pytest.mark.parametrize(("lungs", "words"), [(True, "a chest"), (False, "another part")])
def test_a_trunk_is_not_a_head_and_neck(lungs: bool, words: str) -> None:
    (warning,) = check_input(_trunk(lungs=lungs), HEAD_NECK)
    assert words in warning and "Some model covers: planning CT of some region." in warning


def test_a_model_of_another_region_is_not_judged_by_the_head_and_neck() -> None:
    assert check_input(_trunk(), _manifest("pelvis")) == []
    volume, _ = make_phantom(spacing=SPACING)
    assert check_input(_upside_down(volume), _manifest("pelvis")) == []


def test_a_limb_without_an_airway_is_not_a_head() -> None:
    volume = _trunk()
    index = np.moveaxis(np.indices(volume.geometry.shape), 0, -1)
    x, y, _ = np.moveaxis(volume.geometry.to_lps(index), -1, 0)
    radius = np.hypot(x, y)
    knee = np.where(radius <= 70, 40, -1000)
    knee[(radius >= 45) & (radius <= 55)] = 700  # a shell of bone, marrow inside
    (warning,) = check_input(Volume(knee.astype(np.int16), volume.geometry), HEAD_NECK)
    assert "another part" in warning


def test_a_volume_that_cuts_the_patient_off_has_a_small_field_of_view() -> None:
    volume, _ = make_phantom(spacing=SPACING)
    _, j, i = (slice(n // 2 - 8, n // 2 + 8) for n in volume.geometry.shape)
    part = volume.array[20:, j, i]
    geometry = volume.geometry.cropped((20, j.start, i.start), (67, j.stop, i.stop))
    warnings = check_input(Volume(part, geometry), HEAD_NECK)
    assert any("Small field of view" in text for text in warnings)


def test_one_slice_few_slices_and_short_volumes_are_told_apart() -> None:
    volume, _ = make_phantom(spacing=SPACING)

    def piece(start: int, stop: int) -> List[str]:
        geometry = volume.geometry.cropped((start, 0, 0), (stop, *volume.geometry.shape[1:]))
        return check_input(Volume(volume.array[start:stop], geometry), HEAD_NECK)

    middle = 38
    one, few = piece(middle, middle + 1), piece(middle, middle + 11)
    assert "one slice only" in one[0] and "only 5 mm along the patient" in one[-1]
    assert "11 slices only" in few[0] and "Only 55 mm of head and neck" in few[1]
    assert piece(middle, middle + 14) == []


def test_slices_are_counted_along_the_patient_whatever_axis_they_are_stored_on() -> None:
    volume = _trunk(spacing_z=6.0)
    array = np.ascontiguousarray(volume.array.transpose(2, 0, 1))
    geometry = Geometry(
        array.shape, (4.0, 6.0, 4.0), volume.geometry.origin,
        ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0)),
    )
    (warning,) = check_input(Volume(array, geometry), _manifest("pelvis"))
    assert "6.0 mm apart" in warning
    assert check_input(_trunk(spacing_z=5.0), _manifest("pelvis")) == []


def test_an_image_that_is_not_in_hu_is_not_judged_for_anatomy() -> None:
    volume, _ = make_phantom(spacing=SPACING)
    scaled = Volume(volume.array[::-1] * 0.5 + 500.0, volume.geometry)
    (warning,) = check_input(scaled, HEAD_NECK)
    assert "not in HU" in warning


def test_an_image_without_a_patient_says_so() -> None:
    array = np.full((40, 50, 50), -1000, dtype=np.int16)
    array[::5, ::5, ::5] = 40
    (warning,) = check_input(Volume(array, Geometry(array.shape, (3.0, 3.0, 3.0))), HEAD_NECK)
    assert "No patient was found" in warning


def test_much_metal_is_noticed_and_fillings_are_not() -> None:
    volume = _trunk()
    volume.array[10:15, 30:34, 50:60] = 3000  # 5 * 4 * 10 voxels of 0.08 ml: 16 ml
    assert check_input(volume, _manifest("pelvis")) == []
    volume.array[10:35, 30:34, 50:60] = 3000
    (warning,) = check_input(volume, _manifest("pelvis"))
    assert "80 ml" in warning and "metal" in warning


def test_a_model_is_described_in_one_sentence() -> None:
    assert describe(HEAD_NECK) == (
        "Some model (some_model 1.0) contours Brainstem, SpinalCord on: "
        "planning CT of some region."
    )


def test_real_validation_cts_give_no_warning_and_most_do_upside_down(shared_data: Path) -> None:
    paths = sorted((shared_data / "head_neck" / "validation").glob("*/ct.nrrd"))
    noticed = 0
    for path in paths:
        volume = read_volume(path)
        body = body_mask(volume)
        assert check_input(volume, HEAD_NECK, body) == [], path
        turned = check_input(_upside_down(volume), HEAD_NECK, body[::-1])
        noticed += any("upside down" in text for text in turned)
    assert len(paths) == 31
    assert noticed >= 0.9 * len(paths)


@pytest.mark.slow
def test_of_the_real_training_cts_at_most_two_percent_are_warned_about(shared_data: Path) -> None:
    paths = sorted((shared_data / "head_neck" / "train").glob("*/ct.nrrd"))
    warned = [path for path in paths if check_input(read_volume(path), HEAD_NECK)]
    assert len(warned) <= 0.02 * len(paths), warned


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pelvis/ct.nii.gz", "another part"),
        ("thorax/ct_half.nii.gz", "a chest"),
        ("heart_crop/ct.nii.gz", "cut the patient off"),
        ("dicom_sts/STS_001/dicom/image", "cut the patient off"),
    ],
)
def test_real_cts_of_other_regions_are_noticed(shared_data: Path, name: str, words: str) -> None:
    warnings = check_input(read_volume(shared_data / name), HEAD_NECK)
    (warning,) = _region_warnings(warnings)
    assert words in warning
