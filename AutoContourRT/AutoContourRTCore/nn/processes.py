"""Several processes that train one network (torchrun, DistributedDataParallel)."""

from __future__ import annotations

import os
from typing import Tuple

import torch
import torch.distributed as dist
from torch import Tensor, nn


def join_group(device: torch.device) -> None:
    """Join the process group that torchrun announces; alone, do nothing.

    On GPUs each process of a machine takes its own. Call it before a Trainer is made.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        if device.type == "cuda":
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")


def leave_group() -> None:
    """Leave the process group, if any."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


def rank_and_world() -> Tuple[int, int]:
    """This process's number and how many there are."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def wrap(network: nn.Module, device: torch.device) -> nn.Module:
    """The network, its gradients averaged over the processes."""
    if rank_and_world()[1] == 1:
        return network
    ids = [torch.cuda.current_device()] if device.type == "cuda" else None
    return nn.parallel.DistributedDataParallel(network, device_ids=ids)


def mean(value: Tensor) -> float:
    """Mean over the processes of a scalar."""
    world = rank_and_world()[1]
    if world > 1:
        value = value.clone()
        dist.all_reduce(value)
    return float(value) / world


def agree(yes: bool, device: torch.device) -> bool:
    """True where every process says yes."""
    if rank_and_world()[1] == 1:
        return yes
    vote = torch.tensor(float(yes), device=device)
    dist.all_reduce(vote, op=dist.ReduceOp.MIN)
    return bool(vote > 0)
