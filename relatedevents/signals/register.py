"""The register of signals, in the one order in which parts are listed and added up."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, cast

from relatedevents._util.checks import problem, shown
from relatedevents.errors import InputError

if TYPE_CHECKING:
    from relatedevents.signals.base import Signal

#: Where the package's own signals lie: "module:class".
BUILT_IN = {
    "semantic": "relatedevents.signals.semantic:Semantic",
    "topic": "relatedevents.signals.topic:Topic",
    "tags": "relatedevents.signals.tags:Tags",
    "coverage": "relatedevents.signals.coverage:Coverage",
    "words": "relatedevents.signals.words:Words",
    "text": "relatedevents.signals.text:Text",
    "category": "relatedevents.signals.category:Category",
    "time": "relatedevents.signals.time:Time",
    "recency": "relatedevents.signals.recency:Recency",
}
_added: dict[str, Signal] = {}


def signal_names() -> tuple[str, ...]:
    """Return the names of all signals: the package's own, then those that were added.

    Examples
    --------
    >>> signal_names()[:3]
    ('semantic', 'topic', 'tags')
    """
    return (*BUILT_IN, *_added)


def all_signals() -> tuple[Signal, ...]:
    """Return all signals, in the order of `signal_names`."""
    return (*_built_in(), *_added.values())


def in_fit_order() -> list[Signal]:
    """Return all signals, each after those whose columns it needs to be learned."""
    ordered: list[Signal] = []
    waiting = list(all_signals())
    while waiting:
        made = {column for signal in ordered for column in signal.columns}
        ready = [signal for signal in waiting if made.issuperset(signal.needs)]
        if not ready:
            lacking = ", ".join(f"{signal.name} needs {signal.needs}" for signal in waiting)
            raise InputError(problem("signals", lacking, "columns that another signal makes"))
        ordered += ready
        waiting = [signal for signal in waiting if signal not in ready]
    return ordered


def register(signal: Signal) -> None:
    """Add a signal of one's own; it weighs nothing until `Weights(extra={name: ...})` says so.

    Models that were fitted before lack what it learns, and go on without it. A saved model that
    gives it a weight needs it registered before `load`.

    Raises
    ------
    InputError
        If the name is taken, or can't be the name of a column.
    """
    if not signal.name.isidentifier() or signal.name in signal_names():
        taken = ", ".join(signal_names())
        allowed = f"a name like a variable's, and none of {taken}"
        raise InputError(problem("signal", f"got the name {shown(signal.name)}", allowed))
    _added[signal.name] = signal


def unregister(name: str) -> None:
    """Take out a signal that was added."""
    if name not in _added:
        allowed = ", ".join(_added) or "none was added"
        raise InputError(problem("name", f"got {shown(name)}", allowed))
    del _added[name]


def check_added(names: Iterable[object]) -> None:
    """Raise `InputError` unless all names are those of signals that were added."""
    for name in names:
        if name not in _added:
            allowed = ", ".join(_added) or "none, as no signal was added"
            todo = "To give another signal a weight, register it first."
            raise InputError(problem("weights.extra", f"got {shown(name)}", allowed, todo))


@cache
def _built_in() -> tuple[Signal, ...]:
    found = []
    for place in BUILT_IN.values():
        module, _, kind = place.partition(":")
        found.append(cast("Signal", getattr(import_module(module), kind)()))
    return tuple(found)
