"""Where contours go when nobody says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from AutoContourRTCore.cli.outputs import check_output, contours_beside
from AutoContourRTCore.errors import InputError


@pytest.mark.parametrize(
    "name, expected",
    [
        ("ct.nrrd", "ct.seg.nrrd"),
        ("ct.nii.gz", "ct.seg.nrrd"),
        ("a.b.MHA", "a.b.seg.nrrd"),
        ("ct.seg.nrrd", "ct.seg.seg.nrrd"),
        ("image", "image.seg.nrrd"),
    ],
)
def test_contours_lie_beside_a_file(tmp_path: Path, name: str, expected: str) -> None:
    assert contours_beside(tmp_path / name) == tmp_path / expected


def test_contours_lie_beside_a_dicom_folder_also_when_it_is_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = tmp_path / "series 1.5 mm"
    series.mkdir()
    assert contours_beside(series) == tmp_path / "series 1.5 mm.seg.nrrd"
    monkeypatch.chdir(series)
    assert contours_beside(Path(".")) == tmp_path / "series 1.5 mm.seg.nrrd"


def test_an_input_reached_by_another_name_is_still_not_overwritten(tmp_path: Path) -> None:
    source = tmp_path / "a.seg.nrrd"
    source.write_bytes(b"1")
    (tmp_path / "b.seg.nrrd").symlink_to(source)
    with pytest.raises(InputError, match="is the input"):
        check_output(tmp_path / "b.seg.nrrd", True, source)


def test_a_folder_that_cannot_be_written_is_told_before_any_work(tmp_path: Path) -> None:
    protected = Path("/proc")  # not even root may write here
    if not protected.is_dir():
        pytest.skip("a Linux system's folder")
    with pytest.raises(InputError, match="choose a folder you may write to"):
        check_output(protected / "a.seg.nrrd", False, tmp_path / "ct.nrrd")
    check_output(tmp_path / "a.seg.nrrd", False, tmp_path / "ct.nrrd")
    assert not list(tmp_path.iterdir())
