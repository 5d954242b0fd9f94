from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.contours import contours_of
from AutoContourRTCore.metrics.inputs.dose_files import Dose, check_same_frame, read_dose
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume

RT_DOSE = "1.2.840.10008.5.1.4.1.1.481.2"


@pytest.fixture()
def file(tmp_path, grid):
    write_volume(Volume(np.full(grid.shape, 6600, np.int16), grid), tmp_path / "dose.nrrd")
    return tmp_path / "dose.nrrd"


def test_the_unit_turns_numbers_into_gray(file):
    assert read_dose(file, "cGy").volume.array.max() == pytest.approx(66.0)
    assert read_dose(file, "GY").volume.array.max() == pytest.approx(6600.0)


def test_an_image_without_a_unit_is_refused(file):
    with pytest.raises(InputError, match="--dose-unit Gy or --dose-unit cGy"):
        read_dose(file)


def test_an_unknown_unit_is_refused(file):
    with pytest.raises(InputError, match="'rad' is unknown; write Gy or cGy"):
        read_dose(file, "rad")


def test_a_dose_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="no file"):
        read_dose(tmp_path / "none.nrrd", "Gy")


def test_an_rtdose_tells_its_unit_and_its_frame_of_reference(tmp_path):
    dicom = pytest.importorskip("pydicom")
    meta = dicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID = RT_DOSE
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    meta.TransferSyntaxUID = dicom.uid.ExplicitVRLittleEndian
    content = dicom.dataset.FileDataset("", {}, preamble=b"\0" * 128, file_meta=meta)
    values = dict(
        SOPClassUID=RT_DOSE, SOPInstanceUID="1.2.3.4", Modality="RTDOSE", DoseUnits="GY",
        DoseType="PHYSICAL", DoseSummationType="PLAN", FrameOfReferenceUID="1.2.9",
        ImagePositionPatient=[1, 2, 3], ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        PixelSpacing=[2, 2], Rows=2, Columns=2, NumberOfFrames=3, GridFrameOffsetVector=[0, 3, 6],
        DoseGridScaling="0.001", BitsAllocated=16, BitsStored=16, HighBit=15,
        PixelRepresentation=0, SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2",
        PixelData=np.arange(12, dtype="<u2").tobytes(),
    )
    for keyword, value in values.items():
        setattr(content, keyword, value)
    content.save_as(tmp_path / "dose.dcm")
    dose = read_dose(tmp_path / "dose.dcm")
    assert dose.volume.array.ravel() == pytest.approx(np.arange(12) / 1000)
    assert dose.frame_of_reference == "1.2.9" and dose.identity.startswith("sha256:")


def test_a_dose_of_another_frame_of_reference_is_refused(grid):
    volume = Volume(np.ones(grid.shape), grid)
    contours = contours_of(LabelMap({"Brain": np.ones(grid.shape, bool)}, grid))
    framed = replace(contours, frame_of_reference="1.2.3")
    with pytest.raises(InputError, match="another image"):
        check_same_frame(Dose(volume, frame_of_reference="1.2.4"), framed)
    check_same_frame(Dose(volume, frame_of_reference="1.2.3"), framed)
    check_same_frame(Dose(volume), framed)
