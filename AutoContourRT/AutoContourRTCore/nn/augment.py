"""A training patch: one deformed look at a case, sampled once, on the device."""

from __future__ import annotations

from typing import Callable, Optional, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from AutoContourRTCore.nn.cases import AIR, Case
from AutoContourRTCore.nn.recipes import Augmentation, Intensity, Recipe


def training_patch(
    case: Case,
    center: Sequence[float],
    recipe: Recipe,
    partner: Sequence[int],
    rng: np.random.Generator,
    device: torch.device,
    looks: Optional[np.random.Generator] = None,
    structure: Optional[int] = None,
) -> Tuple[Tensor, Tensor, Tensor]:
    """Image [1, k, j, i], target [structures, k, j, i], and known [structures, 1, 1, 1], or
    [structures, k, j, i] for a case that is known in places only.

    center: voxel indices k, j, i. partner: for each structure the channel that it becomes in a
    left-right mirror (itself for a midline structure, -1 where the model lacks the other side).
    Rotation, scale, shear, mirror, shift and elastic deformation make one field. looks: draws what
    changes the HU and leaves the labels where they are; None: rng does. structure: the one that the
    patch is for, which no mirror turns into another side that the model lacks.
    """
    looks = looks or rng
    mirrored = rng.random() < recipe.augmentation.mirror
    mirrored = mirrored and (structure is None or partner[structure] >= 0)
    field = _sampling_field(center, recipe, mirrored, rng, device)
    regrid = looks.random() < recipe.augmentation.regrid
    other_grid = _other_grid(recipe, looks) if regrid else None
    image, bits, known_bits = _sample(case, field, device, other_grid)
    channels = list(partner) if mirrored else list(range(len(case.drawn)))
    # A voxel that shows structure c after mirroring carries the label of c's partner.
    target = torch.stack([((bits >> max(c, 0)) & 1).float() * float(c >= 0) for c in channels])
    known = torch.tensor([float(c >= 0 and case.drawn[c]) for c in channels], device=device)
    known = known[:, None, None, None]
    if known_bits is not None:
        known = known * torch.stack([((known_bits >> max(c, 0)) & 1).float() for c in channels])
    image = _intensities(image, recipe, looks)
    return normalised(image, recipe.intensity)[None], target, known


def normalised(image: Tensor, intensity: Intensity) -> Tensor:
    """HU as the network's input."""
    if intensity.per_patch:
        low, high = image.amin(), image.amax()
        return (image - low) / (high - low).clamp(min=1.0)
    return (image.clamp(intensity.low, intensity.high) - intensity.offset) / intensity.scale


def _sampling_field(
    center: Sequence[float],
    recipe: Recipe,
    mirrored: bool,
    rng: np.random.Generator,
    device: torch.device,
) -> Tensor:
    """Voxel coordinates [k, j, i, 3] in the case for every voxel of the patch."""
    aug, spacing = recipe.augmentation, np.asarray(recipe.spacing)
    matrix = _matrix(aug, mirrored, rng)
    shift = np.array([0.0, *rng.uniform(-aug.shift_mm, aug.shift_mm, 2)])
    offsets = [
        torch.from_numpy((np.arange(n) - (n - 1) / 2) * s).float().to(device)
        for n, s in zip(recipe.patch, recipe.spacing)
    ]
    mm = torch.stack(torch.meshgrid(*offsets, indexing="ij"), dim=-1)
    if aug.elastic_mm:
        mm = mm + _elastic(recipe, rng, device)
    to_voxels = torch.from_numpy((matrix.T / spacing)).float().to(device)
    start = torch.from_numpy(np.asarray(center) + shift / spacing).float().to(device)
    return mm @ to_voxels + start


def _matrix(aug: Augmentation, mirrored: bool, rng: np.random.Generator) -> np.ndarray:
    """Linear map of patch offsets (mm; k, j, i) to case offsets."""
    angles = rng.uniform(-1, 1, 3) * (aug.rotate, aug.tilt, aug.tilt)
    matrix = np.eye(3)
    for axis, angle in enumerate(angles):
        a, b = [n for n in range(3) if n != axis]
        turn = np.eye(3)
        cos, sin = np.cos(angle), np.sin(angle)
        turn[[a, a, b, b], [a, b, a, b]] = cos, -sin, sin, cos
        matrix = matrix @ turn
    shear = np.eye(3)
    shear[1, 2] = rng.uniform(-aug.shear, aug.shear)
    matrix = matrix @ shear @ np.diag(1 + rng.uniform(-aug.scale, aug.scale, 3))
    return matrix @ np.diag([1.0, 1.0, -1.0 if mirrored else 1.0])


