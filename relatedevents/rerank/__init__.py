"""Rerank: what is done to first lists, once the engine has found them."""

from relatedevents.rerank.variety import CHOICE, Above, keep_distinct, pick_diverse

__all__ = [
    "CHOICE",
    "Above",
    "keep_distinct",
    "pick_diverse",
]
