"""The package as a library: one event of the archive, a new one, and why.

Run it with `python examples/library.py`; it reads the bundled sample and needs no network.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from relatedevents import RelatedEvents, load_sample

# Your own archive: read_events("events.csv"), or any data frame with id, headline, date, tags.
archive = load_sample()
model = RelatedEvents().fit(archive)

event = archive[archive["tags"].map(lambda tags: "Military of Mali" in tags)].iloc[0]
print(f"{event['date']:%Y-%m-%d}  {event['headline']}\n")

# Three related events, best first, each with the tags that the two share.
for row in model.related(event["id"], n=3).itertuples():
    print(f"{row.rank}. {row.score:.3f}  {row.date:%Y-%m-%d}  {row.headline}")
    print(f"   {', '.join(row.shared_tags)}")

# Every part of one score; they add up to it.
best = model.related(event["id"], n=1)["related_id"].iloc[0]
explanation = model.explain(event["id"], best)
print(f"\nWhy the first one? {explanation}")

# An event that is not in the archive yet, related to what was known on its day.
headline = "UN peacekeepers take over in northern Mali"
new = model.related_to(
    headline,
    tags=["Mali", "United Nations Security Council"],
    date="2013-07-01",
    as_of="2013-07-01",
    n=3,
)
print(f"\nNew: {headline}")
for row in new.itertuples():
    print(f"{row.rank}. {row.score:.3f}  {row.date:%Y-%m-%d}  {row.headline}")

# A fitted model is a folder; a loaded one gives the same lists.
with tempfile.TemporaryDirectory() as folder:
    model.save(Path(folder) / "model")
    loaded = RelatedEvents.load(Path(folder) / "model")
    same = loaded.related(event["id"]).equals(model.related(event["id"]))
    print(f"\nSaved, loaded, and the lists are {'the same' if same else 'NOT the same'}.")
