"""Small invented sources of every kind, as files."""

from __future__ import annotations

import base64
import gzip
import io
import json
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

Files = dict[str, bytes]


def jpeg(shade: int = 90, size: tuple[int, int] = (42, 33)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (shade, 40, 200 - shade)).save(out, "JPEG")
    return out.getvalue()


def preview(width: int = 42, height: int = 28) -> str:
    """A media_preview as the platform sends it: of a picture at quality 30, all before the scan data left
    out."""
    out = io.BytesIO()
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    picture.save(out, "JPEG", quality=30, subsampling="4:2:0")
    data = out.getvalue()
    scan = data.index(b"\xff\xda")
    start = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")
    return base64.b64encode(bytes((0, width, height)) + data[start:-2]).decode()


def lines(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def tar(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def parquet(rows: list[dict]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


INFLUENCERS = (
    "handle\tcategory\tfollowers\tfollowees\tposts\n"
    "mara_on_foot\ttravel\t12500\t640\t312\nTom.Bakes\tfood\t8,100\t\t95\n"
)

POSTS = [
    {
        "post_id": "p1",
        "handle": "mara_on_foot",
        "timestamp": 1_540_000_000,
        "caption": "Über den Wolken ☁️ with @Harbour.Roastery #ad #hiking",
        "hashtags": ["ad", "hiking"],
        "mentions": ["harbour.roastery"],
        "tagged": [
            {"handle": "harbour.roastery", "verified": True},
            {"handle": "harbour.roastery", "verified": True},
        ],
        "sponsors": [],
        "likes": 1043,
        "comments": 3,
        "alt_text": ["a cup", "a fjord"],
        "width": 1080,
        "height": 849,
        "images": ["p1_0.jpg", "p1_1.jpg"],
    },
    {
        "post_id": "p2",
        "handle": "@Tom.Bakes ",
        "timestamp": 1_541_000_000,
        "caption": "rye #Bread",
        "likes": 80,
        "images": ["p2_0.jpg"],
    },
]

COMMENTS = [
    {"post_id": "p1", "commenter": "some.hiker", "is_owner": False, "text": "wow"},
    {"post_id": "p1", "commenter": "some.hiker", "is_owner": False, "text": "wow"},
    {"post_id": "p1", "commenter": "mara_on_foot", "is_owner": True, "text": "thanks"},
    {"post_id": "p2", "commenter": "@Other_1", "is_owner": False, "text": None},
]


def instagram_jsonl() -> Files:
    return {
        "influencers.tsv": INFLUENCERS.encode(),
        "posts.jsonl.gz": gzip.compress(lines(POSTS), mtime=0),
        "comments.jsonl.gz": gzip.compress(lines(COMMENTS), mtime=0),
        "thumbnails.tar": tar({"p1_0.jpg": jpeg(10), "p1_1.jpg": jpeg(60), "p2_0.jpg": jpeg(110)}),
    }


def comment(name: str, text: str, replies: list[dict] | None = None) -> dict:
    node: dict = {"text": text, "created_at": 1_540_000_100, "owner": {"username": name}}
    if replies is not None:
        node["edge_threaded_comments"] = {"count": len(replies), "edges": replies}
    return {"node": node}


def tagged(name: str) -> dict:
    return {"edges": [{"node": {"x": 0.5, "y": 0.5, "user": {"username": name, "is_verified": True}}}]}


def node(**changes: object) -> dict:
    """A GraphQL post; a sidecar of two where not changed."""
    return {
        "__typename": "GraphSidecar",
        "id": "900001",
        "shortcode": "Bq1",
        "owner": {"username": "mara_on_foot", "id": "77"},
        "taken_at_timestamp": 1_540_000_000,
        "edge_media_to_caption": {
            "edges": [{"node": {"text": "Morning brew, thanks @Harbour.Roastery! #Coffee #hike"}}]
        },
        "edge_media_preview_like": {"count": 1043, "edges": []},
        "edge_media_to_parent_comment": {
            "count": 3,
            "edges": [
                comment("some.hiker", "wow", [comment("mara_on_foot", "thanks")]),
                comment("other_1", "wow"),
            ],
        },
        "edge_media_preview_comment": {"count": 3, "edges": [comment("some.hiker", "wow")]},
        "edge_media_to_sponsor_user": {
            "edges": [{"node": {"sponsor": {"id": "5", "username": "harbour.roastery"}}}]
        },
        "edge_media_to_tagged_user": tagged("Harbour.Roastery"),
        "dimensions": {"width": 1080, "height": 720},
        "media_preview": None,
        "edge_sidecar_to_children": {
            "edges": [
                {
                    "node": {
                        "media_preview": preview(),
                        "accessibility_caption": "Image may contain: cup",
                        "dimensions": {"width": 1080, "height": 720},
                        "edge_media_to_tagged_user": tagged("fjord.tours"),
                    }
                },
                {
                    "node": {
                        "media_preview": preview(30, 42),
                        "accessibility_caption": None,
                        "dimensions": {"width": 772, "height": 1080},
                    }
                },
            ]
        },
        "is_ad": False,
        **changes,
    }


def instagram_info() -> Files:
    video = node(
        id="900002",
        edge_sidecar_to_children=None,
        media_preview=preview(42, 42),
        edge_media_to_caption={"edges": []},
    )
    video |= {
        "owner": None,
        "edge_media_preview_like": {"count": -1},
        "edge_media_to_sponsor_user": {"edges": []},
    }
    return {
        "influencers.tsv": INFLUENCERS.encode(),
        "mara_on_foot-900001.info": json.dumps(node()).encode(),
        "Tom.Bakes-900002.info": json.dumps(video).encode(),
    }


def saved(node_type: str, node: dict) -> bytes:
    return json.dumps({"node": node, "instaloader": {"version": "4.10", "node_type": node_type}}).encode()


PROFILE = {
    "id": "77",
    "username": "Mara_on_Foot",
    "full_name": "Mara",
    "biography": "Trails, tents and very strong coffee.",
    "business_category_name": "Creators & Celebrities",
    "edge_followed_by": {"count": 12500},
    "edge_follow": {"count": 640},
    "edge_owner_to_timeline_media": {"count": 312, "edges": []},
}


def instaloader() -> Files:
    stem = "mara_on_foot/2018-10-20_01-46-40_UTC"
    plain = node(
        id=900001,
        edge_media_to_parent_comment=None,
        edge_media_preview_comment=None,
        comments=2,
        edge_media_to_caption=None,
    )
    told = [
        {
            "id": 1,
            "created_at": 1_540_000_100,
            "text": "wow",
            "owner": {"username": "some.hiker"},
            "likes_count": 1,
            "answers": [],
        },
        {
            "id": 2,
            "created_at": 1_540_000_200,
            "text": "so nice",
            "owner": {"username": "other_1"},
            "answers": [comment("x", "y")["node"]],
        },
    ]
    single = node(
        id="900003", owner={"id": "5"}, edge_sidecar_to_children=None, media_preview=preview(), is_ad=True
    )
    return {
        f"{stem}.json.xz": lzma.compress(saved("Post", plain), check=lzma.CHECK_NONE),
        f"{stem}.txt": "Sunrise 🌄 #Coffee".encode(),
        f"{stem}_1.jpg": jpeg(10),
        f"{stem}_2.jpg": jpeg(60),
        f"{stem}_comments.json": json.dumps(told).encode(),
        "mara_on_foot/mara_on_foot_77.json.xz": lzma.compress(
            saved("Profile", PROFILE), check=lzma.CHECK_NONE
        ),
        "harbour.roastery/2018-10-21_UTC.json": saved("Post", single),
        "harbour.roastery/2018-10-21_UTC_story.json": saved("StoryItem", {"id": "1"}),
    }


def released_features() -> Files:
    rng = np.random.default_rng(7)
    arrays = {
        "brand_lda": rng.random((3, 4), np.float32),
        "influencer_lda": rng.random((5, 4), np.float32),
        "brand_concept": rng.random((3, 6), np.float32),
        "influencer_concept": rng.random((5, 6), np.float32),
        "brand_image": rng.random((3, 7), np.float32),
        "brand_category": np.array([0, 1, 1], np.int8),
        "category_names": np.array(["food", "shoes"]),
        "endorsement": np.array([[0, 1], [0, 4], [2, 3]], np.int32),
        "endorsement_engagement": np.array([0.03, np.nan, 0.01]),
    }
    brands = [
        {
            "row": 0,
            "concepts": {"cake": 2},
            "business_category": [None, "Bakery", "Food"],
            "bio_tokens": ["we", "bake"],
        },
        {"row": 2, "concepts": {}, "business_category": None, "bio_tokens": None},
    ]
    return {
        "train.npz": npz(arrays),
        "test.npz": npz(
            {
                name: values[:2] if name.startswith(("brand_", "endorsement")) else values
                for name, values in arrays.items()
            }
        ),
        "train_brands.jsonl.gz": gzip.compress(lines(brands), mtime=0),
    }


def instagram_download() -> Files:
    caption = "Pão 🍞 with @Harbour.Roastery #vegano"
    # The platform escapes each byte of UTF-8 as one character.
    escaped = caption.encode().decode("latin-1")
    posts = [
        {
            "media": [
                {"uri": "media/posts/202401/1.jpg", "creation_timestamp": 1_704_448_800, "title": escaped}
            ]
        },
        {
            "media": [
                {"uri": "media/posts/202401/2.jpg", "creation_timestamp": 1_704_448_801, "title": ""},
                {"uri": "media/posts/202401/3.mp4", "creation_timestamp": 1_704_448_801, "title": ""},
                {"uri": "media/posts/202401/4.jpg", "creation_timestamp": 1_704_448_801, "title": ""},
            ],
            "title": "Two pictures",
            "creation_timestamp": 1_704_448_900,
        },
    ]
    profile = {
        "Benutzername": {"href": "", "value": "Mila.Tastes", "timestamp": 0},
        "Name": {"href": "", "value": "Mila"},
        "Steckbrief": {"href": "", "value": "Vegan 🌱".encode().decode("latin-1")},
    }
    user = {"profile_user": [{"title": "", "string_map_data": profile}]}
    folder = "your_instagram_activity/media"
    return {
        f"{folder}/posts_1.json": json.dumps(posts).encode(),
        f"{folder}/stories.json": b'{"ig_stories": []}',
        "personal_information/personal_information/personal_information.json": json.dumps(user).encode(),
        "media/posts/202401/1.jpg": jpeg(10),
        "media/posts/202401/2.jpg": jpeg(60),
    }


def sidecar(num: int = 1, **changes: object) -> bytes:
    """The JSON file of one picture, as gallery-dl writes it."""
    fields = {
        "category": "instagram",
        "subcategory": "posts",
        "username": "mila.tastes",
        "fullname": "Mila",
        "post_id": "3687361308854381515",
        "post_shortcode": "DMsAAA111",
        "description": "Bread with @fjord.tours #Vegan",
        "tags": ["#Vegan"],
        "likes": 4244,
        "date": "2025-07-29 11:15:43",
        "tagged_users": [{"id": "9", "username": "Tarn.Boots", "full_name": "T"}],
        "num": num,
        "extension": "jpg",
        "width": 1080,
        "height": 720,
        **changes,
    }
    return json.dumps(fields).encode()


def gallery_dl() -> Files:
    home = "instagram/mila.tastes"
    coauthors = [{"username": "mila.tastes"}, {"username": "harbour.roastery"}]
    return {
        f"{home}/a_1.jpg": jpeg(10),
        f"{home}/a_1.jpg.json": sidecar(1),
        f"{home}/a_2.jpg": jpeg(60),
        f"{home}/a_2.json": sidecar(2, tagged_users=[], coauthors=coauthors),
        f"{home}/b.mp4.json": sidecar(
            1, post_id=5, description="A film", tags=None, likes=-1, extension="mp4", date="yesterday"
        ),
        f"{home}/story.jpg.json": sidecar(1, subcategory="stories"),
    }


ACCOUNTS_CSV = """\ufeffHandle;Role;Full Name;Followers;Bio
@Harbour.Roastery;brand;Harbour Roastery;48 200;"Coffee; from the docks
since 1902"
mara_on_foot;influencer;Mara;12.5k;
"""
FOLDER_POSTS = [
    {
        "id": "p1",
        "account": "mara_on_foot",
        "time": "2024-05-31T18:00:00Z",
        "caption": "brew with @harbour.roastery #ad",
        "likes": 10,
        "images": ["images/p1.jpg", "../outside.jpg", "images/none.jpg"],
        "alt_text": ["a cup"],
    },
    {"id": "brief-1", "account": "harbour.roastery", "kind": "brief", "caption": "hikers wanted"},
]


def folder() -> Files:
    return {
        "Accounts.csv": ACCOUNTS_CSV.encode(),
        "posts.jsonl": lines(FOLDER_POSTS),
        "endorsements.parquet": parquet(
            [{"brand": "harbour.roastery", "influencer": "mara_on_foot", "post": "p1", "weight": 0.09}]
        ),
        "comments.csv": b'post,account,text,time\np1,some.hiker,"That view,\nwow",1717182720\n'
        b"p1,mara_on_foot,,\n",
        "images/p1.jpg": jpeg(),
    }


def write(where: Path, files: Files) -> Path:
    for name, data in files.items():
        file = where / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return where


@pytest.fixture(scope="session")
def sources() -> SimpleNamespace:
    """The makers above; ``sources.all`` maps the registered name of an importer to a function that gives its
    files."""
    makers: dict[str, Callable[[], Files]] = {
        "folder": folder,
        "gallery-dl": gallery_dl,
        "instagram-download": instagram_download,
        "instagram-info": instagram_info,
        "instagram-jsonl": instagram_jsonl,
        "instaloader": instaloader,
        "released-features": released_features,
    }
    return SimpleNamespace(
        all=makers, write=write, lines=lines, tar=tar, npz=npz, parquet=parquet, jpeg=jpeg, preview=preview,
         node=node, saved=saved, sidecar=sidecar,
        tagged=tagged, comment=comment, POSTS=POSTS, PROFILE=PROFILE,
    )  # fmt: skip


@pytest.fixture
def read() -> Callable[..., SimpleNamespace]:
    """Read a folder with the importer of a name; its records by type."""
    from brandfit import registry
    from brandfit.data.schema import Partial

    def run(name: str, path: Path, **settings: object) -> SimpleNamespace:
        cls = registry.load("importer", name)
        importer = cls(cls.Config.from_settings(settings))
        ticked: list[int] = []
        found: dict[str, list] = {
            kind: [] for kind in ("Account", "Post", "Link", "Picture", "Reject", "Features")
        }
        for record in importer.read(path, ticked.append):
            row = record.row if isinstance(record, Partial) else record
            found[type(row).__name__].append(row)
        return SimpleNamespace(
            accounts=found["Account"], posts=found["Post"], links=found["Link"], pictures=found["Picture"],
            rejects=found["Reject"], features=found["Features"], warnings=importer.warnings,
             unread=importer.unread,
             ticked=sum(ticked),
            total=importer.total(path),
        )  # fmt: skip

    return run
