"""Lists: the long table, the basis, pins and removals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from toy import COLUMNS

from relatedevents.engines.base import Best
from relatedevents.retrieval.filters import Choice
from relatedevents.retrieval.pairs import Pairs, join, without
from relatedevents.retrieval.table import basis_of, long_table
from relatedevents.weights import SIGNALS

NOBODY = np.zeros(0, dtype=np.int64)


def pairs_of(*rows):
    """Pairs from (query, candidate, score) triples."""
    return Pairs(
        np.array([q for q, *_ in rows], dtype=np.int64),
        np.array([c for _, c, _ in rows], dtype=np.int64),
        np.array([score for *_, score in rows], dtype=float),
        np.zeros(len(rows), dtype=bool),
    )


@pytest.mark.parametrize("code", range(2 ** len(SIGNALS)))
def test_basis_names_what_had_evidence(code):
    there = [bool(code >> bit & 1) for bit in range(len(SIGNALS))]
    parts = np.array([there], dtype=float)
    told = "+".join(name for name, yes in zip(SIGNALS, there, strict=True) if yes) or "none"
    assert basis_of(parts, np.array([False])).tolist() == [told]
    assert basis_of(parts, np.array([True])).tolist() == ["pin+" + told]


@pytest.mark.parametrize(("part", "told"), [(4.9e-7, "none"), (5.1e-7, "time"), (1e-300, "none")])
def test_what_rounds_to_nothing_is_no_evidence(part, told):
    parts = np.zeros((1, len(SIGNALS)))
    parts[0, SIGNALS.index("time")] = part
    assert basis_of(parts, np.array([False])).tolist() == [told]


def test_best_to_pairs_leaves_unused_places_out():
    rows = np.array([[3, 1], [-1, -1], [2, -1]])
    pairs = Pairs.of(Best(rows, np.zeros((3, 2))))
    assert pairs.queries.tolist() == [0, 0, 2]
    assert pairs.candidates.tolist() == [3, 1, 2]
    assert pairs.ranks().tolist() == [1, 2, 1]
    assert pairs_of().ranks().tolist() == []


def test_without_takes_out_by_query():
    pairs = pairs_of((0, 1, 0.9), (0, 2, 0.8), (1, 1, 0.7), (1, 2, 0.6))
    choice = Choice(NOBODY, {5: np.array([2])})
    left = without(pairs, np.array([5, 6]), choice)
    assert list(zip(left.queries, left.candidates, strict=True)) == [(0, 1), (1, 1), (1, 2)]
    everywhere = Choice(np.array([1]), {})
    assert without(pairs, np.array([5, 6]), everywhere).candidates.tolist() == [2, 2]


def test_join_puts_the_first_ahead_list_by_list():
    both = join(pairs_of((1, 9, 0.0)), pairs_of((0, 1, 0.9), (1, 2, 0.8)))
    assert both.queries.tolist() == [0, 1, 1]
    assert both.candidates.tolist() == [1, 9, 2]


def test_long_table():
    pairs = pairs_of((0, 1, 0.9), (1, 0, 0.5))
    ids = np.array(["a", "b"], dtype=object)
    parts = np.eye(2, len(SIGNALS))
    table = long_table(pairs, parts, np.array([0.7, 0.2]), ids, ids, [["Mali"], []])
    assert tuple(table.columns) == COLUMNS
    assert table["related_id"].tolist() == ["b", "a"]
    assert table["score"].tolist() == [0.9, 0.5]
    assert table["probability"].tolist() == [0.7, 0.2]
    assert table["topic"].tolist() == [0.0, 1.0]
    assert table["shared_tags"].tolist() == [["Mali"], []]
    assert all(table[name].dtype == np.float64 for name in ("score", "probability", *SIGNALS))
    # A text that stands in many lists is held once: a column costs a pointer a link.
    texts = table[["id", "related_id", "basis"]]
    assert all(pd.api.types.is_string_dtype(texts[name]) for name in texts)
    assert (texts.memory_usage(index=False) == 8 * len(table)).all()
    empty = long_table(pairs_of(), parts[:0], np.zeros(0), ids, ids, [])
    assert tuple(empty.columns) == COLUMNS
    assert empty["rank"].dtype == np.int64
    assert empty["score"].dtype == np.float64
