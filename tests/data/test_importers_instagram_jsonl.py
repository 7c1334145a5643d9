from __future__ import annotations

import gzip
import json

import pytest

from brandfit.errors import DataError

NAME = "instagram-jsonl"


@pytest.fixture
def source(tmp_path, sources):
    return sources.write(tmp_path / "source", sources.all[NAME]())


def test_influencers_posts_pictures_and_comments(read, source):
    found = read(NAME, source)
    assert not found.rejects
    assert not found.warnings
    assert [(a.id, a.category, a.followers, a.followees, a.posts) for a in found.accounts] == [
        ("mara_on_foot", "travel", 12500, 640, 312),
        ("tom.bakes", "food", 8100, None, 95),
    ]
    first, second = found.posts
    assert (first.id, first.account, first.time, first.likes, first.comments) == (
        "p1",
        "mara_on_foot",
        1_540_000_000,
        1043,
        3,
    )
    assert (first.hashtags, first.mentions, first.tags) == (
        ["ad", "hiking"],
        ["harbour.roastery"],
        ["harbour.roastery"],
    )
    assert first.disclosed is True
    assert (second.account, second.hashtags, second.mentions, second.disclosed) == (
        "tom.bakes",
        ["bread"],
        [],
        False,
    )
    assert [(p.post, p.position, p.alt_text, p.width) for p in found.pictures] == [
        ("p1", 0, "a cup", 1080),
        ("p1", 1, "a fjord", None),
        ("p2", 0, None, None),
    ]
    assert all(
        p.data.startswith(b"\xff\xd8") and p.source.endswith(f"::p{p.post[1]}_{p.position}.jpg")
        for p in found.pictures
    )
    assert [(c.source, c.target, c.post, c.text) for c in found.links] == [
        ("some.hiker", "mara_on_foot", "p1", "wow"),
        ("some.hiker", "mara_on_foot", "p1", "wow"),
        ("mara_on_foot", "mara_on_foot", "p1", "thanks"),
        ("other_1", "tom.bakes", "p2", None),
    ]
    assert len({c.id for c in found.links}) == 4, "an equal comment made twice is two"
    assert found.ticked == found.total == sum(file.stat().st_size for file in source.iterdir())


def test_reading_again_gives_the_same_ids(read, source):
    assert read(NAME, source).links == read(NAME, source).links


def test_only_posts_are_needed(read, source):
    for name in ("influencers.tsv", "comments.jsonl.gz", "thumbnails.tar"):
        (source / name).unlink()
    found = read(NAME, source)
    assert [a.id for a in found.accounts] == ["mara_on_foot", "tom.bakes"]
    assert len(found.posts) == 2
    assert not found.pictures
    assert "without pictures" in found.warnings[0]


def test_a_folder_without_posts_is_refused(read, tmp_path):
    with pytest.raises(DataError, match=r"posts\.jsonl"):
        read(NAME, tmp_path)
    with pytest.raises(DataError, match="expected a folder, found nothing"):
        read(NAME, tmp_path / "none")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"handle": ""}, "post 'p2': expected an id, found none"),
        ({"handle": ["x"]}, "handle: expected text, found ['x']"),
        ({"post_id": "a\nb"}, "printable characters"),
        ({"post_id": None}, "post_id: expected a whole number or text, found nothing"),
        ({"post_id": 3.68736e18}, "post_id: expected"),
    ],
)
def test_a_post_without_identity_is_rejected_with_line_and_reason_and_the_rest_goes_on(
    read, source, sources, change, reason
):
    first, second = sources.POSTS
    rows = sources.lines([first, {**second, **change}, {**second, "post_id": "p3", "images": []}])
    (source / "posts.jsonl.gz").write_bytes(gzip.compress(rows))
    found = read(NAME, source)
    reject = found.rejects[0]
    assert reason in reject.reason
    assert (reject.file, reject.line) == (str(source / "posts.jsonl.gz"), 2)
    assert [post.id for post in found.posts] == ["p1", "p3"]


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"likes": "many"}, "likes", None),
        ({"comments": -5}, "comments", None),
        ({"timestamp": 1.5}, "time", None),
        ({"caption": ["x"]}, "caption", None),
        ({"caption": "x" * 100_001}, "caption", None),
        ({"tagged": [{"handle": 5}, {"handle": "A"}, None]}, "tags", ["a"]),
        ({"hashtags": "food"}, "hashtags", ["bread"]),
    ],
)
def test_a_field_that_cannot_be_read_is_unknown_and_counted_and_the_post_stays(
    read, source, sources, change, field, value
):
    first, second = sources.POSTS
    (source / "posts.jsonl.gz").write_bytes(gzip.compress(sources.lines([first, {**second, **change}])))
    found = read(NAME, source)
    assert not found.rejects
    assert getattr(found.posts[1], field) == value
    (name,) = change
    (note,) = [note for note in found.warnings if "could not be read" in note]
    assert note.startswith(f"{name}")
    assert "1 value could not be read and is unknown" in note
    assert "line 2)" in note


