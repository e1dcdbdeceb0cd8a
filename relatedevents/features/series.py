"""Series: headlines that differ in numbers and dates alone, such as "Part 12" and "Part 13"."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*(?:st|nd|rd|th)?|(?<![^ ])[IVX]+\b")
_LETTER = re.compile(r"[A-Za-z]")
_YEAR = re.compile(r"(?:19|20)\d\d(?:[-/]\d\d?){0,2}")
# After these words, in small letters too, a number counts nothing: it says which.
_PARTS = re.compile(
    r"(?:part|parte|partie|teil|vol|volume|no|nº|number|week|day|dia|ep|episode|issue|chapter"
    r"|edition|digest|newsletter|bulletin|news|notes|roundup|update|call|meeting|session|podcast"
    r"|version|release)",
    re.IGNORECASE,
)
_MONTHS_AND_DAYS = """
    January February March April May June July August September October November December
    Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec
    Monday Tuesday Wednesday Thursday Friday Saturday Sunday
"""
_NAMES = {
    name + sign for name in re.findall(r"\w+", _MONTHS_AND_DAYS) for sign in ("", ",", ".", ":")
}
# Characters beside a number that are looked at: more than a word has.
_NEAR = 24
_SIGNS = " .,:;!?#@()[]-–—|/"
_ENDS = (":", "(", "|", "-", "–", "—")


def series_keys(headlines: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return a number of each headline that all of its series have, and nobody else; or 0.

    Headlines are of one series if they are equal, but for case and signs at their ends, once the
    numbers that tell issues apart are taken out, and with them the names of months and days:

    - years, and numbers beside a month;
    - numbers after "part", "no.", "week", "digest" and the like, or right behind a sign ("#12");
    - versions (1.12), and numbers at the end of the headline or before a colon, a dash or a
      bracket, Roman ones too, unless a word in small letters stands before them.

    Any other number may count something and stays: no two bombs that kill 12 and 30 are of one
    series. A headline from which nothing is taken out is of none, 0. What a headline's series is
    depends on no other headline.

    Examples
    --------
    >>> keys = series_keys(["Weekly digest 12", "Weekly Digest, 3 May 2021", "Rome: bomb kills 12"])
    >>> bool(keys[0] == keys[1] != 0), int(keys[2])
    (True, 0)
    """
    keys = np.zeros(len(headlines), dtype=np.int64)
    for row, headline in enumerate(headlines):
        rest = _NUMBER.sub(_kept, headline)
        if rest != headline:
            words = " ".join(word for word in rest.split() if word not in _NAMES)
            told = words.strip(_SIGNS).casefold().encode()
            digest = hashlib.blake2b(told, digest_size=8).digest()
            keys[row] = int.from_bytes(digest, "little", signed=True) if told else 0
    return keys


def _kept(match: re.Match[str]) -> str:
    """Return what stays of a number."""
    number, text, start, end = match.group(), match.string, match.start(), match.end()
    before, after = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
    if _YEAR.fullmatch(number):
        return ""
    if _LETTER.fullmatch(before[-1:]) or _LETTER.fullmatch(after[:1]):
        # A name: "A320" and "3D" are not of one series with others.
        return number
    if before[-1:] not in ("", " ", "$", "€", "£", "¥"):
        return ""
    word, following = (before.split() or [""])[-1], (after.split() or [""])[0]
    if word in _NAMES or following in _NAMES or _PARTS.fullmatch(word.strip(_SIGNS)):
        return ""
    tells = "." in number or not after.strip(_SIGNS) or after.lstrip().startswith(_ENDS)
    return "" if tells and word and not word.islower() else number


def series_codes(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the number of each headline's series among all, -1 of one that stands alone.

    Examples
    --------
    >>> codes = series_codes(series_keys(["Go 1.1 is out", "Go on", "Go 1.2 is out"]))
    >>> bool(codes[0] == codes[2] >= 0), int(codes[1])
    (True, -1)
    """
    _, codes, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    return np.where((sizes[codes] > 1) & (keys != 0), codes, -1)


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
