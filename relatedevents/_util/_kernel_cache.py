"""Compiled kernels kept on disk, and what happens where that can't be done: they work all the same.

A disk that is full or can't be written, a damaged or unreadable file: each costs compiling again,
and never stops the program, as numba's own cache would.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from typing import Any

from numba.core.caching import FunctionCache

from relatedevents.errors import RelatedEventsWarning

# What the one warning of this process told.
_causes: list[str] = []


def keep_on_disk(dispatcher: Any, function: Callable[..., Any]) -> None:  # noqa: ANN401
    """Let a dispatcher of numba keep what it compiles, where some folder can be written.

    Parameters
    ----------
    dispatcher : numba.core.dispatcher.Dispatcher
        Which has compiled nothing yet.
    function : callable
        What it compiles.
    """
    try:
        dispatcher._cache = _KernelCache(function)
    except Exception as error:  # no folder (RuntimeError), or the disk's own kinds
        _warn_once(str(error))


class _KernelCache(FunctionCache):  # type: ignore[misc, unused-ignore]
    """numba's files of one function; what goes wrong with them means that there is none."""

    def load_overload(self, sig: object, target_context: object) -> object:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever unpickling a damaged file raises
            # Emptied, so that what is compiled now can be kept; if not, saving will tell.
            with contextlib.suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: object, data: object) -> None:
        try:
            super().save_overload(sig, data)
        except Exception as error:
            _warn_once(f"{self.cache_path}: {error}")


def _warn_once(cause: str) -> None:
    if _causes:
        return
    _causes.append(cause)
    warnings.warn(
        f"compiled kernels can't be kept on disk ({cause}), so every process compiles them again, "
        "which takes some seconds. Set the environment variable NUMBA_CACHE_DIR to a folder that "
        "can be written.",
        RelatedEventsWarning,
        stacklevel=2,
    )
