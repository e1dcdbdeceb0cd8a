"""Tables as JSON text, a column at a time: the bytes of `json.dumps`, in a fraction of the time."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from json.encoder import encode_basestring

import numpy as np
import pandas as pd

from relatedevents.writers.jsonable import to_jsonable

ROWS_AT_ONCE = 50_000


class _Quoted(dict[str, str]):
    """Cache from a text to its JSON string: ids and tags repeat."""

    def __missing__(self, text: str) -> str:
        self[text] = quoted = encode_basestring(text)
        return quoted


def json_rows(table: pd.DataFrame, indent: int | None = None, depth: int = 0) -> Iterator[str]:
    r"""Give each row as the JSON object that `json.dumps` writes of it.

    Parameters
    ----------
    table : pandas.DataFrame
        Any columns; a cell is written as `to_jsonable` gives it.
    indent : int, optional
        As in `json.dumps`.
    depth : int
        How deep within a larger text the object stands; with `indent` only.

    Yields
    ------
    str
        One object a row.

    Examples
    --------
    >>> print(*json_rows(pd.DataFrame({"n": [1, 2], "tags": [["é"], []]})), sep="\n")
    {"n": 1, "tags": ["é"]}
    {"n": 2, "tags": []}
    """
    names = [encode_basestring(str(name)).replace("%", "%%") for name in table.columns]
    if indent is None:
        template = "{" + ", ".join(f"{name}: %s" for name in names) + "}"
    else:
        line = "\n" + " " * (indent * (depth + 1))
        template = "{" + ",".join(f"{line}{name}: %s" for name in names)
        template += ("\n" + " " * (indent * depth) if names else "") + "}"
    quoted = _Quoted()
    for start in range(0, len(table), ROWS_AT_ONCE):
        block = table.iloc[start : start + ROWS_AT_ONCE]
        cells = [
            _cells(block.iloc[:, number], quoted, indent, depth + 1) for number in range(len(names))
        ]
        for row in zip(*cells, strict=True):
            yield template % row


def _cells(column: pd.Series, quoted: _Quoted, indent: int | None, depth: int) -> list[str]:
    """Return the JSON text of each cell."""
    kind = column.dtype
    if isinstance(kind, np.dtype) and kind.kind in "iu":
        return [str(value) for value in column.tolist()]
    if isinstance(kind, np.dtype) and kind.kind == "f":
        return _floats(column.to_numpy())
    if isinstance(kind, np.dtype) and kind.kind == "M":
        return _repeated(column, quoted)
    return [_cell(value, quoted, indent, depth) for value in column.tolist()]


def _floats(values: np.ndarray) -> list[str]:
    # Many parts are 0, or one of a few values of time.
    distinct, codes = np.unique(values + 0.0, return_inverse=True)  # -0.0 becomes 0.0
    if values.dtype == np.float64 and 2 * len(distinct) > len(values):
        return [repr(v) if math.isfinite(v) else "null" for v in values.tolist()]
    texts = [json.dumps(to_jsonable(value)) for value in distinct]
    negative = np.signbit(values) & (values == 0)
    cells = np.array(texts, dtype=object)[codes]
    cells[negative] = "-0.0"
    return list(cells)


def _repeated(column: pd.Series, quoted: _Quoted) -> list[str]:
    codes, distinct = pd.factorize(column)
    texts = [_cell(value, quoted, None, 0) for value in distinct] + ["null"]
    return [texts[code] for code in codes]


def _cell(value: object, quoted: _Quoted, indent: int | None, depth: int) -> str:
    if type(value) is str:
        return quoted[value]
    if type(value) is list and value and all(type(one) is str for one in value):
        if indent is None:
            return "[" + ", ".join([quoted[one] for one in value]) + "]"
        line = "\n" + " " * (indent * depth)
        inner = line + " " * indent
        return "[" + inner + f",{inner}".join([quoted[one] for one in value]) + line + "]"
    text = json.dumps(to_jsonable(value), ensure_ascii=False, indent=indent)
    return text if indent is None else text.replace("\n", "\n" + " " * (indent * depth))
