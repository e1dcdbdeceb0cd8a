"""Measure speed and memory, and write benchmarks/RESULTS.md. Run it with `make bench`.

Give another archive as an argument: `python benchmarks/run.py events.csv`.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "shared" / "data" / "events.parquet"
VERSIONS = ("relatedevents", "numpy", "scipy", "pandas", "scikit-learn", "numba", "model2vec")
STARTS = {
    "bare": ["-c", "pass"],
    "import relatedevents": ["-c", "import relatedevents"],
    "relatedevents --version": ["-m", "relatedevents", "--version"],
    "import pandas, sklearn.base": ["-c", "import pandas, sklearn.base"],
    "from relatedevents import RelatedEvents": ["-c", "from relatedevents import RelatedEvents"],
}


def processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def starts(rounds: int = 7) -> dict[str, float]:
    """Return the median seconds of each start, the kinds in turn within each round."""
    seconds: dict[str, list[float]] = {name: [] for name in STARTS}
    for _ in range(rounds + 1):
        for name, arguments in STARTS.items():
            begin = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}


def measure(name: str, archive: Path, **environment: str) -> dict[str, float]:
    print(f"measuring: {name} {' '.join(environment)}", file=sys.stderr)
    done = subprocess.run(
        [sys.executable, str(HERE / "speed.py"), name, str(archive)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", **environment},
    )
    return json.loads(done.stdout)


def row(what: str, got: str, goal: str, met: bool) -> str:
    return f"| {what} | {got} | {goal} | {'yes' if met else 'no'} |"


def table(archive: Path) -> list[str]:
    begin = starts()
    bare = begin["bare"]
    package, version = (
        begin[name] - bare for name in ("import relatedevents", "relatedevents --version")
    )
    model = begin["from relatedevents import RelatedEvents"]
    libraries = begin["import pandas, sklearn.base"]
    measure("one", archive)  # compiles the kernels, so that the others find them
    with tempfile.TemporaryDirectory() as empty:
        cold = measure("all", archive, NUMBA_CACHE_DIR=empty)
    fit, one = measure("fit", archive), measure("one", archive)
    every, memory = measure("all", archive), measure("memory", archive)
    return [
        f"{fit['events']:,} events, {every['dimensions']} dimensions.".replace(",", " "),
        "",
        "| what | measured | target | met |",
        "| --- | --- | --- | --- |",
        row("`fit` from nothing", f"{fit['fit']:.1f} s", "< 40 s", fit["fit"] < 40),
        row(
            "one `related`, median",
            f"{one['median'] * 1e3:.1f} ms",
            "< 30 ms",
            one["median"] < 0.03,
        ),
        row("one `related`, 99th percentile", f"{one['p99'] * 1e3:.1f} ms", "", True),
        row("one `related_to`, median", f"{one['new_median'] * 1e3:.1f} ms", "", True),
        row(
            "`related_all` against sgemm of the same vectors",
            f"{every['ratio']:.2f} x ({every['all']:.1f} s, {every['sgemm']:.1f} s; "
            f"pairs {every['ratios']})",
            "<= 4 x",
            every["ratio"] <= 4,
        ),
        row(
            "`related_all`, the first call of all, kernels compiled",
            f"{cold['first']:.1f} s",
            "",
            True,
        ),
        row(
            "peak memory, read + fit + `related_all`",
            f"{memory['peak_gb']:.2f} GB",
            "< 2 GB",
            memory["peak_gb"] < 2,
        ),
        row("`read_events` of Parquet", f"{fit['read']:.1f} s", "", True),
        row("`save` / `load`", f"{fit['save']:.2f} s / {fit['load']:.2f} s", "", True),
        row(
            "`import relatedevents` over bare Python", f"{package:.2f} s", "< 0.4 s", package < 0.4
        ),
        row(
            "`relatedevents --version` over bare Python",
            f"{version:.2f} s",
            "< 0.4 s",
            version < 0.4,
        ),
        row(
            "`from relatedevents import RelatedEvents` against pandas and sklearn.base",
            f"{model / libraries:.2f} x ({model:.2f} s, {libraries:.2f} s)",
            "<= 1.2 x",
            model / libraries <= 1.2,
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", nargs="?", type=Path, default=SHIPPED)
    parser.add_argument("--output", type=Path, default=HERE / "RESULTS.md")
    arguments = parser.parse_args()
    if not arguments.archive.exists():
        parser.error(f"no archive at {arguments.archive}: name one, such as events.csv")
    cores = len(os.sched_getaffinity(0))
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS)
    lines = [
        "# Speed and memory",
        "",
        "Written by `make bench`; the machine is shared, so ratios tell more than seconds.",
        "",
        f"- {datetime.date.today().isoformat()}, {cores} cores of {processor()}",
        f"- Python {platform.python_version()}, {versions}",
        "",
        *table(arguments.archive),
    ]
    arguments.output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
