"""Wikitext templates -> the words that a reader of the page would see."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date

Words = Sequence[str]
Named = Mapping[str, str]


def _pairs(text: str) -> dict[str, str]:
    """Return "name: text | name: text" as a mapping."""
    return dict(pair.split(": ") for pair in " ".join(text.split()).split(" | "))


# Marks of the page's editors, and boxes: nothing of them belongs to the sentence.
_SILENT = frozenset(
    """
    dead link|deadlink|webarchive|wayback|fact|citation needed|cn|dn|clarify|what?|which?|who?|when?
    |weasel-inline|rs|rs?|cbignore|disambiguation needed|dab|see also|main|pp-vandalism
    |pp-semi-indef|refimprove|unreliable source?|update after|dubious|sic|anchor|clear|-
    |subscription required|registration required|better source|verify source|failed verification
    """.replace("\n", "")
    .replace("    ", "")
    .split("|")
)
_SOURCES = ("cite", "citation", "citenews", "doi-inline", "twitter", "scotus url slip", "tweet")
_FIXED = _pairs(
    """
    ': ' | 's: 's | okina: ʻ | ndash: – | mdash: — | emdash: — | co2: CO2 | =: = | afl gee:
    Geelong | afl mel: Melbourne
    """
) | {"nbsp": " ", "spaces": " ", "spaced ndash": " – ", "snd": " – ", "!": " "}
# Season and year links show nothing but their first word, the year.
_FIRST = frozenset(
    """
    nowrap nobr small big nbay nhly nfly mlby f1 bhofy rws dp flag flagicon flagcountry
    abbr tooltip url official plainlist hlist color bold italic em strong sup sub nobold
    subatomic
    """.split()  # noqa: SIM905 - easier to read
) | {"subatomic particle", "interlanguage link", "interlanguage link multi", "ill"}
_SHIPS = frozenset(
    """
    uss hms mv ms ss rms hmcs ins usns usat hmas hmnzs usav sms gts rfa
    """.split()  # noqa: SIM905 - easier to read
)
_SHUTTLES = _pairs(
    """
    99: Challenger | 102: Columbia | 103: Discovery | 104: Atlantis | 105: Endeavour
    """
)
_UNITS = _pairs(
    """
    km2: km² | m2: m² | m3: m³ | km3: km³ | mi2: sq mi | sqmi: sq mi | sqft: sq ft | cuft: cu
    ft | cuft/s: cu ft/s | m3/s: m³/s | c: °C | f: °F | °c: °C | °f: °F | c-change: °C |
    f-change: °F | oilbbl: barrels | oilbbl/d: barrels per day | moilbbl/d: million barrels
    per day | moilbbl: million barrels | nmi: nautical miles | acre: acres | l: litres | mt:
    tonnes | t: tonnes | kph: km/h | tonne: tonnes | meter: metres | foot: feet | au: AU
    """
)
_RANGES = {
    "to": " to ",
    "-": "–",
    "–": "–",
    "and": " and ",
    "by": " by ",
    "x": " by ",
    "or": " or ",
}


def _convert(words: Words, named: Named) -> str:
    """Show the value as it was given, with its unit; the converted value is left off."""
    number, rest = (words[0] if words else ""), list(words[1:])
    while len(rest) > 1 and rest[0].lower() in _RANGES:
        number += _RANGES[rest[0].lower()] + rest[1]
        rest = rest[2:]
    unit = _UNITS.get(rest[0].lower(), rest[0]) if rest else ""
    if named.get("adj") == "mid" and len(rest) > 2:
        return f"{number} {unit}{rest[-1] if rest[-1].startswith('-') else ' ' + rest[-1]}"
    return f"{number} {unit}".strip()


def _age(words: Words, _named: Named) -> str:
    """Years and days between two dates, as the page would show them."""
    try:
        year, month, day, *end = (int(word) for word in words[:6])
        start, stop = date(year, month, day), date(*end)
        years = stop.year - start.year - ((stop.month, stop.day) < (start.month, start.day))
        birthday = date(start.year + years, start.month, start.day)
    except (ValueError, TypeError):
        return ""
    return f"{years} years, {(stop - birthday).days} days"


def _ship(name: str, words: Words) -> tuple[str, str]:
    """Text and link target of a ship template; the last number says how it is shown."""
    kind, rest = (words[0], list(words[1:])) if name == "ship" and words else (name.upper(), words)
    ship = rest[0] if rest else ""
    hull = rest[1] if len(rest) > 1 else ""
    shown = rest[2].lstrip("0") if len(rest) > 2 else ""
    full = f"{kind} {ship}".strip()
    target = f"{full} ({hull})" if hull else full
    return ({"1": hull or full, "2": ship, "6": full}.get(shown, target), target)


def _fraction(words: Words, _named: Named) -> str:
    if len(words) > 2:
        return f"{words[0]} {words[1]}/{words[2]}"
    return "/".join(words) if len(words) == 2 else "1/" + "".join(words)


_RENDERED: dict[str, Callable[[Words, Named], str]] = {
    "convert": _convert,
    "cvt": _convert,
    "age in years and days": _age,
    "frac": _fraction,
    "fraction": _fraction,
    "chem": lambda words, _: "".join(words),
    "chem2": lambda words, _: "".join(words),
    "mp": lambda words, _: "".join(words),
    "mpl": lambda words, _: "".join(words),
    "lang": lambda words, _: words[1] if len(words) > 1 else "".join(words),
    "as of": lambda words, named: f"{'as' if 'lc' in named else 'As'} of {' '.join(words)}",
    "circa": lambda words, _: f"c. {' '.join(words)}",
    "currency": lambda words, _: " ".join(words),
    "us patent": lambda words, _: f"US patent {' '.join(words)}",
    "sclass": lambda words, _: _ship_class(words),
    "sclass-": lambda words, _: _ship_class(words),
    "ov": lambda words, _: _SHUTTLES.get("".join(words[:1]).lstrip("0"), "Space Shuttle"),
}


def _ship_class(words: Words) -> str:
    return f"{words[0]}-class {words[1]}" if len(words) > 1 else " ".join(words)


def template_name(name: str) -> str:
    """Return a template's name normalised for comparison: lower case, single blanks."""
    return " ".join(name.replace("_", " ").split()).lower()


