"""A trained network at work: HU on its own grid in, probabilities out."""

from __future__ import annotations

from typing import Callable, List, Mapping, Sequence, Tuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn.augment import normalised
from AutoContourRTCore.nn.cases import AIR
from AutoContourRTCore.nn.devices import autocast, choose_device
from AutoContourRTCore.nn.losses import probabilities
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.nn.unet import ResidualUNet, side_multiple
from AutoContourRTCore.nn.windows import slide
from AutoContourRTCore.progress import Progress, ignore_progress

OVERLAP = 0.25
Window = Tuple[int, ...]
Attempt = Tuple[torch.device, Window]
Result = TypeVar("Result")


class Predictor:
    """A network on a device, ready for one volume after the other.

    weights: tensor name -> float16 or float32 array, as a model file holds them.
    device: 'auto', 'cpu' or 'cuda'. Where the GPU's memory does not suffice, the windows shrink,
    and then the CPU takes over; `notes` says so after a call, also of a GPU that was passed over.
    Between calls no GPU memory is kept.
    block: a shift of the image by so many voxels shifts the result and changes nothing else.
    Raises InputError for weights that do not fit the network of structures and recipe.
    """

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        structures: Tuple[str, ...],
        recipe: Recipe,
        device: str = "auto",
    ) -> None:
        self.structures, self.recipe = structures, recipe
        passed_over: List[str] = []
        self.device = choose_device(device, passed_over.append)
        self._always = tuple(passed_over)
        self.block = side_multiple(recipe.widths)
        self.notes: Tuple[str, ...] = ()
        network = ResidualUNet(len(structures), recipe.widths)
        tensors = {n: torch.from_numpy(np.array(w)).float() for n, w in weights.items()}
        try:
            network.load_state_dict(tensors)
        except RuntimeError as error:
            raise InputError(
                f"The weights do not fit {len(structures)} structures and widths {recipe.widths}; "
                f"the model is damaged or belongs to another recipe. {error}"
            ) from error
        self._network = network.eval().requires_grad_(False)

    def __call__(self, image: np.ndarray, progress: Progress = ignore_progress) -> np.ndarray:
        """Probabilities float32 [structures, k, j, i] of HU [k, j, i] on the recipe's spacing."""

        def run(device: torch.device, window: Window) -> np.ndarray:
            try:
                return self._predict(image, device, window, progress)
            finally:
                if device.type == "cuda":
                    self._network.cpu()
                    torch.cuda.empty_cache()

        wanted = attempts(self.device, self.recipe.patch, self.block)
        result, notes = first_that_fits(wanted, run)
        self.notes = self._always + notes
        return result

    def _predict(
        self, image: np.ndarray, device: torch.device, window: Window, progress: Progress
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


def attempts(device: torch.device, patch: Window, multiple: int) -> List[Attempt]:
    """Devices and window sizes to try: the wanted ones, on a GPU then smaller ones, then the CPU.

    multiple: what the network asks of every side of a window.
    """
    if device.type == "cpu":
        return [(device, patch)]
    smaller = tuple(max(multiple, n // 2 // multiple * multiple) for n in patch)
    return [(device, patch), (device, smaller), (torch.device("cpu"), patch)]


def first_that_fits(
    tries: Sequence[Attempt], run: Callable[[torch.device, Window], Result]
) -> Tuple[Result, Tuple[str, ...]]:
    """The result of the first attempt for which the memory suffices, and notes on those before.

    Raises MemoryError when it suffices for none; any other error of an attempt goes through.
    """
    notes: Tuple[str, ...] = ()
    for device, window in tries:
        try:
            return run(device, window), notes
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
        size = " x ".join(str(n) for n in window)
        notes += (f"The {device.type} memory did not suffice for windows of {size} voxels.",)
    raise MemoryError(" ".join(notes) + " Close other programs or segment a smaller box.")


def out_of_memory(error: RuntimeError) -> bool:
    """Whether memory did not suffice: torch's own class, or what the CUDA libraries and the CPU
    say in plain RuntimeErrors."""
    said = str(error).lower()
    known = ("out of memory", "alloc_failed", "can't allocate memory", "not enough memory")
    return isinstance(error, torch.cuda.OutOfMemoryError) or any(text in said for text in known)
