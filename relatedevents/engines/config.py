"""Config: the numbers that say how an engine works; they change no exact list."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EngineConfig:
    """How engines work, measured to be fast on archives from hundreds to a million events.

    Attributes
    ----------
    small : int
        Archives of fewer rows are searched query by query, and with no approximation.
    least_share : int
        All pairs at once pay where a row keeps at most one in so many of its candidates.
    strip : int
        Rows of a block that are scored at once, so that they stay in the processor's cache.
    crowd : float
        Where more than this share of pairs passes the bound, whole dot products cost less.
    scan_queries, scan_block : int
        Queries, and candidates, that a scan works on at once.
    scan_beside : int
        How many candidates on each side of a query a scan looks at first.
    few_queries : int
        So few queries are scanned with the candidates' postings, which are then kept.
    longest : int
        Longer lists are never approximate.
    width_per_root : float
        Rows of a block in time, each scored with all of its own block and of those on both sides
        (a power of two near it), by the root of the number of rows, lest recall falls.
    near_per_root : float
        How many events the clusters around a query hold at least, by the same root.
    n_directions : int
        Along how many main directions vectors are compared within clusters.
    tag_reach, word_reach : int
        Tags and words that more events have are not followed beyond the blocks.
    n_sharing, n_near : int
        How many of those that share a tag or word, and of the clusters', are scored.
    dense_margin, sparse_margin, more_margin : float
        Of the most that vectors, or tags and words, can add to what is known of a candidate, the
        share that has to lift it into the list.
    n_neighbours, n_listed : int
        How many of a list are its neighbours, and of how many lists that hold a row are told.
    """

    small: int = 4096
    least_share: int = 8
    strip: int = 256
    crowd: float = 0.08
    scan_queries: int = 128
    scan_block: int = 1024
    scan_beside: int = 128
    few_queries: int = 8
    longest: int = 200
    width_per_root: float = 2.0
    near_per_root: float = 3.0
    n_directions: int = 128
    tag_reach: int = 1200
    word_reach: int = 300
    n_sharing: int = 20
    n_near: int = 48
    dense_margin: float = 0.7
    sparse_margin: float = 0.6
    more_margin: float = 0.3
    n_neighbours: int = 12
    n_listed: int = 20


#: What engines take where they are given no other.
DEFAULTS = EngineConfig()
