"""Training on corrections, without end: one unit of work at a time, so that others get their turn.

The rules are those of Smith 2021: epochs of 128 samples, or max(64, 2 v) with v validation patches
that hold annotation; after each the network is judged by annotated validation voxels, takes the
place of the best only when strictly better, and training starts anew after 60 epochs without
progress, the best staying until it is beaten. What the user saves is taken up before the next step.
A project with a rotating split follows Sartor 2020: the recipe's own epochs, another fifth for
validation each cycle, patches on mistakes, and no starting anew.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Callable, Dict, Generator, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from AutoContourRTCore.correction.patience import Unreachable, patiently
from AutoContourRTCore.correction.project import START_MODEL, TRAINING, read_record
from AutoContourRTCore.correction.split import ROTATING
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn.annotated_cases import AnnotatedCases
from AutoContourRTCore.nn.augment import training_patch
from AutoContourRTCore.nn.checkpoint import load_checkpoint, save_checkpoint
from AutoContourRTCore.nn.correction_gate import PATIENCE, PooledCounts, epoch_samples, judge
from AutoContourRTCore.nn.correction_mistakes import find_mistakes
from AutoContourRTCore.nn.correction_patches import place_of
from AutoContourRTCore.nn.correction_state import (
    METRICS,
    MODELS,
    STATUS,
    Judged,
    State,
    append_line,
    keep_epochs,
)
from AutoContourRTCore.nn.dataset import partners
from AutoContourRTCore.nn.inference import out_of_memory
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTCore.nn.start_model import load_start
from AutoContourRTCore.nn.training import Stepper
from AutoContourRTCore.nn.unet import ResidualUNet, side_multiple

WAITING = "waiting for the first saved correction"
AWAY = "waiting until the project folder can be reached again"
MOST_HISTORY = 1000  # lines of epochs kept in memory
MOST_NOTES = 20


class CorrectionTrainer(Stepper):
    """Trains a project's network in PROJECT/training/, see Trainer for the files there.

    best.pt: the network that predicts. models.jsonl: one line each time another took its place.
    status.json: what there is to say, for a window. check: raises when the lock was lost.
    Goes on from the folder by itself. problem: why the last save failed, "" when it did not.
    """

    def __init__(
        self,
        project: Path,
        device: torch.device,
        check: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        recipe = Recipe.from_dict(read_record(project).settings.recipe)
        self.cases = AnnotatedCases(project, recipe.spacing, side_multiple(recipe.widths))
        self.settings = self.cases.record.settings
        self.start = load_start(project / START_MODEL) if self.settings.start else None
        self.state, self.problem, self._away = State(), "", ""
        self.notes: List[str] = []
        self._mistakes: Dict[str, np.ndarray] = {}
        self._check = check
        folder = project / TRAINING
        super().__init__(self.cases.record.structures, recipe, folder, device, clock)
        self._partner = partners(self.structures)
        self._from_start()
        self._resume()
        self._work = self._epochs()

    def unit(self) -> str:
        """Do one unit of work: a step, or a validation patch; a sentence that says what.

        WAITING where there is nothing to train on, AWAY where the folder cannot be reached. Raises
        InputError when the lock was lost, MemoryError when not even the smallest patch fits.
        """
        began = self._clock()
        try:
            self._check()
            said = next(self._work)
        except (Unreachable, OSError) as error:
            self._away = str(error)
            self._work = self._epochs()
            return AWAY
        except (RuntimeError, MemoryError) as error:
            if isinstance(error, RuntimeError) and not out_of_memory(error):
                raise
            self._shrink(error)
            self._work = self._epochs()  # goes on where it was
            return self.notes[-1]
        self._away = ""
        if said != WAITING and self._is_due(self._clock() - began):
            self._save_or_tell()
        return said

    def close(self) -> None:
        """Save, so that nothing of the training is lost."""
        if self.state.steps:
            self._save_or_tell()

    def status(self) -> Dict[str, Any]:
        """Where the training is, as JSON: figures that are not known are None."""
        state = self.state
        return {
            "epoch": state.epoch, "step": state.epoch_step, "steps": state.epoch_steps,
            "train": len(self.cases.train), "validation": len(self.cases.validation),
            "best": None if state.best is None else asdict(state.best),
            "start": None if state.start is None else asdict(state.start),
            "without_progress": state.without_progress, "restarts": state.restarts,
            "loss": self._losses_mean() if self._losses else None,
            "problem": self._away or self.problem, "cases_left_out": dict(self.cases.problems),
            "notes": list(self.notes), "device": self.device.type,
        }

    # The loop

    def _epochs(self) -> Iterator[str]:
        state = self.state
        while True:
            self._take_up()
            if not self.cases.train:
                yield WAITING
                continue
            yield from self.cases.prepare()
            state.epoch_steps = state.epoch_steps or self._epoch_steps()
            if state.epoch_step < state.epoch_steps:
                self._train()
                yield f"epoch {state.epoch + 1}: step {state.epoch_step} of {state.epoch_steps}"
                continue
            yield from self._end_of_epoch()

    def _take_up(self) -> None:
        """What was saved since the last look."""
        if not self.cases.refresh(self.state.cycle):
            return
        key = self.cases.data_key()
        if key != self.state.data_key:
            self.state.data_key, self.state.without_progress = key, 0

    def _epoch_steps(self) -> int:
        if self.settings.split == ROTATING:
            return self.recipe.steps_per_epoch
        patches = 0
        for case_id in self.cases.validation:
            if self.cases.usable(case_id) is not None:
                patches += len(self.cases.annotated_windows(case_id, self.recipe.patch))
        samples = epoch_samples(len(self.cases.validation), patches)
        return -(-samples // self.recipe.batch)

    def _train(self) -> None:
        """One step; what can be mended is mended, and the step comes again."""
        try:
            self._losses.append(self._one_step())
        except Unreachable:
            raise
        except InputError:
            return  # a case that cannot be used: it stands in cases.problems
        except FloatingPointError as error:
            self._begin_anew(f"The weights left the range of numbers ({error})")
            return
        self.step += 1
        self.state.steps += 1
        self.state.epoch_step += 1

    def _past(self) -> Sequence[Dict[str, Any]]:
        """With a rotating split the epochs of this cycle: another part is harder, or easier."""
        cycle = self.recipe.cycle_epochs if self.settings.split == ROTATING else 0
        begun = self.state.epoch // cycle * cycle if cycle else 0
        return [line for line in self.history if line["epoch"] > begun]

    def _sample(self, number: int) -> Tuple[Tensor, Tensor, Tensor]:
        numbers = (self.recipe.seed + self.state.restarts, self.step, number)
        place = place_of(self.cases, self.recipe, self._mistakes, numbers)
        image, target, known = training_patch(
            place.case, place.center, self.recipe, self._partner, place.rng, self.device,
            structure=place.structure,
        )
        return image, target, known.expand_as(target)

    def _shrink(self, error: Exception) -> None:
        """Patches of half the side."""
        multiple = side_multiple(self.recipe.widths)
        smaller = tuple(max(multiple, n // 2 // multiple * multiple) for n in self.recipe.patch)
        if smaller == self.recipe.patch:
            raise MemoryError(
                "The memory does not suffice for the smallest patch; close other programs, or "
                "train on another device."
            ) from error
        self._note(
            f"The {self.device.type} memory did not suffice for patches of "
            f"{' x '.join(map(str, self.recipe.patch))} voxels; training goes on with "
            f"{' x '.join(map(str, smaller))}."
        )
        self._use_patch(smaller)
        self.optimizer.zero_grad(set_to_none=True)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _use_patch(self, patch: Tuple[int, ...]) -> None:
        k, j, i = patch
        self.recipe = replace(self.recipe, patch=(k, j, i))
        self.state.patch = [k, j, i]

    # The end of an epoch

    def _end_of_epoch(self) -> Iterator[str]:
        line: Dict[str, Any] = {
            "epoch": self.state.epoch + 1, "step": self.state.steps,
            "loss": self._losses_mean() if self._losses else None,
            "lr": self.optimizer.param_groups[0]["lr"],
            "time": time.strftime("%Y-%m-%dT%H:%M:%S"),
            "train": len(self.cases.train), "validation": len(self.cases.validation),
        }
        judged = Judged(key=self._judged_by(), epoch=line["epoch"])
        if self.cases.validation:
            judged = yield from self._judge_epoch(line["epoch"])
            line["validation_dice"] = judged.dice
            if judged.score is not None:
                line["validation_mean"] = judged.score
        yield from self._end_of_cycle(line["epoch"])
        line["best"] = self._pass_gate(judged, line)
        self._record(line)
        if self.state.without_progress >= PATIENCE and self.settings.split != ROTATING:
            self._begin_anew(f"{PATIENCE} epochs without progress")

    def _judged_by(self) -> str:
        """What changes when there is something else to judge by, or it is seen patch by patch."""
        return f"{self.cases.validation_key()} {' x '.join(map(str, self.recipe.patch))}"

    def _judge_epoch(self, epoch: int) -> Generator[str, None, Judged]:
        """The averaged network and the best, on the same cases: both anew when one of the cases
        could not be read on the way."""
        while True:
            judged = Judged(key=self._judged_by(), epoch=epoch)
            yield from self._rejudge(judged.key)
            yield from self._judge(self.averaged_network(), judged)
            if self._judged_by() == judged.key:
                return judged

    def _judge(self, network: ResidualUNet, into: Judged) -> Iterator[str]:
        counts = PooledCounts.empty(len(self.structures))
        yield from judge(network, self.cases, self.recipe, self.device, counts)
        into.score, into.dice = counts.score(), counts.dice(self.structures)
        into.cases = len(self.cases.validation)

    def _rejudge(self, key: str) -> Iterator[str]:
        """The best network, and the one that training started from, on new validation data."""
        best, start = self.state.best, self.state.start
        if best is not None and best.key != key:
            stored = load_checkpoint(self.folder, self.device, "best.pt")
            if stored is not None:
                again = Judged(key=key, epoch=best.epoch)
                yield from self._judge(self.network_with(stored["network"]), again)
                if again.score is not None and self._judged_by() == key:
                    self.state.best = again
        if self.start is not None and (start is None or start.key != key):
            judged = Judged(key=key)
            weights = self.start.put_into(self.network.state_dict(), self.structures)
            yield from self._judge(self.network_with(weights), judged)
            known = self.start.known(self.structures)
            judged.dice = {n: d if n in known else None for n, d in judged.dice.items()}
            if self._judged_by() == key:  # else a case was lost on the way
                self.state.start = judged

    def _pass_gate(self, judged: Judged, line: Dict[str, Any]) -> bool:
        """Whether this epoch's network predicts from now on: only when it is strictly better.

        As long as there is nothing to judge by, the newest does; but never one in place of a start
        model that knows all the structures.
        """
        bar = self._bar()
        if judged.score is None:
            better = bar is None and not self._start_is_complete()
        else:
            better = bar is None or judged.score > bar
        if better and self._save_best(line, judged):
            self.state.best = judged
            self.state.without_progress = 0
            return True
        self.state.without_progress += int(judged.score is not None)
        return False

    def _bar(self) -> Optional[float]:
        """The score to beat."""
        if self.state.best is not None:
            return self.state.best.score
        complete = self._start_is_complete() and self.state.start is not None
        return self.state.start.score if complete and self.state.start else None

    def _start_is_complete(self) -> bool:
        """Whether the model that training started from knows all structures."""
        if self.start is None:
            return False
        return len(self.start.known(self.structures)) == len(self.structures)

    def _end_of_cycle(self, epoch: int) -> Iterator[str]:
        """For a rotating split: mistakes to learn from, then another part for validation."""
        cycle = self.recipe.cycle_epochs
        if self.settings.split != ROTATING or not cycle or epoch % cycle:
            return
        found: Dict[str, np.ndarray] = {}
        if self.recipe.on_false_positive:
            network = self.averaged_network()
            yield from find_mistakes(network, self.cases, self.recipe, self.device, found)
        self._mistakes = found
        self.state.cycle += 1

    def _begin_anew(self, reason: str) -> None:
        """Fresh weights; the best stays until it is beaten."""
        self.state.restarts += 1
        self.state.without_progress = 0
        self._note(f"{reason}: training began anew, with other first weights.")
        self._start_anew(self.recipe.seed + self.state.restarts)
        if self.settings.restart_from_start:
            self._from_start()

    def _note(self, text: str) -> None:
        self.notes = [*self.notes, text][-MOST_NOTES:]

    def _from_start(self) -> None:
        if self.start is not None:
            self.start_from(self.start)

    # Files

    def _resume(self) -> None:
        saved = load_checkpoint(self.folder, self.device)
        if saved is None:
            return
        other = f"{self.folder} holds the training of another network; move it away to train anew."
        self._restore(saved, other)
        self.state = State.from_values(saved["state"])
        self._mistakes = {case: v.cpu().numpy() for case, v in saved["mistakes"].items()}
        best = load_checkpoint(self.folder, self.device, "best.pt")
        own = 0 if self.state.best is None else self.state.best.epoch
        if best is not None and best["judged"]["epoch"] != own:  # a crash came between the files
            self.state.best = Judged(**best["judged"])
        self.history = keep_epochs(self.folder / METRICS, self.state.epoch)[-MOST_HISTORY:]
        if self.state.patch:
            self._use_patch(tuple(self.state.patch))

    def _record(self, line: Dict[str, Any]) -> None:
        self.state.epoch, self.state.epoch_step, self.state.epoch_steps = line["epoch"], 0, 0
        self.history = [*self.history, line][-MOST_HISTORY:]
        self._losses = []
        self._try(lambda: append_line(self.folder / METRICS, line))
        self._save_or_tell()

    def _save_best(self, line: Dict[str, Any], judged: Judged) -> bool:
        content = {
            "network": self.average, "epoch": line, "judged": asdict(judged),
            "structures": list(self.structures),
        }
        if not self._try(
            lambda: patiently(lambda: save_checkpoint(content, self.folder, "best.pt"))
        ):
            return False
        self._try(lambda: append_line(self.folder / MODELS, line))
        return True

    def _save_or_tell(self) -> None:
        if self._try(self._save):
            self.problem = ""

    def _try(self, write: Callable[[], None]) -> bool:
        """Write; a disk that is full or away ends no training: it is told, and tried again."""
        try:
            self.folder.mkdir(exist_ok=True)
            write()
        except (InputError, OSError) as error:
            self.problem = str(error)
            return False
        return True

    def _save(self) -> None:
        self._saved_at = self._clock()
        state = {
            "network": self.network.state_dict(), "optimizer": self.optimizer.state_dict(),
            "average": self.average, "step": self.step, "losses": self._losses,
            "structures": list(self.structures), "state": asdict(self.state),
            "mistakes": {case: torch.from_numpy(v) for case, v in self._mistakes.items()},
        }
        save_checkpoint(state, self.folder)
        self._write("recipe.json", json.dumps(self.recipe.to_dict(), indent=1))
        self._write(STATUS, json.dumps(self.status()))
