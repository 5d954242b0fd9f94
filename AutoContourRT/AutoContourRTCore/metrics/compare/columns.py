"""The columns of a comparison: what each figure means, its unit, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Tuple


@dataclass(frozen=True)
class Column:
    """One figure. better: +1 higher, -1 lower, 0 neither. digits: after the point, for people.

    short: for the head of a column, "" for the title.
    """

    name: str
    title: str
    unit: str = ""
    better: int = 0
    digits: int = 3
    short: str = ""

    @property
    def head(self) -> str:
        """The short title, with the unit."""
        return f"{self.short or self.title} {self.unit}".rstrip()


FIGURES: Tuple[Column, ...] = (
    Column("dice", "Dice", "", 1),
    Column("msd_mm", "Mean surface distance (voxels, Sartor)", "mm", -1, 2, "MSD"),
    Column("surface_dice", "Surface Dice", "", 1),
    Column("tolerance_mm", "Tolerance", "mm", 0, 2),
    Column("tolerance_used_mm", "Tolerance used", "mm", 0, 3),
    Column("asd_reference_to_test_mm", "Average surface distance, reference to test", "mm", -1, 2),
    Column("asd_test_to_reference_mm", "Average surface distance, test to reference", "mm", -1, 2),
    Column("hd_mm", "Hausdorff distance", "mm", -1, 2, "HD"),
    Column("hd95_mm", "Hausdorff distance, 95 % of the area", "mm", -1, 2, "HD95"),
    Column("apl_mm", "Added path length", "mm", -1, 0, "APL"),
    Column("volume_reference_ml", "Volume, reference", "ml", 0, 2),
    Column("volume_test_ml", "Volume, test", "ml", 0, 2),
    Column("volume_difference_ml", "Volume difference (test - reference)", "ml", 0, 2),
    Column("volume_difference_percent", "Volume difference, of the reference", "%", 0, 1),
    Column("surface_overlap_reference", "Share of the reference's surface near the test", "", 1),
    Column("surface_overlap_test", "Share of the test's surface near the reference", "", 1),
    Column("shift_lr_mm", "Centre of mass, towards the patient's left", "mm", 0, 2),
    Column("shift_ap_mm", "Centre of mass, towards posterior", "mm", 0, 2),
    Column("shift_si_mm", "Centre of mass, towards superior", "mm", 0, 2),
    Column("common_range_mm", "Common craniocaudal range", "mm", 0, 1),
    Column("dice_common_range", "Dice, common range", "", 1),
    Column("msd_common_range_mm", "Mean surface distance (voxels), common range", "mm", -1, 2),
    Column("surface_dice_common_range", "Surface Dice, common range", "", 1),
    Column("hd95_common_range_mm", "Hausdorff distance 95 %, common range", "mm", -1, 2),
    Column("worst_mm", "Largest distance", "mm", -1, 2),
    Column("worst_x_mm", "Worst place, LPS x", "mm", 0, 1),
    Column("worst_y_mm", "Worst place, LPS y", "mm", 0, 1),
    Column("worst_z_mm", "Worst place, LPS z", "mm", 0, 1),
    Column("voxels_both", "Voxels in both, on the drawn slices", "", 0, 0),
    Column("voxels_reference", "Voxels of the reference, on the drawn slices", "", 0, 0),
    Column("voxels_test", "Voxels of the test, on the drawn slices", "", 0, 0),
)
_BY_NAME: Dict[str, Column] = {column.name: column for column in FIGURES}
FIGURE_NAMES = tuple(_BY_NAME)


def column(name: str) -> Column:
    """What is known of a column; dose columns, which depend on the settings, by their names."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    words = name.split("_")
    units = {"gy": "Gy", "percent": "%"}
    if words[-1] in units:
        title = " ".join(words[:-1]).replace("difference", "difference (test - reference)")
        return Column(name, title, units[words[-1]], 0, 2)
    return Column(name, " ".join(words))
