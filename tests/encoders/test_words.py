"""Encoders that learn or look up words: word2vec, spaCy, BERT, hashtags and mentions, against sums by hand
and the bare models."""

from __future__ import annotations

import gzip
import math

import numpy as np
import pytest

from brandfit.data import captions
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.encoders.text._tags import TagConfig
from brandfit.encoders.text._words import tokens, training_posts, vocabulary, words
from brandfit.encoders.text.hashtags import Hashtags
from brandfit.encoders.text.mentions import Mentions
from brandfit.errors import ConfigError, UsageError


def posts_of(texts: dict[str, list[str]], tested: tuple[str, ...] = ()) -> Dataset:
    """Account to captions."""
    accounts = [Account(id=a, split="test" if a in tested else None) for a in texts]
    posts = [
        Post(
            id=f"{a}.{n}", account=a, caption=c, hashtags=captions.hashtags(c), mentions=captions.mentions(c)
        )
        for a, found in texts.items()
        for n, c in enumerate(found)
    ]
    return Dataset.from_rows(accounts, posts)


def test_words_and_emoji():
    assert words("It’s 5 a.m. — Москва, naïve café! x") == ["it's", "москва", "naïve", "café"]
    assert tokens("🍋 & ⛰️ go!") == ["🍋", "⛰", "go"]


def test_a_vocabulary_is_bounded_and_in_order():
    documents = [["a", "b", "b"], ["a", "c"], ["a", "b"], ["a", "d"]]
    assert vocabulary(documents, 2, 1.0) == ["a", "b"]
    assert vocabulary(documents, 1, 0.5) == ["b", "c", "d"]


def test_test_accounts_are_not_learned_from():
    data = posts_of({"a": ["x"], "b": ["y"]}, tested=("b",))
    assert training_posts(data, False).posts["id"].to_pylist() == ["a.0"]
    assert len(training_posts(data, True).posts) == 2


# --- hashtags and mentions ----------------------------------------------------------------------------------


def test_hashtags_by_hand():
    data = posts_of({"a": ["#run #tea", "#run"], "b": ["#run"], "c": ["#tea #tea #rare"], "d": ["nothing"]})
    features = Hashtags(TagConfig(min_accounts=2, max_share=1.0)).encode(data)
    assert features.columns == ("#run", "#tea")
    idf = 1 + math.log((1 + 3) / (1 + 2))  # three accounts have hashtags, two use each
    values, present = features.values_of(["a.0", "a.1", "c.0", "d.0"])
    assert present.tolist() == [True, True, True, False]
    np.testing.assert_allclose(values[0], np.array([idf, idf]) / math.hypot(idf, idf), rtol=1e-6)
    np.testing.assert_allclose(values[1:3], [[1, 0], [0, 1]], atol=1e-6)


def test_mentions_are_columns_and_those_of_test_accounts_have_none():
    data = posts_of({"a": ["@shop.one hi"], "b": ["@shop.one"], "t": ["@only.here @shop.one"]}, tested=("t",))
    encoder = Mentions(TagConfig(min_accounts=1, max_share=1.0))
    assert encoder.encode(data).columns == ("@shop.one",)
    with pytest.raises(UsageError, match="lower min_accounts"):
        Mentions(TagConfig(min_accounts=3, max_share=0.1)).encode(data)


# --- word2vec -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def word2vec():
    pytest.importorskip("gensim", reason="Gensim comes with the extra text")
    from brandfit.encoders.text.word2vec import Word2Vec

    return lambda **settings: Word2Vec(Word2Vec.Config.from_settings(settings))


def test_words_of_like_company_are_near(word2vec):
    random = np.random.default_rng(0)
    letters = [
        ["".join(chr(97 + (13 * t + n + k) % 26) for k in range(5)) for n in range(8)] for t in range(2)
    ]
    data = posts_of({f"a{n}": [" ".join(random.choice(letters[n % 2], 12))] for n in range(300)})
    encoder = word2vec(dim=16, min_count=1, epochs=20)
    encoder.learn(data)
    table = encoder.table
    unit = table.vectors / np.linalg.norm(table.vectors, axis=1, keepdims=True)
    one, other = ([table.rows[word] for word in theme] for theme in letters)
    near = unit @ unit.T
    company = [near[word, one].sum() - 1 for word in one]  # the word itself left out
    strangers = [near[word, other].sum() for word in one]
    assert min(company) / 7 > max(strangers) / 8
    again = word2vec(dim=16, min_count=1, epochs=20)
    again.learn(data)
    np.testing.assert_array_equal(again.table.vectors, table.vectors)


