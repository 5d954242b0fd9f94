"""Whether the voxel values of an image are CT numbers in HU."""

from __future__ import annotations

from typing import List

import numpy as np
from scipy import ndimage

from AutoContourRTCore.volumes.volume import Volume

#: About this many voxels are looked at; a mode and percentiles need no more.
SAMPLED_VOXELS = 500_000
#: Share (%) of the voxels below "the darkest" and above "the brightest"; spares odd voxels.
TAIL_PERCENT = 0.5
#: Air to soft tissue is about 1000 HU; the 192 head-and-neck CTs (161 train, 31 validation) span
#: 1397 HU or more between the tails. Less than this is no CT of a patient with air around.
LEAST_CONTRAST = 500.0
#: Air is -1000 HU, and -900 with some scatter or noise; all 192 CTs have -1000 in their lower tail.
AIR_AT_MOST_HU = -850.0
#: Most tissue of a patient is fat (-120..-80) or muscle and organs (20..80, more with contrast
#: agent). The mode of the 192 CTs lies within -125..65; -150..100 leaves room on both sides.
TISSUE_LOW_HU = -150.0
TISSUE_HIGH_HU = 100.0
#: Values above this, and below BIN_STOP, take part in the search for the mode of tissue.
NOT_AIR_HU = -500.0
BIN_STOP = 3000.0
BIN_HU = 10.0
SMOOTH_BINS = 2.0
#: Scanners store CT numbers from 0 on, 1024 (some 1000) above HU.
RAW_OFFSET = 1024.0
RAW_SLACK = 50.0


def intensity_warnings(volume: Volume) -> List[str]:
    """Why the values do not look like CT numbers in HU; at most one sentence, none when they do."""
    values = _sampled(volume.array)
    if values.size == 0:
        return ["The image holds no finite value."]
    low, high = np.percentile(values, (TAIL_PERCENT, 100.0 - TAIL_PERCENT))
    seen = f"most values lie within {low:.0f}..{high:.0f}"
    if high - low < LEAST_CONTRAST:
        return [f"The image has no contrast between air and tissue: {seen}, less than "
                f"{LEAST_CONTRAST:.0f} HU apart."]
    if _looks_raw(values, low):
        return [f"The values look like raw CT numbers without their offset ({seen}): subtract "
                f"{RAW_OFFSET:.0f} (apply the rescale intercept) to get HU."]
    if low > AIR_AT_MOST_HU:
        return [f"No air near -1000 HU was found ({seen}): the image is not in HU (an MR, or a CT "
                "without its rescale slope and intercept), or lies wholly inside the patient."]
    mode = _mode(values, NOT_AIR_HU)
    if not TISSUE_LOW_HU <= mode <= TISSUE_HIGH_HU:
        return [f"Most tissue lies near {mode:.0f}, not within {TISSUE_LOW_HU:.0f}.."
                f"{TISSUE_HIGH_HU:.0f} HU as fat and muscle do: the values are not in HU."]
    return []


def _sampled(array: np.ndarray) -> np.ndarray:
    """About SAMPLED_VOXELS finite values of an array, evenly taken; float32."""
    # An odd step does not keep to the same columns of an image whose width is a power of two.
    step = max(1, array.size // SAMPLED_VOXELS) | 1
    values = array.reshape(-1)[::step].astype(np.float32)
    return np.asarray(values[np.isfinite(values)])


def _looks_raw(values: np.ndarray, low: float) -> bool:
    """Whether nothing is negative, and tissue lies where raw CT numbers have it."""
    if not -RAW_SLACK <= low <= RAW_OFFSET + AIR_AT_MOST_HU:
        return False
    mode = _mode(values, RAW_OFFSET + NOT_AIR_HU) - RAW_OFFSET
    return TISSUE_LOW_HU <= mode <= TISSUE_HIGH_HU


def _mode(values: np.ndarray, above: float) -> float:
    """The most frequent value above a limit, from a smoothed histogram."""
    edges = np.arange(above, BIN_STOP + BIN_HU, BIN_HU)
    counts, _ = np.histogram(values, edges)
    smooth = ndimage.gaussian_filter1d(counts.astype(float), SMOOTH_BINS)
    return float(edges[int(np.argmax(smooth))] + BIN_HU / 2)
