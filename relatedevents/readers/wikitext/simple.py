"""Bullets of text, plain links and bracketed web links only: read without a wikitext parser.

Nine of ten bullets hold nothing else, and a parser spends most of the reading on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Link(NamedTuple):
    """A link to a page: `[[target]]` (no label) or `[[target|label]]`."""

    target: str
    label: str | None


class WebLink(NamedTuple):
    """A link to the web: `[url]` (no label) or `[url label]`."""

    url: str
    label: str


_MARKUP = re.compile(
    r"\[\[([^\[\]{}<>|&/]*[^\[\]{}<>|&/\s][^\[\]{}<>|&/]*)(?:\|([^\[\]{}<>|&]+))?\]\]"
    r"|\[(https?://[^\s\[\]{}<>\"|']+)(?: ([^\s\[\]{}<>][^\[\]{}<>]*))?\]"
)
# A colon before a sign may end the scheme of a bare web address; a single one of the others is
# enough for a template, a tag, an entity or a broken link.
_ODD = re.compile(r"[\[\]{}<>&\n\x00]|''|:(?! |$)")
_STARTS_A_LINE = tuple("*#;:=-")


def split_simple(raw: str) -> list[str | Link | WebLink] | None:
    """Split one bullet's markup, or return None if it takes a parser.

    Parameters
    ----------
    raw : str
        Mended wikitext of one bullet.

    Returns
    -------
    list of (str, Link or WebLink), or None
        Exactly the nodes that a parser of wikitext finds, in order.

    Examples
    --------
    >>> split_simple("In [[Potosí|the town]]. [http://a.example (AP)]")
    ['In ', Link(target='Potosí', label='the town'), '. ',
     WebLink(url='http://a.example', label='(AP)')]
    >>> split_simple("A {{convert|5|km}} road") is None
    True
    """
    parts = _MARKUP.split(raw)
    texts, targets, labels = parts[::5], parts[1::5], parts[2::5]
    web_labels = parts[4::5]
    said = [text for some in (texts, targets, labels, web_labels) for text in some if text]
    if _ODD.search(" ".join(said)) or raw.startswith(_STARTS_A_LINE):
        return None
    return list(_nodes(parts))


def _nodes(parts: list[str | None]) -> Iterator[str | Link | WebLink]:
    for at in range(0, len(parts), 5):
        if parts[at]:
            yield parts[at]  # type: ignore[misc]
        if at + 1 == len(parts):
            return
        target, label, url, web_label = parts[at + 1 : at + 5]
        if target is not None:
            yield Link(target, label)
        elif url is not None:
            yield WebLink(url, web_label or "")
