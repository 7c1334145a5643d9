"""Files that tools and the platform itself write, as people have them (tests/field), and damaged ones."""

from __future__ import annotations

import copy
import json
import lzma
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brandfit import registry
from brandfit.data.endorsements import Config, derive
from brandfit.data.importers._lenient import LenientDecoder, UnreadableFields
from brandfit.data.importers.instagram_download import repaired
from brandfit.data.schema import Partial, Post, Reject
from brandfit.errors import DataError
from brandfit.pipeline import import_source, recognise
from brandfit.workspace import Workspace

FIELD = Path(__file__).resolve().parents[1] / "field"


@pytest.fixture
def bring(tmp_path) -> Callable[..., SimpleNamespace]:
    """Import a folder; the tables by key, the derived partners of brands, and the result of the import."""

    def run(source: str, path: Path, **options: Any) -> SimpleNamespace:
        imported = import_source(tmp_path / "work", source, path, settings=options)
        with Workspace(tmp_path / "work") as workspace:
            dataset = workspace.dataset()
            return SimpleNamespace(
                imported=imported,
                accounts={row["id"]: row for row in dataset.accounts.to_pylist()},
                posts={row["id"]: row for row in dataset.posts.to_pylist()},
                images=dataset.images.to_pylist(),
                partners=derive(dataset, Config(min_endorsers=1)).partners,
            )

    return run


def values(row: dict[str, Any], *names: str) -> tuple:
    return tuple(row[name] for name in names)


PROFILE_FIELDS = ("role", "name", "biography", "business_category", "followers", "followees", "posts")


def test_instaloader_416(bring):
    found = bring("instaloader", FIELD / "20-instaloader416")
    assert not found.imported.rejects
    assert found.imported.warnings == ("1 story was left out: only posts and profiles are read.",)
    assert set(found.accounts) == {"mila.tastes", "otto.peaks"}
    mila, otto = found.accounts["mila.tastes"], found.accounts["otto.peaks"]
    assert values(mila, *PROFILE_FIELDS) == (
        "influencer", "Mila T", "Vegan 🌱 Lyon", "Chef", 48_211, 911, None,
    )  # fmt: skip
    assert values(otto, *PROFILE_FIELDS) == ("influencer", "Otto", "Hike", "Athlete", 18_233, 300, 455)
    assert mila["category"] is None

    carousel, film, new = (found.posts[f"36873613088543815{end}"] for end in (15, 16, 17))
    assert {post["account"] for post in found.posts.values()} == {"mila.tastes"}
    assert values(carousel, "time", "likes", "comments", "disclosed") == (1_753_787_743, 4244, 7, True)
    assert carousel["hashtags"] == ["веган", "sãopaulo", "日本の朝ごはん"]
    assert values(carousel, "mentions", "tags", "sponsors") == (
        ["tarn.boots"], ["tarn.boots", "kid.tag"], ["tarn.boots"],
    )  # fmt: skip
    assert values(film, "caption", "likes", "comments", "tags", "disclosed") == ("", None, 7, [], False)
    assert values(new, "likes", "comments", "tags", "sponsors") == (None, 12, ["tarn.boots"], [])
    assert new["hashtags"] == ["реклама", "نرم\u200cافزار"]
    assert new["disclosed"] is True, "#реклама is a mark, also before a joiner that joins nothing"
    assert found.partners["tarn.boots"] == {"mila.tastes"}


