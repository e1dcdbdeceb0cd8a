"""A report as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from relatedevents.report.blocks import (
    SIGNS,
    Block,
    Entry,
    Heading,
    Picture,
    Points,
    SideBySide,
    Table,
    Terms,
    Words,
    entry_reason,
)
from relatedevents.writers.markdown import escaped


def markdown_of(blocks: Iterable[Block]) -> str:
    r"""Return blocks as Markdown text.

    Parameters
    ----------
    blocks : iterable of blocks
        The report.

    Returns
    -------
    str
        The text. Folded tables and pictures are left out: they belong to the HTML page.

    Examples
    --------
    >>> print(markdown_of([Heading("Scores"), Table(["run", "rr"], [["a|b", ".500"]])]), end="")
    ## Scores
    <BLANKLINE>
    | run | rr |
    |---|--:|
    | a\|b | .500 |
    """
    parts = ["\n".join(_lines(block)) for block in blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def _lines(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"{'#' * block.level} {escaped(block.text)}"
    elif isinstance(block, Words):
        yield escaped(block.text)
    elif isinstance(block, Points):
        yield from (f"- {escaped(item)}" for item in block.items)
    elif isinstance(block, Terms):
        yield from (f"- **{escaped(name)}**: {escaped(words)}" for name, words in block.items)
    elif isinstance(block, Table) and block.folded is None:
        yield from _table(block.header, block.rows, block.n_names)
    elif isinstance(block, SideBySide):
        yield from _side_by_side(block)
    elif isinstance(block, Picture | Table):
        return


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], n_names: int) -> Iterator[str]:
    yield _row(map(escaped, header))
    yield "|" + "|".join("---" if i < n_names else "--:" for i in range(len(header))) + "|"
    yield from (_row(map(escaped, row)) for row in rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _side_by_side(block: SideBySide) -> Iterator[str]:
    date = f"{block.query.date}: " if block.query.date else ""
    yield f"**{escaped(date + block.query.text)}**  "
    yield escaped(block.summary)
    yield ""
    yield _row(["#", *map(escaped, block.names)])
    yield "|--:|---|---|"
    for rank, entries in enumerate(zip_longest(*block.lists), start=1):
        yield _row([str(rank), *map(_entry, entries)])
    if block.missed:
        yield ""
        yield "Linked, and in neither list:"
        yield ""
        yield from (f"- {_entry(entry)}" for entry in block.missed)


def _entry(entry: Entry | None) -> str:
    if entry is None:
        return ""
    reason = entry_reason(entry)
    text = f"{SIGNS[entry.verdict]} {escaped(f'{entry.date} {entry.text}'.strip())}"
    return f"{text} _({escaped(reason)})_" if reason else text
