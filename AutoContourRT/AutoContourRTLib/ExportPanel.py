"""The part of a panel that exports contours as DICOM: a structure set, or a segmentation."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any, List, Optional, Tuple

import qt
import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.segmentation.export_service import RTSTRUCT, SEG
from AutoContourRTCore.volumes.dicom.roi_names import write_name_map
from AutoContourRTCore.volumes.dicom.rtstruct_write import Export
from AutoContourRTLib import Belonging, RtStructExport
from AutoContourRTLib.Dependencies import isInstalled
from AutoContourRTLib.DicomProvenance import dicomFiles
from AutoContourRTLib.FileNames import fileName
from AutoContourRTLib.SegmentationNodes import segmentNames


class ExportPanel:
    """ui: exportKindComboBox, structureSetLineEdit, nameMapPathLineEdit, newNameMapButton,
    bodyCheckBox, tieButton, ctFolderLabel, ctFolderPathLineEdit, exportNoticeLabel, rtstructButton,
    exportCancelButton, exportResultLabel.

    logic: something with export(node, options, **callbacks) and dicomDatabase.
    """

    def __init__(self, ui: Any, logic: Any) -> None:
        self._ui, self._logic = ui, logic
        self.node: Optional[Any] = None
        self._run: Optional[Any] = None
        self._isClosed = False
        ui.exportKindComboBox.addItem(_("Structure set (RTSTRUCT)"), RTSTRUCT)
        ui.exportKindComboBox.addItem(_("Segmentation (DICOM SEG)"), SEG)
        ui.exportKindComboBox.connect("currentIndexChanged(int)", self.refresh)
        ui.rtstructButton.connect("clicked(bool)", self.onExport)
        ui.exportCancelButton.connect("clicked(bool)", self.onCancel)
        ui.newNameMapButton.connect("clicked(bool)", self.onNewNameMap)
        ui.tieButton.connect("clicked(bool)", self.onTie)
        ui.bodyCheckBox.connect("toggled(bool)", self.refresh)
        ui.structureSetLineEdit.connect("textChanged(QString)", self.refresh)
        for edit in (ui.nameMapPathLineEdit, ui.ctFolderPathLineEdit):
            edit.connect("currentPathChanged(QString)", self.refresh)
            edit.connect("validInputChanged(bool)", self.refresh)  # all that an empty path tells

    def show(self, segmentationNode: Optional[Any]) -> None:
        """Offer this segmentation as it is now; None for none."""
        if segmentationNode is not self.node and self._run is None:
            self._ui.exportResultLabel.text = ""
        self.node = segmentationNode
        self.refresh()

    def close(self) -> None:
        """The panel goes away."""
        self._isClosed = True
        if self._run is not None:
            self._run.cancel()

    # What can be done, and why not

    def refresh(self, value: Any = None) -> None:
        """Look again whether the segmentation can be exported."""
        ui = self._ui
        hasOutline = self.node is not None and RtStructExport.hasOutline(self.node)
        ui.bodyCheckBox.enabled = not hasOutline
        isStructureSet = self._kind() == RTSTRUCT
        ui.structureSetLineEdit.enabled = isStructureSet
        ui.rtstructButton.text = _("Export RTSTRUCT...") if isStructureSet else _("Export SEG...")
        volume = Belonging.likelyVolume(self.node) if self.node is not None else None
        ui.tieButton.visible = volume is not None
        if volume is not None:
            text = _("{node} belongs to {volume}")
            ui.tieButton.text = text.format(node=self.node.GetName(), volume=volume.GetName())
        lines = self._problems()
        ui.exportNoticeLabel.text = "<br>".join(html.escape(line) for line in lines)
        ui.exportNoticeLabel.visible = bool(lines)
        ui.rtstructButton.enabled = not lines and self._run is None
        ui.exportCancelButton.enabled = self._run is not None

    def _problems(self) -> List[str]:
        """Why the export cannot begin, in sentences; nothing where it can."""
        reason = self._missingSlices()
        ui = self._ui
        ui.ctFolderLabel.visible = ui.ctFolderPathLineEdit.visible = bool(reason)
        if self.node is None:
            return [_("Choose contours above, in the section Review.")]
        try:
            RtStructExport.checkNodes(self.node)
            self._checkKind()
            names = RtStructExport.unfitNames(
                self.node, self._nameMap(), self._withBody(), self._kind()
            )
        except InputError as error:
            return [str(error)]
        lines = [self._nameLine(why, proposal) for why, proposal in names]
        if names:
            lines.append(_("Rename the segments, or choose a name map."))
        if reason and not ui.ctFolderPathLineEdit.currentPath:
            ask = _("The file must name the CT's slices. Choose the folder of their DICOM files, "
                    "or load the CT with the module DICOM and contour it.")  # fmt: skip
            lines += [reason, ask]
        return lines

    def _checkKind(self) -> None:
        """Raise InputError for what the chosen kind of file does not take."""
        if self._kind() == RTSTRUCT:
            Export(label=self._ui.structureSetLineEdit.text)
        elif not isInstalled("highdicom"):
            raise InputError(_(
                "DICOM segmentations are written by the Python package highdicom (0.25 or newer, "
                "Slicer 5.10 or newer), which is not installed. Install it in the Python console: "
                "slicer.util.pip_install('highdicom>=0.25'), or export an RTSTRUCT."
            ))  # fmt: skip

    def _kind(self) -> str:
        return str(self._ui.exportKindComboBox.currentData or RTSTRUCT)

    def _missingSlices(self) -> str:
        """Why the volume does not lead to its DICOM files; "" where it does, or without one."""
        if self.node is None:
            return ""
        try:
            volumeNode = RtStructExport.checkNodes(self.node)
        except InputError:
            return ""
        try:
            dicomFiles(volumeNode, self._logic.dicomDatabase)
        except InputError as error:
            return str(error)
        return ""

    def _nameLine(self, why: str, proposal: str) -> str:
        return _("{why}; for example {proposal}.").format(why=why, proposal=proposal)

    def _withBody(self) -> bool:
        return bool(self._ui.bodyCheckBox.checked and self._ui.bodyCheckBox.enabled)

    def _nameMap(self) -> str:
        return str(self._ui.nameMapPathLineEdit.currentPath)

    # Buttons

    def onNewNameMap(self) -> None:
        """A name map of the segments' names, to be edited in a spreadsheet."""
        names = segmentNames(self.node) if self.node is not None else []
        path = self._ask(_("New name map"), "names.csv", _("Name maps (*.csv)"))
        if path:
            with slicer.util.tryWithErrorDisplay(_("No name map was written.")):
                every = [*names, *(["Body"] if self._withBody() else [])]
                write_name_map(every, Path(path), *RtStructExport.looks(self.node))
                self._ui.nameMapPathLineEdit.currentPath = path
                self.refresh()

    def onTie(self) -> None:
        """The contours were drawn on the volume that the button names."""
        volume = Belonging.likelyVolume(self.node) if self.node is not None else None
        if volume is not None:
            Belonging.tie(self.node, volume)
        self.refresh()

    def onExport(self) -> None:
        """Ask what has to be asked, and begin."""
        self.refresh()
        node = self.node  # another may come while a dialog is open
        if not self._ui.rtstructButton.enabled or not self._agreedToUnreviewed(node):
            return
        byHand = self._drawnByHand(node)
        if byHand is None:
            return
        isStructureSet = self._kind() == RTSTRUCT
        name = fileName(f"{'RS' if isStructureSet else 'SEG'} {node.GetName()}") + ".dcm"
        title = _("Export a structure set") if isStructureSet else _("Export a segmentation")
        path = self._ask(title, name, _("DICOM (*.dcm)"))
        if not path:
            return
        output = Path(path)
        if output.suffix.lower() != RtStructExport.SUFFIX:
            output = output.with_name(output.name + RtStructExport.SUFFIX)
        if self._agreedToReplace(output, isAsked=output == Path(path)):
            self._start(node, output, byHand)

    def onCancel(self) -> None:
        """Stop, where it is not too late."""
        self._run.cancel()

    def _agreedToUnreviewed(self, node: Any) -> bool:
        names = RtStructExport.unreviewed(node)
        if not names:
            return True
        question = _("Nobody has reviewed these contours yet:\n\n{names}\n\nExport them anyway?")
        text = question.format(names="\n".join(names))
        return bool(slicer.util.confirmOkCancelDisplay(text))

    def _drawnByHand(self, node: Any) -> Optional[Tuple[str, ...]]:
        """Segments that a person drew, as the user says; None where they are of unknown origin,
        which a DICOM segmentation cannot tell. A structure set may leave it open.
        """
        unknown = RtStructExport.unknownOrigin(node) if self._kind() == SEG else []
        if not unknown:
            return ()
        question = _("A DICOM segmentation says how its contours came about. These were not made "
                     "by this extension:\n\n{names}\n\nDid a person draw them by hand? If not, "
                     "export an RTSTRUCT, which may leave it open.")  # fmt: skip
        text = question.format(names="\n".join(unknown))
        return tuple(unknown) if slicer.util.confirmYesNoDisplay(text) else None

    def _agreedToReplace(self, output: Path, isAsked: bool) -> bool:
        """isAsked: the file dialog has asked for the DICOM file itself already."""
        beside = RtStructExport.archiveOf(output)
        there = [each for each in ([beside] if isAsked else [output, beside]) if each.exists()]
        if not there:
            return True
        question = _("These files are there already:\n\n{files}\n\nReplace them?")
        text = question.format(files="\n".join(map(str, there)))
        return bool(slicer.util.confirmOkCancelDisplay(text))

    def _start(self, node: Any, output: Path, byHand: Tuple[str, ...]) -> None:
        ui = self._ui
        options = RtStructExport.ExportOptions(
            output, str(ui.ctFolderPathLineEdit.currentPath), ui.structureSetLineEdit.text,
            self._nameMap(), self._withBody(), self._kind(), byHand,
        )  # fmt: skip
        with slicer.util.tryWithErrorDisplay(_("The export could not begin."), waitCursor=True):
            self._run = self._logic.export(
                node, options, onProgress=self.onProgress, onDone=self.onDone,
                onFailed=self.onFailed, onCancelled=self.onCancelled,
            )  # fmt: skip
            self.onProgress(0.0, _("starting"))
        self.refresh()

    def _ask(self, title: str, name: str, kinds: str) -> str:
        ask = qt.QFileDialog.getSaveFileName
        return str(ask(slicer.util.mainWindow(), title, name, kinds) or "")

    # What the run says

    def onProgress(self, fraction: float, message: str) -> None:
        """Where it is."""
        if not self._isClosed:
            text = f"{message[:1].upper()}{message[1:]}..."
            self._ui.exportResultLabel.text = html.escape(text)

    def onDone(self, result: Any) -> None:
        """The file is there."""
        text = _("Written: {path}, with {n} structures, not approved. Their masks lie beside it.")
        written = text.format(path=result.output, n=len(result.structures))
        self._setIdle("<br>".join(html.escape(line) for line in (written, *result.warnings)))

    def onFailed(self, message: str) -> None:
        """It was refused, or went wrong."""
        self._setIdle(_("Nothing was exported."))
        slicer.util.errorDisplay(_("The contours were not exported.") + "\n\n" + message)

    def onCancelled(self, isWritten: bool) -> None:
        """As was asked, perhaps too late."""
        late = _("It was too late to cancel: the file was written already.")
        self._setIdle(late if isWritten else _("Cancelled; nothing was exported."))

    def _setIdle(self, text: str) -> None:
        self._run = None
        if not self._isClosed:
            self._ui.exportResultLabel.text = text
            self.refresh()
