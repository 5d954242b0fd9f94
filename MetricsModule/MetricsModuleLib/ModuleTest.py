"""What "Reload and Test" runs: the example, compared by the real worker."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.compare.rows import MISSING_IN_TEST, NOT_IN_REFERENCE
from AutoContourRTLib.Launcher import findLauncher
from AutoContourRTLib.WorkerTest import WorkerTest
from MetricsModuleLib import Example, Results, WorstPlace

#: Voxels of 4 mm, so that the example's shift is one voxel.
SPACING = (4.0, 4.0, 4.0)


class MetricsModuleTest(WorkerTest):
    """The same in Slicer and in the harness."""

    def runTest(self) -> None:
        """All of it."""
        self.setUp()
        self.test_ExampleIsComparedAndLookedAt()

    def test_ExampleIsComparedAndLookedAt(self) -> None:
        """Button to table, to the worst place of a structure."""
        try:
            findLauncher()
        except InputError as error:
            self.skip(str(error))
            return
        slicer.util.selectModule("MetricsModule")
        widget = slicer.modules.MetricsModuleWidget
        _volume, reference, test = Example.addExample(SPACING)
        parameters = widget.logic.getParameterNode()
        parameters.reference, parameters.test = reference, test
        self.delayDisplay(_("Comparing the example"))
        self.assertTrue(widget.ui.compareButton.enabled, widget.ui.noticeLabel.text)
        widget.ui.compareButton.click()
        self.wait(lambda: widget.ui.cancelButton.enabled)
        result = widget.logic.getParameterNode().result
        self.assertIsNotNone(result, widget.ui.progressLabel.text)
        self._compare({row.structure: row for row in Results.rowsOf(result)})
        self._look(widget)
        self.delayDisplay(_("Test passed"))

    def _compare(self, rows: Any) -> None:
        """What is known of the example."""
        self.assertEqual(rows["Brain"]["dice"], 1.0)
        self.assertEqual(rows["Brain"]["hd_mm"], 0.0)
        self.assertAlmostEqual(rows["Parotid_L"]["shift_lr_mm"], Example.SHIFT_MM, places=6)
        self.assertAlmostEqual(rows["Parotid_L"]["hd_mm"], Example.SHIFT_MM, places=6)
        self.assertAlmostEqual(rows["Esophagus"]["hd_mm"], Example.SHORTER_MM, delta=SPACING[0])
        self.assertEqual(rows["Eye_R"].state, MISSING_IN_TEST)
        self.assertEqual(rows["OpticChiasm"].state, NOT_IN_REFERENCE)

    def _look(self, widget: Any) -> None:
        """The row of the oesophagus, whose worst place is its upper end."""
        rows = Results.rowsOf(widget.result.node)
        row = next(row for row in rows if row.structure == "Esophagus")
        widget.result.look(row)
        marker = WorstPlace.marker(slicer.mrmlScene)
        self.assertEqual(marker.GetNumberOfControlPoints(), 1)
        place = [0.0, 0.0, 0.0]
        marker.GetNthControlPointPositionWorld(0, place)
        for found, wanted, spacing in zip(place, WorstPlace.placeOf(row), SPACING):
            self.assertAlmostEqual(found, wanted, delta=spacing / 2 + 1e-6)
