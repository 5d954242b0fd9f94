"""Files that other programs read as they were meant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTLib.EventLoop import runToEnd
from AutoContourRTLib.NrrdFile import header, segmentKeys, writeFile

GRID = Geometry((2, 3, 4), (3.0, 2.0, 1.0), (-10.0, 5.0, 7.5))


@pytest.mark.parametrize("kind", ["u1", "i2", "u2", "f4", "f8"])
def test_voxels_and_grid_come_back(tmp_path: Path, kind: str) -> None:
    array = np.arange(24, dtype=kind).reshape(GRID.shape)
    path = tmp_path / "a.nrrd"
    runToEnd(writeFile(path, header(array.dtype, GRID), [(1.0, array.tobytes())], "a"))
    image = SimpleITK.ReadImage(str(path))
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), array)
    assert image.GetSpacing() == (1.0, 2.0, 3.0) and image.GetOrigin() == (-10.0, 5.0, 7.5)


def test_layers_come_back_with_the_keys_of_their_segments(tmp_path: Path) -> None:
    array = np.arange(48, dtype=np.uint8).reshape(*GRID.shape, 2)
    keys = segmentKeys(["Brain", "back\\slash"], [0, 1])
    path = tmp_path / "a.seg.nrrd"
    runToEnd(writeFile(path, header(array.dtype, GRID, 2, keys), [(1.0, array.tobytes())], "a"))
    image = SimpleITK.ReadImage(str(path))
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), array)
    assert image.GetMetaData("Segment0_Name") == "Brain"
    assert image.GetMetaData("Segment1_Name") == "back\\slash"
    assert image.GetMetaData("Segment1_Layer") == "1"


def test_a_type_without_a_name_is_refused() -> None:
    with pytest.raises(InputError, match="complex64 cannot be contoured"):
        header(np.dtype(np.complex64), GRID)
