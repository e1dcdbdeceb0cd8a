"""Kernels: compiled when first called, kept where that can be done, and never stopped by a disk."""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numba
import pytest
from numba.core import caching

import relatedevents
from relatedevents._util import _kernel_cache
from relatedevents._util._compiled import Kernel
from relatedevents.errors import RelatedEventsWarning

pytestmark = pytest.mark.slow

PACKAGE = Path(relatedevents.__file__).parent
NOBODY = 65534
SOURCE = """
from relatedevents._util._compiled import compiled

@compiled()
def twice(number):
    return 2 * number

@compiled()
def four_times(number):
    return twice(twice(number))
"""


@pytest.fixture
def kernels(tmp_path, monkeypatch):
    """Return what loads the kernels of a file anew, as another process would, and their folder."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(_kernel_cache, "_causes", [])
    (tmp_path / "some_kernels.py").write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("some_kernels", tmp_path / "some_kernels.py")

    def load():
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def hits(kernel):
    return sum(kernel._compiled().stats.cache_hits.values())


def kept(tmp_path, kind):
    return sorted((tmp_path / "cache").rglob(f"*.{kind}"))


def test_a_kernel_is_compiled_when_it_is_called_and_kept(kernels):
    first = kernels()
    assert not first.four_times.ready
    assert not first.twice.ready
    assert first.four_times(3) == 12
    assert first.four_times.ready
    assert first.twice.ready
    again = kernels()
    assert again.four_times(3) == 12
    assert hits(again.four_times) == 1


@pytest.mark.parametrize(("loaded", "most"), [(False, 10), (True, 80)])
def test_a_kernel_spares_itself_until_compiling_has_paid(kernels, monkeypatch, loaded, most):
    import numba

    # Less is worth compiling where the compiler is loaded.
    if loaded:
        monkeypatch.setitem(sys.modules, "numba", numba)
    else:
        monkeypatch.delitem(sys.modules, "numba")
    kernel = kernels().twice
    spared = [kernel.spares(work, most) for work in (4, 7, 4, 2, 1)]
    assert spared == [True, False, True, True, False]
    assert kernel.spares(0, most)
    monkeypatch.setitem(sys.modules, "numba", numba)
    kernel(1)
    assert not kernel.spares(0, most)


def test_many_calls_with_little_to_do_are_worth_compiling_too(kernels):
    kernel = kernels().twice
    assert [kernel.spares(1, 1 << 20) for _ in range(200)].count(True) in (16, 128)


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_file_is_made_anew(kernels, tmp_path, kind, damage):
    kernels().four_times(3)
    for path in kept(tmp_path, kind):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        after = kernels()
        assert after.four_times(3) == 12
    assert hits(after.four_times) == 0
    again = kernels()
    assert again.four_times(3) == 12
    assert hits(again.four_times) == 1


@pytest.mark.parametrize("method", ["_save_index", "_save_data"])
def test_a_full_disk_is_told_once(kernels, monkeypatch, method):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(caching.IndexDataCacheFile, method, full)
    with warnings.catch_warnings(record=True, action="always") as told:
        assert kernels().four_times(3) == 12
        assert kernels().twice(3) == 6
    assert [warning.category for warning in told] == [RelatedEventsWarning]
    assert "No space left" in str(told[0].message)


def test_a_file_that_may_not_be_read_is_no_file(kernels, monkeypatch):
    kernels().twice(3)

    def refused(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(caching.IndexDataCacheFile, "_load_index", refused)
    with pytest.warns(RelatedEventsWarning, match="NUMBA_CACHE_DIR"):
        assert kernels().twice(3) == 6


def test_without_any_folder_kernels_are_compiled_all_the_same(kernels, monkeypatch):
    monkeypatch.setattr(caching.CompileResultCacheImpl, "_locator_classes", [])
    with pytest.warns(RelatedEventsWarning, match="NUMBA_CACHE_DIR to a folder") as told:
        assert kernels().four_times(3) == 12
    assert len(told) == 1


LISTS = """
import sys
from relatedevents import RelatedEvents, load_sample
from relatedevents._util._compiled import Kernel
archive = load_sample()
model = RelatedEvents().fit(archive)
print(len(model.related(archive["id"][0])))
Kernel.spares = lambda *_: False
print(len(model.related_all(3)), len(model.related(archive["id"][0], near_duplicates="drop")))
"""


@pytest.fixture
def as_nobody():
    """Return the command that runs another as a user who owns nothing, or skip."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root may run a program as another user")
    if shutil.which("setpriv") is None:
        pytest.skip("needs setpriv (util-linux)")
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    # Python itself may lie in root's home: this user may read everything, and write nothing.
    command += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    tried = subprocess.run([*command, sys.executable, "-c", ""], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no other user can run Python here: {tried.stderr.strip()}")
    return command


@pytest.mark.parametrize("home", ["/nonexistent", None])
def test_where_nothing_can_be_written_lists_are_made_after_one_warning(as_nobody, home):
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)
        shutil.copytree(
            PACKAGE, place / "relatedevents", ignore=shutil.ignore_patterns("__pycache__")
        )
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": folder}
        environment |= {} if home is None else {"HOME": home}
        done = subprocess.run(
            [*as_nobody, sys.executable, "-c", LISTS],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        left = [path for path in place.rglob("*") if path.suffix in (".pyc", ".nbi", ".nbc")]
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["10", "1191", "10"]
    assert done.stderr.count("RelatedEventsWarning") == 1
    assert done.stderr.count("NUMBA_CACHE_DIR") == 1
    assert left == []


def test_importing_kernels_imports_no_compiler():
    modules = sorted(PACKAGE.rglob("*kernels*.py")) + sorted(PACKAGE.glob("**/kernels/*.py"))
    names = {
        ".".join(module.relative_to(PACKAGE.parent).with_suffix("").parts) for module in modules
    }
    assert len(names) > 5
    code = f"import sys, {', '.join(sorted(names))}\nprint('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
    assert isinstance(
        importlib.import_module("relatedevents.signals._pair_kernels").cosines, Kernel
    )
