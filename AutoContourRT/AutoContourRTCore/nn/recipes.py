"""How a model is trained: plain, validated settings that are saved beside its weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Callable, Dict, Mapping, Tuple

from AutoContourRTCore.errors import InputError

Triple = Tuple[float, float, float]


@dataclass(frozen=True)
class Intensity:
    """HU are cut to [low, high], then (HU - offset) / scale.

    per_patch: instead, the patch's own minimum and maximum become 0 and 1 (Smith 2021).
    """

    low: float = -500.0
    high: float = 1000.0
    offset: float = 0.0
    scale: float = 250.0
    per_patch: bool = False


@dataclass(frozen=True)
class Augmentation:
    """Ranges from which every training patch draws; 0 switches a kind off.

    rotate: largest angle (rad) about the S-I axis; tilt: about the two others.
    scale: factors 1 - scale .. 1 + scale; shear: largest shear in the axial plane.
    shift_mm: largest shift in the axial plane.
    mirror: probability of a left-right mirror; left and right labels are then exchanged.
    elastic_mm: SD of the displacements of a control grid with elastic_grid_mm between its points.
    shift_hu: largest offset; contrast: factors 1 - contrast .. 1 + contrast about 0 HU.
    noise_hu: SD of white noise, drawn from 0..noise_hu.
    blur: probability of a Gaussian blur; its SD along each axis is drawn from 0..blur_mm.
    regrid: probability that the image has come through another grid, turned about the S-I axis and
    of other voxels, by linear interpolation, as a CT that somebody resampled.
    streaks: probability of dental-like streaks in some slices of a patch.
    """

    rotate: float = 0.0
    tilt: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    shift_mm: float = 0.0
    mirror: float = 0.0
    elastic_mm: float = 0.0
    elastic_grid_mm: float = 100.0
    shift_hu: float = 0.0
    contrast: float = 0.0
    noise_hu: float = 0.0
    blur: float = 0.0
    blur_mm: float = 3.0
    regrid: float = 0.0
    streaks: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a network is trained.

    loss: 'bce_dice', 'merged_background' (Sartor), 'annotated_dice_ce' (Smith), 'top_k_bce'
    (Nikolov). activation: 'sigmoid', or 'softmax' with an implied background of logit 0.
    spacing: mm (k, j, i) that the network works on. patch: voxels (k, j, i).
    on_structure: share of the patches that are centred on a voxel of a drawn structure.
    on_false_positive: share that is centred on false positives in the training cases, found
    anew every cycle_epochs (0: never).
    corrections: where patches of corrected cases lie: around a 'structure' (each as often, inside
    and outside), or 'anywhere' that holds an annotation (Smith 2021).
    agreement: weight of a second loss, see losses.disagreement: the samples of a batch are then two
    looks each at one place, which differ in grid, blur, noise, contrast and streaks alone.
    schedule: 'cosine' (after warmup_steps), 'constant', 'plateau' (half of it after ten epochs
    without a better validation Dice), or 'steps' (share of the run -> factor of lr).
    average: decay of the running mean of the weights that is validated and shipped; 0 uses the
    last weights. validate_every: epochs between validations.
    """

    name: str = "default"
    loss: str = "bce_dice"
    activation: str = "sigmoid"
    intensity: Intensity = field(default_factory=Intensity)
    augmentation: Augmentation = field(default_factory=Augmentation)
    spacing: Triple = (2.5, 3.0, 3.0)
    patch: Tuple[int, int, int] = (48, 80, 80)
    widths: Tuple[int, ...] = (32, 64, 96, 128, 160)
    batch: int = 2
    on_structure: float = 0.7
    on_false_positive: float = 0.0
    cycle_epochs: int = 0
    corrections: str = "structure"
    optimizer: str = "adamw"
    lr: float = 1e-3
    momentum: float = 0.9
    weight_decay: float = 1e-2
    schedule: str = "cosine"
    steps: Tuple[Tuple[float, float], ...] = ()
    warmup_steps: int = 50
    epochs: int = 20
    steps_per_epoch: int = 80
    average: float = 0.99
    clip_gradient: float = 5.0
    validate_every: int = 5
    top_k: float = 1.0
    cross_entropy_weight: float = 1.0
    agreement: float = 0.0
    seed: int = 20261121

    def __post_init__(self) -> None:
        _require(self.loss in LOSSES, "loss", self.loss, LOSSES)
        _require(self.activation in ACTIVATIONS, "activation", self.activation, ACTIVATIONS)
        _require(self.optimizer in OPTIMIZERS, "optimizer", self.optimizer, OPTIMIZERS)
        _require(self.schedule in SCHEDULES, "schedule", self.schedule, SCHEDULES)
        _require(self.corrections in CORRECTIONS, "corrections", self.corrections, CORRECTIONS)
        multiple = 2 ** (len(self.widths) - 1)
        fits = len(self.patch) == 3 and all(n > 0 and n % multiple == 0 for n in self.patch)
        _require(fits, "patch", self.patch, f"three positive multiples of {multiple}")
        groups = len(self.widths) > 0 and all(n > 0 and n % 8 == 0 for n in self.widths)
        _require(groups, "widths", self.widths, "positive multiples of 8")
        apart = len(self.spacing) == 3 and min(self.spacing) > 0
        _require(apart, "spacing", self.spacing, "three positive numbers of mm (k, j, i)")
        _require(0 < self.top_k <= 1, "top_k", self.top_k, "0 < top_k <= 1")
        _require(0 <= self.average < 1, "average", self.average, "0 <= average < 1")
        _require(self.lr > 0, "lr", self.lr, "lr > 0")
        pairs = self.agreement >= 0 and (self.agreement == 0 or self.batch % 2 == 0)
        _require(pairs, "agreement", self.agreement, "0, or more than 0 with an even batch")
        for name in ("batch", "epochs", "steps_per_epoch", "validate_every"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("on_structure", "on_false_positive"):
            _require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "0..1")

    def to_dict(self) -> Dict[str, Any]:
        """A form that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Recipe":
        """The recipe of a dictionary; an unknown setting raises InputError."""
        _check_names(cls, values)
        plain = {name: _tuples(value) for name, value in values.items()}
        plain["intensity"] = _part(Intensity, values.get("intensity", {}))
        plain["augmentation"] = _part(Augmentation, values.get("augmentation", {}))
        return cls(**plain)


LOSSES = ("bce_dice", "merged_background", "annotated_dice_ce", "top_k_bce")
ACTIVATIONS = ("sigmoid", "softmax")
CORRECTIONS = ("structure", "anywhere")
OPTIMIZERS = ("adamw", "adam", "nadam", "sgd")
SCHEDULES = ("cosine", "constant", "plateau", "steps")


def _require(good: bool, what: str, value: object, allowed: object) -> None:
    if not good:
        raise InputError(f"Recipe: {what} {value!r} is not possible; allowed: {allowed}.")


def _check_names(kind: Any, values: Mapping[str, Any]) -> None:
    known = {f.name for f in fields(kind)}
    for name in values:
        _require(name in known, "setting", name, sorted(known))


def _part(kind: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    _check_names(kind, values)
    return kind(**values)


def _tuples(value: Any) -> Any:
    """JSON's lists as tuples."""
    return tuple(_tuples(item) for item in value) if isinstance(value, (list, tuple)) else value


