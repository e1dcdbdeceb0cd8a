"""Lists and links as the text files that TREC's tools read.

Blanks part their columns, so ids are percent-encoded; `read_run` and `read_links` give them
back. The tools sort by score and hold it in single precision, so the scores written are whole
numbers that fall with the rank.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from relatedevents._util.checks import check_choice, problem, shown, some_of
from relatedevents._util.files import atomic_text
from relatedevents.errors import InputError
from relatedevents.evaluation.lists import check_qrels, check_run
from relatedevents.evaluation.tables import links_from_table, run_from_table


def write_trec_run(
    run: pd.DataFrame | Mapping[str, Sequence[str]],
    path: str | Path,
    *,
    name: str = "relatedevents",
    empty: str = "error",
) -> Path:
    """Write lists as a TREC run file: lines "id Q0 related_id rank score name".

    Parameters
    ----------
    run : pandas.DataFrame or mapping
        The long table with `id`, `rank` and `related_id`, or {id: related ids, best first}.
    path : str or pathlib.Path
        The file; it is replaced as a whole.
    name : str
        The run's name, written percent-encoded into every line.
    empty : {"error", "skip"}
        What to do with an empty list, for which such a file has no line.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    InputError
        For an empty run, doubled ranks or events, an empty list, an id that UTF-8 can't write.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "lists.run"
    >>> print(write_trec_run({"a b": ["c", "50%"]}, path).read_text(), end="")
    a%20b Q0 c 1 2 relatedevents
    a%20b Q0 50%25 2 1 relatedevents
    """
    check_choice("empty", empty, ["error", "skip"])
    lists = run_from_table(run) if isinstance(run, pd.DataFrame) else check_run(run)
    without = [query for query, ids in lists.items() if not ids]
    if without and (empty == "error" or len(without) == len(lists)):
        came = f"{len(without)} of {len(lists)} lists are empty: {some_of(without)}"
        todo = "Leave them out with empty='skip'; who reads the file must count them as empty."
        raise InputError(problem("run", came, "lists that hold an event", todo))
    tag = _encoded(name, "name")
    return _write(path, _run_lines(lists, tag))


def write_trec_qrels(
    links: pd.DataFrame | Mapping[str, Sequence[str] | Mapping[str, int]], path: str | Path
) -> Path:
    """Write links as TREC relevance judgements: lines "id 0 related_id grade".

    Parameters
    ----------
    links : pandas.DataFrame or mapping
        A table with `id`, `related_id` and where known `grade` (else every link counts 1), or
        {id: related ids} or {id: {related id: grade}}. Such a file keeps no order.
    path : str or pathlib.Path
        The file; it is replaced as a whole.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    InputError
        For no link at all, a doubled link, a grade that is no whole number from 0 to 1000.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "links.qrels"
    >>> print(write_trec_qrels({"a": ["b"]}, path).read_text(), end="")
    a 0 b 1
    """
    if isinstance(links, pd.DataFrame):
        grades = links_from_table(links)[0]
    else:
        grades = check_qrels(links).grades
    return _write(
        path,
        (
            f"{_encoded(query, 'id')} 0 {_encoded(related_id, 'related_id')} {grade}"
            for query, of_id in grades.items()
            for related_id, grade in of_id.items()
        ),
    )


def _run_lines(lists: Mapping[str, Sequence[str]], tag: str) -> Iterable[str]:
    for query, ids in lists.items():
        encoded = _encoded(query, "id")
        for position, related_id in enumerate(ids):
            score = len(ids) - position
            yield f"{encoded} Q0 {_encoded(related_id, 'related_id')} {position + 1} {score} {tag}"


def _encoded(text: str, where: str) -> str:
    try:
        return quote(text, safe="/")
    except UnicodeEncodeError as error:
        came = f"got {shown(text)}, which holds half of a character"
        raise InputError(problem(where, came, "text that UTF-8 can write")) from error


def _write(path: str | Path, lines: Iterable[str]) -> Path:
    target = Path(path)
    with atomic_text(target) as file:
        file.writelines(f"{line}\n" for line in lines)
    return target
