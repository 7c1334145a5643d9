from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from brandfit.data import pictures
from brandfit.data.importers import _thumbnail
from brandfit.errors import DataError

NAME = "instagram-info"


@pytest.fixture
def source(tmp_path, sources):
    return sources.write(tmp_path / "source", sources.all[NAME]())


def test_a_post_with_everything(read, source):
    found = read(NAME, source)
    assert not found.rejects
    assert [a.id for a in found.accounts] == ["mara_on_foot", "tom.bakes"]
    post = next(p for p in found.posts if p.id == "900001")
    assert (post.account, post.time, post.likes, post.comments) == ("mara_on_foot", 1_540_000_000, 1043, 3)
    assert post.caption == "Morning brew, thanks @Harbour.Roastery! #Coffee #hike"
    assert (post.hashtags, post.mentions) == (["coffee", "hike"], ["harbour.roastery"])
    assert post.tags == ["harbour.roastery", "fjord.tours"], "of the post and of its parts, each once"
    assert post.sponsors == ["harbour.roastery"]
    assert post.disclosed is True, "an official sponsor is a disclosure"
    comments = [(c.source, c.text, c.time) for c in found.links if c.post == "900001"]
    assert comments == [
        ("some.hiker", "wow", 1_540_000_100),
        ("mara_on_foot", "thanks", 1_540_000_100),
        ("other_1", "wow", 1_540_000_100),
    ]
    parts = [p for p in found.pictures if p.post == "900001"]
    assert [(p.position, p.alt_text, p.width, p.height) for p in parts] == [
        (0, "Image may contain: cup", 1080, 720),
        (1, None, 772, 1080),
    ]
    assert found.ticked == found.total


def test_a_post_that_says_little(read, source):
    post = next(p for p in read(NAME, source).posts if p.id == "900002")
    assert post.account == "tom.bakes", "from the file's name"
    assert post.caption == ""
    assert post.likes is None, "-1 means hidden"
    assert post.disclosed is False


def test_the_list_may_lie_one_level_up_or_nowhere(read, source):
    inner = source / "posts"
    inner.mkdir()
    for file in source.glob("*.info"):
        file.rename(inner / file.name)
    assert [a.followers for a in read(NAME, inner).accounts] == [12500, 8100]
    (source / "influencers.tsv").unlink()
    assert {(a.id, a.followers) for a in read(NAME, inner).accounts} == {
        ("mara_on_foot", None),
        ("tom.bakes", None),
    }


def test_comments_fall_back_to_the_flat_and_to_the_preview_list(read, source, sources):
    both = sources.node()
    for gone in ("edge_media_to_parent_comment", "edge_media_preview_comment"):
        both.pop(gone)
    flat = {**both, "edge_media_to_comment": {"count": 9, "edges": [sources.comment("flat", "x")]}}
    seen = {**both, "edge_media_preview_comment": {"count": 7, "edges": [sources.comment("preview", "x")]}}
    for form, name, count in ((flat, "flat", 9), (seen, "preview", 7)):
        (source / "mara_on_foot-900001.info").write_text(json.dumps(form))
        found = read(NAME, source)
        assert [c.source for c in found.links if c.post == "900001"] == [name]
        assert next(p for p in found.posts if p.id == "900001").comments == count


def test_a_bad_comment_does_not_cost_the_post(read, source, sources):
    edges = [sources.comment("a", 5), sources.comment("", "x"), sources.comment("good", "x", [{"node": "?"}])]
    (source / "mara_on_foot-900001.info").write_text(
        json.dumps(sources.node(edge_media_to_parent_comment={"count": 3, "edges": edges}))
    )
    found = read(NAME, source)
    assert [c.source for c in found.links if c.post == "900001"] == ["good"]
    assert [r.reason for r in found.rejects] == [
        "post 900001, comment 1: text: expected text, found 5",
        "post 900001, comment 2, its owner: expected an id, found none",
        "post 900001, comment 3, reply 1: expected an object {...}, found '?'",
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"taken_at_timestamp": "now"}, "taken_at_timestamp: expected a whole number, found 'now'"),
        (
            {"edge_media_preview_like": {"count": 1.5}},
            "edge_media_preview_like.count: expected a whole number, found 1.5",
        ),
        ({"id": " "}, "expected an id, found none"),
    ],
)
def test_a_bad_post_is_rejected_and_the_rest_goes_on(read, source, sources, change, reason):
    file = source / "mara_on_foot-900001.info"
    file.write_text(json.dumps(sources.node(**change)))
    found = read(NAME, source)
    assert [(r.file, r.line, r.reason) for r in found.rejects] == [(str(file), 1, reason)]
    assert [p.id for p in found.posts] == ["900002"]


