"""Vectors kept on disk between runs, one folder for each encoder's fingerprint.

A folder holds shards: `.npy` files, each a table of text key and vector, written once under
the checksum of their own bytes and never changed. So two processes can write at the same time,
and a shard that was cut off or altered is noticed when it is read.
"""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from relatedevents._util.checks import problem, shown
from relatedevents._util.files import atomic_file
from relatedevents.errors import InputError, RelatedEventsWarning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

_KEY_BYTES = 16
_MOST_SMALL_SHARDS = 32
_SMALL_SHARD_ROWS = 4096
_READ_ATTEMPTS = 5


class DamagedCacheWarning(RelatedEventsWarning):
    """A file of the vector cache could not be used; its headlines are encoded again."""


def text_key(text: str) -> bytes:
    """Return the key under which a text's vector is kept.

    Examples
    --------
    >>> len(text_key("A treaty is signed."))
    16
    """
    return hashlib.blake2b(text.encode(), digest_size=_KEY_BYTES).digest()


class VectorCache:
    """The cached vectors of one encoder.

    Parameters
    ----------
    cache_dir : str or os.PathLike
        The user's folder; made if it does not exist.
    fingerprint : str
        The encoder's fingerprint; the name of the folder inside `cache_dir`.

    Raises
    ------
    InputError
        When `cache_dir` can't be a folder.
    """

    def __init__(self, cache_dir: str | os.PathLike[str], fingerprint: str) -> None:
        self.folder = Path(cache_dir) / fingerprint
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            came = f"got {shown(os.fspath(cache_dir))}, and {error.strerror or error}"
            allowed = "a folder that can be written, or None for no cache"
            raise InputError(problem("cache_dir", came, allowed)) from error
        self._shards: dict[Path, npt.NDArray[np.void]] = {}
        self._location_of: dict[bytes, tuple[Path, int]] = {}
        self._read_all()

    @property
    def width(self) -> int | None:
        """The length of the kept vectors, or None while there are none."""
        return next((shard["vector"].shape[1] for shard in self._shards.values()), None)

    def __len__(self) -> int:
        return len(self._location_of)

    def __contains__(self, text: str) -> bool:
        return text_key(text) in self._location_of

    def get(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the kept vectors of texts that are all in the cache.

        Parameters
        ----------
        texts : sequence of str
            At least one; each must be `in` the cache.

        Returns
        -------
        ndarray of float32, shape (len(texts), width)
        """
        locations = [self._location_of[text_key(text)] for text in texts]
        vectors = np.empty((len(locations), self.width or 0), dtype=np.float32)
        for row, (path, shard_row) in enumerate(locations):
            vectors[row] = self._shards[path]["vector"][shard_row]
        return vectors

    def add(self, texts: Sequence[str], vectors: npt.NDArray[np.float32]) -> None:
        """Keep the vectors of texts that are not in the cache yet.

        Parameters
        ----------
        texts : sequence of str
            At least one.
        vectors : ndarray of float32, shape (len(texts), width)
        """
        shard = np.empty(len(texts), dtype=_shard_dtype(vectors.shape[1]))
        keys = b"".join(text_key(text) for text in texts)
        shard["key"] = np.frombuffer(keys, dtype=np.uint8).reshape(-1, _KEY_BYTES)
        shard["vector"] = vectors
        self._know(self._write(shard), shard)
        small = [path for path, rows in self._shards.items() if len(rows) < _SMALL_SHARD_ROWS]
        if len(small) > _MOST_SMALL_SHARDS:
            self._merge(small)

    def _read_all(self) -> None:
        for _ in range(_READ_ATTEMPTS):
            try:
                for path in sorted(self.folder.glob("*.npy")):
                    if path not in self._shards:
                        self._read(path)
            except FileNotFoundError:
                continue  # another process has just merged it into a new shard: look again
            return
        came = f"{shown(str(self.folder))} changed at every one of {_READ_ATTEMPTS} looks"
        raise InputError(problem("cache_dir", came, "a folder that few processes write at once"))

    def _read(self, path: Path) -> None:
        content = path.read_bytes()
        if _checksum(content) != path.stem:
            # Removed before the warning, which a program may have turned into an exception.
            path.unlink(missing_ok=True)
            message = (
                f"{path} is damaged: its bytes do not have the checksum in its name. "
                "It has been removed, and its headlines are encoded again."
            )
            warnings.warn(message, DamagedCacheWarning, stacklevel=5)
            return
        shard = np.load(io.BytesIO(content), allow_pickle=False)
        width = self.width
        if width is not None and shard["vector"].shape[1] != width:
            came = f"{path.parent} holds vectors of lengths {width} and {shard['vector'].shape[1]}"
            todo = "Delete that folder, and give each encoder its own cache_key."
            raise InputError(problem("cache_dir", came, "one length for each encoder", todo))
        self._know(path, shard)

    def _know(self, path: Path, shard: npt.NDArray[np.void]) -> None:
        self._shards[path] = shard
        for row, key in enumerate(_keys(shard)):
            self._location_of[key] = (path, row)

    def _write(self, shard: npt.NDArray[np.void]) -> Path:
        buffer = io.BytesIO()
        np.save(buffer, shard, allow_pickle=False)
        content = buffer.getvalue()
        path = self.folder / f"{_checksum(content)}.npy"
        with atomic_file(path) as temporary:
            temporary.write_bytes(content)
        return path

    def _merge(self, paths: Sequence[Path]) -> None:
        """Merge small shards into one, so that many single headlines do not leave many files."""
        merged = np.concatenate([self._shards.pop(path) for path in paths])
        _, first = np.unique(merged["key"], axis=0, return_index=True)
        merged = merged[first]
        target = self._write(merged)
        self._know(target, merged)
        for path in paths:
            if path != target:
                path.unlink(missing_ok=True)


def _shard_dtype(width: int) -> np.dtype[np.void]:
    return np.dtype([("key", "u1", (_KEY_BYTES,)), ("vector", "<f4", (width,))])


def _keys(shard: npt.NDArray[np.void]) -> Iterator[bytes]:
    joined = shard["key"].tobytes()
    return (joined[at : at + _KEY_BYTES] for at in range(0, len(joined), _KEY_BYTES))


def _checksum(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
