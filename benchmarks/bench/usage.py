"""Seconds and memory of this process."""

from __future__ import annotations

import os
import re
import resource
import time
from collections.abc import Callable
from pathlib import Path

#: Every library's own way of being told how many threads to use.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def environment(threads: int, **more: str) -> dict[str, str]:
    """Return the environment of a measuring process: the same threads for all, no network."""
    alike = dict.fromkeys(THREAD_VARIABLES, str(threads))
    here = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, **alike, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1", **more}


def cores() -> int:
    """Return how many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def clock(work: Callable[[], object]) -> float:
    """Return the seconds that `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def cpu_seconds() -> float:
    """Return user and system seconds of this process and of its ended children."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_gb() -> float:
    """Return the most memory of this process, that of its largest ended child added, in GB."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (own_peak_kb() + children) * 1024 / 1e9


def own_peak_kb() -> int:
    """Return the most memory of this process alone, in KB."""
    # `ru_maxrss` of a started process begins with what its parent held at that moment.
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
