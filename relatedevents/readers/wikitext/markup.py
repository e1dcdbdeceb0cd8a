"""The wiki markup of one bullet -> its headline, links, stories and sources."""

# ruff: noqa: ANN401 - the parser's nodes have no types

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote

from relatedevents._util.checks import require
from relatedevents.readers.wikitext.mend import (
    clean_text,
    clean_title,
    mend,
    mend_links,
    without_marks,
)
from relatedevents.readers.wikitext.simple import Link, WebLink, split_simple
from relatedevents.readers.wikitext.templates import is_source, render_template, template_name


class Piece(NamedTuple):
    """A stretch of a bullet: plain text, a link to a page, or a link to a source."""

    text: str
    target: str = ""
    url: str = ""
    source: bool = False
    name: str = ""  # of the source


@dataclass(frozen=True)
class Reading:
    """The parsed content of one bullet."""

    headline: str
    links: list[tuple[str, str]]  # page title, text of the link; in order
    stories: list[str]  # page titles that stand before a leading colon
    only_names: bool  # nothing but links: the bullet names a story and says nothing
    announces: bool = False  # the text ends with a colon
    sources: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    unknown_templates: list[str] = field(default_factory=list)


_HIDDEN_SPACES = ("file", "image", "media", "category")
_OTHER_SPACES = frozenset(
    """
    portal template wikipedia wp help user talk special wikt wiktionary n wikinews s
    wikisource q wikiquote b wikibooks commons c m meta mw d wikidata species v voy de
    fr es it nl sv pt ru ja zh pl fi no da ar he tr cs hu ko uk ca ro fa id vi en
    """.split()  # noqa: SIM905 - easier to read
)
_SUPERSCRIPT = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_DROPPED_TAGS = frozenset(["gallery", "timeline", "math", "score", "references", "imagemap"])
_SOURCE_FIELDS = tuple(
    "publisher work newspaper website agency journal magazine org".split()  # noqa: SIM905
)
_SEPARATOR = re.compile(r"(?:[,;/&–—+-]|and|, and)?")
_LANGUAGES = frozenset(  # "(Greek)" says how the source is written, not whose it is
    """
    Arabic Chinese Danish Dutch English Finnish French German Greek Italian Japanese
    Norwegian Polish Portuguese Russian Spanish Swedish Transcript Turkish
    """.split()  # noqa: SIM905 - easier to read
)
_QUOTES = " \"'“”‘’"
_COLON = re.compile(r"\s*:")
_LOOSE_SOURCE = re.compile(
    r"(?<=[.!?\"”'’])\s*\((?!See )"
    r"((?:the |via |of |and |& |[A-Z0-9][\w.&’'-]*[\s/,-]*){1,6})\)[\s.]*$"
)
_GLUED_LABEL = re.compile(r"(.*[^_/=])\(([A-Z][^()/]*)\)")
# After one of these words a sentence goes on: a link's label there is part of it.
_GOES_ON = re.compile(
    r"\b(?:a|an|and|as|at|by|for|from|her|his|in|into|its|of|on|or|that|the|their|to|with)\s*$",
    re.I,
)
_SENTENCE_END = re.compile(r"[.!?][\"”’')]*\s*$")


@lru_cache(maxsize=65536)  # most links lead where another one has led
def page_title(raw: str) -> str:
    """Return the title of the page that a link leads to: no fragment, first letter large.

    Examples
    --------
    >>> page_title("bay_of_Fundy#Tides")
    'Bay of Fundy'
    """
    title = raw.partition("#")[0].replace("_", " ")
    if "%" in title:
        title = unquote(title, errors="replace")
    title = clean_title(title).lstrip(": ")
    return title[:1].upper() + title[1:]


def _link(title: str, label: str | None) -> Iterator[Piece]:
    target = title.strip()
    lead = target.startswith(":")
    space, colon, _ = target.lstrip(": ").partition(":")
    space = space.strip().lower() if colon else ""
    if space in _HIDDEN_SPACES and not lead:
        return
    shown = target.lstrip(": ") if label is None else label
    if label is not None and not label.strip():  # the "pipe trick": the title without its addition
        shown = re.sub(r"^[^:]*:(?=\S)|\s*\([^()]*\)$|,.*$", "", target)
    if space in {"n", "wikinews"}:
        article = target.lstrip(": ").partition(":")[2].strip().replace(" ", "_")
        address = f"https://en.wikinews.org/wiki/{article}"
        yield Piece(shown if label else "", url=address, name="Wikinews")
    elif space in _OTHER_SPACES or space in _HIDDEN_SPACES:
        yield Piece(shown if label is not None else shown.rpartition(":")[2])
    else:
        text = unquote(shown.replace("_", " "), errors="replace") if label is None else shown
        yield Piece(text, page_title(target))


