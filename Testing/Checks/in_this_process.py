"""A pool of workers of a cohort without any process."""

from __future__ import annotations

from typing import Any, Callable, Iterator, List, Sequence

from AutoContourRTCore import messages
from AutoContourRTCore.errors import InputError


class InThisProcess:
    """Does one case after the other with a service. asked: the names of the cases."""

    def __init__(self, service: Callable[[Any], Any]) -> None:
        self._service = service
        self.asked: List[str] = []

    def run(self, requests: Sequence[Any]) -> Iterator[messages.Reply]:
        """What is said of the cases, as of other pools."""
        for request in requests:
            self.asked.append(request.id)
            yield messages.Progress(request.id, 0.0, "starting")
            try:
                yield messages.Done(request.id, self._service(request))
            except InputError as error:
                yield messages.Failed(request.id, str(error), "input")
