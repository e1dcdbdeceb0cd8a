"""Teach token vectors with pairs of texts: the loss, its gradient, and the steps.

A text's vector is the mean of its tokens' vectors brought to unit length. Each text of a pair
must find the other among all texts of its batch (the InfoNCE loss of van den Oord and others,
2018, both ways). The gradient is written out by hand; a batch touches only its own tokens' rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from relatedevents._util.checks import check_count, check_number
from relatedevents.learning.pairs import Pairs, drawing_chances, partner_matrix

_TINY = 1e-8
_MOMENTUM = 0.9
_VARIANCE_MEMORY = 0.99


@dataclass(frozen=True)
class Lesson:
    """How to teach.

    Attributes
    ----------
    rounds : int
        How often `pairs_a_round` pairs are drawn.
    pairs_a_round : int
    batch : int
        Pairs in a batch: each text is set against this many others.
    temperature : float
        Cosines are divided by it; smaller looks harder at the most alike.
    learning_rate : float
        Of the first step of each token's own vector, in units of a mean token vector's length; it
        falls to 0 in a line.
    map_rate : float
        The same for one linear map of all vectors together, 0 for none. Tokens that no pair
        holds, such as names yet to come, move by it with the others.
    dropout : float
        The share of tokens that a text loses each time it is seen, from 0 up to below 1.
    seed : int
        Of everything random.
    """

    rounds: int = 3
    pairs_a_round: int = 60_000
    batch: int = 512
    temperature: float = 0.04
    learning_rate: float = 0.001
    map_rate: float = 0.001
    dropout: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every number."""
        for name in ("rounds", "pairs_a_round"):
            check_count(name, getattr(self, name))
        check_count("batch", self.batch, 2)
        check_count("seed", self.seed, 0)
        check_number("temperature", self.temperature, 0, above=True)
        check_number("learning_rate", self.learning_rate, 0, above=True)
        check_number("map_rate", self.map_rate, 0)
        check_number("dropout", self.dropout, 0, 0.99)


def contrastive_step(
    vectors: npt.NDArray[np.floating],
    left: sparse.csr_matrix,
    right: sparse.csr_matrix,
    alike: npt.NDArray[np.bool_],
    temperature: float,
) -> tuple[float, npt.NDArray[np.floating]]:
    """Return the loss of one batch and its gradient with respect to the token vectors.

    With unit vectors u of the left and v of the right texts and S = u v' / temperature, the loss
    is the mean over i of -log softmax(S[i])[i] and -log softmax(S'[i])[i], halved.

    Parameters
    ----------
    vectors : ndarray of float, shape (n_tokens, d)
    left, right : scipy.sparse.csr_matrix, shape (n_pairs, n_tokens)
        Row i of `left` and of `right` are the two texts of pair i: the share of each token.
    alike : ndarray of bool, shape (n_pairs, n_pairs)
        True at (i, j) where left i and right j must not count as unlike; False on the diagonal.
    temperature : float

    Returns
    -------
    loss : float
    gradient : ndarray of float, shape (n_tokens, d)
    """
    u, length_u = _unit(left @ vectors)
    v, length_v = _unit(right @ vectors)
    n_pairs = len(u)
    own = np.arange(n_pairs)
    logits = (u @ v.T) / temperature
    logits[alike] = -np.inf
    pair_logits = logits[own, own]
    # A cosine is at most 1, so this keeps every exponential at or below 1.
    weight = np.exp(logits - 1 / temperature)
    rows = np.maximum(weight.sum(axis=1), np.finfo(weight.dtype).tiny)
    columns = np.maximum(weight.sum(axis=0), np.finfo(weight.dtype).tiny)
    loss = (0.5 * (np.log(rows) + np.log(columns)) + 1 / temperature - pair_logits).mean()
    pull = weight * (1 / rows[:, None] + 1 / columns[None, :])
    pull[own, own] -= 2
    pull /= 2 * n_pairs * temperature
    to_u, to_v = pull @ v, pull.T @ u
    gradient = left.T @ _through_length(to_u, u, length_u)
    gradient += right.T @ _through_length(to_v, v, length_v)
    return float(loss), gradient


