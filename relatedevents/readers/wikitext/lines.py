"""The text of a day page -> its category lines and bullets, with counts of everything else."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_OPEN_COMMENT = re.compile(r"<!--.*$", re.MULTILINE)
_HEADER = re.compile(
    r"\{\{\s*current\s+events(?:\s+header)?\s*\|([^{}\n]*?)(?:content\s*=|\}\}|$)",
    re.IGNORECASE | re.MULTILINE,
)
_FOOTER = re.compile(r"\{\{\s*current\s+events\s+footer[^{}]*\}\}", re.IGNORECASE)
_BEGIN_OR_END_TAG = re.compile(r"</?(?:noinclude|includeonly|onlyinclude)\s*/?>", re.IGNORECASE)
_DELETION = re.compile(
    r"\{\{\s*(db-[^{}|\n]*|hoax|delete|copyvio|vandalism)\s*(?:\|[^{}]*)?\}\}", re.I
)
_REF = re.compile(r"<ref\b[^<>/]*>(?:(?!</?ref\b)(?!\n[*;]).)*</ref\s*>", re.DOTALL | re.I)
_TEMPLATE = re.compile(r"\{\{[^{}]*\}\}")
_STARS = re.compile(r"^[ \t:]*\*", re.MULTILINE)
_MARKER = re.compile(r"[:\s]*\*[*:\s]*")
_BOLD_LINE = re.compile(r"'''(?!')(.+?)'''\s*:?\s*|'''(?!')(.+?):\s*")
_HEADING = re.compile(r"=+\s*(.*?)\s*=+")
_INNER_STAR = re.compile(r"(?<=[^:\s*])\s+\*+\s*(?=\[\[|[A-Z])")
_WEB = re.compile(r"\[?(?:https?:)?//[^\s\]]*[^\[\]]*\]|https?://\S+")
_TABLE = re.compile(r"\{\||\|[-}+]?|!")
_IMAGE = re.compile(r"\[\[\s*(?:file|image)\s*:", re.IGNORECASE)
_MONTHS = """
    january february march april may june july august september october november
    december
