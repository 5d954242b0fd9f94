"""Deep supervision for a row of the model study: coarser levels of the decoder are judged too."""

from __future__ import annotations

from typing import Any, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from AutoContourRTCore.nn.training import Trainer
from AutoContourRTCore.nn.unet import ResidualUNet

#: Of the finest level, then of the coarser ones: half for each (Isensee et al. 2021).
WEIGHTS = (1.0, 0.5, 0.25)
COARSE = "coarse."


class SupervisedUNet(ResidualUNet):
    """In training the logits of each level, on the finest grid, lie one after the other along the
    batch; otherwise it is a ResidualUNet. The weights named COARSE... serve training alone."""

    def __init__(self, outputs: int, widths: Sequence[int]) -> None:
        super().__init__(outputs, widths)
        levels = range(1, len(WEIGHTS))
        self.coarse = nn.ModuleList(nn.Conv3d(widths[n], outputs, 1) for n in levels)
        for head in self.coarse:
            nn.init.normal_(head.weight, std=0.01)
            nn.init.constant_(head.bias, -4.0)  # as the network's own head

    def forward(self, x: Tensor) -> Tensor:
        """[batch, 1, k, j, i] -> logits [levels * batch, outputs, k, j, i]; not in training
        [batch, outputs, k, j, i]."""
        if not self.training:
            return super().forward(x)
        seen: "list[Tensor]" = []
        hooks = [
            self.merge[-1 - n].register_forward_hook(lambda module, given, made: seen.append(made))
            for n in range(1, len(WEIGHTS))
        ]
        logits = super().forward(x)
        for hook in hooks:
            hook.remove()
        size = tuple(logits.shape[2:])
        coarse = [
            F.interpolate(head(features), size=size, mode="trilinear")
            for head, features in zip(self.coarse, reversed(seen))
        ]
        return torch.cat([logits, *coarse])


class DeeplySupervised(Trainer):
    """A trainer whose loss is the weighted mean of that of each level."""

    def _fresh_network(self) -> Any:
        network = SupervisedUNet(len(self.structures), self.recipe.widths)
        return network.to(self.device, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    def _loss(self, logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
        levels = logits.chunk(len(WEIGHTS))
        losses = [super(DeeplySupervised, self)._loss(part, target, known) for part in levels]
        total: Tensor = sum(w * loss for w, loss in zip(WEIGHTS, losses)) / sum(WEIGHTS)  # type: ignore[assignment]
        return total
