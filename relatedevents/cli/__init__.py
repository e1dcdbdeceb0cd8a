"""The command line: the only package that prints.

Data goes to the standard output, everything else to the standard error. A user's mistake is one
line and exit code 2. Nothing heavy is imported before the arguments are known to be right.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import warnings
from collections.abc import Sequence

from relatedevents.cli.arguments import build_parser
from relatedevents.errors import InputError, MissingExtraError, RelatedEventsWarning

EXIT_MISTAKE = 2
# What a shell reports for a program that was stopped by the signal of that name.
EXIT_INTERRUPT = 130
EXIT_BROKEN_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments, without the program's name; by default those of the process.

    Returns
    -------
    int
        The exit code: 0, or 2 for a user's mistake.

    Examples
    --------
    >>> main(["fit", "no-such-file.csv", "model"])
    2
    """
    for stream in (sys.stdout, sys.stderr):
        # Data is UTF-8 wherever it goes; what half a character is in, is shown all the same.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        args = build_parser().parse_args(argv)
        with warnings.catch_warnings():
            warnings.simplefilter("always", RelatedEventsWarning)
            warnings.showwarning = _show_warning
            args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_stdout()
        return EXIT_BROKEN_PIPE
    except KeyboardInterrupt:
        return EXIT_INTERRUPT
    except (InputError, MissingExtraError) as error:
        _tell(str(error))
        return EXIT_MISTAKE
    except OSError as error:
        if not error.filename:
            _give_up_stdout()
        path = f": {error.filename}" if error.filename else ""
        _tell(f"{error.strerror or error}{path}")
        return EXIT_MISTAKE
    return 0


def _give_up_stdout() -> None:
    """Redirect stdout to the null device: Python flushes it again at exit, and would fail again."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(message: str) -> None:
    sys.stderr.write(f"relatedevents: {' '.join(message.split())}\n")


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    _tell(f"warning: {message}")
