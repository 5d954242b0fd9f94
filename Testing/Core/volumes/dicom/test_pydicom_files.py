"""The door to pydicom: values with names in their messages, and files written whole."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import dicom_series as made
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom import pydicom_files as dicom


def test_without_pydicom_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(InputError, match="need the Python package pydicom.*pip install pydicom"):
        dicom.new_uid()


def test_values_are_given_as_text_and_as_numbers() -> None:
    content = dicom.dataset(ImageType=["A", "B"], PatientName="X^Y", PixelSpacing=[1, 2.5])
    assert dicom.text(content, "ImageType") == "A\\B"
    assert dicom.text(content, "PatientName") == "X^Y"
    assert dicom.text(content, "StudyID") == "" and not dicom.has(content, "StudyID")
    assert dicom.numbers(content, "PixelSpacing", 2, "here") == (1.0, 2.5)
    with pytest.raises(InputError, match="here: the DICOM value PixelSpacing is '1.0.*2.5'"):
        dicom.numbers(content, "PixelSpacing", 3, "here")


def test_the_decimals_of_a_file_are_those_of_pydicom(tmp_path: Path) -> None:
    points = np.round(np.random.default_rng(0).normal(0, 300, (50, 3)), 4)
    path = made.save(made.structure_set([made.roi("A", [points])]), tmp_path / "RS.dcm")
    (drawn,) = dicom.items(dicom.read_dataset(path), "ROIContourSequence")
    (contour,) = dicom.items(drawn, "ContourSequence")
    fresh = dicom.decimals(contour, "ContourData", "A")
    assert np.allclose(fresh, [float(value) for value in contour.ContourData], atol=0)
    assert np.array_equal(dicom.decimals(contour, "ContourData", "A"), fresh)  # now converted
    assert len(dicom.decimals(contour, "SlabThickness", "A")) == 0


def test_what_is_written_lies_whole_under_its_name(tmp_path: Path) -> None:
    content = dicom.dataset(SOPClassUID=made.RT_STRUCT, SOPInstanceUID=dicom.new_uid())
    dicom.write_dataset(content, tmp_path / "RS.dcm")
    assert [path.name for path in tmp_path.iterdir()] == ["RS.dcm"]
    again = dicom.read_dataset(tmp_path / "RS.dcm")
    assert again.SOPInstanceUID == content.SOPInstanceUID
    assert again.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2"
    with pytest.raises(InputError, match="the folder does not exist"):
        dicom.write_dataset(content, tmp_path / "no" / "RS.dcm")
