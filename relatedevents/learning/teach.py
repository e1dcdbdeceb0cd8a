"""Teach a static encoder from an archive's own tags and stories, without torch.

`adapt` is for a user's archive: it refuses what is too small, measures on events that it held
out, and gives the old encoder back where the new one is not surely better there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from relatedevents._util.checks import check_number, problem
from relatedevents.encoders import Encoder
from relatedevents.errors import InputError
from relatedevents.learning.contrastive import Lesson, teach_vectors, token_shares
from relatedevents.learning.distill import quantise
from relatedevents.learning.pairs import Pairs, joined, sharing_pairs

#: In trials on parts of a real archive, none with fewer than 1,100 pairs gained surely, some of
#: those with 1,900 to 3,400 did, and all with more than 4,400 did when it began untaught.
LEAST_PAIRS = 2_000
#: Fewer labels among the held-out events can't tell a gain from luck.
LEAST_HELD_OUT_LABELS = 30
MOST_EVENTS_OF_A_TAG = 60
MOST_EVENTS_OF_A_STORY = 400
WINDOW_DAYS = 180
CLIP_PERCENTILE = 99.9
_MOST_QUERIES = 2_000
_LIST_LENGTH = 10
_TINY = 1e-9
_HALVINGS = 20
#: Half the width of a two-sided 99 % confidence interval, in standard errors.
_Z99 = 2.5758


@dataclass(frozen=True)
class Adapted:
    """What `adapt` found.

    Attributes
    ----------
    encoder : Encoder
        The new encoder if `kept` is "new", else the one that was given.
    kept : str
        "new" or "old".
    reason : str
        Why, in one sentence.
    before, after : float
        nDCG@10 on the held-out events with the old and the new encoder, by cosine alone, where
        events that share a rare tag or a story within the window count as related; a mean over
        labels, so that a large story counts once.
    gain_low, gain_high : float
        99 % confidence interval of after - before, over labels.
    pairs : int
        How many pairs it learned from.
    events : int
        How many events are in these pairs.
    held_out_events, held_out_labels : int
        How many events it was measured on, and how many tags and stories they stand for.
    seconds : float
        The time it took.
    """

    encoder: Encoder
    kept: str
    reason: str
    before: float
    after: float
    gain_low: float
    gain_high: float
    pairs: int
    events: int
    held_out_events: int
    held_out_labels: int
    seconds: float


def adapt(
    encoder: Encoder,
    headlines: Sequence[str],
    tags: Sequence[Iterable[str]],
    dates: npt.NDArray[np.datetime64],
    *,
    stories: Sequence[Iterable[str]] | None = None,
    lesson: Lesson | None = None,
    held_out: float = 0.15,
    seed: int = 0,
    on_step: Callable[[int, int], object] | None = None,
) -> Adapted:
    """Teach a static encoder with the pairs of an archive, and keep it only if it gained.

    The newest events are held out. From the others, pairs are taken that share a rare tag or a
    story and lie close in time; then the encoder must find such pairs among the held-out events
    better than before, with a 99 % confidence interval of the gain above 0. Labels that say nothing
    about the headlines (shuffled tags) thus leave the old encoder in place. The mean cosine of two
    of the archive's headlines does not rise, so that a weight of the semantic signal keeps its
    meaning.

    Parameters
    ----------
    encoder : Encoder
        A model2vec StaticModel, such as ``resolve_encoder("default")``.
    headlines : sequence of str, length n_events
    tags : sequence of iterables of str, length n_events
        Each event's tag keys (see `relatedevents.features.tags.tag_key`).
    dates : ndarray of datetime64, shape (n_events,)
        Events without a date (NaT) are left out.
    stories : sequence of iterables of str, optional
        Names of the stories that each event belongs to, where they are known.
    lesson : Lesson, optional
        By default three rounds, each with as many draws as there are pairs, up to 60,000.
    held_out : float
        The share of dated events, the newest, to measure on; above 0, up to 0.5.
    seed : int
        Of the default lesson.
    on_step : callable, optional
        Called with how many steps are done, and how many there are.

    Returns
    -------
    Adapted

    Raises
    ------
    InputError
        When the encoder is not a static one, lengths differ, or the archive has too few pairs to
        learn from or too few labels to measure on.
    """
    start = time.perf_counter()
    share = check_number("held_out", held_out, 0, 0.5, above=True)
    days = np.asarray(dates, dtype="datetime64[D]")
    old = _token_vectors(encoder)
    n_events = len(headlines)
    for name, column in (("tags", tags), ("dates", days), ("stories", stories)):
        if column is not None and len(column) != n_events:
            came = f"got {len(column)} for {n_events} headlines"
            raise InputError(problem(name, came, "one entry a headline"))
    is_new = _newest(days, share)
    labels = [sorted(set(names)) for names in tags]
    story_names = None if stories is None else [sorted(set(names)) for names in stories]
    pairs = archive_pairs(labels, story_names, np.where(is_new, np.datetime64("NaT", "D"), days))
    truth = archive_pairs(labels, story_names, np.where(is_new, days, np.datetime64("NaT", "D")))
    _check_enough(pairs, n_events)
    if lesson is None:
        lesson = Lesson(rounds=3, pairs_a_round=min(60_000, len(pairs)), seed=seed)
    shares = token_shares(_tokenized(encoder, headlines), len(old))
    label_of = _rarest_label(labels, story_names, truth)
    if len(set(label_of.values())) < LEAST_HELD_OUT_LABELS:
        came = f"got {len(set(label_of.values()))} tags and stories among the newest {share:.0%}"
        allowed = f"{LEAST_HELD_OUT_LABELS} or more that two of these events share"
        raise InputError(problem("archive", came, allowed, "Keep the encoder that you have."))
    size = np.linalg.norm(old, axis=1)
    start_at = old / size[size > 0].mean()
    vectors = teach_vectors(start_at, shares, pairs, lesson, on_step=on_step)
    taught = quantise(levelled(vectors, shares, mean_cosine(shares @ old)), CLIP_PERCENTILE)
    before = _label_means(_pair_ndcg(shares, old, truth, is_new, label_of), label_of)
    new = taught.astype(np.float32)
    after = _label_means(_pair_ndcg(shares, new, truth, is_new, label_of), label_of)
    gains = after - before
    error = gains.std(ddof=1) / np.sqrt(len(gains))
    low, high = gains.mean() - _Z99 * error, gains.mean() + _Z99 * error
    is_better = bool(low > 0)
    return Adapted(
        encoder=static_encoder(taught, encoder) if is_better else encoder,
        kept="new" if is_better else "old",
        reason=_reason(float(gains.mean()), float(low), float(high)),
        before=float(before.mean()),
        after=float(after.mean()),
        gain_low=float(low),
        gain_high=float(high),
        pairs=len(pairs),
        events=len(pairs.events()),
        held_out_events=len(label_of),
        held_out_labels=len(gains),
        seconds=time.perf_counter() - start,
    )


def archive_pairs(
    tags: Sequence[Iterable[str]],
    stories: Sequence[Iterable[str]] | None,
    dates: npt.NDArray[np.datetime64],
) -> Pairs:
    """Return the pairs of events that share a rare tag, and of one story, within 180 days."""
    by_tag = sharing_pairs(tags, dates, most_events=MOST_EVENTS_OF_A_TAG, window_days=WINDOW_DAYS)
    if stories is None:
        return by_tag
    by_story = sharing_pairs(
        stories, dates, most_events=MOST_EVENTS_OF_A_STORY, window_days=WINDOW_DAYS
    )
    return joined(by_tag, by_story)


def mean_cosine(texts: npt.NDArray[np.float32]) -> float:
    """Return the mean cosine of two texts' vectors, drawn by chance with repetition.

    Examples
    --------
    >>> mean_cosine(np.array([[1.0, 0.0], [0.0, 2.0]], np.float32))
    0.5
    """
    lengths = np.linalg.norm(texts, axis=1, keepdims=True)
    centre = (texts / np.maximum(lengths, _TINY)).mean(axis=0, dtype=np.float64)
    return float(centre @ centre)


def levelled(
    vectors: npt.NDArray[np.float32], shares: sparse.csr_matrix, most: float
) -> npt.NDArray[np.float32]:
    """Take as much of what all texts have in common out of token vectors as `most` asks for.

    The lesson looks at differences of cosines alone: where an archive has few words it may draw
    all texts together, and a weighted sum of signals would hardly see the semantic one any more.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n_tokens, d)
    shares : scipy.sparse.csr_matrix of float32, shape (n_texts, n_tokens)
        The share of each token in each text; see `token_shares`.
    most : float
        What `mean_cosine` of the texts may be.

    Returns
    -------
    ndarray of float32, shape (n_tokens, d)
        The vectors themselves where the mean cosine is no higher.
    """
    texts = shares @ vectors
    if mean_cosine(texts) <= most:
        return vectors
    common = texts.mean(axis=0)
    has_tokens = (np.diff(shares.indptr) > 0)[:, None]
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_enough = mean_cosine(texts - has_tokens * (middle * common)) <= most
        low, high = (low, middle) if is_enough else (middle, high)
    return np.asarray(vectors - np.float32(high) * common, dtype=np.float32)


def static_encoder(vectors: npt.NDArray[np.int8], like: Any) -> Any:  # noqa: ANN401 - model2vec has no types here
    """Return a model2vec StaticModel with these token vectors and the tokenizer of another."""
    from model2vec import StaticModel

    return StaticModel(vectors, like.tokenizer, normalize=like.normalize)


def _token_vectors(encoder: Any) -> npt.NDArray[np.float32]:  # noqa: ANN401 - checked here
    from model2vec import StaticModel

    if not isinstance(encoder, StaticModel):
        came = f"got a {type(encoder).__name__}"
        todo = "Start from resolve_encoder('default')."
        raise InputError(problem("encoder", came, "a model2vec StaticModel", todo))
    vectors = np.asarray(encoder.embedding, dtype=np.float32)
    if encoder.token_mapping is not None:
        vectors = vectors[encoder.token_mapping]
    if encoder.weights is not None:
        vectors = vectors * np.asarray(encoder.weights, dtype=np.float32)[:, None]
    return vectors


def _tokenized(encoder: Any, headlines: Sequence[str]) -> list[list[int]]:  # noqa: ANN401 - as above
    tokens: list[list[int]] = encoder.tokenize(list(headlines))
    return tokens


def _newest(days: npt.NDArray[np.datetime64], share: float) -> npt.NDArray[np.bool_]:
    """Mark about this share of the dated events, from one day on."""
    dated = np.sort(days[~np.isnat(days)])
    if not len(dated):
        return np.zeros(len(days), dtype=bool)
    first = dated[int(len(dated) * (1 - share))]
    newest: npt.NDArray[np.bool_] = days >= first
    return newest


def _check_enough(pairs: Pairs, n_events: int) -> None:
    if len(pairs) < LEAST_PAIRS:
        came = (
            f"got {n_events} events with {len(pairs)} pairs that share a rare tag or a story "
            f"within {WINDOW_DAYS} days, the held-out events not counted"
        )
        todo = "Keep the encoder that you have, or come back when the archive has grown."
        raise InputError(problem("archive", came, f"{LEAST_PAIRS} pairs or more", todo))


def _rarest_label(
    tags: Sequence[Sequence[str]], stories: Sequence[Sequence[str]] | None, truth: Pairs
) -> dict[int, tuple[str, str]]:
    """Return, for events with a partner to find, the rarest label that another of them has."""
    rows = truth.events().tolist()
    labels: dict[int, list[tuple[str, str]]] = {
        row: [("tag", tag) for tag in tags[row]] for row in rows
    }
    if stories is not None:
        for row in rows:
            labels[row] += [("story", name) for name in stories[row]]
    count: dict[tuple[str, str], int] = {}
    for row in rows:
        for label in labels[row]:
            count[label] = count.get(label, 0) + 1
    step = 1 + (len(rows) - 1) // _MOST_QUERIES if rows else 1  # evenly over the held-out time
    return {
        row: min((label for label in labels[row] if count[label] > 1), key=lambda x: (count[x], x))
        for row in rows[::step]
    }


def _pair_ndcg(
    shares: sparse.csr_matrix,
    vectors: npt.NDArray[np.float32],
    truth: Pairs,
    is_candidate: npt.NDArray[np.bool_],
    queries: Iterable[int],
) -> dict[int, float]:
    """Return nDCG@10 of some events' lists among the candidates, ranked by cosine."""
    candidates = np.flatnonzero(is_candidate)
    unit = shares[candidates] @ vectors
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), _TINY)
    place = np.full(len(is_candidate), -1)
    place[candidates] = np.arange(len(candidates))
    partners: dict[int, set[int]] = {}
    for left, right in zip(truth.left.tolist(), truth.right.tolist(), strict=True):
        partners.setdefault(left, set()).add(int(place[right]))
        partners.setdefault(right, set()).add(int(place[left]))
    discount = 1 / np.log2(np.arange(2, _LIST_LENGTH + 2))
    figures = {}
    for row in queries:
        cosines = unit @ unit[place[row]]
        cosines[place[row]] = -np.inf
        # Equal cosines go by row number, in both encoders' lists.
        best = np.argsort(-cosines, kind="stable")[: min(_LIST_LENGTH, len(candidates) - 1)]
        hits = np.array([int(other) in partners[row] for other in best])
        ideal = discount[: min(_LIST_LENGTH, len(partners[row]))].sum()
        figures[row] = float((hits * discount[: len(hits)]).sum() / ideal)
    return figures


def _label_means(
    figures: dict[int, float], label_of: dict[int, tuple[str, str]]
) -> npt.NDArray[np.float64]:
    groups: dict[tuple[str, str], list[float]] = {}
    for row, figure in figures.items():
        groups.setdefault(label_of[row], []).append(figure)
    return np.array([np.mean(groups[label]) for label in sorted(groups)])


def _reason(gain: float, low: float, high: float) -> str:
    interval = f"99 % confidence interval {low:+.4f} to {high:+.4f}"
    evidence = f"{gain:+.4f} nDCG@10 on the held-out events ({interval})"
    if low > 0:
        return f"The new encoder is better: {evidence}."
    if high < 0:
        return f"The old encoder is kept, because the new one is worse: {evidence}."
    return f"The old encoder is kept, because a gain is not certain: {evidence}."
