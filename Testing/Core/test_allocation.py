"""Freed memory is used again, and returned when there is nothing to do."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from AutoContourRTCore import allocation

LARGE_ARRAYS = """
import resource, sys
import numpy as np
from AutoContourRTCore import allocation

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6

if sys.argv[1] == "keep":
    allocation.keep_freed_memory()
np.ones(16_000_000)  # 128 MB, more than glibc keeps by itself
before = faults()
for _ in range(10):
    np.ones(16_000_000)
again, kept = faults() - before, resident_mb()
allocation.return_freed_memory()
print(again, kept - resident_mb())
"""


def large_arrays(way: str) -> "tuple[float, float]":
    """Page faults of ten arrays of 128 MB after one, and the MB that are returned afterwards."""
    command = [sys.executable, "-c", LARGE_ARRAYS, way]
    packages = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=60, env=packages
    )
    faults, returned = map(float, done.stdout.split())
    return faults, returned


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_freed_memory_is_used_again_until_it_is_returned() -> None:
    kept_faults, kept = large_arrays("keep")
    plain_faults, _returned = large_arrays("plain")
    assert kept_faults < 0.1 * plain_faults
    assert kept > 100


def test_where_the_c_library_is_another_one_nothing_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_library(name: object) -> None:
        pytest.fail("the C library was looked for")

    monkeypatch.setattr(allocation.sys, "platform", "darwin")
    monkeypatch.setattr(allocation.ctypes, "CDLL", no_library)
    allocation.keep_freed_memory()
    allocation.return_freed_memory()