@pytest.mark.parametrize(("name", "head"), [("w2v.txt", "3 2\n"), ("glove.txt", ""), ("glove.txt.gz", "")])
def test_vectors_are_read_from_files_and_a_caption_is_their_mean(word2vec, tmp_path, name, head):
    text = head + "tea 1 0\nridge 0 1\n🍋 0.5 0.5\n"
    file = tmp_path / name
    file.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    data = posts_of({"a": ["Tea, tea and ridge!", "unknown", "🍋"]})
    features = word2vec(vectors=str(file)).encode(data)
    values, present = features.values_of(["a.0", "a.1", "a.2"])
    assert present.tolist() == [True, False, True]
    np.testing.assert_allclose(values[[0, 2]], [[2 / 3, 1 / 3], [0.5, 0.5]], atol=1e-6)


def test_vectors_in_words2vecs_binary_format(word2vec, tmp_path):
    from gensim.models import KeyedVectors

    vectors = KeyedVectors(2)
    vectors.add_vectors(["tea", "ridge"], np.eye(2, dtype=np.float32))
    vectors.save_word2vec_format(str(tmp_path / "v.bin"), binary=True)
    features = word2vec(vectors=str(tmp_path / "v.bin")).encode(posts_of({"a": ["ridge"]}))
    assert features.values.tolist() == [[0, 1]]


def test_a_file_that_holds_no_vectors_is_named_with_its_line(word2vec, tmp_path):
    file = tmp_path / "v.txt"
    file.write_text("tea 1 0\nridge 1\n")
    with pytest.raises(ConfigError, match="line 2"):
        word2vec(vectors=str(file)).encode(posts_of({"a": ["tea"]}))
    file.write_text("tea one two\n")
    with pytest.raises(ConfigError, match="not a file of word vectors"):
        word2vec(vectors=str(file)).encode(posts_of({"a": ["tea"]}))
    with pytest.raises(ConfigError, match="no such file"):
        word2vec(vectors="none.txt").encode(posts_of({"a": ["tea"]}))
    with pytest.raises(UsageError, match="nothing to learn from"):
        word2vec().encode(posts_of({"a": ["tea"]}))


# --- spaCy and BERT -----------------------------------------------------------------------------------------


def test_spacy_is_the_mean_of_the_vectors_of_its_tokens(tiny_spacy):
    from brandfit.encoders.text.spacy import Spacy, SpacyConfig

    encoder = Spacy(SpacyConfig(pipeline=str(tiny_spacy)))
    features = encoder.encode(posts_of({"a": ["ridge dawn", "unknownword"]}))
    assert features.ids.tolist() == ["a.0"]
    np.testing.assert_allclose(features.values[0, :3], [0.5, 0.5, 0])
    with pytest.raises(ConfigError, match="cannot load"):
        _ = Spacy(SpacyConfig(pipeline="no_such_pipeline")).dim


def test_bert_is_cls_of_the_last_layer_at_any_length_of_batch(tiny_bert):
    import torch
    from transformers import AutoModel, AutoTokenizer

    from brandfit.encoders.text.bert import Bert, BertConfig

    encoder = Bert(BertConfig(model=str(tiny_bert)))
    texts = ["ridge", "slow travel at dawn with tea " * 40]
    tokenizer, model = (
        AutoTokenizer.from_pretrained(tiny_bert),
        AutoModel.from_pretrained(tiny_bert, add_pooling_layer=False).eval(),
    )
    with torch.no_grad():
        bare = [
            model(**tokenizer(t, truncation=True, max_length=128, return_tensors="pt")).last_hidden_state[
                0, 0
            ]
            for t in texts
        ]
    np.testing.assert_allclose(encoder.encode_batch(texts), torch.stack(bare).numpy(), atol=1e-5)
    short = Bert(BertConfig(model=str(tiny_bert), max_tokens=4))
    np.testing.assert_allclose(*short.encode_batch(["ridge dawn slow", "ridge dawn tea"]), atol=1e-6)


def test_bert_says_where_its_weights_should_come_from(tmp_path):
    pytest.importorskip("transformers", reason="transformers comes with the extra text")
    from brandfit.encoders.text.bert import Bert, BertConfig

    with pytest.raises(ConfigError, match="its files are not here") as caught:
        _ = Bert(BertConfig(model=str(tmp_path / "none"))).dim
    assert "download=true" in caught.value.hint
