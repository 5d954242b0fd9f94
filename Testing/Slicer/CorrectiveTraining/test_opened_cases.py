"""Cases that are opened again, or cannot be shown."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

import SlicerHarness
from AutoContourRTCore.correction.predictions import Prediction, write_prediction
from AutoContourRTCore.correction.project import Project, case_folder
from AutoContourRTCore.errors import InputError


def block(k: int, j: int, i: int, side: int = 3) -> np.ndarray:
    """bool [k, j, i]."""
    mask = np.zeros((12, 24, 28), dtype=bool)
    mask[k : k + side, j : j + side, i : i + side] = True
    return mask


def doubleClick(user: Any, row: int) -> None:
    """In the list of cases; what a failure raises after it was shown ends in Qt."""
    with suppress(InputError):
        user.widget.cases.onDoubleClicked(row, 0)


def test_the_case_before_stays_whole_where_the_next_cannot_be_shown(
    user: Any, slicer_app: Any, monkeypatch: Any
) -> None:
    from CorrectiveTrainingLib.OpenCase import OpenCase

    user.edit(user.LEFT, block(2, 4, 4))
    before, shows = user.case.id, OpenCase.refresh

    def refresh(case: OpenCase) -> None:
        if case.id != before:
            raise InputError("The graphics memory is full.")
        shows(case)

    scene = slicer_app.mrmlScene
    count = scene.GetNumberOfNodes()
    monkeypatch.setattr(OpenCase, "refresh", refresh)
    doubleClick(user, 1)
    assert "graphics memory" in SlicerHarness.messages()[-1].text
    assert user.case.id == before and scene.GetNumberOfNodes() == count
    for name, correction in user.session.project.correct(before).items():
        assert correction is user.case.corrections[name]  # one set, not two that diverge
    wanted = block(2, 4, 4) | block(6, 4, 4)
    user.edit(user.LEFT, wanted)
    user.session.save()
    assert np.array_equal(user.session.project.correct(before)[user.LEFT].corrected, wanted)
    assert user.session.project.unsaved() == []


def test_the_case_before_is_closed_where_even_that_cannot_be_read_again(
    user: Any, monkeypatch: Any
) -> None:
    from CorrectiveTrainingLib.OpenCase import OpenCase

    def broken(*arguments: Any) -> None:
        raise InputError("The network is gone.")

    user.edit(user.LEFT, block(2, 4, 4))
    before, anew = user.case, Project.correct_anew
    with monkeypatch.context() as patch:
        patch.setattr(OpenCase, "refresh", broken)
        patch.setattr(
            Project, "correct_anew",
            lambda self, case: broken() if case == before.id else anew(self, case),
        )
        doubleClick(user, 1)
    assert user.case is None and not before.isInScene()
    doubleClick(user, 0)
    assert np.array_equal(user.case.correction.corrected, block(2, 4, 4))


def test_a_case_that_is_opened_again_shows_the_prediction_that_came_meanwhile(user: Any) -> None:
    case, found = user.case.id, block(4, 14, 14)
    user.session.forsake()  # as on Close scene
    folder = case_folder(user.folder, case)
    geometry = user.session.project.case(case).image.geometry
    write_prediction(Prediction({user.LEFT: found, user.RIGHT: found}, geometry, "net"), folder)
    user.session.open(case)
    assert np.array_equal(user.shown(user.case.prediction, user.LEFT), found)
    assert user.case.correction.annotation.model == "net"
