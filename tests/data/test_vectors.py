"""Vectors of people's own models, from the files that they have."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from brandfit import pipeline
from brandfit.data.features import OWN_MAKER
from brandfit.data.schema import Account, Image, Post
from brandfit.errors import BrandfitError, DataError, UnknownName, UsageError
from brandfit.workspace import Workspace

IDS = [f"p{n}" for n in range(6)]
VECTORS = np.random.default_rng(3).normal(size=(6, 4))


@pytest.fixture
def place(tmp_path):
    rows = [Account(id="mila.tastes"), Account(id="otto.peaks")]
    rows += [Post(id=id, account="mila.tastes", caption="up") for id in IDS]
    picture = Image(post="p0", position=0, hash="a", source="shots/beach 1.jpg")
    with Workspace(tmp_path / "w", create=True) as workspace:
        workspace.write("a", [*rows, (picture, b"a")])
    return tmp_path / "w"


def npz(file):
    np.savez(file.with_suffix(".npz"), ids=np.array(IDS), vectors=VECTORS)
    return file.with_suffix(".npz")


def npz_of_half_floats_and_bytes(file):
    np.savez(file.with_suffix(".npz"), names=np.array(IDS, "S"), x=VECTORS.astype(np.float16), n=np.arange(3))
    return file.with_suffix(".npz")


def npy(file):
    np.save(file.with_suffix(".npy"), np.asfortranarray(VECTORS, np.float32))
    file.with_name(f"{file.stem}_ids.txt").write_text("\n".join(["post_id", *IDS]) + "\n", "utf-8")
    return file.with_suffix(".npy")


def npy_in_the_other_byte_order(file):
    np.save(file.with_suffix(".npy"), VECTORS.astype(">f8"))
    np.save(file.with_name(f"{file.stem}.ids.npy"), np.array(IDS))
    return file.with_suffix(".npy")


def parquet_of_lists(file):
    table = pa.table({"label": ["x"] * 6, "embedding": list(VECTORS), "post": IDS})
    pa.parquet.write_table(table, file)
    return file


def parquet_of_columns(file):
    table = pa.table({"shortcode": IDS} | {f"dim_{n}": VECTORS[:, n] for n in range(4)})
    pa.parquet.write_table(table, file)
    return file


def csv_with_header(file):
    lines = ["post_id," + ",".join(map(str, range(4)))]
    lines += [",".join([id, *map(repr, row)]) for id, row in zip(IDS, VECTORS.tolist(), strict=True)]
    file.write_text("\n".join(lines) + "\n", "utf-8-sig")
    return file


def csv_without_header(file):
    lines = ["\t".join([id, *map(repr, row)]) for id, row in zip(IDS, VECTORS.tolist(), strict=True)]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def csv_of_decimal_commas(file):
    lines = ["id;a1;a2;a3;a4"]
    for id, row in zip(IDS, VECTORS.tolist(), strict=True):
        lines.append(";".join([id, *[repr(number).replace(".", ",") for number in row]]))
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def csv_of_lists(file):
    lines = ["shortcode,embedding"]
    lines += [f'{id},"{row}"' for id, row in zip(IDS, VECTORS.tolist(), strict=True)]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def json_lines(file):
    rows = [{"id": id, "vector": row} for id, row in zip(IDS, VECTORS.tolist(), strict=True)]
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return file


def json_of_ids(file):
    file.write_text(json.dumps(dict(zip(IDS, VECTORS.tolist(), strict=True))), "utf-8")
    return file


def json_of_lists(file):
    file.write_text(json.dumps({"ids": IDS, "embeddings": VECTORS.tolist()}), "utf-8")
    return file


FORMS = [
    npz,
    npz_of_half_floats_and_bytes,
    npy,
    npy_in_the_other_byte_order,
    parquet_of_lists,
    parquet_of_columns,
    csv_with_header,
    csv_without_header,
    csv_of_decimal_commas,
    csv_of_lists,
    json_lines,
    json_of_ids,
    json_of_lists,
]


def bring(place, file, **options):
    return pipeline.import_vectors(place, file, "my.clip", **{"slot": "picture"} | options)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_form_gives_the_same_vectors(place, tmp_path, form):
    result = bring(place, form(tmp_path / "vectors"))
    assert result.warnings[-1] == (
        "Features my.clip: 6 of 6 posts have a vector of 4 numbers, in the slot picture. Use them: --set "
        "slots.picture=my.clip"
    )
    with Workspace(place) as workspace:
        features = workspace.features("my.clip")
        assert (features.level, features.slot, features.columns) == ("post", "picture", ())
        given = features.values_of(IDS)
        assert given.is_present.all()
        tolerance = 1e-3 if "half" in form.__name__ else 1e-7
        assert np.allclose(given.values, VECTORS, atol=tolerance)
        assert pipeline.fill_slots(workspace)["picture"] == "my.clip"


def test_rows_that_cannot_be_used_are_counted_with_an_example(place, tmp_path):
    file = tmp_path / "v.csv"
    file.write_text(
        "post,a,b\np0,1,2\np0,3,4\nnobody,1,1\np1,n/a,2\np2,0,0\n,5,5\np3,-1,1\n"
        + "".join(f"p{n},{n},1\n" for n in range(4, 6)),
        "utf-8",
    )
    result = bring(place, file)
    said = "\n".join(result.warnings)
    assert "2 rows whose id is no post of the workspace are left out, for example 'nobody' (row 3)." in said
    assert "1 rows with a value that is no finite number are left out, for example 'p1' (row 4)." in said
    assert "1 rows of zeros are left out, for example 'p2' (row 5)." in said
    assert "1 ids have several rows, for example 'p0' 2: their mean is used." in said
    with Workspace(place) as workspace:
        features = workspace.features("my.clip")
    assert features.columns == ("a", "b")
    assert features.ids.tolist() == ["p0", "p3", "p4", "p5"]
    assert features.values[0].tolist() == [2, 3]


def test_handles_and_names_of_pictures_are_ids(place, tmp_path):
    file = tmp_path / "v.csv"
    file.write_text("handle,x1,x2\n@Mila.Tastes,1,2\nhttps://instagram.com/otto.peaks/,3,4\n", "utf-8")
    assert "2 of 2 accounts" in bring(place, file, slot="profile").warnings[-1]
    file.write_text("image,x1,x2\nC:\\shots\\beach 1.jpg,1,2\nbeach 2.jpg,3,4\n", "utf-8")
    result = bring(place, file)
    assert any("1 ids are names of picture files" in note for note in result.warnings)
    with Workspace(place) as workspace:
        assert workspace.features("my.clip").ids.tolist() == ["p0"]


def test_long_ids_and_leading_zeros_stay(tmp_path):
    ids = ["0012", "18014398509481985123"]
    with Workspace(tmp_path / "w", create=True) as workspace:
        workspace.write("a", [Account(id="x"), *[Post(id=id, account="x") for id in ids]])
    file = tmp_path / "v.csv"
    file.write_text("id,0,1\n" + "".join(f"{id},1,2\n" for id in ids), "utf-8")
    assert "2 of 2 posts" in bring(tmp_path / "w", file).warnings[-1]


def test_other_vectors_under_the_name_have_another_key_and_the_same_file_the_same(place, tmp_path):
    keys = []
    for factor in (1, 1, 2):
        np.savez(tmp_path / "v.npz", ids=np.array(IDS), vectors=VECTORS * factor)
        bring(place, tmp_path / "v.npz")
        with Workspace(place) as workspace:
            keys.append(workspace.features("my.clip").key)
    assert keys[0] == keys[1] != keys[2]
    assert keys[0].startswith(OWN_MAKER)


def test_an_import_of_vectors_leaves_the_import_before_it_to_be_undone(place, tmp_path):
    (tmp_path / "list.csv").write_text("handle,followers\nmila.tastes,7000\n", "utf-8")
    pipeline.import_source(place, "folder", path=tmp_path / "list.csv")
    bring(place, npz(tmp_path / "v"))
    undone = pipeline.undo(place)
    assert (undone.restored["accounts"], undone.source.endswith("list.csv")) == (1, True)
    with Workspace(place) as workspace:
        assert workspace.dataset().account("mila.tastes")["followers"] is None
        assert workspace.feature_names() == ["my.clip"]


def test_vectors_of_forgotten_people_do_not_come_in(place, tmp_path):
    with Workspace(place) as workspace:
        pipeline.forget(workspace, ["mila.tastes"])
    with pytest.raises(DataError, match="none of 6 ids is known"):
        bring(place, npz(tmp_path / "v"))


def refuse(place, file, **options):
    with pytest.raises(BrandfitError) as raised:
        bring(place, file, **options)
    assert Workspace(place).feature_names() == []
    return str(raised.value), raised.value.hint


def test_errors_say_what_to_do(place, tmp_path):
    np.savez(tmp_path / "objects.npz", ids=np.array(IDS, dtype=object), x=VECTORS)
    message, hint = refuse(place, tmp_path / "objects.npz")
    assert ("Python objects" in hint, "np.array(ids, dtype=str)" in hint) == (True, True)
    np.save(tmp_path / "alone.npy", VECTORS)
    message, hint = refuse(place, tmp_path / "alone.npy")
    assert "6 vectors without ids" in message
    assert "--ids FILE" in hint
    (tmp_path / "few.txt").write_text("p0\np1\n", "utf-8")
    message, _ = refuse(place, tmp_path / "alone.npy", ids_file=tmp_path / "few.txt")
    assert "2 ids for 6 vectors" in message
    np.savez(tmp_path / "two.npz", a=VECTORS, b=VECTORS, ids=np.array(IDS))
    message, hint = refuse(place, tmp_path / "two.npz")
    assert "a float64 (6, 4), b float64 (6, 4)" in message
    np.save(tmp_path / "three.npy", VECTORS[None])
    assert "(1, 6, 4)" in refuse(place, tmp_path / "three.npy")[0]
    (tmp_path / "cut.csv").write_text('id,embedding\np0,"[0.1 0.2 ... 0.3]"\n', "utf-8")
    assert "cut off" in refuse(place, tmp_path / "cut.csv")[0]
    (tmp_path / "ragged.jsonl").write_text('{"id": "p0", "x": [1, 2]}\n{"id": "p1", "x": [1]}\n', "utf-8")
    assert "different lengths: 1 (1 rows), 2 (1 rows)" in refuse(place, tmp_path / "ragged.jsonl")[0]
    (tmp_path / "words.csv").write_text("id,label\np0,good\n", "utf-8")
    assert "no numbers beside the ids, found label" in refuse(place, tmp_path / "words.csv")[0]
    (tmp_path / "x.pt").write_bytes(b"\x80\x02}q\x00.")
    assert "pickle" in refuse(place, tmp_path / "x.pt")[0]
    (tmp_path / "empty.csv").write_bytes(b"")
    assert "is empty" in refuse(place, tmp_path / "empty.csv")[0]
    assert "no such file" in refuse(place, tmp_path / "nothing.npy")[0]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"slot": "smell"}, UnknownName),
        ({"level": "video"}, UnknownName),
    ],
)
def test_slot_and_level_are_checked(place, tmp_path, options, error):
    with pytest.raises(error):
        bring(place, npz(tmp_path / "v"), **options)


@pytest.mark.parametrize("name", ["../evil", "text.minilm", "", "two words"])
def test_names_are_checked(place, tmp_path, name):
    with pytest.raises(UsageError):
        pipeline.import_vectors(place, npz(tmp_path / "v"), name, slot="picture")


def test_by_the_command_line_in_a_folder_with_a_list(place, tmp_path, capsys):
    from brandfit.cli import main

    folder = tmp_path / "out"
    folder.mkdir()
    shutil.copy(npz(tmp_path / "v"), folder / "clip.npz")
    main(["import", "vectors", str(folder), "--name", "my.clip", "--slot", "text", "-w", str(place)])
    out = capsys.readouterr().out
    assert "6 of 6 posts" in out
    assert "candidates" not in out
    main(["list", "features", "-w", str(place), "--json"])
    assert json.loads(capsys.readouterr().out)[0]["slot"] == "text"
    with pytest.raises(DataError) as raised:
        pipeline.import_source(place, "folder", path=folder / "clip.npz")
    assert "brandfit import vectors FILE" in raised.value.hint
    with pytest.raises(SystemExit) as stopped:
        main(["import", "folder", str(folder), "--slot", "text", "-w", str(place)])
    assert stopped.value.code == 2
    assert "only vectors have it" in capsys.readouterr().err