def test_a_collaboration_post_in_two_folders_is_one_post_and_a_pair(bring):
    found = bring("instaloader", FIELD / "21-instaloader-more", brands="tarn.boots")
    assert not found.imported.rejects
    assert found.imported.warnings == ()
    assert {id: post["account"] for id, post in found.posts.items()} == {
        "1": "mila.tastes",
        "2": "mila.tastes",
    }
    assert values(found.accounts["tarn.boots"], *PROFILE_FIELDS) == (
        "brand", "Tarn", "Boots", "Shoe shop", 18_233, 300, 455,
    )  # fmt: skip
    mila = found.accounts["mila.tastes"]
    assert values(mila, *PROFILE_FIELDS) == (
        "influencer", "Mila T", "Vegan Lyon", "Chef", 48_211, 911, 1204,
    )  # fmt: skip
    assert values(found.posts["1"], "tags", "likes", "comments") == (["tarn.boots"], None, 7)
    assert values(found.posts["2"], "tags", "likes", "comments") == (["tarn.boots"], 812, 7)
    assert found.partners == {"tarn.boots": {"mila.tastes"}}

    before = found.posts
    assert bring("instaloader", FIELD / "21-instaloader-more", brands="tarn.boots").posts == before


@pytest.mark.parametrize(("owner", "author"), [("tarn.boots", "mila.tastes"), ("mila.tastes", "tarn.boots")])
def test_either_author_may_own_a_collaboration_post(bring, tmp_path, sources, owner, author):
    authors = [{"pk": 1, "username": owner.title()}, {"pk": 9, "username": author}]
    phone = {"pk": 7, "user": {"username": owner}, "coauthor_producers": authors, "caption": None}
    # Both authors' folders hold the post.
    files = {
        f"{name}/x.json": sources.saved("Post", {"iphone_struct": phone}) for name in (owner, author)
    } | {
        f"{name}/{name}_1.json": sources.saved(
            "Profile", {"iphone_struct": {"username": name, "follower_count": 20_000}}
        )
        for name in (owner, author)
    }
    found = bring("instaloader", sources.write(tmp_path / "source", files), brands="tarn.boots")
    assert not found.imported.rejects
    assert [values(post, "id", "account", "tags") for post in found.posts.values()] == [
        ("7", owner, [author])
    ]
    assert found.partners == {"tarn.boots": {"mila.tastes"}}


def test_parts_of_a_carousel_have_their_own_descriptions(read, tmp_path, sources):
    source = shutil.copytree(FIELD / "21-instaloader-more", tmp_path / "source")
    for part in (1, 2):
        name = f"2025-07-29_11-20-43_UTC_{part}.jpg"
        (source / "mila.tastes" / name).write_bytes(sources.jpeg(part))
    pictures = read("instaloader", source).pictures
    assert [(p.post, p.position, p.alt_text) for p in pictures] == [
        ("2", 0, "may be boots"),
        ("2", 1, "may be snow"),
    ]


def test_the_owner_alone_is_no_co_author_and_the_id_of_phones_has_no_owner(read, tmp_path, sources):
    phone = {"id": "12345_77", "user": {"username": "A.B"}, "coauthor_producers": [{"username": "a.b"}],
             "like_count": -1, "comment_count": 3, "taken_at": 5, "is_paid_partnership": False}  # fmt: skip
    sources.write(tmp_path, {"x/1.json": sources.saved("Post", {"iphone_struct": phone})})
    (post,) = read("instaloader", tmp_path).posts
    assert (post.id, post.account, post.tags, post.likes, post.comments) == ("12345", "a.b", [], None, 3)
    assert (post.caption, post.disclosed) == (None, False), "the platform states that there is no mark"


def test_json_lines_with_hidden_likes(bring):
    found = bring("instagram-jsonl", FIELD / "43-jsonl-minus1")
    assert not found.imported.rejects
    assert values(found.posts["1"], "account", "likes", "comments", "tags", "hashtags") == (
        "mila.tastes", None, 5, ["a"], [],
    )  # fmt: skip
    assert "The likes of 1 post are hidden (-1) and count as unknown." in found.imported.warnings


