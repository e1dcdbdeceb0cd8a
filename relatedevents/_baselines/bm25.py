"""BM25 of the headlines' words, by way of bm25s (the extra "baselines")."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from relatedevents._baselines.rows import EXCLUDED, Rows, Scorer, Scores
from relatedevents._util.checks import require

PURPOSE = "the baseline 'bm25'"
#: Saturation of repeated words, and how much a long headline is held back.
K1, B = 1.5, 0.75

# bm25s adds in float32; digits beyond these are noise that must not order equal headlines.
_DECIMALS = 5


def bm25_scorer(headlines: Sequence[str]) -> Scorer:
    """Return a scorer that asks with a headline's own words, as a search engine's more-like-this.

    score(q, c) = sum over q's words of ln(1 + (N - df + 0.5) / (df + 0.5))
    x tf / (tf + k1 (1 - b + b length(c) / mean length)), k1 = 1.5 and b = 0.75: the Okapi BM25
    of Robertson and others (1994) in Lucene's variant, whose idf is never negative. Words are
    those of scikit-learn's `CountVectorizer` without its English stop words; a word that stands
    twice in q counts twice.

    Parameters
    ----------
    headlines : sequence of str
        One a row.

    Returns
    -------
    callable
        Rows of queries -> float64 scores, shape (n_queries, n_events), `EXCLUDED` where no word is
        shared.

    Raises
    ------
    MissingExtraError
        If bm25s is not installed.

    Examples
    --------
    >>> scorer = bm25_scorer(["Army retakes town", "Army leaves the town", "Rain"])
    >>> scorer(np.array([0])).round(3).tolist()
    [[0.681, 0.333, -inf]]
    """
    words_of_row, vocabulary = _numbered_words(headlines)
    n_events = len(headlines)
    if not vocabulary:
        return lambda queries: np.full((len(queries), n_events), EXCLUDED)

    engine = require("bm25s", PURPOSE).BM25(k1=K1, b=B, method="lucene")
    engine.index((words_of_row, vocabulary), show_progress=False)

    def score(queries: Rows) -> Scores:
        scores = np.full((len(queries), n_events), EXCLUDED)
        for line, row in enumerate(queries.tolist()):
            if words_of_row[row]:
                of_row = np.asarray(engine.get_scores_from_ids(words_of_row[row]), dtype=np.float64)
                matched = of_row > 0.0
                scores[line, matched] = of_row[matched].round(_DECIMALS)
        return scores

    return score


def _numbered_words(headlines: Sequence[str]) -> tuple[list[list[int]], dict[str, int]]:
    """Return the words of each headline as numbers, doubles kept, and {word: number}."""
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(stop_words="english")
    analyse = counter.build_analyzer()
    words = [analyse(headline) for headline in headlines]
    # Sorted here: bm25s would number words in the order of a set, which changes from run to run.
    vocabulary = {word: number for number, word in enumerate(sorted(set().union(*words)))}
    return [sorted(vocabulary[word] for word in one) for one in words], vocabulary
