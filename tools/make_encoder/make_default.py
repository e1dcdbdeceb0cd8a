"""Make the default encoder: the distilled static model, taught further with an archive's pairs.

Run it with ``python tools/make_encoder/make_default.py --start DISTILLED --data DATA --output
FOLDER``, where DISTILLED is what `distill.py` wrote. It reads events before
2014 only, and none of the stories that the encoder's figures are measured on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from distill import file_sha256, write_model
from left_out import left_out, overlap

from relatedevents._util.checks import problem
from relatedevents.encoders.static import quantise
from relatedevents.errors import InputError, RelatedEventsError
from relatedevents.features.tags import tag_key
from relatedevents.learning.contrastive import Lesson, teach_vectors, token_shares
from relatedevents.learning.teach import CLIP_PERCENTILE, archive_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

START_SHA256 = "d6a3563881f819ec2be513cef09cf8f3a187166d6060ffdc6a771f1b484ad1b5"
FIRST_DAY_UNSEEN = "2014-01-01"
ARCHIVE = "events.parquet"
TASK_EVENTS = "story_task_events.parquet"
TASK_QUERIES = ("story_task_tune.jsonl", "story_task_dev.jsonl", "story_task_later.jsonl")
LESSON = Lesson()


def make(
    start: Path, data: Path, lesson: Lesson
) -> tuple[npt.NDArray[np.int8], Any, dict[str, Any]]:
    """Teach the distilled model with the archive's pairs.

    Parameters
    ----------
    start : pathlib.Path
        The folder that `distill.py` wrote.
    data : pathlib.Path
        A folder with the archive and the story task.
    lesson : Lesson

    Returns
    -------
    vectors : ndarray of int8, shape (word pieces, 256)
    tokenizer : tokenizers.Tokenizer
    report : dict
        The lesson, what was left out, and what it learned from.

    Raises
    ------
    InputError
        When a file is missing, the start is another model, or an event of a task story is in a
        pair.
    """
    from model2vec import StaticModel

    began = time.perf_counter()
    _check_files(start, data)
    archive = pd.read_parquet(data / ARCHIVE)
    found = left_out(archive, pd.read_parquet(data / TASK_EVENTS), _task_ids(data))
    old = (archive["date"] < FIRST_DAY_UNSEEN).to_numpy()
    rows = np.flatnonzero(old & ~found.events)
    lessons = archive.iloc[rows]
    pairs = archive_pairs(
        [[tag_key(tag) for tag in tags] for tags in lessons["tags"]],
        [[tag_key(name) for name in names] for names in lessons["stories"]],
        lessons["date"].to_numpy(dtype=str).astype("datetime64[D]"),
    )
    in_pairs = rows[pairs.events()]
    leaking = overlap(in_pairs, archive, found)
    too_new = int((archive["date"].iloc[in_pairs] >= FIRST_DAY_UNSEEN).sum())
    counts = {
        **found.counts,
        "before_2014": int(old.sum()),
        "left_out_before_2014": int((old & found.events).sum()),
        "pairs": len(pairs),
        "events_in_pairs": len(in_pairs),
        "task_events_in_pairs": leaking,
        "events_of_2014_or_later_in_pairs": too_new,
    }
    if leaking or too_new:
        came = f"got {leaking} events of task stories and {too_new} of 2014 or later in pairs"
        raise InputError(problem("training pairs", came, "none"))
    model = StaticModel.from_pretrained(start)
    vectors = np.asarray(model.embedding, dtype=np.float32)
    vectors = vectors / np.linalg.norm(vectors, axis=1).mean()
    shares = token_shares(model.tokenize(lessons["headline"].tolist()), len(vectors))
    losses: list[float] = []
    taught = teach_vectors(
        vectors, shares, pairs, lesson, after_round=lambda _, loss, __: losses.append(loss)
    )
    report = {
        "lesson": asdict(lesson),
        "counts": counts,
        "losses": [round(loss, 4) for loss in losses],
        "seconds": round(time.perf_counter() - began, 1),
    }
    return quantise(taught, CLIP_PERCENTILE), model.tokenizer, report


def _check_files(start: Path, data: Path) -> None:
    needed = [data / name for name in (ARCHIVE, TASK_EVENTS, *TASK_QUERIES)]
    missing = [path.name for path in needed if not path.is_file()]
    if missing:
        came = f"{data} has no {', '.join(missing)}"
        allowed = (
            f"a folder with the archive ({ARCHIVE}: id, date, headline, tags, stories, surface) "
            f"and the story task ({TASK_EVENTS}, {', '.join(TASK_QUERIES)})"
        )
        todo = "These files are not part of the package; the default encoder that they made is."
        raise InputError(problem("--data", came, allowed, todo))
    weights = start / "model.safetensors"
    checksum = file_sha256(weights) if weights.is_file() else "no model.safetensors"
    if checksum != START_SHA256:
        came = f"{start} holds {checksum}"
        todo = "Make it: python tools/make_encoder/distill.py --output FOLDER."
        raise InputError(
            problem("--start", came, f"a folder with model.safetensors {START_SHA256}", todo)
        )


def _task_ids(data: Path) -> set[str]:
    ids: set[str] = set()
    for name in TASK_QUERIES:
        with (data / name).open(encoding="utf-8") as lines:
            for line in lines:
                query = json.loads(line)
                ids.update([query["id"], *query["relevant"]])
    return ids


def main(arguments: Sequence[str] | None = None) -> int:
    """Teach, write the folder and its report, and tell counts and checksums on stderr."""
    parser = argparse.ArgumentParser(
        prog="tools/make_encoder/make_default.py",
        description="Teach the distilled static model with an archive's pairs of headlines.",
    )
    parser.add_argument("--start", type=Path, required=True, help="folder that distill wrote")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="%(default)s")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument("--seed", type=int, default=LESSON.seed, help="default: %(default)s")
    options = parser.parse_args(arguments)
    try:
        lesson = Lesson(**{**asdict(LESSON), "seed": options.seed})
        vectors, tokenizer, report = make(options.start, options.data, lesson)
    except RelatedEventsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    report["sha256"] = write_model(options.output, vectors, tokenizer)
    text = json.dumps(report, indent=2) + "\n"
    (options.output / "teaching.json").write_text(text, encoding="utf-8")
    sys.stderr.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
