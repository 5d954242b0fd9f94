"""A trained network at work: HU on its own grid in, probabilities out."""

from __future__ import annotations

from typing import Iterator, Mapping, Tuple

import numpy as np
import torch
from torch import Tensor

from AutoContourRTCore.nn.augment import normalised
from AutoContourRTCore.nn.cases import AIR
from AutoContourRTCore.nn.devices import autocast, choose_device
from AutoContourRTCore.nn.losses import probabilities
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.nn.unet import ResidualUNet, side_multiple
from AutoContourRTCore.nn.windows import slide
from AutoContourRTCore.progress import Progress, ignore_progress

OVERLAP = 0.25


class Predictor:
    """A network on a device, ready for one volume after the other.

    weights: tensor name -> float16 or float32 array, as a model file holds them.
    device: 'auto', 'cpu' or 'cuda'. Where the GPU's memory does not suffice, the windows shrink,
    and then the CPU takes over; `notes` says so after a call.
    """

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        structures: Tuple[str, ...],
        recipe: Recipe,
        device: str = "auto",
    ) -> None:
        self.structures, self.recipe = structures, recipe
        self.device = choose_device(device)
        self.notes: Tuple[str, ...] = ()
        network = ResidualUNet(len(structures), recipe.widths)
        network.load_state_dict({n: torch.from_numpy(np.array(w)).float() for n, w in weights.items()})
        self._network = network.eval().requires_grad_(False)

    def __call__(self, image: np.ndarray, progress: Progress = ignore_progress) -> np.ndarray:
        """Probabilities float32 [structures, k, j, i] of HU [k, j, i] on the recipe's spacing."""
        notes = []
        for device, window in self._attempts():
            try:
                result = self._predict(image, device, window, progress)
                self.notes = tuple(notes)
                return result
            except torch.cuda.OutOfMemoryError:
                notes.append(f"GPU memory did not suffice for windows of {window} voxels.")
            finally:
                if device.type == "cuda":
                    self._network.cpu()
                    torch.cuda.empty_cache()
        raise MemoryError("Neither the GPU nor the CPU has the memory for one window.")

    def _attempts(self) -> Iterator[Tuple[torch.device, Tuple[int, ...]]]:
        """Devices and window sizes, the wanted one first."""
        patch = self.recipe.patch
        yield self.device, patch
        if self.device.type == "cuda":
            multiple = side_multiple(self.recipe.widths)
            yield self.device, tuple(max(multiple, n // 2 // multiple * multiple) for n in patch)
            yield torch.device("cpu"), patch

    def _predict(
        self, image: np.ndarray, device: torch.device, window: Tuple[int, ...], progress: Progress
    ) -> np.ndarray:
        network = self._network.to(device, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

        def predict(part: Tensor) -> Tensor:
            part = self._input(part.to(device)).contiguous(memory_format=torch.channels_last_3d)
            with torch.inference_mode(), autocast(device):
                logits = network(part)
            return probabilities(logits.float(), self.recipe.activation)

        def report(done: int, total: int) -> None:
            progress(done / total, f"window {done} of {total}")

        hu = torch.from_numpy(image.astype(np.float32, copy=False))
        result = slide(predict, hu, window, len(self.structures), OVERLAP, AIR, report)
        return result.numpy()

    def _input(self, hu: Tensor) -> Tensor:
        return normalised(hu, self.recipe.intensity)


