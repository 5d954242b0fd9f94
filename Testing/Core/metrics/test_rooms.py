"""The folders of metrics build on each other one way."""

from __future__ import annotations

from pathlib import Path

import architecture

METRICS = "AutoContourRTCore.metrics"
#: Each may import from itself and from those before it; "" is the folder metrics itself.
ROOMS = ("", "inputs", "choices", "compare", "cohort", "report")


def room_of(module: str) -> str:
    first = module[len(METRICS) + 1 :].split(".")[0]
    return first if first in ROOMS else ""


def test_no_folder_imports_from_one_that_builds_on_it() -> None:
    arrows = architecture.arrows(architecture.read_tree(Path(__file__).resolve().parents[3]))
    found = {
        (module, target)
        for module, targets in arrows.items()
        for target in targets
        if module.startswith(METRICS) and target.startswith(METRICS)
    }
    assert {room for pair in found for room in map(room_of, pair)} == set(ROOMS)
    assert not [p for p in found if ROOMS.index(room_of(p[0])) < ROOMS.index(room_of(p[1]))]


def test_every_folder_of_metrics_has_its_place() -> None:
    files = architecture.read_tree(Path(__file__).resolve().parents[3])
    folders = {path for path in (f.path for f in files.values()) if "/metrics/" in path}
    names = {path.split("/metrics/")[1].rpartition("/")[0] for path in folders}
    assert names == set(ROOMS)
