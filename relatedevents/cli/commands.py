"""The commands fit, related, explain, batch, update and remove, one function each."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relatedevents._util.checks import problem, shown
from relatedevents.cli.show import explanation_text, list_text
from relatedevents.cli.sources import (
    fit_model,
    load_model,
    open_model,
    read_archive,
    read_conditions,
)
from relatedevents.errors import InputError
from relatedevents.writers import FORMATS, stream_lists, takes_blocks, write_blocks, write_lists
from relatedevents.writers.tables import records

if TYPE_CHECKING:
    import pandas as pd

    from relatedevents.model import RelatedEvents


def fit(args: argparse.Namespace) -> None:
    """Read an archive, fit a model and save it."""
    started = time.perf_counter()
    model = fit_model(args)
    model.save(args.model_dir)
    seconds = time.perf_counter() - started
    _note(f"{len(model.archive_):,} events fitted in {seconds:.1f} s, saved in {args.model_dir}")


def related(args: argparse.Namespace) -> None:
    """Print the list of one event, of the archive or new."""
    if (args.id is None) == (args.headline is None):
        came = "got neither" if args.id is None else "got both"
        raise InputError(problem("ID, --headline", came, "one of the two"))
    own = {name: getattr(args, name) for name in ("tag", "date", "category", "summary", "text")}
    if args.id is not None and any(own.values()):
        given = ", ".join(f"--{name}" for name, value in own.items() if value)
        came, allowed = f"got ID {shown(args.id)} with {given}", ", ".join(f"--{n}" for n in own)
        raise InputError(problem("ID", came, f"{allowed} with --headline only"))
    model = open_model(args)
    options = _listing(args, model)
    if args.id is not None:
        lists = model.related(args.id, **options)
        of = model.archive_[model.archive_["id"] == args.id].iloc[0]
        event = {"headline": of["headline"], "date": of["date"], "tags": of["tags"]}
    else:
        event = {"headline": args.headline, "date": args.date, "tags": args.tag or []}
        more = {name: own[name] for name in ("category", "summary", "text")}
        lists = model.related_to(**event, **more, **options)
    if args.json:
        sys.stdout.write(_json(list(records(lists))))
    else:
        sys.stdout.write(list_text(lists, event))


def explain(args: argparse.Namespace) -> None:
    """Print every part of one pair's score."""
    explanation = open_model(args).explain(args.id, args.related_id)
    if args.json:
        sys.stdout.write(_json(explanation.to_dict()))
    else:
        sys.stdout.write(explanation_text(explanation))


def batch(args: argparse.Namespace) -> None:
    """Write the lists of the whole archive."""
    to_stdout = args.out == "-"
    # Told before the work, not after it.
    if args.format is not None and args.format not in FORMATS:
        raise InputError(problem("--format", f"got {shown(args.format)}", ", ".join(FORMATS)))
    if to_stdout and args.format not in ("csv", "jsonl"):
        came = f"got {shown(args.format)} for stdout" if args.format else "got none for stdout"
        raise InputError(problem("--format", came, "csv or jsonl"))
    started = time.perf_counter()
    model = open_model(args)
    archive = model.archive_
    listing = _listing(args, model)
    links: dict[str, Any] = {
        "archive": archive,
        "base_path": args.base_path,
        "link_suffix": args.link_suffix,
        "url_column": args.url_column,
    }
    if not to_stdout and takes_blocks(args.out, args.format):
        blocks = _Counted(model.related_blocks(**listing))
        write_blocks(blocks, args.out, format=args.format, **links)
        _tell_batch(len(archive), blocks.rows, blocks.ended, args.out, started)
        return
    lists = model.related_all(**listing)
    if to_stdout:
        stream_lists(lists, sys.stdout, format=args.format, **links)
        return
    write_lists(lists, args.out, format=args.format, ids=archive["id"], **links)
    _tell_batch(len(archive), len(lists), len(lists.attrs["ended"]), args.out, started)


class _Counted:
    """Passes blocks of lists on, counts their rows and the lists that end early."""

    def __init__(self, blocks: Iterable[pd.DataFrame]) -> None:
        self.blocks = blocks
        self.rows = self.ended = 0

    def __iter__(self) -> Iterator[pd.DataFrame]:
        for block in self.blocks:
            self.rows += len(block)
            self.ended += len(block.attrs["ended"])
            yield block


def _tell_batch(events: int, rows: int, ended: int, out: str, started: float) -> None:
    seconds = time.perf_counter() - started
    short = f"; {ended:,} lists end early, `related` says why" if ended else ""
    _note(f"{events:,} events, {rows:,} related events: {out} ({seconds:.1f} s){short}")


def update(args: argparse.Namespace) -> None:
    """Add events to a saved model, write it back, and tell the ids whose lists changed."""
    _check_changed(args)
    started, model = time.perf_counter(), load_model(args.model_dir, args)
    events, lists = read_archive(args), _listing(args, model)
    changed = model.update(events, on_existing=args.on_existing, refresh=args.refresh, **lists)
    done = model.last_update_
    came = f"{done.added:,} events added, {done.replaced:,} replaced"
    _keep_changes(args, model, changed, came, started)


def remove(args: argparse.Namespace) -> None:
    """Take events out of a saved model, write it back, and tell the ids whose lists changed."""
    _check_changed(args)
    started, model = time.perf_counter(), load_model(args.model_dir, args)
    changed = model.remove(args.ids, **_listing(args, model))
    _keep_changes(args, model, changed, f"{model.last_update_.removed:,} events removed", started)


def _check_changed(args: argparse.Namespace) -> None:
    if args.changed is not None:
        # A place that can't be written is told before the work, not after it.
        Path(args.changed).open("a", encoding="utf-8").close()


def _keep_changes(
    args: argparse.Namespace, model: RelatedEvents, changed: list[str], what: str, started: float
) -> None:
    model.save(args.model_dir)
    text = _json(changed) if args.json else "".join(f"{id_}\n" for id_ in changed)
    if args.changed is None:
        sys.stdout.write(text)
    else:
        Path(args.changed).write_text(text, encoding="utf-8")
    seconds = time.perf_counter() - started
    _note(f"{what}, {len(changed):,} lists changed, saved in {args.model_dir} ({seconds:.1f} s)")


def _listing(args: argparse.Namespace, model: RelatedEvents) -> dict[str, Any]:
    """Return the keywords that every list method takes."""
    return {
        "n": args.n,
        "as_of": args.as_of,
        "where": read_conditions(args.where, model.archive_),
        "exclude": args.exclude,
        "pins": args.pin,
        "min_score": args.min_score,
        "min_probability": args.min_probability,
        "diversity": args.diversity,
        "near_duplicates": args.near_duplicates,
        "series_limit": args.series_limit or None,
        "reasons": args.reasons,
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _note(text: str) -> None:
    sys.stderr.write(text + "\n")
