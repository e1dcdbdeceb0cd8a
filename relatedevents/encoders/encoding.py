"""Encoding headlines into vectors of unit length, with the checks of an encoder's output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from relatedevents._util.checks import problem, shown
from relatedevents.encoders.cache import VectorCache
from relatedevents.encoders.fingerprints import encoder_fingerprint
from relatedevents.encoders.protocol import Encoder
from relatedevents.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt
    from tqdm import tqdm

# Large enough to keep both processors busy, small enough that a slow encoder's progress bar
# moves; below 10,000, where model2vec would start threads and change an environment variable.
_BATCH = 1024
_SHARD_ROWS = 8 * _BATCH
_WIDTH_PROBE = "event"


def encode_headlines(
    encoder: Encoder,
    headlines: Iterable[str],
    *,
    cache_dir: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> npt.NDArray[np.float32]:
    """Encode headlines into vectors of unit length.

    Each different text is encoded once. A vector of zeros stays one: such a headline is like no
    other. With an encoder that treats each text alone (the default does) a vector never depends
    on the other headlines; a transformer's may differ in the last bits, because its arithmetic
    depends on how texts are batched.

    Parameters
    ----------
    encoder : Encoder
        What to encode with.
    headlines : iterable of str
        May be empty; the encoder is then asked for the length of its vectors with one word.
    cache_dir : str or os.PathLike, optional
        A folder in which vectors are kept; texts that it knows are not encoded again. What an
        interrupted run has encoded is kept too.
    progress : bool
        Whether to show a progress bar on stderr.

    Returns
    -------
    ndarray of float32, shape (n, d)

    Raises
    ------
    InputError
        When a headline is not a text, the encoder gives something other than one finite vector
        of floats a headline, or `cache_dir` is given and the encoder has no fingerprint.

    Examples
    --------
    >>> from relatedevents.encoders import resolve_encoder
    >>> vectors = encode_headlines(resolve_encoder("default"), ["A treaty is signed.", ""])
    >>> vectors.shape, vectors.any(axis=1).tolist()
    ((2, 256), [True, False])
    """
    texts = _checked_texts(headlines)
    if not texts:
        return _encode_batch(encoder, [_WIDTH_PROBE])[:0]
    unique = list(dict.fromkeys(texts))
    if cache_dir is not None:
        cache = _open_cache(encoder, cache_dir)
        _encode_into_cache(encoder, unique, cache, progress)
        return cache.get(texts)
    with _progress_bar(len(unique), progress) as bar:
        vectors = _encode_texts(encoder, unique, bar, room=len(texts))
    if len(unique) < len(texts):
        row_of = {text: row for row, text in enumerate(unique)}
        _spread(vectors, np.array([row_of[text] for text in texts]))
    return vectors


def unit_rows(vectors: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Bring every row to length 1; a row of zeros stays as it is.

    Parameters
    ----------
    vectors : ndarray of float, shape (n, d)
        Finite numbers of any size.

    Returns
    -------
    ndarray of float32, shape (n, d)

    Examples
    --------
    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    rows = np.ascontiguousarray(vectors, dtype=np.float64)
    # Dividing by the largest entry first keeps the squares of very large or small ones in range.
    largest = np.abs(rows).max(axis=1, keepdims=True)
    largest[largest == 0] = 1
    rows = rows / largest
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    lengths[lengths == 0] = 1
    unit: npt.NDArray[np.float32] = (rows / lengths).astype(np.float32)
    return unit


def _checked_texts(headlines: object) -> list[str]:
    if isinstance(headlines, str | bytes) or not isinstance(headlines, Iterable):
        came = f"got {shown(headlines)}"
        todo = "Put a single headline into a list."
        raise InputError(problem("headlines", came, "a list of texts", todo))
    texts = list(headlines)
    for row, text in enumerate(texts):
        where = f"headlines, row {row}"
        if not isinstance(text, str):
            raise InputError(problem(where, f"got {shown(text)}", "a text"))
        try:
            text.encode()
        except UnicodeEncodeError as error:
            came = f"got {shown(text)}, which holds half a surrogate pair"
            raise InputError(problem(where, came, "text that UTF-8 can write")) from error
    return texts


def _open_cache(encoder: Encoder, cache_dir: str | os.PathLike[str]) -> VectorCache:
    fingerprint = encoder_fingerprint(encoder)
    if fingerprint is None:
        came = f"got a folder, but the weights of this {type(encoder).__name__} are unknown"
        allowed = "a folder together with an encoder that has a cache_key"
        todo = (
            "Set its attribute cache_key to a text that names the model and its version, "
            "or leave cache_dir out."
        )
        raise InputError(problem("cache_dir", came, allowed, todo))
    return VectorCache(cache_dir, fingerprint)


def _encode_into_cache(
    encoder: Encoder, unique: list[str], cache: VectorCache, progress: bool
) -> None:
    new = [text for text in unique if text not in cache]
    with _progress_bar(len(new), progress) as bar:
        # In portions, so that an interrupted run does not lose what it has encoded.
        for start in range(0, len(new), _SHARD_ROWS):
            texts = new[start : start + _SHARD_ROWS]
            cache.add(texts, _encode_texts(encoder, texts, bar, width=cache.width))


def _progress_bar(total: int, progress: bool) -> tqdm[Any]:
    from tqdm import tqdm

    return tqdm(total=total, desc="encode", unit="headline", disable=not progress, file=sys.stderr)


def _encode_texts(
    encoder: Encoder, texts: list[str], bar: tqdm[Any], width: int | None = None, room: int = 0
) -> npt.NDArray[np.float32]:
    """Return the texts' vectors, in the first rows of an array with room for so many."""
    vectors = np.empty((0, 0), dtype=np.float32)
    for start in range(0, len(texts), _BATCH):
        batch = _encode_batch(encoder, texts[start : start + _BATCH])
        width = batch.shape[1] if width is None else width
        if batch.shape[1] != width:
            came = f"got vectors of length {batch.shape[1]} after vectors of length {width}"
            todo = "If a vector cache has the others, the encoder changed: change its cache_key."
            raise InputError(problem("encoder", came, "vectors of one length", todo))
        if start == 0:
            # At once: batches that are joined in the end take as much memory again.
            vectors = np.empty((max(room, len(texts)), width), dtype=np.float32)
        vectors[start : start + len(batch)] = batch
        bar.update(len(batch))
    return vectors


