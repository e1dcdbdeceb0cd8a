"""Endings: why a list is shorter than was asked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from relatedevents.archive import UNDATED
from relatedevents.calibration import Calibration
from relatedevents.index.index import Index
from relatedevents.retrieval.options import Request

I64 = npt.NDArray[np.int64]


def endings_of(
    request: Request, listed: I64, passed: I64, index: Index, calibration: Calibration | None
) -> dict[str, str]:
    """Return why lists end early, by the id of their event; lists of full length are left out.

    Parameters
    ----------
    request : Request
        The question.
    listed : numpy.ndarray of int64, shape (n_queries,)
        How many events each list holds.
    passed : numpy.ndarray of int64, shape (n_queries,)
        How many of a series each list passes over.
    index : Index
        The archive.
    calibration : Calibration or None
        What cuts by probability.
    """
    short = np.flatnonzero(listed < request.n)
    if not len(short):
        return {}
    candidates = _n_candidates(request, index)
    filtered = not request.options.unfiltered
    left_out = [_left_out(request, calibration, of_series) for of_series in (False, True)]
    told = {}
    for number in short.tolist():
        there = int(candidates[number])
        if there > listed[number]:
            why = left_out[int(passed[number] > 0)]
        elif filtered:
            why = f"the filters leave {there} candidates"
        else:
            why = f"the archive has {there} other events"
        told[str(request.queries.ids[number])] = f"{listed[number]} of {request.n}: {why}"
    return told


def _n_candidates(request: Request, index: Index) -> I64:
    """Return how many events the filters leave each query, pins counted and itself not."""
    days = index.features.days[request.allowed]
    n_queries, own_rows = len(request.queries), np.asarray(request.queries.rows)
    inside = own_rows >= 0
    if request.max_day is None:
        counts = np.full(n_queries, len(days), dtype=np.int64)
        itself = inside & request.allowed[own_rows]
    else:
        dated = np.sort(days[days != UNDATED])
        counts = np.searchsorted(dated, request.max_day, side="right")
        day = index.features.days[own_rows]
        known = (day != UNDATED) & (day <= request.max_day)
        itself = inside & request.allowed[own_rows] & known
    counts = counts - itself
    numbers, _ = request.pinned
    counts += np.bincount(numbers, minlength=n_queries)
    for number, row in enumerate(own_rows.tolist()):
        if row in request.exclude.by_row:
            counts[number] -= len(request.exclude.by_row[row])
    return np.asarray(counts)


def _left_out(request: Request, calibration: Calibration | None, of_series: bool) -> str:
    """Return what keeps candidates off a list."""
    options, reasons = request.options, []
    if options.near_duplicates == "drop":
        reasons.append("is no near-duplicate")
    if of_series:
        reasons.append("is of another series")
    if calibration is not None and request.likely > 0.0:
        least = options.min_probability or calibration.default_cut
        reasons.append(f"has a probability of {least:.2g} or more of {calibration.meaning}")
    if options.min_score is not None:
        reasons.append(f"has a score of {options.min_score:g} or more")
    return "no other event " + " and ".join(reasons)
