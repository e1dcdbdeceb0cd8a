"""Two ways to make lists, measured against the links that a site already has.

Run it with `python examples/evaluate_lists.py`. The sample's links were made by rules, so what
is measured on them shows how it is done and proves nothing about quality: one of the rules is
the hand-made one itself.
"""

from __future__ import annotations

from pathlib import Path

from relatedevents import RelatedEvents, Weights, evaluate, load_sample, load_sample_links

archive, links = load_sample(), load_sample_links()

# A fitted model lists the linked events as they were on the day that the links tell. Lists that
# are there already go in as well: a table, a mapping {id: ids}, or a file.
runs = {
    "shared_tags": RelatedEvents(weights=Weights.shared_tags()).fit(archive),
    "default": RelatedEvents().fit(archive),
}
result = evaluate(runs, links, metrics=["ndcg@10", "rc@10", "rr"], clusters="story")

print(result.to_frame().round(3).to_string(), end="\n\n")
pair = result.pair("shared_tags", "default", "ndcg@10")
print(
    f"default - shared_tags in ndcg@10: {pair['difference']:.3f} "
    f"({pair['low']:.3f} to {pair['high']:.3f}), p {pair['p_holm']:.4f} after correction; "
    f"better on {pair['wins']} queries, equal on {pair['ties']}, worse on {pair['losses']}\n"
)

# How the links came about decides what they favour.
by_origin = result.per_query.merge(links[["id", "origin"]].drop_duplicates(), left_on="query",
                                   right_on="id")  # fmt: skip
print(by_origin.pivot_table(index="origin", columns="run", values="ndcg@10").round(3).to_string())

out = Path("out")
result.to_markdown(out / "evaluation.md")
result.to_html(out / "evaluation.html", plots=False)  # plots need relatedevents[plot]
result.to_trec(out / "trec")
print(
    f"\nThe whole report: {out / 'evaluation.md'}, {out / 'evaluation.html'}; TREC: {out / 'trec'}"
)
