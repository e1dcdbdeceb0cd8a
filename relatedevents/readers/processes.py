"""Parallel map over processes that start the same way on every system.

Each helper is a new interpreter that is told where to import from and what to do. So a user's
script is never run a second time, as `multiprocessing` does where it can't fork, and no
process with threads is forked.
"""

from __future__ import annotations

import contextlib
import gc
import pickle
import signal
import subprocess
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from typing import BinaryIO, TypeVar

from relatedevents.errors import RelatedEventsWarning

Job = TypeVar("Job")
Result = TypeVar("Result")

_START = (
    "import pickle, sys; jobs = sys.stdin.buffer; sys.path[:] = pickle.load(jobs); "
    "from relatedevents.readers.processes import serve; serve(jobs, sys.stdout.buffer)"
)


def map_in_order(
    work: Callable[[Job], Result], jobs: Sequence[Job], n_processes: int
) -> list[Result]:
    """Return `work` of each job, in order; this process works too.

    A job that fails in a helper, or whose helper ends, is done again here: what it raises is
    what one process alone would have raised, and first.

    Parameters
    ----------
    work : callable
        A function of a module, which a helper can import.
    jobs : sequence
        What to call it with; like the results, things that pickle knows.
    n_processes : int
        How many processes at most, this one counted.

    Warns
    -----
    RelatedEventsWarning
        If a helper could not be started, or ended too soon.

    Examples
    --------
    >>> map_in_order(len, ["a", "bc"], 1)
    [1, 2]
    """
    results: dict[int, Result] = {}
    waiting = deque(range(len(jobs)))
    helpers: list[tuple[subprocess.Popen[bytes], threading.Thread]] = []
    lost = ""
    # A program that is packed into one file has no interpreter to start.
    alone = not sys.executable or getattr(sys, "frozen", False)
    try:
        for _ in range(0 if alone else min(n_processes, len(jobs)) - 1):
            try:
                process = _started()
            except OSError as error:
                lost = str(error)
                break
            thread = threading.Thread(target=_drive, args=(process, work, jobs, waiting, results))
            helpers.append((process, thread))
            thread.start()
        while helpers and waiting:
            _do_next(work, jobs, waiting, results)
        for process, thread in helpers:
            thread.join()
            code = process.wait()
            lost = f"one ended with exit status {code}" if code else lost
    finally:
        waiting.clear()
        for process, thread in helpers:
            process.kill()
            process.wait()
            thread.join()
    if lost:
        message = f"reading by several processes failed ({lost}); this one read the rest"
        warnings.warn(message, RelatedEventsWarning, stacklevel=5)
    return [results[job] if job in results else work(jobs[job]) for job in range(len(jobs))]


def _started() -> subprocess.Popen[bytes]:
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-c", _START], stdin=pipe, stdout=pipe, stderr=nothing)


def _do_next(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    waiting: deque[int],
    results: dict[int, Result],
) -> None:
    """Run the next job in this process; if it fails, drop all later jobs."""
    try:
        job = waiting.popleft()
        results[job] = work(jobs[job])
    except Exception:
        waiting.clear()


def _drive(
    process: subprocess.Popen[bytes],
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    waiting: deque[int],
    results: dict[int, Result],
) -> None:
    """Send jobs to one helper process, one at a time, and store its results."""
    to, back = process.stdin, process.stdout
    if to is None or back is None:
        return
    # An ended helper closes its pipes; its exit status is told, its job is done again.
    with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError), to, back:
        pickle.dump(sys.path, to)
        pickle.dump(work, to)
        while waiting:
            try:
                job = waiting.popleft()
            except IndexError:
                break
            pickle.dump(jobs[job], to)
            to.flush()
            done, result = pickle.load(back)
            if done:
                results[job] = result
            else:
                waiting.clear()


def serve(jobs: BinaryIO, results: BinaryIO) -> None:
    """Run jobs from a pipe until it closes: the main loop of a helper process."""
    # Ctrl-C reaches every process of a terminal; the one that was started by hand tells of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # So short a life leaves nothing worth collecting.
    gc.disable()
    work = pickle.load(jobs)
    while True:
        try:
            job = pickle.load(jobs)
        except EOFError:
            return
        try:
            answer = (True, work(job))
        except Exception:
            answer = (False, None)
        pickle.dump(answer, results, protocol=pickle.HIGHEST_PROTOCOL)
        results.flush()
