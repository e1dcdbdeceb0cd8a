"""Series: headlines that are the same but for numbers and dates, as "Part 12" and "Part 13" are."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# Numbers, Roman ones too, and the names of months and days in English; "A320" is a name.
_MARK = re.compile(
    r"(?<![a-z0-9])\d+(?:st|nd|rd|th)?(?![a-z0-9])"
    r"|\b(?:[ivxl]+|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?"
    r"|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b"
)
_BETWEEN = re.compile(r"\W+")


def series_key(headline: str) -> str | None:
    """Return what a headline shares with all of its series, None if it has no number or date.

    Examples
    --------
    >>> series_key("Community call, 3 May 2021: R & D") == series_key("Community Call 12: R & D")
    True
    >>> print(series_key("Rebels leave Kidal"))
    None
    """
    rest, n_marks = _MARK.subn(" ", headline.lower())
    return (_BETWEEN.sub(" ", rest).strip() or None) if n_marks else None


def series_codes(headlines: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the number of each headline's series, -1 of one that stands alone.

    Parameters
    ----------
    headlines : sequence of str

    Examples
    --------
    >>> series_codes(["Go 1.1 is out", "Go 1.2 is out", "Go on", "In 2012"]).tolist()
    [0, 0, -1, -1]
    """
    keys = [series_key(headline) for headline in headlines]
    numbers: dict[str | None, int] = {}
    codes = np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
    if not len(codes):
        return codes
    alone = np.bincount(codes)[codes] < 2
    if None in numbers:
        alone |= codes == numbers[None]
    return np.where(alone, -1, codes)


def within_limit(
    lists: npt.NDArray[np.int64], codes: npt.NDArray[np.int64], limit: int
) -> npt.NDArray[np.bool_]:
    """Return which entries of lists are among the first `limit` of their list and series.

    Parameters
    ----------
    lists : numpy.ndarray of int64, shape (n_entries,)
        The number of each entry's list; entries of one list stand best first.
    codes : numpy.ndarray of int64, shape (n_entries,)
        The number of its series, -1 where it is of none.
    limit : int

    Examples
    --------
    >>> within_limit(np.array([0, 0, 0, 1]), np.array([5, -1, 5, 5]), 1).tolist()
    [True, True, False, True]
    """
    within = np.ones(len(codes), dtype=np.bool_)
    at = np.flatnonzero(codes >= 0)
    at = at[np.lexsort((at, codes[at], lists[at]))]
    if len(at):
        new = np.r_[True, (np.diff(codes[at]) != 0) | (np.diff(lists[at]) != 0)]
        first = np.maximum.accumulate(np.where(new, np.arange(len(at)), 0))
        within[at] = np.arange(len(at)) - first < limit
    return within
