"""Summary: what lists are made of, as text for people."""

from __future__ import annotations

import numpy as np

from relatedevents.archive import UNDATED
from relatedevents.retrieval.retriever import Retriever
from relatedevents.signals.register import all_signals


def summary_of(retriever: Retriever) -> str:
    """Return what an archive has, what each signal counts there, and what its probabilities mean.

    One rule serves all archives: a signal counts what its weight says where the archive has what it
    reads, and nothing where not.
    """
    index, weights = retriever.index, retriever.setup.weights
    calibration, features = retriever.calibration, index.features
    tagged = float((np.diff(features.tags.indptr) > 0).mean())
    dated = float((features.days != UNDATED).mean())
    lines = [f"{len(index):,} events, {tagged:.0%} with tags, {dated:.0%} with dates"]
    for signal, weight in zip(all_signals(), weights.by_signal(), strict=True):
        if weight:
            lacking = "" if signal.ready(features) else "  nothing here to read"
            lines.append(f"{signal.name:<10}{weight:>8g}{lacking}")
    if weights.time:
        days = ", ".join(f"{days:g}" for days in weights.half_lives())
        lines.append(f"time is halved in {days} days")
    if weights.time and weights.time_threshold:
        lines.append(f"and counts in full from {weights.time_threshold:g} of content in common on")
    if calibration is None:
        return "\n".join([*lines, "no probability is known under these weights"]) + "\n"
    cut = f"nothing less probable than {calibration.default_cut:.2g} is listed"
    return "\n".join([*lines, str(calibration), cut]) + "\n"
