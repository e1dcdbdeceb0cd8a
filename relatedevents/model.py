"""RelatedEvents: the model that users meet, a scikit-learn estimator over the rooms below."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from relatedevents._util.checks import problem, shown
from relatedevents.archive import UNDATED, check_events, day_of, is_missing
from relatedevents.errors import InputError
from relatedevents.model_parts.adapting import AdaptingMixin
from relatedevents.model_parts.calibrating import CalibratingMixin
from relatedevents.model_parts.neighbours import NeighboursMixin
from relatedevents.model_parts.saving import SavingMixin
from relatedevents.model_parts.tuning import TuningMixin
from relatedevents.retrieval.fitted import check_tags
from relatedevents.weights import Weights

if TYPE_CHECKING:
    from relatedevents.encoders import Encoder
    from relatedevents.retrieval.explain import Explanation

_EVENT_COLUMNS = ("headline", "date")


class RelatedEvents(NeighboursMixin, TuningMixin, CalibratingMixin, AdaptingMixin, SavingMixin):
    """Gives every event of an archive its related events, and says why.

    Parameters
    ----------
    encoder : str or object, default="default"
        What turns headlines into vectors: ``"default"`` (shipped, needs no network), a folder,
        the name of a sentence-transformers model, or any object with
        ``encode(list_of_str) -> float array (n, d)``.
    weights : Weights
        What each signal counts; scikit-learn's ``weights__tags=0.5`` works too.
    n_related : int, default=10
        How many related events a list has where `n` is not given.
    engine : {"exact", "approximate", "auto"}, default="exact"
        What finds the best candidates; "auto" is "approximate" (needs faiss) above 200,000
        events. `engine_` tells which.
    tag_aliases : mapping, optional
        {alias: tag}, for spellings that the tags' key does not unite.
    cache_dir : path, optional
        Where vectors are kept, so that a second fit encodes only what is new.
    allow_download : bool, default=False
        Whether a sentence-transformers model may be fetched.
    n_threads : int, optional
        Worker threads; None takes every processor, and so does a number above that.
    block_size : int, default=1024
        Rows of a block: a worker holds some hundred numbers for each. Less is taken where memory
        lacks; no list depends on it.
    progress : bool, default=False
        Whether to show progress on stderr.

    Attributes
    ----------
    archive_ : pandas.DataFrame
        The checked archive, in the order given.
    encoder_ : Encoder
        What encoded it.
    index_ : relatedevents.index.index.Index
        Vectors, vocabularies and order.
    calibration_ : relatedevents.calibration.Calibration or None
        What gives the lists' `probability`; None where none was learned for this encoder.

    Examples
    --------
    >>> from relatedevents import RelatedEvents, load_sample
    >>> model = RelatedEvents().fit(load_sample())
    >>> lists = model.related_all(n=3)
    >>> list(lists.columns[:4])
    ['id', 'rank', 'related_id', 'score']
    """

    def __init__(
        self,
        *,
        encoder: str | Encoder = "default",
        weights: Weights = Weights(),  # noqa: B008 - frozen, and scikit-learn reads the default
        n_related: int = 10,
        engine: str = "exact",
        tag_aliases: Mapping[str, str] | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        allow_download: bool = False,
        n_threads: int | None = None,
        block_size: int = 1024,
        progress: bool = False,
    ) -> None:
        self.encoder = encoder
        self.weights = weights
        self.n_related = n_related
        self.engine = engine
        self.tag_aliases = tag_aliases
        self.cache_dir = cache_dir
        self.allow_download = allow_download
        self.n_threads = n_threads
        self.block_size = block_size
        self.progress = progress

    def set_params(self, **params: Any) -> Self:  # noqa: ANN401 - scikit-learn's signature
        """Set parameters, those of the weights as ``weights__tags=0.5``; returns the model."""
        prefix = "weights__"
        nested = {
            name.removeprefix(prefix): params.pop(name)
            for name in list(params)
            if name.startswith(prefix)
        }
        super().set_params(**params)
        if nested:
            self._check_weights()
            self.weights = self.weights.with_params(**nested)
        return self

    def fit(self, X: object, y: None = None) -> Self:
        """Learn an archive: encode its headlines, weigh its tags and words, order its events.

        Parameters
        ----------
        X : pandas.DataFrame, or another frame that narwhals knows
            The archive: id, headline, and where known date and tags; other columns are kept.
        y : None
            There for scikit-learn's sake.

        Returns
        -------
        RelatedEvents
            The model itself.

        Raises
        ------
        InputError
            If the archive or a parameter can't be used; the message says where and why.
        """
        from relatedevents.calibration import shipped_for
        from relatedevents.encoders import resolve_encoder
        from relatedevents.index.index import Index

        self._check_params()
        if isinstance(X, (str, os.PathLike)):
            todo = "Read the file with read_events first."
            raise InputError(problem("X", f"got {shown(X)}", "a DataFrame", todo))
        table = check_events(X)
        encoder = resolve_encoder(self.encoder, allow_download=self.allow_download)
        index = Index.build(
            table,
            encoder,
            self.weights,
            tag_aliases=self.tag_aliases,
            cache_dir=self.cache_dir,
            progress=self.progress,
        )
        self._set_fitted(index, encoder)
        self.calibration_ = shipped_for(encoder)
        return self

    def related(
        self,
        id: str,
        n: int | None = None,
        *,
        as_of: object = None,
        where: object = None,
        exclude: object = None,
        pins: object = None,
        min_score: float | None = None,
        min_probability: float | None = None,
        diversity: float = 0.0,
        near_duplicates: str = "keep",
    ) -> pd.DataFrame:
        """Return the related events of one event of the archive, best first.

        Parameters
        ----------
        id : str
            The event.
        n : int, optional
            How many; None means `n_related`. Fewer come only where filters, thresholds or the
            archive's size leave fewer.
        as_of : date, mapping {id: date} or "own", optional
            Only events up to this day, inclusive, undated ones left out; ``"own"`` is the
            event's own day. Encoder and statistics stay those of the fit.
        where : mask or mapping, optional
            One True or False an event, in the archive's order, or comparisons on columns that
            must all hold: ``{"category": "Sport", "date": (">=", "2012-01-01")}``.
        exclude : list of ids, or mapping {id: list of ids}, optional
            Events never listed.
        pins : list of ids, or mapping {id: list of ids}, optional
            Events listed first, counted in `n`, marked in `basis`; filters do not touch them,
            but an event after `as_of` is not pinned.
        min_score : float, optional
            Leave out events of a lower score.
        min_probability : float, optional
            Leave out of the list all but pins whose `probability` is lower: the estimated chance
            of sharing a story or, after `tune` or `calibrate`, of being linked. 0.3 leaves out
            what is likely noise; 0.5 keeps what is likely.
        diversity : float, default=0.0
            From 0, the best events by score, to 1, events as unlike each other as may be: the
            best one stays, and each next one pays for its likeness, by embedding and tags, to
            those chosen before it and to pins. They are chosen among the first 30 candidates, or
            three times `n`, and listed in their old order; scores stay what they are. 0.17 makes
            lists more varied at little cost (benchmarks/DIVERSITY.md).
        near_duplicates : {"keep", "drop"}
            Whether an event may be listed whose headline says the same as the query's own or as
            one above it: the same words, or nearly the same within a week. The list is filled
            from further down; pins stay.

        Returns
        -------
        pandas.DataFrame
            Columns id, rank (from 1), related_id, headline, date, score, probability (NaN where
            weights or encoder are not those it was learned for), one part a signal (together
            they are the score), shared_tags, basis.

        Raises
        ------
        UnknownIdError
            If the archive lacks an id; the message names the nearest.
        InputError
            If an argument can't be used.
        """
        from relatedevents.retrieval.answers import Wishes, with_events

        queries = self._queries([id], "id")
        wishes = Wishes(
            as_of, where, exclude, pins, min_score, min_probability, diversity, near_duplicates
        )
        table, rows = self._answer(queries, n, wishes)
        return with_events(table, self.index_, rows, _EVENT_COLUMNS)

    def related_to(
        self,
        headline: str,
        *,
        tags: Sequence[str] | None = None,
        date: object = None,
        category: str | None = None,
        n: int | None = None,
        as_of: object = None,
        where: object = None,
        exclude: object = None,
        pins: object = None,
        min_score: float | None = None,
        min_probability: float | None = None,
        diversity: float = 0.0,
        near_duplicates: str = "keep",
    ) -> pd.DataFrame:
        """Return the events related to one that is not in the archive, best first.

        Parameters
        ----------
        headline : str
            Its headline.
        tags : list of str, optional
            Its tags; without them the other signals decide.
        date : date, optional
            Its day; without it the other signals decide.
        category : str, optional
            Its category, where the archive has a column ``category``.
        n, as_of, where, exclude, pins, min_score, min_probability, diversity, near_duplicates
            As in `related`.

        Returns
        -------
        pandas.DataFrame
            As `related` returns it; the column `id` holds the headline.
        """
        from relatedevents.retrieval.answers import Queries, Wishes, with_events

        self._check_fitted()
        if not isinstance(headline, str) or not headline.strip():
            raise InputError(problem("headline", f"got {shown(headline)}", "a non-empty text"))
        category = None if is_missing(category) else category
        if category is not None and not isinstance(category, str):
            raise InputError(problem("category", f"got {shown(category)}", "a text or None"))
        day = UNDATED if is_missing(date) else day_of(date, "date")
        features = self.index_.features_of(
            self._encoder(),
            [headline.strip()],
            [check_tags(tags)],
            np.array([day], np.int32),
            [category],
        )
        ids = np.array([headline.strip()], dtype=object)
        queries = Queries(ids, np.array([-1], dtype=np.int64), features, in_archive=False)
        wishes = Wishes(
            as_of, where, exclude, pins, min_score, min_probability, diversity, near_duplicates
        )
        table, rows = self._answer(queries, n, wishes)
        return with_events(table, self.index_, rows, _EVENT_COLUMNS)

    def related_many(
        self,
        ids: Iterable[str],
        n: int | None = None,
        *,
        as_of: object = None,
        where: object = None,
        exclude: object = None,
        pins: object = None,
        min_score: float | None = None,
        min_probability: float | None = None,
        diversity: float = 0.0,
        near_duplicates: str = "keep",
    ) -> pd.DataFrame:
        """Return the lists of several events as one long table, in the order of `ids`.

        Parameters and errors are those of `related`; the related events' headline and date are
        left to a join with `archive_`.
        """
        from relatedevents.retrieval.answers import Wishes

        wishes = Wishes(
            as_of, where, exclude, pins, min_score, min_probability, diversity, near_duplicates
        )
        return self._answer(self._queries(ids, "ids"), n, wishes)[0]

    def related_all(
        self,
        n: int | None = None,
        *,
        as_of: object = None,
        where: object = None,
        exclude: object = None,
        pins: object = None,
        min_score: float | None = None,
        min_probability: float | None = None,
        diversity: float = 0.0,
        near_duplicates: str = "keep",
    ) -> pd.DataFrame:
        """Return the lists of the whole archive as one long table, in the archive's order.

        Parameters and errors are those of `related`; a `where` says which events may be listed,
        not which get a list.
        """
        from relatedevents.retrieval.answers import Wishes

        self._check_fitted()
        wishes = Wishes(
            as_of, where, exclude, pins, min_score, min_probability, diversity, near_duplicates
        )
        return self._answer(self._everyone(), n, wishes)[0]

    def explain(self, id: str, related_id: str, *, as_of: object = None) -> Explanation:
        """Return everything that goes into the score of one pair.

        Parameters
        ----------
        id, related_id : str
            Two events of the archive.
        as_of : date or "own", optional
            As in `related`: neighbours that were still to come count nothing.

        Returns
        -------
        Explanation
            Its parts add up to the score that the lists show; print it to read it.
        """
        from relatedevents.retrieval.explain import explanation_of
        from relatedevents.retrieval.filters import read_as_of

        self._check_fitted()
        index = self._index()
        rows = np.array([index.ids.row_of(id), index.ids.row_of(related_id, "related_id")])
        until = read_as_of(as_of, [id], index.features.days[rows[:1]])
        return explanation_of(self._scorer(), rows, until)
