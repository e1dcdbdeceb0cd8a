"""Contents: what a saved model holds, as plain arrays, tables and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True)
class Contents:
    """What a folder holds.

    Attributes
    ----------
    settings : dict
        Anything JSON can hold.
    arrays : dict of str to numpy.ndarray
        By name.
    tables : dict of str to pandas.DataFrame
        By name.
    """

    settings: dict[str, Any]
    arrays: Mapping[str, npt.NDArray[Any]]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def joined(self, other: Contents) -> Contents:
        """Return what both hold."""
        return Contents(
            {**self.settings, **other.settings},
            {**self.arrays, **other.arrays},
            {**self.tables, **other.tables},
        )
