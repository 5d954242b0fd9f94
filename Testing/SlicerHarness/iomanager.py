"""slicer.app.coreIOManager(): reading and writing by the real MRML logics and storage nodes."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Tuple

import slicer

#: File type of each ending, in the order in which they are tried.
ENDINGS: Tuple[Tuple[str, str], ...] = (
    (".seg.nrrd", "SegmentationFile"), (".seg.nhdr", "SegmentationFile"),
    (".mrml", "SceneFile"), (".mrb", "SceneFile"),
    (".mrk.json", "MarkupsFile"), (".fcsv", "MarkupsFile"),
    (".nrrd", "VolumeFile"), (".nhdr", "VolumeFile"), (".nii", "VolumeFile"),
    (".nii.gz", "VolumeFile"), (".mha", "VolumeFile"), (".mhd", "VolumeFile"),
    (".vtk", "ModelFile"), (".vtp", "ModelFile"), (".stl", "ModelFile"), (".obj", "ModelFile"),
    (".ply", "ModelFile"), (".tfm", "TransformFile"), (".h5", "TransformFile"),
    (".csv", "TableFile"), (".tsv", "TableFile"), (".txt", "TextFile"), (".json", "TextFile"),
    (".ctbl", "ColorTableFile"),
)
WRITERS: Tuple[Tuple[str, str], ...] = (
    ("vtkMRMLSegmentationNode", "SegmentationFile"), ("vtkMRMLVolumeNode", "VolumeFile"),
    ("vtkMRMLModelNode", "ModelFile"), ("vtkMRMLTransformNode", "TransformFile"),
    ("vtkMRMLTableNode", "TableFile"), ("vtkMRMLMarkupsNode", "MarkupsFile"),
    ("vtkMRMLTextNode", "TextFile"), ("vtkMRMLColorNode", "ColorTableFile"),
)


class CoreIOManager:
    """What slicer.util asks of qSlicerCoreIOManager."""

    def fileType(self, path: Any) -> str:
        name = str(path).lower()
        return next((kind for ending, kind in ENDINGS if name.endswith(ending)), "NoFile")

    def fileWriterFileType(self, node: Any, fileFormat: str = "") -> str:
        return next((kind for name, kind in WRITERS if node.IsA(name)), "NoFile")

    def registeredFileReaderCount(self, fileType: str) -> int:
        return int(fileType in _READERS)

    def loadNodes(self, fileType: str, properties: Dict[str, Any], loaded: Any = None,
                  userMessages: Any = None) -> bool:
        """Reads a file into the scene; the new nodes go into `loaded`."""
        path = properties["fileName"]
        if fileType not in _READERS or not os.path.exists(path):
            _say(userMessages, f"Cannot read {path} as {fileType}")
            return False
        nodes = _READERS[fileType](path, properties)
        for node in filter(None, nodes):
            if properties.get("name") and fileType != "SceneFile":
                node.SetName(properties["name"])
            if loaded is not None:
                loaded.AddItem(node)
        return fileType == "SceneFile" or any(nodes)

    def saveNodes(self, fileType: str, properties: Dict[str, Any],
                  userMessages: Any = None) -> bool:
        path = str(properties["fileName"])
        if fileType == "SceneFile":
            return _saveScene(path)
        node = slicer.mrmlScene.GetNodeByID(properties["nodeID"])
        if node.GetStorageNode() is None:
            node.AddDefaultStorageNode()
        storage = node.GetStorageNode()
        storage.SetFileName(path)
        if "useCompression" in properties:
            storage.SetUseCompression(properties["useCompression"])
        if storage.WriteData(node):
            return True
        _say(userMessages, storage.GetUserMessages().GetAllMessagesAsString())
        return False


def _say(userMessages: Any, text: str) -> None:
    if userMessages is not None:
        import vtk

        userMessages.AddMessage(vtk.vtkCommand.ErrorEvent, text)


def _stored(className: str) -> Callable[[str, Dict[str, Any]], List[Any]]:
    """A reader that makes a node of a class and reads into it with its default storage node."""

    def read(path: str, properties: Dict[str, Any]) -> List[Any]:
        name = os.path.splitext(os.path.basename(path))[0]
        node = slicer.mrmlScene.AddNewNodeByClass(className, name)
        node.AddDefaultStorageNode(path)
        node.GetStorageNode().SetFileName(path)
        if node.GetStorageNode().ReadData(node):
            return [node]
        slicer.mrmlScene.RemoveNode(node)
        return []

    return read


def _readVolume(path: str, properties: Dict[str, Any]) -> List[Any]:
    name = properties.get("name") or os.path.basename(path).split(".")[0]
    options = 1 if properties.get("labelmap") else 0
    if properties.get("singleFile", True):
        options |= 8
    logic = slicer.modules.volumes.logic()
    return [logic.AddArchetypeVolume(path, name, options)]


def _readSegmentation(path: str, properties: Dict[str, Any]) -> List[Any]:
    logic = slicer.modules.segmentations.logic()
    return [logic.LoadSegmentationFromFile(path, True, properties.get("name", ""))]


def _readScene(path: str, properties: Dict[str, Any]) -> List[Any]:
    scene, clear = slicer.mrmlScene, bool(properties.get("clear", False))
    if path.lower().endswith(".mrb"):
        done = scene.ReadFromMRB(path, clear)
    else:
        scene.SetURL(path)
        done = scene.Connect() if clear else scene.Import()
    if not done:
        raise RuntimeError(f"The scene {path} could not be read")
    return []


def _saveScene(path: str) -> bool:
    scene = slicer.mrmlScene
    if path.lower().endswith(".mrb"):
        return bool(scene.WriteToMRB(path, None))
    if path.lower().endswith(".mrml"):
        scene.SetRootDirectory(os.path.dirname(os.path.abspath(path)))
        scene.SetURL(path)
        return bool(scene.Commit())
    os.makedirs(path, exist_ok=True)
    return bool(slicer.app.applicationLogic().SaveSceneToSlicerDataBundleDirectory(path, None))


def _readTable(path: str, properties: Dict[str, Any]) -> List[Any]:
    return [slicer.modules.tables.logic().AddTable(path)]


_READERS: Dict[str, Callable[[str, Dict[str, Any]], List[Any]]] = {
    "VolumeFile": _readVolume,
    "SegmentationFile": _readSegmentation,
    "SceneFile": _readScene,
    "TableFile": _readTable,
    "ModelFile": _stored("vtkMRMLModelNode"),
    "TransformFile": _stored("vtkMRMLTransformNode"),
    "TextFile": _stored("vtkMRMLTextNode"),
    "MarkupsFile": _stored("vtkMRMLMarkupsFiducialNode"),
    "ColorTableFile": _stored("vtkMRMLColorTableNode"),
}
