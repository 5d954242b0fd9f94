"""Names for the planning system: short, plain, told apart; or shown before anything is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from AutoContourRTCore.anatomy.catalogue import CATALOGUE
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.roi_names import (
    RoiName,
    proposed,
    read_name_map,
    roi_names,
    write_name_map,
)


def test_all_names_of_the_catalogue_can_go_to_a_planning_system() -> None:
    names = [structure.name for structure in CATALOGUE]
    assert [roi.roi_name for roi in roi_names(names).values()] == names


def test_the_clinics_names_come_first() -> None:
    chosen = roi_names(["Parotid_L", "Heart"], {"Parotid_L": RoiName("Parotis li", "AVOIDANCE")})
    assert chosen == {"Parotid_L": RoiName("Parotis li", "AVOIDANCE"), "Heart": RoiName("Heart")}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["A_name_of_17_chars"], "'A_name_of_17_chars' has 18 characters, 16 are allowed"),
        (["heart", "Heart"], "'Heart' and 'heart' would both be 'Heart' .for example 'Heart_2'"),
        (["Größe"], "no plain ASCII .for example 'Gre'"),
        (["A\\B"], "no plain ASCII"),
        ([" A"], "begins or ends with a blank"),
    ],
)
def test_names_that_will_not_do_are_all_shown_with_one_that_would(
    names: list, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        roi_names(names)


def test_proposals_are_short_and_differ_also_after_cutting() -> None:
    long = [f"A_very_long_name_of_structure_{n}" for n in range(12)]
    found = proposed({name: RoiName(name) for name in long})
    assert len({name.lower() for name in found.values()}) == 12
    assert max(map(len, found.values())) == 16
    assert roi_names(long, {name: RoiName(short) for name, short in found.items()})


def test_a_written_map_can_be_edited_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    write_name_map(["Parotid_L", "A_very_long_name_of_it", "Body", "PTV 70"], path)
    text = path.read_text("utf-8").replace("Parotid_L,Parotid_L", "Parotid_L,Parotis links")
    path.write_text("\ufeff" + text, "utf-8")  # as a spreadsheet saves it
    found = read_name_map(path)
    assert found["Parotid_L"].roi_name == "Parotis links"
    assert found["A_very_long_name_of_it"].roi_name == "A_very_long_name"
    assert (found["Body"].kind, found["PTV 70"].kind) == ("EXTERNAL", "PTV")
    assert found["Parotid_L"].color and found["Parotid_L"].kind == "ORGAN"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "needs the columns name and roi_name"),
        ("name,roi_name\nA,\n", "line 2: name and roi_name must not be empty"),
        ("name,roi_name\nA,a\nA,b\n", "line 3: 'A' is there twice"),
        ("name,roi_name,type\nA,a,HEART\n", "line 2: the type 'HEART' is unknown"),
        ("name,roi_name,color\nA,a,1 2 300\n", "line 2: the color '1 2 300'"),
        ("name,roi_name,color\nA,a,red\n", "line 2: the color 'red'"),
    ],
)
def test_a_bad_map_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "map.csv").write_text(text, "utf-8")
    with pytest.raises(InputError, match=message):
        read_name_map(tmp_path / "map.csv")


def test_a_map_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no.csv cannot be read"):
        read_name_map(tmp_path / "no.csv")
