"""The outline of the patient beside structures, as planning systems want it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from AutoContourRTCore.errors import InputError

if TYPE_CHECKING:
    from AutoContourRTCore.volumes.dicom.series import Series
    from AutoContourRTCore.volumes.labelmap import LabelMap

BODY = "Body"


def outline(labelmap: LabelMap, series: Optional[Series]) -> LabelMap:
    """The outline of the patient on the grid of the CT, for structures that lack one.

    The structures keep their own grid: moved to that of the CT, fine ones would change.
    Raises InputError without a CT series, and where the structures hold an outline already.
    """
    from AutoContourRTCore.segmentation.body import body_mask
    from AutoContourRTCore.volumes.dicom.appearance import EXTERNAL, appearance_of
    from AutoContourRTCore.volumes.dicom.series import load
    from AutoContourRTCore.volumes.labelmap import LabelMap

    outlines = [name for name in labelmap.names if appearance_of(name).kind == EXTERNAL]
    if outlines:
        raise InputError(f"{outlines[0]} is an outline of the patient already; leave --body out.")
    if series is None:
        raise InputError("--body needs the CT; give its DICOM folder (--ct FOLDER).")
    ct = load(series).volume
    return LabelMap({BODY: body_mask(ct)}, ct.geometry)
