"""At which probability a structure's contour should lie: mean Dice on training cases.

    python thresholds.py [--model ID] [--cases 40]

ship_head_neck_7.py moves the network's logits by what was chosen from this table, so that every
contour lies at one half again. Reads AUTOCONTOURRT_DATA/head_neck/train, cases evenly spread.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import replace
from typing import Dict, List

import numpy as np
from model_study_rows import Threshold
from validation_cases import MODEL, cases, contour

from AutoContourRTCore.metrics.measures import dice
from AutoContourRTCore.segmentation.pipeline import LoadedModel, load_model

PROBABILITIES = (0.5, 0.3, 0.35, 0.4, 0.45, 0.55, 0.6)


def scores(model: LoadedModel, count: int) -> Dict[str, Dict[float, List[float]]]:
    """Structure -> probability -> Dice of each case in which it was drawn."""
    found: Dict[str, Dict[float, List[float]]] = defaultdict(lambda: defaultdict(list))
    for _, volume, truth in cases(count, "train"):
        for probability in PROBABILITIES:
            # the model's own predictor answers from memory from the second probability on
            moved = replace(model, predictor=Threshold(model.predictor, probability))
            for name, mask in contour(volume, moved).masks.items():
                if name in truth.masks:
                    found[name][probability].append(dice(truth.masks[name], mask))
    return found


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--cases", type=int, default=40)
    arguments = parser.parse_args()
    print("| structure | n | " + " | ".join(f"{p:g}" for p in PROBABILITIES) + " |")
    print("|---|---|" + "---|" * len(PROBABILITIES))
    for name, by_probability in scores(load_model(arguments.model), arguments.cases).items():
        means = [float(np.mean(by_probability[p])) for p in PROBABILITIES]
        changes = " | ".join(f"{mean - means[0]:+.3f}" for mean in means[1:])
        print(f"| {name} | {len(by_probability[0.5])} | {means[0]:.3f} | {changes} |", flush=True)


if __name__ == "__main__":
    main()
