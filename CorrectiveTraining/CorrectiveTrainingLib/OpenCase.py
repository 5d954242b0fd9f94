"""The case that is open: its nodes in the scene, and its corrections in the project.

Four nodes: the image; the prediction, which nobody edits; the contours (a segment a structure, as
corrected), which any Segment Editor effect may change; the marks of the selected structure, to
paint foreground and background. The project is the truth: each edit of a node is taken over into
the journal at once, and the nodes then show what the project holds.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import (
    Any,
    Callable,
    Collection,
    Dict,
    Iterator,
    List,
    Mapping,
    Optional,
    Set,
    Tuple,
)

import numpy as np
from slicer.i18n import tr as _

from AutoContourRTCore.correction.annotation import Part
from AutoContourRTCore.correction.editing import Correction, take_edit
from AutoContourRTCore.correction.records import CaseRecord
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.volume import Volume
from AutoContourRTLib.Layers import Layer
from AutoContourRTLib.SamplePhantom import addVolume
from AutoContourRTLib.VolumeNodes import geometryOfVolumeNode
from CorrectiveTrainingLib import Segments, Strokes
from CorrectiveTrainingLib.EditWatch import EditWatch
from CorrectiveTrainingLib.Strays import straysOf, strayText
from CorrectiveTrainingLib.Unsaved import Unsaved

#: Structure -> number of voxels that an edit of another structure changed.
Others = Dict[str, int]
PREDICTION_LIGHTER = 0.55


class OpenCase:
    """confirm(others): shows the changes of other structures, returns those that are meant.

    onChanged(): the corrections changed. onProblem(message): an edit could not be taken over now,
    see Unsaved; or the user drew where the project takes nothing. `structure`: the selected one.
    """

    def __init__(
        self,
        case: CaseRecord,
        volume: Volume,
        corrections: Dict[str, Correction],
        structure: str,
        confirm: Callable[[Others], Collection[str]],
        onChanged: Callable[[], None],
        onProblem: Callable[[str], None],
    ) -> None:
        self.id, self.name, self.corrections = case.id, case.name, corrections
        #: Where the masks lie, wherever somebody moves the volume node.
        self.geometry = case.image.geometry
        self.structure = structure if structure in corrections else next(iter(corrections))
        self._confirm, self._onChanged, self._onProblem = confirm, onChanged, onProblem
        self.unsaved = Unsaved(self._onEdit, onProblem)
        self.confirmedAbsent: Set[str] = set()  # empty contours that the user meant
        self.isTaking = False  # a question may be open then: what it is about must not change
        self._told: Set[Tuple[str, str]] = set()  # strays: node ID, segment ID
        self._stamps: Dict[str, int] = {}  # of the contours as they were last seen
        self._boxes = {name: Segments.NOWHERE for name in corrections}  # where they lie
        self._markBox = Segments.NOWHERE  # where the marks lie
        self.volume = addVolume(volume, case.name)
        for node in (self.volume, self.volume.GetDisplayNode()):
            node.SetSaveWithScene(False)
        titles = {
            "prediction": _("{case} prediction"), "contours": _("{case} contours"),
            "marks": _("{case} marks"),
        }  # fmt: skip
        names = {what: title.format(case=case.name) for what, title in titles.items()}
        self.prediction = self._segments(names["prediction"], PREDICTION_LIGHTER, isHidden=True)
        self.contours = self._segments(names["contours"])
        self.marks = Segments.addSegments(self.volume, names["marks"], Strokes.COLORS)
        self.watch = EditWatch([self.contours, self.marks], self._onEdit)
        try:
            self.refresh()
        except Exception:
            self.remove()
            raise

    @property
    def correction(self) -> Correction:
        """Of the selected structure."""
        return self.corrections[self.structure]

    @property
    def nodes(self) -> list:
        """All nodes of the case."""
        return [self.marks, self.contours, self.prediction, self.volume]

    def select(self, structure: str) -> None:
        """Correct another structure from now on. Raises InputError."""
        self.takeEdits()
        self.structure = structure
        self._showMarks(self._extent(structure))

    # Edits

    def takeEdits(self) -> None:
        """Take over what was edited in the nodes and not seen yet. Raises InputError.

        Strokes first: a contour that is taken over shows the marks anew.
        """
        if self.isTaking:
            return
        self._restoreLabelmaps()
        with self.unchanged():
            before = [len(c.journal) for c in self.corrections.values()]
            if self.watch.changed(self.marks):
                self._takeMarks()
            if self.watch.changed(self.contours):
                self._takeContours()
        self.unsaved.over()
        if before != [len(c.journal) for c in self.corrections.values()]:
            self._onChanged()
        self._tellStrays()

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """A prediction that comes meanwhile has to wait."""
        self.isTaking = True
        try:
            yield
        finally:
            self.isTaking = False

    def refuseStrays(self) -> None:
        """Raises InputError where segments were added, which would be lost with the case."""
        found = [(node, straysOf(node, wanted), wanted) for node, wanted in self._wanted()]
        texts = [strayText(*each) for each in found if each[1]]
        if texts:
            raise InputError("\n\n".join(texts))

    def _tellStrays(self) -> None:
        """Each once, as soon as something is drawn in it."""
        before, self._told = self._told, set()
        for node, wanted in self._wanted():
            strays = straysOf(node, wanted)
            self._told |= {(node.GetID(), stray) for stray in strays}
            new = [stray for stray in strays if (node.GetID(), stray) not in before]
            if new:
                self._onProblem(strayText(node, new, wanted))

    def _wanted(self) -> List[Tuple[Any, Mapping[str, Segments.Color]]]:
        """The nodes that are edited, and what each is to hold: segment ID -> colour."""
        structures = {name: Segments.colorOf(name) for name in self.corrections}
        return [(self.contours, structures), (self.marks, Strokes.COLORS)]

    def _onEdit(self) -> None:
        try:
            self.takeEdits()
        except InputError as error:
            self.unsaved.found(str(error))

    def _takeContours(self) -> None:
        """The selected structure's changes; those of others once they were confirmed."""
        changed = [
            name for name in self.corrections
            if Segments.stamp(self.contours, name) != self._stamps.get(name)
        ]
        layers = self._read(self.contours, changed)
        part = Segments.around(
            [*map(Segments.boxOf, layers.values()), *(self._boxes[name] for name in changed)]
        )
        if part is not None:
            after = {name: Segments.inPart(layer, part) for name, layer in layers.items()}
            try:
                self._takeMasks(after, part)
            finally:
                self._showMarks(part)
        self.watch.clear(self.contours)
        self._restoreSegments()
        for name in changed if part is not None else ():
            self._showContour(name, part, after.get(name))
        self._stamps = {name: Segments.stamp(self.contours, name) for name in self.corrections}

    def _takeMasks(self, after: Dict[str, np.ndarray], part: Part) -> None:
        """Structure -> its mask in a part, outside of which nothing changed."""
        if self.structure not in self._ids(self.contours):
            return  # the segment was deleted, which is no correction
        after.setdefault(self.structure, self.correction.annotation.corrected_in(part))
        others = take_edit(self.corrections, after, self.structure, part=part)
        if others:
            meant = self._confirm(others)
            take_edit(self.corrections, after, self.structure, meant, part)

    def _takeMarks(self) -> None:
        layers = self._read(self.marks, Strokes.COLORS)
        part = Segments.around([*map(Segments.boxOf, layers.values()), self._markBox])
        if part is not None and len(layers) == len(Strokes.COLORS):
            painted = {name: Segments.inPart(layer, part) for name, layer in layers.items()}
            marks = self.correction.annotation.marks[part]
            for voxels, mark in Strokes.strokes(marks, painted):
                self.correction.paint(voxels, mark, part)
                self._showStroke(voxels, part)
        self.watch.clear(self.marks)
        self._restoreSegments()
        self._showMarks(part)

    def undo(self) -> bool:
        """Take the last change of the selected structure back; False: there is none."""
        self.takeEdits()
        return self._after(self.correction.undo())

    def redo(self) -> bool:
        """Make the last undone change of the selected structure again."""
        self.takeEdits()
        return self._after(self.correction.redo())

    def _after(self, isDone: bool) -> bool:
        if isDone:
            self._showContour(self.structure, self._extent(self.structure))
            self._showMarks(self._extent(self.structure))
            self._onChanged()
        return isDone

    # Review

    def review(self, index: int, isConfirmed: bool = True) -> None:
        """Confirm slice k = index of the selected structure, or take that back. InputError."""
        self.takeEdits()
        if self.correction.review([index], isConfirmed):
            self._onChanged()

    def isReviewed(self, index: int) -> bool:
        """Whether slice k = index of the selected structure is confirmed."""
        reviewed = self.correction.annotation.reviewed
        return bool(0 <= index < len(reviewed) and reviewed[index])

    def absent(self, isAllReviewed: bool = False) -> List[str]:
        """The structures that are said to be right although nothing of them is drawn.

        isAllReviewed: as if all slices were confirmed.
        """
        return [
            name for name, correction in self.corrections.items()
            if (isAllReviewed or correction.annotation.reviewed.any())
            and not correction.corrected.any()
        ]

    # Nodes

    def refresh(self) -> None:
        """Show what the project holds."""
        for name, correction in self.corrections.items():
            prediction = correction.annotation.prediction
            Segments.setMask(self.prediction, name, prediction, self.geometry)
        self._showContours()
        self._showMarks(self._extent(self.structure))

    def _showContours(self) -> None:
        for name in self.corrections:
            self._showContour(name, self._extent(name))
            self._stamps[name] = Segments.stamp(self.contours, name)

    def box(self) -> Optional[Part]:
        """Where the contour of the selected structure lies; None where there is none."""
        return Segments.around([self._boxes[self.structure]])

    def isInScene(self) -> bool:
        """Whether all its nodes are still there."""
        return all(node.GetScene() is not None for node in self.nodes)

    def remove(self, but: Optional[Any] = None) -> None:
        """Take the nodes out of the scene; `takeEdits` comes first. but: one that is going anyway.
        """
        self.watch.stop()
        self.unsaved.stop()
        for node in self.nodes:
            scene = node.GetScene()
            if scene is None or node is but:
                continue
            count = node.GetNumberOfDisplayNodes()
            displays = [node.GetNthDisplayNode(number) for number in range(count)]
            for each in (node, *displays):  # the other way round, views make new display nodes
                scene.RemoveNode(each)

    def _segments(self, title: str, lighter: float = 0.0, isHidden: bool = False) -> Any:
        colors = {name: Segments.colorOf(name, lighter) for name in self.corrections}
        return Segments.addSegments(self.volume, title, colors, isHidden)

    def _read(self, node: Any, wanted: Collection[str]) -> Dict[str, Layer]:
        """The segments that are still there. Raises InputError where image and contours do not lie
        as they were drawn: what is read then would be in the wrong place."""
        same = self.volume.GetParentTransformNode() is node.GetParentTransformNode()
        grid = geometryOfVolumeNode(self.volume)
        if not same or not grid.same_grid(self.geometry):
            raise InputError(_(
                "The image of '{name}' was moved against its contours, by a transform or in "
                "another module, so that what you draw cannot be put in its place. Undo that, or "
                "open the case again; what was drawn before is safe."
            ).format(name=self.name))  # fmt: skip
        there = self._ids(node)
        found = [name for name in wanted if name in there]
        return {name: Segments.maskOf(node, self.volume, name) for name in found}

    def _ids(self, node: Any) -> Collection[str]:
        return node.GetSegmentation().GetSegmentIDs()

    def _restoreLabelmaps(self) -> None:
        """A node that was turned into surfaces or lines shows what the project holds, in voxels
        again: those made from surfaces are not those that were drawn."""
        for node in (self.contours, self.marks):
            if Segments.isLabelmap(node):
                continue
            with self.watch.paused():
                Segments.makeLabelmap(node)
            self._restoreSegments()
            if node is self.contours:
                self._showContours()
            else:
                self._showMarks(self._extent(self.structure))
            self.watch.clear(node)
            self._onProblem(_(
                "'{node}' had been turned into another representation (module Segmentations), in "
                "which nothing can be corrected. It is a binary labelmap again and shows what the "
                "project holds; if the last thing you drew is missing, draw it again."
            ).format(node=node.GetName()))  # fmt: skip

    def _restoreSegments(self) -> None:
        """Segments that were removed come back: to delete one in an editor is no correction."""
        for node, colors in self._wanted():
            with self.watch.paused():
                for name in [n for n in colors if n not in self._ids(node)]:
                    node.GetSegmentation().AddEmptySegment(name, name, colors[name])

    def _showContour(
        self, name: str, part: Optional[Part], shown: Optional[np.ndarray] = None
    ) -> None:
        """The corrected contour, which changed in a part only; shown: what the segment shows in
        that part already, if known."""
        annotation = self.corrections[name].annotation
        if part is None:
            return
        if shown is not None and np.array_equal(shown, annotation.corrected_in(part)):
            self._boxes[name] = Segments.boxIn(shown, part)
            return
        part = self._grown(part, self._boxes[name])
        mask = annotation.corrected_in(part)
        with self.watch.paused():
            self._boxes[name] = Segments.setMask(self.contours, name, mask, self.geometry, part)
        self._stamps[name] = Segments.stamp(self.contours, name)

    def _showStroke(self, voxels: np.ndarray, part: Part) -> None:
        """The contour where it was painted on (bool, of a part); an edit of the contour that could
        not be taken over yet stays in the node, and is taken later."""
        name = self.structure
        if not self.watch.changed(self.contours):
            self._showContour(name, part)
        elif name in self._ids(self.contours):
            layer = Segments.maskOf(self.contours, self.volume, name)
            whole = self._grown(self._grown(part, Segments.boxOf(layer)), self._boxes[name])
            painted = Segments.inPart(Layer(voxels, Segments.boxOfPart(part)[0]), whole)
            corrected = self.correction.annotation.corrected_in(whole)
            mask = np.where(painted, corrected, Segments.inPart(layer, whole))
            with self.watch.paused():
                Segments.setMask(self.contours, name, mask, self.geometry, whole)
            self._boxes[name] = Segments.boxOfPart(whole)

    def _showMarks(self, part: Optional[Part]) -> None:
        """The marks of the selected structure, which changed in a part only."""
        if part is None:
            return
        part = self._grown(part, self._markBox)
        shown = Strokes.segmentsOf(self.correction.annotation.marks[part])
        with self.watch.paused():
            boxes = [
                Segments.setMask(self.marks, segmentId, mask, self.geometry, part)
                for segmentId, mask in shown.items()
            ]
        around = Segments.around(boxes)
        self._markBox = Segments.NOWHERE if around is None else Segments.boxOfPart(around)

    def _extent(self, name: str) -> Optional[Part]:
        """Where prediction, marks and what is shown of a structure lie; None for nowhere."""
        box = Segments.boxOfPart(self.corrections[name].annotation.part)
        return Segments.around([box, self._boxes[name], self._markBox])

    def _grown(self, part: Part, box: Segments.Box) -> Part:
        """A part that holds a box, too."""
        return Segments.around([Segments.boxOfPart(part), box]) or part
