"""Baselines: what an archive's owner uses today, as runs to measure against.

`runs` makes them all in one call; `rows` holds the archive's canonical rows and cuts scored rows
to lists; `bm25`, `hugo`, `fusion` and `sums` have the formulas that the library's own signals lack.
"""

from relatedevents._baselines.hugo import HugoConfig, HugoIndex
from relatedevents._baselines.runs import BASELINES, baselines

__all__ = ["BASELINES", "HugoConfig", "HugoIndex", "baselines"]
