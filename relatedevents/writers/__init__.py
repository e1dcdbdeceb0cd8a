"""Writers: lists and runs into one file format each."""

from relatedevents.writers.lists import (
    FORMATS,
    stream_lists,
    takes_blocks,
    write_blocks,
    write_lists,
)
from relatedevents.writers.trec import write_trec_qrels, write_trec_run

__all__ = [
    "FORMATS",
    "stream_lists",
    "takes_blocks",
    "write_blocks",
    "write_lists",
    "write_trec_qrels",
    "write_trec_run",
]
