"""Written names are taken apart into words and a side."""

from __future__ import annotations

import pytest

from AutoContourRTCore.anatomy.naming import keys_with_sticking_side, read_name


@pytest.mark.parametrize(
    ("written", "words", "side"),
    [
        ("OpticNrv_L", ("optic", "nerve"), "L"),
        ("Parotid-Lt", ("parotid",), "L"),
        ("RTKidney", ("kidney",), "R"),
        ("A_LAD", ("a", "lad"), ""),
        ("femoral head (right)", ("femur", "head"), "R"),
        ("Œsophagus", ("esophagus",), ""),
        ("Rib01_R", ("rib01",), "R"),
        ("~Parotid_L", ("partial", "parotid"), "L"),
        ("Lung~_L", ("partial", "lung"), "L"),
        ("Brain~", ("partial", "brain"), ""),
        ("_Parotid_L", ("helper", "parotid"), "L"),
        ("left lung R", ("lung",), "LR"),
        (" ._- ", (), ""),
    ],
)
def test_a_name_is_cut_into_words_and_side(written: str, words: tuple[str, ...], side: str) -> None:
    name = read_name(written)
    assert (name.words, name.side) == (words, side)


def test_fillers_do_not_count_but_stay_in_the_run_together_key() -> None:
    assert read_name("gland of the parotid").core == ("parotid",)
    assert read_name("left parotid gland").keys == (("parotid", "L"), ("parotidgland", "L"))


def test_the_order_of_words_does_not_matter_for_the_first_key() -> None:
    assert read_name("cord spinal").keys[0] == read_name("SpinalCord").keys[0]


def test_a_side_may_stick_to_a_word_but_a_single_letter_may_not() -> None:
    assert keys_with_sticking_side(read_name("leftparotid")) == (("parotid", "L"),)
    assert keys_with_sticking_side(read_name("PAROTIDRT")) == (("parotid", "R"),)
    assert keys_with_sticking_side(read_name("cochlear")) == ()


def test_a_name_with_a_side_of_its_own_gets_no_second_one() -> None:
    assert keys_with_sticking_side(read_name("left heart")) == ()
