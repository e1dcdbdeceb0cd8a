"""Broken wiki markup -> markup that parses, and rendered text -> a clean headline."""

from __future__ import annotations

import html
import re

_LINK = re.compile(r"\[\[[^\[\]]*\]\]")
_WEB_LINK = re.compile(r"\[(?:https?:)?//[^\[\]]*\]")
_STRIKES = (
    # a web address in a wiki link's brackets, or with blanks before it
    (re.compile(r"\[\[?\s*((?:https?:)?//[^\[\]]*)\]\](?!\])"), r"[\1]"),
    (re.compile(r"\[\s+(?=https?://)"), "["),
    (re.compile(r"\[(https?://[^\s\[\]|]+)\|\s*(?=[^\s\[\]/?&=]*[\s\]])"), r"[\1 "),
    (re.compile(r"(\[https?:)/(?=\w)"), r"\1//"),
)
_MENDS = (
    (re.compile(r"\[{3,}"), "[["),
    (re.compile(r"(\[https?://[^\s\[\]]+\s+)\[(\([^\[\]()]*\))\]+"), r"\1\2]"),
    # one bracket too few, or the wrong one, at either end of a wiki link
    (re.compile(r"\[\[([^\[\]{}]*)\](?!\])"), r"[[\1]]"),
    (re.compile(r"(?<!\[)\[(?!https?:)([^\[\]{}]*)\]\]"), r"[[\1]]"),
    (re.compile(r"\[\[([^\[\]{}]*)\}\}?"), r"[[\1]]"),
    (re.compile(r"\{\{?([^\[\]{}|]*)\]\]"), r"[[\1]]"),
    (re.compile(r"(?<!\[)\[([^\[\]{}|]*\|[^\[\]{}|]*)\](?!\])"), r"[[\1]]"),
    # a web link that is never closed, or never opened
    (re.compile(r"\[(https?://[^\[\]]*?)\s*(?=$|\[)"), r"[\1] "),
    (re.compile(r"(?<![\[\w/=?&])(https?://\S+\s+\([^()\[\]]*\)?)\s*\]"), r"[\1]"),
)
_OPEN_REF = re.compile(r"<ref\b[^<>/]*>(?!.*</ref\s*>).*$", re.IGNORECASE | re.DOTALL)
# Notes of the editors to each other, about the sources.
_NOTES = re.compile(
    r"'*(?:<<[^<>]*>>|\[+\s*news ?link missing\s*\]+)'*"
    r"|\((?:link dead|dead link|registration required|subscription required)[^()]*"
    r"(?:\([^()]*\)[^()]*)?\)",
    re.IGNORECASE,
)
_TICKS = re.compile(r"'{2,}")
_POSSESSIVE = re.compile(r"(?<!')''(?!')([^']*[\w\]])'''(?=s\b|\s)")


_MAY_STRIKE = re.compile(r"\[\[\s*(?:https?:)?//|\[\s|\[https?:(?:/\w|[^\s\[\]|]+\|)")


def _without_ticks(raw: str) -> str:
    """Take bold and italic marks out, and leave the apostrophes that stand among them.

    As the wiki does: four ticks are an apostrophe and bold; and where neither bold nor italics
    close, three ticks after a word are an apostrophe and italics ("''Time'''s").
    """
    raw = _POSSESSIVE.sub(r"\1'", raw)
    runs = [len(run) for run in _TICKS.findall(raw)]
    bold = sum(run != 2 for run in runs)
    italic = sum(run == 2 or run >= 5 for run in runs)
    if bold % 2 and italic % 2:
        raw = re.sub(r"(?<=\w)'''(?!')", "'\x00", raw, count=1)
    raw = re.sub(r"(?<!')'{4}(?!')", "'\x00", raw)
    return _TICKS.sub("", raw).replace("\x00", "")


def without_marks(raw: str) -> str:
    """Take out bold and italic marks, notes of the editors, and what follows an open `<ref>`.

    Examples
    --------
    >>> without_marks("The ''[[Dawn Treader]'' sails (dead link)")
    'The [[Dawn Treader] sails '
    """
    if "<" in raw:
        raw = _OPEN_REF.sub("", raw)
    low = raw.lower()
    if "link" in low or "required" in low or "<<" in low:
        raw = _NOTES.sub("", raw)
    if "''" in raw:
        raw = _without_ticks(raw)
    return raw


def mend_links(raw: str) -> str:
    """Close links that the editors left broken.

    Examples
    --------
    >>> mend_links("The [[Dawn Treader] sails [http://a.example/x (AP)")
    'The [[Dawn Treader]] sails [http://a.example/x (AP)] '
    """
    if "[" not in raw and "]" not in raw:
        return raw
    if _MAY_STRIKE.search(raw):
        for pattern, new in _STRIKES:
            raw = pattern.sub(new, raw)
    rest = _WEB_LINK.sub("", _LINK.sub("", raw))
    if "[" in rest or "]" in rest:
        for pattern, new in _MENDS:
            raw = pattern.sub(new, raw)
    return raw


def mend(raw: str) -> str:
    """Close links that the editors left broken; take bold and italic marks out.

    Examples
    --------
    >>> mend("The ''[[Dawn Treader]'' sails [http://a.example/x (AP)")
    'The [[Dawn Treader]] sails [http://a.example/x (AP)] '
    """
    return mend_links(without_marks(raw))