def test_what_is_no_thumbnail_is_rejected_and_the_post_stays(read, source, sources):
    for bad, reason in (
        ("???", "not base64"),
        ("AAAA", "expected version"),
        ("A" * 70_000, "at most 65,536"),
    ):
        children = {"edges": [{"node": {"media_preview": bad}}]}
        (source / "mara_on_foot-900001.info").write_text(
            json.dumps(sources.node(edge_sidecar_to_children=children))
        )
        found = read(NAME, source)
        assert reason in found.rejects[0].reason
        assert len(found.posts) == 2


def test_a_folder_without_posts_is_refused(read, tmp_path):
    with pytest.raises(DataError, match=r"no \.info file"):
        read(NAME, tmp_path)


@pytest.mark.parametrize("size", [(42, 42), (42, 23), (24, 42)])
def test_a_rebuilt_thumbnail_is_the_picture_that_was_taken_apart(sources, size):
    rebuilt = Image.open(io.BytesIO(_thumbnail.jpeg(sources.preview(*size))))
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, "JPEG", quality=30, subsampling="4:2:0")
    assert rebuilt.size == size
    assert np.array_equal(np.asarray(rebuilt), np.asarray(Image.open(out)))


def test_the_real_posts_are_those_of_the_sample(read, shared):
    """All 200 files; the 197 posts that are in the JSON-lines sample too say the same there."""
    found = read(NAME, shared / "data" / "instagram" / "raw_info")
    assert not found.rejects
    assert (len(found.accounts), len(found.posts), len(found.pictures)) == (27_233, 200, 219)
    sample = read("instagram-jsonl", shared / "data" / "instagram")
    twins = {(post.account, post.time): post for post in sample.posts}
    pairs = [
        (post, twins[post.account, post.time]) for post in found.posts if (post.account, post.time) in twins
    ]
    assert len(pairs) == 197
    for post, twin in pairs:
        for field in ("caption", "likes", "comments", "hashtags", "tags", "sponsors", "disclosed"):
            assert getattr(post, field) == getattr(twin, field), field
    other = {(p.post, p.position): p.data for p in sample.pictures}
    twin_of = {post.id: twin.id for post, twin in pairs}
    compared = [(p.data, other[twin_of[p.post], p.position]) for p in found.pictures if p.post in twin_of]
    likeness = [_likeness(ours, theirs) for ours, theirs in compared]
    assert len(likeness) == 216
    assert np.mean(likeness) > 0.9
    assert min(likeness) > 0.5
    assert all(pictures.working_copy(ours).width <= 42 for ours, _ in compared)


def _likeness(ours: bytes, theirs: bytes) -> float:
    """Correlation of two pictures' pixels; their sizes must be equal."""
    a, b = (np.asarray(Image.open(io.BytesIO(data)).convert("L"), float) for data in (ours, theirs))
    assert a.shape == b.shape
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_sizes_stand_width_first():
    data = base64.b64decode(base64.b64encode(bytes((0, 42, 20, 1, 2, 3))))
    header = _thumbnail.jpeg(base64.b64encode(data).decode())
    at = header.index(b"\xff\xc0") + 5
    assert (int.from_bytes(header[at : at + 2], "big"), int.from_bytes(header[at + 2 : at + 4], "big")) == (
        20,
        42,
    )
