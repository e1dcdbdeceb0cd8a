"""Rounds: every peer in a fresh process, all in turn within a round, from one prepared folder."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bench import usage
from bench.data import hybrid_recall, semantic_recall
from bench.process import lists_name
from bench.registry import EXACT, PEERS, Peer

#: What takes longer, build and search together, runs once at that size, unless it is steady.
SLOW = 10.0
#: What is not steady runs in so many rounds at most.
TURNS = 2
HOURS = 3

Run = dict[str, object]


class Failed(Exception):  # noqa: N818 - told as a row, not as an error
    """A measuring process that gave no figures; its text says why."""


def tell(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def child(module: str, *arguments: str, threads: int, **more: str) -> dict:
    """Run a module of the bench in a fresh process, and return the JSON it tells."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", f"bench.{module}", *arguments],
            capture_output=True,
            text=True,
            env=usage.environment(threads, **more),
            timeout=HOURS * 3600,
        )
    except subprocess.TimeoutExpired as error:
        text = f"not ended after {HOURS} hours"
        raise Failed(text) from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise Failed(lines[-1][:200])
    return json.loads(done.stdout.splitlines()[-1])


def turn_order(peers: Sequence[Peer], number: int) -> list[Peer]:
    """Return the peers in the order of one round: each round begins with another one.

    Examples
    --------
    >>> turn_order(["a", "b", "c"], 1)
    ['b', 'c', 'a']
    """
    start = number % len(peers) if peers else 0
    return [*peers[start:], *peers[:start]]


def is_due(peer: Peer, earlier: Sequence[Run]) -> bool:
    """Return whether a peer runs again after its earlier runs."""
    if any("failed" in run for run in earlier):
        return False
    quick = len(earlier) < TURNS and all(seconds_of(run) <= SLOW for run in earlier)
    return peer.steady or quick


def seconds_of(run: Run) -> float:
    """Return the seconds of a run: building, and searching under the usual setting."""
    return run["build"] + run["settings"][0]["search"]


def run_rounds(
    peers: Sequence[Peer], rounds: int, measure: Callable[[Peer, int], dict]
) -> list[Run]:
    """Return all runs; `measure` is told the peer and the number of the round."""
    runs: list[Run] = []
    for number in range(rounds):
        for peer in turn_order(peers, number):
            if not is_due(peer, [run for run in runs if run["peer"] == peer.name]):
                continue
            began = time.perf_counter()
            try:
                figures = measure(peer, number)
            except Failed as error:
                figures = {"failed": str(error)}
            runs.append({"peer": peer.name, "round": number, **figures})
            took = f"{seconds_of(runs[-1]):.1f}" if "build" in figures else figures["failed"]
            tell(f"round {number + 1}, {peer.name}: {took} ({time.perf_counter() - began:.0f} s)")
    return runs


def add_recalls(runs: list[Run], folder: Path) -> str:
    """Set the recalls of the first round's settings; return what the true lists are, in words."""
    sample, vectors = np.load(folder / "sample.npy"), np.load(folder / "vectors.npy", mmap_mode="r")
    nth = np.load(folder / "semantic.npy")
    by_name = {peer.name: peer for peer in PEERS}
    exact = folder / lists_name(by_name[EXACT], by_name[EXACT].settings[0])
    true, what = None, "not known: the exact engine did not run"
    if exact.exists():
        true = np.load(exact)["lists"]
    elif (folder / "exact.npy").exists():
        true = np.load(folder / "exact.npy")
    if true is not None:
        what = "the exact lists under the default weights"
    for run in runs:
        peer = by_name[run["peer"]]
        for one in run.get("settings", []) if run["round"] == 0 else []:
            path = folder / lists_name(peer, one["setting"])
            if not path.exists():
                continue
            lists = np.load(path)
            if true is not None:
                one["hybrid"] = hybrid_recall(lists["lists"], true)
            if peer.kind == "semantic":
                one["semantic"] = semantic_recall(lists["lists"], sample, vectors, nth)
    return what
