"""Adapting: an encoder taught by an archive's own tags, kept only where it surely gains."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from toy import KeywordEncoder

from relatedevents import RelatedEvents, Weights
from relatedevents.cli import main
from relatedevents.encoders import (
    encoder_fingerprint,
    is_static,
    resolve_encoder,
    save_encoder,
    static_of_parts,
    static_parts,
)
from relatedevents.errors import InputError, StoreError
from relatedevents.learning.reports import Adaptation

pytestmark = pytest.mark.slow

SYLLABLES = ("ba", "ko", "ri", "tu", "me", "lo", "za", "ni", "fe", "du", "sha", "gro", "pel", "wim")


def invented(n_topics=40, events_a_topic=25, seed=0):
    """An archive in invented words: only its tags tell which of them belong together."""
    random = np.random.default_rng(seed)

    def word():
        return "".join(random.choice(SYLLABLES, 3))

    words = [[word() for _ in range(6)] for _ in range(n_topics)]
    filling = [word() for _ in range(20)]
    topics = random.permutation(np.repeat(np.arange(n_topics), events_a_topic))
    headlines = [
        " ".join([*random.choice(words[topic], 2, replace=False), *random.choice(filling, 2)])
        for topic in topics
    ]
    days = np.sort(random.integers(0, 300, len(topics)))
    return pd.DataFrame(
        {
            "id": [f"e{row}" for row in range(len(topics))],
            "date": pd.Timestamp("2010-01-01") + pd.to_timedelta(days, unit="D"),
            "headline": headlines,
            "tags": [[f"Topic {topic}"] for topic in topics],
        }
    )


def shuffled(frame, seed=0):
    tags = frame["tags"].sample(frac=1, random_state=seed).tolist()
    return frame.assign(tags=pd.Series(tags, index=frame.index))


ARCHIVE = invented()


@pytest.fixture(scope="module")
def model():
    return RelatedEvents(weights=Weights.only(semantic=1, time=0.1), n_related=4).fit(ARCHIVE)


@pytest.fixture(scope="module")
def taught(model):
    return model.adapt()


@pytest.fixture(scope="module")
def folder(taught, tmp_path_factory):
    return taught.save(tmp_path_factory.mktemp("taught") / "model")


def right_share(model, frame=ARCHIVE):
    """How much of the lists is of the query's own topic, its tags unseen."""
    topic = dict(zip(frame["id"], frame["tags"].str[0], strict=True))
    lists = model.related_all(10)
    return float((lists["id"].map(topic) == lists["related_id"].map(topic)).mean())


def test_an_archive_whose_tags_tell_something_gains(model, taught):
    told = taught.adaptation_
    assert told.kept
    assert told.low > 0.1
    assert told.gain == pytest.approx(told.after - told.before)
    assert told.low < told.gain < told.high
    assert told.n_events < len(ARCHIVE) - told.n_held_out
    # The lists, which the report does not look at, are better too.
    assert right_share(taught) > right_share(model) + 0.2


def test_adapt_gives_a_new_model_and_leaves_the_old(model, taught):
    assert taught is not model
    assert not hasattr(model, "adaptation_")
    assert model.encoder == "default"
    assert encoder_fingerprint(model.encoder_) == encoder_fingerprint(resolve_encoder("default"))
    assert taught.encoder is not model.encoder_
    assert taught.weights == model.weights
    # It is what a fit with the taught encoder gives.
    fresh = RelatedEvents(encoder=taught.encoder, weights=model.weights, n_related=4).fit(ARCHIVE)
    pd.testing.assert_frame_equal(taught.related_all(), fresh.related_all())
    pd.testing.assert_frame_equal(
        clone(taught).fit(ARCHIVE).related_all(), fresh.related_all(), check_exact=True
    )


