"""Store: arrays, tables and settings in a folder, written atomically and without pickle.

A folder holds `model.json` (format, version, and a checksum of every other file), `settings.json`,
one `.npy` file an array and one Parquet file a table. A saved model is replaced as one
folder, so that a reader never sees half of it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import problem, shown
from relatedevents._util.contents import Contents
from relatedevents._util.files import atomic_folder
from relatedevents._version import __version__
from relatedevents.encoders import Encoder, resolve_encoder
from relatedevents.errors import InputError, StoreError
from relatedevents.learning.reports import REPORTS, Report
from relatedevents.retrieval.fitted import Fitted
from relatedevents.signals.register import signal_names
from relatedevents.weights import Weights

FORMAT = "relatedevents"
FORMAT_VERSION = 4
_HEAD = "model.json"
_SETTINGS = "settings.json"
#: Parameters of a model that are saved as they are.
_PARAMETERS = ("n_related", "engine", "block_size")
_SAVE_AGAIN = "Fit and save the model again."


def save(folder: str | os.PathLike[str], contents: Contents) -> Path:
    """Write `contents` as `folder`; a saved model that is there already is replaced.

    Parameters
    ----------
    folder : path
        Where; its parent folders are made.
    contents : Contents
        What.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputError
        If something else than a saved model is there, a table's column can't be written, or the
        disk refuses.
    """
    target = check_free(folder)
    with atomic_folder(target, replace=True) as new:
        _write(new, contents)
    return target


def check_free(folder: str | os.PathLike[str]) -> Path:
    """Return the folder's path, or raise `InputError` where `save` would not write."""
    target = _path(folder)
    if not _is_free(target):
        raise InputError(
            problem(
                "folder",
                f"{_quoted(target)} holds something else",
                "a new or empty folder, or a saved model to replace",
                "Nothing was written.",
            )
        )
    return target


def load(folder: str | os.PathLike[str], *, mmap: bool = True) -> Contents:
    """Read what `save` wrote, checking every file first.

    Parameters
    ----------
    folder : path
        A saved model.
    mmap : bool
        Whether arrays stay on disk and are read where they are used.

    Raises
    ------
    StoreError
        If the folder is no saved model, of another format version, or a file of it is missing or
        damaged; the message names it.
    """
    target = _path(folder)
    head = _read_head(target)
    for name, digest in head["files"].items():
        path = target / name
        if not path.is_file():
            raise StoreError(problem(str(path), "is missing", "every saved file", _SAVE_AGAIN))
        if _digest(path) != digest:
            raise StoreError(
                problem(
                    str(path), "is damaged: its checksum differs", "the saved bytes", _SAVE_AGAIN
                )
            )
    arrays: dict[str, npt.NDArray[Any]] = {}
    tables: dict[str, pd.DataFrame] = {}
    settings: dict[str, Any] = {}
    for name in head["files"]:
        path = target / name
        try:
            if path.suffix == ".npy":
                arrays[path.stem] = np.load(
                    path, mmap_mode="r" if mmap else None, allow_pickle=False
                )
            elif path.suffix == ".parquet":
                tables[path.stem] = pd.read_parquet(path)
            elif name == _SETTINGS:
                settings = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, OSError, EOFError) as error:
            # The checksum is right, so the file was made to be so: pickled objects, for one.
            came = f"can't be read ({_first_line(error)})"
            raise StoreError(problem(str(path), came, "a file that save wrote")) from error
    return Contents(settings, arrays, tables)


