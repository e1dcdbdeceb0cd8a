"""A report as text for people, at most 100 columns wide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from relatedevents.cli.show import WIDTH, printable, text_width, wrapped
from relatedevents.report.blocks import (
    SIGNS,
    Block,
    Entry,
    Heading,
    Points,
    SideBySide,
    Table,
    Terms,
    Words,
    entry_reason,
)

_GAP = "  "


def report_text(blocks: Iterable[Block]) -> str:
    """Return a report's blocks as lines of at most 100 columns, each ended.

    Folded tables and pictures are left out: they belong to the HTML page.

    Examples
    --------
    >>> print(report_text([Heading("Scores"), Table(["run", "rr"], [["new", ".500"]])]), end="")
    Scores
    ------
    <BLANKLINE>
    run    rr
    new  .500
    """
    parts = ["\n".join(line.rstrip() for line in _lines(block)) for block in blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def _lines(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        lines = wrapped(block.text, WIDTH)
        yield from lines
        if block.level < 3:
            yield ("=" if block.level == 1 else "-") * max(map(text_width, lines))
    elif isinstance(block, Words):
        yield from wrapped(block.text, WIDTH)
    elif isinstance(block, Points):
        for item in block.items:
            yield from _hung("- ", item, 2)
    elif isinstance(block, Terms):
        for name, words in block.items:
            yield from _hung("  ", f"{name}: {words}", 4)
    elif isinstance(block, Table):
        if block.folded is None:
            yield from _table(block)
    elif isinstance(block, SideBySide):
        yield from _side_by_side(block)


def _hung(start: str, text: str, indent: int) -> list[str]:
    """Return `text` wrapped after `start`, its later lines indented."""
    first, *rest = wrapped(text, WIDTH - indent)
    return [start + first, *(" " * indent + line for line in rest)]


def _table(table: Table) -> Iterator[str]:
    """Return rows in columns; what does not fit in the width goes below, its names repeated."""
    rows = [[printable(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(text_width(row[place]) for row in rows) for place in range(len(table.header))]
    names = list(range(table.n_names))
    taken = sum(widths[place] + len(_GAP) for place in names)
    groups: list[list[int]] = [[]]
    room = WIDTH - taken
    for place in range(table.n_names, len(widths)):
        if groups[-1] and widths[place] + len(_GAP) > room:
            groups.append([])
            room = WIDTH - taken
        groups[-1].append(place)
        room -= widths[place] + len(_GAP)
    for number, group in enumerate(groups):
        if number:
            yield ""
        for row in rows:
            left = [_padded(row[place], widths[place]) for place in names]
            right = [_padded(row[place], widths[place], right=True) for place in group]
            yield _GAP.join([*left, *right])


def _padded(text: str, width: int, *, right: bool = False) -> str:
    blanks = " " * (width - text_width(text))
    return blanks + text if right else text + blanks


def _side_by_side(block: SideBySide) -> Iterator[str]:
    yield from wrapped(f"{block.query.date}  {block.query.text}".strip(), WIDTH)
    yield from wrapped(block.summary, WIDTH)
    yield ""
    column = (WIDTH - 4 - len(_GAP)) // 2
    yield f"    {_padded(block.names[0][:column], column)}{_GAP}{block.names[1][:column]}"
    for place, pair in enumerate(zip_longest(*block.lists), start=1):
        left, right = (_entry(entry, column) for entry in pair)
        for number, (a, b) in enumerate(zip_longest(left, right, fillvalue="")):
            start = f"{place:>2}  " if number == 0 else "    "
            yield f"{start}{_padded(a, column)}{_GAP}{b}"
    if block.missed:
        yield ""
        yield "    Linked, and in neither list:"
        for entry in block.missed:
            yield from (f"    {line}" for line in _entry(entry, WIDTH - 4))


def _entry(entry: Entry | None, width: int) -> Sequence[str]:
    if entry is None:
        return []
    lines = wrapped(f"{entry.date} {entry.text}".strip(), width - 2)
    reason = entry_reason(entry)
    lines += wrapped(reason, width - 2) if reason else []
    return [f"{SIGNS[entry.verdict]} {lines[0]}", *(f"  {line}" for line in lines[1:])]
