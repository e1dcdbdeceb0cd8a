"""Files that are there as a whole or not at all.

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

_ADVICE = {
    errno.ENOSPC: "Free some room, or name a path on another disk.",
    errno.EDQUOT: "Free some room, or name a path on another disk.",
    errno.EFBIG: "A file may be no larger here: raise that limit, or name a path on another disk.",
    errno.EACCES: "Name a path that you may write to.",
    errno.EPERM: "Name a path that you may write to.",
    errno.EEXIST: "A part of it is taken by a file.",
    errno.EROFS: "Name a path that you may write to.",
}


def unwritable(path: Path, error: OSError) -> InputError:
    """Return the error that tells a user why `path` can't be written.

    Examples
    --------
    >>> error = OSError(errno.ENOSPC, "No space left on device")
    >>> print(unwritable(Path("lists.csv"), error))
    path: 'lists.csv' can't be written (No space left on device); allowed: a path that can be
    written. Free some room, or name a path on another disk.
    """
    reason = error.strerror or str(error)
    advice = _ADVICE.get(error.errno or 0, "")
    came = f"'{path}' can't be written ({reason})"
    return InputError(problem("path", came, "a path that can be written", advice))


def _temporary(path: Path) -> Path:
    """Return a new hidden name beside `path`; short, as `path` may be as long as names can be."""
    return path.with_name(f".tmp-{secrets.token_hex(8)}")


def _undecodable(path: Path, error: UnicodeEncodeError) -> InputError:
    text = error.object[max(0, error.start - 20) : error.end + 20]
    came = f"'{path}' can't hold the text {text!r} (half a UTF-16 pair)"
    todo = "Replace that character in the archive."
    return InputError(problem("lists", came, "text that UTF-8 can write", todo))


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
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
    >>> with whole_file(folder / "new.txt") as temporary:
    ...     _ = temporary.write_text("all of it")
    >>> [path.name for path in folder.iterdir()]
    ['new.txt']
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        kind = "a folder" if target.is_dir() else "not a plain file"
        raise InputError(problem("path", f"'{path}' is {kind}", "the path of a file"))
    temporary = _temporary(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        # A disk may report that it is full only now.
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        raise unwritable(path, error) from error
    except UnicodeEncodeError as error:
        raise _undecodable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_text(path: Path) -> Iterator[TextIO]:
    """Give a UTF-8 text file with Unix line ends to write; see `whole_file`."""
    with (
        whole_file(path) as temporary,
        temporary.open("x", encoding="utf-8", newline="\n") as file,
    ):
        yield file


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder to fill; move what it holds to `path` if the block ends well.

    All of it is written before the first file moves. Files of the same name in `path` are
    replaced one by one, each as a whole, and other files there stay.

    Parameters
    ----------
    path : pathlib.Path
        The folder; it is made where it is missing.

    Yields
    ------
    pathlib.Path
        The temporary folder, beside `path`.

    Raises
    ------
    InputError
        If anything there can't be written.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_dir():
        raise InputError(problem("path", f"'{path}' is a file", "the path of a folder"))
    temporary = _temporary(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        yield temporary
        if target.exists():
            _move_into(temporary, target)
        else:
            temporary.replace(target)
    except OSError as error:
        raise unwritable(path, error) from error
    except UnicodeEncodeError as error:
        raise _undecodable(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _move_into(source: Path, target: Path) -> None:
    for folder, _, names in os.walk(source):
        place = target / Path(folder).relative_to(source)
        place.mkdir(exist_ok=True)
        for name in names:
            (Path(folder) / name).replace(place / name)
