"""Lists of concepts of one's own: what is read, what is refused with file and line, and what they change."""

from __future__ import annotations

import numpy as np
import pytest

from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.encoders.concept._taxonomy_file import taxonomy_of
from brandfit.encoders.concept.bag import Bag, BagConfig
from brandfit.encoders.concept.graph import Graph, GraphConfig
from brandfit.errors import ConfigError

TABLE = """keep,concept,words,kind,parent,categories,posts
yes,needlework,,interest,,clothes,9
no,crafting,,interest,needlework,,7
yes,yarn bombing,wool graffiti|knit_graffiti,action,crafting,clothes|shoes,3
"""


def write(folder, name: str, text: str) -> str:
    file = folder / name
    file.write_text(text, "utf-8")
    return str(file)


def test_a_table_gives_the_concepts_that_are_kept_below_the_nearest_ancestor(tmp_path):
    taxonomy = taxonomy_of(write(tmp_path, "own.csv", TABLE))
    assert taxonomy.names == ("needlework", "yarn bombing")
    assert taxonomy.parent == [-1, 0]
    second = taxonomy.concepts[1]
    assert second.words == ("yarn bombing", "wool graffiti", "knit_graffiti")
    assert (second.kind, second.categories) == ("action", {"clothes", "shoes"})
    assert [taxonomy.names[n] for n in taxonomy.find("some Knit graffiti and needlework")] == [
        "yarn bombing", "needlework",
    ]  # fmt: skip


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_table_saved_by_a_spreadsheet_of_another_country_is_read(tmp_path, separator):
    text = "\ufeff" + TABLE.replace(",", separator)
    assert taxonomy_of(write(tmp_path, "own.csv", text)).names == ("needlework", "yarn bombing")


def test_a_workbook_is_read(tmp_path):
    import xlsxwriter

    file = tmp_path / "own.xlsx"
    book = xlsxwriter.Workbook(str(file))
    sheet = book.add_worksheet()
    for row, line in enumerate(TABLE.splitlines()):
        sheet.write_row(row, 0, line.split(","))
    book.close()
    assert taxonomy_of(str(file)).names == ("needlework", "yarn bombing")


def test_a_plain_list_has_a_concept_a_line_and_underscores_are_blanks(tmp_path):
    taxonomy = taxonomy_of(write(tmp_path, "own.txt", "wedding\nauto_racing: car races\n\n"))
    assert taxonomy.names == ("wedding", "auto racing")
    assert [taxonomy.names[n] for n in taxonomy.find_tag("carraces")] == ["auto racing"]


def test_a_name_of_five_words_is_found(tmp_path):
    taxonomy = taxonomy_of(write(tmp_path, "own.txt", "bed and breakfast by the sea\nsea\n"))
    assert [taxonomy.names[n] for n in taxonomy.find("A bed and breakfast by the sea, sea!")] == [
        "bed and breakfast by the sea", "sea",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "concept,synonyms\nyarn,wool\n", "the column 'synonyms' is not known"),
        ("b.csv", "name\nyarn\n", "the column 'name' is not known"),
        ("c.csv", "kind,words\nobject,wool\n", "there is no column concept"),
        ("d.csv", "keep,concept\nperhaps,yarn\n", "line 2: expected yes or no in the column keep"),
        ("e.csv", "keep,concept\n,yarn\n", "line 2: expected yes or no in the column keep"),
        ("f.csv", "concept,parent\nyarn,wool\n", "line 2: the parent 'wool' is no concept of the list"),
        ("g.csv", "concept,parent\na1,b1\nb1,a1\n", "line 2: 'a1' is above itself"),
        ("h.csv", "concept\nyarn\nyarn\n", "lines 2 and 3: 'yarn' is there twice"),
        ("i.csv", "concept\n!!!\n", "line 2: expected the name of a concept, found '!!!'"),
        ("j.csv", "concept,concept\nyarn,wool\n", "the column 'concept (2)' is not known"),
        ("k.csv", 'concept\n"yarn\n', "a quote"),
        ("l.csv", "concept\n", "names no concept"),
        ("m.txt", "yarn\nyarn\n", "line 2: 'yarn' is already defined"),
        ("n.doc", "yarn\n", "ends in '.doc'"),
    ],
)
def test_a_wrong_list_is_refused_with_the_line(tmp_path, name, text, message):
    with pytest.raises(ConfigError) as error:
        taxonomy_of(write(tmp_path, name, text))
    assert message in str(error.value)
    assert name in str(error.value)


def test_a_list_that_is_not_there_is_named_with_its_full_path(tmp_path):
    with pytest.raises(ConfigError, match="there is no such file") as error:
        taxonomy_of(str(tmp_path / "none.csv"))
    assert f"Its full path is {tmp_path / 'none.csv'}" in str(error.value)


def knitters() -> Dataset:
    accounts = [Account(id="ann", biography="Needlework every day"), Account(id="bo")]
    posts = [
        Post(id="p1", account="ann", caption="Wool graffiti on the bridge"),
        Post(id="p2", account="bo", caption="A day at the sea", hashtags=["yarnbombing"]),
        Post(id="p3", account="bo", caption="Nothing of the kind"),
    ]
    return Dataset.from_rows(accounts, posts)


def test_the_bag_counts_the_concepts_of_the_list(tmp_path):
    own = write(tmp_path, "own.csv", TABLE)
    bag = Bag(BagConfig(taxonomy=own))
    features = bag.encode(knitters())
    assert features.columns == ("needlework", "yarn bombing")
    # p1: profile 1, caption .5 and .3 of it for the parent; p2: hashtag 1 and .3.
    values, present = features.values_of(["p1", "p2", "p3"])
    np.testing.assert_allclose(values, [[1.15, 0.5], [0.3, 1.0], [0, 0]], rtol=1e-6)
    assert present.tolist() == [True, True, False]


def test_an_edited_list_is_another_encoder_and_its_place_on_the_disk_does_not_count(tmp_path):
    own = write(tmp_path, "own.csv", TABLE)
    (tmp_path / "other").mkdir()
    moved = write(tmp_path / "other", "list.csv", TABLE)
    first = Bag(BagConfig(taxonomy=own)).maker
    assert Bag(BagConfig(taxonomy=moved)).maker == first
    assert first != Bag().maker
    write(tmp_path, "own.csv", TABLE + "yes,macrame,,object,,,2\n")
    assert Bag(BagConfig(taxonomy=own)).maker != first


def test_the_default_has_the_key_of_before_the_setting_came():
    assert "taxonomy" not in BagConfig().identity()
    assert "taxonomy" not in GraphConfig().identity()


def test_the_graph_learns_the_concepts_of_the_list(tmp_path):
    accounts = [Account(id=f"a{n}") for n in range(6)]
    tags = ["yarnbombing", "needlework"]
    posts = [Post(id=f"p{n}", account=f"a{n}", hashtags=tags) for n in range(6)]
    config = GraphConfig(taxonomy=write(tmp_path, "own.csv", TABLE), at_least=2, dim=4, epochs=1)
    graph = Graph(config)
    features = graph.encode(Dataset.from_rows(accounts, posts))
    assert graph.taxonomy.names == ("needlework", "yarn bombing")
    assert features.values.shape == (6, 4)
