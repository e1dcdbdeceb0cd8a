"""Tags: the key by which they are compared, their vocabulary, idf weights and matrices."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from relatedevents._util.checks import problem, shown
from relatedevents.errors import InputError
from relatedevents.features.vocabulary import inserted, merged, place_of

# A dict of all keys pays for itself where the tags of more than one event in so many are asked for.
_FEW = 32
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")


def tag_key(tag: str) -> str:
    """Return the form by which tags are compared.

    NFKC, case-folded, every dash "-", an underscore a blank, runs of blanks one.

    Examples
    --------
    >>> tag_key("Syrian  Civil War") == tag_key("Syrian civil_war")
    True
    >>> tag_key("Israel–Hamas war")
    'israel-hamas war'
    """
    folded = unicodedata.normalize("NFKC", tag).casefold().replace("_", " ").translate(_DASHES)
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def idf(n_events: int, document_frequency: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return ln((1 + N) / (1 + df)): a tag of every event weighs 0, a new one the most.

    The inverse document frequency of Spärck Jones (1972), smoothed so that a tag the archive has
    never seen (df = 0) has a weight too.

    Examples
    --------
    >>> idf(3, np.array([3, 1])).round(3).tolist()
    [0.0, 0.693]
    """
    return np.log((1.0 + n_events) / (1.0 + np.asarray(document_frequency, dtype=np.float64)))


def check_aliases(aliases: Mapping[str, str] | None) -> dict[str, str]:
    """Return the aliases as {key of the alias: the tag to use}, or raise `InputError`."""
    if aliases is None:
        return {}
    if not isinstance(aliases, Mapping):
        raise InputError(problem("tag_aliases", f"got {shown(aliases)}", "a mapping {alias: tag}"))
    checked: dict[str, str] = {}
    for alias, tag in aliases.items():
        if not (isinstance(alias, str) and isinstance(tag, str) and tag_key(alias) and tag.strip()):
            raise InputError(
                problem(
                    "tag_aliases",
                    f"got {shown(alias)}: {shown(tag)}",
                    "non-empty text on each side",
                )
            )
        known = checked.setdefault(tag_key(alias), tag.strip())
        if tag_key(known) != tag_key(tag):
            came = f"{shown(alias)} stands for {shown(known)} and for {shown(tag)}"
            raise InputError(problem("tag_aliases", came, "one tag for an alias"))
    return {alias: _end_of_chain(alias, checked) for alias in checked}


def _end_of_chain(alias: str, aliases: Mapping[str, str]) -> str:
    # Followed here once, so that a chain (a -> b, b -> c) never depends on the order of reading.
    seen = [alias]
    tag = aliases[alias]
    while (key := tag_key(tag)) in aliases and key != seen[-1]:
        if key in seen:
            raise InputError(
                problem("tag_aliases", f"{shown(alias)} leads back to itself", "no circles")
            )
        seen.append(key)
        tag = aliases[key]
    return tag


def replace_aliases(
    tag_lists: Iterable[Sequence[str]], aliases: Mapping[str, str]
) -> list[list[str]]:
    """Return the tag lists with every alias replaced by its tag, doubles removed.

    Parameters
    ----------
    tag_lists : iterable of sequences of str
        The tags of each event.
    aliases : mapping
        As `check_aliases` returns it.

    Examples
    --------
    >>> replace_aliases([["UN", "Mali"]], check_aliases({"un": "United Nations"}))
    [['United Nations', 'Mali']]
    """
    # Each spelling's key is worked out once: they come again and again.
    known: dict[str, str] = {}
    replaced = []
    for tags in tag_lists:
        for tag in tags:
            if tag not in known:
                known[tag] = aliases.get(tag_key(tag), tag)
        replaced.append(list(dict.fromkeys(known[tag] for tag in tags)))
    return replaced


@dataclass(frozen=True)
class TagMatrix:
    """The tags of some events.

    Attributes
    ----------
    weights : scipy.sparse.csr_matrix of float64, shape (n_events, n_tags)
        idf weights, each row of length 1 counting the event's unknown tags too; tags of weight 0
        are stored, so the pattern says which tags an event has.
    counts : numpy.ndarray of int32, shape (n_events,)
        How many different tags each event has, unknown ones counted.
    """

    weights: sparse.csr_matrix
    counts: npt.NDArray[np.int32]


