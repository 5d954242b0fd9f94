"""What the panel says of a model: plain words and figures, all from its manifest."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Dict, List

from slicer.i18n import tr as _

from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTLib.Appearance import known
from AutoContourRTLib.Cells import Cell, Row


def modelSummary(manifest: Manifest) -> str:
    """What the model covers, its training spacing, its limits, and what its figures mean: HTML."""
    k, j, i = manifest.training_spacing_mm
    spacing = _("{k:g} mm along the patient, {j:g} x {i:g} mm across").format(k=k, j=j, i=i)
    figures = _(
        "overlap with clinicians' contours, 1 is perfect (mean ± standard deviation, n cases)"
    )
    first = [
        _line(_("Covers"), manifest.anatomy),
        _line(_("Works on a grid of"), spacing),
        _line(_("Limits"), ""),
    ]
    last = _line(_("Dice in validation"), figures)
    return "<br>".join(first) + _bullets(_limits(manifest)) + last


def modelDetails(manifest: Manifest) -> str:
    """Version, data and licence, as HTML."""
    return "<br>".join([
        _line(_("Model"), f"{manifest.name} ({manifest.id} {manifest.version})"),
        _line(_("Data"), manifest.data),
        _line(_("Licence"), manifest.licence),
    ])


def brokenModels(broken: Dict[Path, str]) -> str:
    """Model folders that cannot be used, and why, as HTML; "" when there are none."""
    return "<br>".join(_line(_("Cannot be used"), f"{path}: {why}") for path, why in broken.items())


def structureRows(manifest: Manifest) -> List[Row]:
    """A row a structure: a ticked box, and how well the model contoured it."""
    return [
        [
            Cell(structureTitle(name), validationToolTip(manifest, name), structureColor(name),
                 True, name),
            Cell(validationText(manifest, name), validationToolTip(manifest, name)),
        ]
        for name in manifest.structures
    ]  # fmt: skip


def structureTitle(name: str) -> str:
    """The name in words with the TG-263 name, or the name alone where nothing else is known."""
    structure = known(name)
    if structure is None or structure.english == name:
        return name
    return f"{structure.english} ({name})"


def structureColor(name: str) -> tuple:
    """Red, green, blue, 0..255; grey for an unknown name."""
    structure = known(name)
    return structure.color if structure else (128, 128, 128)


def validationText(manifest: Manifest, structure: str) -> str:
    """How well the model contoured one structure in its validation cases."""
    figures = manifest.validation.get(structure)
    mean = figures.get("dice_mean") if figures else None
    if not figures or mean is None or not figures["n"]:
        return _("not validated")
    sd = figures.get("dice_sd")
    value = f"{mean:.2f}" if sd is None else f"{mean:.2f} ± {sd:.2f}"
    return _("{value} (n = {n})").format(value=value, n=figures["n"])


def validationToolTip(manifest: Manifest, structure: str) -> str:
    """What the figures mean, with the surface Dice where there is one."""
    text = _(
        "Dice: overlap of the model's contour with that of the case, 1 is perfect; mean ± standard "
        "deviation over the n validation cases in which the structure is known."
    )
    figures = manifest.validation.get(structure) or {}
    surface, tolerance = figures.get("surface_dice_mean"), figures.get("tolerance_mm")
    if surface is None or tolerance is None:
        return text
    share = _("On average {share:.0f} % of both surfaces lay within {tolerance:g} mm.")
    return text + "\n" + share.format(share=100 * surface, tolerance=tolerance)


def _limits(manifest: Manifest) -> List[str]:
    if manifest.known_failures:
        return list(manifest.known_failures)
    return [_("None are stated, which does not mean that there are none.")]


def _line(title: str, text: str) -> str:
    return f"<b>{html.escape(title)}:</b> {html.escape(text)}"


def _bullets(lines: List[str]) -> str:
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f'<ul style="margin:0 0 0 -22px;">{items}</ul>'
