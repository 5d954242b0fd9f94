"""A volume of the scene as a case of a project."""

from __future__ import annotations

from typing import Any

from AutoContourRTCore.correction.project import Project
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTLib.RunFolder import RunFolder
from AutoContourRTLib.VolumeNodes import volumeFromNode
from CorrectiveTrainingLib.Frames import frameOfReference


def addVolumeNode(project: Project, volumeNode: Any) -> str:
    """Copy a volume into the project as its last case; the case's id. Raises InputError."""
    volume = volumeFromNode(volumeNode)
    folder = RunFolder()
    try:
        path = folder.path / "image.nrrd"
        write_volume(volume, path)
        frame = frameOfReference(volumeNode, volume.geometry)
        return project.add_image(path, volumeNode.GetName(), copy=True, frame=frame)
    finally:
        folder.remove()
