"""`autocontourrt phantom`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.segfile import read_labelmap


def test_the_phantom_is_a_case_folder_and_earlier_files_are_kept(
    command: Any, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "Fall 1"
    done = command("phantom", out, "--spacing", 6, 5, 5, "--couch")
    assert done.code == 0, done.err
    volume, truth = read_volume(out / "ct.nrrd"), read_labelmap(out / "structures.seg.nrrd")
    assert volume.geometry.spacing == (6.0, 5.0, 5.0)
    assert truth.geometry.same_grid(volume.geometry)
    assert {"Brainstem", "Parotid_L", "Parotid_R"} <= set(truth.names)
    refused = command("phantom", out)
    assert refused.code == 2 and "--force" in refused.err


def test_a_bad_spacing_or_place_is_exit_code_2(command: Any, tmp_path: Path) -> None:
    assert command("phantom", tmp_path / "a", "--spacing", 0, 1, 1).code == 2
    (tmp_path / "file").write_bytes(b"")
    done = command("phantom", tmp_path / "file" / "b", "--spacing", 9, 9, 9)
    assert done.code == 2 and "cannot be made" in done.err
