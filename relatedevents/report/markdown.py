"""A report as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from relatedevents.report import blocks
from relatedevents.writers.markdown import escaped


def markdown_of(report: Iterable[blocks.Block]) -> str:
    r"""Return blocks as Markdown text.

    Parameters
    ----------
    report : iterable of blocks
        The report.

    Returns
    -------
    str
        The text. Folded tables and pictures are left out: they belong to the HTML page.

    Examples
    --------
    >>> table = blocks.Table(["run", "rr"], [["a|b", ".500"]])
    >>> print(markdown_of([blocks.Heading("Scores"), table]), end="")
    ## Scores
    <BLANKLINE>
    | run | rr |
    |---|--:|
    | a\|b | .500 |
    """
    parts = ["\n".join(_lines(block)) for block in report]
    return "\n\n".join(part for part in parts if part) + "\n"


def _lines(block: blocks.Block) -> Iterator[str]:
    if isinstance(block, blocks.Heading):
        yield f"{'#' * block.level} {escaped(block.text)}"
    elif isinstance(block, blocks.Words):
        yield escaped(block.text)
    elif isinstance(block, blocks.Points):
        yield from (f"- {escaped(item)}" for item in block.items)
    elif isinstance(block, blocks.Terms):
        yield from (f"- **{escaped(name)}**: {escaped(words)}" for name, words in block.items)
    elif isinstance(block, blocks.Table) and block.folded is None:
        yield from _table(block.header, block.rows, block.n_names)
    elif isinstance(block, blocks.SideBySide):
        yield from _side_by_side(block)
    elif isinstance(block, blocks.Picture | blocks.Table):
        return


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], n_names: int) -> Iterator[str]:
    yield _row(map(escaped, header))
    yield "|" + "|".join("---" if i < n_names else "--:" for i in range(len(header))) + "|"
    yield from (_row(map(escaped, row)) for row in rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _side_by_side(block: blocks.SideBySide) -> Iterator[str]:
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


def _entry(entry: blocks.Entry | None) -> str:
    if entry is None:
        return ""
    reason = blocks.entry_reason(entry)
    text = f"{blocks.SIGNS[entry.verdict]} {escaped(f'{entry.date} {entry.text}'.strip())}"
    return f"{text} _({escaped(reason)})_" if reason else text
