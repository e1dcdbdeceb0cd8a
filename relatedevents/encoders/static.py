"""Static encoders as arrays and settings, which can be trained and saved."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from relatedevents._util.checks import check_number, problem, shown
from relatedevents._util.files import atomic_folder, unwritable
from relatedevents.encoders.fingerprints import encodes_like
from relatedevents.encoders.protocol import Encoder
from relatedevents.errors import InputError

_INT8_MAX = 127
_CONFIG, _VECTORS, _TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"
# The names that model2vec gives them in its own files.
_ARRAYS = {"embedding": "embeddings", "weights": "weights", "token_mapping": "mapping"}


def is_static(encoder: object) -> bool:
    """Tell whether an encoder is a model2vec StaticModel: one vector a token, and no more.

    Examples
    --------
    >>> is_static(object())
    False
    """
    return encodes_like(encoder, "model2vec", "StaticModel")


def static_parts(encoder: Any) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:  # noqa: ANN401 - model2vec has no types here
    """Return the arrays of a static encoder, and its settings as JSON values.

    Parameters
    ----------
    encoder : Encoder
        One for which `is_static` holds.

    Returns
    -------
    arrays : dict of str to ndarray
        ``embeddings`` and, where the encoder has them, ``weights`` and ``mapping``.
    settings : dict
        ``tokenizer`` (its JSON text), ``normalize``, ``max_length``.

    Examples
    --------
    >>> from relatedevents.encoders import resolve_encoder
    >>> arrays, settings = static_parts(resolve_encoder("default"))
    >>> arrays["embeddings"].shape[1], settings["normalize"]
    (256, True)
    """
    values = {name: getattr(encoder, attribute) for attribute, name in _ARRAYS.items()}
    arrays = {name: np.asarray(array) for name, array in values.items() if array is not None}
    settings = {
        "tokenizer": encoder.tokenizer.to_str(pretty=False),
        "normalize": bool(encoder.normalize),
        "max_length": encoder.max_length,
    }
    return arrays, settings


def static_of_parts(arrays: Mapping[str, npt.NDArray[Any]], settings: Mapping[str, Any]) -> Encoder:
    """Return the encoder of these arrays and settings; the inverse of `static_parts`.

    Raises
    ------
    KeyError, TypeError, ValueError
        If something is missing, or of another form.

    Examples
    --------
    >>> from relatedevents.encoders import encoder_fingerprint, resolve_encoder
    >>> encoder = resolve_encoder("default")
    >>> again = static_of_parts(*static_parts(encoder))
    >>> encoder_fingerprint(again) == encoder_fingerprint(encoder)
    True
    """
    from model2vec import StaticModel
    from tokenizers import Tokenizer

    text = settings["tokenizer"]
    try:
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the library raises bare exceptions
        message = f"the tokenizer can't be read: {error}"
        raise ValueError(message) from error
    encoder: Encoder = StaticModel(
        arrays["embeddings"],
        tokenizer,
        normalize=settings["normalize"],
        weights=arrays.get("weights"),
        token_mapping=arrays.get("mapping"),
        max_length=settings["max_length"],
    )
    return encoder


def quantise(vectors: npt.NDArray[np.floating], percentile: float) -> npt.NDArray[np.int8]:
    """Round vectors to int8 with one scale for the whole matrix.

    The scale maps the `percentile`-th largest absolute entry to 127 and clips what lies above:
    a few outliers would otherwise leave most entries only a handful of steps. One scale for all
    keeps the ratios between word pieces, so a mean of rows keeps its direction and needs no
    scale of its own before it is normalised.

    Parameters
    ----------
    vectors : ndarray of float, shape (n, d)
        Finite numbers, at least one of them not 0.
    percentile : float
        Above 0, up to 100; 100 clips nothing.

    Returns
    -------
    ndarray of int8, shape (n, d)

    Raises
    ------
    InputError
        When `percentile` lies outside its limits.

    Examples
    --------
    >>> quantise(np.array([[1.0, -0.5], [0.25, 0.0]]), 100).tolist()
    [[127, -64], [32, 0]]
    """
    percentile = check_number("percentile", percentile, 0, 100, above=True)
    scale = np.percentile(np.abs(vectors), percentile) / _INT8_MAX
    steps: npt.NDArray[np.floating] = np.clip(np.rint(vectors / scale), -_INT8_MAX, _INT8_MAX)
    return steps.astype(np.int8)


def save_encoder(encoder: Encoder, folder: str | os.PathLike[str]) -> Path:
    """Write a static encoder as a folder, which ``encoder=folder`` then names.

    Parameters
    ----------
    encoder : Encoder
        A model2vec StaticModel, such as the `encoder_` of a model that `adapt` returned.
    folder : path
        A new or empty folder, or one that this function wrote, which is replaced as one.

    Returns
    -------
    pathlib.Path
        The folder. It holds ``config.json``, ``model.safetensors`` and ``tokenizer.json``.

    Raises
    ------
    InputError
        If the encoder is no static one, something else is in the folder, or the disk refuses.

    Examples
    --------
    >>> import tempfile
    >>> from relatedevents.encoders import resolve_encoder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = resolve_encoder(save_encoder(resolve_encoder("default"), folder))
    >>> again.encode(["A treaty is signed."]).shape
    (1, 256)
    """
    if not is_static(encoder):
        came = f"got a {type(encoder).__name__}"
        todo = "Save any other kind with its own library."
        raise InputError(problem("encoder", came, "a static (model2vec) encoder", todo))
    if not isinstance(folder, (str, os.PathLike)):
        raise InputError(problem("folder", f"got {shown(folder)}", "a path"))
    contents = _files_of(encoder)
    target = Path(folder)
    try:
        others = (
            {path.name for path in target.iterdir()} - set(contents) if target.exists() else None
        )
    except NotADirectoryError:
        others = {target.name}
    except OSError as error:
        raise unwritable(target, error, "folder") from error
    if others:
        came = f"{str(target)!r} holds something else"
        allowed = "a new or empty folder, or an encoder's to write anew"
        raise InputError(problem("folder", came, allowed, "Nothing was written."))
    with atomic_folder(target, replace=True) as new:
        for name, content in contents.items():
            (new / name).write_bytes(content)
    return target


def _files_of(encoder: Encoder) -> dict[str, bytes]:
    """Return the names and contents of the files that model2vec reads an encoder from."""
    from safetensors.numpy import save

    arrays, settings = static_parts(encoder)
    config = {
        "architectures": ["StaticModel"],
        "embedding_dtype": arrays["embeddings"].dtype.name,
        "hidden_dim": int(arrays["embeddings"].shape[1]),
        "max_length": settings["max_length"],
        "model_type": "model2vec",
        "normalize": settings["normalize"],
    }
    if "mapping" in arrays:
        config["vocabulary_quantization"] = len(arrays["embeddings"])
    return {
        _CONFIG: (json.dumps(config, indent=2) + "\n").encode(),
        _VECTORS: save({name: np.ascontiguousarray(array) for name, array in arrays.items()}),
        _TOKENIZER: settings["tokenizer"].encode(),
    }
