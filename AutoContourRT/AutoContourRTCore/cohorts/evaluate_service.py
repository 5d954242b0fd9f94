"""One case of a cohort compared with its reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Dict

from AutoContourRTCore.cohorts.evaluate_request import EvaluateCaseRequest
from AutoContourRTCore.cohorts.service import Made, once
from AutoContourRTCore.progress import Progress, ignore_progress


class EvaluateCaseService:
    """Serves one EvaluateCaseRequest after the other."""

    def warm_up(self) -> None:
        """Import what the first request would have to wait for."""
        import AutoContourRTCore.metrics.cohort.packed  # noqa: F401

    def __call__(
        self, request: EvaluateCaseRequest, progress: Progress = ignore_progress
    ) -> Dict[str, Any]:
        """Compare a case that is not done yet; returns what CaseRequest tells.

        Raises InputError for what the user can mend, Cancelled when the callback raises it.
        """
        return once(request, lambda work: _evaluate(request, progress), progress)


def _evaluate(request: EvaluateCaseRequest, progress: Progress) -> Made:
    from AutoContourRTCore.metrics.choices.provenance import Provenance
    from AutoContourRTCore.metrics.cohort import cohort, packed
    from AutoContourRTCore.metrics.inputs.cases import CasePair

    options = packed.options_of(request.options, request.id)
    threads = options.settings.workers or request.threads
    result = cohort.evaluate_case(
        CasePair(request.id, Path(request.reference), Path(request.test)),
        replace(options, settings=replace(options.settings, workers=threads)),
        Provenance(**request.provenance), progress,
    )  # fmt: skip
    warnings = "; ".join(result.comparison.warnings)
    return Made(message=warnings, details=packed.packed_result(result))
