from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from AutoContourRTCore.correction import report
from AutoContourRTCore.correction.annotation import BACKGROUND
from AutoContourRTCore.correction.predictions import Prediction, write_prediction
from AutoContourRTCore.correction.project import Project, case_folder
from tiny_projects import STRUCTURES, draw_truth, tiny_patient, tiny_project

LEFT, RIGHT = STRUCTURES


def corrected(folder: Path) -> Path:
    """Cases: both drawn in 7 s of work; the left corrected by a fifth, the right left alone; the
    left confirmed as predicted; saved without a look."""
    now = [0.0]
    with tiny_project(folder, 4) as project:
        project.log._clock = lambda: now[0]
        for n, case in enumerate([c.id for c in project.record.cases]):
            now[0] += 100.0
            project.log.write("open", case)
            now[0] += 7.0 + n
            if n == 0:
                draw_truth(project, 1)
                continue
            truth = tiny_patient(n + 1)[1]
            prediction = Prediction(truth.masks, truth.geometry, f"epoch {n}")
            write_prediction(prediction, case_folder(project.folder, case))
            if n == 1:
                left = project.correct(case)[LEFT]
                slices = np.argwhere(left.corrected)[:, 0]
                top = np.indices(left.corrected.shape)[0] == slices.max()
                left.paint(left.corrected & top, BACKGROUND)
            if n == 2:
                project.correct(case)[LEFT].review()
            project.save(case)
        project.log.write("close")
    return folder


def test_the_table_has_a_row_for_each_corrected_or_confirmed_contour(tmp_path: Path) -> None:
    project = corrected(tmp_path / "p")
    rows = report.write_csv(project, tmp_path / "table.csv")
    with open(tmp_path / "table.csv", encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert len(written) == len(rows) == 4
    found = [(r["order"], r["structure"], r["side"], r["model"]) for r in written]
    assert found[2:5] == [
        ("2", LEFT, "validation", "epoch 1"), ("3", LEFT, "train", "epoch 2"),
    ]
    dice = {(r["order"], r["structure"]): r["dice"] for r in written}
    assert float(dice["2", LEFT]) == pytest.approx(2 * 4 / 9)  # a fifth less
    assert float(dice["1", LEFT]) == 0.0 and float(dice["3", LEFT]) == 1.0
    assert [float(r["seconds"]) for r in written] == [7.0, 7.0, 8.0, 9.0]
    assert {r["dose_deviation_gy"] for r in written} == {""}


def test_running_mean_and_sd_look_back_over_sixty_images() -> None:
    values = [float(n) for n in range(100)]
    found = report.running_mean_sd(values)
    assert found[0] == (0.0, None)
    assert found[1] == pytest.approx((0.5, np.std([0, 1], ddof=1)))
    last = np.arange(40, 100)
    assert found[99] == pytest.approx((last.mean(), last.std(ddof=1)))
    assert report.running_mean_sd([None, 1.0, None]) == [(None, None), (1.0, None), (1.0, None)]


def test_the_figures_data_come_from_the_table(tmp_path: Path) -> None:
    rows = report.rows(corrected(tmp_path / "p"))
    figure3, figure5 = report.durations(rows), report.agreements(rows, LEFT)
    assert np.allclose(figure3.value, np.array([7, 8, 9]) / 60)
    assert len(report.agreements(rows, RIGHT).value) == 1  # nobody looked at the others
    assert np.allclose(figure5.value, [0.0, 8 / 9, 1.0])
    assert np.allclose(figure5.mean, [0.0, 4 / 9, (8 / 9 + 1) / 3])
    assert np.isnan(figure5.sd[0]) and figure5.order.tolist() == [1, 2, 3]
    assert len(report.deviations(rows, LEFT).order) == 0


def test_imported_contours_were_not_corrected(tmp_path: Path) -> None:
    with tiny_project(tmp_path / "p") as project:
        project.take_contours(project.record.cases[0].id, tiny_patient(1)[1])
    assert report.rows(tmp_path / "p") == []


def test_a_case_saved_twice_has_one_row(tmp_path: Path) -> None:
    with Project.open(corrected(tmp_path / "p")) as project:
        project.save(project.record.cases[1].id)
    assert len(report.rows(tmp_path / "p")) == 4
