"""Measure the whole way from wikitext to lists on disk, and write END_TO_END.md.

    python benchmarks/end_to_end.py [FOLDER]

FOLDER holds day pages in wikitext; the default lies beside the project, in ../shared/data. Every
way of writing runs in a fresh process, which reads, fits and makes the lists by itself.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHIPPED = HERE.parents[1] / "shared" / "data" / "wikitext"
REPORT = HERE / "END_TO_END.md"
GOAL_S, GOAL_GB = 60, 1.2
OUTPUTS = {
    "lists.parquet": {},
    "lists.jsonl": {},
    "pages": {"format": "pages"},
}
STEPS = {
    "import": "import the package",
    "read": "read the wikitext",
    "check": "check the events",
    "tags": "tags",
    "words": "words",
    "encode": "encode the headlines",
    "topics": "topics",
    "fit": "fit, whatever else",
    "engine": "engine: candidates and scores",
    "tables": "ids, shared tags, long table",
    "write": "write",
}


def processor_seconds() -> float:
    """Return user and system seconds of this process and of its ended children."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def memory_gb() -> float:
    """Return what this process and its children hold now; pages they share count once."""
    total = 0
    children = Path("/proc/self/task").glob("*/children")
    for pid in ["self", *(pid for file in children for pid in file.read_text().split())]:
        try:
            rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has ended
            continue
        total += sum(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
    return total * 1024 / 1e9


class Steps:
    """Wall and processor seconds of steps, and the most memory seen while each ran."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.running: list[str] = []
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()

    def _look(self) -> None:
        while not self._over.wait(0.1):
            held = memory_gb()
            for name in self.running[-1:]:
                self.seconds[name][2] = max(self.seconds[name][2], held)

    def end(self) -> None:
        """Stop watching."""
        self._over.set()
        self._watch.join()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure a step; what steps inside it take is theirs alone."""
        took = self.seconds.setdefault(name, [0.0, 0.0, 0.0])
        start = (time.perf_counter(), processor_seconds())
        outer = self.running[-1:]
        self.running.append(name)
        try:
            yield
        finally:
            self.running.pop()
            for at, spent in enumerate(
                (time.perf_counter() - start[0], processor_seconds() - start[1])
            ):
                took[at] += spent
                for other in outer:
                    self.seconds[other][at] -= spent

    def timed(self, owner: object, name: str, step: str) -> None:
        """Measure every call of a function or method as a step."""
        work: Callable[..., object] = getattr(owner, name)

        def call(*args: object, **keywords: object) -> object:
            with self.step(step):
                return work(*args, **keywords)

        setattr(owner, name, call)


def run(folder: str, output: str, place: str) -> dict[str, object]:
    """Go the whole way once, in this process."""
    steps = Steps()
    began, spent = time.perf_counter(), processor_seconds()
    with steps.step("import"):
        from relatedevents import RelatedEvents, model, read_events
        from relatedevents.features import tags, topics, words
        from relatedevents.index import index
        from relatedevents.readers import events as reader
        from relatedevents.readers import wikitext
        from relatedevents.retrieval.pipeline import Pipeline
        from relatedevents.writers import write_lists
    steps.timed(wikitext, "read_wikitext", "read")
    steps.timed(reader, "check_events", "check")
    steps.timed(model, "check_frame", "check")
    spaces = {"tags": tags.TagSpace, "words": words.WordSpace, "topics": topics.TopicSpace}
    for step, space in spaces.items():
        for method in ("fit", "transform"):
            steps.timed(space, method, step)
    steps.timed(index, "encode_headlines", "encode")
    steps.timed(Pipeline, "candidates", "engine")
    with steps.step("read"):
        archive = read_events(folder)
    related = RelatedEvents()
    with steps.step("fit"):
        related.fit(archive)
    with steps.step("tables"):
        lists = related.related_all()
    with steps.step("write"):
        keywords = dict(OUTPUTS[output])
        if output == "pages":
            keywords |= {"archive": archive, "ids": archive["id"]}
        write_lists(lists, Path(place) / output, **keywords)
    wall, processor = time.perf_counter() - began, processor_seconds() - spent
    steps.end()
    return {
        "seconds": steps.seconds,
        "wall": wall,
        "cpu": processor,
        "events": len(archive),
        "links": len(lists),
    }


def measure(folder: Path, output: str) -> dict[str, object]:
    """Go the whole way in a fresh process."""
    print(f"measuring: {output}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, __file__, "--run", str(folder), output, place]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        files = [file for file in Path(place).rglob("*") if file.is_file()]
        written = {"files": len(files), "bytes": sum(file.stat().st_size for file in files)}
    return json.loads(done.stdout) | written


def report(results: dict[str, dict]) -> list[str]:
    first = results["lists.parquet"]
    lines = [
        "# From wikitext to lists on disk",
        "",
        "Written by `python benchmarks/end_to_end.py`: every row of the first table is one cold,",
        "fresh process. The machine is shared, so processor seconds tell more than wall seconds:",
        f"of {len(os.sched_getaffinity(0))} processors others had a part while this ran. Memory is",
        "what the process and its helpers held, looked at ten times a second; pages that they",
        "share count once.",
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, "
        f"{platform.machine()}; {first['events']:,} events, {first['links']:,} links.",
        "",
        "| written | files | MB | wall s | processor s | peak GB, children counted |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for output, one in results.items():
        peak = max(took[2] for took in one["seconds"].values())
        lines.append(
            f"| {output} | {one['files']:,} | {one['bytes'] / 1e6:.0f} | {one['wall']:.1f} | "
            f"{one['cpu']:.1f} | {peak:.2f} |"
        )
    met = "met" if first["wall"] <= GOAL_S else "missed, on a machine shared with others"
    lines += [
        "",
        f"Goals: {GOAL_S} s on 2 processors (Parquet: {met}) and {GOAL_GB} GB.",
        "",
        "## The steps, with lists written as Parquet",
        "",
        "| step | wall s | processor s | share | peak GB |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, what in STEPS.items():
        wall, cpu, peak = first["seconds"].get(name, [0.0, 0.0, 0.0])
        lines.append(f"| {what} | {wall:.2f} | {cpu:.2f} | {cpu / first['cpu']:.0%} | {peak:.2f} |")
    lines += ["", "## Writing", "", "| written | wall s | processor s |", "| --- | --- | --- |"]
    for output, one in results.items():
        wall, cpu, _ = one["seconds"]["write"]
        lines.append(f"| {output} | {wall:.2f} | {cpu:.2f} |")
    return lines


def main() -> None:
    if sys.argv[1:2] == ["--run"]:
        print(json.dumps(run(*sys.argv[2:])))
        return
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED
    lines = report({output: measure(folder, output) for output in OUTPUTS})
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
