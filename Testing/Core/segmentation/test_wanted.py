"""Which of a model's structures are asked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.segmentation.wanted import wanted_structures

MODEL: Any = SimpleNamespace(id="m", structures=("SpinalCord", "Parotid_L", "Parotid_R"))


def test_any_spelling_gives_the_models_own_names_in_its_order_each_once() -> None:
    found = wanted_structures(["right parotid", "cord", "Parotid_R"], MODEL)
    assert found == ("SpinalCord", "Parotid_R")
    assert wanted_structures(None, MODEL) == MODEL.structures


def test_a_structure_that_the_model_lacks_is_told_with_those_it_covers() -> None:
    with pytest.raises(InputError, match="'m' does not contour Heart; it covers SpinalCord, "):
        wanted_structures(["Heart"], MODEL)
    with pytest.raises(InputError, match="quux"):
        wanted_structures(["quux"], MODEL)
