"""Reading structure names as people write them.

A name is cut into words (separators, camel case), freed of accents and of case, brought to
American spelling, and its side is taken out. `Parotid-Lt`, `LeftParotid` and `parotid gland left`
then all read as the word `parotid` with side `L`. Two signs of TG-263 become words, so that what
bears them is not taken for the whole organ: `~` (`Lung~_L`: contoured in part) is `partial`, and
`_` before a name (not for the evaluation of dose) is `helper`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_SIDE_WORDS = {
    "l": "L", "lt": "L", "left": "L", "lft": "L",
    "r": "R", "rt": "R", "right": "R", "rgt": "R",
}  # fmt: skip
# Sides that may stick to a word in one case (`leftparotid`, `PAROTIDLT`). Single letters may not:
# `cochlear` is no right cochlea.
_STICKING_SIDES = ("left", "right", "lt", "rt")
_FILLER_WORDS = {"gland", "glnd", "of", "the"}
_SAME_WORDS = {
    "oesophagus": "esophagus", "oesophageal": "esophageal", "caecum": "cecum",
    "lachrymal": "lacrimal", "coeliac": "celiac", "chiasma": "chiasm",
    "femoral": "femur", "fem": "femur", "nrv": "nerve", "submand": "submandibular",
    "mandibula": "mandible", "clavicula": "clavicle",
}  # fmt: skip
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o"})
_CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

Key = tuple[str, str]
"""Normalised text and side: "L", "R", "" (none written) or "LR" (both written)."""


@dataclass(frozen=True)
class WrittenName:
    """A name taken apart: its words in the order written, without its side, and the side."""

    words: tuple[str, ...]
    side: str

    @property
    def core(self) -> tuple[str, ...]:
        """The words without fillers such as `gland` and `of`."""
        return tuple(word for word in self.words if word not in _FILLER_WORDS)

    @property
    def keys(self) -> tuple[Key, ...]:
        """What the name is looked up by: words in any order, then run together as written."""
        texts = (" ".join(sorted(self.core)), "".join(self.core), "".join(self.words))
        return tuple((text, self.side) for text in dict.fromkeys(texts) if text)


def read_name(text: str) -> WrittenName:
    """Take a written name apart; never fails (an empty name has no words and no keys)."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    lower = _CAMEL_CASE.sub(" ", plain).lower().translate(_LIGATURES)
    found = re.findall(r"[^\W_]+", lower)
    sides = {_SIDE_WORDS[word] for word in found if word in _SIDE_WORDS}
    partial = ("partial",) if "~" in text else ()
    helper = ("helper",) if text.lstrip().startswith("_") and found else ()
    named = (_SAME_WORDS.get(word, word) for word in found if word not in _SIDE_WORDS)
    words = (*partial, *helper, *named)
    return WrittenName(words, "".join(sorted(sides)))


def keys_with_sticking_side(name: WrittenName) -> tuple[Key, ...]:
    """More keys of a name without side whose side may stick to it: `leftparotid`, `PAROTIDLT`."""
    if name.side:
        return ()
    text = "".join(name.words)
    starts = [(text[len(s) :], _SIDE_WORDS[s]) for s in _STICKING_SIDES if text.startswith(s)]
    ends = [(text[: -len(s)], _SIDE_WORDS[s]) for s in _STICKING_SIDES if text.endswith(s)]
    return tuple(starts + ends)