def test_json_lines_in_the_forms_of_the_platform(read, tmp_path, sources):
    phone = {"pk": 8, "code": "C8", "taken_at": 5, "user": {"username": "Mila"}, "like_count": 12,
             "caption": {"text": "hi #a"}, "coauthor_producers": [{"username": "tarn"}]}  # fmt: skip
    rows = [
        phone,
        sources.node(id="9"),
        {"node": sources.node(id="10"), "instaloader": {}},
        {"post_id": 11, "handle": "mila", "caption": "x", "isSponsored": True, "tagged": None},
        {"post_id": "12", "handle": "mila", "is_paid_partnership": False, "tagged": ["B", {"username": "C"}]},
        {"post_id": "13", "handle": "mila"},
    ]
    sources.write(tmp_path, {"posts.jsonl": sources.lines(rows)})
    found = read("instagram-jsonl", tmp_path)
    assert not found.rejects
    posts = {post.id: post for post in found.posts}
    assert list(posts) == ["8", "9", "10", "11", "12", "13"]
    assert (posts["8"].account, posts["8"].likes, posts["8"].time, posts["8"].tags) == (
        "mila",
        12,
        5,
        ["tarn"],
    )
    assert posts["9"].account == posts["10"].account == "mara_on_foot"
    assert [posts[id].disclosed for id in ("11", "12", "13")] == [True, False, None]
    assert posts["12"].tags == ["b", "c"]


def test_the_download_of_instagram(bring):
    assert recognise(FIELD / "40-ig-download") == "instagram-download"
    found = bring("instagram-download", FIELD / "40-ig-download")
    assert not found.imported.rejects
    assert list(found.accounts) == ["mila.tastes"]
    (post,) = found.posts.values()
    assert values(post, "account", "time", "caption", "hashtags") == (
        "mila.tastes", 1_704_448_800, "Pão 🍞 #vegano", ["vegano"],
    )  # fmt: skip
    assert values(post, "likes", "comments") == (None, None)
    notes = " ".join(found.imported.warnings)
    assert "states no likes, comments" in notes
    assert "1 picture is not in the folder of the download, such as media/posts/202401/1.jpg" in notes
    again = bring("instagram-download", FIELD / "40-ig-download")
    assert list(again.posts) == [post["id"]], "the made id is the same"


def test_a_download_with_pictures_in_another_language(read, tmp_path, sources):
    source = sources.write(tmp_path / "source", sources.all["instagram-download"]())
    found = read("instagram-download", source)
    assert not found.rejects
    (mila,) = found.accounts
    assert (mila.id, mila.name, mila.biography) == ("mila.tastes", "Mila", "Vegan 🌱")
    assert [post.caption for post in found.posts] == ["Pão 🍞 with @Harbour.Roastery #vegano", "Two pictures"]
    assert found.posts[0].mentions == ["harbour.roastery"]
    assert [post.time for post in found.posts] == [1_704_448_800, 1_704_448_900]
    assert [(p.post, p.position) for p in found.pictures] == [(post.id, 0) for post in found.posts]
    notes = " ".join(found.warnings)
    assert "1 video was left out" in notes
    assert "1 picture is not in the folder" in notes
    assert "1 other file was left out of the download" in notes
    assert found.unread.files == ()


def test_the_owner_of_a_download_is_never_a_guess(read, tmp_path, sources):
    files = sources.all["instagram-download"]()
    profile = "personal_information/personal_information/personal_information.json"

    def with_fields(name: str, fields: dict[str, str]) -> Path:
        content = {name: {"value": value} for name, value in fields.items()}
        user = {"profile_user": [{"string_map_data": content}]}
        return sources.write(tmp_path / name, {**files, profile: json.dumps(user).encode()})

    unclear = with_fields("unclear", {"a": "mila", "b": "female", "c": "otto"})
    with pytest.raises(DataError, match="possible are mila, otto") as error:
        read("instagram-download", unclear)
    assert "--set handle=NAME" in error.value.hint
    assert read("instagram-download", unclear, handle="@Mila").accounts[0].id == "mila"
    clear = with_fields("clear", {"ユーザーネーム": "mila.t", "b": "False", "c": "Mila T"})
    assert read("instagram-download", clear).accounts[0].id == "mila.t"
    named = with_fields("instagram-otto.peaks-2024-01-05-a1B2", {"x": "1"})
    assert read("instagram-download", named).accounts[0].id == "otto.peaks"
    # Two downloads in one folder are of two accounts.
    both = tmp_path / "both"
    shutil.copytree(clear, both / "1")
    shutil.copytree(named, both / named.name)
    found = read("instagram-download", both)
    assert [account.id for account in found.accounts] == ["mila.t", "otto.peaks"]
    assert len({post.id for post in found.posts}) == 4


