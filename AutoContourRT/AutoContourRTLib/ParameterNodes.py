"""Parameter nodes: one wrapper a logic, and widgets that can be let go of again."""

from __future__ import annotations

from typing import Any, Optional

from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

PROPERTY = "SlicerParameterName"


class ParameterLogic(ScriptedLoadableModuleLogic):
    """A logic that gives the same wrapper as long as the scene has the same parameter node: a
    wrapper observes its node for good, so that each further one would go on writing.

    A derived class names its wrapper class, `Parameters`.
    """

    Parameters: Any = None

    def __init__(self) -> None:
        ScriptedLoadableModuleLogic.__init__(self)
        self._parameters: Optional[Any] = None

    def getParameterNode(self) -> Any:
        """The wrapper of the scene's parameter node, which is made where there is none."""
        node = super().getParameterNode()
        if self._parameters is None or self._parameters.parameterNode is not node:
            self._parameters = self.Parameters(node)
        return self._parameters


def connectGui(parameterNode: Any, ui: Any) -> int:
    """Tie each widget with a SlicerParameterName to its parameter; a tag for disconnectGui.

    The wrapper's own connectGui gives no tag in Slicer (its issue 7547), so that disconnectGui
    would do nothing.
    """
    widgets = [(widget.property(PROPERTY), widget) for widget in vars(ui).values()]
    return parameterNode.connectParametersToGui({name: one for name, one in widgets if name})
