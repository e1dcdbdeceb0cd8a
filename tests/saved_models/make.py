"""Write a saved model of the format as it is now, and what it answers, for later versions.

    python tests/saved_models/make.py

Run once for each format version; a folder that is there already is never written again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from model2vec import StaticModel
from tokenizers import Tokenizer, models, pre_tokenizers

sys.path.insert(0, str(Path(__file__).parents[1]))

from toy import toy_frame

from relatedevents import RelatedEvents, Weights
from relatedevents.store import FORMAT_VERSION

HERE = Path(__file__).parent
WORDS = ["[UNK]", "flood", "vote", "match", "strike", "court", "town", "hits", "and", "in"]
WEIGHTS = Weights(coverage=0.1, recency=0.2, tie_break="page")


def encoder() -> StaticModel:
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    vectors = np.random.default_rng(0).normal(size=(len(WORDS), 6)).astype(np.float32)
    return StaticModel(vectors, tokenizer, normalize=True)


def main() -> None:
    folder = HERE / f"format_{FORMAT_VERSION}"
    if folder.exists():
        sys.exit(f"{folder} is there already")
    frame = toy_frame().assign(category=["Sport", "Law"] * 6)
    model = RelatedEvents(encoder=encoder(), weights=WEIGHTS, tag_aliases={"rain": "Flood"})
    model.fit(frame)
    answers = model.related_all(5)
    model.save(folder / "model")
    answers.to_json(folder / "answers.json", orient="records", indent=1)


if __name__ == "__main__":
    main()
