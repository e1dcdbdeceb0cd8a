"""Lists and explanations as text for people, at most 100 columns wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from relatedevents.signals.register import signal_names

if TYPE_CHECKING:
    from relatedevents.retrieval.explain import Explanation

WIDTH = 100
_DATE_WIDTH = 10
_GAP = "  "


def printable(text: str) -> str:
    r"""Return `text` on one line, without control characters that a terminal would obey.

    Examples
    --------
    >>> printable("one\ttwo \x1b[31mred")
    'one two [31mred'
    """
    line = " ".join(text.split())
    return "".join(sign for sign in line if not unicodedata.category(sign).startswith("C"))


def text_width(text: str) -> int:
    r"""Return how many columns `text` takes: wide signs two, combining ones none.

    Examples
    --------
    >>> text_width("Mali"), text_width("日本"), text_width("e\u0301")
    (4, 4, 1)
    """
    return sum(
        0 if unicodedata.combining(sign) else 1 + (unicodedata.east_asian_width(sign) in "WF")
        for sign in text
    )


def wrapped(text: str, width: int) -> list[str]:
    """Break `text` into lines of at most `width` columns, at blanks where there are any.

    Examples
    --------
    >>> wrapped("a resolution on Mali", 12)
    ['a resolution', 'on Mali']
    >>> wrapped("abcdef", 4)
    ['abcd', 'ef']
    """
    lines: list[str] = []
    line = ""
    for word in printable(text).split(" "):
        joined = f"{line} {word}" if line else word
        if text_width(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = word
        while text_width(line) > width:
            cut = next(
                i for i in range(len(line), 0, -1) if i == 1 or text_width(line[:i]) <= width
            )
            lines.append(line[:cut])
            line = line[cut:]
    lines.append(line)
    return lines


def day_text(date: object) -> str:
    """Return a date as YYYY-MM-DD, or "undated"."""
    if date is None or pd.isna(date):  # type: ignore[call-overload]
        return "undated"
    return str(date)[:_DATE_WIDTH]


def _block(label: str, text: str) -> list[str]:
    """Return `text` wrapped beside a label, its later lines under its first."""
    lines = wrapped(text, WIDTH - text_width(label))
    return [label + lines[0], *(" " * text_width(label) + line for line in lines[1:])]


def list_text(lists: pd.DataFrame, event: Mapping[str, object]) -> str:
    """Return one event's list: rank, score, probability, date, headline; below, why it is there.

    Parameters
    ----------
    lists : pandas.DataFrame
        The list of one event, with `headline` and `date` of the related events.
    event : mapping
        The event's own `headline`, `date` and `tags`.

    Returns
    -------
    str
        Lines of at most 100 columns, each ended: below each headline relation and reason, where
        the list has them, shared tags, and the parts but those that are 0. Probabilities are left
        out where none is known. Last, why the list is shorter than was asked for, if it is, and
        how many of a series it passes over, if any.
    """
    margin = " " * (_DATE_WIDTH + len(_GAP))
    head = _block(f"{day_text(event['date']):<{_DATE_WIDTH}}{_GAP}", str(event["headline"]))
    tags = _joined(event["tags"])
    head += _block(f"{margin}tags: ", tags) if tags else [f"{margin}no tags"]
    ended = [line for why in lists.attrs.get("ended", {}).values() for line in _block("", why)]
    ended += [
        f"{passed} more of a series passed over (--series-limit)"
        for passed in lists.attrs.get("series", {}).values()
    ]
    if not len(lists):
        return "\n".join([*head, "", "No related events.", *ended]) + "\n"

    rank_width = len(str(int(lists["rank"].max())))
    has_probability = "probability" in lists.columns and bool(lists["probability"].notna().all())
    head_of_numbers = [f"{'#':>{rank_width}}", "score", *(["prob."] if has_probability else [])]
    start = _GAP.join([*head_of_numbers, f"{'date':<{_DATE_WIDTH}}", ""])
    lines = [start + "headline"]
    indent = " " * (len(start) + 2)
    for values in lists.to_dict("records"):
        row = {str(name): value for name, value in values.items()}
        numbers = [f"{row['rank']:>{rank_width}}", f"{row['score']:>5.3f}"]
        numbers += [f"{row['probability']:>5.3f}"] if has_probability else []
        first = _GAP.join([*numbers, f"{day_text(row['date']):<{_DATE_WIDTH}}", ""])
        lines += _block(first, str(row["headline"]))
        if "reason" in row:
            lines += _block(indent, f"{row['relation']}: {row['reason']}")
        lines += _block(indent, _shared(row))
        lines += _block(indent, _sum_of(row))
    return "\n".join([*head, "", *lines, *(["", *ended] if ended else [])]) + "\n"


def _sum_of(row: Mapping[str, object]) -> str:
    """Return the parts that add up to the score."""
    parts = {name: float(str(row[name])) for name in signal_names() if name in row}
    terms = [f"{name} {part:.3f}" for name, part in parts.items() if part]
    return "= " + " + ".join(terms) if terms else "= 0"


def _joined(tags: object) -> str:
    return "; ".join(str(tag) for tag in tags) if isinstance(tags, Iterable) else ""


def _shared(row: Mapping[str, object]) -> str:
    """Return the shared tags, and whether the event is pinned or listed without evidence."""
    tags = _joined(row["shared_tags"])
    basis = str(row["basis"])
    words = [f"shared tags: {tags}" if tags else "no shared tag"]
    if basis.startswith("pin"):
        words.append("pinned")
    if basis.endswith("none"):
        words.append("no evidence, listed by date")
    return "; ".join(words)


def explanation_text(explanation: Explanation) -> str:
    """Return why two events are related: a line a signal, and what its part is made of."""
    lines = [*_block("", explanation.headline), *_block("  -> ", explanation.related_headline), ""]
    lines += [*_block("", f"{explanation.relation}: {explanation.reason}"), ""]
    lines.append(f"{'signal':<10}{'weight':>8}{'value':>8}{'part':>9}  made of")
    for signal, weight in explanation.weights.items():
        if not weight:
            continue
        part = explanation.parts[signal]
        start = f"{signal:<10}{weight:>8.3f}{part / weight:>8.3f}{part:>9.4f}  "
        lines += [line.rstrip() for line in _block(start, _made_of(explanation, signal))]
    lines.append(f"{'score':<26}{explanation.score:>9.4f}  {explanation.basis}")
    if explanation.probability is not None:
        lines.append(f"{'probability':<26}{explanation.probability:>9.4f}")
    return "\n".join(lines) + "\n"


def _made_of(explanation: Explanation, signal: str) -> str:
    if signal == "time" and explanation.days_between is not None:
        days = explanation.days_between
        return f"{days} day{'' if days == 1 else 's'} apart"
    return explanation.told_shares(signal)
