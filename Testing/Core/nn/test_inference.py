from __future__ import annotations

from typing import Any, Dict, List

import numpy as np
import pytest
import torch

from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.nn import devices, inference
from AutoContourRTCore.nn.augment import normalised
from AutoContourRTCore.nn.inference import Predictor, attempts, first_that_fits
from AutoContourRTCore.nn.unet import ResidualUNet
from tiny_cases import tiny_recipe

CPU, GPU = torch.device("cpu"), torch.device("cuda")
RECIPE = tiny_recipe()


def network() -> ResidualUNet:
    torch.manual_seed(3)
    net = ResidualUNet(2, RECIPE.widths)
    torch.nn.init.normal_(net.head.weight, std=1.0)
    return net.eval()


def weights(dtype: "type[np.floating[Any]]" = np.float32) -> Dict[str, np.ndarray]:
    return {name: t.numpy().astype(dtype) for name, t in network().state_dict().items()}


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 200, shape).astype(np.float32)


def predictor(**changes: Any) -> Predictor:
    return Predictor(weights(), ("R", "L"), tiny_recipe(**changes), "cpu")


@pytest.fixture
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "fast_bfloat16", lambda device: False)


def test_a_single_window_gives_what_the_network_gives(float32: None) -> None:
    hu = image(8, 16, 16)
    with torch.no_grad():
        window = normalised(torch.from_numpy(hu), RECIPE.intensity)[None, None]
        expected = torch.sigmoid(network()(window))
    found = predictor()(hu)
    assert found.dtype == np.float32
    assert np.allclose(found, expected[0].numpy(), atol=1e-5)
    assert found.std() > 0.01


@pytest.mark.parametrize("shape", [(3, 5, 7), (8, 16, 16), (13, 40, 21)])
def test_probabilities_lie_on_the_image_s_grid(shape: "tuple[int, int, int]") -> None:
    found = predictor()(image(*shape))
    assert found.shape == (2, *shape) and found.min() >= 0 and found.max() <= 1


def test_bfloat16_changes_probabilities_by_little(monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for fast in (False, True):
        monkeypatch.setattr(devices, "fast_bfloat16", lambda device, fast=fast: fast)
        results.append(predictor()(image(8, 16, 16)))
    assert 0 < np.abs(results[0] - results[1]).max() < 0.1


def test_weights_of_half_precision_do(float32: None) -> None:
    half = Predictor(weights(np.float16), ("R", "L"), RECIPE, "cpu")
    assert np.allclose(half(image(8, 16, 16)), predictor()(image(8, 16, 16)), atol=0.02)


def test_a_softmax_recipe_gives_probabilities_that_sum_below_one() -> None:
    found = predictor(activation="softmax")(image(8, 16, 16))
    assert found.sum(axis=0).max() < 1


def test_integer_hu_are_welcome() -> None:
    hu = image(8, 16, 16).astype(np.int16)
    assert np.array_equal(predictor()(hu), predictor()(hu.astype(np.float32)))


def test_weights_of_another_network_are_refused() -> None:
    with pytest.raises(InputError, match="3 structures.*damaged or belongs to another"):
        Predictor(weights(), ("A", "B", "C"), RECIPE, "cpu")
    some = weights()
    del some["head.bias"]
    with pytest.raises(InputError, match="head.bias"):
        Predictor(some, ("R", "L"), RECIPE, "cpu")


def test_progress_counts_windows_and_a_cancelled_predictor_works_again() -> None:
    told: List[str] = []

    def progress(share: float, message: str) -> None:
        told.append(message)
        if len(told) == 2:
            raise Cancelled

    predict = predictor()
    with pytest.raises(Cancelled):
        predict(image(8, 16, 60), progress)
    assert told == ["window 1 of 5", "window 2 of 5"]
    assert np.array_equal(predict(image(8, 16, 60)), predictor()(image(8, 16, 60)))


def test_on_a_gpu_smaller_windows_and_then_the_cpu_come_next() -> None:
    assert attempts(CPU, (48, 80, 80), 16) == [(CPU, (48, 80, 80))]
    assert attempts(GPU, (48, 80, 16), 16) == [
        (GPU, (48, 80, 16)), (GPU, (16, 32, 16)), (CPU, (48, 80, 16)),
    ]


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
)
@pytest.mark.parametrize("failures", [0, 1, 2])
def test_the_first_attempt_that_fits_the_memory_is_taken(
    error: RuntimeError, failures: int
) -> None:
    tries = attempts(GPU, (8, 16, 16), 2)
    made = []

    def run(device: torch.device, window: "tuple[int, ...]") -> str:
        made.append((device, window))
        if len(made) <= failures:
            raise error
        return f"result on {device}"

    result, notes = first_that_fits(tries, run)
    assert made == tries[: failures + 1]
    assert result == f"result on {tries[failures][0]}"
    assert len(notes) == failures
    assert all("cuda memory did not suffice" in note for note in notes)


def test_when_no_attempt_fits_the_memory_all_are_named() -> None:
    def run(device: torch.device, window: "tuple[int, ...]") -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    with pytest.raises(MemoryError, match="cuda.*8 x 16 x 16.*cuda.*4 x 8 x 8.*cpu.*smaller box"):
        first_that_fits(attempts(GPU, (8, 16, 16), 2), run)


def test_any_other_error_is_not_taken_for_a_lack_of_memory() -> None:
    def run(device: torch.device, window: "tuple[int, ...]") -> None:
        raise RuntimeError("expected scalar type Float")

    with pytest.raises(RuntimeError, match="scalar type"):
        first_that_fits(attempts(GPU, (8, 16, 16), 2), run)


def test_a_predictor_without_gpu_memory_ends_on_the_cpu_and_says_so(
    monkeypatch: pytest.MonkeyPatch, float32: None
) -> None:
    """The GPU is the CPU here, and its memory ends in the middle of a volume."""
    predict = predictor()
    expected = predict(image(8, 16, 40))
    assert predict.notes == ()
    tries = [(CPU, (8, 16, 16)), (CPU, (4, 8, 8)), (CPU, (8, 16, 16))]
    monkeypatch.setattr(inference, "attempts", lambda device, patch, multiple: tries)
    sizes: List[int] = []

    def forward(module: torch.nn.Module, arguments: "tuple[torch.Tensor, ...]") -> None:
        sizes.append(arguments[0].numel())
        if len(sizes) in (2, 3):
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    predict._network.register_forward_pre_hook(forward)
    assert np.array_equal(predict(image(8, 16, 40)), expected)
    assert sizes[:4] == [8 * 16 * 16, 8 * 16 * 16, 4 * 8 * 8, 8 * 16 * 16]
    assert len(predict.notes) == 2 and "4 x 8 x 8" in predict.notes[1]


def test_a_gpu_that_cannot_compute_is_told_after_every_call(
    monkeypatch: pytest.MonkeyPatch, float32: None
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(devices, "_fault_of", lambda device: "no kernel image is available")
    predict = Predictor(weights(), ("R", "L"), tiny_recipe(), "auto")
    assert predict.device == CPU
    for _ in range(2):
        predict(image(8, 16, 16))
        (note,) = predict.notes
        assert "(no kernel image is available); the CPU computes instead" in note
