"""What each choice of recipe, network and data is worth: one change at a time, as short proxies.

    python model_study.py prepare                  # once: the cases on the grids of the rows
    python model_study.py run base no_mirror ...   # rows by name, two seeds each; goes on where it
    python model_study.py table                    #   was stopped; then the table in Markdown

A proxy is a narrow network, one thread, STEPS steps from fresh weights, on 60 of the training
cases; it is judged on 24 others of them, contoured on their own grid as a user's CT would be.
Validation cases are never read. About 20 minutes a run on one quiet core. Reads
AUTOCONTOURRT_DATA/head_neck/train; keeps checkpoints in training/study/, and the Dice of every
judged case, a line a run, in model_study_results.jsonl beside this file.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Optional, Sequence, Tuple
from unittest import mock

import numpy as np
import torch
from deep_supervision import COARSE
from model_study_rows import ROWS
from validation_cases import data_folder

from AutoContourRTCore.allocation import keep_freed_memory
from AutoContourRTCore.anatomy.catalogue import standard_name
from AutoContourRTCore.metrics.measures import dice
from AutoContourRTCore.nn.cases import load_cases, save_cases
from AutoContourRTCore.nn.dataset import partners, read_cases
from AutoContourRTCore.nn.inference import Predictor
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.nn.training import Trainer, TrainingData
from AutoContourRTCore.segmentation import pipeline
from AutoContourRTCore.segmentation.pipeline import LoadedModel, segment
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.segfile import read_labelmap

STRUCTURES = (
    "Brainstem", "SpinalCord", "Parotid_R", "Parotid_L", "Esophagus", "Larynx", "Bone_Mandible",
)
HEAD = (
    f"| change | predicted | {' | '.join(STRUCTURES)} | mean without Esophagus | mean "
    "| CPU s a step |",
    "|---|---|" + "---|" * (len(STRUCTURES) + 3),
)
SEEDS = (1, 2)
TRAINED, JUDGED = 60, 24
NO_HEAD = "pt_38"  # its CT shows none
STUDY = Path(__file__).parents[2] / "training" / "study"
RESULTS = Path(__file__).with_name("model_study_results.jsonl")


def case_folders() -> List[Path]:
    """The training cases in an order that has nothing to do with their content."""
    folder = data_folder() / "head_neck" / "train"
    order = np.random.default_rng(0).permutation(sorted(folder.iterdir()))
    return [Path(path) for path in order if Path(path).name != NO_HEAD]


def prepare() -> None:
    """The cases to train on, on the grid of each row."""
    STUDY.mkdir(parents=True, exist_ok=True)
    for spacing in sorted({row.recipe.spacing for row in ROWS.values()}):
        if not cache(spacing).exists():
            cases = read_cases(sorted(case_folders()[:TRAINED]), STRUCTURES, spacing)
            save_cases(cases, cache(spacing))
        print(cache(spacing), flush=True)


def cache(spacing: Sequence[float]) -> Path:
    """Where the prepared cases of a spacing lie."""
    return STUDY / f"train_{'x'.join(f'{s:g}' for s in spacing)}.npz"


def run(name: str, seed: int) -> None:
    """Train one proxy and judge it; what is finished is left alone."""
    row = ROWS[name]
    if (name, seed) in finished():
        return
    torch.set_num_threads(1)
    trained, cost = train(row.trained_as or name, seed)
    found = trained.average if row.averaged else trained.network.state_dict()
    weights = {n: t.float().numpy() for n, t in found.items() if not n.startswith(COARSE)}
    predictor = row.use(Predictor(weights, STRUCTURES, trained.recipe, "cpu"), STRUCTURES)
    with mock.patch.object(pipeline, "clean", row.clean):
        result = {"row": name, "seed": seed, "cpu_seconds_per_step": cost, "dice": judge(predictor)}
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")


def finished() -> Dict[Tuple[str, int], Dict[str, Any]]:
    """The results so far, by row and seed."""
    if not RESULTS.exists():
        return {}
    lines = [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]
    return {(line["row"], line["seed"]): line for line in lines}


def train(name: str, seed: int) -> Tuple[Trainer, Optional[float]]:
    """The trained proxy of a row, and CPU seconds a step in this process (None: no step)."""
    row = ROWS[name]
    recipe = replace(row.recipe, seed=seed)
    cases = row.data(load_cases(cache(recipe.spacing)))
    data = TrainingData(cases, (), STRUCTURES, partners(STRUCTURES))
    folder = STUDY / name / str(seed)
    begun = folder / "recipe.json"
    if begun.exists() and Recipe.from_dict(json.loads(begun.read_text("utf-8"))) != recipe:
        raise SystemExit(f"{folder} was begun with other settings; delete it to begin anew.")
    trainer = row.trainer(data, recipe, folder, torch.device("cpu"))
    trainer.resume()
    began, first = time.process_time(), trainer.step

    def report(share: float, text: str) -> None:
        if trainer.step % 50 == 0:
            print(f"{name}, seed {seed}: {text}", flush=True)

    trainer.run(progress=report)
    steps = trainer.step - first
    return trainer, round((time.process_time() - began) / steps, 3) if steps else None


def judge(predictor: Any) -> Dict[str, List[float]]:
    """Dice per structure over the judged cases in which it was drawn, on their own grids."""
    manifest: Any = SimpleNamespace(
        id="proxy", name="proxy", structures=STRUCTURES, region="head and neck", anatomy=""
    )
    scores: Dict[str, List[float]] = {name: [] for name in STRUCTURES}
    for folder in case_folders()[TRAINED:TRAINED + JUDGED]:
        ct = read_volume(folder / "ct.nrrd")
        found = segment(ct, LoadedModel(manifest, predictor)).labelmap.masks
        nothing = np.zeros(ct.geometry.shape, dtype=bool)
        for name, mask in read_labelmap(folder / "structures.seg.nrrd").masks.items():
            standard = standard_name(name)
            scores[standard].append(round(dice(mask, found.get(standard, nothing)), 4))
    return scores


def table() -> List[str]:
    """The finished rows, in Markdown, below the row that they differ from: mean over the seeds."""
    done = [n for n in ROWS if all((n, seed) in finished() for seed in SEEDS)]
    lines: List[str] = []
    for reference in ("base", "patch_narrow"):
        beneath = [n for n in done if n != reference and ROWS[n].against == reference]
        if reference in done:
            lines += ["", *HEAD, _line(reference, None)]
            lines += [_line(name, means(reference)[0]) for name in beneath]
    return lines


def _line(name: str, reference: Optional[np.ndarray]) -> str:
    """One row of the table: Dice, or changes of Dice against a reference."""
    found, spread, cost = means(name)
    shown, sign = (found, "") if reference is None else (found - reference, "+")
    others = np.delete(shown, STRUCTURES.index("Esophagus"))  # found late, if at all
    cells = " | ".join(f"{v:{sign}.3f}" for v in (*shown, others.mean(), shown.mean()))
    row = ROWS[name]
    return (
        f"| {row.change} | {row.predicted} | {cells} (seeds {spread:.3f} apart) "
        f"| {f'{cost:.2f}' if cost else '-'} |"
    )


def means(name: str) -> Tuple[np.ndarray, float, float]:
    """Mean Dice per structure over the seeds, how far their means lie apart, CPU s a step (0: no
    step)."""
    results = [finished()[name, seed] for seed in SEEDS]
    dices = np.array([[np.mean(r["dice"][s]) for s in STRUCTURES] for r in results])
    costs = [r["cpu_seconds_per_step"] for r in results if r["cpu_seconds_per_step"]]
    cost = float(np.mean(costs)) if costs else 0.0
    return dices.mean(axis=0), float(np.ptp(dices.mean(axis=1))), cost


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("prepare", "run", "table"))
    parser.add_argument("rows", nargs="*", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--seeds", type=int, nargs="*", default=SEEDS)
    arguments = parser.parse_args()
    keep_freed_memory()  # as the command line does
    if arguments.what == "prepare":
        prepare()
    elif arguments.what == "table":
        print("\n".join(table()))
    else:
        for seed in arguments.seeds:
            for name in arguments.rows or ROWS:
                run(name, seed)


if __name__ == "__main__":
    main()
