"""`relatedevents evaluate`: runs measured against links, and the report."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from relatedevents._util.checks import problem, shown
from relatedevents.cli.sources import SAMPLE, fit_model, open_model, read_archive, wants_progress
from relatedevents.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from relatedevents.report import Evaluation
    from relatedevents.report.truth import Events, Truth

_DEFAULT = "default"
_MODEL = "model"
# What a message of the library advises, as it is written on the command line.
_AS_OPTIONS = {
    "unlinked='skip'": "--unlinked skip",
    "missing='empty'": "--missing empty",
    "unknown='drop'": "--unknown drop",
    "allow_leak=True": "--allow-leak",
    "as_of=None": "--as-of none",
    "archive=": "--archive",
    "clusters='day'": "--cluster day",
}


def evaluate(args: argparse.Namespace) -> None:
    """Measure runs against links, and print the report."""
    _check_output(args)
    try:
        result = _measured(args)
    except InputError as error:
        message = str(error)
        for advice, option in _AS_OPTIONS.items():
            message = message.replace(advice, option)
        raise type(error)(message) from error
    _write(args, result)


def _measured(args: argparse.Namespace) -> Evaluation:
    from relatedevents.report import evaluate as measure

    as_of = None if args.as_of == "none" else args.as_of
    runs, archive = _open_runs(args)
    links = _open_links(args)
    descriptions: dict[str, str] = {}
    if args.baselines:
        from relatedevents._baselines import BASELINES

        made = _baseline_runs(args, runs, links, archive, as_of)
        runs |= made
        descriptions = {name: BASELINES[name] for name in runs if name in made or name == _DEFAULT}
    return measure(
        runs,
        links,
        metrics=args.metrics.split(",") if args.metrics else None,
        archive=archive,
        as_of=as_of,
        n=args.n,
        baseline=args.baseline or (next(iter(runs)) if args.baselines else None),
        clusters=args.cluster,
        missing=args.missing,
        unlinked=args.unlinked,
        unknown=args.unknown,
        tuning_links=_links_named(args.tuning_links) if args.tuning_links else None,
        gap=args.gap,
        allow_leak=args.allow_leak,
        bounds=not args.no_bounds,
        run_words=descriptions,
        seed=args.seed,
    )


def _check_output(args: argparse.Namespace) -> None:
    """Raise before the work, not after it, if its results could not be written."""
    if args.changed is not None and args.changed < 0:
        raise InputError(problem("--changed", f"got {args.changed}", "a whole number of 0 or more"))
    if args.html:
        from relatedevents._util.checks import require

        require("matplotlib", "the plots of --html")
    for option in ("markdown", "html"):
        path = getattr(args, option)
        if path and Path(path).is_dir():
            came = f"{shown(path)} is a folder"
            raise InputError(problem(f"--{option}", came, "the path of a file"))


def _write(args: argparse.Namespace, result: Evaluation) -> None:
    from relatedevents.cli.report_text import report_text
    from relatedevents.report.contents import contents, shown_pairs

    if args.markdown:
        result.to_markdown(args.markdown, n_changed=args.changed)
    if args.html:
        result.to_html(args.html, n_changed=args.changed)
    if args.trec:
        result.to_trec(args.trec)
    if args.json:
        sys.stdout.write(json.dumps(result.to_dict(), ensure_ascii=False, indent=1) + "\n")
        return
    changed = args.changed
    if changed is None:
        changed = 1 if len(shown_pairs(result)) == 1 else 0
    sys.stdout.write(report_text(contents(result, changed)))


def _open_runs(args: argparse.Namespace) -> tuple[dict[str, object], pd.DataFrame | None]:
    """Return the runs and models by name, and the archive, None if no argument gives one."""
    from relatedevents.readers.runs import is_run
    from relatedevents.store import is_saved

    archive = _archive_of(args, args.archive) if args.archive else None
    runs: dict[str, object] = {}
    named = [_name_and_source(text) for text in args.runs]
    for given, source in named:
        if source != SAMPLE and not Path(source).exists():
            allowed = "a file of lists, a saved model, an archive, or the word 'sample'"
            raise InputError(problem("RUN", f"{shown(source)} is not there", allowed))
        one: object
        if source != SAMPLE and not is_saved(source) and is_run(source):
            name, one = given or Path(source).stem, Path(source)
        else:
            apart = argparse.Namespace(**{**vars(args), "source": source})
            saved = source != SAMPLE and is_saved(source)
            model = open_model(apart) if saved else fit_model(apart)
            name = given or (Path(source).resolve().name if saved else _fitted_name(args))
            archive, one = model.archive_ if archive is None else archive, model
        if name in runs:
            came = f"two runs are called {shown(name)}"
            raise InputError(problem("RUN", came, "each name once", "Name them: NAME=RUN."))
        runs[name] = one
    return runs, archive


def _fitted_name(args: argparse.Namespace) -> str:
    """Return the name of a model fitted here: "default" unless weights or encoder are given."""
    return _MODEL if args.weights or args.encoder else _DEFAULT


def _name_and_source(text: str) -> tuple[str | None, str]:
    name, sign, source = text.partition("=")
    # A path may hold the sign itself.
    if not sign or not name.strip() or not source or "/" in name or Path(text).exists():
        return None, text
    return name.strip(), source


def _archive_of(args: argparse.Namespace, source: str) -> pd.DataFrame:
    from relatedevents.model import RelatedEvents
    from relatedevents.store import is_saved

    if source != SAMPLE and is_saved(source):
        return RelatedEvents.load(source).archive_
    return read_archive(argparse.Namespace(**{**vars(args), "source": source}))


def _open_links(args: argparse.Namespace) -> object:
    if args.links:
        return _links_named(args.links)
    if any(_name_and_source(text)[1] != SAMPLE for text in args.runs):
        raise InputError(problem("--links", "got none", "the links to measure against"))
    return _links_named(SAMPLE)


def _links_named(source: str) -> object:
    if source != SAMPLE:
        return source
    from relatedevents.readers.sample import load_sample_links

    return load_sample_links()


def _baseline_runs(
    args: argparse.Namespace,
    runs: dict[str, object],
    links: object,
    archive: pd.DataFrame | None,
    as_of: object,
) -> dict[str, object]:
    """Return every baseline's lists of the linked events, made as of the links' days."""
    from relatedevents._baselines import BASELINES
    from relatedevents.report.truth import Events, last_days, read_truth

    if archive is None:
        came = "got no archive to make them on"
        raise InputError(problem("--baselines", came, "a run that is an archive, or --archive"))
    names = [name for name in BASELINES if not (name == _DEFAULT and _DEFAULT in runs)]
    doubled = [name for name, count in Counter([*names, *runs]).items() if count > 1]
    if doubled:
        came = f"a run is called {shown(doubled[0])}, as a baseline is"
        raise InputError(problem("RUN", came, "another name", "Name it: NAME=RUN."))
    events = Events.of(archive)
    truth = read_truth(links, events, args.unknown)
    days = last_days(as_of, truth, events)
    return _made(args, names, truth, days, events)


def _made(
    args: argparse.Namespace,
    names: list[str],
    truth: Truth,
    days: dict[str, float] | None,
    events: Events,
) -> dict[str, object]:
    import numpy as np
    import pandas as pd

    from relatedevents._baselines import baselines
    from relatedevents.archive import dates_of

    queries = list(truth.linked)
    dated = [query for query in queries if days is not None and query in days]
    free = [query for query in queries if days is None or query not in days]
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in names}
    for chosen, as_of in ((dated, days), (free, None)):
        if not chosen:
            continue
        dates = None
        if as_of is not None:
            numbers = np.array([as_of[query] for query in chosen], dtype=np.int32)
            dates = dict(zip(chosen, dates_of(numbers), strict=True))
        made = baselines(
            events.table,
            queries=chosen,
            n=args.n,
            as_of=dates,
            names=names,
            encoder=args.encoder or "default",
            seed=args.seed,
            progress=wants_progress(args),
        )
        for name, table in made.items():
            tables[name].append(table)
    runs: dict[str, object] = {}
    for name, parts in tables.items():
        table = pd.concat(parts, ignore_index=True)
        # A list that a baseline left empty is one: told, so that it does not count as missing.
        listed = set(table["id"])
        table.attrs["without_related"] = [query for query in queries if query not in listed]
        runs[name] = table
    return runs
