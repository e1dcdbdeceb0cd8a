"""One way to compile a kernel: when it is first called, and kept on disk where that can be done."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import update_wrapper
from threading import RLock
from typing import Any, TypeAlias

# Kernels are called with arrays spread out (`*matrix.arrays`), which no signature describes.
_Function: TypeAlias = Callable[..., Any]
_lock = RLock()
# After 2 ** so many calls, compiling has paid in any case.
_CALLS = 7
# So much less is worth compiling where numba is loaded, as a power of two.
_LOADED = 3


class Kernel:
    """A function of arrays and numbers that numba compiles when it is first called.

    Other kernels may call it too. Importing a module of kernels doesn't import numba.

    Parameters
    ----------
    function : callable
        What is compiled.
    options : dict
        Of `numba.njit`, such as ``fastmath``.
    """

    def __init__(self, function: _Function, options: dict[str, Any]) -> None:
        update_wrapper(self, function)
        self._function = function
        self._options = options
        self._dispatcher: _Function | None = None
        self._spared = 0

    def __call__(self, *args: Any) -> Any:  # noqa: ANN401
        """Return what the function returns."""
        return self._compiled()(*args)

    @property
    def ready(self) -> bool:
        """Whether it was called before, so that the next call has nothing to compile."""
        return self._dispatcher is not None

    def spares(self, work: int, most: int) -> bool:
        """Return whether some work is better done without, than after compiling.

        It is until, since the process began, more than `most` was or would be done so: then
        compiling has paid, whatever is still to come. Both ways must give the same result.

        Parameters
        ----------
        work : int
            How much there is to do now, such as pairs.
        most : int
            So much takes about as long without as compiling does.
        """
        # However little there is to do, a call costs something too.
        work = max(work, most >> _CALLS)
        if "numba" in sys.modules:
            # The compiler is there: what is left to pay is this kernel alone.
            most >>= _LOADED
        if self.ready or self._spared + work > most:
            return False
        self._spared += work
        return True

    @property
    def _numba_type_(self) -> object:
        # What numba asks of a global that a kernel calls.
        return self._compiled()._numba_type_  # type: ignore[attr-defined]

    def _compiled(self) -> _Function:
        if self._dispatcher is None:
            with _lock:
                if self._dispatcher is None:
                    self._dispatcher = self._new_dispatcher()
        return self._dispatcher

    def _new_dispatcher(self) -> _Function:
        import numba

        from relatedevents._util import _kernel_cache

        dispatcher: _Function = numba.njit(nogil=True, **self._options)(self._function)
        _kernel_cache.keep_on_disk(dispatcher, self._function)
        return dispatcher


def compiled(**options: Any) -> Callable[[_Function], Kernel]:  # noqa: ANN401
    """Return a decorator that makes a `Kernel` of a function.

    Parameters
    ----------
    **options
        Of `numba.njit`, such as ``fastmath`` or ``inline``.

    Examples
    --------
    >>> @compiled()
    ... def twice(number):
    ...     return 2 * number
    >>> twice.ready
    False
    """
    return lambda function: Kernel(function, options)
