"""Tables in files (CSV, JSON Lines, Parquet) as raw frames, before any check of their content.

A file that is cut off or damaged is one error that names the file and the line.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from relatedevents._util.checks import problem, shown
from relatedevents.errors import InputError

_DELIMITERS = ",;\t"
_FIRST_BYTES = 100_000
_TEXTS = ("id", "related_id", "headline", "date", "tags", "as_of", "shared_tags")
_WHOLE = re.compile(r"0|-?[1-9]\d{0,17}", re.ASCII)
# Programs write 1e-07 without a point; without the exponent's sign it may be somebody's code.
_DECIMAL = re.compile(r"-?(0|[1-9]\d*)(\.\d+([eE][+-]?\d+)?|[eE][+-]\d+)", re.ASCII)


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes, or raise `InputError` that names it."""
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        todo = "Check the path and the rights."
        raise InputError(problem(str(path), reason, "a file that can be read", todo)) from error


def read_utf8(path: Path) -> str:
    """Return a file's text, or raise `InputError` that names the line that is not UTF-8."""
    data = read_bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        came = f"byte 0x{data[error.start]:02x}, which is not UTF-8"
        todo = "Save the file as UTF-8."
        raise InputError(problem(f"{path}, line {line}", came, "UTF-8 text", todo)) from error


def read_csv(path: Path, texts: Collection[str] = ()) -> pd.DataFrame:
    """Read a CSV file whose first line names the columns.

    Parameters
    ----------
    path : pathlib.Path
        UTF-8; cells parted by commas, semicolons or tabs, whichever the first line has most.
    texts : collection of str
        Columns to keep as text, besides those that are text in every archive.

    Returns
    -------
    pandas.DataFrame
        Cells as text, empty ones None. A column that holds nothing but plain numbers becomes
        numbers, so that it can be compared, unless it is one of the text columns.

    Raises
    ------
    InputError
        If a quote is never closed, or a row has too few or too many cells; with the line.
    """
    text = read_utf8(path)
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    rows = _csv_rows(text, delimiter, path)
    _, header = next(rows, (1, []))
    if not any(name.strip() for name in header):
        raise InputError(problem(str(path), "no first line", "a line that names the columns"))
    cells: list[list[str]] = []
    for line, row in rows:
        if not row:
            continue
        if len(row) != len(header):
            came = f"{len(row)} cells, where the first line names {len(header)} columns"
            allowed = "one cell for each column, quoted if it holds a separator"
            todo = "The file may be cut off here."
            raise InputError(problem(f"{path}, line {line}", came, allowed, todo))
        cells.append(row)
    frame = pd.DataFrame(cells, columns=header, dtype=object)
    frame = frame.where(frame != "", None)
    return _with_numbers(frame, {*_TEXTS, *texts})


