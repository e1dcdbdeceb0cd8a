"""A folder of Current Events day pages in wikitext -> a table of events."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from relatedevents._util.checks import check_count, problem, require, shown, some_of
from relatedevents._util.slugs import id_slug
from relatedevents._util.threads import processors
from relatedevents.errors import InputError
from relatedevents.readers.processes import map_in_order
from relatedevents.readers.wikitext.decode import decode_page
from relatedevents.readers.wikitext.lines import Line, month_number, read_page
from relatedevents.readers.wikitext.markup import Reading, read_markup

_PAGES_AT_ONCE = 100
_PAGES_A_PROCESS = 750  # read in about the time that one more takes to start
_MOST_NAMED = 4
_NAMES = "day pages named YYYY_Month_D.txt, such as 2012_October_12.txt"
_COLUMNS = (
    *("id", "date", "category", "stories", "headline", "tags", "surface", "sources", "source_urls"),
    "page",
)


@dataclass
class _Count:
    """What was read and what became of it, by the names that `attrs["reading"]` has."""

    pages: int = 0
    pages_left_out: dict[str, str] = field(default_factory=dict)
    pages_without_events: list[str] = field(default_factory=list)
    pages_cut_off: list[str] = field(default_factory=list)
    pages_with_another_date: dict[str, str] = field(default_factory=dict)
    pages_with_mixed_encodings: int = 0
    pages_encoded_twice: int = 0
    bytes_read_as_windows_1252: int = 0
    bytes_without_meaning: int = 0
    files_left_out: dict[str, str] = field(default_factory=dict)
    bullets: int = 0
    bullets_without_star: int = 0
    bullets_without_event: Counter[str] = field(default_factory=Counter)
    lines_joined: int = 0
    lines_left_out: Counter[str] = field(default_factory=Counter)
    templates_unknown: Counter[str] = field(default_factory=Counter)
    ids_made_unique: int = 0

    def add(self, other: _Count) -> None:
        """Add what was counted on the pages that follow."""
        for name, value in vars(other).items():
            total = getattr(self, name)
            if isinstance(value, dict):  # a Counter adds
                total.update(value)
            else:
                setattr(self, name, total + value)


def page_date(name: str) -> date | None:
    """Return the day that a page's file name tells, or None if it tells none.

    Examples
    --------
    >>> page_date("2012_October_12.txt")
    datetime.date(2012, 10, 12)
    """
    match = re.fullmatch(r"(\d{4})_([A-Za-z]+)_(\d{1,2})\.txt", name)
    month = month_number(match.group(2)) if match else None
    if match is None or month is None:
        return None
    try:
        return date(int(match.group(1)), month, int(match.group(3)))
    except ValueError:
        return None


def _without_doubles(titles: Sequence[str]) -> list[str]:
    """Keep the first spelling of each title, in order; capitals make no difference."""
    first: dict[str, str] = {}
    for title in titles:
        if title:
            first.setdefault(title.casefold(), title)
    return list(first.values())


def _says_something(reading: Reading) -> bool:
    """Whether a bullet with bullets below it tells an event of its own.

    It does with a source and more than names; or without one, if it is a whole sentence.
    """
    if reading.only_names or not reading.headline:
        return False
    words = len(reading.headline.split())
    if reading.sources or reading.urls:
        return words >= 8 or not reading.announces
    return words >= 8 and not reading.announces and reading.headline.endswith((".", "!", "?"))


def _cause(raw: str, reading: Reading) -> str:
    """Say why a bullet with none below it gives no event; "" if it gives one."""
    if reading.only_names and reading.announces and not reading.urls:
        return "only the name of a story"
    if re.search(r"[^\W_]", reading.headline):
        return ""
    if not raw.strip():
        return "empty"
    if reading.urls or reading.sources:
        return "only a source"
    return "only a template" if "{{" in raw else "no words"


def _events_of(lines: Sequence[Line], count: _Count) -> list[dict[str, Any]]:
    """Return a page's events: resolve the nesting of bullets, inherited stories and categories."""
    events: list[dict[str, Any]] = []
    category, heading_stories = None, []  # type: str | None, list[str]
    above: list[tuple[int, list[str]]] = []  # depth and stories of the bullets above
    for at, line in enumerate(lines):
        reading = read_markup(line.text)
        count.templates_unknown.update(reading.unknown_templates)
        if line.depth == 0:
            category, above = reading.headline or None, []
            heading_stories = [title for title, _ in reading.links]
            continue
        count.bullets += 1
        count.bullets_without_star += not line.starred
        while above and above[-1][0] >= line.depth:
            above.pop()
        stories = [*heading_stories, *(title for _, titles in above for title in titles)]
        parent = at + 1 < len(lines) and lines[at + 1].depth > line.depth
        if parent and not _says_something(reading):
            names = [title for title, _ in reading.links] or [reading.headline]
            above.append((line.depth, [name for name in names if name]))
            count.bullets_without_event["parent"] += 1
            continue
        if cause := _cause(line.text, reading):
            count.bullets_without_event[cause] += 1
            continue
        # What is told below a sentence without a source belongs to what the sentence links.
        named = [] if reading.urls or len(reading.links) > _MOST_NAMED else reading.links
        above.append((line.depth, reading.stories or [title for title, _ in named]))
        stories = _without_doubles([*stories, *reading.stories])
        events.append(
            {
                "category": category,
                "stories": stories,
                "headline": reading.headline,
                "tags": _without_doubles([*stories, *(title for title, _ in reading.links)]),
                "surface": list(dict.fromkeys(text for _, text in reading.links if text)),
                "sources": reading.sources,
                "source_urls": reading.urls,
            }
        )
    return events


