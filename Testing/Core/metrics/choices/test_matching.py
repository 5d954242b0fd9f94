from __future__ import annotations

from AutoContourRTCore.metrics.choices.matching import (
    BY_CATALOGUE,
    BY_HAND,
    DOUBTFUL,
    LEFT_OUT,
    MATCHED,
    ONLY_REFERENCE,
    ONLY_TEST,
    SAME_NAME,
    match_names,
)


def told(matches):
    return [(m.structure, m.reference_name, m.test_name, m.state, m.how) for m in matches]


def test_names_are_matched_through_the_catalogue_whatever_their_spelling():
    matches = match_names(["Parotid-Lt", "Cord", "Brain"], ["brain", "LeftParotid", "SpinalCord"])
    assert told(matches) == [
        ("Parotid_L", "Parotid-Lt", "LeftParotid", MATCHED, BY_CATALOGUE),
        ("SpinalCord", "Cord", "SpinalCord", MATCHED, BY_CATALOGUE),
        ("Brain", "Brain", "brain", MATCHED, BY_CATALOGUE),
    ]


def test_left_is_never_matched_with_right():
    matches = match_names(["Parotid_L"], ["Parotid_R"])
    assert [m.state for m in matches] == [ONLY_REFERENCE, ONLY_TEST]


def test_an_unknown_name_is_matched_with_the_very_same_one_only_and_says_so():
    matches = match_names(["GTV 1", "PTV 7.0"], ["GTV 1", "PTV 70"])
    assert told(matches)[0] == ("", "GTV 1", "GTV 1", MATCHED, SAME_NAME)
    assert not matches[0].known and "unknown to the catalogue" in matches[0].note
    assert [m.state for m in matches[1:]] == [ONLY_REFERENCE, ONLY_TEST]


def test_a_structure_without_its_side_is_unknown_and_both_sides_are_offered():
    (match, *_) = match_names(["parotid"], ["Parotid_L"])
    assert match.state == ONLY_REFERENCE and "nearest: Parotid_L, Parotid_R" in match.note


def test_two_names_of_one_structure_are_left_to_a_person():
    matches = match_names(["Parotid-Lt", "Left Parotid"], ["Parotid_L"])
    assert [m.state for m in matches] == [DOUBTFUL] * 3
    assert "Parotid-Lt, Left Parotid, Parotid_L all read as Parotid_L" in matches[0].note


def test_the_very_same_name_wins_and_the_other_reading_is_pointed_out():
    matches = match_names(["Parotid_L", "Left Parotid"], ["Parotid_L"])
    assert told(matches)[0] == ("Parotid_L", "Parotid_L", "Parotid_L", MATCHED, SAME_NAME)
    assert matches[1].state == DOUBTFUL and "already" not in matches[0].note
    assert "another contour is matched as Parotid_L" in matches[1].note


def test_two_matches_of_one_structure_go_by_their_own_names():
    """Else a cohort would count the patient twice, as two figures of its spinal cord."""
    names = ["Cord", "Myelon", "Brain"]
    matches = match_names(names, names)
    assert told(matches)[0] == ("SpinalCord", "Cord", "Cord", MATCHED, SAME_NAME)
    assert [m.title for m in matches] == ["Cord", "Myelon", "Brain"]
    assert [m.kind for m in matches] == ["SpinalCord", "SpinalCord", "Brain"]
    assert matches[0].note == "2 contours are matched as SpinalCord" and not matches[2].note


def test_what_a_person_matched_comes_first():
    by_hand = [("Old Cord", "SpinalCord"), ("Brain", "")]
    matches = match_names(["SpinalCord", "Old Cord", "Brain"], ["SpinalCord", "Brain"], by_hand)
    assert told(matches) == [
        ("SpinalCord", "Old Cord", "SpinalCord", MATCHED, BY_HAND),
        ("SpinalCord", "SpinalCord", "", DOUBTFUL, ""),
        ("Brain", "", "Brain", ONLY_TEST, ""),
        ("Brain", "Brain", "", LEFT_OUT, BY_HAND),
    ]


def test_a_contour_of_the_test_set_is_left_out_by_hand():
    matches = match_names(["Brain"], ["Brain", "Cord"], [("", "Brain")])
    assert told(matches) == [
        ("Brain", "Brain", "", ONLY_REFERENCE, ""),
        ("SpinalCord", "", "Cord", ONLY_TEST, ""),
        ("Brain", "", "Brain", LEFT_OUT, BY_HAND),
    ]


def test_a_match_by_hand_of_a_name_that_is_not_there_changes_nothing():
    plain = match_names(["Brain"], ["brain"])
    assert match_names(["Brain"], ["brain"], [("Brain", "Cerebrum"), ("x", "")]) == plain
