"""What DICOM says of a structure."""

from __future__ import annotations

from AutoContourRTCore.volumes.dicom.appearance import NEUTRAL, appearance_of


def test_an_organ_has_its_code_and_its_side() -> None:
    look = appearance_of("left parotid")
    assert look.kind == "ORGAN" and look.modifier == ("7771000", "SCT", "Left")
    assert look.type is not None and look.type[1] == "SCT"
    assert look.category == ("123037004", "SCT", "Anatomical Structure")
    assert appearance_of("SpinalCord").modifier is None


def test_targets_and_the_outline_of_the_patient_have_their_type() -> None:
    names = ("PTV_70", "zPTV70", "GTVp", "CTVn", "Body", "External", "Heart", "Nonsense")
    kinds = {name: appearance_of(name).kind for name in names}
    assert kinds == {"PTV_70": "PTV", "zPTV70": "ORGAN", "GTVp": "GTV", "CTVn": "CTV",
                     "Body": "EXTERNAL", "External": "EXTERNAL", "Heart": "ORGAN",
                     "Nonsense": "ORGAN"}  # fmt: skip


def test_nothing_is_made_up_for_an_unknown_name() -> None:
    look = appearance_of("Something odd")
    assert look.type is None and look.color == NEUTRAL
