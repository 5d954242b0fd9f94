"""What "Reload and Test" runs: the phantom, contoured by the real worker, and its review."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.metrics.measures import dice
from AutoContourRTCore.phantom import make_phantom
from AutoContourRTCore.self_test import TOLERANCE, read_stored
from AutoContourRTLib import MrmlBridge, Reviews, SamplePhantom
from AutoContourRTLib.WorkerTest import WorkerTest

MODEL = "head_neck_7"


class AutoContourRTTest(WorkerTest):
    """The same in Slicer and in the harness: not accuracy, but whether it works as at its maker's.
    """

    def runTest(self) -> None:
        """All of it."""
        self.setUp()
        self.test_PhantomIsContouredAndReviewed()

    def test_PhantomIsContouredAndReviewed(self) -> None:
        """Button to reviewed contours, compared with the phantom's truth."""
        widget = slicer.util.getModuleWidget("AutoContourRT")
        widget.enter()
        missing = widget.logic.dependencies.missing()
        if missing:
            self.skip(_("the worker lacks {names}").format(names=", ".join(missing)))
            return
        volume, truth = make_phantom()
        node = SamplePhantom.addVolume(volume, SamplePhantom.NAME)
        parameters = widget.logic.getParameterNode()
        parameters.inputVolume, parameters.model = node, MODEL
        self.delayDisplay(_("Contouring the phantom"))
        self.assertTrue(widget.ui.segmentButton.enabled, widget.ui.noticeLabel.text)
        widget.ui.segmentButton.click()
        self.wait(lambda: widget.ui.cancelButton.enabled)
        result = widget.logic.getParameterNode().result
        self.assertIsNotNone(result, widget.ui.progressLabel.text)
        self._compare(result, node, truth, read_stored(widget.logic.store.folder(MODEL)))
        self._review(result, widget)
        self.delayDisplay(_("Test passed"))

    def _compare(self, result: Any, node: Any, truth: Any, stored: Any) -> None:
        """As good on the phantom as the maker's installation."""
        found = MrmlBridge.labelMapFromSegmentation(result, node).labelMap.masks
        for name, wanted in stored.items():
            self.assertAlmostEqual(dice(truth.masks[name], found[name]), wanted, delta=TOLERANCE)

    def _review(self, result: Any, widget: Any) -> None:
        ids = list(result.GetSegmentation().GetSegmentIDs())
        self.assertFalse(any(Reviews.isReviewed(result, name) for name in ids))
        for name in ids:
            Reviews.setReviewed(result, name, True)
        widget.review.show(result)
        wanted = _("{done} of {all} reviewed").format(done=len(ids), all=len(ids))
        self.assertEqual(widget.ui.reviewedLabel.text, wanted)