def _read_one(path: Path, day: date, count: _Count) -> list[dict[str, Any]]:
    """Return one page's events; repairs and omissions are added to `count`."""
    count.pages += 1
    data = path.read_bytes()
    if not data.strip():
        count.pages_left_out[path.name] = "empty file"
        return []
    if b"\x00" in data:
        count.pages_left_out[path.name] = "not text: it holds zero bytes"
        return []
    decoded = decode_page(data)
    count.pages_with_mixed_encodings += decoded.foreign > 0
    count.pages_encoded_twice += decoded.twice > 0
    count.bytes_read_as_windows_1252 += decoded.foreign
    count.bytes_without_meaning += decoded.undefined
    page = read_page(decoded.text)
    count.lines_joined += page.joined
    count.lines_left_out.update(page.left_out)
    count.bullets_without_event.update(page.hidden)
    count.bullets += page.hidden.total()
    if page.cut_off:
        count.pages_cut_off.append(path.name)
    if page.header_date and page.header_date != (day.year, day.month, day.day):
        count.pages_with_another_date[path.name] = "{:04d}-{:02d}-{:02d}".format(*page.header_date)
    if page.deletion:
        bullets = sum(line.depth > 0 for line in page.lines)
        count.bullets += bullets
        count.bullets_without_event["on a page marked for deletion"] += bullets
        count.pages_left_out[path.name] = f"marked for deletion: {{{{{page.deletion}}}}}"
        return []
    events = _events_of(page.lines, count)
    if not events:
        count.pages_without_events.append(path.name)
    return [{"date": day, **event, "page": path.name} for event in events]


def _read_pages(pages: Sequence[tuple[date, Path]]) -> tuple[list[dict[str, Any]], _Count]:
    count = _Count()
    return [event for day, file in pages for event in _read_one(file, day, count)], count


