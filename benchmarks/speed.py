"""One measurement a call, in a process of its own, told as one line of JSON.

`benchmarks/run.py` calls it; by hand: `python benchmarks/speed.py all ARCHIVE`.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

BLOCK = 1024


def clock(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_gb() -> float:
    """Return the peak memory of this process and of its largest child, in GB."""
    kilobytes = sum(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return kilobytes * 1024 / 1e9


def measure_fit(path: str) -> dict[str, float]:
    """Read, fit and save, from nothing."""
    from relatedevents import RelatedEvents, read_events

    seconds = {"read": clock(lambda: globals().update(archive=read_events(path)))}
    archive = globals()["archive"]
    model = RelatedEvents()
    seconds["fit"] = clock(lambda: model.fit(archive))
    with tempfile.TemporaryDirectory() as folder:
        seconds["save"] = clock(lambda: model.save(Path(folder) / "model"))
        seconds["load"] = clock(lambda: RelatedEvents.load(Path(folder) / "model"))
    return seconds | {"events": len(archive), "peak_gb": peak_gb()}


def measure_one(path: str) -> dict[str, float]:
    """Ask for one event at a time."""
    import numpy as np

    from relatedevents import RelatedEvents, read_events

    archive = read_events(path)
    model = RelatedEvents().fit(archive)
    rows = np.random.default_rng(0).choice(len(archive), 400, replace=False)
    ids = archive["id"].iloc[rows].tolist()
    first = clock(lambda: model.related(ids[0]))
    times = sorted(clock(lambda id_=id_: model.related(id_)) for id_ in ids)
    new = [clock(lambda id_=id_: model.related_to(id_, date="2012-01-01")) for id_ in ids[:100]]
    return {
        "first": first,
        "median": statistics.median(times),
        "p99": times[int(0.99 * len(times))],
        "new_median": statistics.median(new),
    }


def measure_all(path: str) -> dict[str, object]:
    """Ask for every list, in turn with a plain product of the same vectors."""
    import numpy as np

    from relatedevents import RelatedEvents, read_events

    model = RelatedEvents().fit(read_events(path))
    first = clock(model.related_all)
    vectors = np.ascontiguousarray(model.index_.features.vectors)
    out = np.empty((BLOCK, len(vectors)), dtype=np.float32)

    def product() -> None:
        for start in range(0, len(vectors), BLOCK):
            rows = vectors[start : start + BLOCK]
            np.dot(rows, vectors.T, out=out[: len(rows)])

    # In pairs, since a shared machine's speed drifts.
    pairs = [(clock(product), clock(model.related_all)) for _ in range(3)]
    ratios = sorted(every / plain for plain, every in pairs)
    return {
        "first": first,
        "all": statistics.median(every for _, every in pairs),
        "sgemm": statistics.median(plain for plain, _ in pairs),
        "ratio": statistics.median(ratios),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "dimensions": vectors.shape[1],
    }


def measure_memory(path: str) -> dict[str, float]:
    """Read, fit and ask for every list: the most memory that this takes."""
    from relatedevents import RelatedEvents, read_events

    lists = RelatedEvents().fit(read_events(path)).related_all()
    return {"links": len(lists), "peak_gb": peak_gb()}


MEASURES = {
    "fit": measure_fit,
    "one": measure_one,
    "all": measure_all,
    "memory": measure_memory,
}

if __name__ == "__main__":
    print(json.dumps(MEASURES[sys.argv[1]](sys.argv[2])))
