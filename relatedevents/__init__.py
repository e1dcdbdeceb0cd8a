"""Related events for every event of a dated, tagged archive, with a reason for every link.

The public names load when they are first used, so that importing the package stays fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from relatedevents._version import __version__

if TYPE_CHECKING:
    from relatedevents._baselines import baselines
    from relatedevents.model import RelatedEvents
    from relatedevents.readers import read_events, read_links, read_run
    from relatedevents.readers.sample import load_sample, load_sample_links
    from relatedevents.report import evaluate
    from relatedevents.weights import Weights

__all__ = [
    "RelatedEvents",
    "Weights",
    "__version__",
    "baselines",
    "evaluate",
    "load_sample",
    "load_sample_links",
    "read_events",
    "read_links",
    "read_run",
]

_HOME_OF_NAME = {
    "RelatedEvents": "relatedevents.model",
    "Weights": "relatedevents.weights",
    "baselines": "relatedevents._baselines",
    "evaluate": "relatedevents.report",
    "load_sample": "relatedevents.readers.sample",
    "load_sample_links": "relatedevents.readers.sample",
    "read_events": "relatedevents.readers",
    "read_links": "relatedevents.readers",
    "read_run": "relatedevents.readers",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - each public name has its own type
    if name not in _HOME_OF_NAME:
        message = f"module 'relatedevents' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(_HOME_OF_NAME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
