"""The parser of every command's arguments, and where each command starts."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from typing import NoReturn

from relatedevents._version import __version__
from relatedevents.cli.options import COMMANDS

_EPILOG = """\
examples:
  relatedevents related sample --headline "Peacekeepers reach Timbuktu" --tag Mali
  relatedevents fit events.parquet model
  relatedevents related model ID --where category=Sport --as-of 2014-06-01
  relatedevents related model --headline "A new headline" --tag Mali --date 2014-06-01
  relatedevents explain model ID RELATED_ID
  relatedevents batch model lists.jsonl
  relatedevents batch events.csv pages --format pages --base-path /news/
  relatedevents update model tomorrow.csv --as-of own --changed changed.txt
  relatedevents remove model ID --changed changed.txt
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
    for name, command in COMMANDS.items():
        summary = command.summary
        of_command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            allow_abbrev=False,
        )
        of_command.set_defaults(run=_late(name, command.module))
        for group in command.groups:
            holder = of_command.add_argument_group(group.title) if group.title else of_command
            for argument, settings in group.arguments.items():
                holder.add_argument(argument, **settings)
    return parser


def _late(name: str, module: str) -> Callable[[argparse.Namespace], None]:
    """Return a function that imports its command when it is called."""

    def run(args: argparse.Namespace) -> None:
        commands = importlib.import_module(f"relatedevents.cli.{module}")
        getattr(commands, name)(args)

    return run
