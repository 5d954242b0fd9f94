"""`autocontourrt segment` with a tiny model and a coarse phantom."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

from AutoContourRTCore.nn.inference import Predictor
from AutoContourRTCore.segmentation import service
from AutoContourRTCore.segmentation.pipeline import BOX_NOTE
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.segfile import read_labelmap


@pytest.fixture()
def ct(phantom_ct: Path, tmp_path: Path) -> Path:
    """A CT of the test's own, in a folder with a blank and letters beyond ASCII."""
    folder = tmp_path / "Größe Δ 患者"
    folder.mkdir()
    return Path(shutil.copy(phantom_ct, folder / "mein ct.nrrd"))


def test_contours_lie_beside_the_ct_on_its_grid_and_a_table_tells_their_volume(
    command: Any, ct: Path
) -> None:
    done = command("segment", ct, "--model", "tiny", "--device", "cpu")
    assert done.code == 0, done.err
    output = ct.with_name("mein ct.seg.nrrd")
    found = read_labelmap(output)
    assert found.geometry.same_grid(read_volume(ct).geometry)
    assert "SpinalCord" in found.names
    for name in found.names:
        (row,) = [line for line in done.out.splitlines() if line.startswith(name + " ")]
        assert float(row.split()[1]) == pytest.approx(found.volume_ml(name), abs=0.06)
    assert "Parotid_L           -  not found" in done.out
    assert str(output) in done.out and "Research use only" in done.out
    assert sorted(os.listdir(ct.parent)) == ["mein ct.nrrd", "mein ct.seg.nrrd"]


def test_what_the_model_covers_is_said_before_it_runs(command: Any, ct: Path) -> None:
    done = command("segment", ct, "--model", "tiny", "--progress", "none")
    assert done.err.splitlines()[0] == (
        "tiny (tiny 1.0) contours SpinalCord, Parotid_L, Parotid_R on: head and neck."
    )
    assert done.code == 0 and "contours SpinalCord" not in done.out  # the table alone


