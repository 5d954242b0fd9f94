"""`autocontourrt convert` between all kinds of contour files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

import dicom_series as made
from AutoContourRTCore.volumes.dicom.structures import read_structures
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import read_labelmap, write_labelmap

GRID = Geometry((6, 16, 20), (3.0, 1.0, 1.5), (-7.0, 11.0, -40.0))


def _labelmap(overlap: bool = False) -> LabelMap:
    one, other = np.zeros(GRID.shape, bool), np.zeros(GRID.shape, bool)
    one[1:4, 3:9, 3:9] = True
    one[2, 5, 5] = False
    other[2:5, 5 if overlap else 10 : 14, 5:12] = True
    return LabelMap({"Parotid_L": one, "Heart": other}, GRID)


@pytest.fixture()
def ct(tmp_path: Path) -> Path:
    made.write_ct(tmp_path / "ct é", np.full(GRID.shape, 40, np.int16), GRID)
    return tmp_path / "ct é"


@pytest.fixture()
def contours(tmp_path: Path) -> Path:
    write_labelmap(_labelmap(), tmp_path / "a.seg.nrrd")
    return tmp_path / "a.seg.nrrd"


def _same(path: Path, wanted: LabelMap) -> None:
    found = read_labelmap(path)
    assert found.names == wanted.names and found.geometry.same_grid(wanted.geometry)
    for name, mask in wanted.masks.items():
        assert np.array_equal(found.masks[name], mask), name


@pytest.mark.parametrize("kind", ["RS.dcm", "x.seg.dcm", "x.nii.gz", "x.nrrd", "masks"])
def test_contours_come_back_from_every_kind_of_file(
    command: Any, ct: Path, contours: Path, tmp_path: Path, kind: str
) -> None:
    if kind == "x.seg.dcm":
        pytest.importorskip("highdicom")
    how = ("--generated", "automatic") if kind.endswith(".dcm") else ()
    there = command("convert", contours, tmp_path / kind, "--ct", ct, *how)
    assert there.code == 0, there.err
    assert f"Written: {tmp_path / kind} (2 structures)" in there.out
    back = command("convert", tmp_path / kind, tmp_path / "b.seg.nrrd", "--ct", ct)
    assert back.code == 0, back.err
    wanted = _labelmap()
    if kind == "masks":  # in the order of file names
        wanted = LabelMap(dict(sorted(wanted.masks.items())), GRID)
    _same(tmp_path / "b.seg.nrrd", wanted)


def test_a_structure_set_becomes_a_segmentation_of_the_ct_beside_it(
    command: Any, ct: Path, contours: Path
) -> None:
    pytest.importorskip("highdicom")
    assert command("convert", contours, ct / "RS.dcm", "--ct", ct).code == 0
    done = command("convert", ct, ct / "S.seg.dcm", "--generated", "manual")
    assert done.code == 0, done.err
    done = command("convert", ct / "S.seg.dcm", ct / "c.seg.nrrd")
    assert done.code == 0, done.err
    _same(ct / "c.seg.nrrd", _labelmap())


def test_without_ct_a_structure_set_is_refused_with_the_reason(
    command: Any, contours: Path, tmp_path: Path
) -> None:
    done = command("convert", contours, tmp_path / "RS.dcm")
    assert done.code == 2 and "must name the DICOM images" in done.err and "--ct" in done.err
    assert not (tmp_path / "RS.dcm").exists()


def test_names_label_and_origin_go_into_the_structure_set(
    command: Any, ct: Path, contours: Path, tmp_path: Path
) -> None:
    names = tmp_path / "names.csv"
    assert command("convert", contours, "x.dcm", "--write-names", names).code == 0
    assert "Parotid_L,Parotid_L,ORGAN" in names.read_text("utf-8")
    names.write_text("name,roi_name,type\nHeart,Herz,AVOIDANCE\n", "utf-8")
    done = command(
        "convert", contours, tmp_path / "RS.dcm", "--ct", ct, "--names", names, "--label", "Plan A",
        "--generated", "semiautomatic", "--structures", "Heart",
    )  # fmt: skip
    assert done.code == 0, done.err
    found = pydicom.dcmread(tmp_path / "RS.dcm")
    (roi,) = found.StructureSetROISequence
    assert (roi.ROIName, roi.ROIGenerationAlgorithm) == ("Herz", "SEMIAUTOMATIC")
    assert found.StructureSetLabel == "Plan A"


def test_names_that_will_not_do_are_told_before_anything_is_written(
    command: Any, ct: Path, tmp_path: Path
) -> None:
    masks = list(_labelmap().masks.values())
    twice = LabelMap({"A structure of a long name": masks[0], "HEART": masks[1]}, GRID)
    write_labelmap(twice, tmp_path / "a.seg.nrrd")
    done = command("convert", tmp_path / "a.seg.nrrd", tmp_path / "RS.dcm", "--ct", ct)
    assert done.code == 2 and "has 26 characters, 16 are allowed" in done.err
    assert not (tmp_path / "RS.dcm").exists()


def test_what_the_reading_noted_is_told(command: Any, ct: Path, tmp_path: Path) -> None:
    square = made.box((2.0, 14.0), (9.0, 20.0), -34.0)
    poi = made.contour([[1, 1, -34]], "POINT")
    item = made.contour(square, image="2.25.5")
    content = made.structure_set([made.roi("A", [item]), made.roi("POI", [poi])], series="2.25.6")
    path = made.save(content, tmp_path / "RS.dcm")
    done = command("convert", path, tmp_path / "o.seg.nrrd", "--ct", ct, "--progress", "json")
    assert done.code == 0, done.err
    assert "Warning: POI is left out" in done.err
    warnings = done.lines[-1]["result"]["warnings"]
    assert any("1 of 1 images that the contours refer to are not in" in note for note in warnings)


def test_structures_that_overlap_do_not_fit_into_a_label_image(
    command: Any, tmp_path: Path
) -> None:
    write_labelmap(_labelmap(overlap=True), tmp_path / "a.seg.nrrd")
    done = command("convert", tmp_path / "a.seg.nrrd", tmp_path / "x.nii.gz")
    assert done.code == 2 and "Heart and Parotid_L overlap" in done.err
    assert not (tmp_path / "x.nii.gz").exists()


def test_the_outline_of_the_patient_can_be_added(
    command: Any, tmp_path: Path
) -> None:
    grid = Geometry((10, 40, 40), (3.0, 3.0, 3.0))
    _, j, i = np.indices(grid.shape)
    inside = np.hypot(j - 20, i - 20) < 14
    made.write_ct(tmp_path / "ct", np.where(inside, 30, -1000).astype(np.int16), grid)
    write_labelmap(LabelMap({"Heart": np.hypot(j - 20, i - 20) < 4}, grid), tmp_path / "a.seg.nrrd")
    done = command("convert", tmp_path / "a.seg.nrrd", tmp_path / "RS.dcm", "--ct", tmp_path / "ct",
                   "--body")  # fmt: skip
    assert done.code == 0, done.err
    found = pydicom.dcmread(tmp_path / "RS.dcm")
    kinds = [each.RTROIInterpretedType for each in found.RTROIObservationsSequence]
    how = [each.ROIGenerationAlgorithm for each in found.StructureSetROISequence]
    assert (kinds, how) == (["ORGAN", "EXTERNAL"], ["", "AUTOMATIC"])
    body = read_structures(tmp_path / "RS.dcm", tmp_path / "ct").labelmap.masks["Body"]
    assert 2 * (body & inside).sum() / (body.sum() + inside.sum()) > 0.97


def test_the_outline_joins_others_in_a_file_of_one_grid_only_on_that_grid(
    command: Any, tmp_path: Path
) -> None:
    grid = Geometry((10, 40, 40), (3.0, 3.0, 3.0))
    _, j, i = np.indices(grid.shape)
    inside = np.hypot(j - 20, i - 20) < 14
    made.write_ct(tmp_path / "ct", np.where(inside, 30, -1000).astype(np.int16), grid)
    heart = np.hypot(j - 20, i - 20) < 4
    write_labelmap(LabelMap({"Heart": heart}, grid), tmp_path / "same.seg.nrrd")
    write_labelmap(LabelMap({"Heart": heart[:5]}, Geometry((5, 40, 40), (3.0, 3.0, 3.0))),
                   tmp_path / "part.seg.nrrd")  # fmt: skip
    ends = ("--ct", tmp_path / "ct", "--body")
    done = command("convert", tmp_path / "same.seg.nrrd", tmp_path / "o.seg.nrrd", *ends)
    assert done.code == 0, done.err
    assert read_labelmap(tmp_path / "o.seg.nrrd").names == ("Heart", "Body")
    done = command("convert", tmp_path / "part.seg.nrrd", tmp_path / "p.seg.nrrd", *ends)
    assert done.code == 2 and "holds one grid, and Body lies on that of the CT" in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing.dcm", "o.seg.nrrd"], "does not exist"),
        (["a.seg.nrrd", "o.txt"], "the name must end in one of these"),
        (["a.seg.nrrd", "a.seg.nrrd", "--force"], "is the input"),
        (["a.seg.nrrd", "there.dcm"], "exists already.*--force"),
        (["a.seg.nrrd", "full"], "is not empty; name a new folder"),
        (["a.seg.nrrd", "o.dcm", "--ct", "a.seg.nrrd"], "is no folder; give the DICOM folder"),
        (["a.seg.nrrd", "o.dcm", "--structures", "Liver"], "no structure 'Liver'; it has Parotid"),
        (["CT", "o.seg.nrrd"], "neither a structure set .RTSTRUCT. nor a segmentation"),
        (["RS.dcm", "o.seg.nrrd"], "needs the CT it was drawn on"),
        (["RS.dcm", "o.seg.nrrd", "--labels", "there.dcm"], "--labels names the structures of a"),
        (["full", "o.seg.nrrd", "--labels", "there.dcm"], "--labels names the structures of a"),
    ],
)
def test_what_cannot_be_converted_is_told(
    command: Any, contours: Path, monkeypatch: pytest.MonkeyPatch, words: list, message: str
) -> None:
    monkeypatch.chdir(contours.parent)
    Path("there.dcm").write_bytes(b"x")
    Path("full").mkdir()
    Path("full", "x").write_bytes(b"x")
    (first, *_) = made.write_ct(Path("dicom"), np.zeros(GRID.shape, np.int16), GRID)
    Path("lone").mkdir()
    square = made.box((2.0, 14.0), (9.0, 20.0), -34.0)
    made.save(made.structure_set([made.roi("A", [square])]), Path("lone", "RS.dcm"))
    names = {"CT": first, "RS.dcm": Path("lone", "RS.dcm")}
    done = command("convert", *[names.get(word, word) for word in words])
    assert done.code == 2
    assert re.search(message, done.err), done.err


def test_types_and_colours_of_a_structure_set_stay(
    command: Any, ct: Path, contours: Path, tmp_path: Path
) -> None:
    names = tmp_path / "names.csv"
    names.write_text("name,roi_name,type,color\nHeart,Heart,AVOIDANCE,1 2 3\n", encoding="utf-8")
    assert command("convert", contours, tmp_path / "a.dcm", "--ct", ct, "--names", names).code == 0
    done = command("convert", tmp_path / "a.dcm", tmp_path / "b.dcm", "--ct", ct)
    assert done.code == 0, done.err
    written = pydicom.dcmread(tmp_path / "b.dcm")
    assert [str(each.RTROIInterpretedType) for each in written.RTROIObservationsSequence] == [
        "ORGAN", "AVOIDANCE",
    ]  # fmt: skip
    assert list(written.ROIContourSequence[1].ROIDisplayColor) == [1, 2, 3]
    done = command("convert", tmp_path / "a.dcm", tmp_path / "c.dcm", "--ct", ct,
                   "--write-names", tmp_path / "map.csv")  # fmt: skip
    assert "Heart,Heart,AVOIDANCE,1 2 3" in (tmp_path / "map.csv").read_text(encoding="utf-8")


def test_structures_are_chosen_in_any_usual_spelling(
    command: Any, contours: Path, tmp_path: Path
) -> None:
    done = command("convert", contours, tmp_path / "b.seg.nrrd", "--structures", "left parotid")
    assert done.code == 0, done.err
    _same(tmp_path / "b.seg.nrrd", _labelmap().only(["Parotid_L"]))
    done = command("convert", contours, tmp_path / "c.seg.nrrd", "--structures", "Parotid_R")
    assert done.code == 2 and "has no structure 'Parotid_R'; it has Parotid_L, Heart" in done.err


@pytest.mark.parametrize(("words", "message"), [
    (("--generated", "manual"), "--generated: for a structure set, and none is written"),
    (("--label", "Plan 1"), "--label: for a structure set, and none is written; end the output"),
    (("--series", "1.2.3"), "--series chooses among the CTs of a DICOM folder"),
])  # fmt: skip
def test_an_option_that_would_do_nothing_is_refused(
    command: Any, contours: Path, tmp_path: Path, words: Any, message: str
) -> None:
    done = command("convert", contours, tmp_path / "b.seg.nrrd", *words)
    assert done.code == 2 and message in done.err
    assert not (tmp_path / "b.seg.nrrd").exists()


def test_another_table_that_would_be_read_first_is_refused(
    command: Any, contours: Path, tmp_path: Path
) -> None:
    (tmp_path / "oar.json").write_text('{"1": "Parotid_R", "2": "Parotid_L"}', encoding="utf-8")
    done = command("convert", contours, tmp_path / "oar.nii.gz", "--force")
    assert done.code == 2 and "oar.json would be taken for the names" in done.err
    assert not (tmp_path / "oar.nii.gz").exists()


def test_masks_beside_the_voxels_of_the_ct_are_told(
    command: Any, ct: Path, contours: Path, tmp_path: Path
) -> None:
    done = command("convert", contours, tmp_path / "a.dcm", "--ct", ct)
    assert done.code == 0 and "coordinates alone" not in done.err
    crop = LabelMap({"Heart": _labelmap().masks["Heart"][1:, 2:, 3:]},
                    GRID.cropped((1, 2, 3), GRID.shape))  # fmt: skip
    write_labelmap(crop, tmp_path / "crop.seg.nrrd")
    done = command("convert", tmp_path / "crop.seg.nrrd", tmp_path / "b.dcm", "--ct", ct)
    assert done.code == 0 and "coordinates alone" not in done.err
    other = Geometry(GRID.shape, (2.1, 0.9, 0.9), GRID.origin)
    write_labelmap(LabelMap(_labelmap().masks, other), tmp_path / "other.seg.nrrd")
    done = command("convert", tmp_path / "other.seg.nrrd", tmp_path / "c.dcm", "--ct", ct)
    assert done.code == 0 and "nothing shows that they are of this patient" in done.err
