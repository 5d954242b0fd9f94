"""Which of a model's structures are asked for."""

from __future__ import annotations

from typing import Optional, Sequence, Tuple

from AutoContourRTCore.anatomy.catalogue import find
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.manifest import Manifest


def wanted_structures(structures: Optional[Sequence[str]], manifest: Manifest) -> Tuple[str, ...]:
    """Standard names of the structures asked for (None: all), in the model's order.

    Raises InputError for a name that nobody knows and for a structure that the model lacks.
    """
    if structures is None:
        return tuple(manifest.structures)
    names = [find(name).name for name in structures]
    for name in names:
        if name not in manifest.structures:
            raise InputError(
                f"The model {manifest.id!r} does not contour {name}; "
                f"it covers {', '.join(manifest.structures)}."
            )
    return tuple(name for name in manifest.structures if name in names)
