"""Notices edits of segments, whatever effect or module makes them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, Optional, Set, Tuple

import slicer
import vtk

from AutoContourRTLib.EventLoop import QtTimer


class EditWatch:
    """Collects the IDs of changed segments of some nodes and calls onEdit() a turn of the event
    loop later, so that whoever edits is done with it.

    A segment that is removed or added counts as changed, too. Undo in Slicer's Segment Editor
    exchanges a segment's image, which nothing but SegmentModified tells.
    """

    def __init__(self, nodes: List[Any], onEdit: Callable[[], None]) -> None:
        self._onEdit = onEdit
        self._changed: Set[Tuple[str, str]] = set()
        self._paused = 0
        self._timer: Optional[Any] = None
        self._tags = []
        kinds = slicer.vtkSegmentation
        events = (kinds.SourceRepresentationModified, kinds.SegmentModified, kinds.SegmentRemoved)
        for node in nodes:
            for event in events:
                self._tags.append((node, node.AddObserver(event, self._observer(node.GetID()))))

    def changed(self, node: Any) -> List[str]:
        """IDs of the segments of a node that were changed since `clear`."""
        return sorted(segment for owner, segment in self._changed if owner == node.GetID())

    def clear(self, node: Any) -> None:
        """What was changed in this node was taken over."""
        self._changed = {pair for pair in self._changed if pair[0] != node.GetID()}

    def stop(self) -> None:
        """Watch no longer."""
        for node, tag in self._tags:
            node.RemoveObserver(tag)
        self._tags = []
        self._stopTimer()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Changes within are our own and no edits."""
        self._paused += 1
        try:
            yield
        finally:
            self._paused -= 1

    def _observer(self, owner: str) -> Callable[..., None]:
        @vtk.calldata_type(vtk.VTK_STRING)
        def changed(caller: Any, event: str, segmentId: str = "") -> None:
            if self._paused:
                return
            self._changed.add((owner, segmentId or ""))
            if self._timer is None:
                self._timer = QtTimer(0, self._fire)

        return changed

    def _fire(self) -> None:
        self._stopTimer()
        if self._changed:
            self._onEdit()

    def _stopTimer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
