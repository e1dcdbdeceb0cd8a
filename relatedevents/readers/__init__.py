"""Readers: files, frames and mappings as checked tables of events, links and runs."""

from __future__ import annotations

from relatedevents.readers.events import read_events
from relatedevents.readers.links import read_links
from relatedevents.readers.runs import read_run

__all__ = ["read_events", "read_links", "read_run"]
