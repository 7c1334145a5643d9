"""Every way to draw heat maps is reached from the command line, Python, the API and the page, and says so
where it cannot draw."""

from __future__ import annotations

import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from brandfit import pipeline
from brandfit.cli import main
from brandfit.data.features import Features
from brandfit.explain.heatmap import VGG
from brandfit.workspace import Workspace

PLACE, FILTER = (2, 4), 3


@pytest.fixture(scope="module")
def placed(tmp_path_factory):
    """A workspace whose wsim learned from maps of VGG-16 in which one place of each picture is active."""
    pytest.importorskip("torch")
    top = tmp_path_factory.mktemp("placed")
    brands, influencers = ["shop", "mill", "dock"], ["ana", "ben", "cid", "dea"]
    (top / "data" / "images").mkdir(parents=True)
    posts = [(f"{account}-{n}", account) for account in (*brands, *influencers) for n in range(2)] + [
        ("ana-2", "ana")
    ]
    for post, _ in posts:
        Image.new("RGB", (64, 48), (120, 120, 120)).save(top / "data" / "images" / f"{post}.png")

    def images(post):
        return "images/ana-2.png|images/ana-1.png" if post == "ana-2" else f"images/{post}.png"

    tables = {
        "accounts": [
            ("id", "role", "followers"),
            *((b, "brand", 9000) for b in brands),
            *((i, "influencer", 9000) for i in influencers),
        ],
        "posts": [("id", "account", "caption", "images"), *((p, a, "words", images(p)) for p, a in posts)],
        "endorsements": [
            ("brand", "influencer"),
            ("shop", "ana"),
            ("mill", "ben"),
            ("dock", "cid"),
            ("shop", "dea"),
        ],
    }
    for name, rows in tables.items():
        (top / "data" / f"{name}.csv").write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
    rows = np.zeros((len(posts), *VGG), np.float32)
    rows[:, *PLACE, FILTER] = 1.0
    with Workspace(top / "work", create=True) as workspace:
        pipeline.import_source(workspace, "folder", path=top / "data")
        ids = np.array([post for post, _ in posts], dtype=object)
        workspace.save(
            Features(
                name="image.vgg16",
                ids=ids,
                values=rows.reshape(len(posts), -1),
                level="post",
                columns=(),
                key="planted",
                slot="picture",
            )
        )
        pipeline.train(workspace, "wsim", settings={"epochs": 1, "pool_size": 2, "validation": 0})
    return top / "work"


@pytest.mark.parametrize("method", ["wsim", "wsim-general"])
def test_maps_of_wsim_lie_where_its_filters_are_active(placed, method, make, tmp_path, capsys):
    command = [
        "explain",
        "shop",
        "ana",
        "--ranker",
        "wsim",
        "--kind",
        "maps",
        "--map-method",
        method,
        "-w",
        str(placed),
    ]
    main([*command, "--out", str(tmp_path / "why"), "--json"])
    result = json.loads(capsys.readouterr().out)
    assert len(result["maps"]) == 2
    for one in result["maps"]:
        values = np.array(one["values"])
        assert one["method"] == method
        assert np.argwhere(values).tolist() == [list(PLACE)]
        assert one["area"] == pytest.approx(
            [11 / 64, 1 / 16, 53 / 64, 15 / 16]
        )  # 42 of 64 x 48 pixels are read
    assert len(list((tmp_path / "why").glob("map-*.png"))) == 2
    client = make(placed)
    where = {"ranker": "wsim", "map_method": method}
    assert (
        client.get("/api/v1/explanations/shop/ana", params={**where, "kind": "maps"}).json()["maps"]
        == result["maps"]
    )
    page = client.get("/brands/shop/why/ana/maps", params=where).text
    sources = [source.replace("&amp;", "&") for source in re.findall(r'<img src="([^"]+maps/[^"]+)"', page)]
    assert len(sources) == 2
    drawn = np.asarray(Image.open(io.BytesIO(client.get(sources[0]).content)).convert("RGB")).astype(int)
    red = drawn[..., 0] - drawn[..., 2]
    y, x = 3 + 6 * PLACE[0] + 3, 11 + 6 * PLACE[1] + 3  # a place is 6 x 6 pixels
    assert red[y, x] > 50
    assert np.abs(red[:, :11]).max() == 0  # not read
    assert "no heat maps of 1 posts, for example: ana-2 has 2 pictures" in page
    assert any("ana-2 has 2 pictures" in note for note in result["notes"])
    assert "map_method=wsim-general" in page
    assert "map_method=gradient" not in page  # nothing here can read pictures as they were


def test_maps_by_gradient(client, folder, brand, tiny_clip, tmp_path, capsys):
    pytest.importorskip("captum")
    model = f"image.clip.model={tiny_clip}"
    main(["encode", "image.clip", "--set", f"model={tiny_clip}", "-w", str(folder)])
    with Workspace(folder) as workspace:
        influencer = str(pipeline.rank(workspace, brand, ranker="simcos", k=1).candidates[0])
    command = [
        "explain",
        brand,
        influencer,
        "--ranker",
        "simcos",
        "--kind",
        "maps",
        "--map-method",
        "gradient",
        "-w",
        str(folder),
    ]
    capsys.readouterr()
    main([*command, "--set", model])
    assert "Heat maps by gradient" in capsys.readouterr().out
    # The workspace has recorded the model.
    main(command)
    assert "Heat maps by gradient" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([*command, "--set", "image.clip.last_posts=1"])
    assert "nothing here can read pictures as image.clip did" in capsys.readouterr().err


def test_what_a_method_lacks_is_told_everywhere(client, folder, brand, capsys):
    with Workspace(folder) as workspace:
        influencer = str(pipeline.rank(workspace, brand, ranker="simcos", k=1).candidates[0])
        assert pipeline.map_methods(workspace, "simcos") == ["occlusion"]
    command = ["explain", brand, influencer, "--ranker", "simcos", "-w", str(folder), "--map-method"]
    for method, said in (
        ("wsim", "simcos has no weights of single columns"),
        ("gradient", "image.classical is no PyTorch network"),
    ):
        with pytest.raises(SystemExit):
            main([*command, method, "--kind", "maps"])
        assert said in capsys.readouterr().err
        where = {"ranker": "simcos", "map_method": method}
        answer = client.get(f"/api/v1/explanations/{brand}/{influencer}", params={**where, "kind": "maps"})
        assert answer.status_code == 422
        assert said in answer.text
        assert said in client.get(f"/brands/{brand}/why/{influencer}/maps", params=where).text
    with pytest.raises(SystemExit):
        main([*command, "wsim"])
    assert "--map-method goes with --kind maps" in capsys.readouterr().err
    assert (
        client.get(f"/brands/{brand}/why/{influencer}/maps", params={"map_method": "magic"}).status_code
        == 422
    )


def test_a_ranker_that_reads_no_pictures_says_so(folder, brand, capsys):
    main(["train", "miv", "-w", str(folder)])
    with Workspace(folder) as workspace:
        influencer = str(pipeline.rank(workspace, brand, ranker="miv", k=1).candidates[0])
    capsys.readouterr()
    main(["explain", brand, influencer, "--ranker", "miv", "--kind", "maps", "-w", str(folder)])
    assert "Note: no heat maps: miv does not read pictures" in capsys.readouterr().out
