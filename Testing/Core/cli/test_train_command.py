"""`autocontourrt train` on coarse phantoms with the smallest network."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterable

import numpy as np
import pytest

from AutoContourRTCore.models.files import read_model, verify_model
from AutoContourRTCore.phantom import make_phantom
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap

NAMES = ("Parotid_L", "Parotid_R")


def write_cases(folder: Path, names: Iterable[str], extra: str = "") -> None:
    """Phantoms that differ in their noise, with two structures each."""
    for seed, name in enumerate(names):
        volume, truth = make_phantom((8.0, 8.0, 8.0), seed=seed)
        masks = {n: truth.masks[n] for n in NAMES}
        if extra:
            masks[extra] = truth.masks["Brainstem"]
        (folder / name).mkdir(parents=True)
        write_volume(volume, folder / name / "ct.nrrd")
        write_labelmap(LabelMap(masks, truth.geometry), folder / name / "structures.seg.nrrd")


@pytest.fixture()
def dataset(tmp_path: Path) -> Path:
    write_cases(tmp_path / "Daten ü", ["a", "b", "c"], extra="Ding 7")
    return tmp_path / "Daten ü"


@pytest.fixture()
def recipe_file(tmp_path: Path) -> Path:
    values = {
        "name": "small", "widths": [8, 16], "patch": [16, 16, 16], "spacing": [8, 8, 8],
        "batch": 1, "epochs": 2, "steps_per_epoch": 2, "validate_every": 1, "warmup_steps": 0,
    }
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def test_a_dataset_becomes_a_model_that_imports_and_contours(
    command: Any, dataset: Path, recipe_file: Path, tmp_path: Path, phantom_ct: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "Mein Modell"
    done = command("train", dataset, "-o", out, "--recipe", recipe_file, "--device", "cpu")
    assert done.code == 0, done.err
    assert "Ding 7" in done.err and "2 cases to train on, 1 to judge by" in done.err
    manifest = verify_model(out)
    assert manifest.id == "mein-modell" and sorted(manifest.structures) == sorted(NAMES)
    assert manifest.region == "head and neck"
    for name in NAMES:
        figures = manifest.validation[name]
        assert figures["n"] == 1 and 0 <= figures["dice_mean"] <= 1
        assert f"{figures['dice_mean']:.3f}" in done.out
    monkeypatch.setenv("AUTOCONTOURRT_MODELS", str(tmp_path / "models"))
    assert command("models", "import", out).code == 0
    contours = tmp_path / "x.seg.nrrd"
    assert command("segment", phantom_ct, "-o", contours, "--model", "mein-modell").code == 0

    again = command("train", dataset, "-o", out, "--recipe", recipe_file)
    assert again.code == 2 and "--resume" in again.err
    more = command("train", dataset, "-o", out, "--resume", "--epochs", 3, "--device", "cpu")
    assert more.code == 0, more.err
    assert "Going on from step 4" in more.err
    write_cases(tmp_path / "other", ["d", "e", "f", "g"])
    third = command("train", tmp_path / "other", "-o", out, "--resume", "--epochs", 3)
    assert "2 + 1 cases that were prepared from" in third.err and "is not looked at" in third.err
    assert "validation cases from the folder Daten ü;" in verify_model(out).data
    metrics = (tmp_path / "Mein Modell.training" / "metrics.jsonl").read_text("utf-8")
    assert [json.loads(line)["step"] for line in metrics.splitlines()] == [2, 4, 6]
    verify_model(out)


def test_a_training_that_starts_from_a_model_goes_on_with_its_weights_and_network(
    command: Any, dataset: Path, recipe_file: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    few = ["--device", "cpu", "--epochs", 1, "--steps-per-epoch", 1]
    done = command("train", dataset, "-o", first, "--recipe", recipe_file, *few)
    assert done.code == 0, done.err
    values = {**json.loads(recipe_file.read_text("utf-8")), "widths": [8, 24], "lr": 1e-9}
    other = tmp_path / "other.json"
    other.write_text(json.dumps(values), encoding="utf-8")
    done = command("train", dataset, "-o", second, "--recipe", other, "--start", first, *few)
    assert done.code == 0, done.err
    assert "Starting from the weights of first, which knows Parotid_L, Parotid_R." in done.err
    (_, before), (manifest, after) = read_model(first), read_model(second)
    assert manifest.network["widths"] == [8, 16] and manifest.parent == "first"
    assert "- Started from: `first`" in (second / "CARD.md").read_text("utf-8")
    assert all(np.allclose(after[name], before[name], atol=1e-3) for name in before)
    done = command("train", dataset, "-o", second, "--resume", "--start", second)
    assert done.code == 2 and "begun with first; leave --start out" in done.err
    (tmp_path / "second.training" / "checkpoint.pt").unlink()  # as killed before the first
    done = command("train", dataset, "-o", second, "--resume")
    assert done.code == 2 and "add --start first" in done.err
    done = command("train", dataset, "-o", tmp_path / "third", "--start", "no_such_model", *few)
    assert done.code == 2 and "no_such_model" in done.err


def test_what_cannot_be_trained_is_exit_code_2_before_anything_is_written(
    command: Any, dataset: Path, recipe_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "m"
    tries = [
        (["--recipe", "cake"], "cake"),
        (["--recipe", tmp_path / "no.json"], "no.json"),
        (["--hours", "0"], "--hours"),
        (["--structures", "Heart"], "Heart is drawn in none"),
        (["--structures", "Hart"], "Heart"),
        (["--epochs", "0"], "epochs"),
    ]
    for words, message in tries:
        words = words if "--recipe" in words else [*words, "--recipe", recipe_file]
        done = command("train", dataset, "-o", out, *words)
        assert done.code == 2 and message in done.err, (words, done)
    empty = tmp_path / "empty"
    empty.mkdir()
    done = command("train", empty, "-o", out)
    assert done.code == 2 and "structures.seg.nrrd" in done.err
    assert not out.exists() and not (tmp_path / "m.training").exists()


def test_a_training_killed_before_its_first_checkpoint_keeps_cases_and_recipe(
    command: Any, dataset: Path, recipe_file: Path, tmp_path: Path
) -> None:
    out, training = tmp_path / "m", tmp_path / "m.training"
    first = command("train", dataset, "-o", out, "--resume", "--recipe", recipe_file)
    assert "There is nothing to go on with: this begins anew, recipe small." in first.err
    shutil.rmtree(out)
    for name in ("checkpoint.pt", "best.pt", "metrics.jsonl"):
        (training / name).unlink()
    again = command("train", dataset, "-o", out, "--resume", "--device", "cpu")
    assert again.code == 0, again.err
    assert "Going on with the 2 + 1 cases" in again.err
    assert json.loads((training / "recipe.json").read_text("utf-8"))["name"] == "small"


def test_bad_cases_are_all_named(command: Any, dataset: Path, tmp_path: Path) -> None:
    (dataset / "a" / "ct.nrrd").write_bytes(b"")
    (dataset / "c" / "ct.nrrd").unlink()
    done = command("train", dataset, "-o", tmp_path / "m", "--structures", "Parotid_L")
    assert done.code == 2 and "2 case(s) cannot be used" in done.err
    assert re.search(r"\n  a: .*empty", done.err) and re.search(r"\n  c: .*exist", done.err)


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_ctrl_c_saves_a_checkpoint_from_which_training_goes_on(
    start: Any, command: Any, dataset: Path, recipe_file: Path, tmp_path: Path
) -> None:
    words = ("train", dataset, "-o", tmp_path / "m", "--device", "cpu", "--progress", "json")
    process = start(*words, "--recipe", recipe_file, "--epochs", 1000)
    while '"step 7,' not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130 and "--resume goes on" in err, err
    assert not (tmp_path / "m").exists()
    step = int(re.findall(r'"step (\d+),', out)[-1]) if "step" in out else 7
    done = command(*words, "--resume", "--epochs", (step + 4) // 2)
    assert done.code == 0, done.err
    reached = int(re.search(r"Going on from step (\d+)\.", done.err).group(1))
    assert reached in (step, step + 1)  # the step under way may end unreported
    assert done.lines[-1]["kind"] == "done"


@pytest.mark.slow
def test_two_processes_under_torchrun_write_one_model(
    dataset: Path, recipe_file: Path, tmp_path: Path, environment: Any
) -> None:
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        "-m", "AutoContourRTCore", "train", str(dataset), "-o", str(tmp_path / "m"),
        "--recipe", str(recipe_file), "--device", "cpu",
    ]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("Written:") == 1
    assert verify_model(tmp_path / "m").validation[NAMES[0]]["n"] == 1
    assert np.isfinite(json.loads(
        (tmp_path / "m.training" / "metrics.jsonl").read_text("utf-8").splitlines()[-1])["loss"])
