"""The blocks of a report, which each writer turns into its own format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the report's title."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    items: Sequence[str]


@dataclass(frozen=True)
class Terms:
    """Names, and what each means."""

    items: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Table:
    """A table of texts; all columns but the first `n_names` hold numbers.

    `folded` is its title where a page shows it closed; writers without pages leave it out and
    say so.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    n_names: int = 1
    folded: str | None = None


@dataclass(frozen=True)
class Entry:
    """One event of a list.

    Attributes
    ----------
    text : str
        Its headline, or its id without an archive.
    date : str
        As text; empty without an archive.
    tags : tuple of str
        The tags that it shares with the query.
    verdict : {"linked", "unrelated", "unjudged"}
        Its judgement in the links.
    """

    text: str
    date: str = ""
    tags: tuple[str, ...] = ()
    verdict: str = "unjudged"


@dataclass(frozen=True)
class SideBySide:
    """Two lists of one query, and the linked events that neither holds."""

    query: Entry
    summary: str
    names: tuple[str, str]
    lists: tuple[Sequence[Entry], Sequence[Entry]]
    missed: Sequence[Entry] = field(default_factory=tuple)


@dataclass(frozen=True)
class Picture:
    """A plot of `plots`, by name, and the sentence under it."""

    name: str
    caption: str


Block: TypeAlias = Heading | Words | Points | Terms | Table | SideBySide | Picture

#: The sign before a list's event, by its judgement in the links.
SIGNS = {"linked": "✓", "unrelated": "✗", "unjudged": "·"}
SIGN_WORDS = "✓ linked, ✗ judged unrelated, · not linked"


def entry_reason(entry: Entry) -> str:
    """Return the tags that an event shares with the query, as text.

    Examples
    --------
    >>> entry_reason(Entry("Vote", tags=("Mali", "United Nations")))
    'shared: Mali; United Nations'
    """
    return f"shared: {'; '.join(entry.tags)}" if entry.tags else ""
