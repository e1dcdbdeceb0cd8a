"""Rerank: what is done to first lists, once the engine has found them."""

from relatedevents.rerank.second_pass import (
    FIRST_LIST,
    N_NEIGHBOURS,
    Neighbourhoods,
    best_of_each,
    neighbour_values,
)

__all__ = ["FIRST_LIST", "N_NEIGHBOURS", "Neighbourhoods", "best_of_each", "neighbour_values"]