def test_what_is_odd_about_the_ct_is_told_once_and_before_the_network_runs(
    command: Any, ct: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list = []

    def predict(predictor: Predictor, image: np.ndarray, progress: Any) -> np.ndarray:
        told.append(capfd.readouterr().err)
        return work(predictor, image, progress)

    work = Predictor.__call__
    monkeypatch.setattr(Predictor, "__call__", predict)
    shape = read_volume(ct).geometry.shape
    box = f"0 {shape[2]} 0 {shape[1]} 20 {shape[0]}"
    done = command("segment", ct, "--model", "tiny", "--roi", box)
    assert done.code == 0, done.err
    assert told[0].count(f"Warning: {BOX_NOTE}") == 1 and BOX_NOTE not in done.err


def test_earlier_contours_are_kept_unless_force_is_said(command: Any, ct: Path) -> None:
    output = ct.with_name("mein ct.seg.nrrd")
    output.write_bytes(b"edited for an hour")
    refused = command("segment", ct, "--model", "tiny")
    assert refused.code == 2 and "--force" in refused.err
    assert output.read_bytes() == b"edited for an hour"
    assert command("segment", ct, "--model", "tiny", "--force").code == 0
    assert read_labelmap(output).geometry.shape == read_volume(ct).geometry.shape


def test_the_ct_itself_is_never_overwritten(command: Any, ct: Path) -> None:
    named_like_contours = ct.with_name("ct.seg.nrrd")
    ct.rename(named_like_contours)
    before = named_like_contours.read_bytes()
    done = command("segment", named_like_contours, "-o", named_like_contours, "--force")
    assert done.code == 2 and "is the input" in done.err
    assert named_like_contours.read_bytes() == before


def test_structures_in_any_spelling_and_a_box_limit_what_is_written(
    command: Any, ct: Path, tmp_path: Path
) -> None:
    out = tmp_path / "o.seg.nrrd"
    shape = read_volume(ct).geometry.shape
    box = f"0 {shape[2]} 0 {shape[1]} 20 {shape[0]}"
    done = command("segment", ct, "-o", out, "--model", "tiny",
                   "--structures", "left parotid, cord", "--roi", box)
    assert done.code == 0, done.err
    found = read_labelmap(out)
    assert "Parotid_R" not in done.out and "Parotid_L" in done.out
    assert found.names == ("SpinalCord",)
    assert not found.masks["SpinalCord"][:20].any() and found.masks["SpinalCord"][20:].any()


#: Arguments after the CT, and a word of the message.
BAD_ARGUMENTS = [
    (["--model", "nobody"], "tiny"),
    (["--model", "tiny", "--structures", "Parotid"], "Parotid_L"),
    (["--model", "tiny", "--structures", "Heart"], "Heart"),
    (["--model", "tiny", "--structures", ","], "structures"),
    (["--model", "tiny", "--roi", "1 2 3"], "six whole numbers"),
    (["--model", "tiny", "--roi", "0 9999 0 5 0 5"], "9999"),
    (["--model", "tiny", "--device", "tpu"], "tpu"),
    (["--model", "tiny", "-o", "x.png"], ".seg.nrrd"),
    (["--model", "tiny", "--label", "Plan 1", "--body"], "--body and --label: for a structure"),
    (["--model", "tiny", "-o", "no/such/folder/x.seg.nrrd"], "no/such/folder"),
]


@pytest.mark.parametrize("arguments, word", BAD_ARGUMENTS)
def test_a_bad_argument_is_exit_code_2_with_a_line_that_names_it(
    command: Any, ct: Path, arguments: list, word: str
) -> None:
    done = command("segment", ct, *arguments)
    assert done.code == 2 and done.out == ""
    assert word in done.err.splitlines()[-1] and "Traceback" not in done.err
    assert os.listdir(ct.parent) == [ct.name]


def bad_image(kind: str, path: Path) -> Path:
    """A file that is no CT, of one kind of badness."""
    shapes = {"2D": (9, 9), "4D": (3, 9, 9, 9), "one slice": (1, 40, 40)}
    array = np.full(shapes.get(kind, (20, 40, 40)), -1000, np.int16)
    if kind == "NaN":
        array = np.full(array.shape, np.nan, np.float32)
    image = SimpleITK.GetImageFromArray(array, isVector=False)
    if kind == "RGB":
        image = SimpleITK.GetImageFromArray(np.zeros((20, 40, 40, 3), np.uint8), isVector=True)
    SimpleITK.WriteImage(image, str(path))
    content = path.read_bytes()
    if kind == "spacing 0":
        content = content.replace(b"(1,0,0) (0,1,0) (0,0,1)", b"(0,0,0) (0,1,0) (0,0,1)")
        assert b"(0,0,0) (0,1,0)" in content
    path.write_bytes({"empty": b"", "truncated": content[:-500]}.get(kind, content))
    return path


@pytest.mark.parametrize(
    "kind, word",
    [
        ("empty", "empty"), ("truncated", "truncated"), ("2D", "2D image"), ("4D", "4 dimensions"),
        ("RGB", "3 values per voxel"), ("NaN", "finite"), ("spacing 0", "spac"),
        ("one slice", "no body found"), ("all air", "no body found"), ("missing", "exist"),
    ],
)
def test_a_bad_image_is_exit_code_2_with_a_line_that_says_why(
    command: Any, tmp_path: Path, kind: str, word: str
) -> None:
    path = tmp_path / "schlecht.nrrd"
    if kind != "missing":
        bad_image(kind, path)
    done = command("segment", path, "--model", "tiny", "--progress", "none")
    assert done.code == 2, done.err
    covers, reason = done.err.splitlines()
    assert covers.endswith("head and neck.") and word in reason
    assert not path.with_name("schlecht.seg.nrrd").exists()


def test_a_damaged_model_is_exit_code_2(
    command: Any, ct: Path, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(models / "tiny", tmp_path / "models" / "tiny")
    weights = tmp_path / "models" / "tiny" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"abcd")
    monkeypatch.setenv("AUTOCONTOURRT_MODELS", str(tmp_path / "models"))
    done = command("segment", ct, "--model", "tiny")
    assert done.code == 2 and "weights.safetensors was changed or damaged" in done.err


#: Prints in Python and below it, in the midst of the work.
NOISE = """
import os
from AutoContourRTCore.segmentation import service
quiet = service.SegmentationService.__call__
def noisy(self, request, progress, warn):
    os.write(1, b"from below")
    print("from Python")
    return quiet(self, request, progress, warn)
service.SegmentationService.__call__ = noisy
"""


def test_progress_for_machines_is_json_lines_that_stray_prints_do_not_break(
    start: Any, ct: Path
) -> None:
    process = start("segment", ct, "--model", "tiny", "--progress", "json", before=NOISE)
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    *reports, last = [json.loads(line) for line in out.splitlines()]
    fractions = [line["fraction"] for line in reports]
    assert len(fractions) > 5 and fractions == sorted(fractions)
    assert {line["kind"] for line in reports} == {"progress"} and last["kind"] == "done"
    assert last["result"]["output"] == str(ct.with_name("mein ct.seg.nrrd"))
    assert "from below" in err and "from Python" in err


def test_a_failure_is_told_to_machines_too(command: Any, ct: Path) -> None:
    done = command("segment", ct, "--model", "nobody", "--progress", "json")
    assert done.code == 2
    assert done.lines[-1]["kind"] == "failed" and done.lines[-1]["cause"] == "input"


def test_an_unexpected_error_is_exit_code_3_with_a_log_or_with_the_traceback(
    command: Any, ct: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(self: Any, request: Any, progress: Any, warn: Any) -> Any:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(service.SegmentationService, "__call__", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    plain = command("segment", ct, "--model", "tiny")
    assert plain.code == 3 and "ZeroDivisionError: a bug" in plain.err
    assert "Traceback" not in plain.err
    (log,) = tmp_path.glob("autocontourrt-*.log")
    assert str(log) in plain.err and "Traceback" in log.read_text("utf-8")
    debug = command("segment", ct, "--model", "tiny", "--debug")
    assert debug.code == 3 and "Traceback" in debug.err


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_is_exit_code_130_and_leaves_nothing(start: Any, ct: Path, number: int) -> None:
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    process = start("segment", ct, "--model", "slow", "--progress", "json", "--device", "cpu",
                    before=listen)  # a shell's background jobs ignore SIGINT
    while '"window ' not in process.stdout.readline():
        pass
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "cancelled; nothing was written" in err and "Traceback" not in err
    assert '"kind": "cancelled"' in out.splitlines()[-1]
    assert os.listdir(ct.parent) == [ct.name]


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX")
def test_a_full_disk_is_exit_code_2_and_keeps_the_earlier_contours(start: Any, ct: Path) -> None:
    output = ct.with_name("mein ct.seg.nrrd")
    output.write_bytes(b"edited for an hour")
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))"
    process = start("segment", ct, "--model", "tiny", "--force", "--progress", "none",
                    before=limit)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2, err
    assert output.name in err and "Traceback" not in err
    assert output.read_bytes() == b"edited for an hour"
    assert sorted(os.listdir(ct.parent)) == ["mein ct.nrrd", output.name]
