"""What every kind of encoder promises; a new kind adds one entry to `KINDS`."""

from __future__ import annotations

import os

import numpy as np
import pytest
from toy import TREATIES as HEADLINES
from toy import KeywordEncoder, small_model2vec_folder

from relatedevents.encoders import (
    encode_headlines,
    encoder_fingerprint,
    resolve_encoder,
    save_encoder,
)
from relatedevents.encoders.encoding import _BATCH

pytestmark = pytest.mark.slow

KEYWORDS = ("treaty", "storm", "election")
KINDS = {
    "default": lambda _: "default",
    "model2vec folder": small_model2vec_folder,
    "saved folder": lambda folder: save_encoder(resolve_encoder("default"), folder),
    "object": lambda _: KeywordEncoder(KEYWORDS),
}


@pytest.fixture(params=KINDS)
def encoder(request, tmp_path):
    return resolve_encoder(KINDS[request.param](tmp_path / "model"))


def test_one_unit_vector_for_each_headline(encoder):
    vectors = encode_headlines(encoder, HEADLINES)
    assert vectors.dtype == np.float32
    assert vectors.shape[0] == len(HEADLINES)
    np.testing.assert_allclose(np.linalg.norm(vectors[:4], axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(vectors[4], 0)


def test_batch_equals_single(encoder):
    together = encode_headlines(encoder, HEADLINES)
    alone = [encode_headlines(encoder, [headline])[0] for headline in HEADLINES]
    np.testing.assert_array_equal(together, np.array(alone))


def test_place_in_the_list_and_neighbours_do_not_matter(encoder):
    many = [f"{HEADLINES[i % 3]} Part {i}." for i in range(_BATCH + 7)]
    vectors = encode_headlines(encoder, many)
    np.testing.assert_array_equal(encode_headlines(encoder, many[::-1]), vectors[::-1])
    np.testing.assert_array_equal(encode_headlines(encoder, many[-3:]), vectors[-3:])


def test_equal_texts_have_equal_vectors_and_the_nearest_is_found(encoder):
    vectors = encode_headlines(encoder, HEADLINES)
    np.testing.assert_array_equal(vectors[0], vectors[3])
    cosines = vectors @ vectors.T
    assert cosines[2, 1] > cosines[2, 0]


def test_no_headlines_give_no_rows_of_the_right_length(encoder):
    width = encode_headlines(encoder, HEADLINES).shape[1]
    empty = encode_headlines(encoder, [])
    assert empty.shape == (0, width)
    assert empty.dtype == np.float32


def test_fingerprint_stays_the_same_after_encoding(encoder):
    before = encoder_fingerprint(encoder)
    encode_headlines(encoder, HEADLINES)
    assert encoder_fingerprint(encoder) == before
    assert len(before) == 32
    int(before, 16)


def test_cache_gives_the_same_vectors(encoder, tmp_path):
    plain = encode_headlines(encoder, HEADLINES)
    for _ in range(2):
        kept = encode_headlines(encoder, HEADLINES, cache_dir=tmp_path / "cache")
        np.testing.assert_array_equal(kept, plain)


def test_encoding_leaves_the_environment_alone(encoder):
    before = dict(os.environ)
    encode_headlines(encoder, [f"Treaty number {i}" for i in range(10_500)])
    assert dict(os.environ) == before


def test_the_same_spec_gives_the_same_fingerprint_and_vectors(request, encoder, tmp_path):
    again = resolve_encoder(KINDS[request.node.callspec.params["encoder"]](tmp_path / "again"))
    assert encoder_fingerprint(again) == encoder_fingerprint(encoder)
    np.testing.assert_array_equal(
        encode_headlines(again, HEADLINES), encode_headlines(encoder, HEADLINES)
    )


def test_what_no_encoder_knows_is_a_vector_of_zeros_or_of_length_one(encoder):
    vectors = encode_headlines(encoder, ["", " ", "\t", "xyzzy", "日本", "\x00"])
    assert np.isfinite(vectors).all()
    lengths = np.linalg.norm(vectors, axis=1)
    assert ((lengths == 0) | np.isclose(lengths, 1, atol=1e-6)).all()
    assert lengths[0] == 0
