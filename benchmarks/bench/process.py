"""One peer, one size, one process: told as one line of JSON.

python -m bench.process PEER FOLDER THREADS ROUND
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from bench import usage, ways
from bench.registry import PEERS, Peer, asked

SEED = 0


def asked_rows(n: int, some: int, sample: np.ndarray) -> np.ndarray:
    """Return the places asked for: all, or the sample and others drawn by chance."""
    if some >= n:
        return np.arange(n)
    drawn = np.random.default_rng(SEED).permutation(n)
    others = drawn[~np.isin(drawn, sample)]
    return np.sort(np.concatenate([sample, others[: some - len(sample)]]))


def measure(peer: Peer, folder: Path, threads: int, number: int) -> dict[str, object]:
    """Build and search once, after a warm-up on a few events."""
    way_of = getattr(ways, peer.way)
    warm = way_of(threads)
    warm.load(ways.Inputs(folder, way_of.warm_up))
    warm.build()
    n = json.loads((folder / "about.json").read_text())["events"]
    warm.search(np.arange(min(way_of.warm_up, n)), peer.settings[0])
    del warm
    sample = np.load(folder / "sample.npy")
    rows = asked_rows(n, asked(peer, n), sample)
    way = way_of(threads)
    way.load(ways.Inputs(folder))
    base = usage.peak_gb()
    started, spent = time.perf_counter(), usage.cpu_seconds()
    way.build()
    build, cpu = time.perf_counter() - started, usage.cpu_seconds() - spent
    settings = []
    peak = 0.0
    # A repeated round asks for the usual setting alone.
    for setting in peer.settings[: None if number == 0 else 1]:
        started, spent = time.perf_counter(), usage.cpu_seconds()
        found = way.search(rows, setting)
        seconds = time.perf_counter() - started
        peak = peak or usage.peak_gb()
        settings.append(
            {
                "setting": setting,
                "search": seconds * n / len(rows),
                "cpu": (usage.cpu_seconds() - spent) * n / len(rows),
                "phases": way.phases,
            }
        )
        if found is not None and number == 0:
            at = np.searchsorted(rows, sample)
            np.savez(folder / lists_name(peer, setting), lists=found[at])
    return {
        "build": build,
        "cpu": cpu,
        "settings": settings,
        "base_gb": base,
        "peak_gb": peak,
        "asked": len(rows),
    }


def lists_name(peer: Peer, setting: int) -> str:
    """Return the file that holds a peer's lists of the sample."""
    return f"lists-{peer.way}-{setting}.npz"


def main() -> None:
    name, folder, threads, number = sys.argv[1:]
    peer = next(peer for peer in PEERS if peer.name == name)
    print(json.dumps(measure(peer, Path(folder), int(threads), int(number))))


if __name__ == "__main__":
    main()
