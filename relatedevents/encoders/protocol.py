"""The interface of an encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy.typing as npt


class Encoder(Protocol):
    """The interface of an encoder: one method, `encode`.

    An encoder of the user's own may also have a text attribute `cache_key`, which tells it from
    other encoders and other versions of itself; the vector cache needs it.
    """

    def encode(self, texts: list[str], /) -> npt.ArrayLike:
        """Return one vector of floats a text, shape (len(texts), d)."""
        ...
