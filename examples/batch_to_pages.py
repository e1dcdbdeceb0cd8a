"""The lists of a whole archive, put where a site's pages and templates find them.

Run it with `python examples/batch_to_pages.py [FOLDER]`; FOLDER is out/pages if it is not named.
The same from a shell: `relatedevents batch sample out/pages/json --format pages`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from relatedevents import RelatedEvents, load_sample, write_lists

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out/pages")
archive = load_sample()
model = RelatedEvents().fit(archive)

# "own": every page links only to what had happened by its own day.
lists = model.related_all(n=5, as_of="own")

# One JSON list an event for a template, one Markdown section an event to include in its page, and
# one table of it all. The sample's column `url` says where under /news/ a page lies. `ids` gives
# the first events, which have nothing before them, empty lists.
for name, kind in [("json", "pages"), ("markdown", "markdown"), ("lists.parquet", "parquet")]:
    path = folder / name
    write_lists(lists, path, format=kind, archive=archive, ids=archive["id"], base_path="/news/")

files = sorted((folder / "json").rglob("*.json"))
empty = sum(json.loads(file.read_text("utf-8")) == [] for file in files)
print(f"{len(files)} pages, {len(lists)} links, {empty} without a link: {folder}")
print(f"\n{files[-1].relative_to(folder)} starts with:")
print(json.dumps(json.loads(files[-1].read_text("utf-8"))[0], indent=1, ensure_ascii=False))
section = (folder / "markdown" / files[-1].relative_to(folder / "json")).with_suffix(".md")
print(f"\n{section.relative_to(folder)}:\n{section.read_text('utf-8')}")
