"""What a model file says about itself: ``model.json``, the configuration beside the weights."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from AutoContourRTCore.errors import InputError

#: The version of this format that the program reads and writes.
SCHEMA = 1
#: What is stated for each validated structure; a figure that is not known is None (JSON: null).
FIGURES = ("dice_mean", "dice_sd", "surface_dice_mean", "tolerance_mm", "n")

_ID = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?")
_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){0,3}")
_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,98}[A-Za-z0-9_-]")
_SHA256 = re.compile(r"[0-9a-f]{64}")
#: Names that Windows keeps for devices, whatever their suffix.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Manifest:
    """Everything that is known of a model except its weights.

    id: lower-case name of the model in files and commands; version: numbers with dots.
    name: for people. structures: TG-263 names in the order of the network's output channels.
    region: body region for machines, as in the catalogue ("head and neck"); anatomy: what the
    model covers, for people. recipe: nn.recipes.Recipe.to_dict(), with the intensity settings.
    network: arguments of the network's constructor. training_spacing_mm: (k, j, i).
    data, licence: what it was trained on, and what it may be used for.
    validation: structure -> FIGURES (Dice and surface Dice 0..1, tolerance in mm, n cases drawn).
    known_failures: sentences. parent: id of the model that training started from, or "".
    weights: name of the weights file. checksums: file name -> SHA-256 in hexadecimal, for every
    file beside model.json (filled in when the model is written).

    Raises InputError naming the field when a value has the wrong type or form.
    """

    id: str
    version: str
    name: str
    structures: Tuple[str, ...]
    region: str
    anatomy: str
    recipe: Mapping[str, Any]
    network: Mapping[str, Any]
    training_spacing_mm: Tuple[float, float, float]
    data: str
    licence: str
    validation: Mapping[str, Mapping[str, Optional[float]]] = field(default_factory=dict)
    known_failures: Tuple[str, ...] = ()
    parent: str = ""
    weights: str = "weights.safetensors"
    checksums: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        _check_schema(self.schema)
        for item in fields(self):
            object.__setattr__(self, item.name, _plain(item.name, getattr(self, item.name)))
        for name, (good, wanted) in _RULES.items():
            if not good(getattr(self, name)):
                raise InputError(
                    f"model.json: {name!r} must be {wanted}, not {_short(getattr(self, name))}."
                )
        for name in ("structures", "known_failures", "training_spacing_mm"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    def version_numbers(self) -> Tuple[int, ...]:
        """The version for comparisons: 1.2 is newer than 1.1.9; 1.0 and 1 are the same."""
        numbers = [int(part) for part in self.version.split(".")]
        return tuple(numbers + [0] * (4 - len(numbers)))

    def to_json(self) -> str:
        """The text of model.json."""
        values = asdict(self)
        ordered = {"schema": values.pop("schema"), **values}
        return json.dumps(ordered, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """The manifest of a model.json.

        Raises InputError for text that is not JSON, an unknown schema, missing or unknown fields
        and values of the wrong type.
        """
        values = _parsed(text)
        _check_schema(values.get("schema"))
        known = [item.name for item in fields(cls)]
        missing = [name for name in known if name not in values]
        unknown = [name for name in values if name not in known]
        if missing:
            raise InputError(
                f"model.json lacks {', '.join(missing)}; export the model again from the program "
                "that made it."
            )
        if unknown:
            raise InputError(f"model.json has unknown fields: {_short(', '.join(unknown))}.")
        return cls(**values)


def is_file_name(name: object) -> bool:
    """Whether a name is plain enough to be a file on every platform, without folders."""
    return _matches(_FILE_NAME, name) and not _matches(_DEVICES, name)


def _check_schema(schema: object) -> None:
    if type(schema) is not int or schema != SCHEMA:
        raise InputError(
            f"model.json: this program reads schema {SCHEMA}, not {_short(schema)}; "
            "a newer version of AutoContourRT may read it, or the file is not a model."
        )


def _parsed(text: str) -> Dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"model.json is not valid JSON ({error}); get the model again.") from error
    if not isinstance(values, dict):
        raise InputError(f"model.json must hold one object {{...}}, not {_short(values)}.")
    return values


def _plain(name: str, value: Any) -> Any:
    """A copy of a value in the types that JSON gives back, so that both ways compare equal."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"model.json: {name!r} cannot be stored as JSON ({error}).") from error


def _matches(pattern: "re.Pattern[str]", value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def check_id(model_id: str) -> None:
    """Raise InputError for a name that no model can have."""
    fits, allowed = _RULES["id"]
    if not fits(model_id):
        raise InputError(f"{model_id!r} cannot be a model's name; allowed: {allowed}.")


def _is_id(value: Any) -> bool:
    return _matches(_ID, value) and not _matches(_DEVICES, value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _are_sentences(value: Any) -> bool:
    return isinstance(value, list) and all(_is_text(item) for item in value)


def _are_structures(value: Any) -> bool:
    """At least one, none twice, each printable text of a sensible length."""
    if not _are_sentences(value) or not 0 < len(value) == len(set(value)):
        return False
    return all(len(item) <= 64 and item.isprintable() for item in value)


def _is_spacing(value: Any) -> bool:
    return (
        isinstance(value, list) and len(value) == 3 and all(_is_number(x) and x > 0 for x in value)
    )


def _are_figures(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return all(
        isinstance(row, dict)
        and set(row) == set(FIGURES)
        and type(row["n"]) is int
        and row["n"] >= 0
        and all(figure is None or _is_number(figure) for figure in row.values())
        for row in value.values()
    )


def _are_checksums(value: Any) -> bool:
    return isinstance(value, dict) and all(
        is_file_name(name) and name.lower() != "model.json" and _matches(_SHA256, digest)
        for name, digest in value.items()
    )


#: Field -> (whether a value is right, what it must be).
_RULES: Dict[str, Tuple[Callable[[Any], bool], str]] = {
    "id": (_is_id, "lower-case letters, digits, '.', '_' and '-', at most 64 in all"),
    "version": (lambda v: _matches(_VERSION, v), "one to four numbers with dots, such as '1.0.2'"),
    "name": (_is_text, "a text"),
    "structures": (_are_structures, "a list of different structure names"),
    "region": (_is_text, "the name of a body region"),
    "anatomy": (_is_text, "a text"),
    "recipe": (lambda v: isinstance(v, dict), "an object with the recipe's settings"),
    "network": (lambda v: isinstance(v, dict), "an object with the network's arguments"),
    "training_spacing_mm": (_is_spacing, "three positive numbers (mm; k, j, i)"),
    "data": (_is_text, "a text that says what the model was trained on"),
    "licence": (_is_text, "a text"),
    "validation": (_are_figures, f"structure -> {{{', '.join(FIGURES)}}}, numbers or null"),
    "known_failures": (_are_sentences, "a list of sentences"),
    "parent": (lambda v: v == "" or _is_id(v), "the id of a model, or empty"),
    "weights": (
        lambda v: is_file_name(v) and v.endswith(".safetensors"),
        "a plain file name that ends in .safetensors",
    ),
    "checksums": (_are_checksums, "plain file name -> SHA-256 (64 hexadecimal digits)"),
}
