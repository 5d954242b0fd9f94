"""Whether an image looks like what a model covers, before the model runs.

The warnings are plain sentences for the user; none of them stops the run. That a patient was
mirrored left to right cannot be seen in a head and neck from intensities (in a trunk the liver
would show it), and nothing is said about it.
"""

from __future__ import annotations

from typing import List, Optional

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.segmentation.body import body_mask
from AutoContourRTCore.segmentation.intensities import intensity_warnings
from AutoContourRTCore.segmentation.profile import (
    STEP_Z_MM,
    Profile,
    body_profile,
)
from AutoContourRTCore.volumes.volume import Volume

#: Fewer slices than this give a 3D network little to go on (the training CTs have 33 or more).
FEW_SLICES = 12
#: Planning CTs of the head and neck have slices of 1 to 3 mm, seldom 5; the training CTs have
#: 1.5 to 3.3 mm. Small organs vanish between slices further apart than this (mm).
COARSE_SLICES_MM = 5.0
#: A cross-section with more of its skin than this at the sides of the image is cut off. No head
#: or neck in the 192 head-and-neck CTs (161 train, 31 validation) touches the sides at all; two
#: tight crops of other regions have 0.3 to 0.8.
CUT_SHARE = 0.2
#: Cortical bone stays below about 2000 HU; enamel, fillings and implants lie above.
METAL_HU = 2000.0
#: Twice the most that any of the 192 CTs has (19.8 ml; teeth with enamel count as well).
MUCH_METAL_ML = 40.0

# Head and neck. The limits were set on the 161 training CTs, and held for the 31 validation CTs.
REGION_HEAD_NECK = "head and neck"
#: Area (cm2) of a cross-section through head or neck: 80 to 350 in the 192 CTs; shoulders, chest
#: and pelvis of an adult have 400 or more.
HEAD_NECK_AREA_CM2 = (50.0, 350.0)
#: Heads are 14 to 17 cm wide, necks widen towards the shoulders, which are 35 cm or more.
HEAD_NECK_WIDTH_CM = 30.0
#: Less bone than this share has no neck: 95 % of those cross-sections have 0.05 or more.
HEAD_NECK_BONE = 0.02
#: An airway has 1 to 3 cm2, a collapsed one less; limbs have none. At 4 mm a point has 0.16 cm2.
AIRWAY_CM2 = 0.3
#: Above the airways the skull lies under the skin all around.
SKULL_SHARE = 0.6
#: So much (mm) of head and neck must be there. All 192 CTs but one have 60 mm or more (in that one
#: the head is blanked, and only a chest is left); a chest CT shows some of the lower neck, too.
LEAST_HEAD_NECK_MM = 45.0
#: So much of it (mm) must have an airway: else it may be a knee.
LEAST_AIRWAY_MM = 15.0
#: Shorter pieces of head and neck (mm) are warned about; none of the 192 CTs is shorter.
SHORT_MM = 60.0
#: More air (cm2) in a cross-section than bowel or sinuses have: lungs. An abdomen has some of
#: them at its upper end, a chest CT in more than this share of its cross-sections.
LUNG_CM2 = 60.0
CHEST_SHARE = 0.25
#: Upside down: along the head and neck the share of skin over bone falls from feet to head (its
#: correlation with height is below this), and changes by this much at least. With these limits
#: none of the 192 CTs is called upside down, nor any of 1261 pieces of 60 mm that were cut out of
#: them; of the CTs turned upside down 184 are, of the pieces 36 %. Without the second limit 33 of
#: the 1261 pieces are wrongly called so.
UPSIDE_DOWN_CORRELATION = -0.5
UPSIDE_DOWN_RANGE = 0.5
UPSIDE_DOWN_LEAST_MM = 60.0


def describe(manifest: Manifest) -> str:
    """One sentence that says what a model covers."""
    return (
        f"{manifest.name} ({manifest.id} {manifest.version}) contours "
        f"{', '.join(manifest.structures)} on: {manifest.anatomy.rstrip('.')}."
    )


def check_input(
    volume: Volume, manifest: Manifest, body: Optional[np.ndarray] = None
) -> List[str]:
    """Warnings when a volume does not look like what a model covers; empty when it does.

    body: the patient, bool [k, j, i] as body_mask gives it; None to find it here. When the values
    are not CT numbers the anatomy is not judged. A model of another region than the head and neck
    gets the warnings that hold for every region, and none about region or orientation.
    """
    warnings = _grid_warnings(volume)
    not_hu = intensity_warnings(volume)
    if not_hu:
        return warnings + not_hu
    if body is None:
        try:
            body = body_mask(volume)
        except InputError as error:
            return warnings + [f"No patient was found in the image: {error}"]
    profile = body_profile(volume, body)
    warnings += _metal_warnings(volume, body) + _cut_warnings(profile)
    if manifest.region.strip().lower() == REGION_HEAD_NECK:
        warnings += _head_neck_warnings(profile, manifest)
    return warnings


