"""How networks are judged while training on corrections: alike, and each voxel once."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Iterator

import numpy as np
import pytest

from AutoContourRTCore.correction.project import Project
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn.case_cache import AnnotatedCase
from AutoContourRTCore.nn.cases import unpack
from AutoContourRTCore.nn.correction_gate import PooledCounts, judge
from AutoContourRTCore.nn.correction_state import Judged
from AutoContourRTCore.nn.correction_training import CorrectionTrainer
from correction_trainers import CPU, epochs, trainer
from tiny_projects import draw_truth, tiny_project


def test_both_networks_are_judged_on_the_same_cases_also_when_one_is_lost_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_project(tmp_path / "p", 7) as project:
        for number in range(1, 8):  # the second and the seventh are for validation
            draw_truth(project, number)
        trained = epochs(trainer(project), 1)
        best, lost = trained.state.best, trained.cases.validation[1]
        assert best is not None
        both = best.key
        load = trained.cases.load

        def damaged(case_id: str) -> AnnotatedCase:
            if case_id == lost and trained.state.epoch_step == trained.state.epoch_steps:
                trained.cases._leave_out(case_id, "damaged")
                raise InputError("damaged")
            return load(case_id)

        monkeypatch.setattr(trained.cases, "load", damaged)
        epochs(trained, 1)
        assert trained.cases.problems == {lost: "damaged"}
        assert trained.state.best is not None
        assert trained.state.best.key == trained._judged_by() != both


def test_a_case_that_is_lost_while_the_best_is_judged_again_leaves_no_score_of_all_cases(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = epochs(trainer(project), 1)
    assert trained.state.best is not None
    trained.state.best.key = "of other cases"
    before = asdict(trained.state.best)

    def judge(self: object, network: object, into: Judged) -> Iterator[str]:
        into.score = 0.9
        yield "judged"
        trained.cases._leave_out(project.record.cases[1].id, "damaged")

    monkeypatch.setattr(CorrectionTrainer, "_judge", judge)
    list(trained._rejudge(trained._judged_by()))
    assert asdict(trained.state.best) == before


def test_every_voxel_counts_once_however_windows_overlap(project: Project) -> None:
    trained = trainer(project)
    trained.unit()
    (case_id,) = trained.cases.validation
    case = trained.cases.load(case_id).case
    known = np.ones((2, *case.image.shape), bool) if case.known is None else (
        unpack(np.asarray(case.known), 2)
    )  # fmt: skip
    for patch in ((8, 16, 16), (6, 10, 14), (16, 32, 32)):
        assert patch == (16, 32, 32) or any(n % p for n, p in zip(case.image.shape, patch))
        counts = PooledCounts.empty(2)
        recipe = replace(trained.recipe, patch=patch)
        list(judge(trained.network, trained.cases, recipe, CPU, counts))
        assert counts.annotated.tolist() == known.sum(axis=(1, 2, 3)).tolist()


def test_smaller_patches_judge_the_best_again(project: Project) -> None:
    """Its score with larger ones could stay out of reach."""
    trained = epochs(trainer(project), 1)
    assert trained.state.best is not None
    trained.state.best.score = 2.0
    trained._shrink(MemoryError())
    epochs(trained, 1)
    assert trained.state.best.score is not None and trained.state.best.score <= 1.0