def test_neither_the_order_of_the_archive_nor_its_spelling_of_tags_matters(taught):
    mixed = ARCHIVE.sample(frac=1, random_state=3)
    mixed["tags"] = [
        [tag.upper() if row % 2 else tag for tag in tags] for row, tags in enumerate(mixed["tags"])
    ]
    weights = Weights.only(semantic=1, tie_break="column:headline:ascending")
    again = RelatedEvents(weights=weights).fit(mixed).adapt()
    assert again.adaptation_ == taught.adaptation_
    assert encoder_fingerprint(again.encoder_) == encoder_fingerprint(taught.encoder_)


def test_the_seed_draws_the_lesson(model, taught):
    other = model.adapt(seed=1)
    assert other.adaptation_.kept
    assert encoder_fingerprint(other.encoder_) != encoder_fingerprint(taught.encoder_)


def test_tag_aliases_are_one_tag(model, taught):
    other = {f"Matter {number}": f"Topic {number}" for number in range(40)}
    name_of = {tag: alias for alias, tag in other.items()}
    frame = ARCHIVE.assign(
        tags=[
            [name_of[tag] if row % 2 else tag for tag in tags]
            for row, tags in enumerate(ARCHIVE["tags"])
        ]
    )
    united = RelatedEvents(tag_aliases=other).fit(frame).adapt().adaptation_
    assert united == taught.adaptation_
    assert RelatedEvents().fit(frame).adapt().adaptation_.n_pairs < united.n_pairs


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_tags_keep_the_old_encoder_and_the_report_says_so(seed):
    model = RelatedEvents().fit(shuffled(ARCHIVE, seed))
    kept = model.adapt()
    told = kept.adaptation_
    assert not told.kept
    assert told.low <= 0.0
    assert kept is not model
    assert kept.encoder_ is model.encoder_
    assert kept.encoder == "default"
    assert "a gain is not certain: the encoder before is kept" in str(told) or told.high < 0.0
    pd.testing.assert_frame_equal(kept.related_all(3), model.related_all(3))


def test_what_was_kept_by_name_is_saved_by_name(tmp_path):
    kept = RelatedEvents().fit(shuffled(ARCHIVE)).adapt()
    place = kept.save(tmp_path / "kept")
    assert not list(place.glob("encoder*"))
    loaded = RelatedEvents.load(place)
    assert loaded.encoder == "default"
    assert loaded.adaptation_ == kept.adaptation_


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "the taught encoder is kept."),
        ({"kept": False, "gain": 0.01, "low": -0.02}, "a gain is not certain: the encoder before"),
        (
            {"kept": False, "gain": -0.1, "low": -0.2, "high": -0.01},
            "the taught encoder is worse: the one before is kept.",
        ),
    ],
)
def test_the_report_prints(told, words):
    numbers = {"before": 0.2, "after": 0.4, "gain": 0.2, "low": 0.1, "high": 0.3}
    counts = {"n_pairs": 7921, "n_events": 850, "n_held_out": 147, "n_tags": 37}
    report = Adaptation(**{"kept": True, "metric": "ndcg@10", **numbers, **counts, **told})
    text = str(report)
    assert text.startswith("7,921 pairs of 850 events that share a rare tag; ndcg@10 on 147 newer")
    assert words in text
    assert f"gain {report.gain:+.3f} (99 %: {report.low:+.3f} to {report.high:+.3f})" in text
    assert Adaptation.from_dict(json.loads(json.dumps(report.to_dict()))) == report
    with pytest.warns(DeprecationWarning, match=r"^Adaptation\.figure is now called metric"):
        assert report.figure == report.metric


# --- what can't be taught -------------------------------------------------------------------


