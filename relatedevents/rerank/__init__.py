"""Rerank: near-duplicates left out of the candidates, and lists chosen for variety."""

from relatedevents.rerank.variety import Above, keep_distinct, pick_diverse, say_the_same

__all__ = ["Above", "keep_distinct", "pick_diverse", "say_the_same"]
