from __future__ import annotations

import pytest
import torch

from AutoContourRTCore.nn.unet import ResidualUNet, side_multiple


@pytest.mark.parametrize("widths", [(8,), (8, 16), (8, 16, 24)])
def test_every_structure_gets_a_logit_for_every_voxel(widths: "tuple[int, ...]") -> None:
    side = 2 * side_multiple(widths)
    logits = ResidualUNet(3, widths)(torch.randn(2, 1, side, 2 * side, side))
    assert logits.shape == (2, 3, side, 2 * side, side)


def test_a_side_must_be_divisible_once_per_level_down() -> None:
    assert side_multiple((8,)) == 1
    assert side_multiple((32, 64, 96, 128, 160)) == 16


def test_an_untrained_network_expects_background() -> None:
    torch.manual_seed(0)
    probability = torch.sigmoid(ResidualUNet(2, (8, 16))(torch.randn(1, 1, 8, 8, 8)))
    assert probability.max() < 0.1


def test_every_weight_learns() -> None:
    torch.manual_seed(0)
    network = ResidualUNet(2, (8, 16))
    network(torch.randn(1, 1, 8, 8, 8)).square().sum().backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None and weight.grad.abs().max() > 0, name


def test_a_voxel_sees_its_surroundings_across_levels() -> None:
    torch.manual_seed(0)
    image = torch.randn(1, 1, 16, 16, 16, requires_grad=True)
    ResidualUNet(1, (8, 16, 24))(image)[0, 0, 8, 8, 8].backward()
    assert image.grad is not None and image.grad[0, 0, 2, 8, 8].abs() > 0


def test_names_of_the_weights_stay_as_in_the_models_that_were_shipped() -> None:
    block = {"first.weight", "second.weight"} | {
        f"norm{n}.{part}" for n in (1, 2) for part in ("weight", "bias")
    }
    shortcut = {"shortcut.weight", "shortcut.bias"}
    expected = {
        f"{place}.{name}" for place in ("stem", "down.0", "merge.0") for name in block | shortcut
    } | {"up.0.weight", "up.0.bias", "head.weight", "head.bias"}
    assert set(ResidualUNet(1, (8, 16)).state_dict()) == expected
