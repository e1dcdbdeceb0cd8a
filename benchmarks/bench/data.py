"""The same data for every peer: some events of an archive, vectors, tags, and what is right.

    python -m bench.data SOURCE SIZE FOLDER THREADS

SOURCE is an archive, or "sample" for the bundled one; SIZE a number or "all". Sizes that the
archive has are its newest events, so that they lie as densely in time as they do there; larger
ones, and every size where only the sample is there, are made by benchmarks/big_archive.py.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from bench.registry import FULL

SEED = 0
SAMPLE = 1_000
N = 10
#: What "all" means where the real archive is not there.
ALL = 69_103


def newest(archive: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return the newest n events in the order of the archive; equal days by id, undated last."""
    ranked = archive[["date", "id"]].sort_values(
        ["date", "id"], ascending=[False, True], na_position="last", kind="stable"
    )
    chosen = np.sort(archive.index.get_indexer(ranked.index[:n]))
    return archive.iloc[chosen].reset_index(drop=True)


def drawn_sample(n: int, some: int = SAMPLE, seed: int = SEED) -> np.ndarray:
    """Return the places, rising, of the events whose lists are compared."""
    return np.sort(np.random.default_rng(seed).choice(n, min(n, some), replace=False))


def events_of(source: str, size: str, keep: Path) -> tuple[pd.DataFrame, str]:
    """Return the events of a size, and what they are in words."""
    from relatedevents import load_sample, read_events

    archive = load_sample() if source == "sample" else read_events(source)
    real = source != "sample"
    n = int(size) if size != "all" else (len(archive) if real else ALL)
    if real and n == len(archive):
        return archive, "every event of the archive"
    if real and n < len(archive):
        return newest(archive, n), "its newest events"
    shape = "the archive" if real else "the bundled sample, the archive not being there"
    path = keep / f"big-{n}{'' if real else '-of-sample'}.parquet"
    if not path.exists():
        from big_archive import big_archive

        keep.mkdir(parents=True, exist_ok=True)
        big_archive(archive, n, SEED).to_parquet(path, index=False)
    return read_events(path), f"invented events in the shape of {shape} (big_archive.py, seed 0)"


def prepare(source: str, size: str, folder: Path, threads: int) -> dict[str, object]:
    """Write events, vectors, tags, the sample and its true lists into a folder."""
    from relatedevents.encoders import encode_headlines, resolve_encoder
    from relatedevents.features.tags import TagSpace

    archive, what = events_of(source, size, folder.parent)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("lists-*.npz"):
        old.unlink()
    archive.to_parquet(folder / "events.parquet", index=False)
    encoder = resolve_encoder("default")
    started = time.perf_counter()
    vectors = encode_headlines(encoder, archive["headline"].tolist())
    encoding = time.perf_counter() - started
    np.save(folder / "vectors.npy", vectors)
    tags = archive["tags"].tolist()
    _save_sparse(folder / "tags.npz", TagSpace.fit(tags, None).transform(tags).weights)
    sample = drawn_sample(len(archive))
    np.save(folder / "sample.npy", sample)
    np.save(folder / "semantic.npy", nth_scores(vectors, sample))
    if len(archive) > FULL:
        np.save(folder / "exact.npy", exact_lists(archive, vectors, sample, threads))
    about = {
        "events": len(archive),
        "what": what,
        "dimensions": vectors.shape[1],
        "sample": len(sample),
        "encoding": encoding,
    }
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
    return about


def _save_sparse(path: Path, matrix: object) -> None:
    from scipy import sparse

    sparse.save_npz(path, sparse.csr_matrix(matrix).astype(np.float32))


def nth_scores(vectors: np.ndarray, sample: np.ndarray, n: int = N) -> np.ndarray:
    """Return the n-th best cosine of each event of the sample, itself left out, in float64."""
    scores = np.empty(len(sample))
    for start in range(0, len(sample), 64):
        rows = sample[start : start + 64]
        near = vectors[rows] @ vectors.T
        near[np.arange(len(rows)), rows] = -np.inf
        few = min(2 * n, near.shape[1] - 1)
        best = np.argpartition(-near, few - 1, axis=1)[:, :few]
        exact = np.einsum(
            "qd,qkd->qk", vectors[rows].astype(np.float64), vectors[best].astype(np.float64)
        )
        # A list of fewer than n others is right whatever it holds.
        exact[best == rows[:, None]] = -np.inf
        exact.sort(axis=1)
        scores[start : start + 64] = exact[:, -min(n, few)]
    return scores


def exact_lists(
    archive: pd.DataFrame, vectors: np.ndarray, sample: np.ndarray, threads: int
) -> np.ndarray:
    """Return the exact lists of the sample under the default weights."""
    from bench.ways import Known
    from relatedevents import RelatedEvents

    encoder = Known(archive["headline"].tolist(), vectors)
    model = RelatedEvents(encoder=encoder, n_threads=threads).fit(archive)
    lists = model.related_many(archive["id"].iloc[sample], N)
    places = pd.Index(archive["id"]).get_indexer(lists["related_id"])
    return places.reshape(len(sample), -1)


def hybrid_recall(found: np.ndarray, true: np.ndarray) -> float:
    """Return the share of the true lists' events that were found, -1 being no event.

    Examples
    --------
    >>> hybrid_recall(np.array([[1, 2], [5, -1]]), np.array([[2, 3], [5, -1]]))
    0.6666666666666666
    """
    hits = (true[:, :, None] == found[:, None, :]).any(axis=2) & (true >= 0)
    return float(hits.sum() / (true >= 0).sum())


def semantic_recall(
    found: np.ndarray, sample: np.ndarray, vectors: np.ndarray, nth: np.ndarray
) -> float:
    """Return the share of n places held by events at least as near as the true n-th one.

    Equal cosines, as of equal headlines, are equally right; float32's error is forgiven.
    """
    places = np.maximum(found, 0)
    near = np.einsum(
        "qd,qkd->qk", vectors[sample].astype(np.float64), vectors[places].astype(np.float64)
    )
    right = (near >= nth[:, None] - 1e-5) & (found >= 0)
    return float(right.sum() / right.size)


def main() -> None:
    source, size, folder, threads = sys.argv[1:]
    print(json.dumps(prepare(source, size, Path(folder), int(threads))))


if __name__ == "__main__":
    main()