def with_encoder(encoder, frame=ARCHIVE):
    return RelatedEvents(encoder=encoder).fit(frame)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda m: with_encoder("default", ARCHIVE.head(30)).adapt(),
            r"^archive: got 30 events with \d+ pairs that share a rare tag.*; allowed: 2000 pairs "
            r"or more\. Keep the encoder that you have, or come back when the archive has grown\.$",
        ),
        (
            lambda m: with_encoder("default", ARCHIVE.assign(tags=[[]] * len(ARCHIVE))).adapt(),
            "^archive: got 1000 events with 0 pairs",
        ),
        (
            lambda m: with_encoder("default", ARCHIVE.assign(date=None)).adapt(),
            "^archive: got 1000 events with 0 pairs",
        ),
        (
            lambda m: with_encoder(KeywordEncoder()).adapt(),
            r"^encoder: the model's is a KeywordEncoder, which can't be taught here; allowed: a "
            r"static \(model2vec\) encoder, such as encoder='default'\. Train any other kind with "
            r"its own library \(a sentence-transformers model with sentence-transformers\), then "
            r"fit with encoder=that object\.$",
        ),
        (lambda m: m.adapt(held_out=0), "^held_out: got 0; allowed: a finite number above 0 up"),
        (lambda m: m.adapt(held_out=0.6), "^held_out: got 0.6"),
        (lambda m: m.adapt(held_out="all"), "^held_out: got 'all'"),
        (lambda m: m.adapt(seed=-1), "^seed: got -1; allowed: a whole number of 0 or more"),
        (lambda m: m.adapt(held_out=0.0001), r"^archive: got \d+ tags and stories among the newe"),
    ],
)
def test_bad_input(model, ask, message):
    with pytest.raises(InputError, match=message):
        ask(model)


def test_a_model_without_an_archive_says_so():
    with pytest.raises(ValueError, match="has no archive yet: call fit or load first"):
        RelatedEvents().adapt()


# --- saving ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mmap", [True, False])
def test_a_taught_encoder_comes_back_by_itself(taught, folder, mmap):
    loaded = RelatedEvents.load(folder, mmap=mmap)
    assert loaded.adaptation_ == taught.adaptation_
    assert encoder_fingerprint(loaded.encoder_) == encoder_fingerprint(taught.encoder_)
    pd.testing.assert_frame_equal(loaded.related_all(), taught.related_all())
    headline = f"{ARCHIVE['headline'][7]} {ARCHIVE['headline'][8]}"
    pd.testing.assert_frame_equal(loaded.related_to(headline), taught.related_to(headline))


def test_update_works_after_loading(taught, folder):
    new = pd.DataFrame(
        [("new", "2010-11-30", ARCHIVE["headline"][5], ARCHIVE["tags"][5])],
        columns=["id", "date", "headline", "tags"],
    )
    loaded = RelatedEvents.load(folder)
    assert "new" in loaded.update(new)
    whole = RelatedEvents(encoder=taught.encoder, weights=taught.weights, n_related=4)
    whole.fit(pd.concat([ARCHIVE, new], ignore_index=True))
    assert loaded.related("new", 3)["related_id"].tolist() == (
        whole.related("new", 3)["related_id"].tolist()
    )


def test_a_loaded_model_is_saved_again_with_its_encoder(taught, folder, tmp_path):
    once = RelatedEvents.load(folder)
    again = RelatedEvents.load(once.save(tmp_path / "again"))
    again.save(tmp_path / "again")
    third = RelatedEvents.load(tmp_path / "again")
    assert encoder_fingerprint(third.encoder_) == encoder_fingerprint(taught.encoder_)
    assert third.adaptation_ == taught.adaptation_


def test_learning_goes_on_from_a_loaded_model(folder):
    loaded = RelatedEvents.load(folder)
    again = loaded.adapt(held_out=0.2)
    assert again.adaptation_.n_pairs < loaded.adaptation_.n_pairs
    # Reading a report of the weights does not lose that of the encoder.
    links = {id_: [ARCHIVE["id"][row + 1]] for row, id_ in enumerate(ARCHIVE["id"][:30])}
    tuned = loaded.tune(links, n_folds=2)
    assert tuned.adaptation_ == loaded.adaptation_
    assert tuned.adapt(held_out=0.2).tuning_ is tuned.tuning_


def test_an_encoder_given_to_load_has_its_say(taught, folder):
    loaded = RelatedEvents.load(folder, encoder=taught.encoder)
    assert loaded.encoder_ is taught.encoder
    with pytest.raises(StoreError, match="gives other vectors than the model was fitted with"):
        RelatedEvents.load(folder, encoder="default")


