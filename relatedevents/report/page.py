"""A report as one HTML page: no scripts, no fonts or pictures from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from relatedevents.report import blocks

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", Arial, sans-serif; color: #1d2733;
  background: #fff; max-width: 70rem; margin: 2rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin-bottom: .5rem; }
h2 { font-size: 1.25rem; margin-top: 2.5rem; padding-top: .75rem; border-top: 1px solid #d5dce4; }
h3 { font-size: 1.05rem; margin-top: 1.75rem; }
p, li, dd { max-width: 46rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; }
th { border-bottom: 2px solid #9fb0c3; white-space: nowrap; }
td { border-bottom: 1px solid #e6ebf0; }
th.number, td.number { text-align: right; white-space: nowrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; font-size: .9rem; }
dt { font-weight: 600; } dd { margin: 0; color: #41505f; }
figure { margin: 1.25rem 0; } figure svg { max-width: 100%; height: auto; }
figcaption { font-size: .875rem; color: #41505f; }
table.lists { table-layout: fixed; width: 100%; overflow-wrap: anywhere; }
table.lists th:first-child, table.lists td:first-child { width: 1.75rem; color: #6b7a8a; }
.linked { color: #0b6b3a; font-weight: 600; } .unrelated { color: #a3271f; font-weight: 600; }
.unjudged { color: #8a97a5; } .date { color: #6b7a8a; white-space: nowrap; }
.tags { display: block; font-size: .8rem; color: #5b6b7b; }
.summary { margin: 0; color: #41505f; font-size: .9rem; } .query { margin: 1.5rem 0 0; }
summary { cursor: pointer; font-size: .9rem; color: #22598f; }
@media (max-width: 40rem) { dl { display: block; } dd { margin-bottom: .5rem; } }
"""


def page_of(report: Sequence[blocks.Block], pictures: Mapping[str, str]) -> str:
    """Return blocks as one HTML page.

    Parameters
    ----------
    report : sequence of blocks
        The report; its heading of level 1 is the page's title.
    pictures : mapping of str to str
        The SVG of every picture, by name; those that it lacks are left out.

    Returns
    -------
    str
        The page.

    Examples
    --------
    >>> page = page_of([blocks.Heading("A < B", 1)], {})
    >>> "<title>A &lt; B</title>" in page, "<h1>A &lt; B</h1>" in page
    (True, True)
    """
    titles = [b.text for b in report if isinstance(b, blocks.Heading) and b.level == 1]
    title = titles[0] if titles else "Report"
    body = "\n".join(filter(None, (_block(block, pictures) for block in report)))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n"
        "</body>\n</html>\n"
    )


def _text(text: str) -> str:
    return html.escape(" ".join(text.split()), quote=True)


def _block(block: blocks.Block, pictures: Mapping[str, str]) -> str:
    if isinstance(block, blocks.Heading):
        return f"<h{block.level}>{_text(block.text)}</h{block.level}>"
    if isinstance(block, blocks.Words):
        return f"<p>{_text(block.text)}</p>"
    if isinstance(block, blocks.Points):
        return "<ul>" + "".join(f"<li>{_text(item)}</li>" for item in block.items) + "</ul>"
    if isinstance(block, blocks.Terms):
        pairs = (f"<dt>{_text(name)}</dt><dd>{_text(words)}</dd>" for name, words in block.items)
        return f"<dl>{''.join(pairs)}</dl>"
    if isinstance(block, blocks.Table):
        table = _table(block)
        if block.folded is None:
            return table
        return f"<details><summary>{_text(block.folded)}</summary>{table}</details>"
    if isinstance(block, blocks.SideBySide):
        return _side_by_side(block)
    return _picture(block, pictures)


def _table(table: blocks.Table) -> str:
    def cells(row: Sequence[str], kind: str) -> str:
        return "".join(
            f"<{kind}{'' if column < table.n_names else number}>{_text(cell)}</{kind}>"
            for column, cell in enumerate(row)
        )

    number = ' class="number"'
    rows = "".join(f"<tr>{cells(row, 'td')}</tr>\n" for row in table.rows)
    head = f"<thead><tr>{cells(table.header, 'th')}</tr></thead>"
    return f'<div class="scroll"><table>{head}\n<tbody>{rows}</tbody></table></div>'


def _picture(picture: blocks.Picture, pictures: Mapping[str, str]) -> str:
    if picture.name not in pictures:
        return ""
    caption = _text(picture.caption)
    return f"<figure>{pictures[picture.name]}<figcaption>{caption}</figcaption></figure>"


def _side_by_side(block: blocks.SideBySide) -> str:
    rows = "".join(
        f"<tr><td>{rank}</td><td>{_entry(left)}</td><td>{_entry(right)}</td></tr>\n"
        for rank, (left, right) in enumerate(zip_longest(*block.lists), start=1)
    )
    names = "".join(f"<th>{_text(name)}</th>" for name in block.names)
    missed = ""
    if block.missed:
        items = "".join(f"<li>{_entry(entry)}</li>" for entry in block.missed)
        missed = f'<p class="summary">Linked, and in neither list:</p><ul>{items}</ul>'
    date = f'<span class="date">{_text(block.query.date)}</span> ' if block.query.date else ""
    return (
        f'<p class="query">{date}<strong>{_text(block.query.text)}</strong></p>'
        f'<p class="summary">{_text(block.summary)}</p>'
        f'<div class="scroll"><table class="lists"><thead><tr><th>#</th>{names}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{missed}"
    )


def _entry(entry: blocks.Entry | None) -> str:
    if entry is None:
        return ""
    sign = f'<span class="{entry.verdict}">{blocks.SIGNS[entry.verdict]}</span>'
    date = f' <span class="date">{_text(entry.date)}</span>' if entry.date else ""
    reason = blocks.entry_reason(entry)
    tags = f'<span class="tags">{_text(reason)}</span>' if reason else ""
    return f"{sign}{date} {_text(entry.text)}{tags}"
