"""Ids and rows: the mapping between a user's ids and row numbers."""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from relatedevents._util.checks import problem, shown
from relatedevents.errors import InputError, UnknownIdError

_GRAMS = 16
_CANDIDATES = 40
_LONGEST = 200


def text_of_id(value: object) -> str | None:
    """Return `value` as an id, or None if it can't be one.

    Text stays as it is, whole numbers become text; nothing else is an id. (A number with a
    point is most often a whole one that met a missing value: its text would be a wrong id.)

    Examples
    --------
    >>> text_of_id(7), text_of_id(7.0), text_of_id(" ")
    ('7', None, None)
    """
    if isinstance(value, str):
        return str(value) if value.strip() else None
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return str(int(value))
    return None


class Ids:
    """The ids of an archive in the order of its rows.

    Parameters
    ----------
    ids : iterable of str
        Each once.

    Examples
    --------
    >>> ids = Ids(["1992/rio", "2015/paris"])
    >>> ids.rows_of(["2015/paris"]).tolist()
    [1]
    >>> "2015/lima" in ids
    False
    """

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids = list(ids)
        self._row_of = {id_: row for row, id_ in enumerate(self._ids)}

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __contains__(self, id_: object) -> bool:
        return text_of_id(id_) in self._row_of

    def __getitem__(self, row: int) -> str:
        return self._ids[row]

    def row_of(self, id_: object, name: str = "id") -> int:
        """Return the row of one id.

        Raises
        ------
        UnknownIdError
            If the archive does not have it; the message names the nearest that it has.
        InputError
            If it is neither text nor a whole number.
        """
        return int(self.rows_of([id_], name)[0])

    def rows_of(self, ids: Iterable[object], name: str = "ids") -> npt.NDArray[np.int64]:
        """Return the rows of several ids, in their order.

        Parameters
        ----------
        ids : iterable of str
            Whole numbers are taken as their text.
        name : str
            The argument's name, for the message.

        Returns
        -------
        numpy.ndarray of int64, shape (n,)

        Raises
        ------
        UnknownIdError
            If the archive lacks some; the message names the nearest that it has.
        InputError
            If one is neither text nor a whole number, or `ids` is one text.
        """
        if isinstance(ids, (str, bytes)) or not isinstance(ids, Iterable):
            raise InputError(problem(name, f"got {shown(ids)}", "a list of ids"))
        given = list(ids)
        texts = [text_of_id(id_) for id_ in given]
        for position, (text, value) in enumerate(zip(texts, given, strict=True)):
            if text is None:
                where = name if len(given) == 1 else f"{name}, position {position}"
                raise InputError(problem(where, f"got {shown(value)}", "an id: non-empty text"))
        rows = [self._row_of.get(text or "", -1) for text in texts]
        unknown = [text or "" for text, row in zip(texts, rows, strict=True) if row < 0]
        if unknown:
            raise UnknownIdError(self._unknown_message(list(dict.fromkeys(unknown)), name))
        return np.array(rows, dtype=np.int64)

    def _unknown_message(self, unknown: list[str], name: str) -> str:
        descriptions = []
        for id_ in unknown[:3]:
            near = " or ".join(repr(known) for known in self.nearest(id_))
            descriptions.append(f"{id_!r} (nearest: {near})" if near else repr(id_))
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        came = f"the archive has no {', no '.join(descriptions)}{more}"
        return problem(name, came, f"one of its {len(self)} ids", "Check the spelling.")

    def nearest(self, id_: str, n: int = 3) -> list[str]:
        """Return the known ids that look most like `id_`, best first.

        Some of its runs of three characters are looked for in every known id; the forty that
        hold most of them are compared in full.

        Examples
        --------
        >>> Ids(["1992/rio", "2015/paris"]).nearest("2015-pari", n=1)
        ['2015/paris']
        """
        wanted = id_.casefold()[:_LONGEST]
        length = min(3, len(wanted))
        grams = sorted({wanted[i : i + length] for i in range(len(wanted) - length + 1)})
        grams = grams[:: max(1, len(grams) // _GRAMS)]
        scored = (
            (sum(gram in known for gram in grams), known[:10] == wanted[:10], -row)
            for row, known in enumerate(map(str.casefold, self._ids))
        )
        best = [self._ids[-row] for count, _, row in heapq.nlargest(_CANDIDATES, scored) if count]
        likeness = {
            known: difflib.SequenceMatcher(None, wanted, known.casefold()[:_LONGEST]).ratio()
            for known in best
        }
        return sorted(best, key=lambda known: (-likeness[known], known))[:n]
