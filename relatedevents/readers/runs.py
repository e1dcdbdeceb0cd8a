"""`read_run`: lists of related events, from wherever they come, as one table."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd

from relatedevents._util.checks import check_choice, problem, shown, some_of
from relatedevents.archive import to_pandas
from relatedevents.errors import InputError
from relatedevents.readers.link_table import check_links
from relatedevents.readers.tables import (
    EXTENSIONS,
    existing_path,
    json_objects,
    read_bytes,
    read_table,
    read_utf8,
)

FORMATS = ("csv", "jsonl", "parquet", "trec")
_TREC_SUFFIXES = (".run", ".trec")
# Q0 in the second column; some tools write 0 or q0.
_TREC_LINE = re.compile(r"\s*(\S+)\s+([Qq]?0)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s*", re.ASCII)
_READ = ("id", "related_id", "rank")
_TREC_COLUMNS = ["id", "related_id", "rank", "score"]


def read_run(source: object, *, format: str | None = None, name: str = "run") -> pd.DataFrame:
    """Read lists of related events: this package's own, or another system's.

    Parameters
    ----------
    source : data frame, mapping, or path
        - A frame, or a .csv, .parquet or .jsonl file, with `id`, `related_id` and `rank`, as
          `related_many` and `batch` give them; without `rank`, with `score`.
        - A mapping {id: [related ids, best first]} or {id: {related id: score}}.
        - A .jsonl file of lists: {"id": ..., "related": [...]}, the related events as ids or as
          objects with an "id", best first.
        - A TREC run file (.run, .trec, or format="trec"): lines "id Q0 related_id rank score
          name", ids percent-encoded.
    format : {"csv", "jsonl", "parquet", "trec"}, optional
        What the file is, if its name and beginning do not tell.
    name : str
        What messages call a source that is no file.

    Returns
    -------
    pandas.DataFrame
        One row a list member, each list in the order of its ranks: `id`, `related_id`, `rank`
        (whole numbers from 1; only their order counts), then all other columns.
        `attrs["without_related"]`: ids that came with an empty list, which no row can show.
        `attrs["tied"]`: how many members share their score with another one of the same list,
        where the order comes from scores alone; among them the smaller id stands first.

    Raises
    ------
    InputError
        For an empty run, a missing column or id, a doubled event or rank, an event listed under
        itself, a line that is cut off, TREC scores that contradict the ranks; with the rows, or
        the file and line.

    Examples
    --------
    >>> read_run({"rio": ["kyoto", "paris"], "lima": []})[["id", "rank", "related_id"]]
        id  rank related_id
    0  rio     1      kyoto
    1  rio     2      paris
    >>> read_run({"rio": {"kyoto": 0.2, "paris": 0.7}})["related_id"].tolist()
    ['paris', 'kyoto']
    """
    if format is not None:
        check_choice("format", format, FORMATS)
    without: list[str] = []
    if isinstance(source, (str, PathLike)):
        path = existing_path(source)
        name, kind = str(path), format or _format_of(path)
        raw, without = _read_trec(path) if kind == "trec" else _read_file(path, kind)
    elif isinstance(source, Mapping):
        raw, without = _of_mapping(source, name)
    else:
        raw = to_pandas(source, name)
        without = list(raw.attrs.get("without_related", []))
    if len(raw) == 0:
        came = f"it lists no event ({len(without)} ids come with an empty list)"
        came = came if without else "it is empty"
        raise InputError(problem(name, came, "one list or more that holds an event"))
    return _checked(raw, without, name)


def is_run(path: str | PathLike[str]) -> bool:
    r"""Tell whether a file holds lists rather than an archive, by its name or its columns.

    Parameters
    ----------
    path : path
        A file or folder.

    Returns
    -------
    bool
        True for a TREC run, and for a table or JSON Lines whose first line names `related_id`
        or "related".

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "lists.csv"
    >>> _ = file.write_text("id,rank,related_id\na,1,b\n")
    >>> is_run(file)
    True
    """
    path = existing_path(path)
    if path.is_dir() or path.suffix.casefold() == ".md":
        return False
    try:
        kind = _format_of(path)
    except InputError:
        return False
    if kind == "trec":
        return True
    if kind == "jsonl":
        names = list(next(iter(json_objects(path)), (0, {}))[1])
    elif kind == "parquet":
        names = _parquet_names(path)
    else:
        first = read_bytes(path)[:100_000].decode("utf-8-sig", errors="replace").partition("\n")[0]
        names = [cell.strip().strip('"') for cell in re.split(r"[,;\t]", first)]
    return "related_id" in names or ("related" in names and "headline" not in names)


def _parquet_names(path: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError, ValueError):
        return []  # A damaged file is told by whoever reads all of it.


def _format_of(path: Path) -> str:
    suffix = path.suffix.casefold()
    if suffix in _TREC_SUFFIXES:
        return "trec"
    if suffix in EXTENSIONS:
        return EXTENSIONS[suffix]
    if path.is_file():
        start = read_bytes(path)[:4000]
        if start.startswith(b"PAR1"):
            return "parquet"
        if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
            return "jsonl"
        if _TREC_LINE.fullmatch(start.decode(errors="replace").partition("\n")[0]):
            return "trec"
    allowed = f"a file of lists ({', '.join([*EXTENSIONS, *_TREC_SUFFIXES])})"
    todo = f"Name what it is: format= one of {', '.join(map(repr, FORMATS))}."
    kind = "a folder" if path.is_dir() else "a file of unknown kind"
    raise InputError(problem(str(path), kind, allowed, todo))


def _read_file(path: Path, kind: str) -> tuple[pd.DataFrame, list[str]]:
    if kind == "jsonl":
        objects = list(json_objects(path))
        if any("related" in value and "related_id" not in value for _, value in objects):
            return _of_lists(objects, path)
    return read_table(path, kind), []


def _of_lists(
    objects: list[tuple[int, dict[str, Any]]], path: Path
) -> tuple[pd.DataFrame, list[str]]:
    """Return JSON Lines of one list a line as rows."""
    lists: dict[Any, list[Any]] = {}
    for number, value in objects:
        where = f"{path}, line {number}"
        if "id" not in value or not isinstance(value.get("related"), list):
            allowed = '{"id": ..., "related": [...]}'
            raise InputError(problem(where, f"an object with {some_of(list(value))}", allowed))
        if value["id"] in lists:
            came = f"a second list of {shown(value['id'])}"
            raise InputError(problem(where, came, "one list an event"))
        related = [one.get("id") if isinstance(one, dict) else one for one in value["related"]]
        lists[value["id"]] = related
    return _of_mapping(lists, str(path))


def _of_mapping(source: Mapping[Any, Any], name: str) -> tuple[pd.DataFrame, list[str]]:
    """Return a mapping's lists as rows, and the ids with an empty one."""
    scored = {isinstance(related, Mapping) for related in source.values() if len_of(related)}
    if len(scored) > 1:
        allowed = "for all ids a list of related ids, or for all a mapping to scores"
        raise InputError(problem(name, "lists and mappings mixed", allowed))
    column = "score" if True in scored else "rank"
    rows: list[tuple[Any, Any, Any]] = []
    for id_, related in source.items():
        if isinstance(related, Mapping):
            rows += [(id_, other, score) for other, score in related.items()]
        elif isinstance(related, (list, tuple, np.ndarray, pd.Series, pd.Index)):
            rows += [(id_, other, rank) for rank, other in enumerate(related, 1)]
        else:
            came = f"got {shown(related)} ({type(related).__name__})"
            allowed = "a list of related ids, best first, or a mapping from them to scores"
            raise InputError(problem(f"{name}, id {shown(id_)}", came, allowed))
    frame = pd.DataFrame(
        {
            key: pd.Series([row[place] for row in rows], dtype=object)
            for place, key in enumerate(["id", "related_id", column])
        }
    )
    return frame, [str(id_) for id_, related in source.items() if not len_of(related)]


