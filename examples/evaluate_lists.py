"""Two ways to make lists, measured against the links that a site already has.

Run it with `python examples/evaluate_lists.py`. The sample's links were chosen by hand to show
how it is done; they prove nothing about quality. Plain pandas counts the hits here.
"""

from __future__ import annotations

import pandas as pd

from relatedevents import RelatedEvents, Weights, load_sample, load_sample_links

archive, links = load_sample(), load_sample_links()
ids = list(dict.fromkeys(links["id"]))
# A list can't find more of a page's links than its ten places hold.
findable = links.groupby("id").size().clip(upper=10)


def hits(lists: pd.DataFrame) -> pd.Series:
    """Return the share of each page's links that stand in the top ten of its list."""
    found = lists.merge(links[["id", "related_id"]], on=["id", "related_id"]).groupby("id").size()
    return found.reindex(ids, fill_value=0) / findable.reindex(ids)


shares = pd.DataFrame(
    {
        name: hits(RelatedEvents(weights=weights).fit(archive).related_many(ids, n=10))
        for name, weights in {"default": Weights(), "shared tags": Weights.shared_tags()}.items()
    }
)
print(f"{len(ids)} pages, {len(links)} links\n")
print("share of the links found in the top ten")
print(shares.mean().round(3).to_string())
better = (shares["default"] > shares["shared tags"]).sum()
worse = (shares["default"] < shares["shared tags"]).sum()
print(f"\nthe default finds more on {better} pages, fewer on {worse}, as many on the others")
