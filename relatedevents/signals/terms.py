"""Terms: what a signal may add to an engine's sum, and the sum of all terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

from relatedevents._util.checks import problem
from relatedevents.engines.terms import SATURATION, ScoreTerms
from relatedevents.errors import InputError

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class DenseTerm:
    """weight x max(0, dot product) of rows of length 1 or 0; an engine takes two of them."""

    rows: npt.NDArray[np.float32]
    weight: float


@dataclass(frozen=True)
class SparseTerm:
    """weight x dot product of sparse rows of length 1 at most."""

    rows: sparse.csr_matrix
    weight: float


@dataclass(frozen=True)
class SaturatedTerm:
    """weight x saturated dot product of sparse rows of length 1 at most; two of them."""

    rows: sparse.csr_matrix
    weight: float


@dataclass(frozen=True)
class OverlapTerm:
    """Factor of the query x number of columns that both have, `weight` at most; one of them."""

    rows: sparse.csr_matrix
    factor: Floats
    weight: float


@dataclass(frozen=True)
class CodeTerm:
    """An entry of a table of parts by the codes of both, `weight` at most; one of them."""

    codes: npt.NDArray[np.int32]
    table: Floats
    weight: float


@dataclass(frozen=True)
class DayTerm:
    """An entry of a table of parts by the days between, 0 in the end, `weight` at most."""

    table: Floats
    weight: float


@dataclass(frozen=True)
class PriorTerm:
    """A part that is the candidate's alone, `weight` at most."""

    parts: Floats
    weight: float


Term = DenseTerm | SparseTerm | SaturatedTerm | OverlapTerm | CodeTerm | DayTerm | PriorTerm
_Term = TypeVar("_Term", bound=Term)

#: What becomes of a signal's part: a reason of its own, in proportion to the reasons, or neither.
Role: TypeAlias = Literal["content", "gated", "apart"]
# An engine adds these to the content of a pair, these to nothing else, and gates the rest.
_CONTENT = (DenseTerm, SparseTerm, SaturatedTerm, OverlapTerm)
_APART = (CodeTerm, PriorTerm)


def check_roles(name: str, role: Role, terms: Sequence[Term]) -> None:
    """Raise `InputError` if an engine can't give a signal's terms its role in a gated sum."""
    for term in terms:
        kind: Role = "gated"
        if isinstance(term, (*_CONTENT, *_APART)):
            kind = "content" if isinstance(term, _CONTENT) else "apart"
        if kind != role:
            came = f"{name} is {_ROLES[role]}, and brings a {type(term).__name__}"
            allowed = f"with time_threshold above 0 such a term of a signal that is {_ROLES[kind]}"
            todo = "Change content and gated of the signal's class, or set time_threshold=0."
            raise InputError(problem("weights", came, allowed, todo))


_ROLES = {"content": "content", "gated": "gated", "apart": "neither content nor gated"}


def combined(
    terms: Sequence[Term], days: npt.NDArray[np.int32], threshold: float = 0.0
) -> ScoreTerms:
    """Return some terms as the one sum that an engine takes.

    Parameters
    ----------
    terms : sequence of Term
        Of the same events.
    days : numpy.ndarray of int32, shape (n_events,)
        Their days.
    threshold : float
        The content that lets all of a day's part through; 0 where it needs none.

    Raises
    ------
    InputError
        If there are more terms of a kind than the engine's sum has room for.
    """
    n = len(days)
    no_rows = sparse.csr_matrix((n, 0), dtype=np.float32)
    no_dense = DenseTerm(np.zeros((n, 0), dtype=np.float32), 0.0)
    dense, second, *_ = [*_of(terms, DenseTerm, 2), no_dense, no_dense]
    no_saturated = SaturatedTerm(no_rows, 0.0)
    saturated, other, *_ = [*_of(terms, SaturatedTerm, 2), no_saturated, no_saturated]
    overlap = next(iter(_of(terms, OverlapTerm, 1)), OverlapTerm(no_rows, np.zeros(n), 0.0))
    no_codes = CodeTerm(np.zeros(n, dtype=np.int32), np.zeros((1, 1)), 0.0)
    codes = next(iter(_of(terms, CodeTerm, 1)), no_codes)
    return ScoreTerms(
        dense=dense.rows,
        dense_weight=dense.weight,
        second=second.rows,
        second_weight=second.weight,
        sparse=_side_by_side(_of(terms, SparseTerm), no_rows),
        saturated=sparse.csr_matrix(saturated.rows, dtype=np.float32),
        saturated_weight=saturated.weight,
        second_saturated=sparse.csr_matrix(other.rows, dtype=np.float32),
        second_saturated_weight=other.weight,
        overlap=sparse.csr_matrix(overlap.rows, dtype=np.float32),
        overlap_factor=overlap.factor.astype(np.float32),
        codes=codes.codes,
        code_table=codes.table.astype(np.float32),
        days=days,
        day_table=_added([term.table for term in _of(terms, DayTerm)], 1).astype(np.float32),
        prior=_added([term.parts for term in _of(terms, PriorTerm)], n).astype(np.float32),
        threshold=threshold,
        error=_error(terms, threshold),
    )


