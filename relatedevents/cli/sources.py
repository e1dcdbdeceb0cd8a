"""Parsed arguments -> archives, weights, filters and fitted models."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relatedevents._util.checks import problem, shown
from relatedevents.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from relatedevents.model import RelatedEvents
    from relatedevents.weights import Weights

SAMPLE = "sample"
_FIT_OPTIONS = (
    *("column", "tag_separator", "archive_format", "encoder", "allow_download"),
    *("weights", "cache_dir"),
)
_SIGNS = ("!=", "<=", ">=", "=", "<", ">")


def read_pairs(option: str, pairs: list[str] | None) -> dict[str, str]:
    """Return NAME=TEXT arguments as a mapping.

    Examples
    --------
    >>> read_pairs("--column", ["headline=title"])
    {'headline': 'title'}
    """
    mapping: dict[str, str] = {}
    for pair in pairs or []:
        name, sign, text = pair.partition("=")
        if not (name and sign and text) or name in mapping:
            came = f"got {shown(pair)}" + (" after another one" if name in mapping else "")
            raise InputError(problem(option, came, "NAME=TEXT, each name once"))
        mapping[name] = text
    return mapping


def read_weights(text: str) -> Weights:
    """Return the weights that `--weights` asks for.

    Examples
    --------
    >>> read_weights("semantic=1,tags=.5").tags
    0.5
    >>> read_weights("shared_tags").tie_break
    'page'
    """
    from relatedevents.weights import Weights

    if text == "shared_tags":
        return Weights.shared_tags()
    settings: dict[str, Any] = {}
    for name, value in read_pairs("--weights", text.split(",")).items():
        try:
            settings[name.strip()] = float(value)
        except ValueError:
            if name.strip() not in ("tie_break", "half_life"):
                allowed = "numbers, such as semantic=.5,tags=.3, or shared_tags"
                raise InputError(problem("--weights", f"got {shown(value)}", allowed)) from None
            settings[name.strip()] = value
    return Weights.from_dict(settings)


def read_condition(text: str) -> tuple[str, str, str]:
    """Split COLUMN=VALUE, with any of the signs, into column, operator and value.

    Examples
    --------
    >>> read_condition("date>=2014-01-01")
    ('date', '>=', '2014-01-01')
    """
    signs = [(text.find(sign), -len(sign), sign) for sign in _SIGNS if text.find(sign) > 0]
    if not signs:
        allowed = f"a column, one of {' '.join(_SIGNS)}, and a value"
        raise InputError(problem("--where", f"got {shown(text)}", allowed))
    position, _, sign = min(signs)
    return text[:position], "==" if sign == "=" else sign, text[position + len(sign) :]


def read_conditions(
    conditions: list[str] | None, archive: pd.DataFrame
) -> dict[str, list[tuple[str, object]]] | None:
    """Return every `--where` by column, as the keyword `where` takes it, or None without any."""
    where: dict[str, list[tuple[str, object]]] = {}
    for text in conditions or []:
        column, sign, value = read_condition(text)
        where.setdefault(column, []).append((sign, _like_column(value, column, archive)))
    return where or None


def _like_column(value: str, column: str, archive: pd.DataFrame) -> object:
    """Return `value` converted to the type of the column: a boolean, a number, or text."""
    import pandas as pd

    if column not in archive.columns:
        return value
    dtype = archive[column].dtype
    if pd.api.types.is_bool_dtype(dtype):
        known = {"true": True, "false": False}.get(value.casefold())
        if known is None:
            raise InputError(problem("--where", f"got {column} {shown(value)}", "true or false"))
        return known
    if pd.api.types.is_numeric_dtype(dtype):
        try:
            return float(value)
        except ValueError:
            message = problem("--where", f"got {column} {shown(value)}", "a number")
            raise InputError(message) from None
    return value


def wants_progress(args: argparse.Namespace) -> bool:
    """Tell whether progress is shown: on a terminal, or where it was asked for."""
    return bool(args.progress) or sys.stderr.isatty()


def _quiet_libraries(args: argparse.Namespace) -> None:
    """Keep what sentence-transformers says while it loads a model off stderr.

    The user's own settings of these variables stay.
    """
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    if not wants_progress(args):
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def open_model(args: argparse.Namespace) -> RelatedEvents:
    """Return the model that SOURCE names: loaded if it was saved, else fitted to the archive.

    Raises
    ------
    InputError
        If it can't be read, or options of the fit are given for a model that is fitted already.
    """
    from relatedevents.store import is_saved

    if args.source != SAMPLE and is_saved(args.source):
        late = [
            option
            for option, value in _fit_options(args).items()
            if value and option not in ("--encoder", "--allow-download")
        ]
        if late:
            came = f"{', '.join(late)} with the saved model {shown(args.source)}"
            todo = "Fit it again with these options."
            raise InputError(problem("SOURCE", came, "an archive, with these options", todo))
        return load_model(args.source, args)
    return fit_model(args)


def load_model(folder: str, args: argparse.Namespace) -> RelatedEvents:
    """Return a saved model, with what the arguments say of its encoder and of progress."""
    from relatedevents.model import RelatedEvents

    _quiet_libraries(args)
    model = RelatedEvents.load(folder, encoder=args.encoder)
    if getattr(args, "engine", None) is not None:
        model.set_params(engine=args.engine)
    return model.set_params(progress=wants_progress(args), allow_download=args.allow_download)


def fit_model(args: argparse.Namespace) -> RelatedEvents:
    """Return a model fitted to the archive that SOURCE names."""
    from relatedevents.model import RelatedEvents

    _quiet_libraries(args)
    archive = read_archive(args)
    settings: dict[str, Any] = {
        "allow_download": args.allow_download,
        "cache_dir": args.cache_dir,
        "progress": wants_progress(args),
    }
    if args.encoder is not None:
        settings["encoder"] = args.encoder
    if args.engine is not None:
        settings["engine"] = args.engine
    if args.weights is not None:
        settings["weights"] = read_weights(args.weights)
    return RelatedEvents(**settings).fit(archive)


def read_archive(args: argparse.Namespace) -> pd.DataFrame:
    """Return the archive that SOURCE names."""
    if args.source == SAMPLE:
        from relatedevents.readers.sample import load_sample

        reading = ("--column", "--tag-separator", "--archive-format")
        given = [option for option in reading if _fit_options(args)[option]]
        if given:
            todo = "A folder of that name is ./sample."
            came = f"{', '.join(given)} with the bundled sample"
            raise InputError(problem("SOURCE", came, "a file or folder, with these options", todo))
        return load_sample()
    from relatedevents.readers import read_events

    source = Path(args.source)
    if not source.exists():
        allowed = "a saved model, an archive, or the word 'sample'"
        raise InputError(problem("SOURCE", f"{shown(args.source)} is not there", allowed))
    return read_events(
        source,
        columns=read_pairs("--column", args.column) or None,
        tag_separator=args.tag_separator,
        on_error=args.on_error,
        format=args.archive_format,
    )


def _fit_options(args: argparse.Namespace) -> dict[str, object]:
    """Return the options that only a fit uses: name -> given value."""
    # `update` takes neither weights nor a cache.
    return {f"--{name.replace('_', '-')}": getattr(args, name, None) for name in _FIT_OPTIONS}
