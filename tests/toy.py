"""A toy world whose scores are known by hand, and a slow, obvious reference for every score.

The reference follows the written definitions with dicts, sets, loops and `math`; it shares no
line with the package, but for the encoder's vectors and the places among the topics, which are its
raw material.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from relatedevents import RelatedEvents, Weights
from relatedevents.encoders import encode_headlines
from relatedevents.engines import config
from relatedevents.features.tags import TagSpace, tag_key
from relatedevents.features.topics import TopicSpace

SIGNALS = (
    "semantic",
    "topic",
    "tags",
    "coverage",
    "words",
    "category",
    "time",
    "recency",
)
#: The columns of a long table of lists, in order.
COLUMNS = ("id", "rank", "related_id", "score", "probability", *SIGNALS, "shared_tags", "basis")
KEYWORDS = ("flood", "vote", "match", "strike", "court")


# Every signal at once.
ALL = Weights.only(
    semantic=0.5,
    topic=0.2,
    tags=0.3,
    coverage=0.2,
    category=0.15,
    words=0.3,
    time=0.4,
    recency=0.1,
    half_life=(7.0, 60.0),
    recency_half_life=20.0,
)
#: The same, where time needs a reason.
GATED = ALL.with_params(time_threshold=0.8)
CONTENT = ("semantic", "topic", "tags", "coverage", "words")


#: What encoders are tried with: two equal headlines and an empty one among them.
TREATIES = [
    "A treaty is signed in Oslo.",
    "A storm closes the port of Oslo, and an election is put off.",
    "An election is held.",
    "A treaty is signed in Oslo.",
    "",
]


class KeywordEncoder:
    """One dimension a keyword, 1 where the headline has it: cosines can be worked out by hand."""

    cache_key = "keywords"

    def __init__(self, keywords=KEYWORDS):
        self.keywords = tuple(keywords)

    def encode(self, texts):
        words = [set(re.findall(r"\w+", text.casefold())) for text in texts]
        return np.array(
            [[float(key in some) for key in self.keywords] for some in words], dtype=np.float32
        ).reshape(len(texts), len(self.keywords))


def small_model2vec_folder(folder):
    """A model2vec model of three words whose vectors can be added in the head."""
    from model2vec import StaticModel
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    vocabulary = {"[UNK]": 0, "treaty": 1, "storm": 2, "election": 3}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    vectors = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=np.float32)
    StaticModel(vectors, tokenizer, {"model_type": "model2vec"}).save_pretrained(folder)
    return folder


class ConstantEncoder:
    """Every headline is like every other: ties by the thousand."""

    def encode(self, texts):
        return np.ones((len(texts), 2), dtype=np.float32)


class RandomEncoder:
    """Vectors of float32 noise around a few centres, the same for the same text."""

    def __init__(self, width=8, noise=1e-4):
        self.width, self.noise = width, noise

    def encode(self, texts):
        rows = []
        for text in texts:
            seed = list(text.encode())
            centre = np.random.default_rng(seed[0]).normal(size=self.width)
            rows.append(centre + self.noise * np.random.default_rng(seed).normal(size=self.width))
        return np.array(rows, dtype=np.float32)


# id, date, headline, tags. "Spain" and "spain" are one tag; u* are undated, e* have no evidence.
TOY = [
    ("a1", "2012-01-10", "Flood hits town", ["Spain", "Flood"]),
    ("a2", "2012-01-10", "Flood hits town", ["Spain", "Flood"]),
    ("a3", "2012-01-20", "Flood and strike", ["spain", "Rain"]),
    ("b1", "2012-02-09", "Vote in town", ["France", "Vote"]),
    ("b2", "2012-03-10", "Vote and court", ["France"]),
    ("b3", "2012-02-09", "Court", ["France", "Vote", "Law"]),
    ("c1", "2011-12-31", "Match", []),
    ("c2", "2012-12-31", "Match", []),
    ("u1", None, "Strike", ["Spain"]),
    ("u2", None, "The", []),
    ("e1", "2010-05-01", "Zebra", []),
    ("e2", "2009-05-01", "Quartz", ["Unique"]),
]


def toy_frame(rows=TOY):
    return pd.DataFrame(rows, columns=["id", "date", "headline", "tags"])


def toy_model(weights=None, **params):
    params = {"encoder": KeywordEncoder(), **params}
    return RelatedEvents(weights=weights or Weights(), **params).fit(toy_frame())


def random_frame(seed, n, *, days=40, undated=0.2, untagged=0.2, words=None):
    """A small archive with doubled headlines, ties, undated and untagged events, odd spellings."""
    rng = np.random.default_rng(seed)
    words = words or [*KEYWORDS, "the", "town", "army", "Rome", "peace", "is", "xylophone"]
    tags = ["Everywhere", "Spain", "spain", "France", "Mali", "MALI", "Law", "Rain–Sun", "Rain-Sun"]
    rows = []
    categories = ["Sport", "Sports", "Law and crime", "Crime", "", None]
    for number in rng.permutation(n):
        headline = " ".join(rng.choice(words, size=rng.integers(1, 5)))
        date = None
        if rng.random() >= undated:
            date = pd.Timestamp("2012-01-01") + pd.Timedelta(days=int(rng.integers(0, days)))
        some = list(rng.choice(tags, size=rng.integers(1, 5))) if rng.random() >= untagged else []
        category = categories[rng.integers(0, len(categories))]
        rows.append((f"id{number}", date, headline, [str(tag) for tag in some], category))
    return pd.DataFrame(rows, columns=["id", "date", "headline", "tags", "category"]).astype(
        {"date": "datetime64[s]"}
    )


class Slow:
    """The slow reference over an archive: `parts`, `score`, `order`, `lists`."""

    def __init__(self, frame, encoder, weights, aliases=None):
        self.weights = weights
        aliases = {tag_key(alias): tag_key(tag) for alias, tag in (aliases or {}).items()}
        self.key = lambda tag: aliases.get(tag_key(tag), tag_key(tag))
        self.encoder = encoder
        self.ids = frame["id"].tolist()
        self.row = {id_: row for row, id_ in enumerate(self.ids)}
        self.days = [self.day(date) for date in frame["date"]]
        self.n = len(frame)
        tags = [{self.key(tag) for tag in some} for some in frame["tags"]]
        self.tag_df = Counter(tag for some in tags for tag in some)
        words = [self.count(headline) for headline in frame["headline"]]
        df = Counter(word for some in words for word in some)
        self.word_df = {word: many for word, many in df.items() if many > 1}
        vectors = encode_headlines(encoder, frame["headline"])
        names = frame["category"] if "category" in frame.columns else [None] * self.n
        self.tag_space, self.topic_space, topics = self.topics_of(frame, aliases)
        self.events = [
            (*self.event(vector, some, count, day, topic, self.category(name)), id_)
            for vector, some, count, day, topic, name, id_ in zip(
                vectors, tags, words, self.days, topics, names, self.ids, strict=True
            )
        ]
        self.newest = max((day for day in self.days if day is not None), default=0)

    @staticmethod
    def day(date):
        return None if pd.isna(date) else (pd.Timestamp(date) - pd.Timestamp("1970-01-01")).days

    @staticmethod
    def count(headline):
        words = re.findall(r"\b\w\w+\b", headline.lower())
        return Counter(word for word in words if word not in ENGLISH_STOP_WORDS)

    @staticmethod
    def tie_break_order(frame):
        # Newest first: what is learned from all events is learned in this order.
        days = [math.inf if pd.isna(date) else -Slow.day(date) for date in frame["date"]]
        return sorted(range(len(frame)), key=lambda row: (days[row], frame["id"].iloc[row]))

    @staticmethod
    def topics_of(frame, aliases):
        order = Slow.tie_break_order(frame)
        tags = [list(frame["tags"].iloc[row]) for row in order]
        tag_space = TagSpace.fit(tags, aliases)
        space = TopicSpace.fit(tag_space.transform(tags).weights)
        return tag_space, space, space.transform(tag_space.transform(list(frame["tags"])).weights)

    @staticmethod
    def category(name):
        words = re.findall(r"[a-z]+", name.casefold()) if isinstance(name, str) else []
        return {word.rstrip("s") for word in words if word != "and"}

    def event(self, vector, tags, count, day, topic, category):
        idf = {tag: math.log((1 + self.n) / (1 + self.tag_df.get(tag, 0))) for tag in tags}
        tfidf = {
            word: (1 + math.log(tf)) * (math.log((1 + self.n) / (1 + self.word_df[word])) + 1)
            for word, tf in count.items()
            if word in self.word_df
        }
        topic = [float(x) for x in topic]
        return [float(x) for x in vector], self.unit(idf), self.unit(tfidf), day, topic, category

    def outside(self, headline, tags, date, category=None):
        vector = encode_headlines(self.encoder, [headline])[0]
        topic = self.topic_space.transform(self.tag_space.transform([list(tags)]).weights)[0]
        keys = {self.key(tag) for tag in tags}
        count, day = self.count(headline), self.day(date)
        # Its text stands for the id that it does not have.
        return (*self.event(vector, keys, count, day, topic, self.category(category)), None)

    @staticmethod
    def unit(weights):
        length = math.sqrt(math.fsum(value**2 for value in weights.values()))
        return {name: value / length if length else 0.0 for name, value in weights.items()}

    @staticmethod
    def dot(left, right):
        return math.fsum(left[name] * right[name] for name in left.keys() & right.keys())

    def parts(self, q, c):
        """All parts, in the order of SIGNALS."""
        w = self.weights
        (vq, tq, wq, dq, pq, kq, _), (vc, tc, wc, dc, pc, kc, _) = q, c
        cosine = max(0.0, math.fsum(x * y for x, y in zip(vq, vc, strict=True)))
        lives = w.half_life if isinstance(w.half_life, tuple) else (w.half_life,)
        time = 0.0
        if dq is not None and dc is not None:
            time = sum(0.5 ** (abs(dq - dc) / life) for life in lives) / len(lives)
        recency = 0.0
        if dc is not None:
            recency = 0.5 ** (max(self.newest - dc, 0) / w.recency_half_life)
        topic = max(0.0, math.fsum(x * y for x, y in zip(pq, pc, strict=True)))
        words = self.dot(wq, wc)
        category = len(kq & kc) / math.sqrt(len(kq) * len(kc)) if kq and kc else 0.0
        saturated = 1.2 * words / (words + 0.2)
        values = (
            min(cosine, 1.0),
            min(topic, 1.0),
            self.dot(tq, tc),
            len(tq.keys() & tc.keys()) / len(tq) if tq else 0.0,
            saturated,
            category,
            time,
            recency,
        )
        parts = {
            name: getattr(w, name) * value for name, value in zip(SIGNALS, values, strict=True)
        }
        if w.time_threshold:
            content = sum(parts[name] for name in CONTENT)
            parts["time"] *= min(1.0, content / w.time_threshold)
        return list(parts.values())

    def of_id(self, id_):
        return self.events[self.row[id_]]

    def score(self, id_, related_id):
        return sum(self.parts(self.of_id(id_), self.of_id(related_id)))

    def ranked(self, query, n, *, own=None, score=None, until=None, allowed=None, lowest=None):
        """The list in the tie-break order: (id, score) pairs.

        `score` is the exact score of a candidate's id (the reference's own where not given),
        `until` the last day, `allowed` a set of ids.
        """
        score = score or (lambda id_: sum(self.parts(query, self.of_id(id_))))
        found = self.ordered(score, own=own, until=until, allowed=allowed)
        return [(id_, value) for id_, value in found if lowest is None or value >= lowest][:n]

    def ordered(self, score, *, own=None, until=None, allowed=None):
        """Everyone in the order of a score: (id, score) pairs."""
        found = []
        for id_, day in zip(self.ids, self.days, strict=True):
            if id_ == own or (allowed is not None and id_ not in allowed):
                continue
            if until is not None and (day is None or day > until):
                continue
            value = score(id_)
            newer_first = -day if day is not None else math.inf
            found.append((-float(np.round(value, 6)), newer_first, id_, value))
        return [(id_, value) for _, _, id_, value in sorted(found)]


def lists_of(table):
    """{id: [related ids]} of a long table, in its order."""
    lists = {}
    for id_, related_id in zip(table["id"], table["related_id"], strict=True):
        lists.setdefault(id_, []).append(related_id)
    return lists


def configure(monkeypatch, **changes):
    """Let engines that are made from now on work with other numbers."""
    monkeypatch.setattr(config, "DEFAULTS", replace(config.DEFAULTS, **changes))


def engine_of(model, name=None):
    """The engine that finds a model's lists, or the one of a name."""
    retriever = model._retriever()
    if name is None:
        return retriever.fitted.engine(retriever.setup)
    return retriever.fitted.engine_named(name, retriever.setup)


def same_archive(model, **params):
    """Another model of the same fitted archive, under parameters of its own."""
    other = RelatedEvents(**{"encoder": model.encoder, **params})
    other._fitted = model._retriever().under(other.weights).fitted
    return other
