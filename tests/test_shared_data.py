"""The acceptance figures on the real archive: the hand-made rule comes back, lists hold together.

Nothing here reads a sentence: events go by their ids, and the encoder looks only at hashes.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from relatedevents import RelatedEvents, Weights
from relatedevents.engines.exact import ExactEngine

SHARED = Path(__file__).parents[2] / "shared" / "data"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.exists(), reason="needs the real archive in ../shared/data"),
]


class HashedWords:
    """A fast stand-in: each word adds 1 or -1 to one of 32 places, by its checksum."""

    def encode(self, texts):
        vectors = np.zeros((len(texts), 32), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.casefold().split():
                code = zlib.crc32(word.encode())
                vectors[row, code % 32] += 1.0 if code & 32 else -1.0
        return vectors


@pytest.fixture(scope="module")
def frame():
    return pd.read_parquet(SHARED / "events.parquet")


@pytest.fixture(scope="module")
def model(frame):
    return RelatedEvents(encoder=HashedWords()).fit(frame)


@pytest.fixture
def rule(model):
    model.set_params(weights=Weights.shared_tags())
    yield model
    model.set_params(weights=Weights())


def common(left, right):
    """How many characters two slugs share from their beginning."""
    return next(
        (at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
        min(len(left), len(right)),
    )


def id_of_page(path, ids_of_day):
    """The event of a page path YYYY/MM/DD/slug: that of its day with the longest common slug."""
    year, month, day, slug = path.split("/")
    ids = ids_of_day[f"{year}-{month}-{int(day):02}"]
    return max(ids, key=lambda id_: common(id_.partition("/")[2], slug))


def test_the_mali_page_s_ten_come_back(frame, rule):
    text = (SHARED / "pages" / "2012-10-12-mali-resolution.md").read_text(encoding="utf-8")
    ids_of_day = frame.groupby("date")["id"].agg(list)
    paths = re.findall(r"\(/news/(\d{4}/\d\d/\d\d?/[^)]+)\.md\)", text)
    paths = [path for path in paths if not path.endswith("/index")]
    ten = [id_of_page(path, ids_of_day) for path in paths]
    assert len(ten) == len(set(ten)) == 10
    title = re.search(r"^# (.*)$", text, re.MULTILINE)[1]
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower())
    query = id_of_page(f"2012/10/12/{slug}", ids_of_day)
    newest = max(id_[:10] for id_ in ten)
    found = rule.related(query, 10, as_of=newest)
    assert len(set(found["related_id"]) & set(ten)) >= 8
    assert found["shared_tags"].map(len).min() >= 1


def ndcg(ranked, relevant, k=10):
    """nDCG with gains of 0 and 1, from its definition."""
    gain = sum(1 / math.log2(at + 2) for at, id_ in enumerate(ranked[:k]) if id_ in relevant)
    return gain / sum(1 / math.log2(at + 2) for at in range(min(k, len(relevant))))


def test_the_site_s_own_lists_come_back(rule):
    lines = (SHARED / "links_dev.jsonl").read_text(encoding="utf-8").splitlines()
    pages = {page["id"]: page for page in map(json.loads, lines)}
    assert len(pages) == 95
    as_of = {id_: page["as_of"] for id_, page in pages.items()}
    table = rule.related_many(pages, 10, as_of=as_of)
    assert (table["related_id"].str[:10] <= table["id"].map(as_of)).all()
    ranked = table.groupby("id")["related_id"].agg(list)
    scores = [
        ndcg(ranked.get(id_, []), {one["id"] for one in page["related"]})
        for id_, page in pages.items()
    ]
    assert sum(scores) / len(scores) >= 0.81


def test_all_lists_of_the_archive_hold_together(model, monkeypatch):
    seen = []
    whole = ExactEngine.best_of_all

    def best_of_all(self, *args, **kwargs):
        seen.append(whole(self, *args, **kwargs))
        return seen[-1]

    monkeypatch.setattr(ExactEngine, "best_of_all", best_of_all)
    table = model.related_all(5)
    n = len(model.archive_)
    assert len(table) == 5 * n
    assert table["id"].iloc[::5].tolist() == model.archive_["id"].tolist()
    assert (table["id"] != table["related_id"]).all()
    assert not table.duplicated(["id", "related_id"]).any()
    # Few rows need a second look, and those that had one agree with a list asked for alone.
    assert seen[0].rechecked < 0.05 * n
    some = np.random.default_rng(1).choice(model.archive_["id"], 150, replace=False).tolist()
    alone = model.related_many(some, 5)
    together = table.set_index("id").loc[some].reset_index()[alone.columns]
    pd.testing.assert_frame_equal(alone, together, check_exact=True)
    scores = alone["score"].round(6).to_numpy().reshape(-1, 5)
    assert (np.diff(scores, axis=1) <= 0).all()


def test_every_list_of_one_event_against_all_scores(model):
    """A list is the head of all exact scores, sorted: nothing better was left out."""
    from relatedevents.signals.score import add_parts, pair_parts

    index = model.index_.reordered(model.weights)
    rows = np.arange(len(index))
    for row in np.random.default_rng(2).choice(rows, 15, replace=False):
        parts = pair_parts(
            index.features, np.full(len(rows), row), index.features, rows, model.weights
        )
        scores = np.round(add_parts(parts), 6)
        scores[row] = -1.0
        best = np.lexsort((rows, -scores))[:30]
        found = model.related(index.id_of_row[row], 30)
        at = index.ids.rows_of(found["related_id"], "id")
        assert at.tolist() == best.tolist()
        assert found["score"].to_numpy() == pytest.approx(scores[at], abs=1e-6)
        short = model.related(index.id_of_row[row], 10)["related_id"]
        assert short.tolist() == found["related_id"].tolist()[:10]
