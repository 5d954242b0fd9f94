"""How well the shipped model contours the validation cases: the figures of its card.

    python head_neck_figures.py [--cases N] [--json FILE] [--csv FILE]
        [--worst 15] [--pictures FOLDER]

Means over the cases in which a structure was drawn, with bootstrap 95 % intervals (patients
resampled); what was not found counts as Dice and surface Dice 0, and has no distance. "drawn
slices": the same of the axial slices alone in which the clinician drew, since where a cord ends is
a convention. Also: the worst contours one by one, and what is predicted where nobody drew.
--csv: every case and structure. --pictures: the worst ones, the clinician's dashed.
Reads AUTOCONTOURRT_DATA/head_neck/validation.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np
from validation_cases import ALL, MODEL, cases, contour

from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.cohort.summary import bootstrap_interval, describe
from AutoContourRTCore.metrics.compare.comparison import compare
from AutoContourRTCore.metrics.compare.rows import FAILED_STATES, NOT_IN_REFERENCE, Row
from AutoContourRTCore.segmentation.pipeline import load_model
from AutoContourRTCore.volumes.labelmap import LabelMap

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from three_planes import save_three_planes  # noqa: E402

#: Figure -> the row's figure; those after a row's own are of its other two comparisons.
MEASURES = {
    "dice": "dice", "surface_dice": "surface_dice", "msd_mm": "msd_mm", "hd95_mm": "hd95_mm",
    "surface_dice_rounded": "", "dice_drawn_slices": "", "surface_dice_drawn_slices": "",
}
OVERLAPS = tuple(name for name in MEASURES if "dice" in name)
Figures = Dict[str, float]
Scored = Dict[str, object]


def score(model_id: str, count: int) -> List[Scored]:
    """A record for each structure of each case that was drawn or predicted."""
    model, found = load_model(model_id), []
    for case, volume, truth in cases(count):
        result = contour(volume, model)
        plain = compare(truth, result, Settings(), case=case).rows
        rounded = compare(truth, result, Settings(round_tolerance=True), case=case).rows
        cut = compare(truth, _on_drawn_slices(result, truth), Settings(), case=case).rows
        for row, same, on_slices in zip(plain, rounded, cut):
            found.append(_record(row, same, on_slices, volume.geometry.voxel_ml))
    return found


def _on_drawn_slices(result: LabelMap, truth: LabelMap) -> LabelMap:
    """The result, each structure on the axial slices where the clinician drew it."""
    masks = {}
    for name, mask in result.masks.items():
        drawn = truth.masks.get(name)
        slices = slice(None) if drawn is None else drawn.any(axis=(1, 2))
        masks[name] = np.zeros_like(mask)
        masks[name][slices] = mask[slices]
    return LabelMap(masks, result.geometry)


def _record(row: Row, rounded: Row, on_slices: Row, voxel_ml: float) -> Scored:
    record: Scored = {name: row[own] for name, own in MEASURES.items() if own}
    record["surface_dice_rounded"] = rounded["surface_dice"]
    record["dice_drawn_slices"] = on_slices["dice"]
    record["surface_dice_drawn_slices"] = on_slices["surface_dice"]
    if row.state in FAILED_STATES:
        record.update({name: 0.0 for name in OVERLAPS})
    return {
        "case": row.case, "structure": row.structure, "drawn": row.state != NOT_IN_REFERENCE,
        "found": row["volume_test_ml"] > 0, "tolerance_mm": row["tolerance_mm"],
        "tolerance_rounded_mm": rounded["tolerance_used_mm"],
        "test_ml": row["volume_test_ml"], "test_voxels": round(row["volume_test_ml"] / voxel_ml),
        **record,
    }  # fmt: skip


def summary(scored: Sequence[Scored], structures: Sequence[str]) -> Dict[str, Figures]:
    """Structure -> n, n_found; of each measure mean, sd, low, high; tolerances; the undrawn."""
    found = {}
    for name in structures:
        own = [s for s in scored if s["structure"] == name]
        drawn = [s for s in own if s["drawn"]]
        undrawn = [s for s in own if not s["drawn"]]
        rounded = [s["tolerance_rounded_mm"] for s in drawn]
        figures: Figures = {
            "n": len(drawn), "n_found": sum(bool(s["found"]) for s in drawn),
            "tolerance_mm": drawn[0]["tolerance_mm"],
            "tolerance_rounded_low_mm": min(rounded), "tolerance_rounded_high_mm": max(rounded),
            "undrawn_cases": len(undrawn),
            "undrawn_cases_predicted": sum(bool(s["found"]) for s in undrawn),
            "undrawn_ml_predicted": sum(s["test_ml"] for s in undrawn),
            "undrawn_voxels_predicted": sum(s["test_voxels"] for s in undrawn),
        }  # fmt: skip
        for measure in MEASURES:
            values = [float(s[measure]) for s in drawn]  # type: ignore[arg-type]
            about = describe(values)
            figures[f"{measure}_mean"], figures[f"{measure}_sd"] = about.mean, about.sd
            figures[f"{measure}_low"], figures[f"{measure}_high"] = bootstrap_interval(values)
        found[name] = figures
    return found


def table(figures: Dict[str, Figures]) -> List[str]:
    """Markdown lines; also the card's."""

    def shown(f: Figures, measure: str, digits: int = 3) -> str:
        mean, low, high = (f"{f[f'{measure}_{end}']:.{digits}f}" for end in ("mean", "low", "high"))
        return f"{mean} ({low} to {high})"

    lines = [
        "| structure | n drawn, found | Dice | surface Dice at tolerance | at tolerance rounded "
        "to the grid | MSD mm | HD95 mm | Dice, drawn slices | surface Dice, drawn slices |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, f in figures.items():
        lines.append(
            f"| {name} | {f['n']:.0f}, {f['n_found']:.0f} "
            f"| {shown(f, 'dice')}, SD {f['dice_sd']:.3f} "
            f"| {shown(f, 'surface_dice')} at {f['tolerance_mm']} mm "
            f"| {shown(f, 'surface_dice_rounded')} at {f['tolerance_rounded_low_mm']:.2f} to "
            f"{f['tolerance_rounded_high_mm']:.2f} mm "
            f"| {shown(f, 'msd_mm', 2)} | {shown(f, 'hd95_mm', 1)} "
            f"| {shown(f, 'dice_drawn_slices')} | {shown(f, 'surface_dice_drawn_slices')} |"
        )
    means = [np.mean([f[f"{m}_mean"] for f in figures.values()]) for m in OVERLAPS]
    told = "; ".join(f"{m.replace('_', ' ')} {v:.4f}" for m, v in zip(OVERLAPS, means))
    return [*lines, "", f"Means over the structures: {told}."]


def undrawn(figures: Dict[str, Figures]) -> str:
    """What is predicted where nobody drew, in a sentence."""
    told = [
        f"{name} in {f['undrawn_cases_predicted']:.0f} of {f['undrawn_cases']:.0f} cases "
        f"({f['undrawn_voxels_predicted']:.0f} voxels, {f['undrawn_ml_predicted']:.0f} ml in all)"
        for name, f in figures.items()
        if f["undrawn_cases"]
    ]
    return "Predicted where nobody drew (which does not say that it is wrong): " + "; ".join(told)


def draw(worst: Sequence[Scored], model_id: str, folder: Path) -> None:
    """A picture of each of these contours, numbered from the worst."""
    model = load_model(model_id)
    places = {(s["case"], s["structure"]): n for n, s in enumerate(worst)}
    for case, volume, truth in cases():
        wanted = [name for name in truth.masks if (case, name) in places]
        result = contour(volume, model) if wanted else truth
        for name in wanted:
            n = places[case, name]
            both = np.argwhere(truth.masks[name] | result.masks[name])
            save_three_planes(
                volume, result.only([name]), folder / f"{n + 1:02}_{case}_{name}.png",
                f"{case} {name}: surface Dice {worst[n]['surface_dice']:.3f}, Dice "
                f"{worst[n]['dice']:.3f}", volume.geometry.to_lps(both.mean(axis=0)),
                truth.only([name]),
            )  # fmt: skip


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=ALL)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--worst", type=int, default=15)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--model", default=MODEL)
    arguments = parser.parse_args()
    scored = score(arguments.model, arguments.cases)
    figures = summary(scored, load_model(arguments.model).manifest.structures)
    print("\n".join([*table(figures), undrawn(figures), "", "The worst by surface Dice:"]))
    drawn = sorted((s for s in scored if s["drawn"]), key=lambda s: s["surface_dice"])
    worst = drawn[: arguments.worst]
    for record in worst:
        print(f"  {record['case']} {record['structure']}: surface Dice "
              f"{record['surface_dice']:.3f}, Dice {record['dice']:.3f}")  # fmt: skip
    if arguments.pictures:
        draw(worst, arguments.model, arguments.pictures)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    if arguments.csv:
        with arguments.csv.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, scored[0])
            writer.writeheader()
            writer.writerows(scored)


if __name__ == "__main__":
    main()
