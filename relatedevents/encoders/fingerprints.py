"""Fingerprints of encoders: a hash of everything that their vectors depend on."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from relatedevents._util.checks import problem, require, shown
from relatedevents.encoders.protocol import Encoder
from relatedevents.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

# Cut into pieces instead of hashing a tokenizer's file, whose form changes with its library.
_VOCABULARY_PROBES = 200
_PROBES = (
    "The United Nations' Security Council voted 15-0, at 9:30 a.m., on Resolution 2071.",
    "Élections présidentielles à São Tomé — Łódź, İstanbul, Ærø, Straße",
    "北京 東京 서울 Москва القاهرة ๑๒๓ 👍",
    "  two  blanks\ttab  U.S.-led e-mail@example.org #1 $5.50 50% half½ ",
)


def encoder_fingerprint(encoder: Encoder) -> str | None:
    """Return an identifier that differs between encoders, or None where their weights are unknown.

    Parameters
    ----------
    encoder : Encoder
        As `resolve_encoder` returns it.

    Returns
    -------
    str or None
        32 hex digits: a hash of the object's own `cache_key`, or of the weights, vocabulary and
        way of cutting text of a model2vec or sentence-transformers model, so that it is one and
        the same however the model was loaded. None for any other object.

    Raises
    ------
    InputError
        When `cache_key` is not a text or is empty.

    Examples
    --------
    >>> from relatedevents.encoders import resolve_encoder
    >>> encoder = resolve_encoder("default")
    >>> encoder_fingerprint(encoder) == encoder_fingerprint(resolve_encoder("default"))
    True
    """
    key = getattr(encoder, "cache_key", None)
    if key is not None:
        if not isinstance(key, str) or not key.strip():
            came = f"got {shown(key)}"
            raise InputError(problem("encoder.cache_key", came, "a text that is not empty"))
        return _digest([b"cache_key", key.encode()])
    if encodes_like(encoder, "model2vec", "StaticModel"):
        return _digest(_parts_of_model2vec(encoder))
    if encodes_like(encoder, "sentence_transformers", "SentenceTransformer"):
        return _digest(_parts_of_sentence_transformer(encoder))
    return None


def encodes_like(encoder: object, module: str, name: str) -> bool:
    """Tell whether `encode` is that very class's, without importing the module."""
    known = getattr(sys.modules.get(module), name, None)
    return known is not None and getattr(type(encoder), "encode", None) is known.encode


def _digest(parts: Iterable[bytes | memoryview]) -> str:
    joined = hashlib.blake2b(digest_size=16)
    for part in parts:
        joined.update(len(part).to_bytes(8, "little"))
        joined.update(part)
    return joined.hexdigest()


def _array_parts(name: str, array: npt.NDArray[Any]) -> Iterator[bytes | memoryview]:
    yield f"{name} {array.dtype.str} {array.shape}".encode()
    yield np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _parts_of_model2vec(model: Any) -> Iterator[bytes | memoryview]:  # noqa: ANN401 - no types
    yield b"model2vec"
    for name in ("embedding", "weights", "token_mapping"):
        array = getattr(model, name, None)
        if array is not None:
            yield from _array_parts(name, np.asarray(array))
    vocabulary = model.tokenizer.get_vocab()
    yield _text_of([sorted(vocabulary.items()), getattr(model, "max_length", None)])
    probes = _probes(vocabulary)
    yield _text_of([[int(piece) for piece in ids] for ids in model.tokenize(probes)])


def _parts_of_sentence_transformer(model: Any) -> Iterator[bytes | memoryview]:  # noqa: ANN401 - no types
    torch = require("torch", "a sentence-transformers model")
    yield b"sentence_transformers"
    for name, tensor in model.named_parameters():
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        yield f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode()
        yield flat.view(torch.uint8).numpy().data
    modules = [
        [type(module).__name__, str(getattr(module, "pooling_mode", ""))]
        for module in model.children()
    ]
    prompts = getattr(model, "prompts", None) or {}
    prompt = prompts.get(getattr(model, "default_prompt_name", None))
    yield _text_of([modules, prompt, model.max_seq_length, getattr(model, "truncate_dim", None)])
    cut = model.tokenizer
    vocabulary = cut.get_vocab()
    yield _text_of(sorted(vocabulary.items()))
    probes = _probes(vocabulary)
    yield _text_of(
        [cut(probe)["input_ids"] if callable(cut) else cut.encode(probe).ids for probe in probes]
    )


def _probes(vocabulary: dict[str, int]) -> list[str]:
    """Texts that two tokenizers of one vocabulary would cut differently."""
    tokens = sorted(vocabulary)
    sampled = tokens[:: max(1, len(tokens) // _VOCABULARY_PROBES)]
    return [*_PROBES, *sampled, *(token.upper() for token in sampled)]


def _text_of(value: object) -> bytes:
    return json.dumps(value).encode()
