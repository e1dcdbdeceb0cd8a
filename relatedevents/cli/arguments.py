"""The arguments of every command, and where each command starts."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from typing import NoReturn

from relatedevents._version import __version__
from relatedevents.cli import evaluate as evaluation

SOURCE_HELP = (
    "a folder made by 'fit'; or an archive (.csv, .jsonl, .parquet, .md, a folder of pages), "
    "which is fitted first; or the word 'sample' for the bundled archive"
)
_EPILOG = """\
examples:
  relatedevents related sample --headline "Peacekeepers reach Timbuktu" --tag Mali
  relatedevents fit events.parquet model
  relatedevents related model ID --where category=Sport --as-of 2014-06-01
  relatedevents related model --headline "A new headline" --tag Mali --date 2014-06-01
  relatedevents explain model ID RELATED_ID
  relatedevents batch model lists.jsonl
  relatedevents batch events.csv pages --format pages --base-path /news/
  relatedevents update model tomorrow.csv --changed changed.txt
  relatedevents adapt model --out taught
  relatedevents tune model links.jsonl --out tuned
  relatedevents evaluate lists.jsonl --links links.jsonl --archive events.csv
  relatedevents evaluate events.csv --links links.jsonl --baselines --html report.html

'relatedevents COMMAND --help' tells the options of a command.
"""


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see '{self.prog} --help')\n")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; each command stores its function as `run`.

    Examples
    --------
    >>> build_parser().parse_args(["explain", "model", "a", "b"]).related_id
    'b'
    """
    parser = _Parser(
        prog="relatedevents",
        description="Related events for every event of a dated, tagged archive, and why.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"relatedevents {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    fit = _add(commands, "fit", "read an archive, fit a model to it and save it")
    fit.add_argument("source", metavar="ARCHIVE", help="a file, a folder, or the word 'sample'")
    fit.add_argument("model_dir", metavar="MODEL_DIR", help="the folder to write")

    related = _add(commands, "related", "list the events related to one event")
    related.add_argument("source", metavar="SOURCE", help=SOURCE_HELP)
    related.add_argument("id", metavar="ID", nargs="?", help="an event of the archive")
    new = related.add_argument_group("an event that is not in the archive, instead of ID")
    new.add_argument("--headline", metavar="TEXT")
    new.add_argument("--tag", metavar="TAG", action="append", help="may be repeated")
    new.add_argument("--date", metavar="DATE", help="such as 2014-06-01")
    related.add_argument("--json", action="store_true", help="print a JSON list")

    explain = _add(commands, "explain", "tell every part of one pair's score")
    explain.add_argument("source", metavar="SOURCE", help=SOURCE_HELP)
    explain.add_argument("id", metavar="ID")
    explain.add_argument("related_id", metavar="RELATED_ID")
    explain.add_argument("--json", action="store_true", help="print a JSON object")

    batch = _add(commands, "batch", "write the lists of the whole archive")
    batch.add_argument("source", metavar="SOURCE", help=SOURCE_HELP)
    batch.add_argument(
        "out", metavar="OUT", help="a file (.csv, .jsonl, .parquet, .md), a folder, or - for stdout"
    )
    writing = batch.add_argument_group("writing")
    writing.add_argument(
        "--format",
        metavar="FORMAT",
        help="csv, jsonl, parquet, markdown (one section an event; a folder unless OUT ends in "
        ".md) or pages (a folder with one JSON list an event); by default told by OUT",
    )
    writing.add_argument(
        "--base-path",
        metavar="PATH",
        default="",
        help="what a link starts with, before the id or a relative url",
    )
    writing.add_argument(
        "--link-suffix", metavar="TEXT", default="", help="what a link ends with, such as .html"
    )
    writing.add_argument(
        "--url-column", metavar="NAME", help="the column with each event's own url (default: url)"
    )

    update = _add(commands, "update", "add events to a saved model and tell whose lists changed")
    update.add_argument("model_dir", metavar="MODEL_DIR", help="a folder made by 'fit'")
    update.add_argument("source", metavar="NEW_EVENTS", help="a file or folder of events")
    update.add_argument(
        "--on-existing",
        metavar="error|replace",
        default="error",
        help="refuse events whose id the model has (default), or put them into the old ones' place",
    )
    update.add_argument(
        "--refresh", action="store_true", help="learn tags, words and topics anew, as 'fit' does"
    )
    update.add_argument(
        "--changed", metavar="FILE", help="write the changed ids there instead of printing them"
    )
    update.add_argument(
        "--json", action="store_true", help="a JSON list of the changed ids, instead of lines"
    )
    update.add_argument(
        "--encoder", metavar="NAME", help="that of the fit, where it lies elsewhere"
    )
    update.add_argument(
        "--allow-download", action="store_true", help="fetch an encoder that is not here"
    )
    update.set_defaults(weights=None, cache_dir=None)

    adapt = _add(
        commands, "adapt", "teach a saved model's encoder with its archive's tags", module="learn"
    )
    adapt.add_argument("model_dir", metavar="MODEL_DIR", help="a folder made by 'fit'")
    adapt.add_argument(
        "--held-out",
        metavar="SHARE",
        type=float,
        default=0.15,
        help="the share of the events, the newest, to measure on (default: %(default)s)",
    )

    tune = _add(
        commands, "tune", "learn a saved model's weights from existing links", module="learn"
    )
    tune.add_argument("model_dir", metavar="MODEL_DIR", help="a folder made by 'fit'")
    tune.add_argument(
        "links",
        metavar="LINKS",
        help="links as for 'evaluate': .jsonl, .csv, .parquet, .qrels, .md",
    )
    tune.add_argument(
        "-n",
        type=int,
        metavar="N",
        default=10,
        help="how long the lists are (default: %(default)s)",
    )
    tune.add_argument(
        "--folds",
        type=int,
        metavar="N",
        default=5,
        help="in how many parts the links are measured (default: %(default)s)",
    )
    for command in (adapt, tune):
        _add_learning(command)

    measure = _add(commands, "evaluate", "measure lists against existing links", module="evaluate")
    evaluation.add_arguments(measure)

    for command in (related, batch):
        _add_listing(command)
    for command in (fit, related, explain, batch, measure):
        _add_fitting(command)
    for command in (fit, related, explain, batch, update, measure):
        _add_reading(command)
    for command in (fit, related, explain, batch, update, adapt, tune, measure):
        command.add_argument(
            "--progress",
            action="store_true",
            help="show progress on stderr also where it is not a terminal",
        )
    return parser


def _add(
    commands: argparse._SubParsersAction[_Parser], name: str, told: str, module: str = "commands"
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name, help=told, description=f"{told[0].upper()}{told[1:]}.", allow_abbrev=False
    )
    command.set_defaults(run=_late(name, module))
    return command


def _late(name: str, module: str) -> Callable[[argparse.Namespace], None]:
    """Return a function that imports its command when it is called."""

    def run(args: argparse.Namespace) -> None:
        commands = importlib.import_module(f"relatedevents.cli.{module}")
        getattr(commands, name)(args)

    return run


def _add_learning(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--out", metavar="NEW_DIR", required=True, help="the folder to write; may be MODEL_DIR"
    )
    command.add_argument(
        "--seed", type=int, metavar="N", default=0, help="of all that is drawn (default: 0)"
    )
    command.add_argument("--json", action="store_true", help="print the report as a JSON object")
    command.add_argument(
        "--encoder", metavar="NAME", help="that of the fit, where it lies elsewhere"
    )
    command.add_argument(
        "--allow-download", action="store_true", help="fetch an encoder that is not here"
    )


def _add_listing(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("what is listed")
    group.add_argument("-n", type=int, metavar="N", help="how many related events (default: 10)")
    group.add_argument(
        "--as-of",
        metavar="DATE",
        help="list only events up to that day; 'own': up to each event's own day",
    )
    group.add_argument(
        "--min-score", type=float, metavar="SCORE", help="leave out what scores less"
    )
    group.add_argument(
        "--min-probability",
        type=float,
        metavar="P",
        help="leave out what is less probable, such as 0.3; see 'prob.' in the list",
    )
    group.add_argument(
        "--exclude", metavar="ID", action="append", help="never list it; may be repeated"
    )
    group.add_argument(
        "--pin", metavar="ID", action="append", help="list it first; may be repeated"
    )
    group.add_argument(
        "--where",
        metavar="COLUMN=VALUE",
        action="append",
        help="list only such events; also !=, <, <=, > and >=; may be repeated, all must hold",
    )
    group.add_argument(
        "--diversity",
        type=float,
        metavar="NUMBER",
        default=0.0,
        help="from 0, the best by score (default), to 1, as unlike each other as may be; try 0.17",
    )
    group.add_argument(
        "--near-duplicates",
        metavar="keep|drop",
        default="keep",
        help="whether to leave out a headline that says what another listed one, or the event's "
        "own, says (default: keep)",
    )


def _add_reading(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("reading an archive")
    group.add_argument(
        "--column",
        metavar="NAME=YOURS",
        action="append",
        help="your column's name, such as headline=title; may be repeated",
    )
    group.add_argument(
        "--tag-separator", metavar="TEXT", help="where tags in one text are split, such as ';'"
    )
    group.add_argument(
        "--on-error",
        metavar="raise|drop",
        default="raise",
        help="stop at a row that can't be used (default), or leave it out and say so",
    )
    group.add_argument(
        "--archive-format", metavar="FORMAT", help="what the archive is, if its name does not tell"
    )


def _add_fitting(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("fitting a model")
    group.add_argument(
        "--encoder",
        metavar="NAME",
        help="a folder or name of a sentence-transformers or model2vec model (default: the "
        "one that comes with the package)",
    )
    group.add_argument(
        "--allow-download", action="store_true", help="fetch an encoder that is not here"
    )
    group.add_argument(
        "--weights",
        metavar="WEIGHTS",
        help="such as semantic=.5,tags=.3 (what is not named keeps its default), or shared_tags",
    )
    group.add_argument("--cache-dir", metavar="DIR", help="keep vectors there for the next fit")
    group.add_argument(
        "--engine",
        metavar="NAME",
        help="exact (default), approximate (for large archives), or auto: approximate above "
        "200,000 events; also for a saved model",
    )