""".split()  # noqa: SIM905 - easier to read


@dataclass(frozen=True)
class Line:
    """A category line, or a bullet with the number of its stars."""

    text: str
    depth: int  # 0: a category
    starred: bool = True  # False: a paragraph that tells an event without a star before it


@dataclass(frozen=True)
class Page:
    """The lines of a day page, and counts of what was left out."""

    lines: list[Line]
    hidden: Counter[str] = field(default_factory=Counter)  # bullets that no reader sees, by cause
    joined: int = 0  # lines that go on with the bullet before them
    left_out: Counter[str] = field(default_factory=Counter)  # lines beside the bullets, by cause
    header_date: tuple[int, int, int] | None = None
    deletion: str = ""  # the template that marks the page for deletion
    cut_off: bool = False  # it has a beginning, and no end


def month_number(name: str) -> int | None:
    """Return 1 to 12 for an English month name, or None.

    Examples
    --------
    >>> month_number("May")
    5
    """
    low = name.strip().lower()
    return _MONTHS.index(low) + 1 if low in _MONTHS else None


def _header_date(values: str) -> tuple[int, int, int] | None:
    parts = [part.rpartition("=")[2].strip() for part in values.split("|") if part.strip()]
    numbers = [month_number(part) or (int(part) if part.isdecimal() else 0) for part in parts[:3]]
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 and all(numbers) else None


def _take_out(pattern: re.Pattern[str], text: str, cause: str, hidden: Counter[str]) -> str:
    def count(match: re.Match[str]) -> str:
        hidden[cause] += len(_STARS.findall(match.group(0)))
        return ""

    return pattern.sub(count, text)


def _one_line(match: re.Match[str]) -> str:
    return match.group(0).replace("\n", " ")


def _join_templates(text: str, hidden: Counter[str]) -> str:
    """Put templates on one line each; a box that holds bullets of its own is taken out."""

    def change(match: re.Match[str]) -> str:
        if "\n" not in match.group(0):
            return match.group(0)
        bullets = len(_STARS.findall(match.group(0)))
        if not bullets:
            return _one_line(match)
        hidden["in a template"] += bullets
        return ""

    for _ in range(2):  # a template in a template
        text = _TEMPLATE.sub(change, text)
    return text


def _goes_on(line: str, before: Line | None) -> bool:
    """Whether a line without a star belongs to the bullet before it."""
    if before is None or before.depth == 0:
        return False
    if not re.search(r"\w", re.sub(r"<ref.*?(?:</ref>|/>)", "", _WEB.sub("", line))):
        return True
    unfinished = re.search(r"[\w,]\s*$", before.text) and not _WEB.search(before.text)
    return bool(line[0].islower() or line[0] == "(" or (unfinished and "://" not in before.text))


def _tells(line: str) -> str:
    """Return "" where a line without a star tells an event, or why it is left out."""
    if _IMAGE.match(line):
        return "image"
    if _TABLE.match(line):
        return "table"
    if "://" not in line and "[[" not in line:
        return "no star, no link and no source"
    if "://" not in line and (line.endswith(":") or len(line.split()) < 8):
        return "no star, no source and no sentence"
    if line.startswith("{{") and line.endswith("}}"):
        return "template"
    return ""


def _at_inner_stars(text: str) -> list[str]:
    return _INNER_STAR.split(text) if "*" in text else [text]


def _read_line(raw: str, lines: list[Line], left_out: Counter[str], hidden: Counter[str]) -> int:
    """Add one line of the page to `lines`; return 1 if it was joined to the one before."""
    line = raw.strip()
    bold = _BOLD_LINE.fullmatch(line)
    heading = _HEADING.fullmatch(line)
    marker = _MARKER.match(line)
    if line[0] == ";" or bold or heading:
        title = (bold.group(1) or bold.group(2)) if bold else heading.group(1) if heading else line
        lines.append(Line(title.strip(";: '"), 0))
    elif marker:
        text = line[marker.end() :]
        if text.startswith(";"):
            lines.append(Line(text.strip(";: '"), 0))
            hidden["category"] += 1
            return 0
        stars = marker.group(0).rstrip(": \t")
        depth = stars.count("*") + stars.count(":")
        lines.extend(Line(part, depth) for part in _at_inner_stars(text))
    else:
        first, *others = _at_inner_stars(line.lstrip(": ") or line)
        joined = 0
        if _goes_on(first, lines[-1] if lines else None):
            before = lines.pop()
            lines.append(Line(f"{before.text} {first}", before.depth, before.starred))
            joined = 1
        elif cause := _tells(first):
            left_out[cause] += 1
        else:
            lines.append(Line(first, 1, starred=False))
        lines.extend(Line(part, 1) for part in others)
        return joined
    return 0


def read_page(text: str) -> Page:
    r"""Find the category lines and bullets of a day page.

    Parameters
    ----------
    text : str
        The page's wikitext.

    Returns
    -------
    Page
        The lines in order; all that is not in them is counted.

    Examples
    --------
    >>> page = read_page(";Sport\n*[[Regatta]]:\n**The blue boat wins. [http://a.example (AP)]")
    >>> [(line.depth, line.text[:9]) for line in page.lines]
    [(0, 'Sport'), (1, '[[Regatta'), (2, 'The blue ')]
    """
    hidden: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    begins = "below this line" in text or bool(_HEADER.search(text))
    ends = "above this line" in text or bool(_FOOTER.search(text))
    ends = ends or text.rstrip().endswith(("}}", "|}"))
    header = _HEADER.search(text)
    text = _take_out(_COMMENT, text, "in a comment", hidden)
    text = _OPEN_COMMENT.sub("", text)
    deletion = _DELETION.search(text)
    for pattern in (_DELETION, _HEADER, _FOOTER, _BEGIN_OR_END_TAG):
        text = pattern.sub("", text)
    text = _join_templates(_REF.sub(_one_line, text), hidden)
    lines: list[Line] = []
    joined = 0
    for raw in text.split("\n"):
        bare = raw.strip()
        if (bare and re.search(r"\w", bare)) or bare.startswith("*"):
            joined += _read_line(bare, lines, left_out, hidden)
    return Page(
        lines=lines,
        hidden=+hidden,
        joined=joined,
        left_out=left_out,
        header_date=_header_date(header.group(1)) if header else None,
        deletion=deletion.group(1).strip() if deletion else "",
        cut_off=begins and not ends,
    )
