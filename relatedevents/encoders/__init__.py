"""Encoders: headlines in, vectors of unit length out.

An encoder is anything with ``encode(list_of_str) -> float array (n, d)``.
"""

from __future__ import annotations

from relatedevents.encoders.cache import DamagedCacheWarning
from relatedevents.encoders.encoding import encode_headlines, unit_rows
from relatedevents.encoders.fingerprints import encoder_fingerprint
from relatedevents.encoders.loading import resolve_encoder
from relatedevents.encoders.protocol import Encoder
from relatedevents.encoders.static import is_static, save_encoder, static_of_parts, static_parts

__all__ = [
    "DamagedCacheWarning",
    "Encoder",
    "encode_headlines",
    "encoder_fingerprint",
    "is_static",
    "resolve_encoder",
    "save_encoder",
    "static_of_parts",
    "static_parts",
    "unit_rows",
]
