"""New projects: which recipe, and from which model; needs no torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Optional, Sequence

from AutoContourRTCore.correction.project import Project
from AutoContourRTCore.correction.split import GROWING, ROTATING
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.files import read_manifest
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.nn.recipes import Recipe, recipe

#: A network that learns on a CPU while the user goes on.
SMALL_WIDTHS = (16, 32, 64, 96)
SMALL_PATCH = (32, 64, 64)
SMALL_BATCH = 4
#: `default` on corrections, which show little of the background: what they show of it counts more
#: than in other training (measured: Testing/Bench/simulate_study.md).
ON_STRUCTURE, CROSS_ENTROPY_WEIGHT = 0.4, 1.0


def correction_recipe(
    name: str, start: Optional[Manifest] = None, small: bool = False, seed: Optional[int] = None
) -> Recipe:
    """The recipe of a name, for training that has no end.

    A learning rate that would end with the run stays constant; `default` looks at the annotated
    background more than in other training. start: the model to start from, whose network, spacing
    and intensities are kept. small: the network, patch and batch for a CPU; with a start model not
    the network. Raises InputError for an unknown name or a model that does not fit.
    """
    chosen = recipe(name)
    if chosen.schedule in ("cosine", "steps"):
        chosen = replace(chosen, schedule="constant")
    if name == "default":
        chosen = replace(
            chosen, on_structure=ON_STRUCTURE, cross_entropy_weight=CROSS_ENTROPY_WEIGHT
        )
    if start is not None:
        chosen = like_start(chosen, start)
    if small:
        widths = chosen.widths if start is not None else SMALL_WIDTHS
        batch = min(chosen.batch, SMALL_BATCH)
        chosen = replace(chosen, widths=widths, patch=SMALL_PATCH, batch=batch)
    return chosen if seed is None else replace(chosen, seed=seed)


def like_start(chosen: Recipe, start: Manifest) -> Recipe:
    """The recipe on a start model's network, spacing and intensities; loss, patches, augmentation
    and schedule stay its own. Raises InputError for a model whose outputs mean something else."""
    own = Recipe.from_dict(start.recipe)
    if own.activation != chosen.activation:
        raise InputError(
            f"The model {start.id!r} computes {own.activation}, the recipe {chosen.name!r} "
            f"{chosen.activation}; choose another recipe or model."
        )
    return replace(chosen, widths=own.widths, spacing=own.spacing, intensity=own.intensity)


def create_project(
    folder: Path,
    structures: Sequence[str],
    chosen: Recipe,
    start_model: Optional[Path] = None,
    name: str = "",
    largest_component: bool = False,
) -> Project:
    """A new project whose settings follow from the recipe.

    Smith's recipe starts anew from random weights, others from the start model where there is
    one. A recipe with cycles (Sartor) rotates the validation cases. Raises InputError.
    """
    if start_model is not None:
        _check_network(chosen, read_manifest(start_model))
    return Project.create(
        folder, structures, chosen.to_dict(), name, start_model,
        restart_from_start=start_model is not None and chosen.name != "rootpainter3d",
        split=ROTATING if chosen.cycle_epochs else GROWING,
        largest_component=largest_component,
    )


def _check_network(chosen: Recipe, start: Manifest) -> None:
    own = Recipe.from_dict(start.recipe)
    if (own.widths, own.spacing) != (chosen.widths, chosen.spacing):
        raise InputError(
            f"The model {start.id!r} has the network {own.widths} on {own.spacing} mm, the recipe "
            f"{chosen.widths} on {chosen.spacing} mm; use the model's (correction_recipe)."
        )
