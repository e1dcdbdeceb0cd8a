"""From many runs to one row a peer and setting: medians, ranges, ratios."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.registry import FAISS_FLAT, PEERS, SGEMM, Peer


@dataclass(frozen=True)
class Row:
    """One line of the tables; seconds are medians of the rounds that ran.

    Attributes
    ----------
    name, kind, computes : str
        As of `bench.registry.Peer`; the name tells a setting that is not the usual one.
    usual : bool
        Whether it is the peer under its usual setting.
    build, search, cpu, peak_gb : float
        Seconds of building, of all lists, processor seconds of both, most memory.
    fastest, slowest : float
        Of the searches.
    against : dict of str to float
        {peer: median over the rounds of search / search of that peer}.
    phases : dict of str to float
        Median seconds of steps within the search.
    phases_against : dict
        {(step, peer): ratio}, as `against`.
    rounds, asked : int
        How many runs there are, and how many events each was asked for.
    hybrid, semantic : float or None
        The recalls at 10.
    note : str
        Why there are no figures; empty where there are.
    """

    name: str
    kind: str
    computes: str
    usual: bool = True
    build: float = 0.0
    search: float = 0.0
    cpu: float = 0.0
    peak_gb: float = 0.0
    fastest: float = 0.0
    slowest: float = 0.0
    against: dict[str, float] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)
    phases_against: dict[tuple[str, str], float] = field(default_factory=dict)
    rounds: int = 0
    asked: int = 0
    hybrid: float | None = None
    semantic: float | None = None
    note: str = ""


def rows_of(
    runs: Sequence[dict], notes: dict[str, str], peers: Sequence[Peer] = PEERS
) -> list[Row]:
    """Return a row for every registered peer, with figures or with the reason why there are none.

    Parameters
    ----------
    runs : sequence of dict
        As `bench.rounds.run_rounds` returns them.
    notes : dict
        {peer: why it did not run}.
    """
    rows = []
    for peer in peers:
        mine = [run for run in runs if run["peer"] == peer.name]
        failures = [run["failed"] for run in mine if "failed" in run]
        good = [run for run in mine if "failed" not in run]
        if not good:
            why = f"failed: {failures[0]}" if failures else notes.get(peer.name, "not run")
            rows.append(Row(peer.name, peer.kind, peer.computes, note=why))
            continue
        rows += [_row(peer, setting, good, runs) for setting in peer.settings]
    return rows


def _row(peer: Peer, setting: int, good: Sequence[dict], runs: Sequence[dict]) -> Row:
    told = [(run, one) for run in good for one in run["settings"] if one["setting"] == setting]
    searches = [one["search"] for _, one in told]
    against, phases_against = {}, {}
    for other in (SGEMM, FAISS_FLAT):
        if other != peer.name:
            if (ratio := _ratio(told, runs, other, None)) is not None:
                against[other] = ratio
            for step in told[0][1]["phases"]:
                if (ratio := _ratio(told, runs, other, step)) is not None:
                    phases_against[step, other] = ratio
    return Row(
        peer.called(setting),
        peer.kind,
        peer.computes,
        usual=setting == peer.settings[0],
        build=statistics.median(run["build"] for run, _ in told),
        search=statistics.median(searches),
        cpu=statistics.median(run["cpu"] + one["cpu"] for run, one in told),
        peak_gb=max(run["peak_gb"] for run, _ in told),
        fastest=min(searches),
        slowest=max(searches),
        against=against,
        phases={
            step: statistics.median(one["phases"][step] for _, one in told)
            for step in told[0][1]["phases"]
        },
        phases_against=phases_against,
        rounds=len(told),
        asked=told[0][0]["asked"],
        hybrid=told[0][1].get("hybrid"),
        semantic=told[0][1].get("semantic"),
    )


def _ratio(
    told: Sequence[tuple[dict, dict]], runs: Sequence[dict], other: str, step: str | None
) -> float | None:
    """Return the median, over the rounds in which both ran, of the ratio of their searches."""
    base = {
        run["round"]: run["settings"][0]["search"]
        for run in runs
        if run["peer"] == other and "failed" not in run
    }
    ratios = [
        (one["search"] if step is None else one["phases"][step]) / base[run["round"]]
        for run, one in told
        if run["round"] in base
    ]
    return statistics.median(ratios) if ratios else None
