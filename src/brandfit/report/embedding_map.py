"""Two-dimensional maps of the vectors of accounts and of concepts (BAMIR case study, B-13): t-SNE of
scikit-learn, coloured by category."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from brandfit import seeds
from brandfit.errors import MissingExtra, UsageError

PERPLEXITY = 30.0
FEWEST = 5
"""Points that a map needs."""
UNKNOWN = "unknown"
OTHERS = "other categories"
PALETTE = (
    "#1f5fa8",
    "#c2571a",
    "#1f7a5c",
    "#b3261e",
    "#7a4fb0",
    "#8a6d1b",
    "#d0578f",
    "#2f9ab0",
    "#6b8e23",
    "#8b4a3a",
    "#4f5fd0",
    "#3f3b35",
)
GREY = "#a8a196"
"""Colour of an unknown category, and of those that have no own colour."""
WIDTH, HEIGHT, MARGIN = 760, 560, 24
LETTER_WIDTH, LINE_HEIGHT = 0.009, 0.022
"""Size of a printed letter, as a part of the map."""
LABELS = 60
"""Names printed on a map of concepts, at most; the others appear under the pointer."""


@dataclass(frozen=True)
class Point:
    """An account or a concept.

    x, y    place on the map; only distances between neighbours have a meaning
    weight  importance, for the names that are printed
    """

    id: str
    category: str
    x: float
    y: float
    weight: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return {"id": self.id, "category": self.category, "x": self.x, "y": self.y}


@dataclass(frozen=True)
class EmbeddingMap:
    """A map of n points.

    subject   "accounts" or "concepts"
    source    the Features, and how a point got its vector
    total     number of points before sampling
    notes     what was left out or sampled
    """

    subject: str
    source: str
    points: Sequence[Point]
    total: int
    seed: int
    notes: Sequence[str] = ()

    @property
    def colour_by_category(self) -> dict[str, str]:
        """Category to its colour, by name, so that maps with the same categories have the same colours. Only
        the most frequent categories have a colour of their own."""
        counts = Counter(point.category for point in self.points if point.category != UNKNOWN)
        ranked = sorted(counts, key=lambda category: (-counts[category], category))
        return dict(zip(sorted(ranked[: len(PALETTE)]), PALETTE, strict=False))

    @property
    def legend(self) -> dict[str, str]:
        """Words to their colour, for those that occur."""
        words = dict(self.colour_by_category)
        categories = {point.category for point in self.points}
        if categories - {UNKNOWN, *words}:
            words[OTHERS] = GREY
        if UNKNOWN in categories:
            words["category unknown"] = GREY
        return words

    def to_dict(self) -> dict[str, Any]:
        return {
            "of": self.subject,
            "source": self.source,
            "points": [point.to_dict() for point in self.points],
            "total": self.total,
            "seed": self.seed,
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Vectors:
    """What a map is made of.

    ids       (n,) names
    values    (n, dim) float
    category  id to its category; one that is missing is unknown
    weights   (n,) importance of a point
    """

    ids: Sequence[str]
    values: np.ndarray
    category: Mapping[str, str]
    weights: np.ndarray


def embedding_map(
    vectors: Vectors, *, subject: str, source: str, most: int, seed: int, notes: Sequence[str] = ()
) -> EmbeddingMap:
    """The map by t-SNE (van der Maaten and Hinton 2008) of cosine distances, started from the first two
    principal components: equal vectors and seeds give an equal map.

    most  larger sets are sampled to this many points, and a note says so

    Raises UsageError for fewer than ``FEWEST`` points.
    """
    # Zero vectors have no direction, so cosine distances to them mean nothing.
    is_usable = np.linalg.norm(vectors.values, axis=1) > 0  # (n,)
    rows = np.flatnonzero(is_usable)
    notes = list(notes)
    if len(rows) < len(vectors.ids):
        left_out = vectors.ids[int(np.flatnonzero(~is_usable)[0])]
        count = len(vectors.ids) - len(rows)
        notes.append(f"{count:,} {subject} without any value are left out, for example {left_out}")
    if len(rows) < FEWEST:
        raise UsageError(
            f"A map needs {FEWEST} {subject} or more, found {len(rows)}.", "Choose other --features."
        )
    total = len(rows)
    if total > most:
        rows = np.sort(seeds.generator(seed, "map").choice(rows, most, replace=False))
        notes.append(f"{most:,} of {total:,} {subject} are drawn at random (seed {seed}); --most changes it")
    places = _placed(vectors.values[rows], seed)
    points = []
    for row, (x, y) in zip(rows.tolist(), places.tolist(), strict=True):
        id = vectors.ids[row]
        category = vectors.category.get(id) or UNKNOWN
        points.append(Point(id, category, round(x, 4), round(y, 4), float(vectors.weights[row])))
    return EmbeddingMap(subject, source, points=points, total=total, seed=seed, notes=tuple(notes))


def _placed(values: np.ndarray, seed: int) -> np.ndarray:
    """(n, 2) places of n vectors."""
    from sklearn.manifold import TSNE

    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    # Squared Euclidean distances of unit vectors are cosine distances, times 2. The perplexity must be less
    # than the number of points.
    perplexity = min(PERPLEXITY, (len(unit) - 1) / 3)
    tsne = TSNE(perplexity=perplexity, init="pca", random_state=seed, learning_rate="auto")
    return np.asarray(tsne.fit_transform(unit.astype(np.float64)), np.float64)


# --- drawings -----------------------------------------------------------------------------------------------


def svg(drawn: EmbeddingMap) -> Markup:
    """The map as inline SVG without scripts. The name of a point appears under the pointer."""
    xy = np.array([[point.x, point.y] for point in drawn.points])  # (n, 2)
    low, span = xy.min(axis=0), np.maximum(np.ptp(xy, axis=0), 1e-9)
    size = np.array([WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN])
    # y grows downwards in SVG.
    place = MARGIN + (xy - low) / span * size
    place[:, 1] = HEIGHT - place[:, 1]
    colours = drawn.colour_by_category
    radius = 4 if len(drawn.points) <= 500 else 2.5
    labelled = _labelled(drawn)
    parts = []
    # Points without a category come first, so that they cover no others.
    pairs = sorted(
        zip(drawn.points, place.tolist(), strict=True), key=lambda pair: pair[0].category != UNKNOWN
    )
    for point, (x, y) in pairs:
        colour = colours.get(point.category, GREY)
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}" fill-opacity="0.75">'
            f"<title>{escape(point.id)} ({escape(point.category)})</title></circle>"
        )
        if point.id in labelled:
            parts.append(
                f'<text class="muted" x="{x + 5:.1f}" y="{y + 3:.1f}" font-size="9" fill="#6b665e">'
                f"{escape(point.id)}</text>"
            )
    counts = ", ".join(drawn.legend)
    label = escape(f"Map of {len(drawn.points):,} {drawn.subject}, coloured by category: {counts}")
    frame = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    font = 'xmlns="http://www.w3.org/2000/svg" font-family="DejaVu Sans, sans-serif"'
    return Markup(f'<svg class="map" {frame} role="img" aria-label="{label}" {font}>{"".join(parts)}</svg>')


def swatches(drawn: EmbeddingMap) -> dict[str, Markup]:
    """Words of the legend to a dot of their colour."""
    dots = {}
    for words, colour in drawn.legend.items():
        dots[words] = Markup(
            '<svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">'
            f'<circle cx="5" cy="5" r="4.5" fill="{colour}"/></svg>'
        )
    return dots


def png(drawn: EmbeddingMap) -> bytes:
    """The map as PNG. Raises MissingExtra."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("drawing", "plots") from None
    figure = Figure(figsize=(9.5, 7))
    axes = figure.add_subplot()
    colours = drawn.colour_by_category
    # Points without a category come first, so that they cover no others.
    points = sorted(drawn.points, key=lambda point: point.category != UNKNOWN)
    of_point = [colours.get(point.category, GREY) for point in points]
    size = 22 if len(points) <= 500 else 9
    x, y = [point.x for point in points], [point.y for point in points]
    axes.scatter(x, y, c=of_point, s=size, alpha=0.75, linewidths=0)
    labelled = _labelled(drawn)
    for point in drawn.points:
        if point.id in labelled:
            axes.annotate(
                point.id,
                (point.x, point.y),
                xytext=(3, 2),
                textcoords="offset points",
                fontsize=6,
                parse_math=False,
            )
    for words, colour in drawn.legend.items():
        axes.scatter([], [], c=colour, s=22, label=words)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
    axes.set_xticks([])
    axes.set_yticks([])
    count = f"{len(drawn.points):,} of {drawn.total:,} {drawn.subject}"
    title = f"{count}: {drawn.source} (t-SNE, seed {drawn.seed})"
    axes.set_title(title, loc="left", fontsize=9, parse_math=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130, bbox_inches="tight")
    return buffer.getvalue()


def _labelled(drawn: EmbeddingMap) -> set[str]:
    """Names that are printed: the heaviest concepts whose names do not overlap. Accounts have none, because
    they are too many."""
    if drawn.subject != "concepts":
        return set()
    xy = np.array([[point.x, point.y] for point in drawn.points])  # (n, 2)
    place = (xy - xy.min(axis=0)) / np.maximum(np.ptp(xy, axis=0), 1e-9)  # from 0 to 1
    heaviest = sorted(range(len(drawn.points)), key=lambda n: (-drawn.points[n].weight, drawn.points[n].id))
    boxes: list[tuple[float, float, float]] = []  # left, right and height of each printed name
    printed: set[str] = set()
    for n in heaviest:
        left, height = place[n].tolist()
        right = left + LETTER_WIDTH * len(drawn.points[n].id)
        is_free = all(
            right < other_left or left > other_right or abs(height - other_height) > LINE_HEIGHT
            for other_left, other_right, other_height in boxes
        )
        if is_free and len(printed) < LABELS:
            boxes.append((left, right, height))
            printed.add(drawn.points[n].id)
    return printed