@contextmanager
def as_store_error(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Convert errors raised while a model is built from its contents into `StoreError`."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        came = f"{_quoted(Path(folder))} lacks something, or holds a wrong thing ({error!r})"
        allowed = "a folder that save wrote"
        raise StoreError(problem("folder", came, allowed, _SAVE_AGAIN)) from error


def is_saved(folder: str | os.PathLike[str]) -> bool:
    """Return whether a folder looks like a saved model."""
    return (Path(folder) / _HEAD).is_file()


def _is_free(target: Path) -> bool:
    """Return whether nothing but a saved model would be lost at `place`."""
    if not target.is_dir():
        return not (target.exists() or target.is_symlink())
    names = {path.name for path in target.iterdir()}
    try:
        # Of any version: a model of an older one may be replaced too.
        head = json.loads((target / _HEAD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return not names
    ours = isinstance(head, dict) and head.get("format") == FORMAT
    return ours and names <= {_HEAD, *head.get("files", ())}


def _write(folder: Path, contents: Contents) -> None:
    for name, array in contents.arrays.items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
    for name, table in contents.tables.items():
        try:
            table.to_parquet(folder / f"{name}.parquet", index=False)
        except (ValueError, TypeError) as error:
            raise InputError(
                problem(
                    f"the table of {name}",
                    f"can't be saved as Parquet ({_first_line(error)})",
                    "columns of one kind of value each",
                    "Drop or convert that column before fit.",
                )
            ) from error
    text = json.dumps(contents.settings, ensure_ascii=False)
    (folder / _SETTINGS).write_text(text, encoding="utf-8")
    head = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "written_by": __version__,
        "files": {path.name: _digest(path) for path in sorted(folder.iterdir())},
    }
    (folder / _HEAD).write_text(json.dumps(head, indent=1), encoding="utf-8")


def _read_head(target: Path) -> dict[str, Any]:
    path = target / _HEAD
    try:
        head = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StoreError(
            problem("folder", f"{_quoted(target)} has no {_HEAD}", "a folder that save wrote")
        ) from error
    except (OSError, ValueError) as error:
        raise StoreError(
            problem(str(path), "can't be read: it is damaged", "the saved text", _SAVE_AGAIN)
        ) from error
    if not isinstance(head, dict) or head.get("format") != FORMAT or "files" not in head:
        raise StoreError(problem(str(path), "is no saved model", "a file that save wrote"))
    if head.get("format_version") != FORMAT_VERSION:
        came = f"format version {shown(head.get('format_version'))}"
        raise StoreError(problem(str(path), came, f"version {FORMAT_VERSION}", _SAVE_AGAIN))
    if not isinstance(head["files"], dict) or _SETTINGS not in head["files"]:
        raise StoreError(problem(str(path), "is damaged", "the saved text", _SAVE_AGAIN))
    for name in head["files"]:
        # A name from a file is never followed out of its folder.
        if Path(name).name != name:
            raise StoreError(problem(str(path), f"names {shown(name)}", "files of its own folder"))
    return head


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _path(folder: object) -> Path:
    if not isinstance(folder, (str, os.PathLike)):
        raise StoreError(problem("folder", f"got {shown(folder)}", "a path"))
    return Path(folder)


def _quoted(target: Path) -> str:
    # In full: the end of a path tells most.
    return repr(str(target))


def save_model(
    folder: str | os.PathLike[str],
    fitted: Fitted,
    encoder_name: str | None,
    parameters: Mapping[str, Any],
    reports: Mapping[str, Report],
) -> Path:
    """Write a fitted model as `folder`; see `save` for the errors.

    Parameters
    ----------
    folder : path
        Where.
    fitted : Fitted
        The archive, and what was made of it.
    encoder_name : str or None
        By which it is found again; None for an object without one.
    parameters : mapping
        The model's; those that depend on the machine or on the user's folders are left out.
    reports : mapping
        What was learned, by name.
    """
    aliases = parameters["tag_aliases"]
    settings = {
        **{name: parameters[name] for name in _PARAMETERS},
        "encoder": encoder_name,
        "weights": parameters["weights"].to_dict(),
        "tag_aliases": None if aliases is None else dict(aliases),
    }
    learned = {name: report.to_dict() for name, report in reports.items()}
    contents = fitted.contents(encoder_name)
    return save(folder, contents.joined(Contents({"model": settings, **learned}, {})))


def load_model(
    folder: str | os.PathLike[str], encoder: str | Encoder | None, *, mmap: bool
) -> tuple[Fitted, str | None, dict[str, Any], dict[str, Report]]:
    """Read what `save_model` wrote: archive, encoder's name, parameters, and what was learned.

    Parameters
    ----------
    folder : path
        Where.
    encoder : str or object, optional
        That of the fit, where it was an object.
    mmap : bool
        Whether the arrays stay on disk until they are used.

    Raises
    ------
    StoreError
        If the folder is damaged, of another format, or `encoder` gives other vectors.
    """
    contents = load(folder, mmap=mmap)
    with as_store_error(folder):
        parameters = dict(contents.settings["model"])
        extra = dict(dict(parameters["weights"]).get("extra", ()))
    lacking = [name for name in extra if name not in signal_names()]
    if lacking:
        came = f"its weights name {', '.join(map(repr, lacking))}, which no signal is called here"
        todo = "Before load, register that signal as where the model was fitted."
        raise StoreError(problem("folder", came, "names of registered signals", todo))
    with as_store_error(folder):
        fitted = Fitted.of_contents(contents)
        parameters["weights"] = Weights.only(**parameters["weights"])
        reports = {
            name: kind.from_dict(contents.settings[name])
            for name, kind in REPORTS.items()
            if name in contents.settings
        }
    name = parameters["encoder"]
    given = fitted.encoder if encoder is None else encoder
    if given is not None:
        fitted.encoder = resolve_encoder(given)
        fitted.index.check_encoder(fitted.encoder)
        parameters["encoder"] = given
    return fitted, name, parameters, reports
