"""What the modules' own tests, as "Reload and Test" runs them, have in common."""

from __future__ import annotations

import logging
import os
import time
from typing import Callable

import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest

#: Set it where a test without the worker counts as failed.
NEEDS_WORKER = "AUTOCONTOURRT_TEST_NEEDS_WORKER"
MOST_SECONDS = 600.0


class WorkerTest(ScriptedLoadableModuleTest):
    """The same in Slicer and in the harness; without what the worker needs, it is skipped."""

    def setUp(self) -> None:
        slicer.mrmlScene.Clear()

    def wait(self, isBusy: Callable[[], bool]) -> None:
        """Let the worker come to an end."""
        end = time.monotonic() + MOST_SECONDS
        while isBusy():
            self.assertLess(time.monotonic(), end, _("The worker did not come to an end."))
            slicer.app.processEvents()
            time.sleep(0.01)

    def skip(self, reason: str) -> None:
        """Say why nothing is tested."""
        text = _("Test skipped: {reason}").format(reason=reason)
        self.assertFalse(os.environ.get(NEEDS_WORKER), text)
        logging.warning(text)
        self.delayDisplay(text)
