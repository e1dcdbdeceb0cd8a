"""Slugs: headlines as they stand in ids and in the addresses of pages."""

from __future__ import annotations

import datetime
import re
import unicodedata

_ID_LENGTH = 80
_PAGE_LENGTH = 140


def slug(text: str) -> str:
    """Return text as lower-case ASCII letters and digits, every run of anything else one "-".

    Accents are dropped (NFKD), and so is every other character beyond ASCII; what has no ASCII
    letter or digit gives "".

    Examples
    --------
    >>> slug("Łódź's trams – 1,5 million riders!"), slug("Straße_von Øresund")
    ('odz-s-trams-1-5-million-riders', 'strae-von-resund')
    """
    decomposed = unicodedata.normalize("NFKD", text)
    plain = decomposed.encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def id_slug(headline: str) -> str:
    """Return the slug that ends an event's id: at most 80 characters.

    Examples
    --------
    >>> len(id_slug("word " * 100))
    80
    """
    return slug(headline)[:_ID_LENGTH]


def page_slug(headline: str) -> str:
    """Return the slug that ends a page's path: that of the headline's first 140 characters.

    The headline is cut, not the slug, as the Context does it: of 95 of its pages whose headlines
    are known, 83 have exactly this path, where a slug cut at 140 characters gives 57. A headline
    without any ASCII letter or digit keeps its own letters, or pages of such a language would all
    have one path.

    Examples
    --------
    >>> len(page_slug("one, two, " * 100)), page_slug("Troops leave Léré."), page_slug("日本。")
    (111, 'troops-leave-lere', '日本')
    """
    start = headline[:_PAGE_LENGTH]
    return slug(start) or re.sub(r"[\W_]+", "-", start.casefold()).strip("-")


def page_path(day: datetime.date | None, headline: str) -> str:
    """Return the path of an event's page: ``YYYY/MM/D/slug``, the day without a leading zero.

    An undated event's path is its slug.

    Examples
    --------
    >>> page_path(datetime.date(2012, 10, 2), "Troops leave Léré.")
    '2012/10/2/troops-leave-lere'
    """
    folder = "" if day is None else f"{day.year:04d}/{day.month:02d}/{day.day}/"
    return folder + page_slug(headline)
