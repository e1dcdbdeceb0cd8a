"""What each signal costs `related_all`: the time with every default signal against without one.

By hand: `python benchmarks/shares.py ARCHIVE`; `table` gives the lines for a page.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relatedevents import RelatedEvents

ROUNDS = 3


def seconds_without(model: RelatedEvents, rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Return the seconds of `related_all` with every signal ("") and without each, round by round.

    All in turn within a round, since a shared machine's speed drifts.
    """
    from relatedevents.weights import SIGNALS

    whole = model.weights
    told = [name for name, weight in whole.get_params().items() if name in SIGNALS and weight]
    seconds: dict[str, list[float]] = {name: [] for name in ("", *told)}
    try:
        for number in range(rounds + 1):
            for name, times in seconds.items():
                model.set_params(weights=whole.with_params(**{name: 0.0}) if name else whole)
                start = time.perf_counter()
                model.related_all()
                if number:  # the first round warms up
                    times.append(time.perf_counter() - start)
    finally:
        model.set_params(weights=whole)
    return seconds


def table(model: RelatedEvents, rounds: int = ROUNDS) -> list[str]:
    """Return a Markdown table of each signal's share of the time of `related_all`."""
    seconds = seconds_without(model, rounds)
    every = seconds.pop("")
    lines = [
        "A signal's share is the time saved without it. Below 0 means that leaving it out costs"
        " time: every signal also helps to tell early which pairs can't enter a list.",
        "",
        "| left out | seconds | share of the time with all |",
        "| --- | --- | --- |",
        f"| nothing | {statistics.median(every):.1f} |  |",
    ]
    for name, times in seconds.items():
        saved = statistics.median(1 - one / all_ for one, all_ in zip(times, every, strict=True))
        lines.append(f"| {name} | {statistics.median(times):.1f} | {100 * saved:+.0f} % |")
    return lines


def main() -> None:
    from relatedevents import RelatedEvents, read_events

    model = RelatedEvents().fit(read_events(sys.argv[1]))
    print("\n".join(table(model)))


if __name__ == "__main__":
    main()