def _grid_warnings(volume: Volume) -> List[str]:
    axis = volume.geometry.long_axis
    count, spacing = volume.geometry.shape[axis], volume.geometry.spacing[axis]
    warnings = []
    if count == 1:
        warnings.append("The image has one slice only; organs need the slices above and below.")
    elif count < FEW_SLICES:
        warnings.append(f"The image has {count} slices only; expect organs cut off at its ends.")
    if spacing > COARSE_SLICES_MM:
        warnings.append(
            f"The slices lie {spacing:.1f} mm apart, more than {COARSE_SLICES_MM:.0f} mm; "
            "small organs may be missed."
        )
    return warnings


def _metal_warnings(volume: Volume, body: np.ndarray) -> List[str]:
    ml = float(np.count_nonzero(volume.array[body] > METAL_HU)) * volume.geometry.voxel_ml
    if ml <= MUCH_METAL_ML:
        return []
    return [
        f"{ml:.0f} ml of the patient are brighter than {METAL_HU:.0f} HU (metal); contours near "
        "its streaks need a closer look."
    ]


def _cut_warnings(profile: Profile) -> List[str]:
    share = float(_cut(profile)[profile.area > 0].mean()) if profile.area.any() else 0.0
    if share <= 0.5:
        return []
    return [
        f"Small field of view: the sides of the image cut the patient off in {100 * share:.0f} % "
        "of the cross-sections."
    ]


def _cut(profile: Profile) -> np.ndarray:
    """Which cross-sections are cut off at the sides of the image."""
    return np.asarray(profile.cut > CUT_SHARE)


def _head_neck_warnings(profile: Profile, manifest: Manifest) -> List[str]:
    """What speaks against a head and neck the right way up."""
    found = head_or_neck(profile)
    length = STEP_Z_MM * np.count_nonzero(found)
    airway = STEP_Z_MM * np.count_nonzero(found & (profile.air >= AIRWAY_CM2))
    if length < LEAST_HEAD_NECK_MM or airway < LEAST_AIRWAY_MM:
        return [_too_little(profile, length, manifest)]
    if upside_down(profile):
        return [
            "The image looks upside down: the head lies at the end that the header calls the "
            "feet. Check the patient position (head first or feet first) and the axes."
        ]
    if length < SHORT_MM:
        return [f"Only {length:.0f} mm of head and neck are in the image; organs may be cut off."]
    return []


def _too_little(profile: Profile, length: float, manifest: Manifest) -> str:
    """The warning that a volume shows something else than a head and neck, or too little of it."""
    extent = STEP_Z_MM * np.count_nonzero(profile.area)
    if extent < LEAST_HEAD_NECK_MM:
        seen = f"only {extent:.0f} mm along the patient are in the image"
    elif _cut(profile).mean() > 0.5:
        seen = "the sides of the image cut the patient off"
    elif (profile.air > LUNG_CM2).mean() > CHEST_SHARE:
        seen = "it looks like a chest"
    else:
        seen = "it looks like another part of the body"
    return (
        f"The image does not look like a head and neck ({length:.0f} mm of it do; {seen}), but "
        f"{manifest.name} covers: {manifest.anatomy.rstrip('.')}."
    )


def head_or_neck(profile: Profile) -> np.ndarray:
    """Which cross-sections look like a head or a neck, seen whole; bool, one a slice."""
    small, large = HEAD_NECK_AREA_CM2
    sized = (profile.area >= small) & (profile.area <= large)
    sized &= profile.width <= HEAD_NECK_WIDTH_CM
    filled = (profile.air >= AIRWAY_CM2) | (profile.over_bone >= SKULL_SHARE)
    return np.asarray(sized & filled & (profile.bone >= HEAD_NECK_BONE) & ~_cut(profile))


def upside_down(profile: Profile) -> bool:
    """Whether the head surely lies below the neck: skull, unlike neck, lies close to the skin."""
    height = np.flatnonzero(head_or_neck(profile))
    over_bone = profile.over_bone[height]
    if STEP_Z_MM * height.size < UPSIDE_DOWN_LEAST_MM or np.ptp(over_bone) < UPSIDE_DOWN_RANGE:
        return False
    return float(np.corrcoef(height, over_bone)[0, 1]) < UPSIDE_DOWN_CORRELATION
