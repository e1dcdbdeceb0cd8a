"""Lists as tables: CSV, JSON Lines and Parquet, one row or line a link.

Numbers are written with every digit that they have, so that what is read back is equal.
"""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, TextIO

import numpy as np
import pandas as pd

from relatedevents._util.files import atomic_file, atomic_text
from relatedevents.writers.json_text import json_rows
from relatedevents.writers.jsonable import to_jsonable

_ROWS_AT_ONCE = 50_000


def records(table: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Give the table's rows as dictionaries that JSON can write, a block of rows at a time."""
    names = [str(name) for name in table.columns]
    for start in range(0, len(table), _ROWS_AT_ONCE):
        block = table.iloc[start : start + _ROWS_AT_ONCE]
        columns = [_jsonable_column(block[name]) for name in table.columns]
        for row in zip(*columns, strict=True):
            yield dict(zip(names, row, strict=True))


def _jsonable_column(column: pd.Series) -> list[object]:
    if pd.api.types.is_integer_dtype(column.dtype) and not column.hasnans:
        return list(column.tolist())
    return [to_jsonable(value) for value in column]


def dump_csv(table: pd.DataFrame, file: TextIO, *, header: bool = True) -> None:
    """Write `table` into an open text file as CSV; lists stand as JSON lists."""
    quoting: Literal[0, 2] = (
        csv.QUOTE_NONNUMERIC if _has_carriage_return(table) else csv.QUOTE_MINIMAL
    )
    for start in range(0, max(len(table), 1), _ROWS_AT_ONCE):
        block = table.iloc[start : start + _ROWS_AT_ONCE].copy()
        for name in block.columns:
            if pd.api.types.is_datetime64_any_dtype(block[name].dtype):
                block[name] = pd.Series(
                    [to_jsonable(value) for value in block[name]], index=block.index, dtype=object
                )
            elif block[name].dtype == object:
                block[name] = pd.Series(
                    [_csv_cell(value) for value in block[name]], index=block.index, dtype=object
                )
        block.to_csv(file, index=False, header=header, lineterminator="\n", quoting=quoting)
        header = False


def _has_carriage_return(table: pd.DataFrame) -> bool:
    """Return whether a text holds a carriage return, which Python's csv module does not quote."""
    texts = [name for name in table.columns if not pd.api.types.is_numeric_dtype(table[name].dtype)]
    return any(isinstance(value, str) and "\r" in value for name in texts for value in table[name])


def _csv_cell(value: object) -> object:
    if isinstance(value, (list, tuple, dict, np.ndarray)):
        return json.dumps(to_jsonable(value), ensure_ascii=False)
    return value


def dump_jsonl(table: pd.DataFrame, file: TextIO) -> None:
    """Write `table` into an open text file, one JSON object a line."""
    for row in json_rows(table):
        file.write(row)
        file.write("\n")


def write_csv(tables: Iterable[pd.DataFrame], path: Path) -> None:
    """Write tables of the same columns as one CSV file."""
    with atomic_text(path) as file:
        for number, table in enumerate(tables):
            dump_csv(table, file, header=number == 0)


def write_jsonl(tables: Iterable[pd.DataFrame], path: Path) -> None:
    """Write tables as one JSON Lines file."""
    with atomic_text(path) as file:
        for table in tables:
            dump_jsonl(table, file)


def write_parquet(tables: Iterable[pd.DataFrame], path: Path) -> None:
    """Write tables of the same columns as one Parquet file, each as a row group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with atomic_file(path) as temporary, contextlib.ExitStack() as stack:
        writer = None
        for table in tables:
            if writer is None:
                # A block without one shared tag does not tell what its empty lists would hold.
                guessed = pa.Table.from_pandas(table, preserve_index=False).schema
                schema = pa.schema(
                    [
                        pa.field(field.name, pa.list_(pa.string()))
                        if field.type == pa.list_(pa.null())
                        else field
                        for field in guessed
                    ],
                    metadata=guessed.metadata,
                )
                writer = stack.enter_context(pq.ParquetWriter(temporary, schema))
            writer.write_table(pa.Table.from_pandas(table, schema=schema, preserve_index=False))
