"""The part of the panel in which a case is corrected: structure, way, keys, review, box, editor."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, Iterator, Optional

import slicer
from slicer.i18n import tr as _

from CorrectiveTrainingLib import Strokes, Texts, Views
from CorrectiveTrainingLib.Boxes import boxOf, showBox
from CorrectiveTrainingLib.Keys import EDITOR, ROOTPAINTER, Keys
from CorrectiveTrainingLib.Session import Session

EDITOR_NODE = "CorrectiveTraining"
#: Effects that go on in the next case; others would do something to it at once.
BRUSHES = ("Paint", "Erase", "Draw")


class CorrectPanel:
    """ui: what lies in correctCollapsibleButton. onKeys(which): the user chose a set of keys."""

    def __init__(self, ui: Any, session: Session, onKeys: Callable[[str], None]) -> None:
        self._ui, self._session, self._onKeys = ui, session, onKeys
        self._isFilling = self._isEntered = False
        self._roi: Optional[Any] = None
        self._editorNode: Optional[Any] = None
        self._editorTag = 0
        self._brush = ("", "")  # the effect that is active, and the segment it draws into
        actions = [self.onForeground, self.onBackground, self.onEraser, self.onUndo]
        self.keys = Keys(dict(zip("QWEZ", actions)))
        ui.keysComboBox.addItem(_("RootPainter: Q, W, E, Z"), ROOTPAINTER)
        ui.keysComboBox.addItem(_("Segment Editor's own"), EDITOR)
        ui.editor.undoEnabled = False  # ours reaches further back, and knows single structures
        ui.editor.setMaximumNumberOfUndoStates(0)
        ui.editor.segmentationNodeSelectorVisible = False
        ui.editor.sourceVolumeNodeSelectorVisible = False
        ui.editor.switchToSegmentationsButtonVisible = False
        # Without a case the hidden selector takes up any segmentation that comes: let it not turn
        # the views to that one's volume.
        ui.editor.autoShowSourceVolumeNode = False
        self._connect()

    def _connect(self) -> None:
        ui = self._ui
        ui.structureComboBox.connect("currentIndexChanged(int)", self.onStructure)
        ui.keysComboBox.connect("currentIndexChanged(int)", self.onKeysChosen)
        ui.paintRadioButton.connect("toggled(bool)", self.onWay)
        ui.sliceReviewedCheckBox.connect("clicked(bool)", self.onSliceReviewed)
        for button, callback in (
            (ui.foregroundButton, self.onForeground), (ui.backgroundButton, self.onBackground),
            (ui.eraserButton, self.onEraser), (ui.undoButton, self.onUndo),
            (ui.redoButton, self.onRedo), (ui.caseReviewedButton, self.onCaseReviewed),
            (ui.boxButton, self.onBox), (ui.predictButton, self.onPredict),
        ):  # fmt: skip
            button.connect("clicked(bool)", callback)

    # Life

    def enter(self, keys: str) -> None:
        """The module is shown: the chosen set of keys works."""
        self._isEntered = True
        self.useEditorNode()
        self._ui.editor.setupViewObservations()
        self.useKeys(keys)

    def exit(self) -> None:
        """The module is left: no keys of ours, no effect that goes on painting."""
        self._isEntered = False
        self._ui.editor.setActiveEffectByName("")
        self._ui.editor.uninstallKeyboardShortcuts()
        self.keys.uninstall()
        self._ui.editor.removeViewObservations()

    def useKeys(self, which: str) -> None:
        """One set of keys, never both: two equal shortcuts silence each other."""
        combo = self._ui.keysComboBox
        with self._filling():
            combo.currentIndex = max(0, combo.findData(which))
        self.keys.uninstall()
        self._ui.editor.uninstallKeyboardShortcuts()
        if not self._isEntered:
            return
        if which == EDITOR:
            if self._session.case is not None:
                self._ui.editor.installKeyboardShortcuts()
        else:
            self.keys.install()

    # What is shown

    def showCase(self) -> None:
        """Another case, or none, is open."""
        case, (effect, segment) = self._session.case, self._brush
        self._removeBox()
        with self._filling():
            self._ui.structureComboBox.clear()
            for name in () if case is None else case.corrections:
                self._ui.structureComboBox.addItem(name, name)
        self._ui.correctCollapsibleButton.enabled = case is not None
        self.useKeys(self._ui.keysComboBox.currentData)
        if case is None:
            self._brush = ("", "")
            if self._editorNode is not None:
                self._ui.editor.setActiveEffectByName("")
                self._ui.editor.setSegmentationNode(None)
            return
        box = self._session.project.case(case.id).box
        if box is not None:
            self._roi = showBox(case.volume, box)
        self._giveToEditor()
        if self._isEntered and effect in BRUSHES and box is None:
            self._goOn(effect, segment)

    def refresh(self) -> None:
        """The case as it is now."""
        case, ui = self._session.case, self._ui
        ui.caseLabel.text = Texts.caseSentence(case)
        ui.boxButton.checked = self._shownBox() is not None
        if case is None:
            return
        with self._filling():
            combo = ui.structureComboBox
            combo.currentIndex = max(0, combo.findData(case.structure))
        ui.undoButton.enabled = case.correction.can_undo
        ui.redoButton.enabled = case.correction.can_redo
        self.refreshSlice()

    def refreshSlice(self) -> None:
        """Whether the slice that is shown was reviewed."""
        case, box = self._session.case, self._ui.sliceReviewedCheckBox
        index = None if case is None or not case.isInScene() else Views.sliceIndex(case.volume)
        box.enabled = index is not None
        box.checked = index is not None and case.isReviewed(index)

    # The editor

    def useEditorNode(self) -> None:
        """The editor's node of this module, with overwrite mode None: Slicer's own choice erases
        the neighbours of what is painted."""
        scene, kind = slicer.mrmlScene, "vtkMRMLSegmentEditorNode"
        node = scene.GetSingletonNode(EDITOR_NODE, kind)
        if node is None:
            node = scene.CreateNodeByClass(kind)
            node.UnRegister(None)
            node.SetSingletonTag(EDITOR_NODE)
            node.SetSaveWithScene(False)
            node = scene.AddNode(node)
        node.SetOverwriteMode(node.OverwriteNone)
        if node is not self._editorNode:
            self.forgetEditorNode()
            self._editorNode = node
            self._ui.editor.setMRMLSegmentEditorNode(node)
            self._editorTag = node.AddObserver("ModifiedEvent", self._onEditorNode)
            if self._session.case is not None:
                self._giveToEditor()

    def forgetEditorNode(self) -> None:
        """The scene is about to take the editor's node away."""
        if self._editorNode is not None:
            self._editorNode.RemoveObserver(self._editorTag)
            self._editorNode = None
            self._ui.editor.setMRMLSegmentEditorNode(None)

    def _giveToEditor(self) -> None:
        """The node of the chosen way, and the segment in it."""
        case = self._session.case
        if case is None or self._editorNode is None:
            return
        with self._filling():
            isPainting = self._ui.paintRadioButton.checked
            node = case.marks if isPainting else case.contours
            if self._ui.editor.segmentationNode() is not node:
                self._ui.editor.setSegmentationNode(node)
            self._ui.editor.setSourceVolumeNode(case.volume)
            wanted = case.structure
            if isPainting:
                now = self._ui.editor.currentSegmentID()
                wanted = now if now in Strokes.COLORS else Strokes.FOREGROUND_ID
            self._ui.editor.setCurrentSegmentID(wanted)

    def _goOn(self, effect: str, segment: str) -> None:
        """With the brush of the case before; Slicer's editor puts it down with each segmentation.
        """
        if segment in Strokes.COLORS and self._ui.paintRadioButton.checked:
            self._ui.editor.setCurrentSegmentID(segment)
        self._ui.editor.setActiveEffectByName(effect)

    def _onEditorNode(self, caller: Any, event: Any) -> None:
        """The user chose another structure in the editor's own list, or another effect."""
        case = self._session.case
        if case is None or self._isFilling or not case.isInScene():
            return
        segmentId = self._editorNode.GetSelectedSegmentID()
        self._brush = (self._editorNode.GetActiveEffectName() or "", segmentId)
        isContours = self._editorNode.GetSegmentationNode() is case.contours
        if isContours and segmentId in case.corrections and segmentId != case.structure:
            self._select(segmentId)

    # What the user does

    def onStructure(self, index: int) -> None:
        """Another structure."""
        if not self._isFilling and self._ui.structureComboBox.currentData:
            self._select(self._ui.structureComboBox.currentData)

    def _select(self, structure: str) -> None:
        try:
            failed = _("The last edit was not saved; it is still shown.")
            with slicer.util.tryWithErrorDisplay(failed):
                self._session.case.select(structure)
        finally:  # the panel and the editor show what the case says, also where it refused
            self._giveToEditor()
            self.refresh()

    def onKeysChosen(self, index: int) -> None:
        """Another set of keys."""
        if not self._isFilling:
            self._onKeys(self._ui.keysComboBox.currentData)

    def onWay(self, isPainting: bool) -> None:
        """Paint, or edit the contour."""
        self._ui.editor.setActiveEffectByName("")
        self._giveToEditor()

    def onForeground(self) -> None:
        """Paint where the structure is."""
        self._paint(Strokes.FOREGROUND_ID)

    def onBackground(self) -> None:
        """Paint where it is not."""
        self._paint(Strokes.BACKGROUND_ID)

    def onEraser(self) -> None:
        """Paint away marks."""
        self._paint(Strokes.ERASER_ID)

    def _paint(self, segmentId: str) -> None:
        if self._session.case is None or self._editorNode is None:
            return
        self._ui.paintRadioButton.checked = True
        self._giveToEditor()
        self._ui.editor.setCurrentSegmentID(segmentId)
        self._ui.editor.setActiveEffectByName("Paint")

    def onUndo(self) -> None:
        """Take the last change of the structure back."""
        if self._session.case is not None:
            with slicer.util.tryWithErrorDisplay(_("Nothing was taken back.")):
                self._session.case.undo()

    def onRedo(self) -> None:
        """Make it again."""
        if self._session.case is not None:
            with slicer.util.tryWithErrorDisplay(_("Nothing was made again.")):
                self._session.case.redo()

    def onSliceReviewed(self, isConfirmed: bool) -> None:
        """The slice is right as it is."""
        case = self._session.case
        try:
            with slicer.util.tryWithErrorDisplay(_("The slice was not marked.")):
                case.review(Views.sliceIndex(case.volume), isConfirmed)
        finally:
            self.refresh()

    def onCaseReviewed(self) -> None:
        """Everything of the case is right."""
        with slicer.util.tryWithErrorDisplay(_("The case was not saved; what you drew is kept.")):
            self._session.save(reviewed=True)

    def onBox(self) -> None:
        """Show a box, or take it away: everything is predicted then."""
        case = self._session.case
        if self._shownBox() is None:
            self._ui.editor.setActiveEffectByName("")  # it would paint where the box is dragged
            self._roi = showBox(case.volume, self._session.project.case(case.id).box)
        else:
            self._removeBox()
        self._ui.boxButton.checked = self._roi is not None

    def onPredict(self) -> None:
        """Predict this case inside the box."""
        case = self._session.case
        with slicer.util.tryWithErrorDisplay(_("The case is not predicted.")):
            self._session.setBox(boxOf(self._shownBox(), case.volume))

    def _shownBox(self) -> Optional[Any]:
        """The box; None also where somebody deleted it in another module."""
        if self._roi is not None and self._roi.GetScene() is None:
            self._roi = None
        return self._roi

    def _removeBox(self) -> None:
        if self._shownBox() is not None:
            slicer.mrmlScene.RemoveNode(self._roi)
        self._roi = None

    @contextmanager
    def _filling(self) -> Iterator[None]:
        before, self._isFilling = self._isFilling, True
        try:
            yield
        finally:
            self._isFilling = before
