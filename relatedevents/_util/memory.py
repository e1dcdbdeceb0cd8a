"""Memory: how much of it an engine may take of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from relatedevents._util.checks import problem
from relatedevents.errors import InputError

# A block so small loses little more by being halved again.
_SMALLEST_BLOCK = 64
# Bytes that are always there.
_TRIFLE = 2**26


def available_memory() -> int | None:
    """Return how many bytes this process can still take, None where the system does not say.

    That is what the machine has left, or what the process's control group may still take.
    """
    known = [left for left in (_machine_left(), *_groups_left()) if left is not None]
    return min(known, default=None)


def fitting_block(size: int, fixed: int, bytes_of: Callable[[int], int]) -> int:
    """Return the block size, halved until it takes no more than half of the memory left.

    Parameters
    ----------
    size : int
        What was asked for.
    fixed : int
        Bytes that any size takes.
    bytes_of : callable
        The bytes that the buffers of all workers take at a size.

    Raises
    ------
    InputError
        If the smallest block does not fit.
    """
    left = available_memory()
    if left is None:
        return size
    while size > _SMALLEST_BLOCK and fixed + bytes_of(size) > left // 2:
        size = max(size // 2, _SMALLEST_BLOCK)
    needed = fixed + bytes_of(size)
    if needed > left:
        came = f"even blocks of {size} rows take {_gigabytes(needed)}"
        todo = "Ask for fewer related events, or take fewer threads."
        raise InputError(problem("block_size", came, _room(left), todo))
    return size


def check_lists_fit(n_queries: int, n: int, bytes_each: int) -> None:
    """Raise `InputError` if the lists themselves can't fit into memory."""
    needed = n_queries * n * bytes_each
    # A list for one event should not wait for the system's files.
    left = available_memory() if needed > _TRIFLE else None
    if left is not None and needed > left:
        came = f"{n_queries} lists of {n} take {_gigabytes(needed)}"
        todo = "Ask for fewer, or for some events at a time."
        raise InputError(problem("n", came, _room(left), todo))


def _room(left: int) -> str:
    return f"what fits into the {_gigabytes(left)} of memory that are left"


def _gigabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.1f} GB"


def _machine_left() -> int | None:
    lines = _text(Path("/proc/meminfo")).splitlines()
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None


def _groups_left() -> Iterator[int | None]:
    for line in _text(Path("/proc/self/cgroup")).splitlines():
        _, kinds, path = line.split(":", 2)
        if not kinds:
            root, limit, usage, reusable = "", "memory.max", "memory.current", "inactive_file"
        elif "memory" in kinds.split(","):
            root, limit, usage = "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
            reusable = "total_inactive_file"
        else:
            continue
        base = Path("/sys/fs/cgroup", root)
        # A container may see its own group as the root, whatever path it is told; a group is
        # bound by the limits of those above it too.
        group = base / path.lstrip("/")
        for folder in (group, *group.parents):
            if folder == base.parent:
                break
            yield _group_left(folder, limit, usage, reusable)


def _group_left(folder: Path, limit: str, usage: str, reusable: str) -> int | None:
    most, used = _text(folder / limit).strip(), _text(folder / usage).strip()
    if not (most.isdigit() and used.isdigit()):
        return None
    # What files left in the cache counts as used, and is given back when it is needed.
    lines = [line.split() for line in _text(folder / "memory.stat").splitlines()]
    cached = sum(int(line[1]) for line in lines if line[0] == reusable)
    return max(int(most) - int(used) + cached, 0)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
