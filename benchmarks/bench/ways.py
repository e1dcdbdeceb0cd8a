"""The ways themselves: each is built from the inputs, then asked for lists of places.

Heavy packages are imported where they are used, so that no way pays for another one's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from scipy import sparse

N = 10
BLOCK = 1024


class Inputs:
    """What lies in a prepared folder, read when a way needs it; cut to the first events if told."""

    def __init__(self, folder: Path, most: int | None = None) -> None:
        self.folder, self.most = folder, most

    def vectors(self) -> np.ndarray:
        return np.load(self.folder / "vectors.npy")[: self.most]

    def archive(self) -> pd.DataFrame:
        from relatedevents import read_events

        archive = read_events(self.folder / "events.parquet")
        return archive if self.most is None else archive.iloc[: self.most]

    def headlines(self) -> list[str]:
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(self.folder / "events.parquet", columns=["headline"])
        return table["headline"].to_pylist()[: self.most]

    def tags(self) -> sparse.csr_matrix:
        from scipy import sparse

        return sparse.load_npz(self.folder / "tags.npz")[: self.most]


def without_own(found: np.ndarray, rows: np.ndarray, n: int = N) -> np.ndarray:
    """Return the first n of each list, the query itself taken out; -1 where a list is shorter.

    Parameters
    ----------
    found : numpy.ndarray of int, shape (n_queries, n + 1)
        Places, best first, -1 where there is none.
    rows : numpy.ndarray of int, shape (n_queries,)
        The place of each query.
    """
    found = np.where(found == rows[:, None], -1, found)
    order = np.argsort(found < 0, axis=1, kind="stable")[:, :n]
    return np.take_along_axis(found, order, axis=1)


class Way:
    """Built from `Inputs`, then asked; `phases` tells seconds of steps within the last search."""

    warm_up = 500

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.phases: dict[str, float] = {}

    def load(self, inputs: Inputs) -> None:
        """Read what is given to every way of this kind; not timed."""
        self.vectors = inputs.vectors()

    def build(self) -> None:
        """Make the index; timed."""

    def search(self, rows: np.ndarray, setting: int) -> np.ndarray | None:
        """Return the lists of some places; timed."""
        raise NotImplementedError


class Floor(Way):
    """All products, a block of rows at a time, and nothing made of them."""

    def search(self, rows: np.ndarray, setting: int) -> None:
        out = np.empty((BLOCK, len(self.vectors)), dtype=np.float32)
        for start in range(0, len(rows), BLOCK):
            block = self.vectors[rows[start : start + BLOCK]]
            np.dot(block, self.vectors.T, out=out[: len(block)])


class FaissFlat(Way):
    """faiss, every pair."""

    def build(self) -> None:
        import faiss

        faiss.omp_set_num_threads(self.threads)
        self.index = faiss.IndexFlatIP(self.vectors.shape[1])
        self.index.add(self.vectors)

    def search(self, rows: np.ndarray, setting: int) -> np.ndarray:
        return without_own(self.index.search(self.vectors[rows], N + 1)[1], rows)


class FaissHnsw(FaissFlat):
    """faiss, a graph of neighbours."""

    def build(self) -> None:
        import faiss

        faiss.omp_set_num_threads(self.threads)
        links = 32
        metric = faiss.METRIC_INNER_PRODUCT
        self.index = faiss.IndexHNSWFlat(self.vectors.shape[1], links, metric)
        self.index.add(self.vectors)

    def search(self, rows: np.ndarray, setting: int) -> np.ndarray:
        self.index.hnsw.efSearch = setting
        return super().search(rows, setting)


class SemanticSearch(Way):
    """sentence-transformers' own search."""

    def build(self) -> None:
        import torch

        torch.set_num_threads(self.threads)
        self.corpus = torch.from_numpy(self.vectors)

    def search(self, rows: np.ndarray, setting: int) -> np.ndarray:
        from sentence_transformers.util import dot_score, semantic_search

        # Its documentation asks for dot_score where vectors are of unit length: it is faster.
        found = semantic_search(
            self.corpus[rows], self.corpus, top_k=N + 1, score_function=dot_score
        )
        places = np.array([[hit["corpus_id"] for hit in hits] for hits in found])
        return without_own(places, rows)


class NeighborsCosine(Way):
    """scikit-learn, every pair."""

    metric = "cosine"

    def build(self) -> None:
        from sklearn.neighbors import NearestNeighbors

        self.neighbors = NearestNeighbors(
            n_neighbors=N + 1, algorithm="brute", metric=self.metric, n_jobs=self.threads
        ).fit(self.vectors)

    def search(self, rows: np.ndarray, setting: int) -> np.ndarray:
        found = self.neighbors.kneighbors(self.vectors[rows], return_distance=False)
        return without_own(found, rows)


