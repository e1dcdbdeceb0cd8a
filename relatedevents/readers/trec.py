"""TREC's text files: judgements and runs as raw tables.

Blanks part their columns, so ids are percent-encoded there.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd

from relatedevents._util.checks import problem, shown
from relatedevents.errors import InputError
from relatedevents.readers.tables import read_utf8

TREC_COLUMNS = ("id", "related_id", "rank", "score")
_QRELS_LINE = re.compile(r"\s*(\S+)\s+(\S+)\s+(\S+)\s+([+-]?\d+)\s*")
# Q0 in the second column; some tools write 0 or q0.
_RUN_LINE = re.compile(r"\s*(\S+)\s+([Qq]?0)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s*", re.ASCII)
_CUT_OFF = "Percent-encode ids that hold blanks. The file may be cut off here."


def read_qrels(path: Path) -> pd.DataFrame:
    """Read TREC relevance judgements: lines "id 0 related_id grade".

    Returns
    -------
    pandas.DataFrame
        Columns `id`, `related_id`, `grade`.

    Raises
    ------
    InputError
        If a line is another one; with its number.
    """
    rows: list[tuple[str, str, int]] = []
    for number, line in enumerate(read_utf8(path).split("\n"), 1):
        if not line.strip():
            continue
        cells = _QRELS_LINE.fullmatch(line)
        if not cells:
            where, allowed = f"{path}, line {number}", '"id 0 related_id grade", parted by blanks'
            raise InputError(problem(where, f"got {shown(line.strip())}", allowed, _CUT_OFF))
        rows.append((unquote(cells[1]), unquote(cells[3]), int(cells[4])))
    return pd.DataFrame(rows, columns=["id", "related_id", "grade"])


def read_trec(path: Path) -> pd.DataFrame:
    """Read a TREC run: lines "id Q0 related_id rank score name".

    Returns
    -------
    pandas.DataFrame
        Columns `id`, `related_id`, `rank` (from 1, also where the file counts from 0), `score`.

    Raises
    ------
    InputError
        If a line is another one, a rank comes twice, or scores contradict the ranks.
    """
    rows: list[tuple[str, str, int, float]] = []
    first_line: dict[tuple[str, int], int] = {}
    lowest = 1
    for number, line in enumerate(read_utf8(path).split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        cells = _RUN_LINE.fullmatch(line)
        if not cells:
            allowed = 'six columns parted by blanks: "id Q0 related_id rank score name"'
            came = f"{len(line.split())} columns in {shown(line.strip())}"
            raise InputError(problem(where, came, allowed, _CUT_OFF))
        rank, score = _rank_and_score(cells[4], cells[5], where)
        row = (_decoded(cells[1], where), _decoded(cells[3], where), rank, score)
        if (row[0], rank) in first_line:
            came = f"rank {rank} of {shown(row[0])} again, first in line {first_line[row[0], rank]}"
            raise InputError(problem(where, came, "every rank once for each id"))
        first_line[row[0], rank] = number
        lowest = min(lowest, rank)
        rows.append(row)
    frame = pd.DataFrame(rows, columns=list(TREC_COLUMNS))
    frame["rank"] += 1 - lowest  # Many tools count from 0.
    _check_scores_fall(frame, path)
    return frame


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
