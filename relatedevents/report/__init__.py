"""The report: lists measured against links, as tables, text and plots.

`evaluate` (in `measure`) is the entry. `truth` and `runs` read links and lists and count what they
leave out; `list_statistics` describes lists without links; `contents` turns the result into
blocks, which `markdown` and `page` write and `plots` draws.
"""

from __future__ import annotations

from relatedevents.report.measure import evaluate
from relatedevents.report.result import Evaluation

__all__ = ["Evaluation", "evaluate"]
