"""Whether this program can run a model: its recipe, its structures' names, its weights' shapes.

The shapes are those of nn.unet.ResidualUNet, told without torch, which Slicer's process lacks.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Dict, Mapping, Sequence, Tuple

from AutoContourRTCore.anatomy.catalogue import standard_name
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.nn.recipes import Recipe

Shape = Tuple[int, ...]


def check_usable(manifest: Manifest, shapes: Mapping[str, object], source: str) -> None:
    """Raise InputError, which names the source, for a model that could not contour.

    shapes: of the weights, by their names, as the weights file says them.
    """
    try:
        recipe = _recipe(manifest)
        for name in manifest.structures:
            _check_name(name)
        _check_shapes(shapes, network_shapes(len(manifest.structures), recipe.widths))
    except InputError as error:
        raise InputError(f"{source} cannot be used: {error}") from error


def network_shapes(outputs: int, widths: Sequence[int]) -> Dict[str, Shape]:
    """The shape of each of the network's weights."""
    shapes = _block("stem", 1, widths[0], 1)
    for level, (fine, coarse) in enumerate(zip(widths[:-1], widths[1:])):
        shapes.update(_block(f"down.{level}", fine, coarse, 2))
        back = len(widths) - 2 - level
        shapes.update({f"up.{back}.weight": (coarse, fine, 2, 2, 2), f"up.{back}.bias": (fine,)})
        shapes.update(_block(f"merge.{back}", 2 * fine, fine, 1))
    head: Dict[str, Shape] = {
        "head.weight": (outputs, widths[0], 1, 1, 1), "head.bias": (outputs,)
    }  # fmt: skip
    return {**shapes, **head}


def _block(name: str, inputs: int, outputs: int, stride: int) -> Dict[str, Shape]:
    """A residual block's."""
    shapes: Dict[str, Shape] = {
        "first.weight": (outputs, inputs, 3, 3, 3),
        "second.weight": (outputs, outputs, 3, 3, 3),
        **{f"norm{n}.{part}": (outputs,) for n in (1, 2) for part in ("weight", "bias")},
    }
    if inputs != outputs or stride != 1:
        shapes["shortcut.weight"] = (outputs, inputs, stride, stride, stride)
        shapes["shortcut.bias"] = (outputs,)
    return {f"{name}.{part}": shape for part, shape in shapes.items()}


def _recipe(manifest: Manifest) -> Recipe:
    try:
        recipe = Recipe.from_dict(manifest.recipe)
        whole = all(type(n) is int for n in (*recipe.patch, *recipe.widths))
        settings = (*recipe.spacing, *asdict(recipe.intensity).values())
    except (TypeError, ValueError) as error:
        raise InputError(f"its recipe has a value of the wrong kind ({error}).") from error
    if not whole or not all(isinstance(each, (int, float)) for each in settings):
        raise InputError(
            "its recipe must give patch and widths as whole numbers, spacing and intensity as "
            "numbers."
        )
    return recipe


def _check_name(name: str) -> None:
    standard = standard_name(name)
    if standard != name:
        raise InputError(f"its structure {name!r} must be named {standard!r}.")


def _check_shapes(shapes: Mapping[str, object], expected: Mapping[str, Shape]) -> None:
    names = [name for name in (*expected, *shapes) if shapes.get(name) != expected.get(name)]
    if names:
        name = names[0]
        raise InputError(
            f"its weights do not fit its structures and recipe ({name}: {shapes.get(name)} "
            f"instead of {expected.get(name)}); the model is damaged or belongs to another recipe."
        )
