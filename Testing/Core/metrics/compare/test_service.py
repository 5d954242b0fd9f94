from __future__ import annotations

import csv

import numpy as np
import pytest

from AutoContourRTCore import messages
from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.metrics.compare.service import CompareRequest, CompareService
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap


@pytest.fixture()
def request_of(tmp_path, grid, box):
    write_labelmap(LabelMap({"Old Cord": box((3, 4, 5), (10, 6, 7))}, grid),
                   tmp_path / "a.seg.nrrd")
    write_labelmap(LabelMap({"SpinalCord": box((4, 4, 5), (10, 6, 7))}, grid),
                   tmp_path / "b.seg.nrrd")

    def make(**more):
        values = {"id": "1", "reference": str(tmp_path / "a.seg.nrrd"),
                  "test": str(tmp_path / "b.seg.nrrd"), "output": str(tmp_path / "t.csv"),
                  "by_hand": [["Old Cord", "SpinalCord"]], **more}
        return CompareRequest(**values)

    return make


def test_a_request_survives_the_way_through_a_line(request_of):
    for request in (request_of(), request_of(grid=[3.0, 1.0, 1.0], dvh_points=["D95%"])):
        assert messages.parse_request(messages.encode(request)) == request


@pytest.mark.parametrize(
    ("name", "value"),
    [("grid", "sideways"), ("grid", [1.0, 2.0]), ("grid", [1.0, 2.0, -1.0]), ("by_hand", ["ab"]),
     ("by_hand", [["a", 1]]), ("reference", ""), ("round_tolerance", 1), ("dose_unit", 3),
     ("dvh_points", "D95%"), ("user", None)],
)
def test_a_wrong_field_is_refused_by_its_name(request_of, name, value):
    with pytest.raises(messages.MessageError, match=name):
        request_of(**{name: value})


def test_the_service_writes_table_matching_and_audit(request_of, tmp_path):
    request = request_of(matching=str(tmp_path / "m.csv"), audit=str(tmp_path / "audit.csv"),
                         case="p1", user="Ada", round_tolerance=True)
    told = []
    result = CompareService()(request, lambda fraction, message: told.append(fraction))
    assert result.structures == 1 and result.warnings == () and told == sorted(told)
    with open(tmp_path / "t.csv", newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["structure"], row["case"], row["user"]) == ("SpinalCord", "p1", "Ada")
    assert float(row["tolerance_used_mm"]) == pytest.approx(8.8125**0.5)  # one step each
    assert "by hand" in (tmp_path / "m.csv").read_text() and "Ada" in (
        tmp_path / "audit.csv"
    ).read_text()


def test_nothing_is_written_when_it_is_cancelled_or_fails(request_of, tmp_path):
    def stop(fraction, message):
        if fraction > 0.3:
            raise Cancelled()

    with pytest.raises(Cancelled):
        CompareService()(request_of(), stop)
    with pytest.raises(InputError, match="no structure in common"):
        CompareService()(request_of(by_hand=[]))
    with pytest.raises(InputError, match="DVH"):
        CompareService()(request_of(dvh_points=["D95"]))
    assert not (tmp_path / "t.csv").exists()


def test_a_warning_is_part_of_the_result(request_of, tmp_path, grid):
    from AutoContourRTCore.volumes.files import write_volume
    from AutoContourRTCore.volumes.volume import Volume

    half = grid.cropped((0, 0, 0), (8, *grid.shape[1:]))
    write_volume(Volume(np.full(half.shape, 20, np.int16), half), tmp_path / "dose.nrrd")
    request = request_of(dose=str(tmp_path / "dose.nrrd"), dose_unit="Gy")
    warnings = CompareService()(request).warnings
    assert "the dose covers 50.0 % of the reference contour" in warnings[0]
