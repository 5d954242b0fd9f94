from __future__ import annotations

import json

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.manifest import SCHEMA, Manifest


def test_a_manifest_comes_back_from_its_json_as_it_was(make_manifest):
    manifest = make_manifest()
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert manifest.structures == ("Brainstem", "Parotid_L")
    assert manifest.training_spacing_mm == (2.5, 3.0, 3.0)


def test_the_json_begins_with_the_schema_and_keeps_umlauts(make_manifest):
    text = make_manifest().to_json()
    assert next(iter(json.loads(text))) == "schema"
    assert "Müller" in text


def test_a_changed_source_dictionary_does_not_change_the_manifest(make_manifest):
    recipe = {"name": "default"}
    manifest = make_manifest(recipe=recipe)
    recipe["name"] = "other"
    assert manifest.recipe["name"] == "default"


@pytest.mark.parametrize("schema", [0, SCHEMA + 1, "1", None, True])
def test_an_unknown_schema_is_refused_before_anything_else(schema):
    with pytest.raises(InputError, match="reads schema 1"):
        Manifest.from_json(json.dumps({"schema": schema}))


def test_missing_fields_are_named(make_manifest):
    values = json.loads(make_manifest().to_json())
    del values["licence"], values["structures"]
    with pytest.raises(InputError, match="lacks structures, licence"):
        Manifest.from_json(json.dumps(values))


def test_unknown_fields_are_named(make_manifest):
    values = json.loads(make_manifest().to_json())
    values["run_this"] = "rm"
    with pytest.raises(InputError, match="run_this"):
        Manifest.from_json(json.dumps(values))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\x00", "NaNa"])
def test_text_that_is_not_json_is_refused(text):
    with pytest.raises(InputError, match="not valid JSON"):
        Manifest.from_json(text)


@pytest.mark.parametrize("text", ["[]", "3", "null", '"x"'])
def test_json_that_is_no_object_is_refused(text):
    with pytest.raises(InputError, match="one object"):
        Manifest.from_json(text)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""), ("id", "Upper"), ("id", "../x"), ("id", "a/b"), ("id", "nul"),
        ("id", "com1.x"), ("id", "a" * 65), ("id", "dot."), ("id", 3), ("id", "-a"),
        ("version", "1.0-beta"), ("version", 1), ("version", "1.0.0\n"),
        ("name", " "), ("name", None),
        ("structures", []), ("structures", ["A", "A"]), ("structures", "Brainstem"),
        ("structures", ["a\nb"]), ("structures", [1]),
        ("region", ""), ("anatomy", 5), ("data", ""), ("licence", ""),
        ("recipe", []), ("network", "x"),
        ("training_spacing_mm", [1, 2]), ("training_spacing_mm", [1, 2, 0]),
        ("training_spacing_mm", [1, 2, "3"]),
        ("validation", {"A": {"dice_mean": 1.0}}), ("validation", []),
        ("validation", {"A": dict(dice_mean="x", dice_sd=0, surface_dice_mean=0, tolerance_mm=1,
                                  n=1)}),
        ("validation", {"A": dict(dice_mean=1, dice_sd=0, surface_dice_mean=0, tolerance_mm=1,
                                  n=1.5)}),
        ("known_failures", "none"), ("parent", "A B"),
        ("weights", "weights.pt"), ("weights", "../w.safetensors"), ("weights", "/w.safetensors"),
        ("checksums", {"../x": "0" * 64}), ("checksums", {"x": "abc"}),
        ("checksums", {"model.json": "0" * 64}),
    ],
)
def test_a_wrong_value_is_refused_and_its_field_named(field, value, make_manifest):
    values = json.loads(make_manifest().to_json())
    values[field] = value
    with pytest.raises(InputError, match=f"'{field}' must be"):
        Manifest.from_json(json.dumps(values))


def test_figures_that_are_not_finite_cannot_be_stored(make_manifest):
    with pytest.raises(InputError, match="'recipe' cannot be stored"):
        make_manifest(recipe={"lr": float("nan")})


def test_versions_compare_by_their_numbers(make_manifest):
    numbers = [make_manifest(version=v).version_numbers for v in ("1.1.9", "1.2", "1.10")]
    assert numbers == sorted(numbers)
    assert make_manifest(version="1").version_numbers == make_manifest(
        version="1.0.0"
    ).version_numbers
