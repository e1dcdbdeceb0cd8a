"""Related events for every event of a dated, tagged archive, with a reason for every link.

The public names load when they are first used, so that importing the package stays fast.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from relatedevents._version import __version__

if TYPE_CHECKING:
    from relatedevents.baselines import baselines
    from relatedevents.model import RelatedEvents
    from relatedevents.readers import read_events, read_links, read_run
    from relatedevents.report import evaluate
    from relatedevents.sample import load_sample, load_sample_links
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
    "baselines": "relatedevents.baselines",
    "evaluate": "relatedevents.report",
    "load_sample": "relatedevents.sample",
    "load_sample_links": "relatedevents.sample",
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


class _Package(ModuleType):
    """The package itself: a room of a public function's name (`baselines`) does not hide it."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME_OF_NAME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