def _of(terms: Sequence[Term], kind: type[_Term], most: int | None = None) -> list[_Term]:
    found: list[_Term] = [term for term in terms if isinstance(term, kind)]
    if most is not None and len(found) > most:
        came = f"{len(found)} signals that bring a {kind.__name__} have a weight"
        todo = "Set the weight of one of them to 0, or let the signal bring a SparseTerm."
        raise InputError(problem("weights", came, f"{most} at most", todo))
    return found


def _side_by_side(terms: Sequence[SparseTerm], nothing: sparse.csr_matrix) -> sparse.csr_matrix:
    # sqrt(weight) on both sides makes the weight.
    weighed = [
        sparse.csr_matrix(term.rows * np.sqrt(term.weight), dtype=np.float32) for term in terms
    ]
    if len(weighed) < 2:
        return weighed[0] if weighed else nothing
    return sparse.csr_matrix(sparse.hstack(weighed, format="csr"))


def _added(arrays: Sequence[Floats], length: int) -> npt.NDArray[np.float64]:
    """Return the sum of some arrays of any lengths, 0 beyond the end of each."""
    total = np.zeros(max([length, *map(len, arrays)]))
    for array in arrays:
        total[: len(array)] += array
    return total


def _error(terms: Sequence[Term], threshold: float) -> float:
    """Return how far a float32 score can be from the float64 one at most.

    A gate is steepest below the threshold, where it makes an error of the content weight /
    threshold times as large.
    """
    error = _error_of_sum(terms)
    if threshold:
        gated = sum(term.weight for term in terms if isinstance(term, DayTerm))
        content = [term for term in terms if isinstance(term, _CONTENT)]
        error += _error_of_sum(content) * gated / threshold
    return error


def _error_of_sum(terms: Sequence[Term]) -> float:
    """Return how far a float32 sum of some terms can be from the float64 one at most.

    Each of the float32 operations errs by half a unit in the last place of a value no larger than
    what is added up there (Higham 2002, section 3.1); rounding the inputs and what a table leaves
    out is within the factor of 2. Sparse products are added to the whole sum one by one, other
    products among themselves first. Saturation is steepest at 0, where it makes an error
    (1 + SATURATION) / SATURATION times as large.
    """
    eps = float(np.finfo(np.float32).eps)
    longest = sum(_length(term) for term in terms if isinstance(term, SparseTerm))
    error = 2.0 * (longest + 16) * eps * sum(term.weight for term in terms)
    for term in terms:
        if isinstance(term, DenseTerm | SaturatedTerm | OverlapTerm):
            steep = (1.0 + SATURATION) / SATURATION if isinstance(term, SaturatedTerm) else 1.0
            error += 2.0 * (_length(term) + 16) * eps * steep * term.weight
    return float(error)


def _length(term: DenseTerm | SparseTerm | SaturatedTerm | OverlapTerm) -> int:
    """Return how many products a dot product of two of its rows adds up at most."""
    if isinstance(term, DenseTerm):
        return int(term.rows.shape[1])
    return int(np.diff(term.rows.indptr).max(initial=0))
