"""What "Reload and Test" runs: a project, a correction, its undo, and the project again."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest

from AutoContourRTCore.correction.records import CORRECTED
from AutoContourRTCore.correction.setup import correction_recipe
from AutoContourRTCore.phantom import make_phantom
from AutoContourRTLib import SamplePhantom
from CorrectiveTrainingLib import Segments

STRUCTURE = "Parotid_L"


class CorrectiveTrainingTest(ScriptedLoadableModuleTest):
    """The same in Slicer and in the harness; nothing is trained, so that no package is needed."""

    def setUp(self) -> None:
        slicer.mrmlScene.Clear()

    def runTest(self) -> None:
        """All of it."""
        self.setUp()
        self.test_ACorrectionIsKeptTakenBackAndFoundAgain()

    def test_ACorrectionIsKeptTakenBackAndFoundAgain(self) -> None:
        """A contour drawn in the node is in the project at once, also after the project is closed.
        """
        slicer.util.selectModule("CorrectiveTraining")
        session = slicer.modules.CorrectiveTrainingWidget.logic.session
        session.close()
        session.trainsByItself = False
        volume, truth = make_phantom()
        folder = Path(tempfile.mkdtemp()) / "project"
        try:
            session.createProject(folder, [STRUCTURE], correction_recipe("default", small=True))
            caseId = session.addVolumeNode(SamplePhantom.addVolume(volume, "Phantom"))
            self.delayDisplay(_("Correcting the phantom"))
            session.open(caseId)
            drawn = truth.masks[STRUCTURE]
            Segments.setMask(session.case.contours, STRUCTURE, drawn, session.case.geometry)
            session.case.takeEdits()
            self._compare(session, drawn)
            session.case.undo()
            self._compare(session, np.zeros_like(drawn))
            session.case.redo()
            session.save()
            self.assertEqual(session.project.state(caseId), CORRECTED)
            session.openProject(folder)
            session.open(caseId)
            self._compare(session, drawn)
        finally:
            session.close()
            shutil.rmtree(folder.parent, ignore_errors=True)
        self.delayDisplay(_("Test passed"))

    def _compare(self, session: object, drawn: np.ndarray) -> None:
        """Project and node hold exactly this contour."""
        case = session.case  # type: ignore[attr-defined]
        self.assertTrue(np.array_equal(case.correction.corrected, drawn))
        shown = Segments.masksOf(case.contours, case.volume, [STRUCTURE])[STRUCTURE]
        self.assertTrue(np.array_equal(shown, drawn))