def test_lines_that_are_no_json_are_rejected_and_empty_ones_are_not(read, source, sources):
    rows = sources.lines(sources.POSTS).splitlines()
    (source / "posts.jsonl.gz").unlink()
    bad = [
        b"{",
        b'{"post_id": NaN}',
        b"[" * 100_000,
        b'{"post_id": "\xff", "handle": "x"}',
        b'{"post_id": "\\ud800", "handle": "x"}',
    ]
    (source / "posts.jsonl").write_bytes(b"\r\n".join([b"\xef\xbb\xbf" + rows[0], b"", *bad, rows[1]]))
    found = read(NAME, source)
    assert [post.id for post in found.posts] == ["p1", "p2"]
    assert [r.line for r in found.rejects] == [3, 4, 5, 6, 7]
    assert [r.reason for r in found.rejects] == [
        "not valid JSON: input data was truncated",
        "not valid JSON: invalid character (byte 12)",
        "expected an object {...}, found a list",
        "not UTF-8 text: invalid start byte",
        "not valid JSON: unexpected end of escaped utf-16 surrogate pair (byte 19)",
    ]


def test_a_nul_character_is_taken_out(read, source, sources):
    (source / "posts.jsonl.gz").write_bytes(
        gzip.compress(sources.lines([{**sources.POSTS[1], "caption": "a\0b"}]))
    )
    assert read(NAME, source).posts[0].caption == "ab"


def test_comments_of_unknown_posts_and_without_a_name_are_rejected(read, source, sources):
    rows = [
        {"post_id": "p9", "commenter": "x", "text": "?"},
        {"post_id": "p1", "commenter": None, "text": "?"},
        {"post_id": "p1", "commenter": "x"},
    ]
    (source / "comments.jsonl.gz").write_bytes(gzip.compress(sources.lines(rows)))
    found = read(NAME, source)
    assert [r.line for r in found.rejects] == [1, 2]
    assert "'p9' of this comment was not imported" in found.rejects[0].reason
    assert len(found.links) == 1


