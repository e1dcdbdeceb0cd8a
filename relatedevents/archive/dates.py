"""Dates as days: reading them from text, datetimes and columns, and counting them.

A date is a day of the Gregorian calendar from year 1 to 9999, without a time zone: the day on
the clock of whoever wrote it. Days are counted from 1970-01-01.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.arrays import UNDATED
from relatedevents._util.checks import problem, shown
from relatedevents.errors import InputError

ALLOWED_DATES = (
    "a date, a datetime, or text that starts with year-month-day such as '2012-10-12', "
    "years 1 to 9999"
)
NO_ZONE = "no time zone"
_EPOCH = datetime.date(1970, 1, 1).toordinal()
_TEXT = re.compile(
    r"(?P<year>\d{4})(?:(?P<dash>[-/])(?P<month>\d{1,2})(?P=dash)(?P<day>\d{1,2})|"
    r"(?P<month2>\d\d)(?P<day2>\d\d))"
    r"(?P<time>[T ]\d\d:?\d\d(?::?\d\d(?:[.,]\d+)?)? ?(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_NUMBERS_ONLY = re.compile(r"\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2,4}", re.ASCII)
_PERIOD = re.compile(r"\d{4}([-/]\d{1,2})?", re.ASCII)


@dataclass
class Days:
    """A column of dates as day numbers, with its unreadable values and its time zones."""

    days: npt.NDArray[np.int32]
    unreadable: list[tuple[int, str]] = field(default_factory=list)
    zones: Counter[str] = field(default_factory=Counter)


class _UnreadableError(Exception):
    """A value that is no date; the text says what it is."""


def is_missing(value: object) -> bool:
    """Return whether `value` is one of the usual marks of nothing: None, NaN, NaT, NA.

    Examples
    --------
    >>> is_missing(float("nan")), is_missing("")
    (True, False)
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    if isinstance(value, (float, np.floating)):
        return bool(np.isnan(value))
    return isinstance(value, (np.datetime64, np.timedelta64)) and bool(np.isnat(value))


def _day_of_text(text: str) -> tuple[int, str | None]:
    """Return the day that `text` names, and the time zone if it tells a time of day."""
    match = _TEXT.fullmatch(text.strip())
    if not match:
        if _NUMBERS_ONLY.fullmatch(text.strip()):
            came = f"{shown(text)}, where day and month can't be told apart"
        elif _PERIOD.fullmatch(text.strip()):
            came = f"{shown(text)}, which names no day"
        else:
            came = shown(text)
        raise _UnreadableError(came)
    month, day = match["month"] or match["month2"], match["day"] or match["day2"]
    try:
        date = datetime.date(int(match["year"]), int(month), int(day))
    except ValueError as error:
        came = f"{shown(text)}, a day that the calendar does not have"
        raise _UnreadableError(came) from error
    zone = _zone_of_text(match["zone"]) if match["time"] else None
    return date.toordinal() - _EPOCH, zone


def _zone_of_text(zone: str | None) -> str:
    """Return a zone's name in the form that datetime uses, so that text and objects compare."""
    if zone is None:
        return NO_ZONE
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return "UTC" if not digits.strip("0") else f"UTC{zone[0]}{digits[:2]}:{digits[2:]}"


def _day_of_value(value: object) -> tuple[int, str | None]:
    """Return the day of one value that is not missing, and its zone if it has a time of day."""
    if isinstance(value, str):
        return _day_of_text(value)
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, datetime.datetime):
        zone = NO_ZONE if value.tzinfo is None else str(value.tzinfo)
        return value.date().toordinal() - _EPOCH, zone
    if isinstance(value, datetime.date):
        return value.toordinal() - _EPOCH, None
    came = f"{shown(value)} ({type(value).__name__})"
    raise _UnreadableError(came)


def read_days(column: pd.Series) -> Days:
    """Read a column of dates.

    Parameters
    ----------
    column : pandas.Series
        Of any type: datetimes with or without a zone, dates, text, a mixture.

    Returns
    -------
    Days
        One int32 day for every row, `UNDATED` where there is none; the rows that could not be
        read with what stood there; and how many values came in each time zone.

    Examples
    --------
    >>> read_days(pd.Series(["1970-01-02", None, "03/04/2012"])).unreadable
    [(2, "'03/04/2012', where day and month can't be told apart")]
    """
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return Days(days_of(column.dt.tz_localize(None)))
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "M":
        return Days(days_of(column))
    read = Days(np.full(len(column), UNDATED, dtype=np.int32))
    known: dict[str, tuple[int, str | None]] = {}
    for row, value in enumerate(column.tolist()):
        if is_missing(value) or (isinstance(value, str) and not value.strip()):
            continue
        try:
            if isinstance(value, str):
                if value not in known:
                    known[value] = _day_of_text(value)
                day, zone = known[value]
            else:
                day, zone = _day_of_value(value)
        except _UnreadableError as error:
            read.unreadable.append((row, str(error)))
            continue
        read.days[row] = day
        if zone is not None:
            read.zones[zone] += 1
    return read


def days_of(dates: pd.Series | npt.NDArray[np.datetime64]) -> npt.NDArray[np.int32]:
    """Return datetimes without a zone as days since 1970-01-01.

    Parameters
    ----------
    dates : pandas.Series or numpy.ndarray of datetime64, shape (n,)
        Such as the column `date` of a checked table.

    Returns
    -------
    numpy.ndarray of int32, shape (n,)
        Days, rounded down; `UNDATED` where there is no date.

    Examples
    --------
    >>> days_of(pd.Series(pd.to_datetime(["1970-01-02", None]))).tolist()
    [1, 2147483647]
    """
    in_days = np.asarray(dates).astype("datetime64[D]")
    return np.where(np.isnat(in_days), UNDATED, in_days.astype(np.int64)).astype(np.int32)


def dates_of(days: npt.NDArray[np.int32]) -> npt.NDArray[np.datetime64]:
    """Return days since 1970-01-01 as datetime64[s], NaT where a day is `UNDATED`.

    Examples
    --------
    >>> dates_of(np.array([1, UNDATED], dtype=np.int32)).astype(str).tolist()
    ['1970-01-02T00:00:00', 'NaT']
    """
    dates = days.astype(np.int64).astype("datetime64[D]")
    dates[days == UNDATED] = np.datetime64("NaT", "D")
    return dates.astype("datetime64[s]")


def day_of(value: object, name: str = "date") -> int:
    """Return one date that a user gave as a day since 1970-01-01.

    Parameters
    ----------
    value : str, datetime.date, datetime.datetime, pandas.Timestamp or numpy.datetime64
        The date; of a time of day only its day counts, on its own clock.
    name : str
        The argument's name, for the message.

    Returns
    -------
    int
        The day.

    Raises
    ------
    InputError
        If `value` is no date.

    Examples
    --------
    >>> day_of("2012-10-12", "as_of")
    15625
    """
    try:
        if is_missing(value):
            raise _UnreadableError(shown(value))
        return _day_of_value(value)[0]
    except _UnreadableError as error:
        todo = "Write it as year-month-day."
        raise InputError(problem(name, f"got {error}", ALLOWED_DATES, todo)) from None
