"""`make pictures`: the pictures in README.md, made from the running code."""

from __future__ import annotations

from pathlib import Path

from AutoContourRTCore.phantom import make_phantom
from AutoContourRTCore.segmentation.pipeline import load_model, segment
from three_planes import save_three_planes

FOLDER = Path(__file__).parents[1] / "Resources" / "Screenshots"


def main() -> None:
    """The phantom with the shipped model's contours and its truth."""
    volume, truth = make_phantom()
    model = load_model("head_neck_7")
    result = segment(volume, model)
    path = FOLDER / "phantom.png"
    save_three_planes(
        volume, result.labelmap, path, "Phantom: head_neck_7 (solid), truth (dashed)",
        reference=truth.only(model.manifest.structures),
    )
    print(path)


if __name__ == "__main__":
    main()
