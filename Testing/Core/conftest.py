"""A tiny model with random weights, a small phantom, and the other end of the worker's line."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence

import pytest

from AutoContourRTCore import messages, process_tree

PACKAGES = Path(__file__).resolve().parents[2] / "AutoContourRT"
#: What the tiny models find: the whole body, nothing, and something random.
STRUCTURES = ("SpinalCord", "Parotid_L", "Parotid_R")


def tiny_recipe(spacing_mm: float) -> Any:
    """The smallest network; few windows at 8 mm, hundreds at 3 mm."""
    from AutoContourRTCore.nn.recipes import Recipe

    return Recipe(
        widths=(8, 16), patch=(16, 16, 16), spacing=(spacing_mm,) * 3, batch=1, epochs=2,
        steps_per_epoch=2, validate_every=1, warmup_steps=0,
    )


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder with two models of random weights: `tiny`, and `slow` on a finer grid."""
    torch = pytest.importorskip("torch")

    from AutoContourRTCore.models.files import write_model
    from AutoContourRTCore.models.manifest import Manifest
    from AutoContourRTCore.nn.unet import ResidualUNet

    folder = tmp_path_factory.mktemp("models")
    for model_id, spacing in (("tiny", 8.0), ("slow", 3.0)):
        recipe = tiny_recipe(spacing)
        torch.manual_seed(1)
        network = ResidualUNet(len(STRUCTURES), recipe.widths)
        with torch.no_grad():
            network.head.weight[:2] = 0
            network.head.bias.copy_(torch.tensor([5.0, -5.0, 0.0]))
        weights = {n: t.numpy().copy() for n, t in network.state_dict().items()}
        manifest = Manifest(
            id=model_id, version="1.0", name=model_id, structures=STRUCTURES,
            region="head and neck", anatomy="head and neck", recipe=recipe.to_dict(),
            network={"outputs": len(STRUCTURES), "widths": list(recipe.widths), "inputs": 1},
            training_spacing_mm=recipe.spacing, data="none", licence="none",
        )
        write_model(folder / model_id, manifest, weights, "# Random weights\n")
    return folder


@pytest.fixture()
def models(models_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The tiny models as the user's own, also for processes that a test starts; one thread."""
    from AutoContourRTCore.nn.devices import threads

    monkeypatch.setenv("AUTOCONTOURRT_MODELS", str(models_folder))
    monkeypatch.setenv("PYTHONPATH", str(PACKAGES))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with threads(1):
        yield models_folder


@pytest.fixture(scope="session")
def phantom_ct(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A coarse phantom in a folder whose name has a blank and is not ASCII."""
    from AutoContourRTCore.phantom import make_phantom
    from AutoContourRTCore.volumes.files import write_volume

    path = tmp_path_factory.mktemp("Größe Δ 患者") / "mein ct.nrrd"
    write_volume(make_phantom((5.0, 5.0, 5.0))[0], path)
    return path


class WorkerLine:
    """A worker process and what it says; `said` waits for one reply, `after` for a kind."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self.log = log
        with open(log, "wb") as stderr:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
            )
        self.pid: Optional[int] = None  # the worker's own, from Ready
        self._lines: "queue.Queue[bytes]" = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def tell(self, message: Any) -> None:
        line = message if isinstance(message, bytes) else messages.encode(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def said(self, seconds: float = 90.0) -> Any:
        """The next reply; None at the end of the line, that is when the worker is gone."""
        line = self._lines.get(timeout=seconds)
        reply = messages.parse_reply(line) if line else None
        if isinstance(reply, messages.Ready):
            self.pid = reply.pid
        return reply

    def after(self, kind: type, least: float = 0.0) -> List[Any]:
        """All replies up to the first of a kind (progress: of a fraction at least)."""
        replies = []
        while True:
            reply = self.said()
            assert reply is not None, f"the worker ended: {self.log.read_text('utf-8')}"
            replies.append(reply)
            if isinstance(reply, kind) and getattr(reply, "fraction", 1.0) >= least:
                return replies

    def seconds_to_end(self) -> float:
        """How long from now until nobody can say anything on the line any more."""
        began = time.monotonic()
        while self.said(30.0) is not None:
            pass
        return time.monotonic() - began


@pytest.fixture()
def start_worker(tmp_path: Path, models: Path) -> Iterator[Any]:
    """Starts workers; ends what is left of them."""
    started: List[WorkerLine] = []

    def start(*arguments: str, script: str = "", launcher: bool = False) -> WorkerLine:
        command = [sys.executable, "-m", "AutoContourRTCore.worker", *arguments]
        if script:
            command = [sys.executable, "-c", script, *arguments]
        if launcher:
            program = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
            command = [sys.executable, "-c", program, *command]
        line = WorkerLine(command, tmp_path / f"worker{len(started)}.log")
        started.append(line)
        return line

    yield start
    for line in started:
        process_tree.terminate_tree(line.process.pid, *([line.pid] if line.pid else []))
        line.process.wait(10)
        for pipe in (line.process.stdin, line.process.stdout):
            try:
                pipe.close()
            except OSError:
                pass  # nobody reads what was not sent


@pytest.fixture()
def environment(models: Path) -> Dict[str, str]:
    """The environment of a command that a test starts."""
    return dict(os.environ)
