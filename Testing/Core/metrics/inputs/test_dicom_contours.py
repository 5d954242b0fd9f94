from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.inputs.contour_files import read_contours


def test_a_structure_set_is_read_on_the_ct_beside_it(shared_data):
    pytest.importorskip("pydicom")
    folder = shared_data / "dicom_sts" / "STS_001" / "dicom"
    found = read_contours(folder)
    assert found.names == ("GTV_Mass_CT",) and not found.empty
    assert found.frame_of_reference.count(".") > 3 and found.notes
    assert found.rasterisation == "voxel centre inside the contour"
    contour = found.contours["GTV_Mass_CT"]
    assert np.isfinite(contour.center).all() and contour.volume_ml > 1


def test_another_kind_of_dicom_file_is_refused(tmp_path):
    dicom = pytest.importorskip("pydicom")
    meta = dicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.5"
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    meta.TransferSyntaxUID = dicom.uid.ExplicitVRLittleEndian
    plan = dicom.dataset.FileDataset("", {}, preamble=b"\0" * 128, file_meta=meta)
    plan.SOPClassUID, plan.SOPInstanceUID = meta.MediaStorageSOPClassUID, "1.2.3"
    plan.save_as(tmp_path / "plan.dcm")
    with pytest.raises(InputError, match="neither a structure set"):
        read_contours(tmp_path / "plan.dcm")
