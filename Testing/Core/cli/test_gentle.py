from __future__ import annotations

import os
import signal
import sys
from typing import List

import pytest

from AutoContourRTCore.cli.gentle import gentle
from AutoContourRTCore.errors import Cancelled


@pytest.mark.skipif(sys.platform == "win32", reason="sends itself a signal")
def test_the_first_ctrl_c_waits_for_the_next_report_and_the_second_does_not() -> None:
    said: List[str] = []
    before = signal.getsignal(signal.SIGINT)
    with gentle(lambda share, text: said.append(text), "saved") as report:
        report(0.1, "one")
        os.kill(os.getpid(), signal.SIGINT)
        said.append("the step ends")
        with pytest.raises(Cancelled, match="saved"):
            report(0.2, "two")
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert said == ["one", "the step ends", "two"]
    assert signal.getsignal(signal.SIGINT) == before
