"""What other programs make of our files: dciodvfy (dicom3tools), Orthanc and plastimatch.

On Debian: apt-get install dicom3tools orthanc plastimatch
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any, Iterator, List, Set

import numpy as np
import pydicom
import pytest
import SimpleITK

import dicom_series as made
from AutoContourRTCore.volumes.dicom.highdicom_files import write_seg
from AutoContourRTCore.volumes.dicom.rtstruct_write import Export, write_rtstruct
from AutoContourRTCore.volumes.dicom.series import Series, find_series
from AutoContourRTCore.volumes.dicom.structures import read_structures
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume

GRID = Geometry((6, 40, 40), (3.0, 1.0, 1.0))
HOW = Export(generated={"Parotid_L": "AUTOMATIC", "Body": "SEMIAUTOMATIC", "Odd": "AUTOMATIC"},
             models=dict.fromkeys(("Parotid_L", "Body", "Odd"), "head_neck_7 1.0"))  # fmt: skip


def _labelmap(grid: Geometry = GRID) -> LabelMap:
    _, j, i = np.indices(grid.shape)
    radius = np.hypot(j - grid.shape[1] / 2, i - grid.shape[2] / 2)
    return LabelMap({"Parotid_L": (radius < 9) & (radius > 4), "Body": radius < 15,
                     "Odd": radius < 1}, grid)  # fmt: skip


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Series:
    folder = tmp_path_factory.mktemp("ct")
    made.write_ct(folder, np.zeros(GRID.shape, np.int16), GRID)
    return find_series(folder)


def _dciodvfy(path: Path) -> List[str]:
    """Its errors and warnings."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy is not installed (Debian: dicom3tools)")
    run = subprocess.run([program, str(path)], capture_output=True, text=True, timeout=60)
    lines = (run.stdout + run.stderr).splitlines()
    return [line for line in lines if line.startswith(("Error", "Warning"))]


def test_on_a_clean_series_nothing_is_wrong_with_our_structure_set(
    series: Series, tmp_path: Path
) -> None:
    assert _dciodvfy(series.first.path) == []
    write_rtstruct(_labelmap(), series, tmp_path / "RS.dcm", HOW)
    assert _dciodvfy(tmp_path / "RS.dcm") == []


def test_on_a_clean_series_nothing_is_wrong_with_our_segmentation(
    series: Series, tmp_path: Path
) -> None:
    pytest.importorskip("highdicom")
    write_seg(_labelmap(), series, tmp_path / "S.dcm", HOW)
    assert _dciodvfy(tmp_path / "S.dcm") == []
    image = SimpleITK.ReadImage(str(tmp_path / "S.dcm"))
    assert image.GetSize()[:2] == (40, 40)


def test_on_a_real_series_only_errors_of_copied_values_are_found(
    shared_data: Path, tmp_path: Path
) -> None:
    series = find_series(shared_data / "dicom_sts" / "STS_001" / "dicom" / "image")
    grid = Geometry((59, 202, 198), (3.27, 0.976562, 0.976562), series.first.position)  # type: ignore[arg-type]
    write_rtstruct(_labelmap(grid), series, tmp_path / "RS.dcm", HOW)
    copied = {_about(line) for line in _dciodvfy(series.first.path)}
    assert {_about(line) for line in _dciodvfy(tmp_path / "RS.dcm")} <= copied


def _about(line: str) -> str:
    """A line without what it says of the module in which it found a value."""
    return line.split(" Module=")[0]


def test_pydicom_reads_back_what_is_written_without_a_warning(
    series: Series, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    write_rtstruct(_labelmap(), series, tmp_path / "RS.dcm", HOW)
    recwarn.clear()
    found = pydicom.dcmread(tmp_path / "RS.dcm")
    assert "ROI Contour Sequence" in str(found)  # reads every value
    assert not recwarn.list
    assert read_structures(tmp_path / "RS.dcm", series.first.path.parent).labelmap.names == (
        "Parotid_L", "Body", "Odd",
    )  # fmt: skip


def test_plastimatch_gets_the_very_same_voxels_from_our_structure_set(
    series: Series, tmp_path: Path
) -> None:
    """Rings too: it knows nothing of holes but the keyhole."""
    program = shutil.which("plastimatch")
    if program is None:
        pytest.skip("plastimatch is not installed (Debian: plastimatch)")
    write_rtstruct(_labelmap(), series, tmp_path / "RS.dcm", HOW)
    write_volume(Volume(np.zeros(GRID.shape, np.int16), GRID), tmp_path / "ct.nrrd")
    ct = series.first.path.parent
    command = [program, "convert", "--input", tmp_path / "RS.dcm", "--referenced-ct", ct,
               "--fixed", tmp_path / "ct.nrrd", "--output-prefix", tmp_path / "masks",
               "--prefix-format", "nrrd"]  # fmt: skip
    run = subprocess.run([str(word) for word in command], capture_output=True, timeout=60)
    assert run.returncode == 0, run.stdout.decode("latin-1")
    for name, mask in _labelmap().masks.items():
        image = SimpleITK.ReadImage(str(tmp_path / "masks" / f"{name}.nrrd"))
        assert np.array_equal(SimpleITK.GetArrayFromImage(image) > 0, mask), name


# Orthanc


@pytest.fixture()
def orthanc(tmp_path: Path) -> Iterator[str]:
    """The address of an Orthanc of the test's own."""
    program = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")
    if program is None:
        pytest.skip("Orthanc is not installed (Debian: orthanc)")
    port, dicom_port = _free_port(), _free_port()
    folder = tmp_path / "orthanc"
    folder.mkdir()
    options = {"HttpPort": port, "DicomPort": dicom_port, "StorageDirectory": str(folder),
               "RemoteAccessAllowed": False, "AuthenticationEnabled": False}  # fmt: skip
    (folder / "orthanc.json").write_text(json.dumps(options))
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen([program, str(folder / "orthanc.json")], stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process, folder / "log")
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(150):
        assert process.poll() is None, log.read_text("utf-8", "replace")
        try:
            _ask(address + "/system")
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"Orthanc did not answer: {log.read_text('utf-8', 'replace')}")


def _ask(address: str, data: Any = None) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(address, data), timeout=20) as answer:
        return bytes(answer.read())


def test_orthanc_returns_ct_and_structure_set_unchanged_and_in_one_study(
    orthanc: str, series: Series, tmp_path: Path
) -> None:
    write_rtstruct(_labelmap(), series, tmp_path / "RS.dcm", HOW)
    paths = [*[each.path for each in series.slices], tmp_path / "RS.dcm"]
    studies: Set[str] = set()
    for path in paths:
        stored = json.loads(_ask(orthanc + "/instances", path.read_bytes()))
        assert stored["Status"] == "Success"
        studies.add(stored["ParentStudy"])
        assert _ask(f"{orthanc}/instances/{stored['ID']}/file") == path.read_bytes()
    assert len(studies) == 1
    tags = json.loads(_ask(f"{orthanc}/instances/{stored['ID']}/simplified-tags"))
    assert [roi["ROIName"] for roi in tags["StructureSetROISequence"]] == [
        "Parotid_L", "Body", "Odd",
    ]  # fmt: skip
    assert tags["ApprovalStatus"] == "UNAPPROVED"
