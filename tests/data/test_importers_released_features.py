from __future__ import annotations

import gzip
import io

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.errors import DataError
from brandfit.workspace import Workspace

NAME = "released-features"


@pytest.fixture
def source(tmp_path, sources):
    return sources.write(tmp_path / "source", sources.all[NAME]())


def arrays(sources) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(sources.all[NAME]()["train.npz"])) as archive:
        return dict(archive)


def test_accounts_endorsements_and_features_of_both_parts(read, source, sources):
    found = read(NAME, source)
    assert not found.rejects
    ids = [f"brand-train-{n:04d}" for n in range(3)] + [f"influencer-train-{n:04d}" for n in range(5)]
    ids += [f"brand-test-{n:04d}" for n in range(2)] + [f"influencer-test-{n:04d}" for n in range(5)]
    assert [a.id for a in found.accounts] == ids
    first = found.accounts[0]
    assert (first.role, first.category, first.business_category, first.biography, first.split) == (
        "brand",
        "food",
        "Bakery",
        "we bake",
        "train",
    )
    assert {a.split for a in found.accounts} == {"train", "test"}
    links = [(e.source, e.target, e.weight) for e in found.links if "train" in e.source]
    assert links == [
        ("influencer-train-0001", "brand-train-0000", 0.03),
        ("influencer-train-0004", "brand-train-0000", None),
        ("influencer-train-0003", "brand-train-0002", 0.01),
    ]
    features = {f.name: f for f in found.features}
    assert {name: f.values.shape for name, f in features.items()} == {
        "released.lda": (15, 4),
        "released.graph": (15, 6),
        "released.image": (5, 7),
        "released.bag": (1, 1),
    }
    assert {name: f.slot for name, f in features.items()} == {
        "released.lda": "text",
        "released.graph": "graph",
        "released.image": "picture",
        "released.bag": "concept",
    }
    assert all(f.level == "account" and f.key.startswith("released-") for f in features.values())
    values, present = features["released.lda"].values_of(
        ["influencer-train-0002", "brand-test-0001", "nobody"]
    )
    train = arrays(sources)
    assert np.array_equal(values[:2], [train["influencer_lda"][2], train["brand_lda"][1]])
    assert present.tolist() == [True, True, False]


def test_equal_content_has_an_equal_key_and_other_content_another(read, source, sources):
    before = {f.name: f.key for f in read(NAME, source).features}
    assert {f.name: f.key for f in read(NAME, source).features} == before
    changed = arrays(sources)
    changed["brand_lda"] = changed["brand_lda"] + 1
    (source / "train.npz").write_bytes(sources.npz(changed))
    after = {f.name: f.key for f in read(NAME, source).features}
    assert after["released.lda"] != before["released.lda"]
    assert after["released.graph"] == before["released.graph"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"endorsement": np.array([[0, 9], [-1, 0], [1, 1]])},
            "endorsement: row 0 names brand 0 and influencer 9, which are not there",
        ),
        ({"endorsement": np.array([0, 1])}, "endorsement: expected rows of"),
        ({"endorsement_engagement": np.zeros(2)}, "endorsement_engagement: expected 3 numbers"),
        ({"influencer_concept": np.zeros((4, 6))}, "influencer_concept: expected 5 rows, found 4"),
        (
            {"brand_image": np.array([[1.0], [np.nan], [1e300]])},
            "brand_image: row 1 holds values that are no numbers",
        ),
        (
            {"influencer_lda": np.zeros((5, 3), np.float32)},
            "released.lda: the parts have different widths [3, 4]",
        ),
    ],
)
def test_bad_arrays_are_rejected_and_the_rest_goes_on(read, source, sources, change, reason):
    (source / "train.npz").write_bytes(sources.npz({**arrays(sources), **change}))
    found = read(NAME, source)
    assert any(r.reason.startswith(reason) for r in found.rejects), [r.reason for r in found.rejects]
    assert len(found.accounts) == 15
    assert "released.image" in {f.name for f in found.features} or "image" in reason


def test_pickles_are_refused(read, source, sources):
    out = io.BytesIO()
    np.savez(out, **{**arrays(sources), "brand_lda": np.array([{"a": 1}], dtype=object)})
    (source / "train.npz").write_bytes(out.getvalue())
    found = read(NAME, source)
    assert any("Object arrays cannot be loaded" in r.reason for r in found.rejects)
    assert [a.id for a in found.accounts if "brand-train" in a.id] == [
        f"brand-train-{n:04d}" for n in range(3)
    ]