@dataclass(frozen=True)
class TagSpace:
    """The tags of an archive: keys in sorted order, the spelling to show, the idf weight.

    Attributes
    ----------
    keys : list of str
        One key a tag, sorted, so that the same archive gives the same columns.
    names : list of str
        The commonest spelling of each.
    weights : numpy.ndarray of float64, shape (n_tags,)
        The idf weight of each.
    unknown_weight : float
        The weight of a tag that the archive does not have.
    aliases : dict
        {key: the tag it stands for}.
    """

    keys: list[str]
    names: list[str]
    weights: npt.NDArray[np.float64]
    unknown_weight: float
    aliases: dict[str, str] = field(default_factory=dict)

    @classmethod
    def fit(
        cls, tag_lists: Sequence[Sequence[str]], aliases: Mapping[str, str] | None = None
    ) -> TagSpace:
        """Learn the vocabulary and the weights from the tags of every event.

        Parameters
        ----------
        tag_lists : sequence of sequences of str
            The tags of each event.
        aliases : mapping, optional
            {alias: tag}, compared by key.

        Examples
        --------
        >>> TagSpace.fit([["Mali", "UN"], ["mali"], ["Mali"]]).names
        ['Mali', 'UN']
        """
        checked = check_aliases(aliases)
        keys = _KeyOf(checked)
        spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
        frequency: Counter[str] = Counter()
        for tags in tag_lists:
            for tag in tags:
                spellings[keys[tag]][checked.get(tag_key(tag), tag) if checked else tag] += 1
            frequency.update({keys[tag] for tag in tags})
        ordered = sorted(key for key in spellings if key)
        names = [_commonest(spellings[key]) for key in ordered]
        counts = np.array([frequency[key] for key in ordered], dtype=np.int64)
        n_events = len(tag_lists)
        return cls(ordered, names, idf(n_events, counts), math.log(1.0 + n_events), checked)

    @property
    def came_later(self) -> npt.NDArray[np.bool_]:
        """Which tags no event of the fit had: those with the weight of an unknown tag."""
        return np.asarray(self.weights == self.unknown_weight)

    def grown(
        self, tag_lists: Sequence[Sequence[str]]
    ) -> tuple[TagSpace, npt.NDArray[np.int64], list[int]]:
        """Return the space with the tags that it lacks, each weighed as an unknown one.

        Parameters
        ----------
        tag_lists : sequence of sequences of str
            The tags of every event that has one which no event of the fit had: their commonest
            spelling there is shown. Other events may be among them.

        Returns
        -------
        TagSpace
            The grown space.
        numpy.ndarray of int64, shape (n_tags,)
            The column now of each tag of this space, rising.
        list of int
            Columns now of tags of this space that are spelt differently now.

        Examples
        --------
        >>> space = TagSpace.fit([["Mali"], ["Niger"]])
        >>> grown, columns, _ = space.grown([["Kidal", "Niger"]])
        >>> grown.names, columns.tolist()
        (['Kidal', 'Mali', 'Niger'], [1, 2])
        """
        column, keys = self._columns(len(tag_lists)), _KeyOf(self.aliases)
        fitted = ~self.came_later
        spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for tags in tag_lists:
            for tag in tags:
                key = keys[tag]
                if key and not (column[key] >= 0 and fitted[column[key]]):
                    spellings[key][self.aliases.get(tag_key(tag), tag)] += 1
        new = sorted(key for key in spellings if column[key] < 0)
        grown, columns, places = merged(self.keys, new)
        names = inserted(self.names, places, [_commonest(spellings[key]) for key in new])
        weights = np.full(len(grown), self.unknown_weight)
        weights[columns] = self.weights
        respelt = []
        for key, counts in spellings.items():
            name = _commonest(counts)
            if column[key] >= 0:
                at = int(columns[column[key]])
                if names[at] != name:
                    respelt.append(at)
                names[at] = name
        space = replace(self, keys=grown, names=names, weights=weights)
        return space, columns, sorted(respelt)

    def _columns(self, n_lists: int) -> _ColumnOf:
        return _ColumnOf(self.keys, self.keys if n_lists * _FEW > len(self.keys) else ())

    def transform(self, tag_lists: Sequence[Sequence[str]]) -> TagMatrix:
        """Return the matrix of some events' tags; unknown tags count in an event's length.

        Parameters
        ----------
        tag_lists : sequence of sequences of str
            The tags of each event.
        """
        column = self._columns(len(tag_lists))
        keys = _KeyOf(self.aliases)
        rows: list[list[int]] = []
        counts = np.zeros(len(tag_lists), dtype=np.int32)
        unknown = np.zeros(len(tag_lists), dtype=np.float64)
        for row, tags in enumerate(tag_lists):
            mine = {keys[tag] for tag in tags} - {""}
            known = sorted(column[key] for key in mine if column[key] >= 0)
            counts[row] = len(mine)
            unknown[row] = len(mine) - len(known)
            rows.append(known)
        indptr = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(known) for known in rows], out=indptr[1:])
        indices = np.fromiter((c for known in rows for c in known), np.int32, int(indptr[-1]))
        data = self.weights[indices]
        owner = np.repeat(np.arange(len(rows)), np.diff(indptr))
        squares = np.bincount(owner, weights=data**2, minlength=len(rows))
        lengths = np.sqrt(squares + unknown * self.unknown_weight**2)
        data = np.divide(data, lengths[owner], out=np.zeros_like(data), where=lengths[owner] > 0)
        matrix = sparse.csr_matrix((data, indices, indptr), shape=(len(rows), len(self.keys)))
        return TagMatrix(matrix, counts)


def _commonest(spellings: Counter[str]) -> str:
    # The smaller text among equals: never the order of reading.
    return min(spellings.items(), key=lambda kv: (-kv[1], kv[0]))[0]


class _KeyOf(dict[str, str]):
    """The key of each spelling, worked out once a spelling."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        super().__init__()
        self._aliases = aliases

    def __missing__(self, tag: str) -> str:
        key = tag_key(tag)
        if key in self._aliases:
            key = tag_key(self._aliases[key])
        self[tag] = key
        return key


class _ColumnOf(dict[str, int]):
    """The column of each key, -1 where there is none, looked up once a key.

    Of `known` keys, all of them or none, they are looked up at once.
    """

    def __init__(self, keys: Sequence[str], known: Sequence[str]) -> None:
        super().__init__((key, number) for number, key in enumerate(known))
        self._keys = keys

    def __missing__(self, key: str) -> int:
        column = place_of(self._keys, key)
        self[key] = column
        return column
