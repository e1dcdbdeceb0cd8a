"""Writers: lists and runs into one file format each."""

from relatedevents.writers.lists import FORMATS, stream_lists, write_lists

__all__ = ["FORMATS", "stream_lists", "write_lists"]
