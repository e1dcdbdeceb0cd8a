"""What only this package can be asked for: one measurement a call, told as one line of JSON.

python -m bench.ours MEASURE ARCHIVE THREADS
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.usage import clock, peak_gb

ASKED, ASKED_NEW, SEED = 400, 100, 0
STARTS = {
    "bare": ["-c", "pass"],
    "import relatedevents": ["-c", "import relatedevents"],
    "relatedevents --version": ["-m", "relatedevents", "--version"],
    "import pandas, sklearn.base": ["-c", "import pandas, sklearn.base"],
    "from relatedevents import RelatedEvents": ["-c", "from relatedevents import RelatedEvents"],
}


def measure_starts(path: str, threads: int, rounds: int = 5) -> dict[str, float]:
    """Start Python in several ways, in turn within each round."""
    seconds: dict[str, list[float]] = {name: [] for name in STARTS}
    for _ in range(rounds + 1):
        for name, arguments in STARTS.items():
            command = [sys.executable, *arguments]
            start = clock(
                lambda c=command: subprocess.run(c, check=True, stdout=subprocess.DEVNULL)
            )
            seconds[name].append(start)
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}


def measure_whole(path: str, threads: int) -> dict[str, float]:
    """Read, fit, and ask for every list, from a fresh process; then save and load."""
    from relatedevents import RelatedEvents, read_events

    held: dict[str, object] = {}
    seconds = {"read": clock(lambda: held.update(archive=read_events(path)))}
    model = RelatedEvents(n_threads=threads)
    seconds["fit"] = clock(lambda: model.fit(held["archive"]))
    seconds["all"] = clock(lambda: held.update(lists=model.related_all()))
    peak = peak_gb()
    links = len(held.pop("lists"))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "model"
        seconds["save"] = clock(lambda: model.save(place))
        loads = [clock(lambda: RelatedEvents.load(place)) for _ in range(3)]
    seconds["load"] = statistics.median(loads)
    return seconds | {"links": links, "peak_gb": peak}


def measure_cold(path: str, threads: int) -> dict[str, float]:
    """Ask for every list once; the caller sees to it that no kernel is compiled yet."""
    from relatedevents import RelatedEvents, read_events

    model = RelatedEvents(n_threads=threads).fit(read_events(path))
    return {"first": clock(model.related_all), "peak_gb": peak_gb()}


def measure_one(path: str, threads: int) -> dict[str, float]:
    """Ask for one event at a time, of a model loaded from disk."""
    import numpy as np

    from relatedevents import RelatedEvents, read_events

    archive = read_events(path)
    fitted = RelatedEvents(n_threads=threads).fit(archive)
    # A site saves its lists with its batch; a single one does without them.
    lists = clock(fitted.related_all)
    with tempfile.TemporaryDirectory() as folder:
        fitted.save(Path(folder) / "model")
        model = RelatedEvents.load(Path(folder) / "model")
        rows = np.random.default_rng(SEED).choice(
            len(archive), min(ASKED, len(archive)), replace=False
        )
        ids = archive["id"].iloc[rows].tolist()
        first = clock(lambda: model.related(ids[0]))
        times = sorted(clock(lambda id_=id_: model.related(id_)) for id_ in ids)
        new = sorted(
            clock(lambda id_=id_: model.related_to(id_, date="2012-01-01"))
            for id_ in ids[:ASKED_NEW]
        )
    return {
        "lists": lists,
        "first": first,
        "median": statistics.median(times),
        "p99": times[int(0.99 * len(times))],
        "new_median": statistics.median(new),
        "new_p99": new[int(0.99 * len(new))],
    }


def measure_shares(path: str, threads: int) -> dict[str, list[str]]:
    """Time every list with and without each signal."""
    from shares import table

    from relatedevents import RelatedEvents, read_events

    model = RelatedEvents(n_threads=threads).fit(read_events(path))
    return {"lines": table(model, rounds=1)}


MEASURES = {
    "starts": measure_starts,
    "whole": measure_whole,
    "cold": measure_cold,
    "one": measure_one,
    "shares": measure_shares,
}

if __name__ == "__main__":
    print(json.dumps(MEASURES[sys.argv[1]](sys.argv[2], int(sys.argv[3]))))
