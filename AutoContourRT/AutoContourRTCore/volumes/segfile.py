"""Structures in and out of 3D Slicer's .seg.nrrd files.

Keys and their meaning were read in 3D Slicer's vtkMRMLSegmentationStorageNode.cxx: a segment is the
voxels that equal its LabelValue in its Layer; layers are the components of a vector image. On
reading, Slicer crops a layer to the Extent of its first segment, so all segments of a layer get the
extent of the layer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterable, List, Optional, Tuple, Union

import numpy as np
import SimpleITK

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.imagefile import geometry_of, image_of, read_image, write_image
from AutoContourRTCore.volumes.labelmap import LabelMap

STATUSES = ("notstarted", "inprogress", "completed", "flagged")  # of Slicer's segment review
_NEUTRAL = (128, 128, 128)
_EMPTY_EXTENT = "0 -1 0 -1 0 -1"
_FRACTIONAL = "Fractional labelmap"
_REPRESENTATION = "Segmentation_MasterRepresentation"  # what a file holds


def read_labelmap(path: Union[str, Path], names: Optional[Iterable[str]] = None) -> LabelMap:
    """Read the segments of a .seg.nrrd file, on the file's grid, with their names as written.

    names: read these only; those that the file lacks are left out. Raises InputError for a file
    that cannot be read, is no segmentation, or has a damaged or doubled segment.
    """
    path = Path(path)
    image = read_image(path)
    _check_is_segmentation(path, image)
    layers = _layers(path, image)
    wanted = None if names is None else set(names)
    masks: Dict[str, np.ndarray] = {}
    for index in range(_segment_count(image)):
        name = _segment_name(image, index)
        if wanted is not None and name not in wanted:
            continue
        if name in masks:
            raise InputError(f"{path} has two segments named {name!r}; rename one in 3D Slicer.")
        masks[name] = _segment_mask(path, image, index, layers)
    return LabelMap(masks, geometry_of(image, path))


def write_labelmap(labelmap: LabelMap, path: Union[str, Path], status: str = "flagged") -> None:
    """Write a .seg.nrrd file that 3D Slicer shows with names, colours and terminology.

    Structures that overlap go to different layers. status: one of STATUSES; "flagged" asks a
    person to review. Colours and terminology come from the catalogue; a name that it does not know
    is grey and has none. Raises InputError for a bad name or status, or when the disk is full.
    """
    path = Path(path)
    if not path.name.lower().endswith(".nrrd"):
        raise InputError(f"{path} cannot be written: the name must end in .seg.nrrd.")
    if status not in STATUSES:
        raise InputError(f"The status {status!r} is unknown; choose one of {', '.join(STATUSES)}.")
    layers, places = _pack(labelmap)
    extents = [_extent(layer) for layer in layers]
    array = np.stack(layers, axis=-1) if len(layers) > 1 else layers[0]
    image = image_of(array, labelmap.geometry)
    tags = _segmentation_tags(labelmap.geometry)
    for index, (name, (layer, value)) in enumerate(zip(labelmap.names, places)):
        tags.update(_segment_tags(index, name, layer, value, extents[layer], status))
    for key, text in tags.items():
        image.SetMetaData(key, text)
    write_image(image, path)


# Reading


def _check_is_segmentation(path: Path, image: SimpleITK.Image) -> None:
    keys = image.GetMetaDataKeys()
    if not any(key.startswith(("Segment0_", "Segmentation_")) for key in keys):
        raise InputError(
            f"{path} is not a segmentation: it names no segments. Import it in 3D Slicer as a "
            "segmentation, name the segments and save it as .seg.nrrd."
        )
    if _REPRESENTATION in keys and image.GetMetaData(_REPRESENTATION) == _FRACTIONAL:
        raise InputError(
            f"{path} holds shares of voxels ({_FRACTIONAL}), not labels. In 3D Slicer, module "
            "Segmentations, create a binary labelmap, make it the source, and save again."
        )


def _layers(path: Path, image: SimpleITK.Image) -> np.ndarray:
    """Label values [layer, k, j, i]."""
    array = SimpleITK.GetArrayFromImage(image)
    if array.dtype.kind not in "iu":
        raise InputError(f"{path} is not a segmentation: its voxels are {array.dtype}.")
    return array[None] if array.ndim == 3 else np.ascontiguousarray(np.moveaxis(array, -1, 0))


def _segment_count(image: SimpleITK.Image) -> int:
    keys = set(image.GetMetaDataKeys())
    count = 0
    while {f"Segment{count}_ID", f"Segment{count}_Name"} & keys:
        count += 1
    return count


def _segment_name(image: SimpleITK.Image, index: int) -> str:
    """Its name, or its ID where it has none, as in Slicer."""
    name = f"Segment{index}_Name"
    return str(image.GetMetaData(name if image.HasMetaDataKey(name) else f"Segment{index}_ID"))


def _segment_mask(path: Path, image: SimpleITK.Image, index: int, layers: np.ndarray) -> np.ndarray:
    """A bool array [k, j, i]. Files without Layer (before Slicer 4.11) have one layer a segment."""
    layer = _integer(path, image, f"Segment{index}_Layer", default=index)
    value = _integer(path, image, f"Segment{index}_LabelValue", default=1)
    if not 0 <= layer < len(layers):
        raise InputError(
            f"{path} is damaged: {_segment_name(image, index)!r} lies in layer {layer} of "
            f"{len(layers)}; save it again in 3D Slicer."
        )
    return np.asarray(layers[layer] == value)


def _integer(path: Path, image: SimpleITK.Image, key: str, default: int) -> int:
    if not image.HasMetaDataKey(key):
        return default
    text = image.GetMetaData(key)
    try:
        return int(text)
    except ValueError as error:
        raise InputError(f"{path} is damaged: {key} is {text!r}, not an integer.") from error


# Writing


def _pack(labelmap: LabelMap) -> Tuple[List[np.ndarray], List[Tuple[int, int]]]:
    """Layers of label values [k, j, i], and layer and value of each structure, in order.

    Each structure goes to the first layer in which it overlaps none.
    """
    kind = np.uint8 if len(labelmap.masks) < 256 else np.uint16
    layers = [np.zeros(labelmap.geometry.shape, kind)]
    counts = [0]
    places = []
    for mask in labelmap.masks.values():
        inside = np.asarray(mask, dtype=bool)
        free = (n for n, layer in enumerate(layers) if not layer[inside].any())
        number = next(free, len(layers))
        if number == len(layers):
            layers.append(np.zeros(labelmap.geometry.shape, kind))
            counts.append(0)
        counts[number] += 1
        layers[number][inside] = counts[number]
        places.append((number, counts[number]))
    return layers, places


def _extent(layer: np.ndarray) -> str:
    """First and last index that is not zero along i, j, k, as Slicer writes it."""
    if not layer.any():
        return _EMPTY_EXTENT
    ends = []
    for axis in (2, 1, 0):
        others = tuple(other for other in range(3) if other != axis)
        used = np.flatnonzero(layer.any(axis=others))
        ends += [used[0], used[-1]]
    return " ".join(str(end) for end in ends)


def _segment_tags(
    index: int, name: str, layer: int, value: int, extent: str, status: str
) -> Dict[str, str]:
    color, terminology = _appearance(name)
    tags = f"Segmentation.Status:{status}|"
    if terminology:
        tags += f"TerminologyEntry:{terminology}|"
    values = {
        "ID": f"Segment_{index + 1}",
        "Name": name,
        "NameAutoGenerated": "0",
        "Color": " ".join(f"{part / 255:.6g}" for part in color),
        "ColorAutoGenerated": "0",
        "Extent": extent,
        "LabelValue": str(value),
        "Layer": str(layer),
        "Tags": tags,
    }
    return {f"Segment{index}_{key}": text for key, text in values.items()}


def _appearance(name: str) -> Tuple[Tuple[int, int, int], str]:
    """Colour (0..255) and Slicer's terminology string ("" for none) of a structure."""
    from AutoContourRTCore.anatomy.catalogue import UnknownStructure, find

    try:
        structure = find(name)
    except UnknownStructure:
        return _NEUTRAL, ""
    return structure.color, structure.terminology


def _segmentation_tags(geometry: Geometry) -> Dict[str, str]:
    return {
        _REPRESENTATION: "Binary labelmap",
        "Segmentation_ContainedRepresentationNames": "Binary labelmap|",
        "Segmentation_ConversionParameters": f"Reference image geometry|{_reference(geometry)}|&",
        "Segmentation_ReferenceImageExtentOffset": "0 0 0",
    }


def _reference(geometry: Geometry) -> str:
    """The grid as Slicer serializes it: matrix from i, j, k to RAS, then first and last index.

    With it, Slicer remembers the whole grid although it crops the segments.
    """
    matrix = np.eye(4)
    matrix[:3, :3] = geometry.step_vectors[::-1].T
    matrix[:3, 3] = geometry.origin
    matrix[:2] *= -1
    numbers = [repr(float(value)) for value in matrix.ravel()]
    for count in geometry.shape[::-1]:
        numbers += ["0", str(count - 1)]
    return "".join(number + ";" for number in numbers)