def sealed(folder, name, content):
    """Write a file into a saved model with its checksum put right, as a forger would."""
    head = json.loads((folder / "model.json").read_text())
    (folder / name).write_bytes(content)
    head["files"][name] = hashlib.sha256(content).hexdigest()
    (folder / "model.json").write_text(json.dumps(head))


def test_a_byte_flipped_in_the_encoder_is_told(taught, tmp_path):
    place = taught.save(tmp_path / "model")
    path = place / "encoder_embeddings.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"encoder_embeddings\.npy: is damaged: its checksum"):
        RelatedEvents.load(place)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["encoder"].update(tokenizer="{"),
        lambda s: s["encoder"].update(tokenizer=5),
        lambda s: s["encoder"].pop("normalize"),
        lambda s: s["adaptation"].pop("low"),
        lambda s: s["adaptation"].update(luck=1),
        lambda s: s.update(adaptation=[]),
        lambda s: s.update(tuning={}),
    ],
)
def test_a_forged_lesson_is_an_error_of_the_store(taught, tmp_path, change):
    place = taught.save(tmp_path / "model")
    settings = json.loads((place / "settings.json").read_text("utf-8"))
    change(settings)
    sealed(place, "settings.json", json.dumps(settings).encode())
    with pytest.raises(StoreError, match="lacks something, or holds a wrong thing"):
        RelatedEvents.load(place)


# --- a static encoder apart from a model ----------------------------------------------------


