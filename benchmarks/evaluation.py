"""Time the evaluation of many lists, and the comparison of many runs.

Run it with `python benchmarks/evaluation.py`; it makes its own lists and prints a table.
"""

from __future__ import annotations

import time

import numpy as np

from relatedevents.evaluation.comparison import compare
from relatedevents.evaluation.metrics import score_run


def made(
    n_queries: int, length: int, seed: int
) -> tuple[dict[str, list[str]], dict[str, dict[str, int]]]:
    """Return lists of random events and ten random links a query."""
    rng = np.random.default_rng(seed)
    names = [f"event-{number}" for number in range(5_000)]
    run, links = {}, {}
    for query in range(n_queries):
        drawn = rng.permutation(len(names))[: length + 5]
        run[f"query-{query}"] = [names[row] for row in drawn[:length]]
        # Half of the links stand in the list, half do not.
        links[f"query-{query}"] = {names[row]: 1 for row in [*drawn[:5], *drawn[length:]]}
    return run, links


def main() -> None:
    run, links = made(20_000, 50, seed=0)
    start = time.perf_counter()
    score_run(run, links)
    print(f"20,000 queries x 50, all default metrics: {time.perf_counter() - start:.1f} s (< 5 s)")
    _, links = made(1_000, 20, seed=1)
    runs = {f"run {seed}": made(1_000, 20, seed=seed)[0] for seed in range(1, 11)}
    start = time.perf_counter()
    compare(runs, links, n_permutations=10_000)
    print(
        "ten runs x 1,000 queries, 10,000 permutations of every pair: "
        f"{time.perf_counter() - start:.1f} s (< 10 s)"
    )


if __name__ == "__main__":
    main()
