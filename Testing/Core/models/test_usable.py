from __future__ import annotations

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.files import verify_model, write_model
from AutoContourRTCore.models.store import ModelStore
from AutoContourRTCore.models.usable import network_shapes


@pytest.mark.parametrize("widths", [(8,), (8, 16), (16, 16, 24), (32, 64, 96, 128, 160)])
def test_the_shapes_are_those_of_the_network(widths):
    pytest.importorskip("torch")
    from AutoContourRTCore.nn.unet import ResidualUNet

    real = {name: tuple(t.shape) for name, t in ResidualUNet(3, widths).state_dict().items()}
    assert network_shapes(3, widths) == real


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"widths": 5}, "wrong kind"),
        ({"widths": [8, "16"]}, "wrong kind"),
        ({"widths": [8.0, 16.0]}, "whole numbers"),
        ({"patch": [48, 80]}, r"patch \(48, 80\) is not possible"),
        ({"patch": [48.0, 80.0, 80.0]}, "whole numbers"),
        ({"spacing": [1, 1, 1, 1]}, "three positive numbers"),
        ({"spacing": ["a", "b", "c"]}, "wrong kind"),
        ({"intensity": 5}, "wrong kind"),
        ({"intensity": {"low": "-500"}}, "intensity as numbers"),
        ({"intensity": {"lowest": 1}}, "setting 'lowest'"),
        ({"activation": "tanh"}, "activation 'tanh'"),
    ],
)
def test_a_recipe_that_cannot_run_is_told_with_the_model(recipe, message, make_model):
    folder = make_model(recipe={"widths": [8, 16], **recipe})
    with pytest.raises(InputError, match=message) as told:
        verify_model(folder)
    assert str(told.value).startswith(f"{folder} cannot be used: ")


@pytest.mark.parametrize(
    ("structures", "message"),
    [(("GTVp", "Brainstem"), "GTVp"), (("LeftParotid", "Brainstem"), "must be named 'Parotid_L'")],
)
def test_a_structure_that_no_request_could_name_is_refused(structures, message, make_model):
    with pytest.raises(InputError, match=message):
        verify_model(make_model(structures=structures))


def changed(name, array):
    return lambda tensors: {**tensors, name: array}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: {"x": np.zeros(3, np.float32)}, "stem.first.weight: None instead of"),
        (changed("head.weight", np.ones((3, 8, 1, 1, 1), np.float16)),
         r"head.weight: \(3, 8, 1, 1, 1\) instead of \(2, 8, 1, 1, 1\)"),
        (changed("head.bias", np.ones(7, np.float16)), r"head.bias: \(7,\) instead of \(2,\)"),
        (changed("more", np.ones(7, np.float16)), r"more: \(7,\) instead of None"),
    ],
)  # fmt: skip
def test_weights_that_do_not_fit_are_refused(change, message, make_manifest, tensors, tmp_path):
    write_model(tmp_path / "m", make_manifest(), change(tensors), "# Card\n")
    with pytest.raises(InputError, match=message):
        verify_model(tmp_path / "m")


def test_such_a_model_is_not_taken_into_the_store(make_model, tmp_path):
    store = ModelStore(tmp_path / "user", tmp_path / "shipped")
    with pytest.raises(InputError, match="cannot be used"):
        store.import_model(make_model(structures=("GTVp", "Brainstem")))
    assert store.list() == [] and list(store.user_folder.iterdir()) == []


def test_a_model_that_is_right_is_usable(make_model):
    assert verify_model(make_model()).structures == ("Brainstem", "Parotid_L")
