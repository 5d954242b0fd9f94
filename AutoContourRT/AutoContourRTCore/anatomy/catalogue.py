"""The structure catalogue: one row a structure in structures.csv, looked up by any usual name.

The file is plain and meant to be edited. What its columns rest on:

- name: TG-263, as listed in HL7/fhir-mCODE-ig, input/pagecontent/ConceptMap-TG263CM-intro.md
  (CTVn, a target, by TG-263's rules for targets).
- synonyms: separated by ";". One that starts with "=" counts only when written exactly so.
- terminology: as vtkSlicerTerminologiesModuleLogic::SerializeTerminologyEntry of 3D Slicer
  writes it: list~category~type~type modifier~region list~region~region modifier, each code as
  scheme^value^meaning. Empty where no code was found. terminology_source names the file in
  which the code was read. Slicer looks for a type in the list named first, then in all others.
- tolerance_mm: for the surface Dice, in mm; tolerance_source says whose value it is, and
  tolerance_verified is true only where the value was read at its source.
- volume_ml: a broad plausible range for a whole adult organ, in ml: our choice, made to notice
  gross errors, not to judge a contour.
- color: red, green, blue, 0..255; near the colours of Slicer's general anatomy list where it
  has the structure, made distinct from each other.
"""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, TypeVar

from AutoContourRTCore.anatomy.naming import (
    Key,
    WrittenName,
    keys_with_sticking_side,
    read_name,
)
from AutoContourRTCore.errors import InputError

_TABLE = Path(__file__).with_name("structures.csv")
_MOST_CANDIDATES = 6
_AnyKey = TypeVar("_AnyKey", str, Key)


@dataclass(frozen=True)
class Structure:
    """One structure; the module's docstring says what each field rests on."""

    name: str
    english: str
    region: str
    synonyms: tuple[str, ...]
    color: tuple[int, int, int]
    terminology: str
    terminology_source: str
    tolerance_mm: Optional[float]
    tolerance_source: str
    tolerance_verified: bool
    volume_ml: tuple[float, float]
    left_right_partner: str


class UnknownStructure(InputError):
    """No structure has this name; `candidates` are the TG-263 names that come nearest."""

    def __init__(self, name: str, candidates: tuple[str, ...]) -> None:
        self.name = name
        self.candidates = candidates
        nearest = f" Nearest: {', '.join(candidates)}." if candidates else ""
        super().__init__(
            f"Unknown structure name {name!r}.{nearest} Write a TG-263 name such as Parotid_L, "
            f"with the side of a paired organ; all known names are in {_TABLE.name}."
        )


def _structure(row: dict[str, str]) -> Structure:
    red, green, blue = (int(part) for part in row["color"].split())
    return Structure(
        name=row["name"],
        english=row["english"],
        region=row["region"],
        synonyms=tuple(part.strip() for part in row["synonyms"].split(";") if part.strip()),
        color=(red, green, blue),
        terminology=row["terminology"],
        terminology_source=row["terminology_source"],
        tolerance_mm=float(row["tolerance_mm"]) if row["tolerance_mm"] else None,
        tolerance_source=row["tolerance_source"],
        tolerance_verified=row["tolerance_verified"] == "yes",
        volume_ml=(float(row["volume_ml_low"]), float(row["volume_ml_high"])),
        left_right_partner=row["left_right_partner"],
    )


def read_catalogue(path: Path = _TABLE) -> tuple[Structure, ...]:
    """Read the rows of a catalogue file (CSV, UTF-8, with the columns of structures.csv)."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(_structure(row) for row in csv.DictReader(file))


class NameIndex:
    """Finds structures by any of their names.

    Raises ValueError when one spelling would stand for two structures: an ambiguous synonym is
    an error in the table, never resolved by the order of rows.
    """

    def __init__(self, structures: tuple[Structure, ...]) -> None:
        self._exact: dict[str, Structure] = {}
        self._by_key: dict[Key, Structure] = {}
        self._by_words: dict[str, list[Structure]] = {}
        for structure in structures:
            for spelling in (structure.name, *structure.synonyms):
                self._add(spelling, structure)

    def _add(self, spelling: str, structure: Structure) -> None:
        exact = spelling.lstrip("=")
        name = read_name(exact)
        _claim(self._exact, exact, structure)
        same_words = self._by_words.setdefault(" ".join(name.core), [])
        if structure not in same_words:
            same_words.append(structure)
        for key in name.keys if exact == spelling else ():
            _claim(self._by_key, key, structure)

    def find(self, text: str) -> Structure:
        """The structure that `text` names; raises UnknownStructure with the nearest ones."""
        exact = self._exact.get(text.strip())
        if exact is not None:
            return exact
        name = read_name(text)
        for key in (*name.keys, *keys_with_sticking_side(name)):
            if key in self._by_key:
                return self._by_key[key]
        raise UnknownStructure(text, self._candidates(name))

    def _candidates(self, name: WrittenName) -> tuple[str, ...]:
        """TG-263 names: the same words with another side, else the nearest spellings."""
        other_sides = [
            self._by_key[text, side].name
            for text, _ in name.keys
            for side in ("", "L", "R")
            if (text, side) in self._by_key
        ]
        return tuple(dict.fromkeys(other_sides)) or self._nearest(name)

    def _nearest(self, name: WrittenName) -> tuple[str, ...]:
        words = difflib.get_close_matches(
            " ".join(name.core), self._by_words, _MOST_CANDIDATES, cutoff=0.6
        )
        near = [structure for text in words for structure in self._by_words[text]]
        same_side = [s for s in near if name.side and s.name.endswith(f"_{name.side}")]
        names = dict.fromkeys(structure.name for structure in same_side or near)
        return tuple(names)[:_MOST_CANDIDATES]


def _claim(index: dict[_AnyKey, Structure], key: _AnyKey, structure: Structure) -> None:
    owner = index.setdefault(key, structure)
    if owner != structure:
        raise ValueError(f"{key!r} would name both {owner.name} and {structure.name}")


CATALOGUE: tuple[Structure, ...] = read_catalogue()
_INDEX = NameIndex(CATALOGUE)


def find(name: str) -> Structure:
    """The structure that a name in any usual spelling stands for.

    Raises UnknownStructure, with the nearest TG-263 names, when there is none; a paired organ
    without a side ("parotid") is unknown too, with both sides as candidates.
    """
    return _INDEX.find(name)


def standard_name(name: str) -> str:
    """The TG-263 name that a name in any usual spelling stands for; raises UnknownStructure."""
    return find(name).name
