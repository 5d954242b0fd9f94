"""The part of a panel in which a person reviews the contours of one segmentation."""

from __future__ import annotations

from typing import Any, Optional

import slicer
from slicer.i18n import tr as _

from AutoContourRTLib import Inspection, ReviewRows, Reviews, Tables
from AutoContourRTLib.SegmentationNodes import volumesMl

REVIEWED, DOUBT, LOOK_AT = 0, 3, 4


class ReviewPanel:
    """ui: resultTable, warningsLabel, reviewedLabel, editButton, show3DButton."""

    def __init__(self, ui: Any) -> None:
        self._ui = ui
        self._isFilling = False
        self.node: Optional[Any] = None
        titles = [_("Reviewed"), _("Structure"), _("ml"), _("Doubt (mm)"), _("Look at")]
        Tables.setHeaders(ui.resultTable, titles)
        ui.resultTable.horizontalHeaderItem(DOUBT).setToolTip(ReviewRows.doubtHelp())
        ui.resultTable.connect("itemChanged(QTableWidgetItem*)", self.onReviewed)
        ui.resultTable.connect("cellClicked(int,int)", self.onClicked)
        ui.editButton.connect("clicked(bool)", self.onEdit)
        ui.show3DButton.connect("clicked(bool)", self.onShow3D)

    def show(self, segmentationNode: Optional[Any]) -> None:
        """Show a segmentation as it is now, without the ticks of what was edited since; None for
        none. Another one than before is shown alone.
        """
        node, ui = segmentationNode, self._ui
        if node:
            Reviews.withdrawOutdated(node)
            if node is not self.node:
                Inspection.showAlone(node)
        self.node, self._isFilling = node, True
        try:
            Tables.showRows(ui.resultTable, ReviewRows.reviewRows(node) if node else [])
        finally:
            self._isFilling = False
        ui.warningsLabel.text = ReviewRows.reportText(node) if node else ""
        ui.warningsLabel.visible = bool(ui.warningsLabel.text)
        ui.reviewedLabel.text = ReviewRows.reviewedText(node) if node else ""
        ui.editButton.enabled = ui.show3DButton.enabled = bool(node)
        ui.show3DButton.checked = bool(node) and Inspection.is3DShown(node)

    def onReviewed(self, item: Any) -> None:
        """A person ticked a row, or took the tick away."""
        segmentId = Tables.keyOf(item)
        if segmentId and not self._isFilling:
            Reviews.setReviewed(self.node, segmentId, Tables.isChecked(item))
            self._ui.reviewedLabel.text = ReviewRows.reviewedText(self.node)
            self._showLookAt(item.row(), segmentId)

    def _showLookAt(self, row: int, segmentId: str) -> None:
        """What there was to look at may be done."""
        volumeMl = volumesMl(self.node).get(segmentId)
        text = ReviewRows.lookAt(self.node, segmentId, volumeMl)
        Tables.setText(self._ui.resultTable.item(row, LOOK_AT), text)

    def onClicked(self, row: int, column: int) -> None:
        """Move the slice views to the structure of a row, where the model was most in doubt; a tick
        leaves them where the person looks."""
        segmentId = Tables.keyAt(self._ui.resultTable, row)
        if segmentId and column != REVIEWED:
            Inspection.lookAt(self.node, segmentId)

    def onEdit(self) -> None:
        """Correct the chosen structure in the Segment Editor."""
        table = self._ui.resultTable
        segmentId = Tables.keyAt(table, table.currentRow())
        editorNode = Inspection.prepareEditor(self.node, segmentId)
        slicer.util.selectModule("SegmentEditor")
        if segmentId:  # opened for the first time, the editor chooses the first segment
            editorNode.SetSelectedSegmentID(segmentId)

    def onShow3D(self) -> None:
        """Show or hide the surfaces."""
        with slicer.util.tryWithErrorDisplay(_("No surfaces could be made."), waitCursor=True):
            Inspection.show3D(self.node, self._ui.show3DButton.checked)