def test_a_cut_gzip_file_gives_what_is_before_the_cut(read, source, sources):
    rows = [
        {"post_id": "p1", "commenter": f"u{n * 7919 % 10007}", "text": f"comment {n * n}"}
        for n in range(2000)
    ]
    whole = gzip.compress(sources.lines(rows))
    (source / "comments.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    found = read(NAME, source)
    assert 500 < len(found.links) < 1500
    assert [(r.line, "ends in the middle" in r.reason) for r in found.rejects] == [
        (len(found.links) + 1, True)
    ]


def test_gzip_members_one_after_the_other_are_one_file(read, source, sources):
    parts = [gzip.compress(sources.lines([post])) for post in sources.POSTS]
    (source / "posts.jsonl.gz").write_bytes(b"".join(parts))
    assert [post.id for post in read(NAME, source).posts] == ["p1", "p2"]


def test_a_bomb_of_one_endless_line_is_rejected_without_being_held(read, source):
    (source / "comments.jsonl.gz").write_bytes(
        gzip.compress(b"x" * (40 << 20) + b"\n" + json.dumps({"post_id": "p1", "commenter": "a"}).encode())
    )
    found = read(NAME, source)
    assert [(r.line, r.reason) for r in found.rejects] == [(1, "the line is longer than 16 MiB")]
    assert [c.source for c in found.links] == ["a"]


def test_a_damaged_tar_goes_on_behind_the_damage(read, source, sources):
    pictures = {"p1_0.jpg": sources.jpeg(10), "p1_1.jpg": sources.jpeg(60), "p2_0.jpg": sources.jpeg(110)}
    data = bytearray(sources.tar(pictures))
    at = data.index(b"p1_1.jpg")
    data[at : at + 400] = b"\x07" * 400
    (source / "thumbnails.tar").write_bytes(data)
    found = read(NAME, source)
    assert [(p.post, p.position) for p in found.pictures] == [("p1", 0), ("p2", 0)]
    reasons = [r.reason for r in found.rejects]
    assert "damaged here" in reasons[0]
    assert reasons[1] == "picture 'p1_1.jpg' is not in thumbnails.tar"
    assert (found.rejects[1].file, found.rejects[1].line) == (str(source / "posts.jsonl.gz"), 1)


def test_a_cut_tar_and_pictures_of_no_post(read, source, sources):
    whole = sources.tar(
        {"./p1_0.jpg": sources.jpeg(), "stranger.jpg": sources.jpeg(), "p1_1.jpg": sources.jpeg()}
    )
    (source / "thumbnails.tar").write_bytes(whole[: 512 * 8 + 100])
    found = read(NAME, source)
    assert [(p.post, p.position) for p in found.pictures] == [("p1", 0)]
    reasons = " ".join(r.reason for r in found.rejects)
    assert "'stranger.jpg' is a picture of no post" in reasons
    assert "ends" in reasons


def test_long_names_in_tars_of_both_dialects(read, source, sources, tmp_path):
    import io
    import tarfile

    name = "deep/" * 60 + "p.jpg"
    (source / "posts.jsonl.gz").write_bytes(
        gzip.compress(sources.lines([{**sources.POSTS[1], "images": [name]}]))
    )
    for dialect in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=dialect) as archive:
            info = tarfile.TarInfo(name)
            info.size = 3
            archive.addfile(info, io.BytesIO(b"abc"))
        (source / "thumbnails.tar").write_bytes(out.getvalue())
        assert [p.data for p in read(NAME, source).pictures] == [b"abc"]


def test_descriptions_that_cannot_be_told_apart_go_to_the_first_picture(read, source, sources):
    rows = sources.lines([{**sources.POSTS[0], "alt_text": ["one", "two", "three"]}])
    (source / "posts.jsonl.gz").write_bytes(gzip.compress(rows))
    assert [p.alt_text for p in read(NAME, source).pictures] == ["one\ntwo\nthree", None]


def test_the_list_of_influencers_is_read_with_and_without_header(read, source):
    table = source / "influencers.tsv"
    table.write_text("#Posts\tUsername\t#Followers\n====\t====\t====\n12\tA\t5k\nx\tB\t1\n")
    found = read(NAME, source)
    assert [(a.id, a.followers, a.posts) for a in found.accounts] == [("a", 5000, 12)]
    assert [(r.line, r.reason) for r in found.rejects] == [(4, "posts: expected a whole number, found 'x'")]
    table.write_text("a\tfood\t10\t20\t30\nlonely\n")
    found = read(NAME, source)
    assert [(a.id, a.category, a.posts) for a in found.accounts] == [("a", "food", 30)]
    assert "expected 5 columns" in found.rejects[0].reason


def test_the_real_sample_has_the_counts_of_its_readme(read, shared):
    found = read(NAME, shared / "data" / "instagram")
    assert not found.rejects
    assert (len(found.accounts), len(found.posts), len(found.pictures), len(found.links)) == (
        27_233,
        31_839,
        36_501,
        412_923,
    )
    assert len({link.id for link in found.links}) == 412_923
    assert found.ticked == found.total
    assert sum(link.source == link.target for link in found.links) >= 22_748
    first, last = found.posts[0], found.posts[-1]
    assert (first.time, len(first.hashtags), first.likes, first.comments) == (1_480_146_151, 14, 187, 4)
    assert first.disclosed is False
    assert last.time is not None
    assert sum(post.disclosed for post in found.posts) > 1_500
    assert found.pictures[0].alt_text == "Image may contain: 2 people"
