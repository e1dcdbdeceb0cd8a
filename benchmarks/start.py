"""Measure how soon the first list stands after a process begins, and print it.

    python benchmarks/start.py [ROUNDS]

Each line is a fresh process, in turns with the others; the least of all rounds counts, since
whatever else runs on the machine only adds. What is compared with is importing what the package
stands on. "No cache": NUMBA_CACHE_DIR names an empty folder, as on the first day.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS, GOAL = 7, 2.5
EVENT = (
    "2012-10-12/all-members-of-the-un-security-council-vote-to-support-an-african-led-force-that"
)
PLAIN = "import numpy, scipy.sparse, pandas, sklearn"
WAYS = {
    f"python -c '{PLAIN}'": ["-c", PLAIN],
    "relatedevents related sample ID": ["-m", "relatedevents", "related", "sample", EVENT],
    "RelatedEvents().fit(load_sample()).related(ID)": [
        "-c",
        "from relatedevents import RelatedEvents, load_sample\n"
        f"print(RelatedEvents().fit(load_sample()).related({EVENT!r}))",
    ],
}


def seconds(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Return the wall time and the processor time of a fresh Python with some arguments."""
    began, used = time.perf_counter(), os.times()
    subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    now = os.times()
    processor = now.children_user + now.children_system - used.children_user - used.children_system
    return time.perf_counter() - began, processor


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, arguments in WAYS.items():
            with tempfile.TemporaryDirectory() as folder:
                environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
                found[way].append(seconds(arguments, environment))
    least = {way: [min(times) for times in zip(*some, strict=True)] for way, some in found.items()}
    plain, plain_processor = next(iter(least.values()))
    print(f"| a fresh process, no cache, least of {rounds} | s | of the imports | processor s | |")
    print("|---|---|---|---|---|")
    for way, (wall, processor) in least.items():
        ratios = f"{wall:.2f} | {wall / plain:.2f} | {processor:.2f}"
        print(f"| `{way}` | {ratios} | {processor / plain_processor:.2f} |")
    worst = max(wall for wall, _ in least.values()) / plain
    print(f"\nGoal: at most {GOAL} times the imports. {'Met' if worst <= GOAL else 'Missed'}.")


if __name__ == "__main__":
    main()
