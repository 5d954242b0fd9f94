"""What a table or report was made from, by what, by whom and when."""

from __future__ import annotations

import getpass
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Dict, Optional

from AutoContourRTCore import __version__
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.contours import ContourSet
from AutoContourRTCore.metrics.inputs.dose_files import Dose

COLUMNS = ("software", "model", "reference_file", "reference_id", "test_file", "test_id",
           "dose_file", "dose_id", "tolerance_file", "tolerance_id", "settings", "user",
           "time")  # fmt: skip


@dataclass(frozen=True)
class Provenance:
    """Written into every table. Ids are "sha256:..." of a file, or a DICOM SOP instance UID.

    model: what made the test contours, as far as somebody said so. settings: JSON.
    time: ISO 8601, with its time zone.
    """

    software: str
    user: str
    time: str
    settings: str = ""
    model: str = ""
    reference_file: str = ""
    reference_id: str = ""
    test_file: str = ""
    test_id: str = ""
    dose_file: str = ""
    dose_id: str = ""
    tolerance_file: str = ""
    tolerance_id: str = ""

    def cells(self) -> Dict[str, str]:
        """The columns that go with every row."""
        return {name: str(getattr(self, name)) for name in COLUMNS}

    def of_sets(
        self, reference: ContourSet, test: ContourSet, dose: Optional[Dose] = None
    ) -> "Provenance":
        """The same for one case."""
        return replace(
            self, reference_file=reference.source, reference_id=reference.identity,
            test_file=test.source, test_id=test.identity,
            dose_file=dose.source if dose else "", dose_id=dose.identity if dose else "",
        )


def provenance_of(settings: Settings, model: str = "", user: str = "") -> Provenance:
    """What is known before any file is read. user: the name of the account by default."""
    tolerances = settings.tolerances
    return Provenance(
        software=f"AutoContourRT {__version__}",
        user=user or user_name(),
        time=datetime.now().astimezone().isoformat(timespec="seconds"),
        settings=json.dumps(settings.to_dict(), ensure_ascii=False),
        model=model,
        tolerance_file=tolerances.file or "catalogue of this software",
        tolerance_id=f"sha256:{tolerances.sha256}" if tolerances.sha256 else "",
    )


def user_name() -> str:
    """The account's name; "unknown" where the system does not say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no entry, no environment, no such module
        return "unknown"
