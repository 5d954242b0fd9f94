"""The catalogue's rows are consistent, and every usual name finds one structure or none."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from AutoContourRTCore.anatomy.catalogue import (
    CATALOGUE,
    NameIndex,
    Structure,
    UnknownStructure,
    find,
    standard_name,
)
from AutoContourRTCore.errors import InputError

HEAD_NECK_DATA = {
    "Brainstem": "Brainstem",
    "SpinalCord": "SpinalCord",
    "RightParotid": "Parotid_R",
    "LeftParotid": "Parotid_L",
    "Esophagus": "Esophagus",
    "Larynx": "Larynx",
    "Mandible": "Bone_Mandible",
}
SARTOR = ("Femur_Head_L", "Femur_Head_R", "Bladder", "Spc_Bowel", "CTVn")
NIKOLOV_TOLERANCES = {
    "Brain": 1.01, "Brainstem": 2.50, "SpinalCanal": 1.17, "SpinalCord": 2.93,
    "Bone_Mandible": 1.01, "Cochlea": 1.25, "Glnd_Lacrimal": 2.50, "Lens": 0.98, "Lung": 2.97,
    "OpticNrv": 2.50, "Orbit": 1.65, "Parotid": 2.85, "Glnd_Submand": 2.02,
}  # fmt: skip
ROWS = pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.name)


def nikolov_names() -> dict[str, float]:
    known = {row.name for row in CATALOGUE}
    return {
        name: tolerance
        for base, tolerance in NIKOLOV_TOLERANCES.items()
        for name in (base, f"{base}_L", f"{base}_R")
        if name in known
    }


def test_there_are_more_than_eighty_rows_and_no_name_or_english_name_twice() -> None:
    assert len(CATALOGUE) > 80
    assert max(Counter(row.name for row in CATALOGUE).values()) == 1
    assert max(Counter(row.english for row in CATALOGUE).values()) == 1


def test_the_structures_of_the_three_papers_are_all_there() -> None:
    assert len(nikolov_names()) == 21
    for name in (*SARTOR, "Heart", *HEAD_NECK_DATA.values()):
        assert find(name).name == name


@ROWS
def test_every_name_and_synonym_finds_its_own_row(row: Structure) -> None:
    for spelling in (row.name, row.english.split(" (")[0], *row.synonyms):
        assert find(spelling.lstrip("=")) is row


def test_an_ambiguous_synonym_is_refused_when_the_table_is_read() -> None:
    parotid = find("Parotid_L")
    thief = replace(find("Larynx"), synonyms=("gland of left PAROTID",))
    with pytest.raises(ValueError, match=r"would name both Parotid_L and Larynx"):
        NameIndex((parotid, thief))


@pytest.mark.parametrize(
    "written",
    [
        "Parotid_L", "LeftParotid", "Parotid-Lt", "Parotid_Lt", "parotid gland left", "ParotidL",
        "Lt. Parotid", "parotid (L)", "PAROTID_LT", "leftparotid", "PAROTIDLT", "LParotid",
        "  Left  parotid gland ", "gland_parotid_left", "Parótid left",
    ],
)  # fmt: skip
def test_any_spelling_of_the_left_parotid_is_the_left_parotid(written: str) -> None:
    assert standard_name(written) == "Parotid_L"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        *HEAD_NECK_DATA.items(),
        ("spinal_cord", "SpinalCord"), ("Cord", "SpinalCord"), ("spinalcord", "SpinalCord"),
        ("oesophagus", "Esophagus"), ("ŒSOPHAGUS", "Esophagus"), ("esophagus", "Esophagus"),
        ("Brain Stem", "Brainstem"), ("BODY", "Body"), ("external", "External"),
        ("Bowel bag", "Spc_Bowel"), ("Bag_Bowel", "Spc_Bowel"), ("CTVN", "CTVn"),
        ("FemoralHead_Lt", "Femur_Head_L"), ("right femoral head", "Femur_Head_R"),
        ("coeliac trunk", "A_Celiac"), ("gall bladder", "Gallbladder"),
    ],
)  # fmt: skip
def test_usual_clinical_names_are_found(written: str, name: str) -> None:
    assert standard_name(written) == name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("lung_left", "Lung_L"), ("kidney_right", "Kidney_R"), ("urinary_bladder", "Bladder"),
        ("femur_left", "Femur_L"), ("hip_right", "Bone_Pelvic_R"), ("sacrum", "VB_S"),
        ("heart_atrium_left", "Atrium_L"), ("adrenal_gland_left", "Glnd_Adrenal_L"),
        ("lung_middle_lobe_right", "Lung_RML"), ("iliac_vena_left", "V_Iliac_L"),
        ("inferior_vena_cava", "V_Venacava_I"), ("clavicula_right", "Clavicle_R"),
        ("small_bowel", "Bowel_Small"), ("thyroid_gland", "Glnd_Thyroid"),
        ("Cochlea-Lt", "Cochlea_L"), ("Optic-Nerve-Lt", "OpticNrv_L"),
        ("Optic_Nerve_Rt", "OpticNrv_R"), ("Spinal-Canal", "SpinalCanal"),
        ("Submandibular-Rt", "Glnd_Submand_R"), ("Lacrimal-Lt", "Glnd_Lacrimal_L"),
        ("Orbit-Lt", "Orbit_L"), ("Lens-Rt", "Lens_R"),
    ],
)  # fmt: skip
def test_names_of_public_data_sets_are_found(written: str, name: str) -> None:
    assert standard_name(written) == name


def test_a_femur_is_not_a_femoral_head_and_the_canal_not_the_cord() -> None:
    assert find("femur_left") != find("femoral head left")
    assert find("Spinal-Canal") != find("Spinal-Cord")


@pytest.mark.parametrize(
    ("written", "candidates"),
    [
        ("parotid", ("Parotid_L", "Parotid_R")),
        ("Femoral head", ("Femur_Head_L", "Femur_Head_R")),
        ("left parotid R", ("Parotid_L", "Parotid_R")),
        ("Brain_L", ("Brain",)),
    ],
)
def test_a_missing_or_senseless_side_is_asked_for_not_guessed(
    written: str, candidates: tuple[str, ...]
) -> None:
    with pytest.raises(UnknownStructure) as caught:
        find(written)
    assert caught.value.candidates == candidates


@pytest.mark.parametrize(
    ("written", "nearest"),
    [
        ("Parotyd_R", "Parotid_R"), ("SpinalCord_PRV", "SpinalCord"), ("Larinx", "Larynx"),
        ("Hip_L", "Bone_Pelvic_L"), ("cochlear", "Cochlea_R"),
    ],
)  # fmt: skip
def test_an_unknown_name_gives_the_nearest_as_candidates(written: str, nearest: str) -> None:
    with pytest.raises(UnknownStructure) as caught:
        standard_name(written)
    assert nearest in caught.value.candidates


def test_candidates_keep_the_side_that_was_written() -> None:
    with pytest.raises(UnknownStructure) as caught:
        find("Parotyd_R")
    assert caught.value.candidates
    assert all(name.endswith("_R") for name in caught.value.candidates)


def test_the_message_names_the_value_the_nearest_names_and_the_way_out() -> None:
    with pytest.raises(InputError) as caught:
        find("parotid")
    assert str(caught.value) == (
        "Unknown structure name 'parotid'. Nearest: Parotid_L, Parotid_R. Write a TG-263 name such "
        "as Parotid_L, with the side of a paired organ; all known names are in structures.csv."
    )


@pytest.mark.parametrize("written", ["", "   ", "---", "42", "gland", "left", "腮腺"])
def test_a_name_without_meaning_is_unknown_and_has_no_candidates(written: str) -> None:
    with pytest.raises(UnknownStructure) as caught:
        find(written)
    assert caught.value.candidates == ()


@ROWS
def test_partners_are_each_others_partner_and_differ_only_in_side(row: Structure) -> None:
    if row.left_right_partner:
        partner = find(row.left_right_partner)
        assert partner.left_right_partner == row.name
        assert {partner.name[-2:], row.name[-2:]} == {"_L", "_R"}
        assert partner.name[:-2] == row.name[:-2]
        assert (partner.tolerance_mm, partner.volume_ml) == (row.tolerance_mm, row.volume_ml)


def test_every_row_with_a_side_in_its_name_has_a_partner() -> None:
    sided = [row for row in CATALOGUE if row.name.endswith(("_L", "_R"))]
    assert len(sided) > 60
    assert all(row.left_right_partner for row in sided)


@ROWS
def test_a_terminology_entry_has_slicers_seven_parts_and_says_where_it_was_read(
    row: Structure,
) -> None:
    assert bool(row.terminology) == bool(row.terminology_source)
    if not row.terminology:
        return
    parts = row.terminology.split("~")
    assert len(parts) == 7
    assert parts[0].startswith("Segmentation category and type - ")
    assert parts[4:] == ["Anatomic codes - DICOM master list", "^^", "^^"]
    for code in parts[1:3]:
        scheme, value, meaning = code.split("^")
        assert (scheme, value.isdigit(), bool(meaning)) == ("SCT", True, True)
    assert "|" not in row.terminology


def test_the_entry_of_the_right_kidney_is_the_one_that_slicer_writes() -> None:
    assert find("Kidney_R").terminology == (
        "Segmentation category and type - 3D Slicer General Anatomy list"
        "~SCT^123037004^Anatomical Structure~SCT^64033007^Kidney~SCT^24028007^Right"
        "~Anatomic codes - DICOM master list~^^~^^"
    )


def test_no_two_structures_share_a_terminology_entry_and_sides_are_told_apart() -> None:
    entries = [row.terminology for row in CATALOGUE if row.terminology]
    assert len(set(entries)) == len(entries)
    for row in CATALOGUE:
        wrong_side = {"_L": "^Right~", "_R": "^Left~"}.get(row.name[-2:])
        assert wrong_side is None or wrong_side not in row.terminology


@ROWS
def test_colour_volume_and_tolerance_are_plausible_and_explained(row: Structure) -> None:
    assert all(0 <= part <= 255 for part in row.color)
    low, high = row.volume_ml
    assert 0 < low < high
    assert row.tolerance_source
    assert row.tolerance_mm is None or 0.5 <= row.tolerance_mm <= 10


def test_no_two_structures_have_nearly_the_same_colour() -> None:
    colors = [row.color for row in CATALOGUE]
    for index, one in enumerate(colors):
        for other in colors[:index]:
            assert sum((a - b) ** 2 for a, b in zip(one, other)) >= 15**2


def test_the_tolerances_of_nikolov_2021_are_there_and_marked_as_not_verified() -> None:
    for name, tolerance in nikolov_names().items():
        row = find(name)
        assert row.tolerance_mm == tolerance
        assert row.tolerance_source.startswith("Nikolov")
        assert not row.tolerance_verified


def test_all_other_tolerances_are_called_our_own() -> None:
    for row in CATALOGUE:
        if row.name not in nikolov_names() and row.tolerance_mm is not None:
            assert row.tolerance_source.startswith("our ")
            assert not row.tolerance_verified


def test_every_structure_of_the_shared_masks_and_label_lists_is_found(shared_data: Path) -> None:
    masks = {path.stem for path in (shared_data / "masks_tcia").rglob("*.nrrd")}
    assert {standard_name(name) for name in masks} == set(nikolov_names())
    for path in shared_data.glob("*/oar_labels.json"):
        labels = json.loads(path.read_text(encoding="utf-8")).values()
        assert len({standard_name(label) for label in labels}) == len(labels)
