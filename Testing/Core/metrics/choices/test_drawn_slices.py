from __future__ import annotations

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.drawn_slices import read_drawn_slices


def test_slices_are_read_by_case_and_structure(tmp_path):
    (tmp_path / "d.csv").write_text("case,structure,slices\np1,Left Parotid,3 4 9\np1,*,5\n*,*,1\n")
    assert read_drawn_slices(tmp_path / "d.csv") == {
        "p1": {"Parotid_L": [3, 4, 9], "*": [5]}, "*": {"*": [1]}
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [("p1,Brain,", "whole numbers"), ("p1,Brain,3 -4", "whole numbers"),
     ("p1,Brain,3.5", "whole numbers"), ("p1,Brain,3\np1,brain,4", "twice")],
)
def test_bad_slices_are_refused_with_their_message(tmp_path, line, message):
    (tmp_path / "d.csv").write_text(f"case,structure,slices\n{line}\n")
    with pytest.raises(InputError, match=message):
        read_drawn_slices(tmp_path / "d.csv")
