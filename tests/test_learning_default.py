"""Making the default encoder: what must stay out does, and what is missing is said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from left_out import left_out, overlap
from make_default import _task_ids, main

pytestmark = pytest.mark.slow

DATA = Path(__file__).parents[2] / "shared" / "data"


def event(headline, tags=(), stories=(), surface=None, date="2010-01-01"):
    texts = list(tags[len(stories) :] if surface is None else surface)
    return {
        "date": date,
        "headline": headline,
        "tags": [*tags],
        "stories": [*stories],
        "surface": texts,
    }


ARCHIVE = [
    event("Great flood: The river rises.", ["Great flood", "River"], ["Great flood"]),
    event("The army helps.", ["Army", "Great  Flood"], surface=["army", "the floods"]),
    event("Water is short.", ["Great Flood of 2010"], surface=["the floods"]),
    event("A school closes after the great flood.", ["School"]),
    event("An election is held.", ["Election"], surface=["election"]),
    event("A minister resigns.", ["Minister"], surface=["minister", "the floods"]),
    event("The river rises.", ["River"], date="2011-01-01"),
]
TASK = pd.DataFrame(
    [
        {"id": "q", "date": "2010-01-01", "headline": "The river rises.", "tags": ["River"]},
        {"id": "x", "date": "2010-01-01", "headline": "An election is held.", "tags": ["Election"]},
    ]
)


def test_a_story_stays_out_under_every_spelling():
    found = left_out(pd.DataFrame(ARCHIVE), TASK, ["q"])
    assert found.names == {"great flood"}
    assert found.task.tolist() == [True, *[False] * 6]
    # Its own name; another case and blanks; another target of its text; its name in a headline;
    # its text. Not: another event of the day, and the same headline a year on.
    assert found.events.tolist() == [True, True, True, True, False, True, False]
    assert found.spellings == {"the floods", "great flood of 2010"}
    assert found.counts["task_events"] == found.counts["found_again"] == 1
    assert found.counts["left_out"] == 5


def test_the_count_of_leaks_does_not_trust_the_mask():
    archive = pd.DataFrame(ARCHIVE)
    found = left_out(archive, TASK, ["q"])
    found.events[:] = False
    assert overlap(np.arange(7), archive, found) == 4
    assert overlap(np.array([4, 6]), archive, found) == 0


def test_a_day_without_anything_alike_stays_out_whole():
    task = TASK.assign(headline=["Entirely other words", ""], tags=[["Zebra"], []])
    found = left_out(pd.DataFrame(ARCHIVE), task, ["q"])
    assert found.task.tolist() == [True] * 6 + [False]


@pytest.mark.parametrize("script", ["distill.py", "make_default.py"])
def test_it_runs_as_a_script_from_anywhere(script, tmp_path):
    root = Path(__file__).parents[1]
    command = [sys.executable, str(root / "tools" / "make_encoder" / script), "--help"]
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"usage: tools/make_encoder/{script}")


def test_without_the_data_it_says_what_it_needs(tmp_path, capsys):
    code = main(
        ["--start", str(tmp_path), "--data", str(tmp_path), "--output", str(tmp_path / "o")]
    )
    said = capsys.readouterr().err
    assert code == 2
    assert "has no events.parquet, story_task_events.parquet, story_task_tune.jsonl" in said
    assert "headline, tags, stories, surface" in said
    assert not (tmp_path / "o").exists()


def test_another_start_is_refused(tmp_path, capsys):
    names = ["events.parquet", "story_task_events.parquet"]
    names += [f"story_task_{part}.jsonl" for part in ("tune", "dev", "later")]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "model.safetensors").write_bytes(b"other")
    code = main(
        ["--start", str(tmp_path), "--data", str(tmp_path), "--output", str(tmp_path / "o")]
    )
    assert code == 2
    assert "--start" in (said := capsys.readouterr().err)
    assert "python tools/make_encoder/distill.py" in said


@pytest.mark.shared
@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data")
def test_no_event_of_the_task_is_left_in_the_real_archive():
    archive = pd.read_parquet(DATA / "events.parquet")
    found = left_out(archive, pd.read_parquet(DATA / "story_task_events.parquet"), _task_ids(DATA))
    assert found.counts["task_events"] == found.counts["found_again"] == 5532
    assert overlap(np.flatnonzero(~found.events), archive, found) == 0
