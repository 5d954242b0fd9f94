"""Does this installation compute what the maker's did? The phantom, contoured, tells.

It says nothing about accuracy on patients: the phantom is far simpler than one.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Tuple

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.phantom import make_phantom
from AutoContourRTCore.progress import Progress, ignore_progress
from AutoContourRTCore.volumes.atomic import write_text

if TYPE_CHECKING:
    from AutoContourRTCore.segmentation.pipeline import LoadedModel

FILE = "self_test.json"
TOLERANCE = 0.02


@dataclass(frozen=True)
class Check:
    """One structure: Dice on the phantom here and at the maker's."""

    structure: str
    dice: float
    stored: float

    @property
    def passed(self) -> bool:
        """Whether both are the same within TOLERANCE."""
        return abs(self.dice - self.stored) <= TOLERANCE


def measure(model: LoadedModel, progress: Progress = ignore_progress) -> Dict[str, float]:
    """Dice on the phantom of each structure that the model and the phantom share.

    A structure that the model does not find has Dice 0. Raises InputError if they share none.
    """
    from AutoContourRTCore.metrics.measures import dice
    from AutoContourRTCore.segmentation.pipeline import segment

    volume, truth = make_phantom()
    shared = [name for name in model.manifest.structures if name in truth.masks]
    if not shared:
        raise InputError(f"The phantom has none of the structures of {model.manifest.id!r}.")
    found = segment(volume, model, progress=progress).labelmap
    return {
        name: dice(truth.masks[name], found.masks[name]) if name in found.masks else 0.0
        for name in shared
    }


def compare(measured: Dict[str, float], stored: Dict[str, float]) -> Tuple[Check, ...]:
    """A check for each structure that was measured or stored; NaN where one is missing."""
    names = dict.fromkeys((*stored, *measured))
    return tuple(
        Check(name, measured.get(name, math.nan), stored.get(name, math.nan)) for name in names
    )


def read_stored(folder: Path) -> Dict[str, float]:
    """The maker's values in a model's folder; InputError where there are none."""
    path = folder / FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): float(value) for name, value in values["dice"].items()}
    except FileNotFoundError as error:
        raise InputError(
            f"The model has no values to compare with ({path}); test a model that came with the "
            "program."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is damaged ({error}); install the program again.") from error


def store(folder: Path, measured: Dict[str, float]) -> Path:
    """Write the values that others will be compared with; for the maker of a model."""
    path = folder / FILE
    rounded = {name: round(value, 4) for name, value in measured.items()}
    write_text(path, json.dumps({"dice": rounded}, indent=1) + "\n")
    return path
