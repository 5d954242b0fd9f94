from __future__ import annotations

import csv

import numpy as np
import pytest

from AutoContourRTCore.metrics.choices.provenance import COLUMNS
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.cohort.paired import compare_methods
from AutoContourRTCore.metrics.compare.ratings import Rating
from AutoContourRTCore.metrics.report.cohort_files import OPTIONAL, write_evaluation
from AutoContourRTCore.metrics.report.report import Evaluation, report
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.volume import Volume


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_all_tables_and_the_report_are_written_with_provenance(folders, tmp_path, evaluated):
    first = evaluated(*folders)
    second = evaluated(folders[0], folders[0])
    ratings = (Rating("p1", "Brain", "good"), Rating("p2", "Brain", "excellent"))
    evaluation = Evaluation(first, second=second, ratings=ratings, names=("ours", "theirs"),
                            paired=compare_methods(first.rows, second.rows))
    written = write_evaluation(tmp_path / "out", evaluation)
    assert all(path.is_file() for path in written)
    for path in written:
        if path.suffix == ".csv" and path.name != "matching_audit.csv":
            with open(path, newline="", encoding="utf-8") as file:
                assert set(COLUMNS) <= set(csv.DictReader(file).fieldnames or []), path
    rows = read(tmp_path / "out" / "per_case.csv")
    assert len(rows) == 6 and rows[0]["reference_id"] != rows[-1]["reference_id"]
    summary = {(r["structure"], r["measure"]): r for r in read(tmp_path / "out" / "summary.csv")}
    heart = summary[("Heart", "dice")]
    assert (heart["n"], heart["missing"], heart["mean"]) == ("2", "1", "0.5")
    assert float(heart["pooled"]) == pytest.approx(2 * 125 / (125 * 3))
    rates = {r["structure"]: r for r in read(tmp_path / "out" / "pass_rates.csv")}
    assert (rates["Heart"]["judged"], rates["Heart"]["failed"]) == ("2", "1")
    assert len(read(tmp_path / "out" / "matching_audit.csv")) == 6


def test_a_dose_is_summarised_and_told_in_the_report(folders, grid, tmp_path, evaluated):
    rising = np.arange(grid.shape[0], dtype=np.float32)[:, None, None] + np.zeros(grid.shape)
    for case in ("p1", "p2", "p3"):
        write_volume(Volume(rising.astype(np.float32), grid), folders[0] / case / "dose.nrrd")
    cohort = evaluated(*folders, dose="dose.nrrd", dose_unit="Gy")
    write_evaluation(tmp_path / "out", Evaluation(cohort))
    summary = {(r["structure"], r["measure"]): r for r in read(tmp_path / "out" / "summary.csv")}
    of_brain = [row["dose_mean_difference_gy"] for row in cohort.rows if row.structure == "Brain"]
    assert any(of_brain)
    told = summary[("Brain", "dose_mean_difference_gy")]
    assert float(told["mean"]) == pytest.approx(np.mean(of_brain))
    assert {"dose_mean_test_gy", "D2%_reference_gy"} <= {measure for _, measure in summary}
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Dose, test - reference" in page
    low, high = min(of_brain), max(of_brain)
    spread = f"{np.mean(of_brain):.2f} ± {np.std(of_brain, ddof=1):.2f} ({low:.2f} to {high:.2f})"
    assert spread in page


def test_optional_tables_of_an_earlier_evaluation_go(folders, tmp_path, evaluated):
    cohort, out = evaluated(*folders), tmp_path / "out"
    both = Evaluation(cohort, second=cohort, ratings=(Rating("p1", "Brain", "good"),),
                      paired=compare_methods(cohort.rows, cohort.rows))  # fmt: skip
    write_evaluation(out, both)
    assert all((out / name).is_file() for name in OPTIONAL)
    write_evaluation(out, Evaluation(cohort))
    assert not any((out / name).exists() for name in OPTIONAL)


def test_a_point_of_the_dose_that_some_contours_lack_has_its_own_n(folders, grid, evaluated):
    for case in ("p1", "p2", "p3"):
        dose = np.full(grid.shape, 2.0, np.float32)
        write_volume(Volume(dose, grid), folders[0] / case / "dose.nrrd")
    large = f"D{10 ** 6}cc"
    settings = Settings(dvh_points=("D50%", large))
    page = report(Evaluation(evaluated(*folders, dose="dose.nrrd", dose_unit="Gy",
                                       settings=settings)))  # fmt: skip
    assert "<td>0.00 ± 0.00 (0.00 to 0.00)</td><td>- ± - (- to -) (n = 0)</td>" in page
