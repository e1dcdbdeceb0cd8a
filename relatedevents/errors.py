"""The package's exceptions and warnings.

Every one that a user's input can cause derives from `InputError`, so a program can catch
one name and the command line can turn it into exit code 2.
"""

from __future__ import annotations


class RelatedEventsError(Exception):
    """Base of every exception that this package raises on purpose."""


class InputError(RelatedEventsError, ValueError):
    """Something the user gave can't be used: an argument, a file, a row of a table."""


class UnknownIdError(InputError, LookupError):
    """An id that the archive does not have; the message names the nearest ones it has."""


class StoreError(InputError):
    """A saved model that is damaged, unfinished, or of another format or encoder."""


class LeakError(InputError):
    """A query or link that settings were tuned on would also be used to measure them."""


class MissingExtraError(RelatedEventsError, ImportError):
    """An optional dependency is not installed; the message names the pip command."""


class RelatedEventsWarning(UserWarning):
    """Base of every warning that this package gives."""


class DroppedRowsWarning(RelatedEventsWarning):
    """Rows were left out because the user asked for it; the message says which."""