@lru_cache(maxsize=4096)  # a few names stand under most events
def _source_name(label: str) -> str:
    """Return the source's name as a link's label gives it: "(BBC)" is "BBC"."""
    name = clean_text(re.sub(r"(?<=\S)\|(?=\S)", "", label))
    if len(name.split()) > 6 and (last := re.search(r"\(([^()]+)\)$", name)):
        name = last.group(1)
    name = name.removeprefix("(") if ")" not in name[:-1] else name
    name = name.removesuffix(")") if "(" not in name else name
    return "" if name.isdecimal() else name.strip(_QUOTES)


def _web_link(url: str, label: str) -> Piece:
    url = url.strip()
    glued = None if label.strip() else _GLUED_LABEL.fullmatch(url)
    if glued:
        url, label = glued.group(1), f"({glued.group(2)})"
    return Piece(label, url=url, name=_source_name(label))


def _cited(template: Any, name: str) -> Iterator[Piece]:
    values = {str(p.name).strip().lower(): p.value for p in template.params}
    url = str(values.get("url", "")).strip()
    given = next((values[key] for key in _SOURCE_FIELDS if str(values.get(key, "")).strip()), "")
    if name == "doi-inline":
        url, given = f"https://doi.org/{values.get('1', '')}", values.get("2", "")
    elif name == "twitter":
        url, given = f"https://twitter.com/{values.get('1', '')}", values.get("2", "Twitter")
    shown = _plain(given) if given else ""
    yield Piece("", url=url, source=True, name=_source_name(mend(shown)))


def _template(node: Any, unknown: list[str]) -> Iterator[Piece]:
    name = template_name(str(node.name))
    if is_source(name):
        yield from _cited(node, name)
        return
    words, inner = [], []
    named: dict[str, str] = {}
    for param in node.params:
        if param.showkey:
            named[str(param.name).strip().lower()] = _plain(param.value)
        else:
            pieces = list(_pieces(param.value, unknown))
            inner.append(pieces)
            words.append("".join(piece.text for piece in pieces).strip())
    while words and not words[-1]:
        words.pop()
    words = words or [named[key] for key in ("1", "2", "3") if key in named]
    text, target, known = render_template(name, words, named)
    if not known:
        unknown.append(name)
    if (
        words and inner and text == words[0] and target is None
    ):  # links inside {{nowrap}} stay links
        yield from inner[0]
    elif text:
        yield Piece(text, page_title(target) if target else "")


def _tag(node: Any, unknown: list[str]) -> Iterator[Piece]:
    name = str(node.tag).strip().lower()
    if name == "br":
        yield Piece(" ")
    elif node.contents is None or name in _DROPPED_TAGS:
        return
    elif name == "ref":
        inner = list(_pieces(node.contents, unknown))
        citations = [piece for piece in inner if piece.url or piece.source]
        for piece in citations:
            short = piece.name if len(piece.name.split()) <= 5 else ""
            yield Piece("", url=piece.url, source=True, name=short)
    elif name in {"sup", "sub"}:
        text = "".join(piece.text for piece in _pieces(node.contents, unknown))
        digits = name == "sup" and re.fullmatch(r"[-−+]?\d+", text.strip())
        yield Piece(text.strip().translate(_SUPERSCRIPT) if digits else text)
    else:
        yield from _pieces(node.contents, unknown)


def _pieces(code: Any, unknown: list[str]) -> Iterator[Piece]:
    """Yield the visible pieces of the parser's nodes."""
    for node in code.nodes:
        kind = type(node).__name__
        if kind == "Text":
            yield Piece(str(node))
        elif kind == "Wikilink":
            label = None if node.text is None else _plain(node.text)
            yield from _link(_plain(node.title), label)
        elif kind == "ExternalLink":
            yield _web_link(str(node.url), "" if node.title is None else _plain(node.title))
        elif kind == "Template":
            yield from _template(node, unknown)
        elif kind == "Tag":
            yield from _tag(node, unknown)
        elif kind == "HTMLEntity":
            yield Piece(node.normalize())
        elif kind == "Heading":
            yield from _pieces(node.title, unknown)


def _pieces_of(raw: str, unknown: list[str]) -> Iterator[Piece]:
    """Split one bullet's markup; only what is not simple needs mending and the parser."""
    raw = without_marks(raw)
    nodes = split_simple(raw)
    if nodes is None:
        raw = mend_links(raw)
        nodes = split_simple(raw)
    if nodes is None:
        parser = require("mwparserfromhell", "reading wikitext")
        return _pieces(parser.parse(raw, skip_style_tags=True), unknown)
    return _pieces_of_nodes(nodes)


