"""What "Reload and Test" runs: the phantom, contoured by the real worker, and its review."""

from __future__ import annotations

import logging
import os
import time
from typing import Any

import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest

from AutoContourRTCore.metrics.measures import dice
from AutoContourRTCore.phantom import make_phantom
from AutoContourRTCore.self_test import TOLERANCE, read_stored
from AutoContourRTLib import MrmlBridge, ReviewRows, SamplePhantom

#: Set it where a test without the worker counts as failed.
NEEDS_WORKER = "AUTOCONTOURRT_TEST_NEEDS_WORKER"
MODEL = "head_neck_7"
MOST_SECONDS = 600.0


class AutoContourRTTest(ScriptedLoadableModuleTest):
    """The same in Slicer and in the harness: not accuracy, but whether it works as at its maker's.
    """

    def setUp(self) -> None:
        slicer.mrmlScene.Clear()

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
            self._skip(_("the worker lacks {names}").format(names=", ".join(missing)))
            return
        volume, truth = make_phantom()
        node = SamplePhantom.addVolume(volume, SamplePhantom.NAME)
        parameters = widget.logic.getParameterNode()
        parameters.inputVolume, parameters.model = node, MODEL
        self.delayDisplay(_("Contouring the phantom"))
        self.assertTrue(widget.ui.segmentButton.enabled, widget.ui.noticeLabel.text)
        widget.ui.segmentButton.click()
        self._wait(lambda: widget.ui.cancelButton.enabled)
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
        self.assertFalse(any(ReviewRows.isReviewed(result, name) for name in ids))
        for name in ids:
            ReviewRows.setReviewed(result, name, True)
        widget.review.show(result)
        wanted = _("{done} of {all} reviewed").format(done=len(ids), all=len(ids))
        self.assertEqual(widget.ui.reviewedLabel.text, wanted)

    def _wait(self, isBusy: Any) -> None:
        end = time.monotonic() + MOST_SECONDS
        while isBusy():
            self.assertLess(time.monotonic(), end, _("The worker did not come to an end."))
            slicer.app.processEvents()
            time.sleep(0.01)

    def _skip(self, reason: str) -> None:
        text = _("Test skipped: {reason}").format(reason=reason)
        self.assertFalse(os.environ.get(NEEDS_WORKER), text)
        logging.warning(text)
        self.delayDisplay(text)
