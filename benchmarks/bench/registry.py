"""Who is measured: one entry a way of finding related events, losing ones too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec

#: Above so many events what takes time with the square of their number is not run in full.
FULL = 200_000
#: So many events are asked for instead, and the seconds are scaled up.
ASKED = 10_000


@dataclass(frozen=True)
class Peer:
    """One way of finding every event's related events.

    Attributes
    ----------
    name : str
        What the tables call it.
    way : str
        The class in `bench.ways` that runs it.
    kind : {"floor", "semantic", "words", "tags", "hybrid"}
        What its lists go by.
    computes : str
        The same in words.
    module, pip : str
        What it imports, and how to get that; empty for what comes with the package.
    settings : tuple of int
        Values of the one number that trades recall for speed, the usual one first.
    setting : str
        What that number is called.
    steady : bool
        Whether it runs in every round however long it takes, since others are divided by it.
    whole : bool
        Whether it can only be asked for every event at once.
    quadratic : bool
        Whether its time grows with the square of the number of events.
    """

    name: str
    way: str
    kind: str
    computes: str
    module: str = ""
    pip: str = ""
    settings: tuple[int, ...] = (0,)
    setting: str = ""
    steady: bool = False
    whole: bool = False
    quadratic: bool = True

    def called(self, setting: int) -> str:
        """Return the name with a setting that is not the usual one."""
        return f"{self.name}, {self.setting} {setting}" if self.setting else self.name


_SENTENCES = "cosine of the same vectors"

SGEMM = "sgemm, no lists"
FAISS_FLAT = "faiss-cpu IndexFlatIP"
EXACT = "relatedevents, exact"
APPROXIMATE = "relatedevents, approximate"

PEERS: tuple[Peer, ...] = (
    Peer(
        SGEMM, "Floor", "floor", "all products of the same vectors, thrown away; numpy's BLAS",
        steady=True,
    ),
    Peer(
        EXACT, "Exact", "hybrid", "every default signal, explained table included",
        steady=True, whole=True,
    ),
    Peer(
        APPROXIMATE, "Approximate", "hybrid", "the same from candidates, then exact scores",
        "faiss", "faiss-cpu", steady=True, whole=True, quadratic=False,
    ),
    Peer(
        FAISS_FLAT, "FaissFlat", "semantic", _SENTENCES, "faiss", "faiss-cpu", steady=True
    ),
    Peer(
        "faiss-cpu HNSW, M 32", "FaissHnsw", "semantic", _SENTENCES + ", nearly", "faiss",
        "faiss-cpu", settings=(64, 16, 256), setting="efSearch",
    ),
    Peer(
        "sentence-transformers semantic_search", "SemanticSearch", "semantic",
        _SENTENCES + ", dot_score", "sentence_transformers",
        "torch==2.13.0 && pip install sentence-transformers",
    ),
    Peer(
        "scikit-learn NearestNeighbors, brute, cosine", "NeighborsCosine", "semantic", _SENTENCES,
        "sklearn", "scikit-learn",
    ),
    Peer(
        "scikit-learn NearestNeighbors, brute, euclidean", "NeighborsEuclidean", "semantic",
        _SENTENCES + ", by the distance that has a kernel of its own", "sklearn", "scikit-learn",
    ),
    Peer("bm25s", "Bm25", "words", "BM25 of the headlines, numba backend", "bm25s", "bm25s"),
    Peer(
        "sparse-dot-topn", "SparseTags", "tags", "cosine of the idf-weighted tags",
        "sparse_dot_topn", "sparse-dot-topn",
    ),
)  # fmt: skip


def missing(
    peers: Iterable[Peer] = PEERS, found: Callable[[str], object] = find_spec
) -> dict[str, str]:
    """Return {name: how to get it} of the peers whose module is not installed."""
    return {
        peer.name: f"not installed: `pip install {peer.pip}`"
        for peer in peers
        if peer.module and found(peer.module) is None
    }


def left_out(n: int, engines: Iterable[str], peers: Iterable[Peer] = PEERS) -> dict[str, str]:
    """Return {name: why} of the peers that do not run on `n` events with these engines."""
    reasons = {}
    if "approximate" not in engines:
        reasons[APPROXIMATE] = "not run: this version has no engine of that name"
    for peer in peers:
        if n > FULL and peer.whole and peer.quadratic:
            reasons[peer.name] = f"not run on more than {FULL:,} events: it takes too long there"
    return reasons


def asked(peer: Peer, n: int) -> int:
    """Return for how many of `n` events a peer is asked."""
    return min(n, ASKED) if n > FULL and peer.quadratic and not peer.whole else n
