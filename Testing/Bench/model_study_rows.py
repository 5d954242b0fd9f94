"""The rows of the model study: what is changed against `base`, and what that was thought to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, List, Sequence, Tuple, Type

import numpy as np
from deep_supervision import DeeplySupervised
from scipy.special import expit, logit

from AutoContourRTCore.nn import recipes
from AutoContourRTCore.nn.cases import Case
from AutoContourRTCore.nn.dataset import partners
from AutoContourRTCore.nn.inference import Predictor
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.nn.training import Trainer
from AutoContourRTCore.segmentation.postprocess import clean

STEPS = 900
EPOCH = 75
SPINAL_CORD, ESOPHAGUS = 1, 4
#: Of log volume, in robust SDs; a contour farther off is taken as not drawn.
OUTLIER = 4.0

BASE = replace(
    recipes.DEFAULT, spacing=(2.5, 4.0, 4.0), patch=(48, 64, 64), widths=(16, 32, 48, 64, 80),
    epochs=STEPS // EPOCH, steps_per_epoch=EPOCH, validate_every=STEPS, lr=0.003,
)
#: As good at 0.57 of the cost; what the rows of the third part change.
NARROW = replace(BASE, patch=(48, 48, 48))


def same_cases(cases: List[Case]) -> List[Case]:
    """All of them as they are."""
    return cases


def as_it_is(predictor: Predictor, structures: Sequence[str]) -> Any:
    """The trained network alone."""
    return predictor


@dataclass(frozen=True)
class Row:
    """change, predicted: words for the table. data: what is made of the cases. trained_as: the
    row whose training serves. averaged: the running mean of the weights is judged, else the last
    ones. use: what is made of the trained network before it contours. clean: what is done to a
    mask (bool [k, j, i]; least share of a piece that stays; axis of its slices) before it is
    judged. against: the row that this one differs from."""

    change: str
    predicted: str
    recipe: Recipe = BASE
    data: Callable[[List[Case]], Sequence[Case]] = same_cases
    trained_as: str = ""
    averaged: bool = True
    use: Callable[[Predictor, Sequence[str]], Any] = as_it_is
    trainer: Type[Trainer] = Trainer
    clean: Callable[[np.ndarray, float, int], np.ndarray] = clean
    against: str = "base"


def without_outliers(cases: List[Case]) -> List[Case]:
    """A structure whose volume is far from its usual one counts as not drawn there."""
    drawn = np.array([case.drawn for case in cases])
    voxels = np.array([[((c.labels >> n) & 1).sum() for n in range(drawn.shape[1])] for c in cases])
    size = np.log(np.maximum(voxels, 1))
    for n in range(drawn.shape[1]):
        usual = size[drawn[:, n], n]
        middle = np.median(usual)
        spread = 1.4826 * np.median(np.abs(usual - middle))
        drawn[:, n] &= np.abs(size[:, n] - middle) <= OUTLIER * spread
    return [replace(case, drawn=tuple(map(bool, d))) for case, d in zip(cases, drawn)]


def open_ended(cases: List[Case]) -> List[Case]:
    """Below the lowest slice in which cord or oesophagus were drawn nothing is known of them:
    they go on there, whether or not the clinician did."""
    return [_open_ended(case) for case in cases]


def _open_ended(case: Case) -> Case:
    known = np.full(case.labels.shape, (1 << len(case.drawn)) - 1, dtype=np.int32)
    for bit in (SPINAL_CORD, ESOPHAGUS):
        slices = np.flatnonzero(((case.labels >> bit) & 1).any(axis=(1, 2)))
        if len(slices):
            known[: slices[0]] &= ~(1 << bit)  # k rises towards the head
    return replace(case, known=known)


class _Around:
    """What the pipeline asks of a predictor, beside the answer itself."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self.recipe, self.block = predictor.recipe, predictor.block
        self.notes: Tuple[str, ...] = ()


class Mirrored(_Around):
    """A predictor that averages with the mirror image, left and right exchanged."""

    def __init__(self, predictor: Predictor, structures: Sequence[str]) -> None:
        super().__init__(predictor)
        self._partner = list(partners(structures))

    def __call__(self, image: np.ndarray, progress: Any) -> np.ndarray:
        found = self._predictor(image, progress)
        again = self._predictor(np.ascontiguousarray(image[..., ::-1]), progress)[..., ::-1]
        return (found + again[self._partner]) / 2


class Threshold(_Around):
    """A predictor whose contours lie where the network's probability is another than one half."""

    def __init__(self, predictor: Predictor, probability: float) -> None:
        super().__init__(predictor)
        self._shift = logit(probability)

    def __call__(self, image: np.ndarray, progress: Any) -> np.ndarray:
        found = np.clip(self._predictor(image, progress), 1e-6, 1 - 1e-6)
        return np.asarray(expit(logit(found) - self._shift), dtype=np.float32)


def at(probability: float) -> Callable[[Predictor, Sequence[str]], Threshold]:
    """A row's use of a threshold."""
    return lambda predictor, structures: Threshold(predictor, probability)


