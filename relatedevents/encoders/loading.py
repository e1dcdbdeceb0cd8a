"""Loading encoders by name, folder or object, without network access unless it is allowed."""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import Any, cast

from relatedevents._util.checks import problem, require, shown
from relatedevents.encoders.protocol import Encoder
from relatedevents.errors import InputError

DEFAULT_ENCODER_FOLDER = Path(__file__).parents[1] / "data" / "default_encoder"
_ALLOWED_ENCODERS = (
    "'default', a folder of a model2vec or sentence-transformers model, the name of a "
    "sentence-transformers model, or an object with encode(list of str)"
)


def resolve_encoder(spec: object, *, allow_download: bool = False) -> Encoder:
    """Return the encoder that a name, folder or object specifies.

    Parameters
    ----------
    spec : str, os.PathLike or object
        "default" for the shipped model; an existing folder of a model2vec model or of a
        sentence-transformers model; any other text is the name of a sentence-transformers
        model. An object with an `encode` method is returned as it is. Sentence-transformers
        models need the extra `transformers`. A folder that is called "default" is meant by
        "./default".
    allow_download : bool
        Whether a named model may be downloaded; without it, it is looked for in the local
        cache only. Code that comes with a model is never run.

    Returns
    -------
    Encoder

    Raises
    ------
    InputError
        When nothing is found under that name, a folder holds no model or a damaged one, or an
        object has no `encode` method.
    MissingExtraError
        When sentence-transformers is needed and not installed.

    Examples
    --------
    >>> resolve_encoder("default").encode(["A treaty is signed."]).shape
    (1, 256)
    """
    if isinstance(spec, os.PathLike):
        spec = os.fspath(spec)
        if isinstance(spec, str) and not Path(spec).exists():
            raise InputError(_not_found(spec, "which is no folder"))
    if not isinstance(spec, str):
        return _checked_object(spec)
    if spec == "default":
        return _load_default(DEFAULT_ENCODER_FOLDER)
    if spec and Path(spec).expanduser().exists():
        return _load_folder(Path(spec).expanduser())
    return _load_named(spec, allow_download=allow_download)


def _checked_object(spec: object) -> Encoder:
    if isinstance(spec, type):
        came = f"got the class {spec.__name__}"
        raise InputError(problem("encoder", came, _ALLOWED_ENCODERS, "Make an object of it."))
    if not callable(getattr(spec, "encode", None)) or isinstance(spec, bytes | bytearray):
        raise InputError(problem("encoder", f"got {shown(spec)}", _ALLOWED_ENCODERS))
    return cast("Encoder", spec)


def _load_folder(folder: Path) -> Encoder:
    kind = _folder_kind(folder)
    if kind == "model2vec":
        return _load_model2vec(folder)
    if kind == "sentence-transformers":
        return _load_sentence_transformer(str(folder), allow_download=False)
    came = f"got {shown(str(folder))}, which holds no model that is known here"
    allowed = (
        "a folder with the config.json of a model2vec model or the modules.json of a "
        "sentence-transformers model"
    )
    todo = "Load another kind of model yourself, and give the object."
    raise InputError(problem("encoder", came, allowed, todo))


def _folder_kind(folder: Path) -> str | None:
    config = _read_json(folder / "config.json")
    if isinstance(config, dict) and config.get("model_type") == "model2vec":
        return "model2vec"
    modules = _read_json(folder / "modules.json")
    if not isinstance(modules, list) or not modules:
        return None
    kinds = [str(module.get("type", "")).rpartition(".")[2] for module in modules]
    static = kinds[0] == "StaticEmbedding" and set(kinds[1:]) <= {"Normalize"}
    return "model2vec" if static else "sentence-transformers"


def _read_json(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        came = f"{path} can't be read as JSON ({error})"
        raise InputError(
            problem("encoder", came, "a whole model folder", "Save it anew.")
        ) from error


def _load_default(folder: Path) -> Encoder:
    """Return what `_load_model2vec` returns for the shipped model, whose layout is known.

    model2vec's own loader imports the client of a hub, which takes longer than all else here.
    """
    from model2vec import StaticModel
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    try:
        config = _read_json(folder / "config.json")
        return cast(
            "Encoder",
            StaticModel(
                load_file(folder / "model.safetensors")["embeddings"],
                Tokenizer.from_file(str(folder / "tokenizer.json")),
                config=config,
                normalize=config["normalize"],
                max_length=config["max_length"],
            ),
        )
    except Exception as error:  # as in `_load_model2vec`
        raise InputError(_damaged(str(folder), error)) from error


def _load_model2vec(folder: Path) -> Encoder:
    from model2vec import StaticModel

    try:
        return cast("Encoder", StaticModel.from_pretrained(folder))
    except Exception as error:  # its loaders raise everything from KeyError to bare Exception
        raise InputError(_damaged(str(folder), error)) from error


def _load_sentence_transformer(name: str, *, allow_download: bool) -> Encoder:
    library = require("sentence_transformers", f"the encoder {shown(name)}")
    try:
        model = library.SentenceTransformer(
            name, trust_remote_code=False, local_files_only=not allow_download
        )
    except Exception as error:  # the hub's, transformers' and safetensors' own kinds
        if Path(name).exists():
            raise InputError(_damaged(name, error)) from error
        reason = "which is no folder and "
        reason += "could not be downloaded" if allow_download else "not in the local cache"
        todo = f"The cause: {_first_line(error)}."
        if not allow_download:
            todo = "To download a model of that name, set allow_download=True."
        raise InputError(_not_found(name, reason, todo)) from error
    return cast("Encoder", model)


def _load_named(name: str, *, allow_download: bool) -> Encoder:
    if not name.strip():
        raise InputError(problem("encoder", f"got {shown(name)}", _ALLOWED_ENCODERS))
    if difflib.get_close_matches(name.casefold(), ["default"], cutoff=0.75):
        raise InputError(_not_found(name, "which is no folder", "Did you mean 'default'?"))
    if name.startswith((".", "~", "/", "\\")) or name.endswith("/") or Path(name).is_absolute():
        raise InputError(_not_found(name, "which is no folder"))
    return _load_sentence_transformer(name, allow_download=allow_download)


def _not_found(name: str, reason: str, todo: str = "") -> str:
    return problem("encoder", f"got {shown(name)}, {reason}", _ALLOWED_ENCODERS, todo)


def _damaged(folder: str, error: Exception) -> str:
    came = f"the model in {shown(folder)} can't be loaded ({_first_line(error)})"
    return problem("encoder", came, "a whole model folder", "Save or download it anew.")


def _first_line(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0].rstrip(".")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
