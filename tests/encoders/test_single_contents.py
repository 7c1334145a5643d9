"""``last_posts`` bounds the history of an account, never single contents that are read with its encoder: new
captions and pictures, variants, a search, a brief."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.campaign.content_fit import advise
from brandfit.cli import main
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Image, Post
from brandfit.encoders.image.classical import Classical
from brandfit.encoders.text.hashing import Hashing
from brandfit.explain.attribute import Attributor
from brandfit.explain.explain import explain
from brandfit.rankers.simcos import SimCos
from brandfit.search.keyword import Keywords
from brandfit.search.lookalike import with_brief
from brandfit.workspace import Workspace

SRC = Path(pipeline.__file__).parents[1]
LAST_POSTS = 2
CAPTIONS = ["lemon cake", "old bikes", "green tea", "a mountain", "new shoes"]


@pytest.fixture(scope="module")
def texts() -> tuple[Dataset, Hashing]:
    """Five posts of each account, of which text reads the newest two."""
    accounts = [Account(id="shop", role="brand"), *(Account(id=f"i{n}") for n in range(4))]
    posts = []
    for n, account in enumerate(accounts):
        for k in range(5):
            caption = f"{CAPTIONS[(n + k) % 5]} and {CAPTIONS[(2 * n + k + 1) % 5]}"
            posts.append(Post(id=f"{account.id} {k}", account=account.id, time=k, caption=caption))
    dataset = Dataset.from_rows(accounts, posts)
    encoder = Hashing(Hashing.Config(last_posts=LAST_POSTS))
    return dataset.with_slots({"text": encoder.encode(dataset)}), encoder


def test_single_contents_are_all_read(texts):
    dataset, encoder = texts
    assert len(encoder.encode(dataset)) == 5 * LAST_POSTS
    contents, whole = encoder.encode_contents(dataset), Hashing().encode(dataset)
    assert contents.ids.tolist() == whole.ids.tolist()
    np.testing.assert_array_equal(contents.values, whole.values)
    some = encoder.encode_contents(dataset, only=["i1 0", "i2 4"])
    assert some.ids.tolist() == ["i1 0", "i2 4"]


def test_no_caller_encodes_an_artificial_dataset_as_an_account():
    """A Dataset that is made for a call has no history of accounts. ``_discover`` learns topics from it, by a
    Config of its own."""
    made_here = re.compile(r"\.encode\((?:Dataset\.from_rows|brief)|reader\.encode\(")
    found = [str(path.relative_to(SRC)) for path in SRC.rglob("*.py") if made_here.search(path.read_text())]
    assert found == ["profilers/_discover.py"]


@pytest.mark.parametrize("kind", ["words", "phrases"])
def test_words_of_the_posts_that_are_read_add_up_to_the_score(texts, kind):
    dataset, encoder = texts
    ranker = SimCos().fit(dataset)
    score = ranker.score(dataset, np.array(["shop"], object), np.array(["i2"], object))[0, 0]
    game = getattr(Attributor(ranker, dataset), kind)("shop", "i2", encoder=encoder, slot="text")
    read = " ".join(post["caption"] for post in dataset.posts.to_pylist() if post["id"] in ("i2 3", "i2 4"))
    # Words of posts that are not read are no things.
    assert game.ids
    assert all(word in read for word in game.ids)
    found = Attributor(ranker, dataset).attribution(game)
    assert found.total == pytest.approx(score, abs=1e-5)


def test_all_captions_are_judged_searched_and_briefed_as_without_the_setting(texts):
    dataset, encoder = texts
    bounded, free = (
        advise(dataset, "shop", pictures={}, captions=CAPTIONS, readers={"text": reader})
        for reader in (encoder, Hashing())
    )
    assert bounded == free
    assert len(bounded.ideas) == len(CAPTIONS)
    assert not bounded.unread
    by_reader = [Keywords(dataset, reader).search(CAPTIONS, k=4) for reader in (encoder, Hashing())]
    assert by_reader[0] == by_reader[1]
    briefed = with_brief(dataset, "lemon cake", pictures=[], readers={"text": encoder})
    assert briefed.slots["text"].values_of(np.array(["brief text"], object))[1].all()


def test_maps_are_drawn_for_the_posts_that_are_read(make_jpeg):
    accounts = [Account(id="shop", role="brand"), Account(id="ana"), Account(id="bo")]
    posts, images, pictures = [], [], {}
    for account, colour in (("shop", "red"), ("ana", "orange"), ("bo", "blue")):
        pictures[colour] = make_jpeg(colour)
        for k in range(3):
            posts.append(Post(id=f"{account} {k}", account=account, time=k))
            images.append(Image(post=f"{account} {k}", hash=colour))
    dataset = Dataset.from_rows(accounts, posts, images=images, pictures=pictures)
    encoder = Classical(Classical.Config(last_posts=1))
    dataset = dataset.with_slots({"picture": encoder.encode(dataset)})
    found = explain(
        SimCos().fit(dataset),
        dataset,
        brand="shop",
        influencer="ana",
        kinds=("maps",),
        encoders={"picture": encoder},
    )
    assert [one.post for one in found.maps] == ["ana 2"]
    assert not any("heat maps" in note for note in found.notes)


# --- readers with the recorded settings ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def place(sample, tmp_path_factory):
    """The sample, encoded again with other settings than the default ones."""
    place = shutil.copytree(sample, tmp_path_factory.mktemp("readers") / "demo")
    main(["encode", "text.hashing", "--set", "last_posts=3", "--set", "mentions=keep", "-w", str(place)])
    main(["encode", "image.classical", "--set", "last_posts=3", "-w", str(place)])
    return place


def test_readers_have_the_settings_with_which_the_features_were_made(place, make_jpeg, tmp_path):
    with Workspace(place) as workspace:
        brand = next(b for b, kind in pipeline.load(workspace).representation.items() if kind == "posts")
        influencer = pipeline.rank(workspace, brand, ranker="simcos", k=1).candidates[0]
        found = pipeline.explain(
            workspace, brand, influencer, ranker="simcos", kinds=("words", "phrases")
        ).explanation
        assert {one.kind for one in found.attributions} == {"words", "phrases"}
        for one in found.attributions:
            assert one.total == pytest.approx(found.score, abs=1e-4)
        advice = pipeline.advise(workspace, brand, captions=CAPTIONS)
        assert len(advice.ideas) == len(CAPTIONS)
        briefed = pipeline.rank_brief(workspace, "a lemon cake", ranker="simcos")
        assert not any(note.startswith("text left out") for note in briefed.notes)
        picture = tmp_path / "new.jpg"
        picture.write_bytes(make_jpeg("green"))
        assert pipeline.fit_maps(workspace, brand, pictures=[picture])
        assert "occlusion" in pipeline.map_methods(workspace, "simcos")
        # Settings of the call take precedence, and no encoder with these made the Features.
        other = pipeline.explain(
            workspace,
            brand,
            influencer,
            ranker="simcos",
            kinds=("words",),
            settings={"text.hashing.mentions": "drop"},
        ).explanation
        assert any("captions cannot be encoded" in note for note in other.notes)


def test_a_search_finds_the_same_by_meaning_after_another_encoding(sample, tmp_path, monkeypatch):
    monkeypatch.setattr(Hashing, "sentences", True)
    place = shutil.copytree(sample, tmp_path / "demo")
    # More posts than any account has: all posts are read, under another key.
    main(["encode", "text.hashing", "--set", "last_posts=500", "-w", str(place)])
    bounded, free = (pipeline.search(folder, ["trail", "cake"], k=50) for folder in (place, sample))
    assert bounded.to_dict() == free.to_dict()
    assert any("meaning" in row["ranks"] for row in bounded.rows)
    assert not any("meaning" in note for note in bounded.notes)


def test_a_search_without_meaning_says_so(place, monkeypatch, capsys):
    def notes() -> list[str]:
        main(["search", "cake", "-w", str(place), "--json"])
        return [note for note in json.loads(capsys.readouterr().out)["notes"] if "by meaning" in note]

    (note,) = notes()
    assert "text.hashing reads no meaning of sentences" in note
    monkeypatch.setattr(Hashing, "sentences", True)
    page = pipeline.search(place, ["cake"], settings={"text.hashing.mentions": "drop"})
    (note,) = [note for note in page.notes if "by meaning" in note]
    assert "nothing here can read them as text.hashing read the posts" in note
    assert notes() == []
    brand = next(iter(pipeline.load(place).brands))
    monkeypatch.setattr(Hashing, "sentences", False)
    ranking = pipeline.rank(place, brand, ranker="simcos", keywords=["cake"])
    assert sum("by meaning" in note for note in ranking.notes) == 1
