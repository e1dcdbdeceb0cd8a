"""Compiled kernels that choose among candidates; they check nothing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from relatedevents._util._compiled import compiled
from relatedevents.signals import _pair_kernels as _pairs


class Said(NamedTuple):
    """What the headlines say, and what of it makes two the same."""

    codes: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float64]
    masses: npt.NDArray[np.float64]
    days: npt.NDArray[np.int64]
    undated: int
    most_days: int
    least: float


@compiled()
def _say_the_same(a: int, b: int, said: Said) -> bool:
    if said.codes[a] == said.codes[b]:
        return True
    dated = said.days[a] != said.undated and said.days[b] != said.undated
    if dated and abs(said.days[a] - said.days[b]) > said.most_days:
        return False
    lighter = min(said.masses[a], said.masses[b])
    # What they share is no more than the lighter one.
    if lighter < said.least * max(said.masses[a], said.masses[b]) - 1e-9:
        return False
    shared = 0.0
    i, i_end = said.starts[a], said.starts[a + 1]
    j, j_end = said.starts[b], said.starts[b + 1]
    while i < i_end and j < j_end:
        if said.columns[i] < said.columns[j]:
            i += 1
        elif said.columns[i] > said.columns[j]:
            j += 1
        else:
            shared += said.weights[said.columns[i]]
            i += 1
            j += 1
    both = said.masses[a] + said.masses[b] - shared
    # What is equal on paper may differ in the last bits, by the order in which weights are added.
    return bool(both > 0.0 and shared >= said.least * both - 1e-9)


@compiled()
def keep_distinct(
    starts: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    above_starts: npt.NDArray[np.int64],
    above_rows: npt.NDArray[np.int64],
    said: Said,
    kept: npt.NDArray[np.bool_],
) -> None:
    """Write which candidates of each list say what none above them says."""
    for number in range(starts.shape[0] - 1):
        for pair in range(starts[number], starts[number + 1]):
            new = True
            for other in range(above_starts[number], above_starts[number + 1]):
                if _say_the_same(rows[pair], above_rows[other], said):
                    new = False
                    break
            if new:
                for other in range(starts[number], pair):
                    if kept[other] and _say_the_same(rows[pair], rows[other], said):
                        new = False
                        break
            kept[pair] = new


@compiled()
def _add_likeness(
    row: int,
    candidates: npt.NDArray[np.int64],
    vectors: npt.NDArray[np.float32],
    tag_starts: npt.NDArray[np.int64],
    tag_columns: npt.NDArray[np.int32],
    tag_values: npt.NDArray[np.float64],
    total: npt.NDArray[np.float64],
) -> None:
    """Add each candidate's likeness to `row`, an event that was put above it."""
    same = np.full(candidates.shape[0], row)
    cosines = _pairs.cosines(vectors, same, vectors, candidates)
    tags, _ = _pairs.sparse_dots(
        tag_starts,
        tag_columns,
        tag_values,
        same,
        tag_starts,
        tag_columns,
        tag_values,
        candidates,
    )
    for k in range(candidates.shape[0]):
        total[k] += (cosines[k] + min(tags[k], 1.0)) / 2.0


@compiled()
def pick(
    starts: npt.NDArray[np.int64],
    candidates: npt.NDArray[np.int64],
    relevance: npt.NDArray[np.float64],
    n: int,
    diversity: float,
    above_starts: npt.NDArray[np.int64],
    above_rows: npt.NDArray[np.int64],
    vectors: npt.NDArray[np.float32],
    tag_starts: npt.NDArray[np.int64],
    tag_columns: npt.NDArray[np.int32],
    tag_values: npt.NDArray[np.float64],
    scale: float,
    chosen: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
) -> None:
    """Write which pairs of each list maximal marginal relevance picks, in their old order."""
    for number in range(starts.shape[0] - 1):
        first, end = starts[number], starts[number + 1]
        mine = candidates[first:end]
        total = np.zeros(end - first)
        taken = np.zeros(end - first, dtype=np.bool_)
        n_above = above_starts[number + 1] - above_starts[number]
        for other in range(above_starts[number], above_starts[number + 1]):
            _add_likeness(
                above_rows[other],
                mine,
                vectors,
                tag_starts,
                tag_columns,
                tag_values,
                total,
            )
        # What stands above is counted in n.
        counts[number] = min(max(n - n_above, 0), end - first)
        for place in range(counts[number]):
            best, highest = 0, -np.inf
            if place or n_above:
                for k in range(end - first):
                    if taken[k]:
                        continue
                    likeness = total[k] / (n_above + place)
                    value = (1.0 - diversity) * relevance[first + k] - diversity * likeness
                    # Rounded as scores are: the first of equal ones stands higher in the list.
                    value = np.floor(value * scale + 0.5)
                    if value > highest:
                        best, highest = k, value
            taken[best] = True
            chosen[number, place] = first + best
            if place + 1 < counts[number]:
                _add_likeness(
                    mine[best],
                    mine,
                    vectors,
                    tag_starts,
                    tag_columns,
                    tag_values,
                    total,
                )
        chosen[number, : counts[number]].sort()