DEFAULT = Recipe(
    augmentation=Augmentation(
        rotate=0.25, tilt=0.12, scale=0.15, shear=0.05, mirror=0.5, elastic_mm=4.0,
        shift_hu=30.0, contrast=0.1, noise_hu=25.0, blur=0.3, regrid=0.4,
        streaks=0.15,
    ),
    cross_entropy_weight=0.5,
)

SARTOR2020 = Recipe(
    name="sartor2020",
    loss="merged_background",
    activation="softmax",
    intensity=Intensity(low=-800.0, high=800.0, offset=0.0, scale=800.0),
    augmentation=Augmentation(rotate=0.15, tilt=0.15, scale=0.1, shift_hu=100.0),
    patch=(80, 144, 144),  # the paper's 72 x 136 x 136, rounded up to the network's multiple
    batch=50,
    on_false_positive=0.1,
    cycle_epochs=50,
    optimizer="nadam",
    lr=1e-4,
    weight_decay=0.0,
    schedule="plateau",
    warmup_steps=0,
    epochs=2500,
    steps_per_epoch=500,
    average=0.0,
    clip_gradient=0.0,
)

ROOTPAINTER3D = Recipe(
    name="rootpainter3d",
    loss="annotated_dice_ce",
    intensity=Intensity(per_patch=True),
    patch=(64, 240, 240),  # the paper's 52 x 228 x 228, rounded up to the network's multiple
    batch=4,
    on_structure=1.0,
    corrections="anywhere",
    optimizer="sgd",
    lr=0.01,
    momentum=0.99,
    weight_decay=0.0,
    schedule="constant",
    warmup_steps=0,
    epochs=1000,
    steps_per_epoch=32,  # 128 samples
    average=0.0,
    clip_gradient=0.0,
    cross_entropy_weight=0.3,
)

NIKOLOV2021 = Recipe(
    name="nikolov2021",
    loss="top_k_bce",
    intensity=Intensity(low=-1000.0, high=1000.0, offset=0.0, scale=500.0),
    augmentation=Augmentation(
        rotate=0.157, scale=0.2, shear=0.1, shift_mm=31.2, mirror=0.5, elastic_mm=5.0, noise_hu=20.0
    ),
    spacing=(2.5, 0.976, 0.976),
    patch=(32, 512, 512),  # the paper's 21 slices, rounded up to the network's multiple
    batch=32,
    optimizer="adam",
    weight_decay=1e-6,
    lr=1e-4,
    schedule="steps",
    steps=((0.2, 1 / 2), (0.5, 1 / 8), (0.9, 1 / 64), (0.95, 1 / 256)),
    warmup_steps=0,
    epochs=1200,
    steps_per_epoch=100,
    average=0.0,
    clip_gradient=0.0,
    top_k=0.05,
)

RECIPES: Dict[str, Recipe] = {r.name: r for r in (DEFAULT, SARTOR2020, ROOTPAINTER3D, NIKOLOV2021)}


def recipe(name: str) -> Recipe:
    """The recipe of a name; an unknown name raises InputError with those that exist."""
    if name not in RECIPES:
        raise InputError(f"There is no recipe {name!r}; choose one of {', '.join(RECIPES)}.")
    return RECIPES[name]
