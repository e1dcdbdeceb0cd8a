"""Rerank: what is done to first lists, once the engine has found them."""

from relatedevents.rerank.second_pass import (
    FIRST_LIST,
    N_NEIGHBOURS,
    Neighbourhoods,
    neighbour_values,
)
from relatedevents.rerank.variety import CHOICE, Above, keep_distinct, pick_diverse

__all__ = [
    "CHOICE",
    "FIRST_LIST",
    "N_NEIGHBOURS",
    "Above",
    "Neighbourhoods",
    "keep_distinct",
    "neighbour_values",
    "pick_diverse",
]
