"""The part of a panel that loads structure sets, segmentations and doses of a volume's patient."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any, List, Optional

import qt
import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTLib import Tables
from AutoContourRTLib.Cells import Cell, Row
from AutoContourRTLib.DicomDatabase import rtObjects
from AutoContourRTLib.VolumeNodes import checkVolume

#: Of a dose over the CT.
OPACITY = 0.35


class DicomPanel:
    """ui: dicomCollapsibleButton, dicomNoticeLabel, dicomTable, dicomLoadButton, dicomFileButton,
    dicomCancelButton, dicomResultLabel, slicerRtLabel.

    logic: something with load(volumeNode, path, **callbacks) and dicomDatabase.
    """

    def __init__(self, ui: Any, logic: Any) -> None:
        self._ui, self._logic = ui, logic
        self.node: Optional[Any] = None
        self._run: Optional[Any] = None
        self._isClosed = False
        titles = [_("Kind"), _("Date"), _("Description")]
        Tables.setHeaders(ui.dicomTable, titles)
        ui.slicerRtLabel.text = slicerRtText()
        ui.dicomCollapsibleButton.connect("contentsCollapsed(bool)", self.refresh)
        ui.dicomTable.connect("itemSelectionChanged()", self.onSelected)
        ui.dicomLoadButton.connect("clicked(bool)", self.onLoad)
        ui.dicomFileButton.connect("clicked(bool)", self.onFile)
        ui.dicomCancelButton.connect("clicked(bool)", self.onCancel)

    def show(self, volumeNode: Optional[Any]) -> None:
        """Offer what belongs to this volume; None for none."""
        if volumeNode is not self.node:
            self.node = volumeNode
            self.refresh()

    def close(self) -> None:
        """The panel goes away."""
        self._isClosed = True
        if self._run is not None:
            self._run.cancel()

    def refresh(self, value: Any = None) -> None:
        """Look again what there is; only where somebody sees it."""
        if self._isClosed or self._ui.dicomCollapsibleButton.collapsed:
            return
        rows, notice = self._found()
        Tables.showRows(self._ui.dicomTable, rows)
        self._ui.dicomTable.visible = bool(rows)
        self._ui.dicomNoticeLabel.text = html.escape(notice)
        self._ui.dicomNoticeLabel.visible = bool(notice)
        self._updateButtons()

    def _found(self) -> Any:
        """The rows, and why there are none."""
        try:
            checkVolume(self.node)
            found = rtObjects(self.node, self._logic.dicomDatabase)
        except InputError as error:
            return [], str(error)
        rows: List[Row] = [
            [Cell(each.kind, each.file, key=each.file), Cell(each.date),
             Cell(each.description, each.description)] for each in found
        ]  # fmt: skip
        text = _("The DICOM database has no structure set or dose of the patient of {name}.")
        return rows, "" if rows else text.format(name=repr(self.node.GetName()))

    def onSelected(self) -> None:
        """Another row."""
        self._updateButtons()

    def _updateButtons(self) -> None:
        ui, isIdle = self._ui, self._run is None
        ui.dicomLoadButton.enabled = isIdle and bool(self._chosen())
        ui.dicomFileButton.enabled = isIdle and self.node is not None
        ui.dicomCancelButton.enabled = not isIdle

    def _chosen(self) -> str:
        row = self._ui.dicomTable.currentRow()
        return Tables.keyAt(self._ui.dicomTable, row) if row >= 0 else ""

    # Buttons

    def onLoad(self) -> None:
        """Load the chosen row."""
        self._start(self._chosen())

    def onFile(self) -> None:
        """Load a file that is not in the database."""
        ask = qt.QFileDialog.getOpenFileName
        title = _("Load a structure set, dose or segmentation")
        kinds = _("DICOM (*.dcm);;All files (*)")
        path = str(ask(slicer.util.mainWindow(), title, "", kinds) or "")
        if path:
            self._start(path)

    def onCancel(self) -> None:
        """Stop; nothing is loaded."""
        self._ui.dicomResultLabel.text = _("Cancelling...")
        self._run.cancel()

    def _start(self, path: str) -> None:
        with slicer.util.tryWithErrorDisplay(_("Loading could not begin."), waitCursor=True):
            self._run = self._logic.load(
                self.node, Path(path), onProgress=self.onProgress, onDone=self.onDone,
                onFailed=self.onFailed, onCancelled=self.onCancelled,
            )  # fmt: skip
            self.onProgress(0.0, _("starting"))
        self._updateButtons()

    # What the run says

    def onProgress(self, fraction: float, message: str) -> None:
        """Where it is."""
        if not self._isClosed:
            text = f"{message[:1].upper()}{message[1:]}..."
            self._ui.dicomResultLabel.text = html.escape(text)

    def onDone(self, result: Any) -> None:
        """The node is there."""
        run, self._run = self._run, None
        self._setIdle("")  # the buttons are free, whatever goes wrong with what is said and shown
        lines = [_doseLine(result.node) if result.isDose else _structuresLine(result.node)]
        if result.renamed:
            pairs = ", ".join(f"{roi} = {segment}" for roi, segment in result.renamed)
            lines.append(_("Called by TG-263 here: {pairs}.").format(pairs=pairs))
        lines += result.warnings
        if result.isDose and slicer.app.layoutManager() is not None:
            slicer.util.setSliceViewerLayers(
                run.volumeNode, result.node, foregroundOpacity=OPACITY
            )
        elif not result.isDose:  # Review shows it alone, and on its own CT
            self._logic.getParameterNode().result = result.node
        self._setIdle("<br>".join(html.escape(line) for line in lines))

    def onFailed(self, message: str) -> None:
        """It was refused, or went wrong."""
        self._setIdle(_("Nothing was loaded."))
        slicer.util.errorDisplay(_("The file was not loaded.") + "\n\n" + message)

    def onCancelled(self, reason: str) -> None:
        """As was asked, or because the volume is gone."""
        self._setIdle(f"{_('Cancelled; nothing was loaded.')} {html.escape(reason)}".strip())

    def _setIdle(self, text: str) -> None:
        self._run = None
        if not self._isClosed:
            self._ui.dicomResultLabel.text = text
            self._updateButtons()


def slicerRtText() -> str:
    """Who loads what."""
    if hasattr(slicer.modules, "dicomrtimportexport"):
        return _("SlicerRT is installed: the module DICOM loads structure sets and doses too, as "
                 "surfaces and contours, and plans and beams besides. Here the contours become "
                 "voxels of the CT, to be reviewed, compared and exported.")  # fmt: skip
    return _("This works without SlicerRT. For plans and beams install SlicerRT, whose importer "
             "is in the module DICOM.")  # fmt: skip


def _structuresLine(node: Any) -> str:
    text = _("Loaded: {name}; structures: {n}. It is chosen in the section Review.")
    count = node.GetSegmentation().GetNumberOfSegments()
    return text.format(name=node.GetName(), n=count)


def _doseLine(node: Any) -> str:
    text = _("Loaded: {name}, in Gy, at most {highest:.2f} Gy.")
    highest = node.GetImageData().GetScalarRange()[1]
    return text.format(name=node.GetName(), highest=highest)