def is_source(name: str) -> bool:
    """Whether a template cites a source."""
    return name.startswith(_SOURCES)


def render_template(name: str, words: Words, named: Named) -> tuple[str, str | None, bool]:
    """Return the text of a template, its link target if it is a link, and whether it is known.

    Parameters
    ----------
    name : str
        The template's name, as `template_name` gives it.
    words : sequence of str
        Its unnamed values, as plain text, in order.
    named : mapping of str to str
        Its named values.

    Returns
    -------
    tuple of (str, str or None, bool)
        A template that is not known gives its first value, so that no name is lost.

    Examples
    --------
    >>> render_template("convert", ["350", "lb", "kg"], {})
    ('350 lb', None, True)
    >>> render_template("mv", ["Rena"], {})
    ('MV Rena', 'MV Rena', True)
    """
    first = words[0] if words else ""
    if name in _SILENT or name.endswith((" icon", "-inline")) or name.startswith(("db-", "pp-")):
        return "", None, True
    if name in _FIXED:
        return _FIXED[name], None, True
    if name in _RENDERED:
        text = _RENDERED[name](words, named)
        return text, text if name.startswith("sclass") else None, True
    if name in _SHIPS or name == "ship":
        text, target = _ship(name, words)
        return text, target, True
    if name in {"ill", "interlanguage link", "interlanguage link multi", "dp"}:
        return named.get("lt") or first, first or None, True
    if name in _FIRST or re.fullmatch(r"lang-[a-z-]+", name):
        return first, None, True
    return first, None, False
