"""One comparison from two nodes to the rows of a table, with whatever may happen in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.compare.comparison import compare
from AutoContourRTCore.metrics.compare.rows import MISSING_IN_TEST, NOT_IN_REFERENCE, row_of
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume
from AutoContourRTLib.SamplePhantom import addVolume
from AutoContourRTLib.SegmentationNodes import segmentNames
from MetricsModuleLib.ComparisonRun import ComparisonRun, Options
from MetricsModuleLib.Handover import oneContour, segmentIdOf
from MetricsModuleLib.Results import _row


def byName(outcome: Any) -> Any:
    return {cells["structure"]: _row(cells) for cells in outcome.rows}


def nodeCount(scene: Any) -> int:
    return int(scene.GetNumberOfNodes())


def test_every_figure_is_that_of_the_command(outcome: Any, labels: Any) -> None:
    wanted = compare(*labels)
    assert [cells["structure"] for cells in outcome.rows] == [r.structure for r in wanted.rows]
    for cells, row in zip(outcome.rows, wanted.rows):
        expected = row.cells(wanted.columns)
        assert {name: cells[name] for name in wanted.columns} == expected


def test_known_shifts_come_out_and_names_are_matched(outcome: Any) -> None:
    rows = byName(outcome)
    parotid = rows["Parotid_L"]
    assert (parotid.reference_name, parotid.test_name) == ("Parotid_L", "Lt Parotid")
    assert parotid["shift_lr_mm"] == pytest.approx(3) and parotid["hd_mm"] == pytest.approx(3)
    assert parotid["dice"] == pytest.approx(0.5)
    assert rows["Brain"]["surface_dice"] == 1
    assert rows["Eye_R"].state == MISSING_IN_TEST and rows["Larynx"].state == NOT_IN_REFERENCE


def test_rows_name_the_nodes_and_not_our_temporary_files(outcome: Any, tmp_path: Path) -> None:
    for cells in (*outcome.rows, *outcome.matches):
        assert cells["reference_file"] == "Observer 1" and cells["test_file"] == "Observer 2"
        assert cells["reference_id"].startswith("sha256:")
        assert str(tmp_path) not in "".join(cells.values())


def test_nothing_stays_behind_and_the_scene_is_untouched(
    scene: Any, reference: Any, test: Any, begin: Any, worker: Any, tmp_path: Path
) -> None:
    before = nodeCount(scene)
    watched = begin(reference, test)
    worker.finish()
    assert watched.ends and nodeCount(scene) == before
    assert list((tmp_path / "runs").iterdir()) == [] and not watched.run.isRunning


def test_progress_rises_and_ends_below_one(outcome: Any, begin: Any, reference: Any, test: Any,
                                           worker: Any) -> None:
    watched = begin(reference, test)
    worker.finish()
    shares = [share for share, _ in watched.progress]
    assert shares == sorted(shares) and 0 <= shares[0] and shares[-1] < 1
    assert len({text for _, text in watched.progress}) > 2


def test_options_reach_the_worker(
    reference: Any, test: Any, begin: Any, worker: Any, tmp_path: Path
) -> None:
    tolerances = tmp_path / "tolerances.csv"
    tolerances.write_text("structure,tolerance_mm,source\nParotid_L,3.05,us\n", encoding="utf-8")
    audit = tmp_path / "audit.csv"
    options = Options(
        grid=(1.0, 1.0, 1.0), roundTolerance=True, tolerances=str(tolerances),
        byHand=(("PTV", "Larynx"),), audit=str(audit), case="patient 7",
    )  # fmt: skip
    watched = begin(reference, test, options)
    worker.finish()
    rows = byName(watched.ends[0][1])
    assert rows["Parotid_L"]["tolerance_mm"] == 3.05
    assert rows["Parotid_L"]["tolerance_used_mm"] == 3
    assert rows["Parotid_L"].grid == "1 x 1 x 1 mm" and rows["Parotid_L"].case == "patient 7"
    assert {row.test_name for row in rows.values() if row.reference_name == "PTV"} == {"Larynx"}
    assert "Lt Parotid" in audit.read_text(encoding="utf-8")


def test_a_dose_adds_its_differences_in_gray(
    reference: Any, test: Any, begin: Any, worker: Any, grid: Any
) -> None:
    index = np.indices(grid.shape)[2]
    dose = addVolume(Volume((100 * index).astype(np.float32), grid), "dose")
    watched = begin(reference, test, Options(doseNode=dose, doseUnit="cGy"))
    worker.finish()
    row = byName(watched.ends[0][1])["Parotid_L"]
    assert row["dose_mean_reference_gy"] == pytest.approx(8.5)
    assert row["dose_mean_difference_gy"] == pytest.approx(3)


@pytest.mark.parametrize("unit", ["", "rad"])
def test_a_dose_without_a_unit_is_refused_at_once(
    reference: Any, test: Any, worker: Any, grid: Any, unit: str
) -> None:
    dose = addVolume(Volume(np.zeros(grid.shape, np.float32), grid), "dose")
    with pytest.raises(InputError, match="Gy or cGy"):
        ComparisonRun(reference, test, Options(doseNode=dose, doseUnit=unit), worker).start()


def test_a_side_that_is_not_chosen_is_named(reference: Any, worker: Any) -> None:
    with pytest.raises(InputError, match="No reference is chosen"):
        ComparisonRun(None, reference, Options(), worker).start()
    with pytest.raises(InputError, match="No test is chosen"):
        ComparisonRun(reference, None, Options(), worker).start()


def test_one_segmentation_twice_is_refused(reference: Any, worker: Any) -> None:
    with pytest.raises(InputError, match="the same segmentation"):
        ComparisonRun(reference, reference, Options(), worker).start()


def test_sets_without_a_common_structure_are_refused(
    reference: Any, addSet: Any, worker: Any, grid: Any, boxOf: Any
) -> None:
    other = addSet(LabelMap({"Heart": boxOf((1, 3), (1, 3), (1, 3))}, grid), "heart alone")
    with pytest.raises(InputError, match="'heart alone' have no structure in common.*Matching"):
        ComparisonRun(reference, other, Options(), worker).start()


def test_an_error_of_the_worker_names_the_node(
    reference: Any, addSet: Any, begin: Any, worker: Any, grid: Any
) -> None:
    empty = addSet(LabelMap({"Brain": np.zeros(grid.shape, bool)}, grid), "hollow")
    watched = begin(reference, empty)
    worker.finish()
    assert watched.ends == [("failed", "'hollow' is empty: none of its 1 segments has a voxel.")]


def test_a_dose_elsewhere_fails_in_words(
    reference: Any, test: Any, begin: Any, worker: Any, grid: Any
) -> None:
    from dataclasses import replace

    far = replace(grid, origin=(900.0, 0.0, 0.0))
    dose = addVolume(Volume(np.ones(far.shape, np.float32), far), "dose")
    watched = begin(reference, test, Options(doseNode=dose, doseUnit="Gy"))
    worker.finish()
    kind, message = watched.ends[0]
    assert kind == "failed" and "The dose covers 0 %" in message


def test_a_segmentation_removed_meanwhile_discards_the_run(
    scene: Any, reference: Any, test: Any, begin: Any, worker: Any, tmp_path: Path
) -> None:
    watched = begin(reference, test)
    scene.RemoveNode(test)
    assert watched.ends == [("cancelled", "'Observer 2' was removed.")]
    assert worker.cancelled == ["r0"] and list((tmp_path / "runs").iterdir()) == []


def test_a_contour_changed_meanwhile_discards_the_result(
    reference: Any, test: Any, begin: Any, worker: Any, waitFor: Any
) -> None:
    watched = begin(reference, test)
    test.GetSegmentation().GetNthSegment(0).SetName("other")
    worker.finish()
    waitFor(lambda: watched.ends)
    assert watched.ends == [
        ("cancelled", "The contours of 'Observer 2' were changed meanwhile.")
    ]


def test_a_dose_changed_meanwhile_discards_the_result(
    reference: Any, test: Any, begin: Any, worker: Any, waitFor: Any, grid: Any
) -> None:
    dose = addVolume(Volume(np.ones(grid.shape, np.float32), grid), "dose")
    watched = begin(reference, test, Options(doseNode=dose, doseUnit="Gy"))
    dose.GetImageData().Modified()
    worker.finish()
    waitFor(lambda: watched.ends)
    assert watched.ends == [("cancelled", "The dose was changed meanwhile.")]


def test_a_closed_scene_discards_the_run(
    scene: Any, reference: Any, test: Any, begin: Any
) -> None:
    watched = begin(reference, test)
    scene.Clear()
    assert watched.ends == [("cancelled", "The scene was closed.")]


def test_cancel_ends_a_run_at_the_worker_and_before_it(
    reference: Any, test: Any, begin: Any, waitFor: Any, worker: Any, tmp_path: Path
) -> None:
    watched = begin(reference, test)
    watched.run.cancel()
    assert watched.ends == [("cancelled", "")] and worker.cancelled == ["r0"]
    ends: list = []
    early = ComparisonRun(reference, test, Options(), worker, onCancelled=ends.append)
    early.start()
    early.cancel()
    waitFor(lambda: ends)
    assert ends == [""] and len(worker.requests) == 1 and not early.isRunning


def test_names_that_differ_in_capitals_alone_are_two_names(reference: Any) -> None:
    segmentation = reference.GetSegmentation()
    ids = list(segmentation.GetSegmentIDs())[:2]
    for segmentId, name in zip(ids, ("PTV a", "ptv A")):
        segmentation.GetSegment(segmentId).SetName(name)
    found = [segmentIdOf(reference, name) for name in ("PTV a", "ptv A", "PTV A", "")]
    assert found == [*ids, "", ""]
    assert {"PTV a", "ptv A"} <= {*segmentNames(reference)}
    assert oneContour(reference, "ptv A")[0].masks["ptv A"].any()


def test_converted_contours_say_so_in_every_row(
    reference: Any, test: Any, begin: Any, worker: Any
) -> None:
    test.CreateClosedSurfaceRepresentation()
    test.GetSegmentation().SetSourceRepresentationName("Closed surface")
    test.GetSegmentation().RemoveRepresentation("Binary labelmap")
    watched = begin(reference, test)
    worker.finish()
    kind, outcome = watched.ends[0]
    assert kind == "done"
    cells = row_of({"rasterisation": outcome.rows[0]["rasterisation"]})
    assert "reference: binary mask as stored; test: The segments were converted" in (
        cells.rasterisation
    )
    assert any("converted" in warning for warning in outcome.warnings)
