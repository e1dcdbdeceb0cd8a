"""Compare the lists of two versions of the package, byte for byte.

    python benchmarks/compare_versions.py write before/    # with the one version importable
    python benchmarks/compare_versions.py write after/     # with the other
    python benchmarks/compare_versions.py compare before/ after/

`write` answers the same questions by `related_all`, `related_many`, `related_to`, `update`,
`remove` and `batch` on the bundled sample and, where it lies beside the project, on the real
archive in ../shared/data, and writes every answer to a file. `compare` tells every answer that
differs, and by how much where the related events are the same.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from relatedevents import RelatedEvents, Weights, load_sample, read_events
from relatedevents.writers import write_lists

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "events.parquet"
WEIGHTS = {
    "default": Weights(semantic=1.2, topic=0.2, tags=0.4, words=0.6, category=0.1, time=0.7),
    "shared_tags": Weights.shared_tags(),
    "every_signal": Weights(coverage=0.2, recency=0.3, half_life=20.0),
}


def answers(archive: pd.DataFrame, weights: Weights, n_new: int) -> Iterator[tuple[str, object]]:
    """Yield a name and a table, or the ids that an update tells."""
    ids = archive["id"].iloc[:: max(1, len(archive) // 40)].tolist()
    model = RelatedEvents(weights=weights).fit(archive)
    yield "related_all", model.related_all(10)
    yield "related_many", model.related_many(ids, 12)
    yield (
        "as_of",
        model.related_many(ids, 12, as_of="own", exclude=ids[:3], pins=[ids[5]]),
    )
    yield "varied", model.related_many(ids, 12, diversity=0.2, near_duplicates="drop")
    yield (
        "related_to",
        model.related_to("Peacekeepers reach the town", tags=["Mali"], date="2012-10-01", n=20),
    )
    yield "related_to_nothing_known", model.related_to("zzz qqq", n=20)
    new, rest = archive.iloc[:n_new], archive.iloc[n_new:].reset_index(drop=True)
    model = RelatedEvents(weights=weights).fit(rest)
    model.related_all(10)
    yield "update", pd.DataFrame({"id": model.update(new)})
    yield "updated", model.related_all(10)
    yield "remove", pd.DataFrame({"id": model.remove(ids[3:9])})
    yield "removed", model.related_all(10)


def write(folder: Path) -> None:
    archives = {"sample": (load_sample(), 20)}
    if DATA.exists():
        archives["real"] = (read_events(DATA), 50)
    for archive_name, (archive, n_new) in archives.items():
        for name, weights in WEIGHTS.items():
            if archive_name == "real" and name == "every_signal":
                continue
            for question, answer in answers(archive, weights, n_new):
                path = folder / archive_name / name / f"{question}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                answer.drop(columns=["probability"], errors="ignore").to_parquet(path)
                if question == "related_all" and archive_name == "sample":
                    write_lists(answer, path.with_suffix(".jsonl"))
            print(f"compare_versions: {archive_name}, {name} written", file=sys.stderr)


def compare(before: Path, after: Path) -> int:
    """Print what differs; return how many answers hold other events, or the same in other order."""
    files = sorted(path.relative_to(before) for path in before.rglob("*.parquet"))
    n_other = 0
    for file in files:
        left, right = pd.read_parquet(before / file), pd.read_parquet(after / file)
        common = [name for name in left.columns if name in right.columns]
        left, right = left[common], right[common]
        if left.equals(right):
            continue
        names = [name for name in ("id", "rank", "related_id") if name in common]
        if not left[names].equals(right[names]):
            n_other += 1
            print(f"{file}: other events")
            continue
        numbers = [name for name in common if left[name].dtype.kind == "f"]
        most = max(float((left[name] - right[name]).abs().max()) for name in numbers)
        print(f"{file}: the same events; numbers differ by {most:.1e} at most")
    print(f"{len(files)} answers compared; {n_other} list other events")
    return n_other


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("write", help="write the answers of the version that is importable")
    one.add_argument("folder", type=Path)
    two = commands.add_parser("compare", help="compare the answers of two versions")
    two.add_argument("before", type=Path)
    two.add_argument("after", type=Path)
    options = parser.parse_args(arguments)
    if options.command == "write":
        write(options.folder)
        return 0
    return 1 if compare(options.before, options.after) else 0


if __name__ == "__main__":
    sys.exit(main())
