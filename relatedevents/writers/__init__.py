"""Writers: lists and runs into one file format each."""

from relatedevents.writers.lists import FORMATS, write_lists

__all__ = ["FORMATS", "write_lists"]
