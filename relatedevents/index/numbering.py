"""The two numberings of an archive's events, as types that a checker tells apart."""

from __future__ import annotations

from typing import Any, NewType

import numpy as np

#: Numbers of events in the tie-break order, in which features lie and engines count.
Rows = NewType("Rows", np.ndarray[Any, np.dtype[np.int64]])
#: Numbers of events in the user's table.
Positions = NewType("Positions", np.ndarray[Any, np.dtype[np.int64]])
