from __future__ import annotations

import json
import lzma

import pytest

from brandfit.errors import DataError

NAME = "instaloader"
POST = "mara_on_foot/2018-10-20_01-46-40_UTC"


@pytest.fixture
def source(tmp_path, sources):
    return sources.write(tmp_path / "source", sources.all[NAME]())


def test_profiles_posts_pictures_and_comments(read, source):
    found = read(NAME, source, brands="Harbour.Roastery")
    assert not found.rejects
    accounts = {a.id: a for a in found.accounts}
    assert len(accounts) == len(found.accounts) == 2
    mara = accounts["mara_on_foot"]
    assert (mara.role, mara.name, mara.followers, mara.followees, mara.posts) == (
        "influencer",
        "Mara",
        12500,
        640,
        312,
    )
    assert (mara.biography, mara.business_category) == (
        "Trails, tents and very strong coffee.",
        "Creators & Celebrities",
    )
    assert (accounts["harbour.roastery"].role, accounts["harbour.roastery"].followers) == ("brand", None)
    posts = {p.id: p for p in found.posts}
    assert set(posts) == {"900001", "900003"}
    assert posts["900001"].caption == "Sunrise 🌄 #Coffee", "from the .txt"
    assert (posts["900001"].hashtags, posts["900001"].comments, posts["900001"].likes) == (
        ["coffee"],
        2,
        1043,
    )
    assert posts["900003"].account == "harbour.roastery", "from the folder"
    assert posts["900003"].disclosed is True
    pictures = [(p.post, p.position, p.alt_text, p.source.rpartition("/")[2]) for p in found.pictures]
    assert pictures == [
        ("900003", 0, None, "0"),
        ("900001", 0, "Image may contain: cup", "2018-10-20_01-46-40_UTC_1.jpg"),
        ("900001", 1, None, "2018-10-20_01-46-40_UTC_2.jpg"),
    ]
    said = [(c.source, c.text, c.time) for c in found.links if c.post == "900001"]
    assert said == [
        ("some.hiker", "wow", 1_540_000_100),
        ("other_1", "so nice", 1_540_000_200),
        ("x", "y", 1_540_000_100),
    ]
    assert found.ticked <= found.total


def test_a_picture_of_its_own_comes_before_the_thumbnail(read, source, sources):
    (source / "harbour.roastery" / "2018-10-21_UTC.jpg").write_bytes(sources.jpeg(1))
    (source / "harbour.roastery" / "2018-10-21_UTC_profile_pic.jpg").write_bytes(sources.jpeg(2))
    pictures = [p for p in read(NAME, source).pictures if p.post == "900003"]
    assert [(p.position, p.data) for p in pictures] == [(0, sources.jpeg(1))]


def test_the_form_of_the_phone_interface(read, tmp_path, sources):
    node = {
        "shortcode": "Bq9", "id": 9, "date": 1_540_000_000, "caption": "hello #spon", "comments": 4,
        "edge_media_preview_like": {"count": -1},
        "iphone_struct": {
            "user": {"username": "Mara_on_Foot"}, "usertags": {"in": [{"user": {"username": "A"}}]},
            "sponsor_tags": [{"sponsor": {"username": "B"}}], "is_paid_partnership": True,
        },
    }  # fmt: skip
    sources.write(tmp_path, {"#hiking/x.json": sources.saved("Post", node)})
    found = read(NAME, tmp_path)
    post = found.posts[0]
    assert not found.rejects
    assert (post.id, post.account, post.time, post.caption, post.comments) == (
        "9",
        "mara_on_foot",
        1_540_000_000,
        "hello #spon",
        4,
    )
    assert (post.likes, post.tags, post.sponsors, post.disclosed) == (None, ["a"], ["b"], True)


def test_posts_of_nobody_are_rejected(read, tmp_path, sources):
    sources.write(tmp_path, {"#hiking/x.json": sources.saved("Post", sources.node(owner=None))})
    found = read(NAME, tmp_path)
    assert [r.reason for r in found.rejects] == ["post 900001: expected an id, found none"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xfd7zXZ\0rubbish", "damaged"),
        (lzma.compress(b'{"node": {}}' * 1000)[:-30], "ends in the middle"),
        (b'{"no": "node"}', "not a file of instaloader: node is missing"),
        (b'{"node": {}, "instaloader": {"node_type": "Profile"}}', "username is missing"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (
            b'{"node": {"id": [1]}, "instaloader": {"node_type": "Post"}}',
            "id: expected a whole number or text, found [1]",
        ),
    ],
)
def test_a_bad_file_is_rejected_and_the_rest_goes_on(read, source, data, reason):
    bad = source / "mara_on_foot" / "bad.json.xz"
    bad.write_bytes(data)
    found = read(NAME, source)
    assert [(r.file, r.line) for r in found.rejects] == [(str(bad), 1)]
    assert reason in found.rejects[0].reason
    assert len(found.posts) == 2


def test_a_bomb_is_not_unpacked(read, source):
    bomb = lzma.compress(b" " * (65 << 20))
    (source / "mara_on_foot" / "bomb.json.xz").write_bytes(bomb)
    greedy = lzma.compress(b"{}", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 512 << 20}])
    (source / "mara_on_foot" / "greedy.json.xz").write_bytes(greedy)
    reasons = [r.reason for r in read(NAME, source).rejects]
    assert len(bomb) < 20_000
    assert reasons[0] == "the compressed file is larger than 64 MiB"
    assert "memory usage limit" in reasons[1]


def test_stray_comments_and_files_of_other_tools(read, source):
    (source / f"{POST}.json.xz").unlink()
    (source / "package.json").write_text(json.dumps({"name": "x"}))
    reasons = [r.reason for r in read(NAME, source).rejects]
    assert any("comments of a post whose .json is not there" in reason for reason in reasons)
    assert any("not a file of instaloader" in reason for reason in reasons)


def test_bad_comments_leave_the_post(read, source):
    (source / f"{POST}_comments.json").write_text('{"not": "a list"}')
    found = read(NAME, source)
    assert [r.reason for r in found.rejects] == ["expected a list, found {'not': 'a list'}"]
    assert len(found.posts) == 2


def test_links_that_lead_out_of_the_folder_are_not_followed(read, source, tmp_path, sources):
    outside = tmp_path / "outside.json"
    outside.write_bytes(sources.saved("Post", sources.node(id="secret")))
    (source / "link.json").symlink_to(outside)
    found = read(NAME, source)
    assert "secret" not in {p.id for p in found.posts}


def test_a_folder_without_json_is_refused(read, tmp_path):
    with pytest.raises(DataError, match=r"no \.json"):
        read(NAME, tmp_path)
