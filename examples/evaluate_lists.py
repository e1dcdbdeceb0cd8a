"""Two ways to make lists, measured against the links that a site already has.

Run it with `python examples/evaluate_lists.py`. The sample's links were made by rules, so what
is measured on them shows how it is done and proves nothing about quality: one of the rules is
the hand-made one itself. The hits are counted with plain pandas.
"""

from __future__ import annotations

import pandas as pd

from relatedevents import RelatedEvents, Weights, load_sample, load_sample_links

archive, links = load_sample(), load_sample_links()
pages = links.groupby("id", sort=False).agg(
    # What a page could know, how its links came about, and how many of them ten places can hold.
    as_of=("as_of", "first"),
    origin=("origin", "first"),
    findable=("related_id", lambda ids: min(len(ids), 10)),
)


def share_found(weights: Weights) -> pd.Series:
    """Return the share of each page's links that stand in the top ten of its list."""
    model = RelatedEvents(weights=weights).fit(archive)
    lists = model.related_many(pages.index, n=10, as_of=pages["as_of"].to_dict())
    found = lists.merge(links, on=["id", "related_id"]).groupby("id").size()
    return found.reindex(pages.index, fill_value=0) / pages["findable"]


found = pages.assign(default=share_found(Weights()), shared_tags=share_found(Weights.shared_tags()))
systems = ["default", "shared_tags"]
print(f"{len(pages)} pages, {len(links)} links; share of them found in the top ten:\n")
table = found.groupby("origin", sort=False)[systems].mean()
table.insert(0, "pages", found.groupby("origin", sort=False).size())
table.loc["all"] = [len(found), *found[systems].mean()]
print(table.astype({"pages": int}).round(3).to_string())
better = (found["default"] > found["shared_tags"]).sum()
worse = (found["default"] < found["shared_tags"]).sum()
print(f"\nThe default finds more on {better} pages, fewer on {worse}, as many on the others.")
