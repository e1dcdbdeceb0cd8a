"""Evaluation: ranked ids against relevant ids, apart from models, files and scores.

A run is `{query: ids, best first}`, links are `{query: ids}` or `{query: {id: grade}}`; tables
become such mappings through `run_from_table`, `links_from_table` and `run_from_scores`.

- Scores of every query: `score_run`, by the metrics of `METRICS` (ndcg@k, p@k, r@k, rc@k,
  success@k, ap, rr, rbo@k:p).
- Means with confidence intervals, and paired tests of several runs: `compare`.
- How far unjudged events could change a score: `incomplete`.
- Lists apart from links (coverage, balance, time, repetition): `describe_lists`, by the metrics
  of `BEYOND_ACCURACY`.
- Splits for tuning and testing: `split_by_time`, `split_by_story`. `check_leaks` refuses a test
  on what was tuned on, and `filter_as_of` takes out what a list could not know on its day.

`relatedevents.evaluate` does all this from files, tables and models, and writes a report.
"""

from relatedevents.evaluation.beyond_accuracy import BEYOND_ACCURACY, describe_lists
from relatedevents.evaluation.comparison import Comparison, compare
from relatedevents.evaluation.metrics import METRICS, score_run
from relatedevents.evaluation.protocol import FilteredRun, check_leaks, filter_as_of
from relatedevents.evaluation.splits import Split, split_by_story, split_by_time
from relatedevents.evaluation.tables import links_from_table, run_from_scores, run_from_table
from relatedevents.evaluation.unjudged import IncompleteTruth, incomplete

__all__ = [
    "BEYOND_ACCURACY",
    "METRICS",
    "Comparison",
    "FilteredRun",
    "IncompleteTruth",
    "Split",
    "check_leaks",
    "compare",
    "describe_lists",
    "filter_as_of",
    "incomplete",
    "links_from_table",
    "run_from_scores",
    "run_from_table",
    "score_run",
    "split_by_story",
    "split_by_time",
]