def teach_vectors(
    vectors: npt.NDArray[np.float32],
    texts: sparse.csr_matrix,
    pairs: Pairs,
    lesson: Lesson,
    *,
    after_round: Callable[[int, float, npt.NDArray[np.float32]], object] | None = None,
    on_step: Callable[[int, int], object] | None = None,
) -> npt.NDArray[np.float32]:
    """Return token vectors taught with pairs of texts; the given ones stay as they are.

    The same input and seed give the same vectors on one machine: one thread does it all.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n_tokens, d)
        Where to start. Their mean length should be about 1 (see `Lesson.learning_rate`).
    texts : scipy.sparse.csr_matrix of float32, shape (n_events, n_tokens)
        The share of each token in each text; see `token_shares`.
    pairs : Pairs
        Rows of `texts` that belong together; at least one.
    lesson : Lesson
    after_round : callable, optional
        Called with the round's number, its mean loss and the vectors so far.
    on_step : callable, optional
        Called with how many steps are done, and how many there are.

    Returns
    -------
    ndarray of float32, shape (n_tokens, d)
    """
    from threadpoolctl import threadpool_limits

    random = np.random.default_rng(lesson.seed)
    moves = np.zeros_like(vectors)
    common = np.eye(vectors.shape[1], dtype=vectors.dtype)
    partners = partner_matrix(pairs)
    edges = np.cumsum(drawing_chances(pairs))
    own_steps, common_steps = _RowAdam(moves), _RowAdam(common)
    every = np.arange(len(common))
    batch = min(lesson.batch, len(pairs))
    steps = max(1, lesson.pairs_a_round // batch)
    with threadpool_limits(1):
        for round_number in range(lesson.rounds):
            losses = []
            for step in range(steps):
                left, right = _drawn(pairs, edges, batch, random)
                alike = partners[left][:, right].toarray() > 0
                np.fill_diagonal(alike, val=False)
                used, some_left, some_right = _own_tokens(
                    _thinned(texts[left], lesson.dropout, random),
                    _thinned(texts[right], lesson.dropout, random),
                )
                start = vectors[used]
                loss, gradient = contrastive_step(
                    start @ common + moves[used], some_left, some_right, alike, lesson.temperature
                )
                losses.append(loss)
                left_over = 1 - (round_number * steps + step) / (lesson.rounds * steps)
                if lesson.map_rate > 0:
                    common_steps.step(every, start.T @ gradient, lesson.map_rate * left_over)
                own_steps.step(used, gradient, lesson.learning_rate * left_over)
                if on_step is not None:
                    on_step(round_number * steps + step + 1, lesson.rounds * steps)
            if after_round is not None:
                after_round(round_number, float(np.mean(losses)), vectors @ common + moves)
        return np.asarray(vectors @ common + moves)


def token_shares(token_lists: list[list[int]], n_tokens: int) -> sparse.csr_matrix:
    """Return each text as the shares of its tokens, so that a product gives mean vectors.

    Returns
    -------
    scipy.sparse.csr_matrix of float32, shape (n_texts, n_tokens)
        Each row sums to 1, or is empty where a text has no token.

    Examples
    --------
    >>> token_shares([[2, 0], [], [1]], 3).toarray().tolist()
    [[0.5, 0.0, 0.5], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    counts = np.array([len(tokens) for tokens in token_lists], dtype=np.int64)
    columns = np.array([token for tokens in token_lists for token in tokens], dtype=np.int64)
    shares = np.repeat(1 / np.maximum(counts, 1), counts).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(counts)])
    # Doubles stay apart, so that dropout takes single tokens.
    return sparse.csr_matrix((shares, columns, starts), shape=(len(token_lists), n_tokens))


class _RowAdam:
    """Adam (Kingma and Ba, 2015) that moves only the rows a batch used, counting each row's uses.

    A token that is seldom seen would otherwise go on moving on its old momentum.
    """

    def __init__(self, vectors: npt.NDArray[np.float32]) -> None:
        self.vectors = vectors
        self.mean = np.zeros_like(vectors)
        self.square = np.zeros_like(vectors)
        self.uses = np.zeros((len(vectors), 1), dtype=np.int64)

    def step(
        self, rows: npt.NDArray[np.int64], gradient: npt.NDArray[np.floating], rate: float
    ) -> None:
        self.uses[rows] += 1
        uses = self.uses[rows]
        mean = _MOMENTUM * self.mean[rows] + (1 - _MOMENTUM) * gradient
        square = _VARIANCE_MEMORY * self.square[rows] + (1 - _VARIANCE_MEMORY) * gradient**2
        self.mean[rows], self.square[rows] = mean, square
        unbiased = mean / (1 - _MOMENTUM**uses)
        size = np.sqrt(square / (1 - _VARIANCE_MEMORY**uses)) + _TINY
        self.vectors[rows] -= (rate * unbiased / size).astype(self.vectors.dtype)


def _unit(rows: npt.NDArray[np.floating]) -> tuple[Any, Any]:
    lengths = np.maximum(np.sqrt((rows * rows).sum(axis=1, keepdims=True)), _TINY)
    return rows / lengths, lengths


def _through_length(gradient: Any, unit: Any, lengths: Any) -> Any:  # noqa: ANN401 - float arrays
    """Bring a gradient from unit vectors back to the vectors before they were brought there."""
    return (gradient - (gradient * unit).sum(axis=1, keepdims=True) * unit) / lengths


def _drawn(
    pairs: Pairs, edges: npt.NDArray[np.float64], batch: int, random: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Draw pairs by their chances, doubles removed, each pair's sides in random order."""
    places = np.searchsorted(edges, random.random(batch) * edges[-1], side="right")
    drawn = np.unique(np.minimum(places, len(pairs) - 1))
    swapped = random.random(len(drawn)) < 0.5
    left, right = pairs.left[drawn], pairs.right[drawn]
    return np.where(swapped, right, left), np.where(swapped, left, right)


def _thinned(
    texts: sparse.csr_matrix, dropout: float, random: np.random.Generator
) -> sparse.csr_matrix:
    kept = random.random(texts.nnz) >= dropout
    data = (texts.data * kept).astype(texts.data.dtype)
    return sparse.csr_matrix((data, texts.indices, texts.indptr), shape=texts.shape)


def _own_tokens(
    left: sparse.csr_matrix, right: sparse.csr_matrix
) -> tuple[npt.NDArray[np.int64], sparse.csr_matrix, sparse.csr_matrix]:
    """Return the tokens that the batch uses, and both sides over these tokens alone."""
    is_used = np.zeros(left.shape[1], dtype=bool)
    is_used[left.indices[left.data != 0]] = True
    is_used[right.indices[right.data != 0]] = True
    used = np.flatnonzero(is_used)
    place = np.zeros(left.shape[1], dtype=np.int64)
    place[used] = np.arange(len(used))
    return used, _over(left, place, len(used)), _over(right, place, len(used))


def _over(texts: sparse.csr_matrix, place: npt.NDArray[np.int64], width: int) -> sparse.csr_matrix:
    texts.eliminate_zeros()
    return sparse.csr_matrix(
        (texts.data, place[texts.indices], texts.indptr), shape=(texts.shape[0], width)
    )
