"""Contour one case one way in this process; the last line printed is JSON.

    python contour_once.py "128^3"|"512x512x160" ours|plain
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time

START = time.monotonic()

from typing import Tuple  # noqa: E402  (the clock starts before the imports)

import numpy as np  # noqa: E402
from validation_cases import MODEL, cases  # noqa: E402

from AutoContourRTCore.allocation import keep_freed_memory  # noqa: E402
from AutoContourRTCore.metrics.measures import dice  # noqa: E402
from AutoContourRTCore.phantom import make_phantom  # noqa: E402
from AutoContourRTCore.segmentation.pipeline import (  # noqa: E402
    load_model,
    place,
    segment,
)
from AutoContourRTCore.volumes.geometry import Geometry  # noqa: E402
from AutoContourRTCore.volumes.labelmap import LabelMap  # noqa: E402
from AutoContourRTCore.volumes.resample import resample, resample_mask  # noqa: E402
from AutoContourRTCore.volumes.volume import Volume  # noqa: E402

AIR = -1000.0


def load_case() -> Tuple[Volume, LabelMap]:
    """The first validation case of AUTOCONTOURRT_DATA, else the phantom."""
    if not os.environ.get("AUTOCONTOURRT_DATA"):
        return make_phantom()
    _name, volume, truth = next(cases(1))
    return volume, truth


def enlarge(volume: Volume, truth: LabelMap, grid: Geometry) -> Tuple[Volume, LabelMap]:
    """The case on another grid, air around it."""
    array = np.rint(resample(volume, grid, AIR).array).astype(np.int16)
    masks = {n: resample_mask(m, truth.geometry, grid) for n, m in truth.masks.items()}
    return Volume(array, grid), LabelMap(masks, grid)


def centered_grid(
    volume: Volume, shape: Tuple[int, int, int], spacing: Tuple[float, float, float]
) -> Geometry:
    """A grid of a given shape and spacing about the volume's middle."""
    old = volume.geometry
    middle = old.to_lps((np.asarray(old.shape) - 1) / 2)
    at_zero = Geometry(shape, spacing, (0.0, 0.0, 0.0), old.axes)
    return Geometry(
        shape, spacing, tuple(middle - at_zero.to_lps((np.asarray(shape) - 1) / 2)), old.axes
    )


def plain(volume: Volume, model: object) -> LabelMap:
    """Whole volume on the same lattice, half-overlapping windows, float32, contiguous."""
    import torch

    from AutoContourRTCore.nn.losses import probabilities
    from AutoContourRTCore.nn.windows import slide
    from AutoContourRTCore.segmentation.body import body_mask
    from AutoContourRTCore.segmentation.patient import network_grid, network_image
    from AutoContourRTCore.segmentation.postprocess import clean

    predictor = model.predictor  # type: ignore[attr-defined]
    network = predictor._network.to(memory_format=torch.contiguous_format)
    body = body_mask(volume)
    everywhere = np.ones(volume.geometry.shape, dtype=bool)
    grid = network_grid(
        everywhere, volume.geometry, predictor.recipe.spacing, predictor.block
    )
    image = torch.from_numpy(network_image(volume, body, grid))

    def predict(window: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return probabilities(network(predictor._input(window)), predictor.recipe.activation)

    found = slide(
        predict, image, predictor.recipe.patch, len(predictor.structures), 0.5, -2e4,
        lambda done, total: None,
    ).numpy()
    masks = {
        name: clean(place(found[n], grid, volume.geometry))
        for n, name in enumerate(predictor.structures)
    }
    return LabelMap(masks, volume.geometry)


def main(case: str, way: str) -> None:
    """Contour, then print seconds, peak memory and mean Dice."""
    volume, truth = load_case()
    if case == "128^3":
        grid = centered_grid(volume, (128, 128, 128), volume.geometry.spacing)
    else:
        grid = centered_grid(volume, (160, 512, 512), (2.5, 1.0, 1.0))
    prepared = time.monotonic()
    volume, truth = enlarge(volume, truth, grid)
    preparing = time.monotonic() - prepared
    started = time.monotonic()
    if way == "ours":
        keep_freed_memory()  # as the command line and the worker do
    model = load_model(MODEL, "cpu")
    found = segment(volume, model).labelmap if way == "ours" else plain(volume, model)
    ended = time.monotonic()
    nothing = np.zeros(grid.shape, dtype=bool)
    scores = [dice(mask, found.masks.get(n, nothing)) for n, mask in truth.masks.items()]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({
        "seconds": ended - START - preparing, "segment_s": ended - started, "peak_gb": peak,
        "dice": float(np.mean(scores)),
    }))


if __name__ == "__main__":
    main(*sys.argv[1:])
