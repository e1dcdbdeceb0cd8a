"""Public names: what users may rely on, as it was written down in public_api.txt.

``python tests/test_public_api.py`` writes that file anew from the package as it is.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import inspect
import sys
from pathlib import Path

SNAPSHOT = Path(__file__).with_name("public_api.txt")
MODULES = (
    "relatedevents",
    "relatedevents.archive",
    "relatedevents.calibration",
    "relatedevents.encoders",
    "relatedevents.errors",
    "relatedevents.evaluation",
    "relatedevents.report",
    "relatedevents.signals.register",
    "relatedevents.weights",
    "relatedevents.writers",
)
#: What methods give, from modules that are not public as a whole.
RESULTS = {
    "relatedevents.learning.reports": ("Adaptation", "Tuning"),
    "relatedevents.retrieval.explain": ("Explanation",),
    "relatedevents.retrieval.update": ("Update",),
}
#: What a fitted or loaded model has besides its methods and properties.
LEARNED = ("tuning_", "adaptation_", "last_update_")


def modules():
    """(module, its public names): what it exports, else the functions and classes that it holds."""
    for name in MODULES:
        module = importlib.import_module(name)
        yield module, sorted(getattr(module, "__all__", held_by(module)))
    for name, names in RESULTS.items():
        yield importlib.import_module(name), names


def held_by(module):
    return (
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    )


def signature_of(function):
    """A function's signature, annotations without the quotes that postponing them brings."""
    signature = inspect.signature(function)
    plain = [
        one.replace(annotation=_Told(one.annotation)) if one.annotation is not one.empty else one
        for one in signature.parameters.values()
    ]
    gives = signature.return_annotation
    told = signature.replace(
        parameters=plain, return_annotation=gives if gives is signature.empty else _Told(gives)
    )
    return str(told)


class _Told:
    """An annotation that is shown as it was written."""

    def __init__(self, annotation):
        self.text = annotation if isinstance(annotation, str) else str(annotation)

    def __repr__(self):
        return self.text


def members_of(owner):
    """One line for each method, property and field that a class of the package defines."""
    fields = dataclasses.fields(owner) if dataclasses.is_dataclass(owner) else ()
    yield from (f"{one.name}: {one.type}" for one in fields if not one.name.startswith("_"))
    for name in sorted(dir(owner)):
        home = next(base for base in owner.__mro__ if name in vars(base))
        if name.startswith("_") or not home.__module__.startswith("relatedevents"):
            continue
        value = vars(home)[name]
        if isinstance(value, property):
            yield f"{name}: {signature_of(value.fget).rpartition(' -> ')[2]} (property)"
        elif isinstance(value, (classmethod, staticmethod)):
            yield f"{name}{signature_of(value.__func__)} ({type(value).__name__})"
        elif inspect.isfunction(value):
            yield f"{name}{signature_of(value)}"


def lines_of(module, name, told):
    """The lines that tell one public name; `told` knows what has been told under another one."""
    value, full = getattr(module, name), f"{module.__name__}.{name}"
    if callable(value) and told.setdefault(value, full) != full:
        yield f"{full} is {told[value]}"
    elif inspect.isclass(value):
        bases = ", ".join(base.__name__ for base in value.__bases__)
        own = value.__init__
        if (getattr(own, "__module__", None) or "").startswith("relatedevents"):
            yield f"class {full}{signature_of(own)} of {bases}"
        else:
            yield f"class {full} of {bases}"
        yield from (f"    {line}" for line in members_of(value))
    elif inspect.isroutine(value):
        yield f"{full}{signature_of(value)}"
    else:
        yield f"{full}: {type(value).__name__}"


def public_api():
    """All public names with their signatures, as text."""
    told = {}
    lines = [
        line
        for module, names in modules()
        for name in names
        for line in lines_of(module, name, told)
    ]
    return "\n".join(lines) + "\n"


def test_public_names_and_signatures_are_those_written_down():
    written, now = SNAPSHOT.read_text("utf-8"), public_api()
    changes = "\n".join(
        difflib.unified_diff(
            written.splitlines(), now.splitlines(), SNAPSHOT.name, "now", lineterm="", n=0
        )
    )
    assert now == written, (
        "public names or signatures have changed. If that is meant, tell users in CHANGELOG.md, "
        f"and renew the list by\n\n    python tests/test_public_api.py\n\n{changes}"
    )


def test_what_is_learned_has_its_public_name():
    from relatedevents import RelatedEvents

    assert set(LEARNED) <= set(RelatedEvents.__annotations__)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    SNAPSHOT.write_text(public_api(), "utf-8")
