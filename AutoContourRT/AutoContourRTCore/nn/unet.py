"""The network: a residual 3D U-Net with one output channel per structure."""

from __future__ import annotations

from typing import List, Sequence

import torch
from torch import Tensor, nn

_GROUPS = 8


class ResidualBlock(nn.Module):
    """Two 3x3x3 convolutions with group norm; the input is added to their result."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv3d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.GroupNorm(_GROUPS, outputs)
        self.second = nn.Conv3d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.GroupNorm(_GROUPS, outputs)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv3d(inputs, outputs, stride, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, inputs, k, j, i] -> [batch, outputs, k / stride, j / stride, i / stride]."""
        y = torch.relu_(self.norm1(self.first(x)))
        y = self.norm2(self.second(y))
        return torch.relu_(y + self.shortcut(x))


class ResidualUNet(nn.Module):
    """Residual 3D U-Net (encoder by strided convolution, decoder by transposed convolution).

    widths: channels per level, finest first; each a multiple of 8.
    Input [batch, inputs, k, j, i]; every side a multiple of ``2 ** (len(widths) - 1)``.
    Output: logits [batch, outputs, k, j, i]; a sigmoid makes each channel a probability of its
    own, so that structures may overlap and a channel without ground truth can be left out.
    After Nikolov 2021 (residual 3D U-Net, sigmoid per organ) and Smith 2021 (group norm,
    Kaiming initialisation).
    """

    def __init__(
        self, outputs: int, widths: Sequence[int] = (32, 64, 96, 128, 160), inputs: int = 1
    ) -> None:
        super().__init__()
        self.stem = ResidualBlock(inputs, widths[0])
        pairs = list(zip(widths[:-1], widths[1:]))
        self.down = nn.ModuleList(ResidualBlock(a, b, stride=2) for a, b in pairs)
        self.up = nn.ModuleList(nn.ConvTranspose3d(b, a, 2, stride=2) for a, b in reversed(pairs))
        self.merge = nn.ModuleList(ResidualBlock(2 * a, a) for a, _ in reversed(pairs))
        self.head = nn.Conv3d(widths[0], outputs, 1)
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, (nn.Conv3d, nn.ConvTranspose3d)):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.normal_(self.head.weight, std=0.01)
        assert self.head.bias is not None
        nn.init.constant_(self.head.bias, -4.0)  # most voxels belong to no structure

    def forward(self, x: Tensor) -> Tensor:
        """[batch, inputs, k, j, i] -> logits [batch, outputs, k, j, i]."""
        skips: List[Tensor] = [self.stem(x)]
        for down in self.down:
            skips.append(down(skips[-1]))
        y = skips.pop()
        for up, merge in zip(self.up, self.merge):
            y = merge(torch.cat([up(y), skips.pop()], dim=1))
        return self.head(y)


def side_multiple(widths: Sequence[int]) -> int:
    """Every side of an input must be a multiple of this."""
    return int(2 ** (len(widths) - 1))