class NeighborsEuclidean(NeighborsCosine):
    """The same order for vectors of unit length, by a kernel made for it."""

    metric = "euclidean"


class Bm25(Way):
    """bm25s: each headline asks for the headlines that share its words."""

    def load(self, inputs: Inputs) -> None:
        self.headlines = inputs.headlines()

    def build(self) -> None:
        import bm25s

        self.tokens = bm25s.tokenize(self.headlines, stopwords="en", show_progress=False)
        self.index = bm25s.BM25(backend="numba")
        self.index.index(self.tokens, show_progress=False)

    def search(self, rows: np.ndarray, setting: int) -> np.ndarray:
        words = self.tokens.ids
        # Under the backend numba it asks for the words' numbers and the vocabulary as a pair.
        queries = ([words[row] for row in rows], self.tokens.vocab)
        found = self.index.retrieve(
            queries, k=N + 1, n_threads=self.threads, show_progress=False, return_as="documents"
        )
        return without_own(np.asarray(found), rows)


class SparseTags(Way):
    """sparse-dot-topn on the tags alone."""

    def load(self, inputs: Inputs) -> None:
        self.tags = inputs.tags()

    def build(self) -> None:
        self.columns = self.tags.T.tocsr()

    def search(self, rows: np.ndarray, setting: int) -> np.ndarray:
        from sparse_dot_topn import sp_matmul_topn

        best = sp_matmul_topn(
            self.tags[rows], self.columns, top_n=N + 1, sort=True, n_threads=self.threads
        )
        counts = np.diff(best.indptr)
        found = np.full((len(rows), N + 1), -1, dtype=np.int64)
        found[np.arange(N + 1) < counts[:, None]] = best.indices
        return without_own(found, rows)


class Known:
    """An encoder that knows the vectors of some headlines."""

    def __init__(self, headlines: list[str], vectors: np.ndarray) -> None:
        self._row = {headline: row for row, headline in enumerate(headlines)}
        self._vectors = vectors

    def encode(self, texts: list[str]) -> np.ndarray:
        return self._vectors[[self._row[text] for text in texts]]


class Exact(Way):
    """The package itself; the vectors are given to it too."""

    engine = "exact"
    # From 4,097 events on the engines work in the way that large archives need.
    warm_up = 5_000

    def load(self, inputs: Inputs) -> None:
        self.archive = inputs.archive()
        self.encoder = Known(self.archive["headline"].tolist(), inputs.vectors())

    def build(self) -> None:
        from relatedevents import RelatedEvents

        self.model = RelatedEvents(
            encoder=self.encoder, engine=self.engine, n_related=N, n_threads=self.threads
        ).fit(self.archive)

    def search(self, rows: np.ndarray, setting: int) -> np.ndarray:
        from relatedevents.retrieval.pipeline import Pipeline

        # From nothing again: what is cached of an earlier search would be a gift.
        self.model._fitted.lists = None
        started = time.perf_counter()
        with timed_calls(Pipeline, "candidates") as searches:
            self.model.related_all()
        whole = time.perf_counter() - started
        self.phases = {"engine": sum(searches), "tables": whole - sum(searches)}
        index, found = self.model.index_, self.model._fitted.lists.rows
        row_of = np.argsort(index.order)[rows]
        # The event after the last stands for the -1 of a list that is shorter.
        return np.append(index.order, -1)[found[row_of]]


class Approximate(Exact):
    """The package itself, from candidates."""

    engine = "approximate"


class timed_calls:  # noqa: N801 - used like a function
    """Within it, calls of some functions of an owner are timed; their seconds are listed."""

    def __init__(self, owner: object, *names: str) -> None:
        self.owner, self.real = owner, {name: getattr(owner, name) for name in names}

    def __enter__(self) -> list[float]:
        seconds: list[float] = []

        def timed(work: Callable[..., object]) -> Callable[..., object]:
            def call(*arguments: object, **keywords: object) -> object:
                started = time.perf_counter()
                try:
                    return work(*arguments, **keywords)
                finally:
                    seconds.append(time.perf_counter() - started)

            return call

        for name, work in self.real.items():
            setattr(self.owner, name, timed(work))
        return seconds

    def __exit__(self, *error: object) -> None:
        for name, work in self.real.items():
            setattr(self.owner, name, work)