def _elastic(recipe: Recipe, rng: np.random.Generator, device: torch.device) -> Tensor:
    """Displacements (mm) [k, j, i, 3]: cubic B-splines over a coarse grid of normal draws."""
    aug = recipe.augmentation
    bases = [
        _spline_basis(n, s, aug.elastic_grid_mm) for n, s in zip(recipe.patch, recipe.spacing)
    ]
    points = rng.normal(0, aug.elastic_mm, (*(b.shape[1] for b in bases), 3))
    k, j, i = (torch.from_numpy(b).float().to(device) for b in bases)
    control = torch.from_numpy(points).float().to(device)
    along_i = torch.einsum("abcx,ic->abix", control, i)
    along_j = torch.einsum("abix,jb->ajix", along_i, j)
    return torch.einsum("ajix,ka->kjix", along_j, k)


def _spline_basis(count: int, spacing: float, grid_mm: float) -> np.ndarray:
    """Weights [count, points] of the uniform cubic B-spline at each voxel."""
    position = np.arange(count) * spacing / grid_mm + 1
    points = int(np.ceil(position[-1])) + 2
    x = np.abs(position[:, None] - np.arange(points)[None])
    near = 2 / 3 - x**2 + x**3 / 2
    far = (2 - x) ** 3 / 6
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _sample(
    case: Case, field: Tensor, device: torch.device, other_grid: Optional[Tensor] = None
) -> Tuple[Tensor, Tensor, Optional[Tensor]]:
    """HU (linear), packed labels and packed known (nearest: interpolated labels, cut at one half,
    are 2 to 4 % smaller) at the field's points; AIR, 0 and 0 outside.

    other_grid [3, 3]: the HU come through a grid at whose coordinates x the case has the voxel
    coordinates other_grid @ x.
    """
    size = np.asarray(case.image.shape)
    reach = 0 if other_grid is None else int(torch.ceil(other_grid.abs().sum(1).max()))
    low = np.floor(field.amin((0, 1, 2)).cpu().numpy()).astype(int) - 1 - reach
    high = np.ceil(field.amax((0, 1, 2)).cpu().numpy()).astype(int) + 2 + reach
    low = np.clip(low, 0, size - 1)
    high = np.clip(high, low + 1, size)
    crop = tuple(slice(a, b) for a, b in zip(low, high))
    image = torch.from_numpy(case.image[crop].astype(np.float32)).to(device) - AIR
    extent = torch.from_numpy((high - low) / 2.0).float().to(device)
    start = torch.from_numpy(low - 0.5).float().to(device)
    grid = ((field - start) / extent - 1).flip(-1)[None]  # grid_sample wants i, j, k

    def linear(points: Tensor) -> Tensor:
        at = ((points - start) / extent - 1).flip(-1)[None]
        return F.grid_sample(image[None, None], at, mode="bilinear", align_corners=False)[0, 0]

    def nearest(packed: np.ndarray) -> Tensor:
        bits = torch.from_numpy(packed[crop].astype(np.float32)).to(device)
        found = F.grid_sample(bits[None, None], grid, mode="nearest", align_corners=False)
        return found[0, 0].round().to(torch.int32)

    known = None if case.known is None else nearest(case.known)
    values = linear(field) if other_grid is None else _through(other_grid, linear, field)
    return values + AIR, nearest(case.labels), known


def _other_grid(recipe: Recipe, rng: np.random.Generator) -> Tensor:
    """The axes [3, 3] of another grid, in voxels of the case (k, j, i): turned about k by up to a
    quarter, its voxels 0.5 to 1.7 of the recipe's in plane (planning CTs are that coarse), its
    slices at half of the times as thick as before."""
    spacing = np.asarray(recipe.spacing)
    turn = np.eye(3)
    angle = rng.uniform(0, np.pi / 2)
    turn[1:, 1:] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    along = rng.uniform(0.7, 1.3) if rng.random() < 0.5 else 1.0
    voxels = np.diag(spacing * (along, *rng.uniform(0.5, 1.7, 2)))
    return torch.from_numpy((turn @ voxels) / spacing[:, None]).float()


