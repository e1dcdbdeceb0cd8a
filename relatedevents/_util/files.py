"""Atomic writing: files and folders that are complete or not there at all.

Everything is written under a temporary name beside its place and renamed at the end, so that
a reader never meets half a file, and a full disk leaves what was there before.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from relatedevents._util.checks import problem
from relatedevents.errors import InputError

_MAKE_ROOM = "Free some room, or name a {kind} on another disk."
_MAY_WRITE = "Name a {kind} that you may write to."
_ADVICE = {
    None: _MAKE_ROOM,  # NumPy says no more than how many numbers it wrote
    errno.ENOSPC: _MAKE_ROOM,
    errno.EDQUOT: _MAKE_ROOM,
    errno.EFBIG: "Files may not be so large: raise that limit, or name a {kind} on another disk.",
    errno.EACCES: _MAY_WRITE,
    errno.EPERM: _MAY_WRITE,
    errno.EROFS: _MAY_WRITE,
    errno.EEXIST: "A part of it is taken by a file.",
    errno.ENOTDIR: "A part of it is taken by a file.",
}


def unwritable(path: Path, error: OSError, kind: str = "path") -> InputError:
    """Return the error that tells a user why a path or folder can't be written.

    Examples
    --------
    >>> error = OSError(errno.ENOSPC, "No space left on device")
    >>> print(unwritable(Path("lists.csv"), error))
    path: 'lists.csv' can't be written (No space left on device); allowed: a path that can be
    written. Free some room, or name a path on another disk.
    """
    reason = error.strerror or f"the disk took a part only: {error}"
    advice = _ADVICE.get(error.errno, "").format(kind=kind)
    came = f"'{path}' can't be written ({reason})"
    return InputError(problem(kind, came, f"a {kind} that can be written", advice))


@contextlib.contextmanager
def _temporary(path: Path, kind: str) -> Iterator[tuple[Path, Path]]:
    """Give the real place of `path`, and a free path beside it that is removed at the end.

    Its name is short, as that of `path` may be as long as names can be.

    Raises
    ------
    InputError
        If the disk refuses something within the block, or UTF-8 can't write a text.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".tmp-{secrets.token_hex(8)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield target, temporary
    except OSError as error:
        raise unwritable(path, error, kind) from error
    except UnicodeEncodeError as error:
        text = error.object[max(0, error.start - 20) : error.end + 20]
        came = f"'{path}' can't hold the text {text!r} (half a UTF-16 pair)"
        todo = "Replace that character in the archive."
        raise InputError(problem(kind, came, "text that UTF-8 can write", todo)) from error
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path to write; rename it to `path` if the block ends well.

    Parameters
    ----------
    path : pathlib.Path
        Where the file shall be. Missing folders are made; a link is followed.

    Yields
    ------
    pathlib.Path
        The temporary path, in the same folder.

    Raises
    ------
    InputError
        If anything there can't be written; no part of the file is left.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with atomic_file(folder / "new.txt") as temporary:
    ...     _ = temporary.write_text("all of it")
    >>> [path.name for path in folder.iterdir()]
    ['new.txt']
    """
    if path.exists() and not path.is_file():
        came = f"'{path}' is {'a folder' if path.is_dir() else 'not a plain file'}"
        raise InputError(problem("path", came, "the path of a file"))
    with _temporary(path, "path") as (target, temporary):
        yield temporary
        # A disk may report that it is full only now.
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(target)


@contextlib.contextmanager
def atomic_text(path: Path) -> Iterator[TextIO]:
    """Give a UTF-8 text file with Unix line ends to write; see `atomic_file`."""
    with (
        atomic_file(path) as temporary,
        temporary.open("x", encoding="utf-8", newline="\n") as file,
    ):
        yield file


@contextlib.contextmanager
def atomic_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give a temporary folder to fill; move it, or what it holds, to `path` if the block ends well.

    All of it is written before anything moves.

    Parameters
    ----------
    path : pathlib.Path
        The folder; it is made where it is missing, a link is followed.
    replace : bool
        Whether an old folder is replaced as one; it is put back if that fails. Otherwise files
        of the same name are replaced one by one, each as a whole, and other files stay.

    Yields
    ------
    pathlib.Path
        The temporary folder.

    Raises
    ------
    InputError
        If anything there can't be written.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with atomic_folder(folder, replace=True) as temporary:
    ...     _ = (temporary / "new.txt").write_text("all of it")
    >>> [path.name for path in folder.iterdir()]
    ['new.txt']
    """
    if path.exists() and not path.is_dir():
        raise InputError(problem("path", f"'{path}' is a file", "the path of a folder"))
    with _temporary(path, "folder") as (target, temporary):
        new, old = temporary / "new", temporary / "old"
        new.mkdir(parents=True)
        yield new
        if not target.exists():
            new.rename(target)
        elif not replace:
            _move_into(new, target)
        else:
            target.rename(old)
            try:
                new.rename(target)
            except BaseException:
                old.rename(target)
                raise


def _move_into(source: Path, target: Path) -> None:
    """Move every file of one folder to its place in another."""
    for folder, _, names in os.walk(source):
        destination = target / Path(folder).relative_to(source)
        destination.mkdir(exist_ok=True)
        for name in names:
            (Path(folder) / name).replace(destination / name)
