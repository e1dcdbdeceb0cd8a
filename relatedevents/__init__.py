"""Related events for every event of a dated, tagged archive, with a reason for every link.

The public names load when they are first used, so that importing the package stays fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from relatedevents._version import __version__

if TYPE_CHECKING:
    from relatedevents._baselines import baselines
    from relatedevents.errors import (
        DroppedRowsWarning,
        InputError,
        LeakError,
        MissingExtraError,
        RelatedEventsError,
        RelatedEventsWarning,
        StoreError,
        UnknownIdError,
    )
    from relatedevents.model import RelatedEvents
    from relatedevents.readers import read_events, read_links, read_run
    from relatedevents.readers.sample import load_sample, load_sample_links
    from relatedevents.report import evaluate
    from relatedevents.weights import Weights
    from relatedevents.writers import write_blocks, write_lists

__all__ = [
    "DroppedRowsWarning",
    "InputError",
    "LeakError",
    "MissingExtraError",
    "RelatedEvents",
    "RelatedEventsError",
    "RelatedEventsWarning",
    "StoreError",
    "UnknownIdError",
    "Weights",
    "__version__",
    "baselines",
    "evaluate",
    "load_sample",
    "load_sample_links",
    "read_events",
    "read_links",
    "read_run",
    "write_blocks",
    "write_lists",
]

_HOME_OF_NAME = {
    "RelatedEvents": "model",
    "Weights": "weights",
    "baselines": "_baselines",
    "evaluate": "report",
    "load_sample": "readers.sample",
    "load_sample_links": "readers.sample",
    "read_events": "readers",
    "read_links": "readers",
    "read_run": "readers",
    "write_blocks": "writers",
    "write_lists": "writers",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - each public name has its own type
    if name not in __all__:
        message = f"module 'relatedevents' has no attribute {name!r}"
        raise AttributeError(message)
    home = importlib.import_module(f"relatedevents.{_HOME_OF_NAME.get(name, 'errors')}")
    value = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
