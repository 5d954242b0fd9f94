"""Is a node still the one that a run began with?"""

from __future__ import annotations

from typing import Any, Callable, List, Tuple

import slicer
import vtk
from slicer.i18n import tr as _


class NodeWatch:
    """Remembers a node by its identity; names do not matter. What else must stay is for derived
    classes to say, in `_change`.

    onGone(reason) is called at once when the node is removed or its scene is closed.
    """

    def __init__(self, node: Any, onGone: Callable[[str], None]) -> None:
        self._node, self._onGone = node, onGone
        self._name, self._id = node.GetName(), node.GetID()
        self._scene = node.GetScene()
        self._tags: List[int] = []
        for event, callback in self._events():
            self._tags.append(self._scene.AddObserver(event, callback))

    def stop(self) -> None:
        """Hear of no removal any longer; difference() can still be asked."""
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._tags = []

    def difference(self) -> str:
        """Why the node is not the one that it was; "" when it is."""
        if self._scene.GetNodeByID(self._id) is not self._node:
            return _("{name!r} is no longer in the scene.").format(name=self._name)
        return self._change()

    def _change(self) -> str:
        """How the node, which is still there, was changed; "" where it was not."""
        return ""

    def _events(self) -> List[Tuple[int, Any]]:
        @vtk.calldata_type(vtk.VTK_OBJECT)
        def removed(caller: Any, event: str, node: Any) -> None:
            if node is self._node:
                self._gone(_("{name!r} was removed.").format(name=self._name))

        def closed(caller: Any, event: str) -> None:
            self._gone(_("The scene was closed."))

        scene = slicer.vtkMRMLScene
        return [(scene.NodeAboutToBeRemovedEvent, removed), (scene.StartCloseEvent, closed)]

    def _gone(self, reason: str) -> None:
        self.stop()
        self._onGone(reason)
