"""Evaluation: ranked ids against relevant ids, and nothing else.

A run is `{query: ids, best first}`, links are `{query: ids}` or `{query: {id: grade}}`.

`lists` checks them and `tables` makes them from tables; `metrics` holds the one table of names
(`METRICS`: ndcg@k, p@k, r@k, rc@k, success@k, ap, rr, rbo@k:p) and scores a run; `formulas` has
those that trec_eval lacks; `compare` sets runs side by side, with the limits and p values of
`significance`; `incomplete` says what unjudged events leave open; `beyond` describes lists
without links; `splits` and `protocol` keep a measurement honest.
"""
