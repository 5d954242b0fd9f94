from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.inputs.contour_files import check_not_empty, read_contours
from AutoContourRTCore.volumes.imagefile import image_of, write_image
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap


@pytest.fixture()
def masks(box):
    return {"Heart": box((2, 3, 4), (5, 6, 7)), "Lung_L": box((9, 12, 13), (4, 5, 6))}


def write(array, grid, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(image_of(array, grid), path)
    return path


def labels(masks):
    return sum(n * mask.astype(np.uint8) for n, mask in enumerate(masks.values(), 1))


def assert_same(found, masks, grid):
    assert set(found.names) == set(masks)
    for name, mask in masks.items():
        contour = found.contours[name]
        whole = np.zeros(grid.shape, bool)
        ends = np.add(contour.start, contour.mask.shape)
        whole[tuple(slice(a, b) for a, b in zip(contour.start, ends))] = contour.mask
        np.testing.assert_array_equal(whole, mask)
        assert contour.grid.same_grid(grid)
    assert found.identity.startswith("sha256:") and len(found.identity) == 7 + 64


def test_a_segmentation_of_slicer_is_read_with_its_names(tmp_path, grid, masks):
    write_labelmap(LabelMap(masks, grid), tmp_path / "a.seg.nrrd")
    assert_same(read_contours(tmp_path / "a.seg.nrrd"), masks, grid)


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nrrd", "a.mha"])
def test_a_label_image_is_read_with_the_table_beside_it(tmp_path, grid, masks, name):
    write(labels(masks), grid, tmp_path / name)
    (tmp_path / "a.json").write_text('{"1": "Heart", "2": "Lung_L"}')
    assert_same(read_contours(tmp_path / name), masks, grid)


def test_a_label_image_is_read_with_a_table_that_is_named(tmp_path, grid, masks):
    path = write(labels(masks).astype(np.float32), grid, tmp_path / "a.nii.gz")
    (tmp_path / "b.csv").write_text("value,name\n1,Heart\n2,Lung_L\n")
    assert_same(read_contours(path, tmp_path / "b.csv"), masks, grid)


def test_a_folder_holds_one_mask_per_structure_and_a_lone_sub_folder_is_descended_into(
    tmp_path, grid, masks
):
    for name, mask in masks.items():
        write(mask.astype(np.uint8) * 255, grid, tmp_path / "plain" / f"{name}.nii.gz")
        write(mask.astype(np.uint8), grid, tmp_path / "deep" / "segmentations" / f"{name}.nrrd")
    assert_same(read_contours(tmp_path / "plain"), masks, grid)
    assert_same(read_contours(tmp_path / "deep"), masks, grid)


def test_a_folder_with_a_ct_and_one_segmentation_gives_the_segmentation(tmp_path, grid, masks):
    write(np.zeros(grid.shape, np.int16) - 1000, grid, tmp_path / "ct.nrrd")
    write_labelmap(LabelMap(masks, grid), tmp_path / "structures.seg.nrrd")
    assert_same(read_contours(tmp_path), masks, grid)
    write_labelmap(LabelMap({"PTV": masks["Heart"]}, grid), tmp_path / "targets.seg.nrrd")
    assert_same(read_contours(tmp_path), masks, grid)  # structures.seg.nrrd is the usual name
    (tmp_path / "structures.seg.nrrd").rename(tmp_path / "organs.seg.nrrd")
    with pytest.raises(InputError, match="2 segmentations: organs.seg.nrrd, targets.seg.nrrd"):
        read_contours(tmp_path)


def test_masks_of_a_folder_may_lie_on_grids_of_their_own(tmp_path, grid, masks):
    part = grid.cropped((1, 2, 3), (10, 12, 14))
    write(masks["Heart"][1:10, 2:12, 3:14].astype(np.uint8), part, tmp_path / "Heart.nrrd")
    write(masks["Lung_L"].astype(np.uint8), grid, tmp_path / "Lung_L.nrrd")
    found = read_contours(tmp_path)
    assert found.contours["Heart"].grid.same_grid(part)
    assert found.contours["Lung_L"].grid.same_grid(grid)


def test_the_identity_changes_with_the_content(tmp_path, grid, masks):
    for name, mask in masks.items():
        write(mask.astype(np.uint8), grid, tmp_path / "a" / f"{name}.nrrd")
    first = read_contours(tmp_path / "a").identity
    assert read_contours(tmp_path / "a").identity == first
    write(masks["Heart"].astype(np.uint8), grid, tmp_path / "a" / "Lung_L.nrrd")
    assert read_contours(tmp_path / "a").identity != first


def test_a_label_file_without_table_is_refused(tmp_path, grid, masks):
    path = write(labels(masks), grid, tmp_path / "a.nii.gz")
    with pytest.raises(InputError, match="a.nii.gz is a label file without a table"):
        read_contours(path)


def test_a_value_that_the_table_lacks_is_refused(tmp_path, grid, masks):
    path = write(labels(masks), grid, tmp_path / "a.nii.gz")
    (tmp_path / "a.json").write_text(json.dumps({"1": "Heart"}))
    with pytest.raises(InputError, match="holds the value 2"):
        read_contours(path)


def test_a_mask_file_with_several_labels_is_refused(tmp_path, grid, masks):
    write(labels(masks), grid, tmp_path / "x" / "Heart.nrrd")
    with pytest.raises(InputError, match="2 labels where a folder needs one mask per file"):
        read_contours(tmp_path / "x")


def test_an_image_of_halves_or_of_hounsfield_units_is_no_label_image(tmp_path, grid):
    (tmp_path / "a.json").write_text('{"1": "Heart"}')
    path = write(np.full(grid.shape, 0.5, np.float32), grid, tmp_path / "a.nrrd")
    with pytest.raises(InputError, match="not whole"):
        read_contours(path)
    write(np.full(grid.shape, -1000, np.int16), grid, path)
    with pytest.raises(InputError, match="outside 0..65535"):
        read_contours(path)
    rgb = SimpleITK.Image([4, 4, 4], SimpleITK.sitkVectorUInt8, 3)
    SimpleITK.WriteImage(rgb, str(path))
    with pytest.raises(InputError, match="several values per voxel"):
        read_contours(path)


def test_what_is_missing_or_of_another_kind_is_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_contours(tmp_path / "none.nrrd")
    (tmp_path / "x.txt").write_text("")
    with pytest.raises(InputError, match="no contour file"):
        read_contours(tmp_path / "x.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no contours"):
        read_contours(tmp_path / "empty")


def test_an_empty_segmentation_is_refused_and_its_segments_are_counted(tmp_path, grid):
    nothing = np.zeros(grid.shape, bool)
    write_labelmap(LabelMap({"Heart": nothing, "Lung_L": nothing}, grid), tmp_path / "a.seg.nrrd")
    with pytest.raises(InputError, match="a.seg.nrrd is empty: none of its 2 segments"):
        check_not_empty(read_contours(tmp_path / "a.seg.nrrd"))
    write_labelmap(LabelMap({}, grid), tmp_path / "b.seg.nrrd")
    with pytest.raises(InputError, match="b.seg.nrrd is empty: it has no segments"):
        read_contours(tmp_path / "b.seg.nrrd")
