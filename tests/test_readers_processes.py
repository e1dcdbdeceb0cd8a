"""Reading by several processes: the same table, the same errors, and no process lost."""

import subprocess
import sys
import time

import pandas as pd
import pytest

pytest.importorskip("mwparserfromhell")

from relatedevents.errors import InputError, RelatedEventsWarning
from relatedevents.readers import read_events
from relatedevents.readers.processes import map_in_order

PAGES = 7

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("relatedevents.readers.wikitext._PAGES_AT_ONCE", 1)
    folder = tmp_path / "pages"
    folder.mkdir()
    for day in range(1, PAGES + 1):
        text = f";Trade\n*[[Tin strike]]\n**Mine {day} in [[Potosí]] closes. [http://a.ex (AP)]\n"
        text += "*A {{convert|5|km}} road opens. [http://b.ex (BBC)]\n*\nNo star here."
        (folder / f"2012_May_{day}.txt").write_text(text, encoding="utf-8")
    (folder / "2012_May_9.txt").write_bytes(b"*Malm\xf6 floods. {{hatnote|x}} [http://a.ex (AP)]")
    (folder / "2012_May_10.txt").write_bytes(b"")
    return folder


@pytest.mark.parametrize("n_jobs", [2, 3, 50])
def test_table_and_counts_do_not_depend_on_the_processes(folder, n_jobs):
    alone, together = read_events(folder, n_jobs=1), read_events(folder, n_jobs=n_jobs)
    pd.testing.assert_frame_equal(together, alone)
    assert together.attrs == alone.attrs
    assert list(together.attrs["reading"].items()) == list(alone.attrs["reading"].items())
    assert len(alone) == 2 * PAGES + 1


def test_the_first_error_is_raised_as_one_process_raises_it(folder, monkeypatch):
    for day in (3, 5):
        page = folder / f"2012_May_{day}.txt"
        page.unlink()
        page.symlink_to(folder / "gone")
    # A link that leads nowhere is no file: let it through, to fail where pages are read.
    monkeypatch.setattr("pathlib.Path.is_file", lambda path: path.suffix == ".txt")
    errors = []
    for n_jobs in (1, 3):
        with pytest.raises(FileNotFoundError) as caught:
            read_events(folder, format="wikitext", n_jobs=n_jobs)
        errors.append(str(caught.value))
    assert errors[0] == errors[1]
    assert "2012_May_3" in errors[0]


def test_a_helper_that_ends_is_told_and_its_pages_are_read(folder, monkeypatch, tmp_path):
    alone = read_events(folder, n_jobs=1)
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(broken))
    with pytest.warns(RelatedEventsWarning, match="ended with exit status 3.*read the rest"):
        together = read_events(folder, n_jobs=2)
    pd.testing.assert_frame_equal(together, alone)


@pytest.mark.parametrize("executable", ["/not/there/python", None])
def test_without_an_interpreter_one_process_reads(folder, monkeypatch, executable, recwarn):
    monkeypatch.setattr("sys.executable", executable)
    assert len(read_events(folder, n_jobs=2)) == 2 * PAGES + 1
    told = [str(warning.message) for warning in recwarn]
    assert len(told) == (executable is not None)
    assert all("No such file" in text for text in told)


def test_a_script_needs_no_guard(folder, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import relatedevents.readers.wikitext as wikitext\n"
        "wikitext._PAGES_AT_ONCE = 1\n"
        "from relatedevents import read_events\n"
        f"print(len(read_events({str(folder)!r}, n_jobs=2)))\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout == f"{2 * PAGES + 1}\n"


@pytest.mark.parametrize("n_jobs", [0, -1, 1.5, True, "2"])
def test_wrong_number_of_processes(folder, n_jobs):
    with pytest.raises(InputError, match=r"n_jobs: got .* a whole number of 1 or more"):
        read_events(folder, n_jobs=n_jobs)


def test_an_interrupt_leaves_no_helper(monkeypatch):
    started = []
    real = subprocess.Popen

    def popen(*args, **kwargs):
        started.append(real(*args, **kwargs))
        return started[-1]

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("subprocess.Popen", popen)
    monkeypatch.setattr("relatedevents.readers.processes._do_next", interrupted)
    with pytest.raises(KeyboardInterrupt):
        map_in_order(time.sleep, [600.0] * 9, 3)
    assert [process.poll() is not None for process in started] == [True, True]
