"""The trainer: one loop for every recipe, every device and any number of processes."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.nn import processes
from AutoContourRTCore.nn.augment import training_patch
from AutoContourRTCore.nn.cases import Case
from AutoContourRTCore.nn.checkpoint import load_checkpoint, save_checkpoint
from AutoContourRTCore.nn.devices import autocast
from AutoContourRTCore.nn.losses import LOSS_FUNCTIONS, disagreement
from AutoContourRTCore.nn.mistakes import false_positives
from AutoContourRTCore.nn.patches import PatchPlaces
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.nn.schedule import make_optimizer, rate
from AutoContourRTCore.nn.start_model import StartModel
from AutoContourRTCore.nn.unet import ResidualUNet
from AutoContourRTCore.nn.validation import dice_per_structure
from AutoContourRTCore.progress import Progress, ignore_progress
from AutoContourRTCore.volumes.atomic import write_text

CHECKPOINT_SECONDS = 60.0


@dataclass(frozen=True)
class TrainingData:
    """Cases on the recipe's grid and what their channels mean.

    partner: for each structure the channel of its other side, itself for a midline structure,
    -1 where the model lacks the other side. Raises InputError where these do not fit together.
    """

    train: Sequence[Case]
    validation: Sequence[Case]
    structures: Tuple[str, ...]
    partner: Tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.train:
            raise InputError("There is no training case; give at least one case with contours.")
        if len(self.partner) != len(self.structures):
            raise InputError(f"{self.structures} and their partners {self.partner} do not fit.")
        for case in (*self.train, *self.validation):
            if len(case.drawn) != len(self.structures):
                raise InputError(
                    f"The case {case.name} was prepared for {len(case.drawn)} structures, not for "
                    f"{', '.join(self.structures)}; prepare it again."
                )


class Stepper:
    """A network, its optimiser and one step of training; a subclass draws the samples.

    step: steps since the weights were fresh. average: the running mean of the weights. history:
    one line per epoch. A process group must be joined before.
    """

    def __init__(
        self,
        structures: Sequence[str],
        recipe: Recipe,
        folder: Path,
        device: torch.device,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.structures, self.recipe = tuple(structures), recipe
        self.folder, self.device = folder, device
        self._clock = clock
        self._rank, self._world = processes.rank_and_world()
        self.history: List[Dict[str, Any]] = []
        self._start_anew(recipe.seed)
        self._saved_at = clock()

    def _start_anew(self, seed: int) -> None:
        """Fresh random weights, and nothing learnt."""
        torch.manual_seed(seed)
        self.network = self._fresh_network()
        self._parallel: nn.Module = processes.wrap(self.network, self.device)
        self.average = {n: t.detach().clone() for n, t in self.network.state_dict().items()}
        self.optimizer = make_optimizer(self.network, self.recipe)
        self.step = 0
        self._losses: List[float] = []

    def start_from(self, start: StartModel) -> None:
        """Take over the weights of a model; channels by the names of their structures. Raises
        InputError where it is another network."""
        self.network.load_state_dict(start.put_into(self.network.state_dict(), self.structures))
        self.average = {n: t.detach().clone() for n, t in self.network.state_dict().items()}

    def _restore(self, saved: Dict[str, Any], otherwise: str) -> None:
        """Weights, optimiser and place from a checkpoint; InputError(otherwise) for one of other
        structures or another network."""
        shapes = {name: t.shape for name, t in saved["network"].items()}
        wanted = {name: t.shape for name, t in self.network.state_dict().items()}
        if saved["structures"] != list(self.structures) or shapes != wanted:
            raise InputError(otherwise)
        self.network.load_state_dict(saved["network"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.average, self.step, self._losses = saved["average"], saved["step"], saved["losses"]

    def _sample(self, number: int) -> Tuple[Tensor, Tensor, Tensor]:
        """Image, target and known of sample `number` of this step, see training_patch."""
        raise NotImplementedError

    def _past(self) -> Sequence[Dict[str, Any]]:
        """The lines of the epochs that the learning rate depends on."""
        return self.history

    def _save(self) -> None:
        """Write the whole state to the folder."""
        raise NotImplementedError

    def _save_in_time(self, step_seconds: float) -> None:
        """Save where the next step would end later than CHECKPOINT_SECONDS after the last time."""
        if self._is_due(step_seconds):
            self._save()

    def _is_due(self, step_seconds: float) -> bool:
        return self._clock() + step_seconds - self._saved_at > CHECKPOINT_SECONDS

    def _one_step(self) -> float:
        image, target, known = self._batch()
        for group in self.optimizer.param_groups:
            group["lr"] = rate(self.recipe, self.step, self._past())
        self.optimizer.zero_grad(set_to_none=True)
        with autocast(self.device):
            logits = self._parallel(image)
        loss = self._loss(logits.float(), target, known)
        mean = processes.mean(loss.detach())
        if not math.isfinite(mean):
            raise FloatingPointError(
                f"The loss of step {self.step} is {mean}; resume from the last checkpoint, with a "
                "lower learning rate if it happens again."
            )
        loss.backward()
        if self.recipe.clip_gradient:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip_gradient)
        self.optimizer.step()
        self._update_average()
        return mean

    def _loss(self, logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
        return LOSS_FUNCTIONS[self.recipe.loss](logits, target, known, self.recipe)

    def _batch(self) -> Tuple[Tensor, Tensor, Tensor]:
        """This process's share of the step's batch; sample n is the same for any process count."""
        samples = range(self._rank * self.recipe.batch, (self._rank + 1) * self.recipe.batch)
        patches = [self._sample(n) for n in samples]
        image, target, known = (torch.stack(parts) for parts in zip(*patches))
        return image.contiguous(memory_format=torch.channels_last_3d), target, known

    def _update_average(self) -> None:
        """Running mean of the weights, faster at the start so that the first weights fade."""
        decay = min(self.recipe.average, (1 + self.step) / (10 + self.step))
        for name, value in self.network.state_dict().items():
            self.average[name].lerp_(value, 1 - decay)

    def averaged_network(self) -> ResidualUNet:
        """A copy of the network with the averaged weights, in evaluation mode."""
        return self.network_with(self.average)

    def network_with(self, weights: Mapping[str, Tensor]) -> ResidualUNet:
        """Another network of this kind, in evaluation mode."""
        network = self._fresh_network()
        network.load_state_dict(weights)
        return network.eval()

    def _fresh_network(self) -> ResidualUNet:
        network = ResidualUNet(len(self.structures), self.recipe.widths)
        return network.to(self.device, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    def _losses_mean(self) -> float:
        return float(np.mean(self._losses)) if self._losses else float("nan")

    def _write(self, name: str, text: str) -> None:
        write_text(self.folder / name, text)


class Trainer(Stepper):
    """Trains one network in one folder; the folder holds all that is needed to go on.

    folder/checkpoint.pt: the whole state. folder/best.pt: the best averaged weights so far, by
    mean validation Dice (the newest as long as nothing was validated). folder/metrics.jsonl: one
    line per epoch. folder/recipe.json. A process group must be joined before.
    """

    def __init__(
        self,
        data: TrainingData,
        recipe: Recipe,
        folder: Path,
        device: torch.device,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(data.structures, recipe, folder, device, clock)
        self.data = data
        self._places = PatchPlaces(data.train, recipe)

    def resume(self) -> bool:
        """Go on from the folder's checkpoint; False where there is none."""
        state = load_checkpoint(self.folder, self.device)
        if state is None:
            return False
        self._restore(
            state, f"The checkpoint in {self.folder} is of {', '.join(state['structures'])} or of "
            "another network; train into another folder.",
        )  # fmt: skip
        self.history = state["history"]
        mistakes = state.get("false_positives", {})
        self._places.false_positives = {case: v.cpu().numpy() for case, v in mistakes.items()}
        return True

    def run(self, hours: float = float("inf"), progress: Progress = ignore_progress) -> None:
        """Train to the recipe's end, or for some hours; then `resume` and `run` go on.

        Leaves a checkpoint behind also when the progress callback cancels.
        """
        end = self._clock() + hours * 3600
        total = self.recipe.epochs * self.recipe.steps_per_epoch
        try:
            self._end_epoch(progress)  # of an epoch that was interrupted at its very end
            while self.step < total and processes.agree(self._clock() < end, self.device):
                began = self._clock()
                self._losses.append(self._one_step())
                self.step += 1
                message = f"step {self.step}, loss {self._losses_mean():.4f}"
                self._save_in_time(self._clock() - began)
                self._end_epoch(progress)
                progress(self.step / total, message)
        except Cancelled:
            self._save()
            raise
        self._save()

    def _sample(self, number: int) -> Tuple[Tensor, Tensor, Tensor]:
        looks = np.random.default_rng([self.recipe.seed, self.step, number, 1])
        shown = number // 2 if self.recipe.agreement else number
        rng = np.random.default_rng([self.recipe.seed, self.step, shown])
        place = self._places.draw(rng)
        case = self.data.train[place.case]
        return training_patch(
            case, place.center, self.recipe, self.data.partner, rng, self.device, looks
        )

    def _loss(self, logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
        loss = super()._loss(logits, target, known)
        if not self.recipe.agreement:
            return loss
        return loss + self.recipe.agreement * disagreement(logits, self.recipe.activation)

    def _end_epoch(self, progress: Progress) -> None:
        """Where an epoch is over and not yet recorded: judge, look for mistakes, record, save."""
        epoch, rest = divmod(self.step, self.recipe.steps_per_epoch)
        recorded = self.history[-1]["epoch"] if self.history else 0
        if rest or epoch == recorded:
            return
        line: Dict[str, Any] = {
            "epoch": epoch,
            "step": self.step,
            "loss": self._losses_mean(),
            "lr": self.optimizer.param_groups[0]["lr"],
            "time": time.strftime("%Y-%m-%dT%H:%M:%S"),
        }
        last = epoch == self.recipe.epochs
        if self.data.validation and (last or epoch % self.recipe.validate_every == 0):
            line.update(self._validation(progress))
        if self.recipe.cycle_epochs and epoch % self.recipe.cycle_epochs == 0 and not last:
            self._places.false_positives = self._mistakes(progress)
        self._record(line)

    def _validation(self, progress: Progress) -> Dict[str, Any]:
        """What validation adds to the epoch's line; None for a structure that no case has."""
        self._save()  # this may take minutes
        dice = dice_per_structure(
            self.averaged_network(), self.data.validation, self.data.structures, self.recipe,
            self.device, self._within_step(progress),
        )
        known = [d for d in dice.values() if not math.isnan(d)]
        found: Dict[str, Any] = {
            "validation_dice": {n: None if math.isnan(d) else d for n, d in dice.items()}
        }
        if known:
            found["validation_mean"] = float(np.mean(known))
        return found

    def _mistakes(self, progress: Progress) -> Dict[int, np.ndarray]:
        self._save()
        return false_positives(
            self.averaged_network(), self.data.train, self.recipe, self.device,
            self._within_step(progress),
        )

    def _within_step(self, progress: Progress) -> Progress:
        """A callback that passes messages (and cancelling) on while the step stands still."""
        share = self.step / (self.recipe.epochs * self.recipe.steps_per_epoch)
        return lambda fraction, message: progress(share, message)

    def _record(self, line: Dict[str, Any]) -> None:
        scores = [h["validation_mean"] for h in self.history if "validation_mean" in h]
        newest = line.get("validation_mean", -math.inf)
        if self._rank == 0 and (not scores or newest > max(scores)):
            save_checkpoint({"network": self.average, "epoch": line}, self.folder, "best.pt")
        self.history.append(line)
        self._losses = []
        self._save()

    def _save(self) -> None:
        self._saved_at = self._clock()
        if self._rank != 0:
            return
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "step": self.step,
            "losses": self._losses,
            "history": self.history,
            "structures": list(self.data.structures),
            "false_positives": {
                case: torch.from_numpy(v) for case, v in self._places.false_positives.items()
            },
        }
        save_checkpoint(state, self.folder)
        self._write("recipe.json", json.dumps(self.recipe.to_dict(), indent=1))
        self._write("metrics.jsonl", "".join(json.dumps(h) + "\n" for h in self.history))
