"""Does the review list lead to the worst contours? Doubt against the clinicians' contours.

    python review_list.py [--cases N] [--json FILE]

A unit is a structure that was drawn and found in a validation case. Printed: Spearman correlation
of the doubt (segmentation/doubt.py; in mm, and divided by the structure's tolerance) with the
surface Dice at tolerance, with a 95 % interval by bootstrap over patients, and which share of the
worst 10 % lies in the first 20 % of the list (by chance: 20 %). Reads
AUTOCONTOURRT_DATA/head_neck/validation.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
from scipy.stats import spearmanr
from validation_cases import MODEL, cases

from AutoContourRTCore.anatomy.catalogue import find
from AutoContourRTCore.metrics.measures import surface_dice
from AutoContourRTCore.metrics.surfaces import surface_distances
from AutoContourRTCore.segmentation.pipeline import load_model, segment

DRAWS = 2000
Unit = Dict[str, Any]


def units(model_id: str, count: int) -> List[Unit]:
    """case, structure, edge_mm, edge_in_tolerances and surface_dice of each unit."""
    model, found = load_model(model_id), []
    for case, volume, truth in cases(count):
        result = segment(volume, model)
        for name, doubt in result.doubt.items():
            tolerance = find(name).tolerance_mm
            if name not in truth.masks or tolerance is None:
                continue
            distances = surface_distances(
                truth.masks[name], result.labelmap.masks[name], volume.geometry.spacing
            )
            found.append({
                "case": case, "structure": name, "edge_mm": doubt.edge_mm,
                "edge_in_tolerances": doubt.edge_mm / tolerance,
                "surface_dice": surface_dice(distances, tolerance),
            })  # fmt: skip
    return found


def correlation(listed: List[Unit], key: str) -> Tuple[float, float, float]:
    """Spearman's rho of doubt and surface Dice, and its 95 % interval over patients."""
    doubt, good = (np.array([u[k] for u in listed]) for k in (key, "surface_dice"))
    patients = sorted({u["case"] for u in listed})
    rows = {p: [n for n, u in enumerate(listed) if u["case"] == p] for p in patients}
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(DRAWS):
        chosen = [n for p in rng.choice(patients, len(patients)) for n in rows[p]]
        drawn.append(spearmanr(doubt[chosen], good[chosen])[0])
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(spearmanr(doubt, good)[0]), float(low), float(high)


def share_found(listed: List[Unit], key: str) -> float:
    """Share of the worst 10 % by surface Dice among the first 20 % by doubt."""
    worst = np.argsort([u["surface_dice"] for u in listed])[: max(1, round(0.1 * len(listed)))]
    first = np.argsort([-u[key] for u in listed])[: round(0.2 * len(listed))]
    return len(set(worst) & set(first)) / len(worst)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=31)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--model", default=MODEL)
    arguments = parser.parse_args()
    listed = units(arguments.model, arguments.cases)
    if arguments.json:
        arguments.json.write_text(json.dumps(listed, indent=1), encoding="utf-8")
    print(f"{len(listed)} units of {len({u['case'] for u in listed})} patients")
    for key in ("edge_mm", "edge_in_tolerances"):
        rho, low, high = correlation(listed, key)
        print(f"{key}: Spearman {rho:+.2f} (95 % {low:+.2f} to {high:+.2f}); "
              f"{share_found(listed, key):.0%} of the worst 10 % in the first 20 %")


if __name__ == "__main__":
    main()
