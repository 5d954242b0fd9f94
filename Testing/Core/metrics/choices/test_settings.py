from __future__ import annotations

import json

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.settings import Settings


def test_an_unknown_dvh_point_is_refused_when_the_settings_are_made():
    with pytest.raises(InputError, match="D95"):
        Settings(dvh_points=("D95",))


def test_what_tables_say_of_the_settings_is_json():
    told = Settings(by_hand=(("a", ""),), dvh_points=("D95%",)).to_dict()
    assert json.loads(json.dumps(told)) == told
    assert told["matched_by_hand"] == [["a", ""]] and told["dvh_points"] == ["D95%"]
