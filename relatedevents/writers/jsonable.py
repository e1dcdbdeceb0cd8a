"""Conversion of values to JSON types."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd


def to_jsonable(value: object) -> object:
    """Return `value` as a JSON type: dates as ISO text, NaN, NaT and infinity as None.

    Examples
    --------
    >>> to_jsonable(pd.Timestamp("2012-10-12")), to_jsonable(float("nan")), to_jsonable(["Mali"])
    ('2012-10-12', None, ['Mali'])
    """
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [to_jsonable(one) for one in value]
    if isinstance(value, dict):
        return {str(key): to_jsonable(one) for key, one in value.items()}
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, pd.Timestamp):
        whole_day = value == value.normalize() and value.tzinfo is None
        return value.strftime("%Y-%m-%d") if whole_day else value.isoformat()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (str, int, float, bool)):
        return value
    return str(value)