def test_a_download_in_html_and_a_packed_one_are_named(read, tmp_path):
    page = tmp_path / "html" / "your_instagram_activity" / "media" / "posts_1.html"
    page.parent.mkdir(parents=True)
    page.write_text("<html>")
    assert recognise(tmp_path / "html") == "instagram-download"
    with pytest.raises(DataError, match="in the format HTML"):
        read("instagram-download", tmp_path / "html")
    (tmp_path / "x.zip").write_bytes(b"PK")
    with pytest.raises(DataError) as error:
        read("instagram-download", tmp_path / "x.zip")
    assert "Unpack the download" in error.value.hint


@given(st.text())
def test_text_that_was_escaped_byte_by_byte_is_repaired(text):
    text = text.encode("utf-8", "ignore").decode().replace("\0", "")
    assert repaired(text.encode().decode("latin-1")) == text
    assert isinstance(repaired(text), str)


def test_files_of_gallery_dl(bring):
    assert recognise(FIELD / "41-gallery-dl") == "gallery-dl"
    found = bring("gallery-dl", FIELD / "41-gallery-dl")
    assert not found.imported.rejects
    assert values(found.accounts["mila.tastes"], "role", "name") == ("influencer", "Mila")
    (post,) = found.posts.values()
    assert values(post, "id", "account", "time", "caption", "hashtags", "tags", "likes") == (
        "3687361308854381515", "mila.tastes", 1_753_787_743, "Bread #vegan", ["vegan"], ["tarn.boots"], 4244,
    )  # fmt: skip


def test_the_files_of_one_post_of_gallery_dl_are_joined(read, tmp_path, sources):
    source = sources.write(tmp_path / "source", sources.all["gallery-dl"]())
    found = read("gallery-dl", source, brands="mila.tastes")
    assert not found.rejects
    assert [(a.id, a.role, a.name) for a in found.accounts] == [("mila.tastes", "brand", "Mila")]
    post, film = found.posts
    assert (post.tags, post.mentions) == (["tarn.boots", "harbour.roastery"], ["fjord.tours"])
    assert (film.id, film.likes, film.time, film.hashtags) == ("5", None, None, [])
    assert [(p.post, p.position, p.data) for p in found.pictures] == [
        (post.id, 0, sources.jpeg(10)),
        (post.id, 1, sources.jpeg(60)),
    ]
    notes = " ".join(found.warnings)
    assert "date: 1 value could not be read and is unknown, such as 'yesterday'" in notes
    assert "JSON files of stories were left out: only posts are read: 1." in notes
    assert "Videos were left out" in notes


def test_counts_of_a_profile_of_gallery_dl(read, tmp_path, sources):
    user = {"biography": "Vegan", "count_followed": 48_211, "edge_follow": {"count": 911}, "count_media": 12}
    sources.write(tmp_path, {"a.jpg.json": sources.sidecar(user=user), "b.jpg.json": sources.sidecar(2)})
    (mila,) = read("gallery-dl", tmp_path).accounts
    assert (mila.biography, mila.followers, mila.followees, mila.posts) == ("Vegan", 48_211, 911, 12)


# Damaged values in every field.

