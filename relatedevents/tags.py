"""Tags: the key by which they are compared, their vocabulary, idf weights and matrices."""

from __future__ import annotations

import unicodedata

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")


def tag_key(tag: str) -> str:
    """Return the form by which tags are compared.

    NFKC, case-folded, every dash "-" (an underscore is a blank), blanks folded to one.

    Examples
    --------
    >>> tag_key("Syrian  Civil War") == tag_key("Syrian civil_war")
    True
    >>> tag_key("Israel–Hamas war")
    'israel-hamas war'
    """
    folded = unicodedata.normalize("NFKC", tag).casefold().replace("_", " ").translate(_DASHES)
    return " ".join(unicodedata.normalize("NFKC", folded).split())
