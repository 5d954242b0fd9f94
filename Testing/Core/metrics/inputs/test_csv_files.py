from __future__ import annotations

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.inputs.csv_files import append_csv, read_csv, write_csv


def test_texts_with_commas_quotes_and_lines_come_back(tmp_path):
    rows = [{"a": 'x, "y"', "b": "line\nbreak"}, {"a": "Größe"}]
    write_csv(tmp_path / "t.csv", ["a", "b"], rows)
    assert read_csv(tmp_path / "t.csv", ["a"]) == [rows[0], {"a": "Größe", "b": ""}]


def test_appending_makes_the_file_and_then_adds_to_it(tmp_path):
    for n in range(3):
        append_csv(tmp_path / "t.csv", ["a"], [{"a": str(n)}])
    assert read_csv(tmp_path / "t.csv", ["a"]) == [{"a": "0"}, {"a": "1"}, {"a": "2"}]
    with pytest.raises(InputError, match="other columns"):
        append_csv(tmp_path / "t.csv", ["b"], [{"b": "x"}])


def test_a_table_that_somebody_saved_elsewhere_is_added_to_or_refused(tmp_path):
    """An editor left out the last end of a line; a spreadsheet saved in its own encoding."""
    (tmp_path / "t.csv").write_bytes(b"a,b\r\n0,x")
    append_csv(tmp_path / "t.csv", ["a", "b"], [{"a": "1", "b": "y"}])
    assert [row["a"] for row in read_csv(tmp_path / "t.csv", ["a"])] == ["0", "1"]
    (tmp_path / "t.csv").write_bytes("a,b\r\n0,Größe\r\n".encode("latin-1"))
    with pytest.raises(InputError, match="no longer in UTF-8"):
        append_csv(tmp_path / "t.csv", ["a", "b"], [])


def test_a_folder_that_is_missing_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="was not written"):
        append_csv(tmp_path / "none" / "t.csv", ["a"], [])
    with pytest.raises(InputError, match="cannot be written"):
        write_csv(tmp_path / "none" / "t.csv", ["a"], [])


def test_a_ragged_line_and_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n1,2,3\n")
    with pytest.raises(InputError, match="line 3"):
        read_csv(tmp_path / "t.csv", ["a"])
    (tmp_path / "t.csv").write_bytes(b"a\n\xff\xfe\n")
    with pytest.raises(InputError, match="UTF-8"):
        read_csv(tmp_path / "t.csv", ["a"])
    (tmp_path / "t.csv").write_text(f"a,b\n1,{'x' * 200_000}\n")
    with pytest.raises(InputError, match="t.csv cannot be read .field larger than"):
        read_csv(tmp_path / "t.csv", ["a"])