def len_of(related: object) -> int:
    """Return how many members a list has; what has no length counts as one, to be refused."""
    return len(related) if hasattr(related, "__len__") else 1


def _read_trec(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Read a TREC run; ids are percent-encoded there, since blanks part the columns."""
    rows: list[tuple[str, str, int, float]] = []
    first_line: dict[tuple[str, int], int] = {}
    lowest = 1
    for number, line in enumerate(read_utf8(path).split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        found = _TREC_LINE.fullmatch(line)
        if not found:
            allowed = 'six columns parted by blanks: "id Q0 related_id rank score name"'
            todo = "Percent-encode ids that hold blanks. The file may be cut off here."
            came = f"{len(line.split())} columns in {shown(line.strip())}"
            raise InputError(problem(where, came, allowed, todo))
        rank, score = _rank_and_score(found[4], found[5], where)
        row = (_decoded(found[1], where), _decoded(found[3], where), rank, score)
        if (row[0], rank) in first_line:
            came = f"rank {rank} of {shown(row[0])} again, first in line {first_line[row[0], rank]}"
            raise InputError(problem(where, came, "every rank once for each id"))
        first_line[row[0], rank] = number
        lowest = min(lowest, rank)
        rows.append(row)
    frame = pd.DataFrame(rows, columns=_TREC_COLUMNS)
    frame["rank"] += 1 - lowest  # Many tools count from 0.
    _check_scores_fall(frame, path)
    return frame, []


def _rank_and_score(rank: str, score: str, where: str) -> tuple[int, float]:
    if not re.fullmatch(r"\d{1,9}", rank, re.ASCII):
        raise InputError(problem(f"{where}, rank", f"got {shown(rank)}", "a whole number"))
    try:
        number = float(score)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(problem(f"{where}, score", f"got {shown(score)}", "a finite number"))
    return int(rank), number


def _decoded(text: str, where: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        came = f"got {shown(text)}, whose percent-encoded bytes are not UTF-8"
        todo = "Write a percent sign of the id itself as %25."
        raise InputError(problem(where, came, "a percent-encoded id", todo)) from error


def _check_scores_fall(frame: pd.DataFrame, path: Path) -> None:
    """Refuse scores that contradict the ranks: other tools would read another order."""
    ordered = frame.sort_values(["id", "rank"], kind="stable")
    same_list = ordered["id"].to_numpy()[1:] == ordered["id"].to_numpy()[:-1]
    rises = same_list & (np.diff(ordered["score"].to_numpy()) > 0)
    if rises.any():
        row = ordered.iloc[int(rises.argmax()) + 1]
        came = (
            f"{int(rises.sum())} scores are higher than the one a rank above, first at rank "
            f"{row['rank']} of {shown(row['id'])}"
        )
        todo = "trec_eval goes by score, this package by rank: make both tell the same order."
        raise InputError(problem(str(path), came, "scores that fall with the rank", todo))


def _checked(raw: pd.DataFrame, without: list[str], name: str) -> pd.DataFrame:
    """Check the rows and put each list in order, lists in the order of their first rows."""
    if "rank" not in raw and "score" not in raw:
        came = f"no column 'rank' and no column 'score' among {some_of(list(raw.columns), 12)}"
        raise InputError(problem(name, came, "id, related_id, and rank or score"))
    # Only these are read; whatever else a table of lists holds is nobody's business here.
    others = raw.drop(columns=[column for column in _READ if column in raw])
    checked = check_links(raw.drop(columns=others.columns), without, name)
    table = pd.concat([checked, others.reset_index(drop=True)], axis=1)
    if "score" in table:
        _check_scores(table["score"].tolist(), name)
    ordering = ["rank"]
    tied = 0
    if "rank" not in table:
        tied = int(table.duplicated(["id", "score"], keep=False).sum())
        table["falling"] = -table["score"].astype(np.float64)
        ordering = ["falling", "related_id"]
    place = pd.factorize(table["id"])[0]
    table = table.assign(place=place).sort_values(["place", *ordering], kind="stable")
    table = table.drop(columns=["place", *({"falling"} & set(table))]).reset_index(drop=True)
    if "rank" not in table:
        table.insert(2, "rank", table.groupby("id", sort=False).cumcount() + 1)
    listed = set(table["id"])
    table.attrs = {"without_related": [i for i in without if i not in listed], "tied": tied}
    return table


def _check_scores(scores: list[object], name: str) -> None:
    for row, score in enumerate(scores):
        number = isinstance(score, numbers.Real) and not isinstance(score, bool)
        if not number or not math.isfinite(float(score)):  # type: ignore[arg-type]
            where = f"{name}, row {row}, column 'score'"
            raise InputError(problem(where, f"got {shown(score)}", "a finite number"))