def _through(axes: Tensor, sample: Callable[[Tensor], Tensor], field: Tensor) -> Tensor:
    """What `sample` gives at the points of another grid, interpolated to the field's points."""
    axes = axes.to(field)
    there = field @ torch.linalg.inv(axes).T
    low = there.amin((0, 1, 2)).floor()
    size = (there.amax((0, 1, 2)).ceil() - low + 1).long().tolist()
    lines = [torch.arange(n, device=field.device) + a for n, a in zip(size, low)]
    points = torch.stack(torch.meshgrid(*lines, indexing="ij"), dim=-1)
    values = sample(points @ axes.T)
    at = (there - low) * 2 / (torch.tensor(size).to(field) - 1).clamp(min=1) - 1
    moved = F.grid_sample(values[None, None], at.flip(-1)[None], align_corners=True)
    return moved[0, 0]


def _intensities(image: Tensor, recipe: Recipe, rng: np.random.Generator) -> Tensor:
    """Contrast, offset, streaks, blur and noise, in HU, within the patient."""
    aug = recipe.augmentation
    patient = image > AIR + 100
    changed = image * float(1 + rng.uniform(-aug.contrast, aug.contrast))
    changed = changed + float(rng.uniform(-aug.shift_hu, aug.shift_hu))
    if rng.random() < aug.streaks:
        changed = changed + _streaks(image, recipe, rng)
    if rng.random() < aug.blur:
        changed = _blurred(changed, recipe, rng)
    if aug.noise_hu:
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        noise = torch.randn(image.shape, generator=generator).to(image.device)
        changed = changed + noise * float(rng.uniform(0, aug.noise_hu))
    return torch.where(patient, changed, image)


def _blurred(image: Tensor, recipe: Recipe, rng: np.random.Generator) -> Tensor:
    """What another scanner or one more interpolation loses: a Gaussian along each axis."""
    blurred = image[None, None]
    for axis, spacing in enumerate(recipe.spacing):
        sigma = rng.uniform(0, recipe.augmentation.blur_mm) / spacing + 1e-3
        reach = int(np.ceil(2 * sigma))
        weights = np.exp(-((np.arange(-reach, reach + 1) / sigma) ** 2) / 2)
        shape, margin = [1] * 5, [0] * 6
        shape[2 + axis] = 2 * reach + 1
        margin[4 - 2 * axis] = margin[5 - 2 * axis] = reach  # F.pad begins with the last axis
        kernel = torch.from_numpy(weights / weights.sum()).to(image).reshape(shape)
        blurred = F.conv3d(F.pad(blurred, margin, mode="replicate"), kernel)
    return blurred[0, 0]


def _streaks(image: Tensor, recipe: Recipe, rng: np.random.Generator) -> Tensor:
    """HU of bright and dark rays in some axial slices, from the brightest voxel of one of them."""
    slices, rows, columns = image.shape
    k = int(rng.integers(slices))
    brightest = int(image[k].argmax())
    row, column = brightest // columns, brightest % columns
    y = (torch.arange(rows, device=image.device) - row)[:, None] * recipe.spacing[1]
    x = (torch.arange(columns, device=image.device) - column)[None] * recipe.spacing[2]
    angle, distance = torch.atan2(y + 0.0 * x, x + 0.0 * y), torch.hypot(y + 0.0 * x, x + 0.0 * y)
    rays = torch.zeros_like(distance)
    for _ in range(3):
        rays = rays + torch.cos(int(rng.integers(3, 16)) * angle + float(rng.uniform(0, 6.28)))
    rays = rays * torch.exp(-distance / 60.0) * float(rng.uniform(50, 300))
    height = torch.arange(slices, device=image.device) - k
    profile = torch.exp(-((height * recipe.spacing[0] / float(rng.uniform(3, 10))) ** 2))
    return profile[:, None, None] * rays
