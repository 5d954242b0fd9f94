from __future__ import annotations

import getpass
import hashlib
import json
from datetime import datetime
from pathlib import Path

from AutoContourRTCore import __version__
from AutoContourRTCore.hashing import sha256_of
from AutoContourRTCore.metrics.choices.provenance import COLUMNS, provenance_of, user_name
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.choices.tolerance_files import Tolerances
from AutoContourRTCore.metrics.contours import ContourSet
from AutoContourRTCore.metrics.inputs.hashes import identity_of, joint_identity


def test_it_tells_software_user_time_settings_and_the_tolerance_file():
    settings = Settings(Tolerances({}, "t.csv", "ab" * 32), round_tolerance=True, grid=(3, 1, 1))
    told = provenance_of(settings, "head_neck_7 1.0", "Ada").cells()
    assert tuple(told) == COLUMNS
    assert told["software"] == f"AutoContourRT {__version__}" and told["user"] == "Ada"
    assert datetime.fromisoformat(told["time"]).tzinfo is not None
    assert json.loads(told["settings"])["grid"] == [3, 1, 1]
    assert (told["tolerance_file"], told["tolerance_id"]) == ("t.csv", "sha256:" + "ab" * 32)
    assert told["model"] == "head_neck_7 1.0"


def test_each_side_is_told_by_its_file_and_identity(grid):
    sides = [ContourSet({}, grid, name, f"sha256:{name}") for name in ("a", "b")]
    told = provenance_of(Settings()).of_sets(*sides).cells()
    assert (told["reference_file"], told["test_id"], told["dose_id"]) == ("a", "sha256:b", "")


def test_an_account_without_a_name_is_unknown(monkeypatch):
    def nobody():
        raise OSError("no entry")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert user_name() == "unknown"


def test_hashes_are_those_of_the_bytes_and_of_all_files_with_their_names(tmp_path: Path):
    for name in "ab":
        (tmp_path / name).write_bytes(name.encode())
    assert sha256_of(tmp_path / "a") == hashlib.sha256(b"a").hexdigest()
    both = identity_of([tmp_path / "a", tmp_path / "b"])
    lines = "".join(f"{n} {hashlib.sha256(n.encode()).hexdigest()}\n" for n in "ab")
    assert both == "sha256:" + hashlib.sha256(lines.encode()).hexdigest()
    assert joint_identity(["x"]) != joint_identity(["x", "y"])
