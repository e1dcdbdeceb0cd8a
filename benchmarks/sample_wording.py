"""Compare the sample's headlines with those of the real archive around the same days.

The sample's facts come from the archive, its words must not. For every sample headline this
looks at all archive headlines up to three days away and reports

- the longest run of words that both have, where runs of seven or more words count as copied
  unless six or more of the shared words are capitalised in the sample (names, not wording);
- the highest cosine of character 3- to 5-gram counts within words.

Run it from the repository: ``python benchmarks/sample_wording.py ../shared/data/events.parquet``.
It prints counts of the sample, the nearest pairs by date and id of the sample's event (never the
archive's text), and exits with 1 if a headline is copied or nearer than the limit.
``--show`` prints the archive's headlines too, for whoever rewords an offender.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

SAMPLE = Path(__file__).parents[1] / "relatedevents" / "data" / "sample_events.jsonl"
DAYS_AROUND = 3
LONGEST_RUN = 6
NAMES_IN_RUN = 6
HIGHEST_COSINE = 0.65


def words(text: str) -> list[str]:
    """Return the words of a headline as written, without punctuation."""
    return re.findall(r"[\w']+", text)


def longest_shared_run(left: list[str], right: list[str]) -> list[str]:
    """Return the longest run of words (in any case) of `left` that `right` has too."""
    low_left, low_right = ([word.casefold() for word in side] for side in (left, right))
    lengths = [0] * (len(right) + 1)
    best_length, best_end = 0, 0
    for i, word in enumerate(low_left, start=1):
        previous = lengths
        lengths = [0] * (len(right) + 1)
        for j, other in enumerate(low_right, start=1):
            if word == other:
                lengths[j] = previous[j - 1] + 1
                if lengths[j] > best_length:
                    best_length, best_end = lengths[j], i
    return left[best_end - best_length : best_end]


def is_copied(run: list[str]) -> bool:
    """Tell whether a shared run is wording rather than a long proper name."""
    names = sum(word[0].isupper() or word[0].isdigit() for word in run)
    return len(run) > LONGEST_RUN and names < NAMES_IN_RUN


def compare(sample: pd.DataFrame, archive: pd.DataFrame) -> pd.DataFrame:
    """Return one row a sample event: its nearest archive headline and longest shared run.

    Parameters
    ----------
    sample, archive : pandas.DataFrame
        Columns `id`, `date` (ISO text or dates) and `headline`.

    Returns
    -------
    pandas.DataFrame
        Columns `id`, `headline`, `run` (list of words), `cosine`, `nearest` (the archive's
        headline by cosine) and `run_source` (the archive's headline with the longest run).
    """
    counter = CountVectorizer(analyzer="char_wb", ngram_range=(3, 5))
    archive_grams = normalize(counter.fit_transform(archive["headline"]).astype(np.float64))
    sample_grams = normalize(counter.transform(sample["headline"]).astype(np.float64))
    archive_days = pd.to_datetime(archive["date"]).to_numpy()
    found = []
    for row, event in enumerate(sample.itertuples(index=False)):
        distance = np.abs(archive_days - np.datetime64(event.date))
        around = np.flatnonzero(distance <= np.timedelta64(DAYS_AROUND, "D"))
        if not around.size:
            found.append((event.id, event.headline, [], 0.0, "", ""))
            continue
        cosines = (archive_grams[around] @ sample_grams[row].T).toarray().ravel()
        texts = archive["headline"].iloc[around].tolist()
        own = words(event.headline)
        runs = [longest_shared_run(own, words(text)) for text in texts]
        longest = max(range(len(runs)), key=lambda k: (is_copied(runs[k]), len(runs[k])))
        nearest = int(cosines.argmax())
        found.append(
            (
                event.id,
                event.headline,
                runs[longest],
                float(cosines[nearest]),
                texts[nearest],
                texts[longest],
            )
        )
    columns = ["id", "headline", "run", "cosine", "nearest", "run_source"]
    return pd.DataFrame(found, columns=columns)


def counts(sample: pd.DataFrame) -> dict[str, object]:
    """Return the figures of the sample that its card quotes."""
    in_stories = sample.loc[sample["story"] != "", "story"]
    return {
        "events": len(sample),
        "stories": in_stories.nunique(),
        "lone events": int((sample["story"] == "").sum()),
        "first day": min(sample["date"]),
        "last day": max(sample["date"]),
        "distinct tags": sample["tags"].explode().nunique(),
        "tags an event": round(float(sample["tags"].map(len).mean()), 1),
        "events without tags": int((sample["tags"].map(len) == 0).sum()),
        "words a headline": round(
            float(sample["headline"].map(lambda h: len(h.split())).mean()), 1
        ),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("archive", nargs="?", type=Path, help="events.parquet of the real archive")
    parser.add_argument("--show", action="store_true", help="print the archive's headlines too")
    parser.add_argument("--top", type=int, default=10, help="how many nearest pairs to print")
    arguments = parser.parse_args()
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    sample = pd.DataFrame([json.loads(line) for line in lines])
    for name, value in counts(sample).items():
        print(f"{name}: {value}")
    if arguments.archive is None:
        return 0
    archive = pd.read_parquet(arguments.archive, columns=["id", "date", "headline"])
    # The reference archive holds a few days that are no dates of the period; none is near ours.
    archive = archive[archive["date"].between(min(sample["date"])[:4], "2017-02")]
    pairs = compare(sample, archive.reset_index(drop=True))
    copied = pairs["run"].map(is_copied)
    near = pairs["cosine"] > HIGHEST_COSINE
    print(f"archive headlines compared: {len(archive)}, within {DAYS_AROUND} days")
    print(f"highest cosine: {pairs['cosine'].max():.3f}, median {pairs['cosine'].median():.3f}")
    print(f"longest shared run: {pairs['run'].map(len).max()} words")
    print(f"copied runs: {copied.sum()}, above cosine {HIGHEST_COSINE}: {near.sum()}")
    shown = pd.concat([pairs[copied], pairs.sort_values("cosine", ascending=False)])
    shown = shown.drop_duplicates("id").head(max(arguments.top, int(copied.sum())))
    for pair in shown.itertuples(index=False):
        print(f"{pair.cosine:.3f}  {' '.join(pair.run)!r}  {pair.id}")
        if arguments.show:
            print(f"       {pair.headline}\n       {pair.nearest}\n       {pair.run_source}")
    return int(copied.any() or near.any())


if __name__ == "__main__":
    sys.exit(main())
