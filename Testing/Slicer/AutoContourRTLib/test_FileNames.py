"""Names that every system takes."""

from __future__ import annotations

from AutoContourRTLib.FileNames import fileName


def test_what_windows_allows_in_no_name_becomes_a_line() -> None:
    assert fileName("RS 3: CT Head 1.5/1.5 head_neck_7") == "RS 3_ CT Head 1.5_1.5 head_neck_7"
    assert fileName('a\\b*c?"<>|\nd. ') == "a_b_c_d"
    assert fileName("Größe 2") == "Größe 2"
