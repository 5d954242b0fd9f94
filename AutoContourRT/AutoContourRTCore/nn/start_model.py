"""Fine-tuning: the weights of a model as the start of another, with other structures perhaps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Sequence, Tuple

import torch
from torch import Tensor

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.files import read_model

_HEAD = ("head.weight", "head.bias")  # of ResidualUNet: one row an output


@dataclass(frozen=True)
class StartModel:
    """A model to start from. weights: float32 by name; structures: in the order of its outputs."""

    id: str
    weights: Dict[str, Tensor]
    structures: Tuple[str, ...]

    def known(self, structures: Sequence[str]) -> Tuple[str, ...]:
        """Those of the structures that it was trained for."""
        return tuple(name for name in structures if name in self.structures)

    def put_into(self, fresh: Dict[str, Tensor], structures: Sequence[str]) -> Dict[str, Tensor]:
        """Fresh weights of a network for `structures`, all but new structures' outputs replaced.

        Raises InputError where the networks differ.
        """
        result = {name: value.detach().clone() for name, value in fresh.items()}
        for name, value in result.items():
            own = self.weights.get(name)
            if own is None or (name not in _HEAD and own.shape != value.shape):
                raise InputError(
                    f"The model {self.id!r} has another network ({name}); start from a model of "
                    "this program whose widths the project uses."
                )
            if name not in _HEAD:
                value.copy_(own)
        for n, structure in enumerate(structures):
            if structure in self.structures:
                for name in _HEAD:
                    result[name][n] = self.weights[name][self.structures.index(structure)]
        return result


def load_start(folder: Path) -> StartModel:
    """A verified model folder as a start. Raises InputError."""
    manifest, arrays = read_model(folder)
    weights = {name: torch.from_numpy(array.copy()).float() for name, array in arrays.items()}
    return StartModel(manifest.id, weights, tuple(manifest.structures))

