"""The commands that learn from what a site has: its tags, its links."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

from relatedevents.cli.sources import load_model
from relatedevents.store import check_free

if TYPE_CHECKING:
    from relatedevents.learning.reports import Adaptation, Tuning
    from relatedevents.model import RelatedEvents


def adapt(args: argparse.Namespace) -> None:
    """Teach a saved model's encoder, save the new model, and print what that gained."""
    started = time.perf_counter()
    # A place that can't be written is told before the work, not after it.
    check_free(args.out)
    model = load_model(args.model_dir, args).adapt(held_out=args.held_out, seed=args.seed)
    _finish(args, model, model.adaptation_, "the taught encoder", started)


def tune(args: argparse.Namespace) -> None:
    """Learn a saved model's weights from links, save the new model, and print what that gained."""
    started = time.perf_counter()
    check_free(args.out)
    model = load_model(args.model_dir, args).tune(
        args.links, n=args.n, n_folds=args.folds, seed=args.seed
    )
    _finish(args, model, model.tuning_, "the learned weights", started)


def _finish(
    args: argparse.Namespace,
    model: RelatedEvents,
    report: Tuning | Adaptation,
    learned: str,
    started: float,
) -> None:
    model.save(args.out)
    if args.json:
        sys.stdout.write(json.dumps(report.to_dict(), ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(f"{report}\n")
    what = f"model with {learned}" if report.kept else "model as it was"
    seconds = time.perf_counter() - started
    sys.stderr.write(f"{what} saved in {args.out} ({seconds:.1f} s)\n")
