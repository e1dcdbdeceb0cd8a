"""RelatedEvents: the model that users meet, a scikit-learn estimator; it checks and delegates."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from relatedevents import store
from relatedevents._util.checks import check_count, check_flag
from relatedevents.archive import check_frame
from relatedevents.calibration import Calibration, shipped_for
from relatedevents.encoders import Encoder, resolve_encoder
from relatedevents.index.index import Index
from relatedevents.learning.adapt import adapt
from relatedevents.learning.calibrate import LINKED, calibrate
from relatedevents.learning.reports import REPORTS, Adaptation, Report, Tuning
from relatedevents.learning.tune import tune
from relatedevents.retrieval.explain import Explanation
from relatedevents.retrieval.fitted import Fitted, Setup, check_weights
from relatedevents.retrieval.kneighbors import kneighbors, kneighbors_graph
from relatedevents.retrieval.maintenance import Maintained, add_events, refit, remove_events
from relatedevents.retrieval.options import Asked, ListOptions
from relatedevents.retrieval.queries import Queries, new_event
from relatedevents.retrieval.retriever import Retriever
from relatedevents.retrieval.summary import summary_of
from relatedevents.retrieval.update import Update
from relatedevents.weights import Weights


class RelatedEvents(BaseEstimator):  # type: ignore[misc, unused-ignore]
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

    encoder: str | os.PathLike[str] | Encoder | None
    tuning_: Tuning
    adaptation_: Adaptation
    last_update_: Update
    _fitted: Fitted | None = None
    _encoder_name: str | None = None

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
        of_weights = [name for name in params if name.startswith("weights__")]
        nested = {name.removeprefix("weights__"): params.pop(name) for name in of_weights}
        super().set_params(**params)
        if nested:
            self.weights = check_weights(self.weights).with_params(**nested)
        return self

    def fit(self, X: object, y: None = None) -> Self:
        """Learn an archive: encode its headlines, weigh its tags and words, order its events.

        Parameters
        ----------
        X : pandas.DataFrame, or another frame that narwhals knows
            The archive: id, headline, and where known date, tags, summary and text; other columns
            are kept.
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
        self._setup()
        encoder = resolve_encoder(self.encoder, allow_download=self.allow_download)
        index = self._build(check_frame(X, "X"), encoder)
        self._fitted = Fitted(index, encoder, shipped_for(encoder))
        self._encoder_name = _name_of(self.encoder)
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
        series_limit: int | None = 2,
        reasons: bool = False,
    ) -> pd.DataFrame:
        """Return the related events of one event of the archive, best first.

        Parameters
        ----------
        id : str
            The event.
        n : int, optional
            How many; None means `n_related`. Fewer come where filters, thresholds, the archive's
            size or the want of anything related leave fewer: ``table.attrs["ended"]`` says why,
            {id: reason}.
        as_of : date, mapping {id: date} or "own", optional
            Only events up to this day, inclusive, undated ones left out; ``"own"`` is the
            event's own day. Encoder and statistics stay those of the fit.
        where : mask or mapping, optional
            One True or False an event, in the archive's order, or comparisons on columns that
            must all hold: ``{"category": "Sport", "date": (">=", "2012-01-01")}``; a list of
            such pairs for several on one column.
        exclude : list of ids, or mapping {id: list of ids}, optional
            Events never listed.
        pins : list of ids, or mapping {id: list of ids}, optional
            Events listed first, counted in `n`, marked in `basis`; filters do not touch them,
            but an event after `as_of` is not pinned.
        min_score : float, optional
            Leave out events of a lower score.
        min_probability : float, optional
            Leave out of the list all but pins whose `probability` is lower: the estimated chance
            that a reader finds it useful or, after `tune` or `calibrate`, that it is linked. 0.3
            leaves out what is likely noise; 0.5 keeps what is likely. Where it is not given and
            probabilities are known, a fifth of their base rate
            (`relatedevents.calibration.Calibration.default_cut`, .046 as shipped); 0 leaves out
            nothing.
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
        series_limit : int or None, default=2
            How many events of one series a list may hold, headlines that are the same but for
            numbers and dates, pins counted; None for any number. The list is filled from further
            down, and ``table.attrs["series"]`` says how many were passed over, {id: number}.
        reasons : bool, default=False
            Whether to add what each event is to this one, in a word and in a sentence.

        Returns
        -------
        pandas.DataFrame
            Columns id, rank (from 1), related_id, headline, date, score, probability (NaN where
            weights or encoder are not those it was learned for), one part a signal (together
            they are the score), shared_tags, basis; with `reasons` also relation
            ("follow-up", "background" and six more, by the rules in
            `relatedevents.retrieval.relations`) and reason, a sentence.

        Raises
        ------
        UnknownIdError
            If the archive lacks an id; the message names the nearest.
        InputError
            If an argument can't be used.
        """
        options = ListOptions.among(locals())
        retriever = self._retriever()
        return retriever.full_lists(retriever.queries([id], "id"), self._n(n), options, reasons)

    def related_to(
        self,
        headline: str,
        *,
        tags: Sequence[str] | None = None,
        date: object = None,
        category: str | None = None,
        summary: str | None = None,
        text: str | None = None,
        n: int | None = None,
        as_of: object = None,
        where: object = None,
        exclude: object = None,
        pins: object = None,
        min_score: float | None = None,
        min_probability: float | None = None,
        diversity: float = 0.0,
        near_duplicates: str = "keep",
        series_limit: int | None = 2,
        reasons: bool = False,
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
        summary, text : str, optional
            What is said of it beside the headline, where the archive has such a column.
        n, as_of, where, exclude, pins, min_score, min_probability, diversity, near_duplicates,
        series_limit, reasons
            As in `related`.

        Returns
        -------
        pandas.DataFrame
            As `related` returns it; the column `id` holds the headline.
        """
        options = ListOptions.among(locals())
        retriever = self._retriever()
        index, encoder = retriever.index, self._encoder()
        event = new_event(index, encoder, headline, tags, date, category, summary, text)
        return retriever.full_lists(event, self._n(n), options, reasons)

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
        series_limit: int | None = 2,
        reasons: bool = False,
    ) -> pd.DataFrame:
        """Return the lists of several events as one long table, in the order of `ids`.

        Parameters and errors are those of `related`; the related events' headline and date are
        left to a join with `archive_`.
        """
        options = ListOptions.among(locals())
        retriever = self._retriever()
        return retriever.lists(retriever.queries(ids, "ids"), self._n(n), options, reasons)[0]

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
        series_limit: int | None = 2,
        reasons: bool = False,
    ) -> pd.DataFrame:
        """Return the lists of the whole archive as one long table, in the archive's order.

        Parameters and errors are those of `related`; a `where` says which events may be listed,
        not which get a list.
        """
        options = ListOptions.among(locals())
        retriever = self._retriever()
        return retriever.lists(Queries.of_archive(retriever.index), self._n(n), options, reasons)[0]

    def related_blocks(
        self,
        n: int | None = None,
        *,
        size: int = 50_000,
        as_of: object = None,
        where: object = None,
        exclude: object = None,
        pins: object = None,
        min_score: float | None = None,
        min_probability: float | None = None,
        diversity: float = 0.0,
        near_duplicates: str = "keep",
        series_limit: int | None = 2,
        reasons: bool = False,
    ) -> Iterator[pd.DataFrame]:
        """Give the long table of `related_all` in blocks, one after the other.

        All lists are found before the first block; their parts, ids and tags are worked out block
        by block. The long table of a million events takes about 8 GB, a block of
        it as much as its events. Where `as_of`, `where`, `exclude`, `pins`, `diversity` or
        `near_duplicates` is given, the whole table is made first.

        Parameters
        ----------
        size : int
            How many events' lists a block holds.
        n, as_of, where, exclude, pins, min_score, min_probability, diversity, near_duplicates,
        series_limit, reasons
            As in `related_all`.

        Yields
        ------
        pandas.DataFrame
            The lists of the next `size` events in the archive's order.

        Examples
        --------
        >>> from relatedevents import RelatedEvents, load_sample
        >>> model = RelatedEvents().fit(load_sample())
        >>> [len(block) for block in model.related_blocks(n=2, size=200, min_probability=0)]
        [400, 400, 42]
        """
        options = ListOptions.among(locals())
        return self._retriever().blocks(self._n(n), check_count("size", size), options, reasons)

    def summary(self) -> str:
        """Return what lists are made of: the archive, each signal's weight, the probability.

        Examples
        --------
        >>> from relatedevents import RelatedEvents, load_sample
        >>> print(RelatedEvents().fit(load_sample()).summary().splitlines()[5])
        text             4  nothing here to read
        """
        return summary_of(self._retriever())

    def explain(self, id: str, related_id: str, *, as_of: object = None) -> Explanation:
        """Return everything that goes into the score of one pair.

        Parameters
        ----------
        id, related_id : str
            Two events of the archive.
        as_of : date or "own", optional
            Taken as in `related`; it moves no part of a score.

        Returns
        -------
        Explanation
            Its parts add up to the score that the lists show; print it to read it.
        """
        return self._retriever().explain(id, related_id, as_of)

    def kneighbors(
        self,
        X: Iterable[str] | None = None,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> npt.NDArray[np.int64] | tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Return the nearest events in scikit-learn's language.

        Parameters
        ----------
        X : iterable of ids, optional
            The queries; None means every event.
        n_neighbors : int, optional
            How many, fewer than the archive has; None means `n_related`.
        return_distance : bool
            Whether to return distances too.

        Returns
        -------
        distances : numpy.ndarray of float64, shape (n_queries, n_neighbors)
            Sum of the weights minus the score.
        places : numpy.ndarray of int64, shape (n_queries, n_neighbors)
            Places in `archive_`.
        """
        found = kneighbors(self._retriever(), X, n_neighbors)
        return found if return_distance else found[1]

    def kneighbors_graph(
        self,
        X: Iterable[str] | None = None,
        n_neighbors: int | None = None,
        mode: str = "connectivity",
    ) -> sparse.csr_matrix:
        """Return the nearest events as a sparse matrix (n_queries, n_events).

        Parameters
        ----------
        X, n_neighbors
            As in `kneighbors`.
        mode : {"connectivity", "distance"}
            Ones, or distances.
        """
        return kneighbors_graph(self._retriever(), X, n_neighbors, mode)

    def update(
        self,
        new_events: object,
        *,
        on_existing: str = "error",
        refresh: bool = False,
        **lists: object,
    ) -> list[str]:
        """Add events to the archive, and return the ids whose lists changed.

        Encoder, vocabulary and weights stay those of the fit, and so do topics and the day from
        which `recency` counts. A tag that the fit did not know enters with the weight of an
        unknown tag, ln(1 + N), a word with ln(1 + N) + 1, where N is the number of events of the
        fit; a word that the fit left out because a single headline had it joins later headlines
        alone. Where no event of the fit had a summary or a text, those of new events count after
        a `refresh` only. The lists are those that `related_all` gives from now on, whether events
        come in one update or in several.

        A site whose lists are made with options names them here as in `related_all`: the ids are
        those whose list, made with these keywords, is another one now. That takes two batches, of
        the archive as it was and as it is; the first is spared where the update before was asked
        the same. Ids in `exclude` and `pins` that came with this update were unknown before it.

        Else lists are compared with those of the last `related_all` without options, which the
        model keeps (`save` and `load` too), and which an update brings up to date; with `n` alone,
        they are as long as that. Where there are none,
        lists of `n_related` events are computed for the archive as it was: a first update then
        takes as long as a whole batch, the later ones a fiftieth of it. Where other weights or
        another engine have been set since, all lists are computed after the update.

        With the approximate engine, lists that are looked for one by one are exact, and so are the
        scores by which new events enter the others, which stay as the engine found them: lists
        that `related_all` would give anew can hold other events in a few places.

        Parameters
        ----------
        new_events : pandas.DataFrame, or another frame that narwhals knows
            As in `fit`. Columns that the archive has and they lack are filled with missing
            values, columns that are new are added.
        on_existing : {"error", "replace"}
            What to do with ids that the archive has: refuse all, or put the new event into the
            old one's place.
        refresh : bool
            Whether to learn vocabulary and weights anew, as `fit` does on the grown archive, and
            compute every list.
        **lists
            Keywords of `related_all`. Of `where`, comparisons on columns alone: a mask counts the
            events of one archive. `as_of` by id has a day for every event that is there now.

        Returns
        -------
        list of str
            In the archive's order: new and replaced events, lists with another event or order than
            before, lists with a replaced event, and lists that show a tag in another spelling. An
            event replaced by an equal one, in every column, counts as none of these.
            `last_update_` says what was done.

        Raises
        ------
        InputError
            If an event or a keyword can't be used, an id is there already, or a column holds values
            of another kind than the archive's. The model then stays as it was.
        TypeError
            If the lists have no such keyword.

        Examples
        --------
        >>> from relatedevents import RelatedEvents, load_sample
        >>> archive = load_sample()
        >>> model = RelatedEvents().fit(archive.iloc[1:])
        >>> changed = model.update(archive.iloc[:1])
        >>> archive["id"].iloc[0] in changed, len(changed) < 100
        (True, True)
        """
        retriever, asked = self._retriever(), Asked.of(lists)
        new, encoder = check_frame(new_events, "new_events", "new_events"), self._encoder()
        if check_flag("refresh", refresh):
            return self._take(refit(retriever, new, on_existing, asked, encoder, self._build))
        return self._take(add_events(retriever, new, on_existing, asked, encoder, self.cache_dir))

    def remove(self, ids: Iterable[str], **lists: object) -> list[str]:
        """Take events out of the archive, and return the ids whose lists changed.

        Every list that held one of them is computed again; vocabulary and weights stay those of
        the fit. See `update` for what lists are compared with.

        Parameters
        ----------
        ids : iterable of str
            Events of the archive, each once.
        **lists
            As in `update`; they name none of the events that go.

        Returns
        -------
        list of str
            Events of the archive whose lists changed, in its order.

        Raises
        ------
        UnknownIdError
            If the archive lacks an id; the message names the nearest.
        InputError
            If every event is named, or one twice. The model then stays as it was.
        """
        return self._take(remove_events(self._retriever(), ids, Asked.of(lists)))

    def tune(self, links: object, *, n: int = 10, n_folds: int = 5, seed: int = 0) -> Self:
        """Learn weights, half-life and the order of equal scores from existing links.

        Parameters
        ----------
        links : DataFrame, mapping, or whatever `read_links` takes
            The links to learn from; their `as_of` says what each page could know.
        n : int
            How long the lists are whose quality is raised.
        n_folds : int
            For the report: what is learned from all folds but one is measured on that one.
            Queries of one story (the archive's column `story`, where there is one), else of one
            day, stay together, and so do those that links join. Where more than a twentieth of
            them hang together, that is cut, and a link from a query learned from to one held out
            is not learned from. Two queries may still share a target that is no query.
        seed : int
            Draws the folds and the confidence interval.

        Returns
        -------
        RelatedEvents
            A new fitted model; its report is in `tuning_` and can be printed. The weights are those
            before, unless the learned ones are surely better: the 95 % confidence interval of
            their gain on held-out queries is above 0.

        Raises
        ------
        InputError
            If fewer than ten queries have a link that a list could hold, or all of those are of
            one story or day.
        """
        fitted, report = tune(self._retriever(), links, n, n_folds, seed)
        model = self._copy(fitted, weights=report.weights_after)
        model.tuning_ = report
        return model

    def calibrate(
        self, links: object, *, meaning: str = LINKED, n_folds: int = 5, seed: int = 0
    ) -> Self:
        """Learn from existing links how probable a link is, under the weights as they are.

        `tune` does so too, for the weights that it learns; where this raises an error, its report
        says so. Nothing but the column `probability` changes.

        Parameters
        ----------
        links : DataFrame, mapping, or whatever `read_links` takes
            The links to learn from. They have to be whole: an event among a query's first 50
            that is not linked counts as one that should not be.
        meaning : str
            What the links say, for reports: "being linked", "being useful".
        n_folds : int
            For the figures: queries stay together as in `tune`.
        seed : int
            Draws the folds.

        Returns
        -------
        RelatedEvents
            A new fitted model, whose `calibration_` can be printed.

        Raises
        ------
        InputError
            If fewer than ten queries have a link that a list could hold, all of those are of one
            story or day, too few links are among the first 50 candidates, or scores tell hardly
            more of which are linked than chance does.
        """
        retriever = self._retriever()
        found = calibrate(retriever, links, meaning, n_folds, seed)
        return self._copy(replace(retriever.fitted, calibration=found))

    def adapt(self, *, held_out: float = 0.15, seed: int = 0) -> Self:
        """Teach the encoder which headlines belong together, from the archive's own tags.

        Two headlines belong together where they share a rare tag (one of at most 60 events) and
        lie within 180 days. The newest events are held out: only an encoder that finds such pairs
        among them surely better than before is kept. No torch is needed.

        Parameters
        ----------
        held_out : float
            The share of dated events, the newest, to measure on; above 0, up to 0.5.
        seed : int
            Of everything random; the same archive and seed teach the same encoder.

        Returns
        -------
        RelatedEvents
            A new fitted model; its report is in `adaptation_` and can be printed. Where the
            taught encoder is kept it is the model's `encoder`, and all headlines are encoded
            anew; the weights stay. `save` writes it with the model; to use it elsewhere, see
            `relatedevents.encoders.save_encoder`.

        Raises
        ------
        InputError
            If the encoder is no static one, or the archive has too few pairs to learn from or
            too few tags to measure on.
        """
        retriever = self._retriever()
        index = retriever.index
        taught, report = adapt(index, self._encoder(), held_out, seed, self.progress)
        model = self._copy(retriever.fitted)
        if report.kept:
            model.set_params(encoder=taught)
            model._fitted = Fitted(self._build(index.table, taught), taught)
            model._encoder_name = None
        model.adaptation_ = report
        return model

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the fitted model as a folder of arrays and JSON; no pickle.

        Parameters
        ----------
        folder : path
            A new or empty folder, or a saved model, which is replaced.
        """
        fitted, parameters = self._retriever().fitted, self.get_params(deep=False)
        return store.save_model(folder, fitted, self._encoder_name, parameters, self._reports())

    @classmethod
    def load(
        cls,
        folder: str | os.PathLike[str],
        *,
        encoder: str | Encoder | None = None,
        mmap: bool = True,
    ) -> Self:
        """Read a model that `save` wrote.

        Parameters
        ----------
        folder : path
            The saved model.
        encoder : str or object, optional
            The encoder of the fit, where it was an object; a static one lies in the folder, a
            named one is found by its name when a new event is first asked about.
        mmap : bool
            Whether the arrays stay on disk until they are used.

        Raises
        ------
        StoreError
            If the folder is damaged, of another format, or `encoder` gives other vectors.
        """
        fitted, name, parameters, reports = store.load_model(folder, encoder, mmap=mmap)
        return cls(**parameters)._holding(fitted, name, reports)

    @property
    def engine_(self) -> str:
        """The engine that finds the lists: "exact" or "approximate", whatever `engine` leaves open.

        `engine="auto"` is exact for up to 200,000 events, and for more where faiss is missing.
        """
        return self._retriever().setup.engine_for(len(self.archive_))

    @property
    def archive_(self) -> pd.DataFrame:
        """The checked archive, in the order given."""
        return self._state.index.table

    @property
    def index_(self) -> Index:
        """Vectors, vocabularies and order."""
        return self._state.index

    @property
    def encoder_(self) -> Encoder | None:
        """What encoded the archive; None where a loaded model has not looked for it yet."""
        return self._state.encoder

    @property
    def calibration_(self) -> Calibration | None:
        """What gives the lists' `probability`; None where none was learned for this encoder."""
        return self._state.calibration

    @property
    def _state(self) -> Fitted:
        if self._fitted is None:
            # As of any attribute that scikit-learn sets in `fit`.
            message = f"this {type(self).__name__} is not fitted yet"
            raise AttributeError(message)
        return self._fitted

    def __sklearn_is_fitted__(self) -> bool:
        return self._fitted is not None

    def _setup(self) -> Setup:
        return Setup(**{field.name: getattr(self, field.name) for field in fields(Setup)})

    def _retriever(self) -> Retriever:
        """Return what answers under the parameters as they are now."""
        check_is_fitted(self, msg="This %(name)s has no archive yet: call fit or load first.")
        setup = self._setup()
        self._state.reorder(setup.weights)
        return Retriever(self._state, setup)

    def _n(self, n: int | None) -> int:
        return check_count("n", self.n_related if n is None else n)

    def _build(self, table: pd.DataFrame, encoder: Encoder) -> Index:
        options = {name: getattr(self, name) for name in ("tag_aliases", "cache_dir", "progress")}
        return Index.build(table, encoder, self.weights, **options)

    def _take(self, maintained: Maintained) -> list[str]:
        """Make an updated archive the model's own."""
        self._fitted, self.last_update_ = maintained.fitted, maintained.report
        return maintained.changed

    def _reports(self) -> dict[str, Report]:
        return {name: getattr(self, f"{name}_") for name in REPORTS if hasattr(self, f"{name}_")}

    def _holding(
        self, fitted: Fitted, encoder_name: str | None, reports: Mapping[str, Report]
    ) -> Self:
        """Give the model a fitted archive and what was learned."""
        self._fitted, self._encoder_name = fitted, encoder_name
        for name, report in reports.items():
            setattr(self, f"{name}_", report)
        return self

    def _copy(self, fitted: Fitted, **params: object) -> Self:
        """Return a model of the same parameters but `params`, with a fitted archive of its own."""
        model: Self = clone(self).set_params(**params)
        return model._holding(replace(fitted), self._encoder_name, self._reports())

    def _encoder(self) -> Encoder:
        return self._state.resolve_encoder(self.encoder, allow_download=self.allow_download)


def _name_of(encoder: object) -> str | None:
    return os.fspath(encoder) if isinstance(encoder, (str, os.PathLike)) else None