def _pieces_of_nodes(nodes: Iterable[str | Link | WebLink]) -> Iterator[Piece]:
    for node in nodes:
        if isinstance(node, str):
            yield Piece(node)
        elif isinstance(node, Link):
            yield from _link(node.target, node.label)
        else:
            yield _web_link(node.url, node.label)


def _plain(code: Any) -> str:
    nodes = code.nodes
    if len(nodes) == 1 and type(nodes[0]).__name__ == "Text":
        return str(nodes[0])
    return "".join(piece.text for piece in _pieces(code, []))


def _is_source(pieces: Sequence[Piece], at: int) -> bool:
    """Whether a web link is a source, or carries words of the sentence.

    A label in round brackets is a source, so is a bare number, and so is no label. Any other
    label is a source where nothing but sources and punctuation follow, or where it is short and
    stands between two sentences.
    """
    piece = pieces[at]
    label = piece.text.strip()
    if not label or label.startswith("(") or label.isdecimal():
        return True
    before = "".join(p.text for p in pieces[:at] if not p.source)
    rest = "".join(p.text for p in pieces[at + 1 :] if not p.source and not p.url).strip()
    if not re.search(r"\w", rest):
        last = at - 1
        if last >= 0 and not pieces[last].text.strip():
            last -= 1
        if last >= 0 and pieces[last].url and not _is_source(pieces, last):
            return False  # it goes on with the words of the web link before it
        return bool(before.strip()) and not _GOES_ON.search(before)
    between = bool(_SENTENCE_END.search(before)) and not rest[0].islower()
    return between and len(label.split()) <= 4


def _mark_sources(pieces: Sequence[Piece]) -> list[Piece]:
    return [
        Piece("", url=p.url, source=True, name=p.name)
        if p.source or (p.url and _is_source(pieces, at))
        else p
        for at, p in enumerate(pieces)
    ]


def _leading_stories(pieces: Iterable[Piece]) -> list[str]:
    """Return the titles of links that stand, alone, before the bullet's first colon."""
    stories: list[str] = []
    for piece in pieces:
        if piece.source:
            return []
        if piece.target:
            stories.append(piece.target)
        elif not stories and not piece.text.strip(_QUOTES):
            continue
        elif stories and _COLON.match(piece.text.lstrip(_QUOTES)):
            return stories
        elif not _SEPARATOR.fullmatch(piece.text.strip()):
            return []
    return []


def _only_names(pieces: Iterable[Piece]) -> bool:
    said = [p for p in pieces if not p.source and p.text.strip(" .:,;'\"")]
    return bool(said) and all(p.target or _SEPARATOR.fullmatch(p.text.strip()) for p in said)


def _without_doubles(values: Iterable[str]) -> list[str]:
    return [value for value in dict.fromkeys(values) if value]


def read_markup(raw: str) -> Reading:
    """Read one bullet's markup (without its stars).

    Parameters
    ----------
    raw : str
        Wikitext of one bullet.

    Returns
    -------
    Reading
        The headline is one clean line, maybe empty; links and sources stand in order, without
        doubles among the sources.

    Raises
    ------
    MissingExtraError
        Without mwparserfromhell, if the bullet holds more than text and links.

    Examples
    --------
    >>> reading = read_markup("[[Tin strike]]: Mines in [[Potosí]] close. [http://a.example (AP)]")
    >>> reading.headline, reading.stories, reading.sources
    ('Tin strike: Mines in Potosí close.', ['Tin strike'], ['AP'])
    """
    unknown: list[str] = []
    pieces = _mark_sources(list(_pieces_of(raw, unknown)))
    text = "".join(piece.text for piece in pieces)
    headline = clean_text(text)
    names = [piece.name for piece in pieces if piece.source]
    loose = _LOOSE_SOURCE.search(headline)
    if loose:
        headline = clean_text(headline[: loose.start()])
        name = loose.group(1).strip()
        names.extend([] if name in _LANGUAGES else [name])
    return Reading(
        headline=headline,
        links=[(p.target, clean_title(p.text)) for p in pieces if p.target],
        stories=_without_doubles(_leading_stories(pieces)),
        only_names=_only_names(pieces),
        announces=text.rstrip(" .'").endswith(":"),
        sources=_without_doubles(names),
        urls=_without_doubles(p.url for p in pieces if p.url),
        unknown_templates=unknown,
    )