_TAGS_LEFT = re.compile(r"</?[a-zA-Z][^<>]*>")
_BLANKS = re.compile(r"\s+")
# Controls, soft hyphens and marks of writing direction: not seen, and in the way of comparing.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f\u0080-\u009f\xad\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffd\ufffe\uffff\ud800-\udfff]"
)
_SIGNS = (
    (re.compile(r"[^\s|]*\|+(?=[^\s|])"), ""),  # a link's target without its brackets
    (re.compile(r"\|"), " "),
    (re.compile(r"\[\s*\]|\{\s*\}"), " "),
    (re.compile(r"(?<=\[)\[+|\](?=\])|[{}]"), ""),
    (re.compile(r"<\s?(?=\d)"), "under "),
    (re.compile(r">\s?(?=\d)"), "over "),
    (re.compile(r"[<>]"), " "),
    (re.compile(r"(?:https?:)?//\S+|https?:\S*"), " "),
    (re.compile(r"'{2,}"), "'"),
)
_SPACING = (
    (re.compile(r"\((?:[\w. ]{1,30}:[\s,;]*)*[\s,;]*\)"), " "),  # its sources are gone
    (re.compile(r"\(\((\w+)\)\)"), r"(\1)"),
    (_BLANKS, " "),
    (re.compile(r" +(?=[,;:.!?](?:\s|$|[\"”’)]))"), ""),
    (re.compile(r"(?<=\() | (?=\))"), ""),
    (re.compile(r"([,;:])(?: ?[,;:])+(?=\s|$)"), r"\1"),
    (re.compile(r"\. [,;](?=\s|$)"), "."),
    (re.compile(r"(?<=[.!?])\s+[-–—]+\s*\.?$"), ""),
    (re.compile(r" ([,;])(?=[^\W\d_])"), r"\1 "),
    (re.compile(r"&(?=#?\w+;)"), "and "),
    (re.compile(r"[,;:](?:\s*)\.(?!\.)"), "."),
    (re.compile(r"(?<!\.)\.\.(?=\s|$)|\. \.(?=\s|$)"), "."),
)
# Most text needs none of the repairs; these three tell so in one go. Each begins with a set of
# signs, which the engine finds fast, and then looks what stood there.
_ODD_SIGN = re.compile(r"[\[\]{}|<>&/h'](?:(?<=[\[\]{}|<>&])|(?<=/)/|(?<=h)ttps?:|(?<=')')")
_ODD_SPACING = re.compile(
    r"[ (,;:.](?:(?<= )(?:[-–—]+\.?$|[ ,;:.!?)])"
    r"|(?<=\()(?:[ ,;:)]|[\w. ]{0,30}[:(])|(?<=[,;:.])[,;:.])"
)
_IS_TIDY = re.compile(r"[\w\"“‘'$€£].*[\w.!?\"”’'%)]", re.DOTALL)
_START = re.compile(r"^(?:[\s:;,*|)\]!/]+|[-–—•·.]+\s|#(?!\w))+")
_END = re.compile(r"(?:[\s,;:(\[/|]+|\s[-–—*]+)+$")
_IN_BRACKETS = re.compile(r"\(([^()]*)\)")


def _round_brackets(text: str) -> str:
    """Turn an editor's "[sic]" into "(sic)", and take single brackets out."""
    text = re.sub(r"\[([^\[\]]*)\]", r"(\1)", text)
    text = re.sub(r"(?<=\w)[\[\]]+(?=\w)", "", text)
    return text.replace("[", " ").replace("]", " ")


def _clean_once(text: str) -> str:
    if "&" in text:
        text = html.unescape(html.unescape(text))
    if not text.isprintable() or "\ufffd" in text:
        text = _UNSEEN.sub("", text)
    if "<" in text:
        text = _TAGS_LEFT.sub("", text)
    if _ODD_SIGN.search(text):
        for pattern, new in _SIGNS:
            text = pattern.sub(new, text)
        text = _round_brackets(text)
    text = " ".join(text.split())
    previous = text if _IS_TIDY.fullmatch(text) and not _ODD_SPACING.search(text) else ""
    while text != previous:  # one repair can make room for the next; each makes it no longer
        previous = text
        for pattern, new in _SPACING:
            text = pattern.sub(new, text)
        text = _END.sub("", _START.sub("", text))
    bracketed = _IN_BRACKETS.fullmatch(text)
    return bracketed.group(1).strip() if bracketed else text


def clean_text(text: str) -> str:
    """Make one line of rendered text free of what is left of any markup.

    Square brackets that an editor put into a quotation become round ones, so that a headline
    holds no sign with a meaning in wikitext, HTML or Markdown links.

    Examples
    --------
    >>> clean_text(": The harbour is&nbsp;closed , he says.  . ")
    'The harbour is closed, he says.'
    """
    cleaned = _clean_once(text)
    while cleaned != text:  # one repair can make room for another; each takes signs away
        text, cleaned = cleaned, _clean_once(cleaned)
    return text


_PLAIN_TITLE = re.compile(r"[\w,.()–-]+(?: [\w,.()–-]+)*")
_NOT_IN_TITLES = re.compile(r"[\[\]{}|<>]+")


def clean_title(text: str) -> str:
    """Make a page title, or the text of a link, one line without markup.

    Other than in a headline, a sign at either end may belong to the name.

    Examples
    --------
    >>> clean_title("Sirius&nbsp;B* ")
    'Sirius B*'
    """
    if _PLAIN_TITLE.fullmatch(text):
        return text
    if "&" in text:
        text = html.unescape(html.unescape(text))
    text = _NOT_IN_TITLES.sub(" ", _TAGS_LEFT.sub("", _UNSEEN.sub("", text)))
    return _BLANKS.sub(" ", re.sub(r"'{2,}", "'", text)).strip()
