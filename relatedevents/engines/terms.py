"""Terms: a score as a sum of plain arrays, for an engine that knows no tags."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scipy import sparse

from relatedevents._util.arrays import F32, I32, I64

#: Scores are compared after rounding to this many decimals.
DECIMALS = 6
#: Where a saturated value x, (1 + SATURATION) x / (x + SATURATION), reaches (1 + SATURATION) / 2.
SATURATION = 0.2
#: The sparse terms, in the order in which the kernels hold them.
SPARSE = ("sparse", "saturated", "second_saturated", "overlap")


@dataclass(frozen=True)
class ScoreTerms:
    """What some events bring to the sum that is a score, whether as queries or as candidates.

    content(q, c) = dense_weight x max(0, dense_q . dense_c)
    + second_weight x max(0, second_q . second_c)
    + sparse_q . sparse_c
    + saturated_weight x saturate(saturated_q . saturated_c)
    + second_saturated_weight x saturate(second_saturated_q . second_saturated_c)
    + overlap_factor_q x |overlap_q and overlap_c|,
    score(q, c) = content(q, c) + code_table[code_q, code_c] + prior_c
    + day_table[|day_q - day_c|] x min(1, content(q, c) / threshold),
    where everything is float32, and days beyond the table (undated ones among them) add nothing.
    With a threshold of 0 what the days add is whole.

    Attributes
    ----------
    dense, second : numpy.ndarray of float32, shape (n, n_dimensions)
    dense_weight, second_weight, saturated_weight, second_saturated_weight : float
    sparse, saturated, second_saturated, overlap : scipy.sparse.csr_matrix of float32
        Of shape (n, n_columns).
    overlap_factor, prior : numpy.ndarray of float32, shape (n,)
    codes : numpy.ndarray of int32, shape (n,)
    code_table : numpy.ndarray of float32, shape (n_codes, n_codes)
    days : numpy.ndarray of int32, shape (n,)
    day_table : numpy.ndarray of float32
    threshold : float
    error : float
        How far such a float32 score can be from the float64 one at most.
    """

    dense: F32
    dense_weight: float
    second: F32
    second_weight: float
    sparse: sparse.csr_matrix
    saturated: sparse.csr_matrix
    saturated_weight: float
    second_saturated: sparse.csr_matrix
    second_saturated_weight: float
    overlap: sparse.csr_matrix
    overlap_factor: F32
    codes: I32
    code_table: F32
    days: I32
    day_table: F32
    prior: F32
    threshold: float
    error: float

    def __len__(self) -> int:
        return len(self.days)

    def take(self, rows: I64) -> ScoreTerms:
        """Return the terms of some events."""
        arrays = ("dense", "second", "overlap_factor", "codes", "days", "prior")
        chosen = {name: getattr(self, name)[rows] for name in arrays}
        for name in SPARSE:
            chosen[name] = sparse.csr_matrix(getattr(self, name)[rows])
        return replace(self, **chosen)

    def sparse_matrices(self) -> list[sparse.csr_matrix]:
        """Return the sparse terms, in the order of `SPARSE`."""
        return [getattr(self, name) for name in SPARSE]
