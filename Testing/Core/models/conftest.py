"""A tiny model that is right in every field."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict

import numpy as np
import pytest

from AutoContourRTCore.models.files import write_model
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.models.usable import network_shapes

STRUCTURES, WIDTHS = ("Brainstem", "Parotid_L"), (8, 16)


@pytest.fixture()
def tensors() -> Dict[str, np.ndarray]:
    """Weights that fit; those of the head's bias are float32."""
    made = {name: np.ones(shape, np.float16)
            for name, shape in network_shapes(len(STRUCTURES), WIDTHS).items()}  # fmt: skip
    return {**made, "head.bias": made["head.bias"].astype(np.float32)}


@pytest.fixture()
def make_manifest() -> Callable[..., Manifest]:
    """Builds a valid manifest; keyword arguments change fields."""

    def make(**changes: object) -> Manifest:
        values = dict(
            id="head-neck-7",
            version="1.0.0",
            name="Head and neck",
            structures=STRUCTURES,
            region="head and neck",
            anatomy="Head and neck, adults, planning CT",
            recipe={"name": "default", "patch": (48, 80, 80), "widths": WIDTHS},
            network={"outputs": 2, "widths": WIDTHS, "inputs": 1},
            training_spacing_mm=(2.5, 3.0, 3.0),
            data="161 planning CTs (Müller et al.)",
            licence="Apache-2.0",
            validation={
                "Brainstem": {
                    "dice_mean": 0.8, "dice_sd": None, "surface_dice_mean": 0.9,
                    "tolerance_mm": 2.5, "n": 1,
                }
            },
            known_failures=("Dental streaks.",),
        )
        values.update(changes)
        return Manifest(**values)

    return make


@pytest.fixture()
def make_model(tmp_path: Path, make_manifest, tensors) -> Callable[..., Path]:
    """Writes a valid model folder; keyword arguments change the manifest's fields."""
    count = iter(range(1000))

    def make(**changes: object) -> Path:
        folder = tmp_path / "made" / f"model {next(count)} ü"
        write_model(folder, make_manifest(**changes), tensors, "# Card\n")
        return folder

    return make
