"""Many independent pieces of work on threads of our own, with progress and Cancel.

NumPy and the search trees release Python's lock while they compute, so threads are enough; they
share the masks, and are safe inside any process (3D Slicer's must not start processes).
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Callable, Dict, List, Sequence, TypeVar

from AutoContourRTCore.cores import cores
from AutoContourRTCore.progress import Progress

Item = TypeVar("Item")
Result = TypeVar("Result")
_TICK_SECONDS = 0.1


def on_threads(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    progress: Progress,
    title: Callable[[Item], str],
    workers: int = 0,
) -> List[Result]:
    """The result of `work` for each item, in the order of the items; the first ones start first.

    progress is called ten times a second from the calling thread, with the share of items that
    are done, also while the first are computed; what it raises stops the rest. The first error of
    `work` is raised. workers: threads, 0 for one a core.
    """
    pool = ThreadPoolExecutor(max(1, min(workers or cores(), len(items))))
    futures: Dict[Future[Result], Item] = {}
    try:
        progress(0.0, "starting")
        futures = {pool.submit(work, item): item for item in items}
        waiting, last = set(futures), ""
        while waiting:
            done, waiting = wait(waiting, _TICK_SECONDS, FIRST_COMPLETED)
            for future in done:
                future.result()
                last = title(futures[future])
            progress(1 - len(waiting) / len(futures), last or "computing")
        return [future.result() for future in futures]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