def _spread(vectors: npt.NDArray[np.float32], rows: npt.NDArray[np.int64]) -> None:
    """Copy row `rows[i]` to each row i, in place; no `rows[i]` may be larger than i."""
    for start in reversed(range(0, len(rows), _BATCH)):
        # From the end, so that no row is written before it was read for the last time.
        vectors[start : start + _BATCH] = vectors[rows[start : start + _BATCH]]


def _encode_batch(encoder: Encoder, texts: list[str]) -> npt.NDArray[np.float32]:
    return unit_rows(_checked_vectors(encoder.encode(list(texts)), texts))


def _checked_vectors(output: object, texts: list[str]) -> npt.NDArray[np.floating]:
    allowed = f"a float array of shape ({len(texts)}, d), one finite vector for each headline"
    try:
        vectors = _as_array(output)
    except (ValueError, TypeError) as error:
        came = f"got {shown(output)}, which is no array ({error})"
        raise InputError(problem("encoder", came, allowed)) from error
    if vectors.dtype.kind != "f":
        came = f"got {type(output).__name__} of {vectors.dtype}"
        todo = "Let encode give floats, for example with .astype(float)."
        raise InputError(problem("encoder", came, allowed, todo))
    if vectors.ndim != 2 or vectors.shape[0] != len(texts) or vectors.shape[1] == 0:
        came = f"got an array of shape {vectors.shape} for {len(texts)} headlines"
        raise InputError(problem("encoder", came, allowed))
    bad_rows = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad_rows):
        came = f"got NaN or infinity in {len(bad_rows)} of {len(texts)} vectors"
        todo = f"The first is that of {shown(texts[bad_rows[0]])}."
        raise InputError(problem("encoder", came, allowed, todo))
    return vectors


def _as_array(output: object) -> npt.NDArray[Any]:
    """Bring tensors, sparse matrices and lists of tensors to one NumPy array."""
    torch: Any = sys.modules.get("torch")  # whoever gives a tensor has imported it
    if torch is not None and isinstance(output, list | tuple):
        output = [_as_array(row) if isinstance(row, torch.Tensor) else row for row in output]
    if torch is not None and isinstance(output, torch.Tensor):
        tensor: Any = output
        tensor = tensor.detach().cpu().to_dense()
        # NumPy has no bfloat16, and float32 holds every one of them.
        tensor = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
        return np.asarray(tensor.numpy())
    to_array = getattr(output, "toarray", None)  # the sparse matrices of SciPy
    return np.asarray(to_array() if callable(to_array) else output)
