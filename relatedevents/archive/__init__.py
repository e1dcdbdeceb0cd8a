"""The archive: the checked table of events, ids and their rows, dates as day numbers."""

from __future__ import annotations

from relatedevents._util.arrays import UNDATED, inverse
from relatedevents.archive.dates import dates_of, day_of, days_of, is_missing
from relatedevents.archive.ids import Ids
from relatedevents.archive.table import check_events, check_frame, to_pandas

__all__ = [
    "UNDATED",
    "Ids",
    "check_events",
    "check_frame",
    "dates_of",
    "day_of",
    "days_of",
    "inverse",
    "is_missing",
    "to_pandas",
]
