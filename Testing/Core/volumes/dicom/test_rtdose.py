"""RT doses in Gy at their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dicom_series as made
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.rtdose import read_rtdose
from AutoContourRTCore.volumes.geometry import Geometry

GRID = Geometry((4, 5, 6), (2.5, 3.0, 2.0), (-10.0, 20.0, 30.0))
STORED = np.arange(120).reshape(4, 5, 6)


def _saved(tmp_path: Path, kind: str = "uint32", stored: Any = STORED, **changes: Any) -> Path:
    return made.save(made.dose(stored.astype(kind), GRID, 0.05, **changes), tmp_path / "RD.dcm")


@pytest.mark.parametrize("kind", ["uint16", "uint32"])
def test_stored_values_times_their_scaling_are_gy_on_the_doses_own_grid(
    tmp_path: Path, kind: str
) -> None:
    volume = read_rtdose(_saved(tmp_path, kind)).volume
    assert volume.array.dtype == np.float32
    assert np.allclose(volume.array, STORED * 0.05) and volume.geometry.same_grid(GRID)
    dose = read_rtdose(tmp_path / "RD.dcm")
    assert (dose.frame_of_reference, dose.label) == (made.FRAME, "PLAN") and dose.instance


def test_offsets_may_be_heights_and_may_fall(tmp_path: Path) -> None:
    heights = read_rtdose(_saved(tmp_path, GridFrameOffsetVector=[30.0, 32.5, 35.0, 37.5])).volume
    assert heights.geometry.same_grid(GRID)
    falling = read_rtdose(_saved(tmp_path, GridFrameOffsetVector=[0.0, -2.5, -5.0, -7.5])).volume
    assert falling.geometry.origin == (-10.0, 20.0, 22.5)
    assert np.allclose(falling.array, STORED[::-1] * 0.05)


def test_one_plane_needs_no_offsets_but_a_thickness(tmp_path: Path) -> None:
    path = _saved(tmp_path, stored=STORED[:1], GridFrameOffsetVector=None, SliceThickness=2.5)
    assert read_rtdose(path).volume.geometry.shape == (1, 5, 6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"DoseUnits": "RELATIVE"}, "holds a dose in 'RELATIVE'; export a physical dose in Gy"),
        ({"DoseUnits": ""}, "no unit"),
        ({"DoseType": "ERROR"}, "the error of a dose"),
        ({"GridFrameOffsetVector": [0.0, 2.5, 5.0]}, "4 planes but 3 offsets"),
        ({"GridFrameOffsetVector": [0.0, 2.5, 5.0, 9.0]}, "2.50 to 4.00 mm apart"),
        ({"GridFrameOffsetVector": [0.0, 2.5, 2.5, 5.0]}, "0.00 to 2.50 mm apart"),
        ({"GridFrameOffsetVector": [7.0, 9.5, 12.0, 14.5]}, "neither 0 nor the height 30 mm"),
        ({"DoseGridScaling": None}, "DoseGridScaling is ''"),
        ({"SOPClassUID": made.CT_IMAGE}, "no RT dose"),
    ],
)
def test_what_is_no_even_physical_dose_is_refused(
    tmp_path: Path, changes: dict, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_rtdose(_saved(tmp_path, **changes))


def test_truncated_pixels_are_refused(tmp_path: Path) -> None:
    path = _saved(tmp_path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="RD.dcm"):
        read_rtdose(path)


def test_doses_of_a_beam_and_effective_doses_are_told(tmp_path: Path) -> None:
    notes = read_rtdose(
        _saved(tmp_path, DoseSummationType="BEAM", DoseType="EFFECTIVE")
    ).notes
    assert "effective" in notes[0] and "part of the plan only (BEAM)" in notes[1]
