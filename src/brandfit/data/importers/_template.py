"""A folder of tables with example rows, to start from."""

from __future__ import annotations

import csv
from pathlib import Path

from brandfit.data.tables.columns import COLUMNS, columns_as_markdown
from brandfit.errors import DataError
from brandfit.messages import path_text

_EXAMPLES: dict[str, list[dict[str, str]]] = {
    "accounts": [
        {
            "id": "@harbour.roastery",
            "role": "brand",
            "name": "Harbour Roastery",
            "biography": "Small-batch coffee from the old docks.",
            "category": "drink",
            "followers": "48,200",
        },
        {
            "id": "@mara_on_foot",
            "role": "influencer",
            "name": "Mara",
            "biography": "Trails, tents and very strong coffee.",
            "category": "travel",
            "followers": "12.5k",
            "followees": "640",
            "posts": "312",
        },
    ],
    "posts": [
        {
            "id": "p1",
            "account": "mara_on_foot",
            "time": "2024-05-31T18:00:00Z",
            "caption": "Sunrise brew above the fjord, with @harbour.roastery #ad #hiking",
            "likes": "1,043",
            "comments": "57",
            "images": "images/p1.jpg",
            "alt_text": "a cup on a rock, a fjord behind",
        },
        {
            "id": "brief-1",
            "account": "harbour.roastery",
            "kind": "brief",
            "caption": "We look for people who hike, camp and love coffee outdoors.",
        },
    ],
    "endorsements": [
        {"brand": "harbour.roastery", "influencer": "mara_on_foot", "post": "p1", "weight": "0.088"}
    ],
    "comments": [
        {"post": "p1", "account": "some.hiker", "text": "That view!", "time": "2024-05-31T19:12:00Z"}
    ],
}


def write_template(folder: Path) -> list[Path]:
    """Write CSV files with every column and invented example rows, a picture, and a README; returns their
    paths.

    Raises DataError if one of them exists already.
    """
    from PIL import Image

    files = {table: folder / f"{table}.csv" for table in COLUMNS}
    readme, picture = folder / "README.md", folder / "images" / "p1.jpg"
    for file in (*files.values(), readme, picture):
        if file.exists():
            raise DataError(
                f"{path_text(file)} is already there.", "Give a new or empty folder for the template."
            )
    picture.parent.mkdir(parents=True, exist_ok=True)
    Image.linear_gradient("L").convert("RGB").save(picture, "JPEG")
    for table, file in files.items():
        with open(file, "w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, [column.name for column in COLUMNS[table]])
            writer.writeheader()
            writer.writerows(_EXAMPLES[table])
    readme.write_text(f"{_README}\n{columns_as_markdown()}", encoding="utf-8")
    return [*files.values(), picture, readme]


_README = """# Your data for brandfit

Replace the example rows, keep the headers, and import this folder as source `folder`.

* Only `accounts` is needed, and of each table only the columns marked as needed. Columns may come in any
  order.
* Empty cells mean "not known"; in numbers, times and categories so do n/a, none, null, unknown, - and ?.
* Counts may be written 12345, 12,345, 12 345 or 12.5k. Times are ISO 8601 or seconds since 1970, UTC unless
  they say otherwise.
* Pictures are files in this folder, named by the column `images`.
* A row that cannot be understood is reported with its line and the reason; all others are imported.
"""
