"""`read_events`: frames, files and folders of events as the checked table."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike

import pandas as pd

from relatedevents._util.checks import check_count
from relatedevents._util.gc import collector_paused
from relatedevents.archive import check_events
from relatedevents.archive.table import PROSE
from relatedevents.features.tags import check_aliases, replace_aliases
from relatedevents.readers.formats import check_format, existing_path, format_of, read_file


def read_events(
    source: object,
    *,
    columns: Mapping[str, str] | None = None,
    tag_separator: str | None = None,
    tag_aliases: Mapping[str, str] | None = None,
    on_error: str = "raise",
    format: str | None = None,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Read an archive of events into the checked table.

    Parameters
    ----------
    source : data frame, or path
        A pandas, Polars or Arrow frame; a .csv, .tsv, .jsonl, .ndjson or .parquet file; a page
        (.md) of the Context or a folder of such pages; a folder of Current Events day pages in
        wikitext (extra `wikitext`).
    columns : mapping of str to str, optional
        This package's name of a column -> yours: {"headline": "title", "text": "body"}.
    tag_separator : str, optional
        Where tags that stand in one text are split. A JSON list needs none.
    tag_aliases : mapping of str to str, optional
        A tag's other spelling -> the tag to read instead. Spellings are compared as tags are:
        case, dashes and blanks do not matter. Chains are followed, circles refused.
    on_error : {"raise", "drop"}
        "drop" leaves out rows that can't be used, and warns which.
    format : {"csv", "jsonl", "parquet", "context", "wikitext"}, optional
        What the file or folder is, if its name does not tell.
    n_jobs : int, optional
        How many processes read a folder of wikitext, whose parsing takes long; 1 is this one
        alone. By default every processor, where the folder has enough pages to gain by it. The
        table never depends on it.

    Returns
    -------
    pandas.DataFrame
        In the source's order: `id` (text), `date` (datetime64[s], NaT if undated), `headline`,
        `tags` (lists of text), then every other column, of which `summary` and `text` (text,
        or a missing value) are what the signal `text` reads. See
        `relatedevents.archive.check_events`. `attrs["reading"]` holds what the readers of
        pages counted.

    Raises
    ------
    InputError
        Naming the file and line, or the row and column; what came, what is allowed, what to do.
    MissingExtraError
        If wikitext is to be read without the extra `wikitext`.

    Examples
    --------
    >>> import pandas as pd
    >>> events = read_events(
    ...     pd.DataFrame({"id": ["a"], "headline": ["Rio hosts a summit"],
    ...                   "date": ["1992-06-03"], "tags": ["Brazil; rio de janeiro"]}),
    ...     tag_separator=";", tag_aliases={"Rio de Janeiro": "Rio"})
    >>> events.loc[0, "tags"]
    ['Brazil', 'Rio']
    """
    check_format(format, "events")
    if n_jobs is not None:
        check_count("n_jobs", n_jobs)
    aliases = check_aliases(tag_aliases)
    name = "events"
    frame: object = source
    with collector_paused():
        if isinstance(source, (str, PathLike)):
            path = existing_path(source)
            name, format = str(path), format or format_of(path, "events")
            texts = {*(columns or {}).values(), *PROSE}
            frame = read_file(path, format, texts=texts, n_jobs=n_jobs)
        events = check_events(
            frame, columns=columns, tag_separator=tag_separator, on_error=on_error, source=name
        )
    if aliases:
        events["tags"] = pd.Series(replace_aliases(events["tags"], aliases), dtype=object)
    return events
