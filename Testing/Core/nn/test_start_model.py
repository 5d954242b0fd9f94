from __future__ import annotations

from typing import Sequence

import pytest
import torch

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn.start_model import StartModel
from AutoContourRTCore.nn.unet import ResidualUNet


def network(outputs: int, seed: int, widths: Sequence[int] = (8, 16)) -> ResidualUNet:
    torch.manual_seed(seed)
    return ResidualUNet(outputs, widths).eval()


def start(structures: Sequence[str]) -> StartModel:
    return StartModel("m", network(len(structures), 1).state_dict(), tuple(structures))


def test_known_structures_give_the_very_same_outputs_in_their_new_order() -> None:
    model = start(("Larynx", "Heart", "Brain"))
    wanted = ("Brain", "Parotid_L", "Larynx")
    fresh = network(3, 2)
    fresh_head = fresh.state_dict()["head.weight"].clone()
    weights = model.put_into(fresh.state_dict(), wanted)
    fresh.load_state_dict(weights)
    image = torch.randn(1, 1, 8, 8, 8)
    with torch.no_grad():
        before, after = network(3, 1)(image), fresh(image)
    assert torch.equal(after[:, 0], before[:, 2]) and torch.equal(after[:, 2], before[:, 0])
    assert torch.equal(weights["head.weight"][1], fresh_head[1])
    assert model.known(wanted) == ("Brain", "Larynx")


def test_another_network_is_refused() -> None:
    with pytest.raises(InputError, match="'m' has another network"):
        start(("Heart",)).put_into(network(1, 2, (16, 16)).state_dict(), ("Heart",))
    with pytest.raises(InputError, match="another network"):
        start(("Heart",)).put_into(network(1, 2, (8, 16, 24)).state_dict(), ("Heart",))