def test_a_damaged_part_leaves_the_other(read, source):
    whole = (source / "train.npz").read_bytes()
    (source / "train.npz").write_bytes(whole[: len(whole) // 2])
    found = read(NAME, source)
    assert any("not an npz file" in r.reason for r in found.rejects)
    assert {a.split for a in found.accounts} == {"test"}


def test_bad_lines_beside_the_arrays(read, source):
    (source / "train_brands.jsonl.gz").write_bytes(
        gzip.compress(b'{"row": "x"}\n{"row": 1, "bio_tokens": ["ok"]}\n')
    )
    found = read(NAME, source)
    assert [(r.line, r.reason) for r in found.rejects] == [(1, "row: expected a whole number, found 'x'")]
    assert found.accounts[1].biography == "ok"


def test_concept_shares_of_accounts_without_counts_are_told_by_their_vectors(read, sources, tmp_path):
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(5, 6)).astype(np.float32)  # of five concepts
    shares = rng.dirichlet(np.ones(5), 40).astype(np.float32)
    shares[shares < 0.1] = 0
    shares /= shares.sum(axis=1, keepdims=True)
    base = {
        **arrays(sources),
        "influencer_concept": shares @ vectors,
        "influencer_lda": np.ones((40, 4), np.float32),
    }
    names = ["ale", "bun", "car", "dog", "elk"]
    stated = [
        {"row": n, "concepts": {c: float(v) * 50 for c, v in zip(names, shares[n], strict=True) if v}}
        for n in range(30)
    ]
    files = {
        "train.npz": sources.npz(base),
        "train_influencers.jsonl.gz": gzip.compress(sources.lines(stated), mtime=0),
        "concepts.tsv": b"id\tname\n0\telk\n1\tdog\n2\tcar\n3\tbun\n4\tale\n",
    }
    found = {f.name: f for f in read(NAME, sources.write(tmp_path / "told", files)).features}["released.bag"]
    assert found.columns == ("elk", "dog", "car", "bun", "ale")
    values, present = found.values_of([f"influencer-train-{n:04d}" for n in range(40)])
    assert present.all()
    np.testing.assert_allclose(values[:, ::-1], shares, atol=2e-3)
    assert not found.values_of(["brand-train-0000"])[1].any()  # a vector that no shares give


def test_words_of_two_accounts_or_more_are_columns(read, sources, source):
    rows = [
        {"row": 0, "bio_tokens": ["Vegan", "cook"], "business_category": "Home Baker"},
        {"row": 1, "bio_tokens": ["vegan"], "business_category": [None, "home baker"]},
        {"row": 2, "bio_tokens": None},
    ]
    (source / "train_influencers.jsonl.gz").write_bytes(gzip.compress(sources.lines(rows)))
    found = {f.name: f for f in read(NAME, source).features}["released.profile"]
    assert found.columns == ("baker", "category: home baker", "home", "vegan")
    values, present = found.values_of([f"influencer-train-{n:04d}" for n in range(3)])
    assert present.tolist() == [True, True, False]
    assert values[:2].tolist() == [[1, 1, 1, 1]] * 2


def test_a_folder_without_parts_is_refused(read, tmp_path):
    with pytest.raises(DataError, match=r"train\.npz"):
        read(NAME, tmp_path)


def test_the_real_training_part(read, shared):
    found = read(NAME, shared / "data" / "brand_micro_influencer")
    assert not found.rejects
    roles = [a.role for a in found.accounts]
    assert (roles.count("brand"), roles.count("influencer"), len(found.links)) == (286, 3075, 3385)
    assert len({link.id for link in found.links}) == 3385
    assert {f.name: f.values.shape for f in found.features} == {
        "released.lda": (3361, 19),
        "released.graph": (3361, 128),
        "released.image": (286, 1365),
        "released.bag": (3361, 412),
        "released.profile": (1220, 1177),
    }
    assert len({a.category for a in found.accounts if a.role == "brand"}) == 12
    assert found.accounts[0].category == "shoes"
    assert all(link.weight is not None for link in found.links)


def test_a_folder_with_both_parts_is_judged_as_its_source_says(source, tmp_path):
    with Workspace(tmp_path / "work", create=True) as workspace:
        pipeline.import_source(workspace, "released-features", path=source)
        report = pipeline.evaluate(workspace, ["simcos", "random"], protocol="official")
    assert len(report.brands) == 2
    assert report.positives == 2


def test_an_import_of_both_parts_says_that_they_share_no_ids(source, tmp_path):
    """An influencer of both parts cannot be recognised, so it must not silently be two."""
    with Workspace(tmp_path / "work", create=True) as workspace:
        both = pipeline.import_source(workspace, NAME, source)
    assert any("an influencer of both parts is two accounts" in text for text in both.warnings)
    for file in source.glob("test*"):
        file.unlink()
    with Workspace(tmp_path / "one", create=True) as workspace:
        assert not pipeline.import_source(workspace, NAME, source).warnings
