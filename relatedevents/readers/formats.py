"""Formats: how each kind of file is recognised and read; the one table that all readers share.

A new kind of table is one entry here: `read_events`, `read_links`, `read_run` and the command
line then read it, and their messages name it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from relatedevents._util.checks import check_choice, problem, some_of
from relatedevents.errors import InputError
from relatedevents.readers.context import is_page, read_context
from relatedevents.readers.tables import (
    csv_columns,
    jsonl_columns,
    parquet_columns,
    read_bytes,
    read_csv,
    read_jsonl,
    read_parquet,
)
from relatedevents.readers.trec import TREC_COLUMNS, read_qrels, read_trec

EVENTS, LINKS, LISTS = "events", "links", "lists"
_SNIFFED_BYTES = 4000
_DAY_PAGE = re.compile(r"\d{4}_[A-Z][a-z]+_\d{1,2}\.txt")


@dataclass(frozen=True)
class Format:
    """How one kind of file is recognised and read.

    Attributes
    ----------
    read : callable
        From a path to the raw table, before any check of its content; raises `InputError`.
    suffixes : tuple of str
        Ends of file names, in lower case, with their dot.
    begins : re.Pattern of bytes, optional
        What a file of this kind begins with, for files whose name tells nothing.
    holds : frozenset of str
        What such a file may hold: "events", "links", "lists".
    options : tuple of str
        Which keyword arguments of `read_file` go to `read`.
    columns : callable, optional
        From a path to the column names, where they can be had without reading all.
    is_page : callable, optional
        For formats of many files in one folder: whether a file name is that of a page.
    """

    read: Callable[..., pd.DataFrame]
    suffixes: tuple[str, ...] = ()
    begins: re.Pattern[bytes] | None = None
    holds: frozenset[str] = frozenset({EVENTS, LINKS, LISTS})
    options: tuple[str, ...] = ()
    columns: Callable[[Path], list[str]] | None = None
    is_page: Callable[[str], bool] | None = None


def _read_wikitext(path: Path, n_jobs: int | None = None) -> pd.DataFrame:
    from relatedevents.readers.wikitext import read_wikitext

    return read_wikitext(path, n_jobs)


FORMATS: dict[str, Format] = {
    "csv": Format(read_csv, (".csv", ".tsv"), options=("texts",), columns=csv_columns),
    "jsonl": Format(
        read_jsonl,
        (".jsonl", ".ndjson"),
        re.compile(rb"(\xef\xbb\xbf)?\s*\{"),
        columns=jsonl_columns,
    ),
    "parquet": Format(
        read_parquet, (".parquet", ".pq"), re.compile(rb"PAR1"), columns=parquet_columns
    ),
    "context": Format(read_context, (".md",), holds=frozenset({EVENTS, LINKS}), is_page=is_page),
    "wikitext": Format(
        _read_wikitext,
        holds=frozenset({EVENTS}),
        options=("n_jobs",),
        is_page=lambda name: bool(_DAY_PAGE.fullmatch(name)),
    ),
    "qrels": Format(
        read_qrels,
        (".qrels", ".qrel"),
        re.compile(rb"[ \t]*(\S+[ \t]+){3}[+-]?\d+[ \t\r]*(\n|\Z)"),
        holds=frozenset({LINKS}),
    ),
    "trec": Format(
        read_trec,
        (".run", ".trec"),
        re.compile(rb"[ \t]*\S+[ \t]+[Qq]?0([ \t]+\S+){4}[ \t\r]*(\n|\Z)"),
        holds=frozenset({LISTS}),
        columns=lambda _: list(TREC_COLUMNS),
    ),
}


def check_format(format_: object, holds: str) -> None:
    """Raise `InputError` unless `format_` is None or a format that may hold such data."""
    if format_ is not None:
        check_choice("format", format_, formats_of(holds))


def formats_of(holds: str) -> dict[str, Format]:
    """Return the formats that may hold "events", "links" or "lists", by name.

    Examples
    --------
    >>> list(formats_of("lists"))
    ['csv', 'jsonl', 'parquet', 'trec']
    """
    return {name: known for name, known in FORMATS.items() if holds in known.holds}


def format_of(path: Path, holds: str) -> str:
    """Return the format of a file by its name or its beginning, of a folder by its files.

    Raises
    ------
    InputError
        If none of the formats that may hold such data fits; the message names them.
    """
    formats = formats_of(holds)
    paged = {name: known.is_page for name, known in formats.items() if known.is_page}
    if path.is_dir() and paged:
        return _format_of_folder(path, paged)
    if path.is_file():
        for name, known in formats.items():
            if path.suffix.casefold() in known.suffixes or (
                name in paged and paged[name](path.name)
            ):
                return name
        start = read_bytes(path)[:_SNIFFED_BYTES]
        for name, known in formats.items():
            if known.begins and known.begins.match(start):
                return name
    suffixes = [suffix for known in formats.values() for suffix in known.suffixes]
    allowed = ", ".join([*suffixes, *(["a folder of pages"] if paged else [])])
    came = "a folder" if path.is_dir() else "a file of unknown kind"
    todo = f"Name what it is: format= one of {', '.join(map(repr, formats))}."
    raise InputError(problem(str(path), came, allowed, todo))


def _format_of_folder(path: Path, paged: dict[str, Callable[[str], bool]]) -> str:
    """Return the format whose pages a folder holds; hidden files don't count."""
    names = sorted(
        file.name for file in path.rglob("*") if file.is_file() and not file.name.startswith(".")
    )
    pages = {kind: list(filter(is_page_name, names)) for kind, is_page_name in paged.items()}
    kinds = [kind for kind, of_kind in pages.items() if of_kind]
    if len(kinds) > 1:
        came = " and ".join(f"{len(pages[k])} {k} pages ({some_of(pages[k], 2)})" for k in kinds)
        todo = "Put each kind into a folder of its own, or name the one to read with format=."
        raise InputError(problem(str(path), came, "one kind of page in a folder", todo))
    if not kinds:
        came = f"{len(names)} files, none of them a page: {some_of(names)}"
        allowed = "pages of the Context (.md), or wikitext day pages such as 2012_October_12.txt"
        todo = "Tables are read one file at a time."
        raise InputError(problem(str(path), came if names else "an empty folder", allowed, todo))
    return kinds[0]


def read_file(path: Path, format_: str, **options: Any) -> pd.DataFrame:  # noqa: ANN401 - each format's own
    """Read a file or folder of a known format as a raw table.

    Raises
    ------
    InputError
        If it is damaged, or a folder where the format is one of single files.
    """
    known = FORMATS[format_]
    if path.is_dir() and known.is_page is None:
        raise InputError(problem(str(path), f"a folder, to be read as {format_}", "a file"))
    return known.read(path, **{name: options[name] for name in known.options if name in options})


def column_names(path: Path, format_: str) -> list[str]:
    """Return the names of a file's columns, reading no more of it than that takes."""
    columns = FORMATS[format_].columns
    return columns(path) if columns else [str(name) for name in read_file(path, format_).columns]


def existing_path(source: str | PathLike[str]) -> Path:
    """Return `source` as a path that exists, or raise `InputError` that names it.

    Raises
    ------
    InputError
        If nothing is there; the message names files beside it that may be meant.
    """
    import difflib

    path = Path(source)
    if not path.exists():
        beside = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, beside)
        todo = f"Did you mean {some_of(near)}?" if near else "Check the path."
        raise InputError(problem(str(path), "there is no such file or folder", "a path", todo))
    return path
