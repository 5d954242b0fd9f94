"""At which levels of a scan organs of the head and neck can lie at all.

A network that has only seen heads finds a parotid in a shoulder. What it finds away from every
cross-section that looks like a head or neck is not reported.
"""

from __future__ import annotations

import numpy as np

from AutoContourRTCore.anatomy.catalogue import find
from AutoContourRTCore.segmentation.profile import (
    STEP_Z_MM,
    Profile,
    body_profile,
    levels_mm,
)
from AutoContourRTCore.segmentation.sense import (
    CUT_SHARE,
    LEAST_AIRWAY_MM,
    LUNG_CM2,
    REGION_HEAD_NECK,
    head_or_neck,
)
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

#: An organ may reach so far (mm) beyond the levels that look like a head or neck.
REACH_MM = 30.0
#: Organs of the region that run on into the trunk.
LONG_ORGANS = ("SpinalCord", "SpinalCanal")


def head_neck_levels(volume: Volume, body: np.ndarray) -> np.ndarray:
    """LPS z (mm) of the levels that look like a head or neck, or that are cut off at the sides
    so that one cannot tell; none where too few do."""
    profile = body_profile(volume, body)
    possible = head_or_neck(profile) | _unknown(profile)
    if STEP_Z_MM * np.count_nonzero(possible) < LEAST_AIRWAY_MM:
        return np.empty(0)
    return levels_mm(volume.geometry)[possible]


def outside_head_neck(
    name: str, mask: np.ndarray, geometry: Geometry, levels: np.ndarray
) -> bool:
    """Whether most of a structure of the head and neck lies away from all such levels."""
    structure = find(name)
    if structure.region != REGION_HEAD_NECK or name in LONG_ORGANS or not mask.any():
        return False
    if len(levels) == 0:
        return True
    voxels = np.argwhere(mask)
    z = geometry.to_lps(voxels[:: max(1, len(voxels) // 2000)])[:, 2]
    near = np.abs(z[:, None] - levels[None]).min(axis=1) <= REACH_MM
    return bool(near.mean() < 0.5)


def _unknown(profile: Profile) -> np.ndarray:
    """Cross-sections cut off at the sides of the image that hold no lungs."""
    return np.asarray((profile.cut > CUT_SHARE) & (profile.area > 0) & (profile.air <= LUNG_CM2))