def not_cleaned(mask: np.ndarray, least: float, along: int) -> np.ndarray:
    """All islands and holes stay."""
    return mask


def _augmented(recipe: Recipe, **changes: Any) -> Recipe:
    return replace(recipe, augmentation=replace(recipe.augmentation, **changes))


def _narrow(change: str, predicted: str, recipe: Recipe, **others: Any) -> Row:
    """A row that is compared with `patch_narrow`."""
    return Row(change, predicted, recipe, against="patch_narrow", **others)


def _paper(recipe: Recipe, predicted: str) -> Row:
    """A paper's loss, sampling, augmentation, optimiser and schedule on the narrow network."""
    same = ("spacing", "patch", "widths", "batch", "epochs", "steps_per_epoch", "validate_every")
    settings = replace(recipe, **{name: getattr(NARROW, name) for name in same})
    return _narrow(f"recipe `{recipe.name}`", predicted, settings)


ROWS = {
    "base": Row("base (recipe `default`)", ""),
    "batch_1": Row(
        "one patch a step, twice as many steps", "gain: more updates for the same work",
        replace(BASE, batch=1, epochs=2 * BASE.epochs, validate_every=2 * STEPS),
    ),
    "thin": Row(
        "8 in place of 16 channels on the finest level", "a small loss at half the cost",
        replace(BASE, widths=(8, 32, 48, 64, 80)),
    ),
    "patch_narrow": Row(
        "patches of 48 x 48 x 48", "none: half of the air is left out, at 0.6 of the cost", NARROW
    ),
    "less_noise": Row("noise of up to 8 in place of 25 HU", "gain: real noise is about 4 HU",
                      _augmented(BASE, noise_hu=8.0)),
    "more_cross_entropy": Row(
        "cross-entropy weight 1", "none", replace(BASE, cross_entropy_weight=1.0),
    ),
    "no_regrid": Row("no blur, no other grids", "gain in so few steps",
                     _augmented(BASE, blur=0.0, regrid=0.0)),
    "open_ended": Row(
        "cord and oesophagus unknown below their lowest contour", "oesophagus changes most",
        data=open_ended,
    ),
    "deep_supervision": Row("loss on three levels of the decoder", "small organs gain",
                            trainer=DeeplySupervised),
    "last_weights": Row("last instead of averaged weights", "small loss",
                        trained_as="base", averaged=False),
    "mirrored_inference": Row("averaged with the mirror image", "small gain at twice the time",
                              trained_as="base", use=Mirrored),
    "not_cleaned": Row("islands and holes stay", "loss", trained_as="base", clean=not_cleaned),
    "threshold_40": Row("contour at probability 0.4", "oesophagus and brainstem gain",
                        trained_as="base", use=at(0.4)),
    "threshold_30": Row("contour at probability 0.3", "oesophagus gains",
                        trained_as="base", use=at(0.3)),
    "threshold_60": Row("contour at probability 0.6", "loss", trained_as="base", use=at(0.6)),
    "spacing_3": _narrow(
        "3 mm in plane instead of 4, as wide a patch", "small gain at 1.8 times the cost",
        replace(NARROW, spacing=(2.5, 3.0, 3.0), patch=(48, 64, 64)),
    ),
    "spacing_5": _narrow(
        "5 mm in plane", "a loss in cord and mandible", replace(NARROW, spacing=(2.5, 5.0, 5.0)),
    ),
    "patch_small": _narrow(
        "patches of 32 x 48 x 48, three a step", "loss: less context for left and right",
        replace(NARROW, patch=(32, 48, 48), batch=3),
    ),
    "slow": _narrow("learning rate 0.001 in place of 0.003", "loss in so few steps",
                    replace(NARROW, lr=0.001)),
    "wide": _narrow("widths doubled", "gain at 2.5 times the cost",
                    replace(NARROW, widths=(32, 64, 96, 128, 160))),
    "shallow": _narrow("four levels", "loss: less context",
                       replace(NARROW, widths=(16, 32, 48, 64))),
    "worst_voxels": _narrow(
        "loss of Nikolov 2021 alone (worst 5 % of voxels)", "slower at the start",
        replace(NARROW, loss="top_k_bce", top_k=0.05),
    ),
    "sartor2020": _paper(recipes.SARTOR2020, "far behind in so few steps"),
    "rootpainter3d": _paper(recipes.ROOTPAINTER3D, "rare organs behind"),
    "nikolov2021": _paper(recipes.NIKOLOV2021, "behind in so few steps"),
    "no_augmentation": _narrow(
        "no augmentation", "gain in so few steps, loss in long runs",
        replace(NARROW, augmentation=recipes.Augmentation()),
    ),
    "no_mirror": _narrow("no mirror with label swap", "parotids lose",
                         _augmented(NARROW, mirror=0.0)),
    "anywhere": _narrow("patches on structures 0.3 instead of 0.7", "oesophagus and larynx lose",
                        replace(NARROW, on_structure=0.3)),
    "without_outliers": _narrow("contours of odd volume left out", "small gain", NARROW,
                                data=without_outliers),
}  # fmt: skip
