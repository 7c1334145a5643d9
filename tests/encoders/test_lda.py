"""Topics: planted ones are found, always the same, from training accounts alone; a row depends on nothing
else."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

pytest.importorskip("tomotopy", reason="tomotopy comes with the extra text")

from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.encoders.text.lda import LDA, LDAConfig, Topics, infer, perplexity, select_n_topics
from brandfit.errors import ConfigError, UsageError

THEMES = {
    "food": "recipe lemon butter oven dinner bread soup salad kitchen pasta".split(),  # noqa: SIM905
    "sport": "squat barbell running sprint muscle training coach stretch medal stadium".split(),  # noqa: SIM905
    "pets": "puppy kitten leash whiskers fur paws bark vet treat collar".split(),  # noqa: SIM905
}


def planted(seed: int = 0, accounts: int = 90, split: bool = False) -> Dataset:
    random = np.random.default_rng(seed)
    rows, posts = [], []
    for n in range(accounts):
        theme = list(THEMES)[n % 3]
        id = f"{theme}.{n:02d}"
        rows.append(
            Account(id=id, category=theme, split=("test" if n % 5 == 0 else "train") if split else None)
        )
        posts += [
            Post(id=f"{id}.{p}", account=id, caption=" ".join(random.choice(THEMES[theme], 8)))
            for p in range(3)
        ]
    return Dataset.from_rows(rows, posts)


def lda(**settings):
    return LDA(
        LDAConfig.from_settings({"topics": 3, "rounds": 150, "language": "", "max_share": 0.9, **settings})
    )


def test_planted_topics_are_found_and_named():
    encoder = lda()
    features = encoder.encode(planted())
    found = {frozenset(name.split(", ")) for name in encoder.columns}
    assert all(any(words <= set(theme) for theme in THEMES.values()) for words in found)
    theme = np.array([id.split(".")[0] for id in features.ids])
    top = features.values.argmax(axis=1)
    for name in THEMES:
        assert len(set(top[theme == name])) == 1
    np.testing.assert_allclose(features.values.sum(axis=1), 1, atol=1e-5)


def test_twice_it_is_the_same_to_the_bit():
    one, two = lda(), lda()
    first, second = one.encode(planted()), two.encode(planted())
    assert one.columns == two.columns
    np.testing.assert_array_equal(one.model.shares, two.model.shares)
    np.testing.assert_array_equal(first.values, second.values)
    assert not np.array_equal(lda(seed=1).encode(planted()).values, first.values)


def test_a_row_depends_on_nothing_else_that_is_encoded():
    encoder, data = lda(), planted()
    encoder.learn(data)
    texts = list(encoder.units(data).contents)
    whole = encoder.encode_batch(texts)
    np.testing.assert_array_equal(encoder.encode_batch(texts[7:8])[0], whole[7])
    np.testing.assert_array_equal(encoder.encode_batch(texts[::-1])[::-1], whole)


def test_the_step_is_the_one_of_the_paper_word_by_word():
    from scipy.special import psi

    model = Topics(["a", "b", "c"], np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]), np.array([0.5, 0.3]))
    document = ["a", "c", "c", "b", "unknown"]
    gamma = model.prior + 4 / 2
    for _ in range(50):
        expected = np.exp(psi(gamma) - psi(gamma.sum()))
        new = model.prior.copy()
        for word in document[:4]:
            chance = expected * model.shares[:, model.words.index(word)]
            new += chance / chance.sum()
        gamma = new
    np.testing.assert_allclose(infer(model, [document])[0], gamma / gamma.sum(), atol=1e-9)
    assert np.isnan(infer(model, [["unknown"]])).all()


def test_test_accounts_are_not_learned_from_unless_told_to():
    data = planted(split=True)
    tested = set(
        data.accounts.filter(data.accounts["split"].to_numpy(zero_copy_only=False) == "test")[
            "id"
        ].to_pylist()
    )
    without = data.restricted(influencers=[id for id in data.influencers if id not in tested])
    encoder, alone, all_ = lda(), lda(), lda(transductive=True)
    for each, rows in ((encoder, data), (alone, without), (all_, data)):
        each.learn(rows)
    assert encoder.weights == alone.weights != all_.weights
    assert tested <= {id.rsplit(".", 1)[0] for id in encoder.encode(data).ids}  # but they have rows


def test_the_number_of_topics_is_chosen_near_the_planted_one():
    encoder = lda(topics=0)
    encoder.learn(planted())
    documents = encoder._documents
    assert (
        select_n_topics(documents, encoder.config) == 10
    )  # the smallest that is tried; more only split the three
    three, ten = (lda(topics=k) for k in (3, 10))
    for each in (three, ten):
        each.learn(planted())
    held = documents[::9]
    assert perplexity(three.model, held) < 14
    assert perplexity(three.model, held) < perplexity(ten.model, held)


def test_a_row_an_account_if_wished():
    features = lda(level="account").encode(planted())
    assert features.level == "account"
    assert len(features) == 90


def test_only_english_and_only_listed_words_if_wished(tmp_path):
    english = LDA(LDAConfig(topics=2, min_accounts=1, max_share=1.0))
    assert english._counted_words("Die Sonne scheint heute sehr schön über den Bergen und wir wandern") == ""
    assert (
        english._counted_words("The sun is shining over the mountains, and we don't stop walking")
        == "sun shining mountains stop walking"
    )
    listed = tmp_path / "nouns.jsonl.gz"
    with gzip.open(listed, "wt") as file:
        file.write('{"pos": "n", "members": ["mountain", "sun"]}\n{"pos": "v", "members": ["stop"]}\n')
    assert (
        LDA(LDAConfig(nouns=str(listed)))._counted_words(
            "The sun is shining over the mountain, and we do not stop"
        )
        == "sun mountain"
    )
    listed.write_bytes(b"\x1f\x8bdamaged")
    with pytest.raises(ConfigError, match="not a list of words"):
        LDA(LDAConfig(nouns=str(listed)))
    with pytest.raises(ConfigError, match="no such file"):
        LDA(LDAConfig(nouns="none.txt"))


def test_nothing_to_learn_from_is_said():
    with pytest.raises(UsageError, match="nothing to learn from"):
        lda().encode(
            Dataset.from_rows([Account(id="a")], [Post(id="p", account="a", caption="one single caption")])
        )
