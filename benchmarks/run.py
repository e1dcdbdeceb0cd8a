"""Measure speed and memory beside every peer, and write benchmarks/RESULTS.md: `make bench`.

    python benchmarks/run.py [ARCHIVE] [--sizes 5000 20000 all] [--rounds 3]

Every peer and size runs in a process of its own, with the same data and threads, in turn within a
round. Figures are kept in benchmarks/results.json; sizes that are not measured now stay there, so
that `make bench-million` adds its own. `--report` writes the page and the plots again from there.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import platform
import sys
import tempfile
import time
from pathlib import Path

from bench import usage
from bench.plots import draw
from bench.registry import PEERS, left_out, missing
from bench.report import page
from bench.rounds import Failed, add_recalls, child, run_rounds, tell

HERE = Path(__file__).resolve().parent
SHIPPED = HERE.parents[1] / "shared" / "data" / "events.parquet"
WORK = HERE.parent / "out" / "bench"
VERSIONS = (
    "relatedevents", "numpy", "scipy", "pandas", "scikit-learn", "numba", "model2vec", "faiss-cpu",
    "sentence-transformers", "torch", "bm25s", "sparse-dot-topn",
)  # fmt: skip
#: The size whose lists are computed with and without each signal; all events would take minutes.
SHARES_SIZE = "20000"


def processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def versions() -> str:
    told = []
    for name in VERSIONS:
        try:
            told.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            told.append(f"{name} not installed")
    return ", ".join(told)


def machine(threads: int) -> dict[str, object]:
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cores": usage.cores(),
        "processor": processor(),
        "threads": threads,
        "python": platform.python_version(),
        "versions": versions(),
    }


def measure_size(source: str, size: str, rounds: int, threads: int) -> dict[str, object]:
    """Prepare a size, run every peer that can run, and return what was found."""
    from relatedevents.retrieval.fitted import ENGINES

    folder = WORK / size
    tell(f"preparing {size} events")
    about = child("data", source, size, str(folder), str(threads), threads=threads)
    notes = left_out(about["events"], ENGINES) | missing()
    able = [peer for peer in PEERS if peer.name not in notes]
    runs = run_rounds(
        able,
        rounds,
        lambda peer, number: child(
            "process", peer.name, str(folder), str(threads), str(number), threads=threads
        ),
    )
    true = add_recalls(runs, folder)
    return {**about, **machine(threads), "true": true, "notes": notes, "runs": runs}


def measure_own(size: str, threads: int) -> dict[str, object]:
    """Measure what only this package can be asked for, on a prepared size."""
    found: dict[str, object] = {}
    archive = str(WORK / size / "events.parquet")
    for name in ("starts", "whole", "one", "cold"):
        tell(f"measuring: {name}")
        with tempfile.TemporaryDirectory() as empty:
            more = {"NUMBA_CACHE_DIR": empty} if name == "cold" else {}
            found[name] = child("ours", name, archive, str(threads), threads=threads, **more)
    return found


def measure_shares(size: str, threads: int) -> dict[str, object]:
    """Measure each signal's share of the time on a prepared size."""
    tell("measuring: the signals' shares")
    archive = WORK / size / "events.parquet"
    told = child("ours", "shares", str(archive), str(threads), threads=threads)
    return {"size": size, "lines": told["lines"]}


def sizes_first(sizes: dict[str, dict]) -> dict[str, dict]:
    return dict(sorted(sizes.items(), key=lambda item: item[1]["events"]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", nargs="?", type=Path, default=SHIPPED)
    parser.add_argument("--sizes", nargs="+", default=["5000", "20000", "all"], metavar="N")
    parser.add_argument("--rounds", type=int, default=3, help="of the last size; others have 2")
    parser.add_argument("--threads", type=int, default=usage.cores())
    parser.add_argument("--peers-only", action="store_true", help="leave out the first table")
    parser.add_argument("--own-only", action="store_true", help="measure the first table alone")
    parser.add_argument("--report", action="store_true", help="measure nothing, write the page")
    parser.add_argument("--output", type=Path, default=HERE, help="the folder of the page")
    options = parser.parse_args()
    for size in options.sizes:
        if size != "all" and not (size.isdecimal() and int(size) > 10):
            parser.error(f"--sizes: got {size!r}; allowed: 'all' or numbers above 10")
    if options.rounds < 1 or options.threads < 1:
        parser.error("--rounds and --threads: allowed: 1 or more")
    if not options.archive.exists() and options.archive != SHIPPED:
        parser.error(f"no archive at {options.archive}")
    options.output.mkdir(parents=True, exist_ok=True)
    figures = options.output / "results.json"
    found = json.loads(figures.read_text("utf-8")) if figures.exists() else {"sizes": {}}
    if options.report and not found["sizes"]:
        parser.error(f"nothing measured yet: no {figures}")
    if options.own_only and options.sizes[-1] not in found["sizes"]:
        parser.error(f"--own-only: the peers have not been measured for {options.sizes[-1]} events")
    if not options.report:
        source = str(options.archive) if options.archive.exists() else "sample"
        if source == "sample":
            tell(f"no archive at {SHIPPED}: invented events in the shape of the bundled sample")
        began = time.perf_counter()
        try:
            for size in options.sizes if not options.own_only else ():
                found["sizes"][size] = measure_size(source, size, options.rounds, options.threads)
                figures.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            if not options.peers_only:
                last = options.sizes[-1]
                found["own"] = {"size": last, **measure_own(last, options.threads)}
            if not (options.peers_only or options.own_only):
                shares_size = SHARES_SIZE if SHARES_SIZE in options.sizes else last
                found["shares"] = measure_shares(shares_size, options.threads)
        except Failed as error:
            tell(f"stopped: {error}")
            return 1
        tell(f"measured in {(time.perf_counter() - began) / 60:.1f} minutes")
    found["sizes"] = sizes_first(found["sizes"])
    figures.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    plots = draw(found)
    for name, text in plots.items():
        (options.output / name).write_text(text, encoding="utf-8")
    if not plots:
        tell("no plots: they need matplotlib; pip install matplotlib")
    (options.output / "RESULTS.md").write_text(page(found, list(plots)), encoding="utf-8")
    tell(f"wrote {options.output / 'RESULTS.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
