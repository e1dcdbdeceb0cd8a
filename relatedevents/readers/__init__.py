"""Readers: one file format each into checked tables and links."""

from __future__ import annotations

from relatedevents.readers.events import read_events
from relatedevents.readers.links import read_links

__all__ = ["read_events", "read_links"]