def test_an_encoder_saved_to_a_folder_is_an_encoder_by_name(taught, tmp_path):
    place = save_encoder(taught.encoder_, tmp_path / "mine")
    assert sorted(path.name for path in place.iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    named = RelatedEvents(encoder=str(place), weights=taught.weights, n_related=4).fit(ARCHIVE)
    assert encoder_fingerprint(named.encoder_) == encoder_fingerprint(taught.encoder_)
    pd.testing.assert_frame_equal(named.related_all(), taught.related_all())
    assert save_encoder(resolve_encoder("default"), place) == place
    assert encoder_fingerprint(resolve_encoder(place)) == encoder_fingerprint(
        resolve_encoder("default")
    )


def test_an_encoder_of_shared_vectors_keeps_its_weights_and_mapping(tmp_path):
    from model2vec import StaticModel

    whole = resolve_encoder("default")
    random = np.random.default_rng(0)
    size = len(whole.embedding)
    encoder = StaticModel(
        whole.embedding[:500],
        whole.tokenizer,
        normalize=False,
        weights=random.random(size).astype(np.float32),
        token_mapping=random.integers(0, 500, size),
        max_length=None,
    )
    texts = ["A treaty is signed.", "Quakes"]
    for again in (
        static_of_parts(*static_parts(encoder)),
        resolve_encoder(save_encoder(encoder, tmp_path / "e")),
    ):
        np.testing.assert_array_equal(again.encode(texts), encoder.encode(texts))
        assert not again.normalize
        assert again.max_length is None


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda folder: save_encoder(KeywordEncoder(), folder / "new"),
            r"^encoder: got a KeywordEncoder; allowed: a static \(model2vec\) encoder\. Save any",
        ),
        (
            lambda folder: save_encoder(resolve_encoder("default"), folder),
            r"^folder: '.*' holds something else; allowed: a new or empty folder, or an encoder's ",
        ),
        (
            lambda folder: save_encoder(resolve_encoder("default"), folder / "notes.txt"),
            r"^folder: '.*notes\.txt' holds something else",
        ),
        (
            lambda folder: save_encoder(resolve_encoder("default"), folder / "notes.txt" / "x"),
            r"^folder: '.*' can't be written \(File exists\)",
        ),
        (lambda folder: save_encoder(resolve_encoder("default"), 5), "^folder: got 5; allowed: a"),
    ],
)
def test_what_save_encoder_refuses(tmp_path, ask, message):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=message):
        ask(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_encoder_that_encodes_in_its_own_way_is_not_static():
    from model2vec import StaticModel

    class Shouting(StaticModel):
        def encode(self, sentences, **options):
            return super().encode([text.upper() for text in sentences], **options)

    default = resolve_encoder("default")
    assert is_static(default)
    assert not is_static(Shouting(default.embedding, default.tokenizer, normalize=True))


# --- the command line -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Saved models and link files, by the word that stands for them."""
    base = tmp_path_factory.mktemp("places")
    weights = Weights.only(semantic=1)
    RelatedEvents(weights=weights).fit(ARCHIVE).save(base / "model")
    RelatedEvents().fit(shuffled(ARCHIVE)).save(base / "shuffled")
    RelatedEvents().fit(ARCHIVE.head(40)).save(base / "small")
    RelatedEvents(encoder=KeywordEncoder()).fit(ARCHIVE).save(base / "object")
    rule = RelatedEvents(weights=Weights.only(tags=1)).fit(ARCHIVE)
    queries = ARCHIVE["id"][::12].tolist()
    rule.related_many(queries, 5)[["id", "related_id"]].to_csv(base / "links.csv", index=False)
    (base / "few.csv").write_text("id,related_id\ne1,e2\n")
    (base / "strange.csv").write_text("id,related_id\nnobody,e2\n")
    (base / "full").mkdir()
    (base / "full" / "notes.txt").write_text("mine")
    return base


def run(capsys, base, *args):
    capsys.readouterr()
    filled = [str(base / arg[1:]) if arg.startswith("@") else arg for arg in args]
    try:
        code = main(filled)
    except SystemExit as stop:
        code = stop.code
    return code, *capsys.readouterr()


def test_adapt_prints_its_report_and_saves(capsys, places, tmp_path):
    out = tmp_path / "deep" / "taught"
    code, told, err = run(capsys, places, "adapt", "@model", "--out", str(out))
    saved = RelatedEvents.load(out)
    assert (code, told) == (0, f"{saved.adaptation_}\n")
    assert saved.adaptation_.kept
    assert err.startswith(f"model with the taught encoder saved in {out} (")
    assert err.count("\n") == 1
    assert not hasattr(RelatedEvents.load(places / "model"), "adaptation_")
    query = "--headline", ARCHIVE["headline"][3], "-n", "2", "--json"
    code, told, _ = run(capsys, places, "related", str(out), *query)
    assert code == 0
    expected = saved.related_to(ARCHIVE["headline"][3], n=2)["related_id"].tolist()
    assert [row["related_id"] for row in json.loads(told)] == expected


def test_adapt_says_where_the_old_encoder_is_kept(capsys, places, tmp_path):
    out = tmp_path / "kept"
    code, told, err = run(capsys, places, "adapt", "@shuffled", "--out", str(out), "--json")
    assert code == 0
    assert json.loads(told) == RelatedEvents.load(out).adaptation_.to_dict()
    assert json.loads(told)["kept"] is False
    assert err.startswith(f"model as it was saved in {out} (")


def test_options_of_adapt_reach_the_model(capsys, places, tmp_path):
    options = "--held-out", "0.3", "--seed", "2", "--json"
    code, told, _ = run(capsys, places, "adapt", "@model", "--out", str(tmp_path / "m"), *options)
    model = RelatedEvents(weights=Weights.only(semantic=1)).fit(ARCHIVE)
    assert code == 0
    assert json.loads(told) == model.adapt(held_out=0.3, seed=2).adaptation_.to_dict()


def test_a_model_may_be_replaced_by_the_taught_one(capsys, places, tmp_path):
    RelatedEvents.load(places / "model").save(tmp_path / "m")
    code, *_ = run(capsys, places, "adapt", str(tmp_path / "m"), "--out", str(tmp_path / "m"))
    assert code == 0
    assert RelatedEvents.load(tmp_path / "m").adaptation_.kept


def test_tune_prints_its_report_and_saves(capsys, places, tmp_path):
    out = tmp_path / "tuned"
    options = "-n", "5", "--folds", "3", "--seed", "1"
    args = "tune", "@model", "@links.csv", "--out", str(out), *options
    code, told, err = run(capsys, places, *args)
    saved = RelatedEvents.load(out)
    assert (code, told) == (0, f"{saved.tuning_}\n")
    assert saved.tuning_.kept
    assert saved.weights == saved.tuning_.weights_after != Weights.only(semantic=1)
    assert saved.tuning_.n_folds == 3
    assert saved.tuning_.metric == "ndcg@5"
    assert err.startswith(f"model with the learned weights saved in {out} (")
    code, told, _ = run(capsys, places, *args, "--json")
    assert code == 0
    assert json.loads(told) == json.loads(json.dumps(saved.tuning_.to_dict()))


def test_progress_is_told_on_stderr_where_it_is_asked_for(capsys, places, tmp_path, monkeypatch):
    import tqdm

    shown = []

    class Bar(tqdm.tqdm):
        def __init__(self, *args, **options):
            shown.append((options.get("desc"), options.get("disable")))
            super().__init__(*args, **options)

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    out = str(tmp_path / "m")
    run(capsys, places, "adapt", "@model", "--out", out, "--progress")
    assert ("teach", False) in shown
    run(capsys, places, "adapt", "@model", "--out", out)
    assert ("teach", True) in shown
    code, told, _ = run(capsys, places, "tune", "@model", "@links.csv", "--out", out, "--progress")
    assert code == 0
    assert ("tune", False) in shown
    assert "tune" not in told


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["adapt"], "the following arguments are required: MODEL_DIR, --out"),
        (["adapt", "@model"], "the following arguments are required: --out"),
        (["adapt", "@nowhere", "--out", "@new"], "nowhere' has no model.json; allowed: a folder"),
        (["adapt", "@model", "--out", "@full"], "holds something else; allowed: a new or empty"),
        (["adapt", "@model", "--out", "@few.csv"], "holds something else; allowed: a new or empty"),
        (["adapt", "@model", "--out", "@new", "--held-out", "2"], "held_out: got 2.0; allowed: a"),
        (["adapt", "@model", "--out", "@new", "--held-out", "x"], "--held-out: invalid float"),
        (["adapt", "@model", "--out", "@new", "--seed", "-1"], "seed: got -1; allowed"),
        (["adapt", "@small", "--out", "@new"], "archive: got 40 events with"),
        (["adapt", "@object", "--out", "@new"], "fitted with an encoder object, which no file can"),
        (["adapt", "@model", "--out", "@new", "--encoder", "no/such"], "no/such"),
        (["adapt", "@model", "--out", "@new", "--column", "a=b"], "unrecognized arguments: --col"),
        (["tune", "@model"], "the following arguments are required: LINKS, --out"),
        (["tune", "@model", "@links.csv"], "the following arguments are required: --out"),
        (["tune", "@nowhere", "@links.csv", "--out", "@new"], "nowhere' has no model.json"),
        (["tune", "@model", "@nothing.csv", "--out", "@new"], "nothing.csv"),
        (["tune", "@model", "@full", "--out", "@new"], "full"),
        (["tune", "@model", "@few.csv", "--out", "@new"], "links: 1 queries with a link that"),
        (["tune", "@model", "@strange.csv", "--out", "@new"], "the archive has no 'nobody'"),
        (["tune", "@model", "@links.csv", "--out", "@full"], "holds something else; allowed: a"),
        (["tune", "@model", "@links.csv", "--out", "@new", "--folds", "1"], "n_folds: got 1;"),
        (["tune", "@model", "@links.csv", "--out", "@new", "-n", "0"], "n: got 0; allowed"),
        (["tune", "@model", "@links.csv", "--out", "@new", "--seed", "a"], "invalid int value"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(capsys, places, args, message):
    code, told, err = run(capsys, places, *args)
    assert (code, told) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert err.startswith("relatedevents")
    assert not Path(places / "new").exists()


@pytest.mark.parametrize("command", ["adapt", "tune"])
def test_help_fits_the_terminal(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 100
