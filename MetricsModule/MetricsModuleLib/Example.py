"""Two contour sets whose differences are known: for the tutorial, tests and pictures.

The reference is the phantom's truth. In the test one parotid lies 4 mm off, the mandible is one
voxel thicker, the oesophagus begins 20 mm too low, an eye is missing, and a chiasm was drawn that
the reference does not have; the other structures are the same.
"""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
import slicer
from scipy import ndimage
from slicer.i18n import tr as _

from AutoContourRTCore.phantom import make_phantom
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume
from AutoContourRTLib.MrmlBridge import segmentationFromLabelMap
from AutoContourRTLib.SamplePhantom import addVolume, registerSample

NAME = "ContourMetricsExample"
SHIFT_MM, SHORTER_MM = 4.0, 20.0


def register(thumbnail: str) -> None:
    """Offer the example in the module Sample Data; it is computed here, nothing is downloaded."""
    registerSample(NAME, _("Two contour sets to compare"), thumbnail, loadExample)


def loadExample(source: Any = None) -> List[Any]:
    """Add volume, reference and test to the scene; returns the volume node, in a list."""
    return [addExample()[0]]


def addExample(spacing: Sequence[float] = (2.5, 2.0, 2.0)) -> Tuple[Any, Any, Any]:
    """Nodes of volume, reference and test. spacing: mm along k, j, i."""
    volume, truth = make_phantom(spacing)
    return addSets(volume, truth, changed(truth))


def addSets(volume: Volume, reference: LabelMap, test: LabelMap) -> Tuple[Any, Any, Any]:
    """Nodes of a volume and two contour sets on its grid."""
    volumeNode = addVolume(volume, NAME)
    nodes = [
        segmentationFromLabelMap(labels, volumeNode, name)
        for labels, name in ((reference, _("Example reference")), (test, _("Example test")))
    ]
    if slicer.app.layoutManager() is not None:
        slicer.util.setSliceViewerLayers(background=volumeNode, fit=True)
    return volumeNode, nodes[0], nodes[1]


def changed(truth: LabelMap) -> LabelMap:
    """The test set; see above."""
    masks: Dict[str, np.ndarray] = {name: mask.copy() for name, mask in truth.masks.items()}
    k, j, i = truth.geometry.spacing
    masks["Parotid_L"] = np.roll(masks["Parotid_L"], round(SHIFT_MM / i), axis=2)
    masks["Bone_Mandible"] = ndimage.binary_dilation(masks["Bone_Mandible"])
    top = np.flatnonzero(masks["Esophagus"].any(axis=(1, 2)))[-1]
    masks["Esophagus"][top + 1 - round(SHORTER_MM / k) :] = False
    del masks["Eye_R"]
    masks["OpticChiasm"] = np.zeros(truth.geometry.shape, bool)
    middle = ndimage.center_of_mass(masks["Brainstem"])
    a, b, c = (int(index) for index in middle)
    masks["OpticChiasm"][a + 8 : a + 10, b - 12 : b - 9, c - 3 : c + 3] = True
    return LabelMap(masks, truth.geometry)
