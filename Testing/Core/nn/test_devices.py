from __future__ import annotations

import pytest
import torch

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn import devices
from AutoContourRTCore.nn.devices import autocast, choose_device, fast_bfloat16, threads

CPU = torch.device("cpu")


def test_a_gpu_is_taken_only_where_one_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == CPU
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(devices, "_fault_of", lambda device: "")
    assert choose_device("auto") == choose_device("cuda") == torch.device("cuda")
    assert choose_device("cpu") == CPU


@pytest.fixture()
def useless_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU that answers, and that this torch has no kernels for."""

    def ones(*size: int, device: torch.device) -> torch.Tensor:
        assert device.type == "cuda"
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device\n"
                           "CUDA kernel errors might be asynchronously reported")  # fmt: skip

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "ones", ones)


def test_a_gpu_that_cannot_compute_is_passed_over_and_told(useless_gpu: None) -> None:
    told: "list[str]" = []
    assert choose_device("auto", told.append) == CPU
    (text,) = told
    assert "(CUDA error: no kernel image is available for execution on the device)" in text
    assert "the CPU computes instead" in text
    with pytest.warns(RuntimeWarning, match="the CPU computes instead"):
        assert choose_device() == CPU
    assert choose_device("cpu", told.append) == CPU and len(told) == 1


def test_asking_for_such_a_gpu_names_the_fault_and_the_way_out(useless_gpu: None) -> None:
    with pytest.raises(InputError, match="no kernel image.*--device cpu"):
        choose_device("cuda")


def test_what_can_compute_has_no_fault() -> None:
    assert devices._fault_of(CPU) == ""


def test_asking_for_a_gpu_that_is_not_there_names_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="--device cpu"):
        choose_device("cuda")


def test_an_unknown_device_is_named_with_those_that_exist() -> None:
    with pytest.raises(InputError, match="'tpu'.*auto, cpu, cuda"):
        choose_device("tpu")


@pytest.mark.parametrize(("capability", "fast"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_gpus_that_only_emulate_bfloat16_compute_in_float32(
    monkeypatch: pytest.MonkeyPatch, capability: "tuple[int, int]", fast: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert fast_bfloat16(torch.device("cuda")) is fast


@pytest.mark.parametrize(("fast", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_autocast_computes_in_bfloat16_only_where_it_is_fast(
    monkeypatch: pytest.MonkeyPatch, fast: bool, dtype: torch.dtype
) -> None:
    monkeypatch.setattr(devices, "fast_bfloat16", lambda device: fast)
    with autocast(CPU):
        assert torch.nn.Linear(4, 4)(torch.zeros(1, 4)).dtype == dtype


def test_threads_are_given_back_also_after_an_error() -> None:
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError), threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise RuntimeError
    assert torch.get_num_threads() == before
    with threads(0):
        assert torch.get_num_threads() == before
