"""Compiled kernels of the second pass; they check nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from relatedevents._util._compiled import compiled


@compiled()
def middle(
    members: npt.NDArray[np.int64],
    coordinates: npt.NDArray[np.float32],
    days: npt.NDArray[np.int32],
    until: int,
    total: npt.NDArray[np.float64],
    place: npt.NDArray[np.float32],
) -> None:
    """Write the middle of the members no later than `until` into `place`, of length 1 or 0.

    `total` is scratch; the sum runs in the members' order, so that it is the same every time.
    """
    total[:] = 0.0
    for number in range(members.shape[0]):
        row = members[number]
        if row < 0 or days[row] > until:
            continue
        for k in range(total.shape[0]):
            total[k] += np.float64(coordinates[row, k])
    square = 0.0
    for k in range(total.shape[0]):
        square += total[k] * total[k]
    length = np.sqrt(square)
    for k in range(total.shape[0]):
        place[k] = np.float32(total[k] / length) if length > 1e-6 else np.float32(0.0)


@compiled()
def middles(
    members: npt.NDArray[np.int64],
    coordinates: npt.NDArray[np.float32],
    days: npt.NDArray[np.int32],
    until: npt.NDArray[np.int64],
    places: npt.NDArray[np.float32],
) -> None:
    """Write the middle of each row of `members`, each with its own `until`."""
    total = np.zeros(coordinates.shape[1])
    for row in range(members.shape[0]):
        middle(members[row], coordinates, days, until[row], total, places[row])


@compiled()
def carry(
    members_before: npt.NDArray[np.int64],
    places_before: npt.NDArray[np.float32],
    source: npt.NDArray[np.int64],
    row_now: npt.NDArray[np.int64],
    members: npt.NDArray[np.int64],
    places: npt.NDArray[np.float32],
) -> None:
    """Write the members and the middle of each row from the row that it was, `source`, or 0."""
    width = min(members.shape[1], members_before.shape[1])
    for row in range(source.shape[0]):
        before = source[row]
        if before < 0:
            places[row] = np.float32(0.0)
            continue
        places[row] = places_before[before]
        for k in range(width):
            member = members_before[before, k]
            members[row, k] = row_now[member] if member >= 0 else -1