def _processes(n_jobs: int | None, n_pages: int) -> int:
    """Return how many processes shall read so many pages."""
    if n_jobs is not None:
        return check_count("n_jobs", n_jobs)
    return min(processors(), max(1, n_pages // _PAGES_A_PROCESS))


def _pages(path: Path, count: _Count) -> list[tuple[date, Path]]:
    """List the day pages by day; other files are counted with a cause."""
    if path.is_file():
        day = page_date(path.name)
        if day is None:
            raise InputError(
                problem(
                    "source",
                    f"got the file {shown(path.name)}, whose name tells no day",
                    _NAMES,
                    "Rename the page after its day.",
                )
            )
        return [(day, path)]
    if not path.is_dir():
        raise InputError(
            problem("source", f"{shown(str(path))} is not there", f"a folder of {_NAMES}")
        )
    pages = []
    for file in sorted(path.iterdir()):
        day = page_date(file.name)
        if day is not None and file.is_file():
            pages.append((day, file))
        else:
            cause = "the name tells no day" if file.suffix == ".txt" else "not a .txt page"
            count.files_left_out[file.name] = cause
    if not pages:
        others = list(count.files_left_out)
        came = f"the folder {shown(str(path))} holds {some_of(others) if others else 'nothing'}"
        raise InputError(problem("source", came, _NAMES))
    return sorted(pages)


def _add_ids(events: list[dict[str, Any]], count: _Count) -> None:
    """Name every event by its day and headline; the second of a kind gets "-2", and so on."""
    taken: set[str] = set()
    for event in events:
        base = f"{event['date'].isoformat()}/{id_slug(event['headline']) or 'event'}"
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}-{number}"
        count.ids_made_unique += number > 1
        taken.add(name)
        event["id"] = name


def _reading(count: _Count, events: int) -> dict[str, Any]:
    """Return the counts as `attrs` holds them; causes stand with the commonest first."""
    counts = {
        name: dict(value.most_common()) if isinstance(value, Counter) else value
        for name, value in vars(count).items()
    }
    return {"format": "wikitext", **counts, "events": events}


def read_wikitext(path: Path, n_jobs: int | None = None) -> pd.DataFrame:
    r"""Read day pages of the Current Events portal, or of a wiki that writes such pages.

    One event a bullet that has none below it; also a bullet above others, if it has a source of
    its own or is a whole sentence. A bullet above others that only names something, and links
    before a leading colon, name the event's stories, and every story is a tag. Text before a
    leading colon stays in the headline. The day comes from the file name.

    Parameters
    ----------
    path : pathlib.Path
        A folder of pages named ``YYYY_Month_D.txt``, or one such page. Pages may mix UTF-8 with
        Windows-1252.
    n_jobs : int, optional
        How many processes read; 1 is this one alone. By default every processor, where the
        folder has enough pages to gain by it.

    Returns
    -------
    pandas.DataFrame
        One row an event, by day and then in the page's order. Columns: ``id`` (day, "/", slug of
        80 characters), ``date`` (datetime64[s]), ``category`` (None without one), ``stories``,
        ``headline``, ``tags`` (page titles of stories and links, in order), ``surface`` (texts
        of the links), ``sources`` (names), ``source_urls``, ``page`` (file name).
        ``attrs["reading"]`` counts what was read: ``bullets`` equals ``events`` plus the sum of
        ``bullets_without_event``, by cause. A page that its wiki has marked for deletion (a
        hoax, say) gives no events and is named in ``pages_left_out``; a page whose header tells
        another day than its file name keeps the file's day and is named in
        ``pages_with_another_date``.

    Raises
    ------
    InputError
        If the path is not there, a single file's name tells no day, or a folder has no page.
    MissingExtraError
        Without mwparserfromhell, which the extra ``wikitext`` brings.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> page = folder / "2012_October_12.txt"
    >>> text = "*[[Tin strike]]\n**Mines in [[Potosí]] close. [http://a.example (AP)]"
    >>> _ = page.write_text(text, encoding="utf-8")
    >>> read_wikitext(folder)[["id", "tags", "sources"]].to_dict("records")
    [{'id': '2012-10-12/mines-in-potosi-close', 'tags': ['Tin strike', 'Potosí'],
      'sources': ['AP']}]
    """
    require("mwparserfromhell", "reading wikitext")
    count = _Count()
    pages = _pages(Path(path), count)
    chunks = [pages[at : at + _PAGES_AT_ONCE] for at in range(0, len(pages), _PAGES_AT_ONCE)]
    events: list[dict[str, Any]] = []
    for of_chunk, counted in map_in_order(_read_pages, chunks, _processes(n_jobs, len(pages))):
        events += of_chunk
        count.add(counted)
    _add_ids(events, count)
    table = pd.DataFrame(events, columns=list(_COLUMNS))
    table["date"] = pd.to_datetime(table["date"]).astype("datetime64[s]")
    table.attrs["reading"] = _reading(count, len(table))
    return table
