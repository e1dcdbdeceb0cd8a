"""What every command of the command line takes, as text: one line an argument.

A line reads `NAME METAVAR [settings]: help`; lines that are indented go on with the one above.
Settings are `int` or `float` (the type), `repeated`, `required`, and `default=` or `nargs=`; an
option without a metavar is a flag. Groups that several commands share are named once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

_LINE = re.compile(r"([^\s:]+)(?: ([^\s:\[]+))?(?: \[([^\]]+)\])?(?:: (.+))?")
_SETTINGS: dict[str, dict[str, Any]] = {
    "int": {"type": int},
    "float": {"type": float},
    "repeated": {"action": "append"},
    "required": {"required": True},
}


@dataclass(frozen=True)
class Group:
    """Arguments, under a title of their own or among the command's.

    Attributes
    ----------
    title : str
        "" for none.
    arguments : dict of str to dict
        Name -> what `ArgumentParser.add_argument` takes beside it.
    """

    title: str
    arguments: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Command:
    """One command: what it does, its arguments in order, and the module of `cli` that runs it."""

    summary: str
    groups: tuple[Group, ...]
    module: str = "commands"


def read_group(text: str, title: str = "") -> Group:
    """Return the arguments that a text describes, one a line.

    Examples
    --------
    >>> read_group("-n N [int, default=10]: how many").arguments
    {'-n': {'metavar': 'N', 'help': 'how many', 'type': <class 'int'>, 'default': '10'}}
    """
    arguments: dict[str, dict[str, Any]] = {}
    for entry in re.split(r"\n(?=\S)", dedent(text).strip()):
        line = _LINE.fullmatch(" ".join(entry.split()))
        if line is None:
            message = f"no line of an argument: {entry!r}"
            raise ValueError(message)
        name, metavar, settings, summary = line.groups()
        arguments[name] = {"metavar": metavar} if metavar else {"action": "store_true"}
        arguments[name]["help"] = summary
        for setting in settings.split(", ") if settings else []:
            key, _, value = setting.partition("=")
            arguments[name] |= _SETTINGS.get(key, {key: value})
    return Group(title, arguments)


_SOURCE = read_group("""
    source SOURCE: a folder made by 'fit'; or an archive (.csv, .jsonl, .parquet, .md, a folder of
        pages), which is fitted first; or the word 'sample' for the bundled archive
    """)
_MODEL_DIR = read_group("model_dir MODEL_DIR: a folder made by 'fit'")
_OWN_ENCODER = read_group("""
    --encoder NAME: that of the fit, where it lies elsewhere
    --allow-download: fetch an encoder that is not here
    """)
_PROGRESS = read_group("--progress: show progress on stderr also where it is not a terminal")
_NEW_EVENT = read_group(
    """
    --headline TEXT
    --tag TAG [repeated]: may be repeated
    --date DATE: such as 2014-06-01
    --category NAME: such as Sport, as the archive's column 'category' has it
    --summary TEXT
    --text TEXT: what it says, where the archive has a column 'text'
    """,
    "an event that is not in the archive, instead of ID",
)
_LISTING = read_group(
    """
    -n N [int]: how many related events (default: 10)
    --as-of DATE: list only events up to that day; 'own': up to each event's own day
    --min-score SCORE [float]: leave out what scores less
    --min-probability P [float]: leave out what is less probable, such as 0.3; see 'prob.' in the
        list
    --exclude ID [repeated]: never list it; may be repeated
    --pin ID [repeated]: list it first; may be repeated
    --where COLUMN=VALUE [repeated]: list only such events; also !=, <, <=, > and >=; may be
        repeated, all must hold
    --diversity NUMBER [float, default=0]: from 0, the best by score (default), to 1, as unlike
        each other as may be; try 0.17
    --near-duplicates keep|drop [default=keep]: whether to leave out a headline that says what
        another listed one, or the event's own, says (default: keep)
    --series-limit N [int, default=2]: how many of one series, headlines that are the same but for
        numbers and dates; 0: any number (default: 2)
    --reasons: tell of each what it is to the event, in a word and in a sentence
    """,
    "what is listed",
)
_FITTING = read_group(
    """
    --encoder NAME: a folder or name of a sentence-transformers or model2vec model (default: the
        one that comes with the package)
    --allow-download: fetch an encoder that is not here
    --weights WEIGHTS: such as semantic=.5,tags=.3 (what is not named keeps its default), or
        shared_tags
    --cache-dir DIR: keep vectors there for the next fit
    --engine NAME: exact (default), approximate (for large archives), or auto: approximate above
        200,000 events; also for a saved model
    """,
    "fitting a model",
)
_READING = read_group(
    """
    --column NAME=YOURS [repeated]: your column's name, such as headline=title or text=body; may
        be repeated
    --tag-separator TEXT: where tags in one text are split, such as ';'
    --on-error raise|drop [default=raise]: stop at a row that can't be used (default), or leave it
        out and say so
    --archive-format FORMAT: what the archive is, if its name does not tell
    """,
    "reading an archive",
)
_WRITING = read_group(
    """
    --format FORMAT: csv, jsonl, parquet, markdown (one section an event; a folder unless OUT ends
        in .md) or pages (a folder with one JSON list an event); by default told by OUT
    --base-path PATH [default=]: what a link starts with, before the id or a relative url
    --link-suffix TEXT [default=]: what a link ends with, such as .html
    --url-column NAME: the column with each event's own url (default: url)
    """,
    "writing",
)
_LEARNING = read_group("""
    --out NEW_DIR [required]: the folder to write; may be MODEL_DIR
    --seed N [int, default=0]: of all that is drawn (default: 0)
    --json: print the report as a JSON object
    """)
_MEASURING = read_group(
    """
    --metrics NAMES: parted by commas, the main one first, such as
        ndcg@10,rc@10,p@5,ap,rr,rbo@10:0.9
    -n N [int, default=10]: how many events of a list count
    --as-of links|own|none|DATE [default=links]: the last day that a list may know (default: what
        the links tell)
    --baseline NAME: the run that all others are compared with
    --cluster story|day: take queries of one story or day as one independent case
    --missing error|empty [default=error]: a linked event without a list: stop (default), or count
        an empty list
    --unlinked error|skip [default=error]: an event without links: stop (default), or leave it out
        and count it
    --unknown error|drop [default=error]: links to events that the archive lacks: stop (default),
        or leave them out and count
    --tuning-links LINKS: the links that settings were chosen on
    --gap DAYS [int]: refuse queries so near to a tuning query, too
    --allow-leak: count what tuning has seen, and go on
    --no-bounds: leave out what unlinked events could change; faster with thousands of lists
    --seed N [int, default=0]: the seed of all chance
    """,
    "measuring",
)
_REPORTING = read_group(
    """
    --json: print all numbers as JSON instead
    --markdown FILE: write the report as Markdown
    --html FILE: write the report as a page with plots
    --trec DIR: write links and lists as TREC files
    --changed N [int]: how many queries that gained and lost most to show for each pair of runs
        (default: for a single pair 1 on stdout and 3 in files, else none on stdout and 1 in files)
    """,
    "output, besides the report on stdout",
)

_FIT = read_group("""
    source ARCHIVE: a file, a folder, or the word 'sample'
    model_dir MODEL_DIR: the folder to write
    """)
_RELATED = read_group("id ID [nargs=?]: an event of the archive")
_EXPLAIN = read_group("""
    id ID
    related_id RELATED_ID
    --json: print a JSON object
    """)
_BATCH = read_group(
    "out OUT: a file (.csv, .jsonl, .parquet, .md), a folder, or - for stdout",
)
_UPDATE = read_group("""
    source NEW_EVENTS: a file or folder of events
    --on-existing error|replace [default=error]: refuse events whose id the model has (default), or
        put them into the old ones' place
    --refresh: learn tags, words and topics anew, as 'fit' does
    """)
_REMOVE = read_group("ids ID [nargs=+]: an event of the model")
_CHANGED = read_group("""
    --changed FILE: write the changed ids there instead of printing them
    --json: a JSON list of the changed ids, instead of lines
    """)
_ADAPT = read_group("""
    --held-out SHARE [float, default=0.15]: the share of the events, the newest, to measure on
        (default: %(default)s)
    """)
_TUNE = read_group("""
    links LINKS: links as for 'evaluate': .jsonl, .csv, .parquet, .qrels, .md
    -n N [int, default=10]: how long the lists are (default: %(default)s)
    --folds N [int, default=5]: in how many parts the links are measured (default: %(default)s)
    """)
_EVALUATE = read_group("""
    runs RUN [nargs=+]: lists (.csv, .jsonl, .parquet, a TREC .run), as 'batch' writes them; a
        folder made by 'fit', or an archive, which then lists the linked events; or the word
        'sample'. NAME=RUN names it
    --links LINKS: the links to measure against (.csv, .jsonl, .parquet, .qrels, the Context's
        pages), or the word 'sample' (default for the run 'sample')
    --archive ARCHIVE: the events that lists and links are about: a file, a folder made by 'fit',
        or 'sample' (default: that of the first run that has one)
    --baselines: add every baseline, on the same archive
    """)
_JSON_LIST = read_group("--json: print a JSON list")
_FITTED = (_FITTING, _READING, _PROGRESS)
_LEARNED = (_LEARNING, _OWN_ENCODER, _PROGRESS)

COMMANDS = {
    "fit": Command("read an archive, fit a model to it and save it", (_FIT, *_FITTED)),
    "related": Command(
        "list the events related to one event",
        (_SOURCE, _RELATED, _NEW_EVENT, _JSON_LIST, _LISTING, *_FITTED),
    ),
    "explain": Command("tell every part of one pair's score", (_SOURCE, _EXPLAIN, *_FITTED)),
    "batch": Command(
        "write the lists of the whole archive",
        (_SOURCE, _BATCH, _WRITING, _LISTING, *_FITTED),
    ),
    "update": Command(
        "add events to a saved model and tell whose lists changed",
        (_MODEL_DIR, _UPDATE, _CHANGED, _LISTING, _OWN_ENCODER, _READING, _PROGRESS),
    ),
    "remove": Command(
        "take events out of a saved model and tell whose lists changed",
        (_MODEL_DIR, _REMOVE, _CHANGED, _LISTING, _OWN_ENCODER, _PROGRESS),
    ),
    "adapt": Command(
        "teach a saved model's encoder with its archive's tags",
        (_MODEL_DIR, _ADAPT, *_LEARNED),
        "learn",
    ),
    "tune": Command(
        "learn a saved model's weights from existing links",
        (_MODEL_DIR, _TUNE, *_LEARNED),
        "learn",
    ),
    "evaluate": Command(
        "measure lists against existing links",
        (_EVALUATE, _MEASURING, _REPORTING, *_FITTED),
        "evaluate",
    ),
}
