"""Are explanations faithful? Deletion and insertion curves of every kind beside random orders, over many
pairs.

    python studies/faithful.py WORKSPACE --out results/explanations [--ranker brandfit] [--pairs 60]
        [--picture ENCODER --set model=mobilenet.onnx]

For pairs of a brand and one of its best candidates: what the score does on average while the things that an
attribution names are taken away from the heaviest on (deletion, the lower the better), or come from the
heaviest on (insertion, the higher the better), less the same for random orders. One attribution of each kind;
p by sign flips over pairs.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from brandfit import pipeline, registry, seeds
from brandfit.config import parse_settings
from brandfit.encoders.base import Encoder
from brandfit.evaluation.significance import holm, paired_test
from brandfit.explain.attribute import Attributor, Game
from brandfit.explain.faithfulness import faithfulness
from brandfit.explain.heatmap import cells
from brandfit.workspace import Workspace

BEST = 20
"""Candidates of a brand that one is drawn from."""


def weights_of(attributor: Attributor, game: Game) -> np.ndarray:
    """In the order of the game; what is not told apart weighs what it adds together."""
    told = attributor.attribution(game, len(game.ids))
    value = {item.id: item.value for item in told.items}
    return np.array([value.get(id, told.rest) for id in game.ids])


def judged(attributor: Attributor, game: Game, weights: np.ndarray) -> dict[str, float] | None:
    if len(game.ids) < 2:
        return None
    found = faithfulness(game.value, weights, seed=attributor.seed)
    return {
        "deletion": found.random_deletion - found.deletion,
        "insertion": found.insertion - found.random_insertion,
    }


def reader(features: Any, settings: dict[str, str]) -> Encoder:
    cls = registry.load("encoder", features.name)
    encoder: Encoder = cls(cls.Config.from_settings(settings))
    assert features.key.startswith(encoder.maker), f"{features.name} was encoded with other settings: --set"
    return encoder


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ranker", default="brandfit")
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument(
        "--set", dest="settings", action="append", default=[], help="of the encoder of pictures"
    )
    asked = parser.parse_args()
    with Workspace(asked.workspace) as workspace:
        ranker, dataset = pipeline.fitted(workspace, asked.ranker)
        attributor = Attributor(ranker, dataset)
        text = reader(dataset.slots["text"], {})
        picture = reader(dataset.slots["picture"], parse_settings(asked.settings))
        rng = seeds.generator(0, "pairs")
        brands = [b for b in dataset.brands.tolist() if dataset.representation[b] != "none"]
        found: dict[str, list[dict[str, float]]] = {}
        for n in range(asked.pairs):
            brand = brands[int(rng.integers(len(brands)))]
            best = pipeline.rank(workspace, brand, ranker=asked.ranker, k=BEST).candidates.tolist()
            influencer = best[int(rng.integers(len(best)))]
            games = [attributor.posts(brand, influencer)]
            games += [
                attributor.columns(brand, influencer, slot=s)
                for s in attributor.slots
                if dataset.slots[s].columns
            ]
            games += [attributor.words(brand, influencer, encoder=text, slot="text")]
            for game in games:
                result = judged(attributor, game, weights_of(attributor, game))
                if result is not None:
                    found.setdefault(f"{game.kind} {game.slot}".strip(), []).append(result)
            shown = set(dataset.images["post"].to_pylist())
            mine = attributor.posts(brand, influencer).ids
            if seen := [post for post in mine if post in shown]:
                game, values = cells(
                    ranker, dataset, encoder=picture, brand=brand, influencer=influencer, post=seen[0]
                )
                result = judged(attributor, game, values)
                if result is not None:
                    found.setdefault("heat map (occlusion)", []).append(result)
            print(n + 1, {kind: len(rows) for kind, rows in found.items()}, flush=True)
            write(asked.out, asked.ranker, found)  # what is done is told


def write(out: Path, ranker: str, found: dict[str, list[dict[str, float]]]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    rows, p = [], []
    for kind, values in found.items():
        for measure in ("deletion", "insertion"):
            gain = np.array([v[measure] for v in values])
            rows.append(
                {
                    "kind": kind,
                    "measure": measure,
                    "pairs": len(gain),
                    "gain": float(gain.mean()),
                    "better": float((gain > 0).mean()),
                }
            )
            p.append(paired_test(gain, np.zeros(len(gain))))
    for row, adjusted in zip(rows, holm(p), strict=True):
        row["p_holm"] = adjusted
    lines = [
        f"# Faithfulness of explanations of {ranker}",
        "",
        "Mean score along the way, of random orders less that of the attribution (deletion), or the other "
        "way round (insertion): "
        "above zero is better than random. p by sign flips over pairs, adjusted after Holm.",
        "",
        "| kind | | pairs | gain | pairs where better | p |",
        "|---|---|---|---|---|---|",
        *(
            f"| {r['kind']} | {r['measure']} | {r['pairs']} | {r['gain']:+.3f} | {r['better']:.2f} | "
            f"{r['p_holm']:.4f} |"
            for r in rows
        ),
        "",
    ]
    (out / "faithful.md").write_text("\n".join(lines))
    (out / "faithful.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