def _csv_rows(text: str, delimiter: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield every row with the number of its first line."""
    # A cell may hold a whole text. The limit is one for all readers, so it is never lowered.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            came = "a quote that is never closed" if "end of data" in str(error) else str(error)
            allowed = 'cells that hold quotes written as "... ""..."" ..."'
            todo = "The file may be cut off."
            message = problem(f"{path}, row from line {line}", came, allowed, todo)
            raise InputError(message) from error
        yield line, row


def _with_numbers(frame: pd.DataFrame, texts: set[str]) -> pd.DataFrame:
    """Convert text columns that hold nothing but numbers to numbers."""
    numbers: dict[str, pd.Series] = {}
    for name in frame.columns:
        if name in texts or list(frame.columns).count(name) > 1:
            continue
        filled = frame[name].dropna()
        if filled.empty:
            continue
        if filled.map(lambda cell: bool(_WHOLE.fullmatch(cell))).all():
            kind = "int64" if len(filled) == len(frame) else "Int64"
            integers = [None if cell is None else int(cell) for cell in frame[name]]
            numbers[name] = pd.Series(integers, dtype=kind)
        elif filled.map(
            lambda cell: bool(_WHOLE.fullmatch(cell) or _DECIMAL.fullmatch(cell))
        ).all():
            floats = [np.nan if cell is None else float(cell) for cell in frame[name]]
            numbers[name] = pd.Series(floats, dtype="float64")
    return frame.assign(**numbers)


def json_objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield every line's object of a JSON Lines file, with the line's number from 1.

    Raises
    ------
    InputError
        If a line is not a whole JSON object, or holds text that can't be written.
    """
    # Only \n ends a line here: str.splitlines would also break at characters that JSON text
    # may hold, such as U+2028.
    lines = read_utf8(path).split("\n")
    last = max((number for number, line in enumerate(lines, 1) if line.strip()), default=0)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            value = json.loads(line)
        except ValueError as error:
            came = f"no whole JSON value ({error})"
            todo = "The file may be cut off here." if number == last else ""
            raise InputError(problem(where, came, "one JSON object a line", todo)) from error
        if not isinstance(value, dict):
            raise InputError(problem(where, f"got {shown(value)}", "one JSON object a line"))
        if "\\ud" in line or "\\uD" in line:
            _check_surrogates(value, where)
        yield number, value


def _check_surrogates(value: dict[str, Any], where: str) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        came = "an escape such as \\ud800 that is half of a character"
        raise InputError(problem(where, came, "text that can be written as UTF-8")) from error


def read_jsonl(path: Path) -> pd.DataFrame:
    """Read a JSON Lines file: one object a line, its keys the columns.

    Returns
    -------
    pandas.DataFrame
        A key that a line lacks is None there.

    Raises
    ------
    InputError
        If a line is not a whole JSON object; with its number.
    """
    return frame_of([value for _, value in json_objects(path)])


def frame_of(objects: list[dict[str, Any]]) -> pd.DataFrame:
    """Return objects as a frame in which integers stay integers, also beside missing values.

    Examples
    --------
    >>> frame_of([{"id": 1}, {"id": 2, "year": 1992}]).to_dict("list")
    {'id': [1, 2], 'year': [None, 1992]}
    """
    names = dict.fromkeys(name for value in objects for name in value)
    columns: dict[str, pd.Series] = {}
    for name in names:
        column = pd.Series([value.get(name) for value in objects], dtype=object)
        columns[name] = column if column.isna().any() else column.infer_objects()
    return pd.DataFrame(columns)


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file.

    Raises
    ------
    InputError
        If it is cut off or no Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = read_bytes(path)
    try:
        table = pq.read_table(pa.BufferReader(data))
        frame: pd.DataFrame = table.to_pandas(integer_object_nulls=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        ends = [data[:4] == b"PAR1", data[-4:] == b"PAR1"]
        came = "no Parquet file" if not ends[0] else "a damaged Parquet file"
        came = "a Parquet file without its end" if ends == [True, False] else came
        todo = "Write or copy it again."
        message = problem(str(path), f"{came} ({str(error).splitlines()[0]})", "a whole one", todo)
        raise InputError(message) from error
    # pyarrow keeps what decoding took, several times the file, in case it reads more.
    pa.default_memory_pool().release_unused()
    return frame


def csv_columns(path: Path) -> list[str]:
    """Return the names in a CSV file's first line."""
    first = read_bytes(path)[:_FIRST_BYTES].decode("utf-8-sig", errors="replace").partition("\n")[0]
    return [cell.strip().strip('"') for cell in re.split(f"[{_DELIMITERS}]", first)]


def jsonl_columns(path: Path) -> list[str]:
    """Return the keys of a JSON Lines file's first object."""
    return list(next(iter(json_objects(path)), (0, {}))[1])


def parquet_columns(path: Path) -> list[str]:
    """Return a Parquet file's column names; [] if it is damaged, which reading all of it tells."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError, ValueError):
        return []
