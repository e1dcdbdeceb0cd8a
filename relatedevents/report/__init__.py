"""The report: lists measured against links, and what that means, as tables, words and plots.

`evaluate` (in `measure`) is the door. `truth` and `runs` read links and lists and say what they
leave out; `apart` describes lists without links; `contents` says it all in plain words as blocks,
which `markdown` and `page` write and `plots` draws.
"""

from __future__ import annotations

from relatedevents.report.measure import evaluate
from relatedevents.report.result import Evaluation

__all__ = ["Evaluation", "evaluate"]
