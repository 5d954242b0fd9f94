from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from AutoContourRTCore.correction import simulation  # noqa: E402
from AutoContourRTCore.correction.project import read_record  # noqa: E402
from AutoContourRTCore.correction.simulation import (  # noqa: E402
    Plan,
    Simulation,
    cases_needed,
    cases_with_all,
    last_line,
    save_plot,
)
from AutoContourRTCore.errors import Cancelled, InputError  # noqa: E402
from AutoContourRTCore.volumes.segfile import write_labelmap  # noqa: E402
from tiny_projects import (  # noqa: E402
    STRUCTURES,
    project_recipe,
    tiny_dataset,
    tiny_patient,
)

LEFT, RIGHT = STRUCTURES


class Steps:
    """A clock that moves by a second each time somebody looks: as many steps on any machine."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def plan(dataset: Path, **changes: Any) -> Plan:
    values = {"cases": 4, "slices": 2, "seconds_per_case": 40.0, **changes}
    return Plan(str(dataset), STRUCTURES, project_recipe().to_dict(), **values)


def run(out: Path, wanted: Plan, **arguments: Any) -> Simulation:
    found = Simulation(wanted, out, device="cpu", clock=Steps(), **arguments)
    found.run()
    return found


@pytest.mark.slow
def test_a_simulated_user_teaches_a_model(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "data", 5)
    found = run(tmp_path / "out", plan(dataset))
    with open(tmp_path / "out" / "curve.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "case", "structure", "dice_before", "corrected_voxels", "slices", "seconds",
    ]
    assert [row["case"] for row in rows[::2]] == ["pt_1", "pt_2", "pt_3", "pt_4"]
    assert {row["structure"] for row in rows} == set(STRUCTURES)
    dice = [float(row["dice_before"]) for row in rows]
    assert dice[0] == dice[1] == 0.0 and np.mean(dice[-4:]) > 0.2
    # The first two cases whole, with a margin of three voxels around: 5 + 3 + 3, or up to an edge.
    assert 8 * 11**2 <= int(rows[0]["corrected_voxels"]) <= 11**3
    assert int(rows[0]["corrected_voxels"]) == int(rows[0]["slices"]) * 11**2
    assert all(int(row["slices"]) <= 2 for row in rows[4:])
    assert [float(row["seconds"]) for row in rows] == [40.0] * 8
    record = read_record(tmp_path / "out" / "project")
    assert [case.side for case in record.cases] == ["train", "validation", "train", "train"]
    assert len(found.state.rows) == 8
    save_plot(found.state.rows, tmp_path / "curve.png", "t")
    assert (tmp_path / "curve.png").stat().st_size > 5000


def test_a_stopped_simulation_goes_on_where_it_was(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "data", 3)
    wanted = plan(dataset, cases=3, seconds_per_case=10.0)
    found = Simulation(wanted, tmp_path / "out", device="cpu", clock=Steps())

    def stop(share: float, message: str) -> None:
        if message.startswith("pt_2: epoch") and share > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        found.run(stop)
    state = json.loads((tmp_path / "out" / "progress.json").read_text(encoding="utf-8"))
    assert state["done"] == 1
    with pytest.raises(InputError, match="add --resume"):
        run(tmp_path / "out", wanted)
    with pytest.raises(InputError, match="other settings"):
        run(tmp_path / "out", plan(dataset, cases=2), resume=True)
    again = run(tmp_path / "out", wanted, resume=True)
    assert [row["case"] for row in again.state.rows[::2]] == ["pt_1", "pt_2", "pt_3"]
    assert len(read_record(tmp_path / "out" / "project").cases) == 3
    assert run(tmp_path / "out", wanted, resume=True).state.rows == again.state.rows


def test_cases_that_lack_a_structure_are_passed_over_in_natural_order(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "data", 11)
    truth = tiny_patient(2)[1]
    write_labelmap(truth.only([LEFT]), dataset / "pt_2" / "structures.seg.nrrd")
    assert cases_with_all(dataset, STRUCTURES, 3) == ["pt_1", "pt_3", "pt_4"]
    assert cases_with_all(dataset, [LEFT], 99)[-2:] == ["pt_10", "pt_11"]
    with pytest.raises(InputError, match="No case .* has all of Brain"):
        cases_with_all(dataset, ["Brain"], 3)


def test_how_many_cases_were_needed() -> None:
    means = [1.0, 0.2, 0.4, 0.6, 0.7, 0.7, 0.7]  # of five: .58, .52, .62
    assert cases_needed(means, 0.6) == 7 and cases_needed(means, 0.7) is None
    assert cases_needed([0.9] * 4, 0.5) is None  # no five yet
    rows = [
        {"case": f"c{n}", "structure": name, "dice_before": value + shift}
        for n, value in enumerate(means) for name, shift in (("a", 0.1), ("b", -0.1))
    ]
    assert last_line(rows, 30) == (
        "cases until the running mean of 5 reached 0.6 / 0.7 / 0.75: 7 / >30 / >30"
    )


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").touch()
    with pytest.raises(InputError, match="not empty"):
        Simulation(plan(tiny_dataset(tmp_path / "data", 1)), tmp_path / "out")
    assert simulation.DRAWN_WHOLE == 2 and simulation.THRESHOLDS == (0.6, 0.7, 0.75)