WRONG = st.sampled_from(
    [None, -1, 2**63, 1.5, True, "", "x" * 300, "\0", [], [None], [[1]], {}, {"a": 1}, {"username": 5}, "@@"]
)


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """The path of every value within a JSON document."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, child in value.items():
            found += places(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            found += places(child, (*path, index))
    return found


def mutated(data: st.DataObject, document: Any) -> Any:
    document = copy.deepcopy(document)
    for _ in range(data.draw(st.integers(1, 4))):
        *parents, key = data.draw(st.sampled_from(places(document) or [()]))
        parent = document
        for step in parents:
            parent = parent[step]
        parent[key] = copy.deepcopy(data.draw(WRONG))
        if not places(document):
            break
    return document


def plain(name: str) -> bytes:
    raw = (FIELD / name).read_bytes()
    return lzma.decompress(raw) if name.endswith(".xz") else raw


DAMAGED = [
    ("instaloader", "20-instaloader416/mila.tastes/2025-07-29_11-15-43_UTC.json.xz", "mila.tastes/a.json"),
    ("instagram-jsonl", "43-jsonl-minus1/posts.jsonl", "posts.jsonl"),
    ("gallery-dl", "41-gallery-dl/instagram/mila.tastes/3687361308854381515_1.jpg.json", "a.jpg.json"),
]


@pytest.mark.parametrize(("source", "original", "name"), DAMAGED)
def test_a_record_with_wrong_values_is_read_or_rejected(tmp_path, source, original, name):
    document = json.loads(plain(original))
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)

    @settings(
        max_examples=150,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def run(data: st.DataObject) -> None:
        path.write_text(json.dumps(mutated(data, document)))
        importer = registry.load("importer", source)()
        records = list(importer.read(tmp_path, lambda _n_bytes: None))
        rows = [record.row if isinstance(record, Partial) else record for record in records]
        n_posts = sum(isinstance(row, Post) for row in rows)
        n_rejected = sum(isinstance(row, Reject) for row in rows)
        notes = " ".join(importer.warnings)
        assert n_posts + n_rejected == 1 or "left out" in notes
        for row in rows:
            msgspec.convert(msgspec.structs.asdict(row), type(row))

    run()


@given(st.data())
@settings(max_examples=100, deadline=None, database=None, derandomize=True)
def test_entries_of_a_download_are_read_or_rejected(tmp_path_factory, data):
    home = tmp_path_factory.mktemp("download") / "d"
    shutil.copytree(FIELD / "40-ig-download", home)
    path = home / "your_instagram_activity" / "content" / "posts_1.json"
    (entry,) = json.loads(path.read_text())
    path.write_text(json.dumps([mutated(data, entry), entry]))
    importer = registry.load("importer", "instagram-download")()
    records = list(importer.read(home, lambda _n_bytes: None))
    rows = [record.row if isinstance(record, Partial) else record for record in records]
    assert sum(isinstance(row, (Post, Reject)) for row in rows) == 2


class Inner(msgspec.Struct):
    name: str


class Outer(msgspec.Struct):
    id: str
    count: int | None = None
    inner: list[Inner] = []
    by_name: dict[str, int] = {}


def test_fields_that_cannot_be_read_are_removed_and_counted():
    decoder = LenientDecoder(Outer, frozenset({"id"}))
    unreadable = UnreadableFields()
    document = {"id": "1", "count": "x", "inner": [{"name": 5}, {"name": "a"}], "by_name": {"k": "v"}}
    result = decoder.decode(json.dumps(document).encode(), unreadable, file="f", line=3)
    assert result == Outer("1", None, [Inner("a")], {})
    assert unreadable.count_by_field == {"count": 1, "inner": 1, "by_name": 1}
    assert unreadable.sentences()[0] == (
        "count: 1 value could not be read and is unknown, such as 'x' (f, line 3)."
    )
    with pytest.raises(msgspec.ValidationError):
        decoder.decode(b'{"id": 5}', unreadable, file="f")
    with pytest.raises(msgspec.ValidationError):
        decoder.decode(b"[1]", unreadable, file="f")


def test_very_many_wrong_values_end_soon():
    document = {"id": "1", "inner": [{"name": 5}] * 5000}
    result = LenientDecoder(Outer, frozenset({"id"})).decode(
        json.dumps(document).encode(), UnreadableFields(), file="f"
    )
    assert result.inner == []
