"""Every baseline of an archive in one call, as lists that `evaluate` and `compare` take."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._baselines.bm25 import PURPOSE, bm25_scorer
from relatedevents._baselines.fusion import fuse
from relatedevents._baselines.hugo import HugoConfig, hugo_scorer
from relatedevents._baselines.models import Models, only
from relatedevents._baselines.rows import OrderedArchive, Rows, Scorer, Scores, scored_lists
from relatedevents._util.checks import check_choice, check_count, problem, require, shown, some_of
from relatedevents.archive import check_events
from relatedevents.errors import InputError, MissingExtraError
from relatedevents.retrieval.filters import read_as_of
from relatedevents.weights import Weights

if TYPE_CHECKING:
    from relatedevents.encoders import Encoder

#: What each baseline is, in plain words; the names and their order.
BASELINES: dict[str, str] = {
    "default": "The library as it comes: RelatedEvents() with its default weights.",
    "shared_tags": "The hand-made rule: most shared tags first, then page path, descending.",
    "tags": "Cosine of the tags, each weighing ln((1 + N) / (1 + df)), so rare ones count more.",
    "words": "Cosine of the headlines' TF-IDF, the signal words alone.",
    "bm25": "BM25 of the headlines' words, as a search engine's more-like-this.",
    "semantic": "Cosine of the embeddings of headlines and tags, the signal semantic alone.",
    "fusion": "Reciprocal rank fusion (k = 60) of tags, words and semantic.",
    "hugo": "Hugo's Related Content with its own settings (threshold 80, same year, nothing "
    "newer than the event), the archive's tags as keywords.",
    "newest": "The newest events of all, whatever the query.",
    "random": "Events drawn at random; what chance alone gives.",
}

_PARTS_OF_FUSION = ("tags", "words", "semantic")
_LEAST_DEPTH = 100
# Queries whose deep lists are held at once.
_FUSION_BLOCK = 1024

_NEED_VECTORS = {"default", "semantic", "fusion"}


def baselines(
    archive: object,
    *,
    queries: Iterable[str] | None = None,
    n: int = 10,
    as_of: object = None,
    names: Sequence[str] | None = None,
    encoder: str | Encoder = "default",
    hugo: HugoConfig | None = None,
    seed: int = 0,
    progress: bool = False,
) -> dict[str, pd.DataFrame]:
    """Return the lists of every baseline, to measure a system of one's own against.

    Equal scores go by newer date, undated last, then smaller id; only the hand-made rule goes by
    page path. No event is in its own list.

    Parameters
    ----------
    archive : pandas.DataFrame, or another frame that narwhals knows
        The events, as `read_events` returns them.
    queries : iterable of str, optional
        The ids that get a list; None is the whole archive.
    n : int
        How many related events at most.
    as_of : date, mapping {id: date} or "own", optional
        The latest day that a list may know, inclusive; applied before the lists are cut to n.
        Undated events are then left out.
    names : sequence of str, optional
        Some of `BASELINES`; None is all of them.
    encoder : str or object
        For "semantic", "fusion" and "default"; as in `RelatedEvents`.
    hugo : HugoConfig, optional
        For "hugo", in place of Hugo's own settings.
    seed : int
        For "random": the same seed draws the same lists, whatever else is asked for.
    progress : bool
        Whether to show progress on stderr.

    Returns
    -------
    dict of str to pandas.DataFrame
        By name, in the order of `names`: id, rank (from 1), related_id, score, list after list
        in the order of `queries`. Runs of the library's own signals also have the parts,
        shared_tags and basis of the model's lists, and fill their lists with newest events where
        there is no evidence; "bm25", "hugo" and "fusion" list matches alone, so a query may have
        a shorter list or none (`missing="empty"` in `score_run`).

    Raises
    ------
    InputError
        If an argument can't be used.
    UnknownIdError
        If the archive lacks a query.
    MissingExtraError
        If "bm25" is asked for and the extra "baselines" (bm25s) is not installed.

    Examples
    --------
    >>> from relatedevents import load_sample
    >>> runs = baselines(load_sample(), n=3, names=["tags", "newest"])
    >>> list(runs), len(runs["newest"]) == 3 * len(load_sample())
    (['tags', 'newest'], True)
    """
    chosen = _check_names(names)
    if "bm25" in chosen:
        _require_bm25s(chosen)
    n = check_count("n", n)
    seed = check_count("seed", seed, 0)
    if hugo is not None and not isinstance(hugo, HugoConfig):
        raise InputError(problem("hugo", f"got {shown(hugo)}", "a HugoConfig"))
    table = check_events(archive)
    events = OrderedArchive.of(table)
    rows = _query_rows(events, queries)
    ids = None if queries is None else events.id_of_row[rows].tolist()
    until = read_as_of(as_of, events.id_of_row[rows].tolist(), events.days[rows])
    models = Models(table, encoder if _NEED_VECTORS & set(chosen) else None, progress)

    def by_weights(weights: Weights | None) -> pd.DataFrame:
        return models.lists(weights, ids, n, as_of)

    def by_scores(name: str, scorer: Scorer) -> pd.DataFrame:
        with _bar(name, len(rows), progress) as on_progress:
            return scored_lists(events, rows, until, scorer, n, on_progress)

    makers: dict[str, Callable[[], pd.DataFrame]] = {
        "default": lambda: by_weights(None),
        "shared_tags": lambda: by_weights(Weights.shared_tags()),
        "tags": lambda: by_weights(only("tags")),
        "words": lambda: by_weights(only("words")),
        "bm25": lambda: by_scores("bm25", bm25_scorer(events.table["headline"].tolist())),
        "semantic": lambda: by_weights(only("semantic")),
        "fusion": lambda: _fusion(events, rows, models, n, as_of, progress),
        "hugo": lambda: by_scores("hugo", hugo_scorer(events, hugo or HugoConfig())),
        "newest": lambda: by_weights(only("recency")),
        "random": lambda: by_scores("random", _random_scorer(events.id_of_row, seed)),
    }
    return {name: makers[name]() for name in chosen}


def _check_names(names: Sequence[str] | None) -> list[str]:
    if names is None:
        return list(BASELINES)
    if isinstance(names, str) or not names:
        allowed = "a list of " + ", ".join(BASELINES)
        raise InputError(problem("names", f"got {shown(names)}", allowed))
    chosen = [check_choice("names", name, BASELINES) for name in names]
    doubled = [name for name in chosen if chosen.count(name) > 1]
    if doubled:
        raise InputError(problem("names", f"{doubled[0]!r} comes twice", "every name once"))
    return chosen


def _require_bm25s(chosen: Sequence[str]) -> None:
    """Raise `MissingExtraError` before any list is made, and say how to do without."""
    try:
        require("bm25s", PURPOSE)
    except MissingExtraError as error:
        others = [name for name in chosen if name != "bm25"]
        message = f"{error}. Or leave it out: baselines(..., names={others})."
        raise MissingExtraError(message if others else str(error)) from error


def _query_rows(events: OrderedArchive, queries: Iterable[str] | None) -> Rows:
    if queries is None:
        # The archive's own order, as everywhere.
        return np.argsort(events.place, kind="stable").astype(np.int64)
    if isinstance(queries, (str, bytes)):
        todo = "Put a single id into a list."
        raise InputError(problem("queries", f"got {shown(queries)}", "ids of the archive", todo))
    rows = events.ids.rows_of(queries, "queries")
    found, counts = np.unique(rows, return_counts=True)
    if not len(rows):
        raise InputError(problem("queries", "got no id", "at least one id, or None for all"))
    if (counts > 1).any():
        came = f"{some_of(events.id_of_row[found[counts > 1]].tolist())} asked for twice"
        raise InputError(problem("queries", came, "each id once"))
    return rows


def _fusion(
    events: OrderedArchive, rows: Rows, models: Models, n: int, as_of: object, progress: bool
) -> pd.DataFrame:
    depth = max(_LEAST_DEPTH, 10 * n)
    fused = []
    with _bar("fusion", len(rows), progress) as on_progress:
        for first in range(0, len(rows), _FUSION_BLOCK):
            block = rows[first : first + _FUSION_BLOCK]
            ids = events.id_of_row[block].tolist()
            lists = [models.lists(only(part), ids, depth, as_of) for part in _PARTS_OF_FUSION]
            fused.append(fuse(events, block, lists, n))
            on_progress(len(block))
    return pd.concat(fused, ignore_index=True)


def _random_scorer(id_of_row: npt.NDArray[np.object_], seed: int) -> Scorer:
    """Return a scorer that shuffles the archive anew for every query, by seed and id alone."""

    def score(queries: Rows) -> Scores:
        shuffled = np.empty((len(queries), len(id_of_row)))
        for line, row in enumerate(queries.tolist()):
            digest = hashlib.sha256(str(id_of_row[row]).encode("utf-8")).digest()
            generator = np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])
            shuffled[line] = (generator.permutation(len(id_of_row)) + 1) / len(id_of_row)
        return shuffled

    return score


@contextmanager
def _bar(name: str, total: int, progress: bool) -> Iterator[Callable[[int], object]]:
    from tqdm import tqdm

    with tqdm(total=total, desc=name, unit="event", delay=1.0, disable=not progress) as bar:
        yield bar.update
