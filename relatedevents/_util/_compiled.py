"""One way to compile a kernel, and what happens where the compiled code can't be kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numba

# Kernels are called with arrays spread out (`*matrix.arrays`), which no signature describes.
_Kernel: TypeAlias = Callable[..., Any]


def compiled(**options: Any) -> Callable[[_Kernel], _Kernel]:  # noqa: ANN401
    """Return a decorator that compiles a kernel when it is first called, and keeps it on disk.

    Parameters
    ----------
    **options
        Of `numba.njit`, such as ``fastmath`` or ``inline``.
    """

    def decorate(kernel: _Kernel) -> _Kernel:
        return numba.njit(cache=True, nogil=True, **options)(kernel)  # type: ignore[no-any-return, unused-ignore]

    return decorate
