"""Teaching token vectors: the gradient, the steps, and when a new encoder is kept."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from relatedevents.errors import InputError
from relatedevents.learning.contrastive import (
    Lesson,
    contrastive_step,
    teach_vectors,
    token_shares,
)
from relatedevents.learning.pairs import sharing_pairs
from relatedevents.learning.teach import LEAST_PAIRS, adapt, levelled, mean_cosine

pytestmark = pytest.mark.slow

TOPICS = 40
WORDS_A_TOPIC = 6
LESSON = Lesson(
    rounds=12, pairs_a_round=1024, batch=128, learning_rate=0.02, map_rate=0, dropout=0.3
)


def slow_loss(vectors, left, right, alike, temperature):
    """Return the loss with plain loops over pairs."""

    def unit(rows):
        return [row / np.sqrt((row**2).sum()) for row in rows]

    u, v = unit(left.toarray() @ vectors), unit(right.toarray() @ vectors)
    total = 0.0
    for i in range(len(u)):
        row = [np.exp(u[i] @ v[j] / temperature) for j in range(len(u)) if not alike[i, j]]
        column = [np.exp(u[j] @ v[i] / temperature) for j in range(len(u)) if not alike[j, i]]
        own = np.exp(u[i] @ v[i] / temperature)
        total -= 0.5 * (np.log(own / sum(row)) + np.log(own / sum(column)))
    return total / len(u)


@pytest.fixture
def batch():
    random = np.random.default_rng(3)
    vectors = random.normal(size=(9, 5))
    left, right = (
        sparse.random(4, 9, density=0.6, random_state=seed, format="csr") for seed in (1, 2)
    )
    alike = np.zeros((4, 4), dtype=bool)
    alike[0, 2] = alike[3, 1] = True
    return vectors, left, right, alike


@pytest.mark.parametrize("temperature", [0.05, 0.7])
def test_loss_is_that_of_the_slow_reference(batch, temperature):
    loss, _ = contrastive_step(*batch, temperature)
    assert loss == pytest.approx(slow_loss(*batch, temperature))


@pytest.mark.parametrize("temperature", [0.05, 0.7])
def test_gradient_is_that_of_finite_differences(batch, temperature):
    vectors, *texts = batch
    _, gradient = contrastive_step(vectors, *texts, temperature)
    step = 1e-6
    for place in np.ndindex(*vectors.shape):
        moved = [vectors.copy(), vectors.copy()]
        moved[0][place] += step
        moved[1][place] -= step
        up, down = (contrastive_step(v, *texts, temperature)[0] for v in moved)
        assert gradient[place] == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-6)


def test_a_text_that_lost_all_its_tokens_moves_nothing(batch):
    vectors, left, right, alike = batch
    empty = sparse.csr_matrix(left.shape)
    loss, gradient = contrastive_step(vectors, empty, right, alike, 0.05)
    assert np.isfinite(loss)
    assert np.isfinite(gradient).all()


def topic_archive(n_events=1000, seed=0):
    """Return headlines, tags and dates: a topic has six words, a headline two of them."""
    random = np.random.default_rng(seed)
    topic = random.integers(0, TOPICS, n_events)
    words = random.integers(0, WORDS_A_TOPIC, (n_events, 2))
    noise = random.integers(0, 20, (n_events, 2))
    headlines = [
        f"t{t}w{a} n{c} t{t}w{b} n{d}"
        for t, (a, b), (c, d) in zip(topic, words, noise, strict=True)
    ]
    dates = np.datetime64("2010-01-01") + np.sort(random.integers(0, 300, n_events))
    return headlines, [[f"topic {t}"] for t in topic], dates


@pytest.fixture
def encoder():
    from model2vec import StaticModel
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    names = [f"t{t}w{w}" for t in range(TOPICS) for w in range(WORDS_A_TOPIC)]
    names += [f"n{i}" for i in range(20)]
    tokenizer = Tokenizer(
        WordLevel({name: row for row, name in enumerate([*names, "[UNK]"])}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = Whitespace()
    vectors = np.random.default_rng(0).normal(size=(len(names) + 1, 16)).astype(np.float32)
    return StaticModel(vectors, tokenizer, normalize=True)


def taught(encoder, lesson=LESSON):
    headlines, tags, dates = topic_archive()
    pairs = sharing_pairs(tags, dates, most_events=60, window_days=180)
    shares = token_shares(encoder.tokenize(headlines), len(encoder.embedding))
    return teach_vectors(encoder.embedding, shares, pairs, lesson), shares


def test_teaching_is_repeatable_and_leaves_its_input_alone(encoder):
    start = encoder.embedding.copy()
    first, _ = taught(encoder)
    second, _ = taught(encoder)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(encoder.embedding, start)
    other, _ = taught(encoder, Lesson(**{**vars(LESSON), "seed": 1}))
    assert not np.array_equal(first, other)


def test_teaching_lowers_the_loss_and_moves_seen_tokens_only(encoder):
    losses = []
    headlines, tags, dates = topic_archive()
    pairs = sharing_pairs(tags, dates, most_events=60, window_days=180)
    shares = token_shares(encoder.tokenize(headlines), len(encoder.embedding))
    new = teach_vectors(
        encoder.embedding,
        shares,
        pairs,
        LESSON,
        after_round=lambda _, loss, __: losses.append(loss),
    )
    assert len(losses) == LESSON.rounds
    assert losses[-1] < losses[0] - 0.5
    seen = np.zeros(len(new), dtype=bool)
    seen[np.unique(shares[pairs.events()].indices)] = True
    np.testing.assert_array_equal(new[~seen], encoder.embedding[~seen])
    assert (new[seen] != encoder.embedding[seen]).any(axis=1).all()


def test_with_a_map_tokens_move_that_no_pair_holds(encoder):
    headlines, tags, dates = topic_archive()
    known = [int(tag.split()[1]) < TOPICS // 2 for (tag,) in tags]
    pairs = sharing_pairs(
        [tag if is_known else [] for tag, is_known in zip(tags, known, strict=True)],
        dates,
        most_events=60,
        window_days=180,
    )
    shares = token_shares(encoder.tokenize(headlines), len(encoder.embedding))
    lesson = Lesson(**{**vars(LESSON), "map_rate": 0.01})
    new = teach_vectors(encoder.embedding, shares, pairs, lesson)
    unseen = np.setdiff1d(np.arange(len(new)), shares[pairs.events()].indices)
    moved = np.linalg.lstsq(encoder.embedding[unseen], new[unseen], rcond=None)[0]
    assert len(unseen) > 2 * new.shape[1]
    assert not np.allclose(moved, np.eye(new.shape[1]), atol=0.01)
    np.testing.assert_allclose(encoder.embedding[unseen] @ moved, new[unseen], atol=1e-4)


def slow_mean_cosine(texts):
    unit = [row / np.sqrt((row**2).sum()) if row.any() else row for row in texts.astype(float)]
    return np.mean([[u @ v for v in unit] for u in unit])


@pytest.mark.parametrize("most", [0.05, 0.3, 0.7])
def test_levelling_takes_out_no_more_of_the_common_than_it_has_to(most):
    random = np.random.default_rng(1)
    vectors = (random.normal(size=(12, 6)) + 3).astype(np.float32)
    shares = token_shares([list(random.integers(0, 12, 3)) for _ in range(30)] + [[]], 12)
    assert slow_mean_cosine(shares @ vectors) > 0.8
    new = levelled(vectors, shares, most)
    assert slow_mean_cosine(shares @ new) == pytest.approx(most, abs=1e-4)
    assert mean_cosine(shares @ new) == pytest.approx(slow_mean_cosine(shares @ new))
    # One and the same vector was taken from every token.
    taken = vectors - new
    np.testing.assert_allclose(taken, np.broadcast_to(taken[0], taken.shape), atol=1e-5)


def test_levelling_leaves_vectors_alone_that_have_no_more_in_common():
    vectors = np.random.default_rng(1).normal(size=(12, 6)).astype(np.float32)
    shares = token_shares([[row] for row in range(12)], 12)
    assert levelled(vectors, shares, 0.9) is vectors


def test_headlines_are_no_more_alike_than_before(encoder):
    headlines, tags, dates = topic_archive()
    kept, result = adapt(encoder, headlines, tags, dates, lesson=LESSON)
    before, after = (mean_cosine(one.encode(headlines)) for one in (encoder, kept))
    assert result.kept
    assert after <= before + 0.005


def test_an_archive_whose_tags_tell_something_gains(encoder):
    kept, result = adapt(encoder, *topic_archive(), lesson=LESSON)
    assert result.kept
    assert result.after > result.before + 0.2
    assert result.low > 0
    assert str(result).endswith("the taught encoder is kept.")
    assert kept is not encoder
    assert kept.encode(["t0w0 t0w1"]).shape == (1, 16)
    assert result.n_held_out > result.n_tags >= 30


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_tags_leave_the_old_encoder(encoder, seed):
    headlines, tags, dates = topic_archive()
    shuffled = [tags[row] for row in np.random.default_rng(seed).permutation(len(tags))]
    kept, result = adapt(encoder, headlines, shuffled, dates, lesson=LESSON)
    assert not result.kept
    assert kept is encoder
    assert "the one before is kept" in str(result) or "encoder before is kept" in str(result)


def test_a_worse_encoder_is_not_kept_and_the_reason_says_so(encoder):
    headlines, tags, dates = topic_archive()
    # Tags that tell the truth in the held-out part and lie before it.
    early = dates < np.sort(dates)[int(len(dates) * 0.85)]
    lying = [
        [f"topic {row % TOPICS}"] if is_early else tag
        for row, (is_early, tag) in enumerate(zip(early, tags, strict=True))
    ]
    good, _ = adapt(encoder, headlines, tags, dates, lesson=LESSON)
    kept, result = adapt(good, headlines, lying, dates, lesson=LESSON)
    assert not result.kept
    assert kept is good
    assert result.high < 0
    assert str(result).endswith("the taught encoder is worse: the one before is kept.")


def test_stories_are_learned_from_too(encoder):
    headlines, tags, dates = topic_archive()
    _, by_story = adapt(encoder, headlines, [[]] * len(tags), dates, stories=tags, lesson=LESSON)
    assert by_story.kept


def test_events_without_a_date_are_left_out(encoder):
    headlines, tags, dates = topic_archive()
    undated = dates.copy()
    undated[5:] = np.datetime64("NaT", "D")
    with pytest.raises(InputError, match=r"archive: got 1000 events with \d pairs"):
        adapt(encoder, headlines, tags, undated, lesson=LESSON)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"headlines": ["one"], "tags": [["a"]], "dates": np.array(["2010-01-01"], "M8[D]")},
         f"archive: got 1 events with 0 pairs .*; allowed: {LEAST_PAIRS} pairs or more. Keep"),
        ({"headlines": [], "tags": [], "dates": np.array([], "M8[D]")}, "0 events with 0 pairs"),
        ({"dates": np.array(["2010-01-01"], "M8[D]")}, "dates: got 1 for 1000 headlines"),
        ({"tags": [["a"]]}, "tags: got 1 for 1000 headlines"),
        ({"stories": [["a"]]}, "stories: got 1 for 1000 headlines"),
        ({"held_out": 0}, "held_out: got 0; allowed: a finite number above 0 up to 0.5"),
        ({"encoder": object()}, "encoder: got a object; allowed: a model2vec StaticModel"),
    ],
)  # fmt: skip
def test_what_adapt_refuses(encoder, change, message):
    headlines, tags, dates = topic_archive()
    good = {"encoder": encoder, "headlines": headlines, "tags": tags, "dates": dates}
    with pytest.raises(InputError, match=message):
        adapt(**{**good, **change})


def test_too_few_labels_to_measure_on_are_refused(encoder):
    headlines, tags, dates = topic_archive()
    few = [["one matter"] if row >= 800 else tag for row, tag in enumerate(tags)]
    with pytest.raises(InputError, match="tags and stories among the newest 15%; allowed: 30"):
        adapt(encoder, headlines, few, dates, lesson=LESSON)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rounds": 0}, "rounds: got 0"),
        ({"batch": 1}, "batch: got 1; allowed: a whole number of 2 or more"),
        ({"temperature": 0}, "temperature: got 0"),
        ({"dropout": 1.0}, "dropout: got 1.0"),
        ({"learning_rate": -1}, "learning_rate: got -1"),
        ({"map_rate": -0.1}, "map_rate: got -0.1"),
        ({"seed": -1}, "seed: got -1"),
    ],
)
def test_bad_lessons(change, message):
    with pytest.raises(InputError, match=message):
        Lesson(**change)
