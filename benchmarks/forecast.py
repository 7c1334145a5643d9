"""How often the interval of a set's expected engagement holds: the newest post of everybody is hidden, and
told from the others.

    python benchmarks/forecast.py WORKSPACE

Prints, for random sets and for those with the highest expected engagement of ten times as many: share of sums
inside the 80 % interval, and the median of expected over true.
"""

from __future__ import annotations

import sys

import numpy as np

from brandfit import seeds
from brandfit.campaign.forecast import forecast, past_posts
from brandfit.workspace import Workspace

SETS = 2_000


def main(place: str) -> None:
    with Workspace(place) as workspace:
        dataset = workspace.dataset()
    owner, engagement, time = past_posts(dataset)
    n = len(dataset.influencers)
    order = np.lexsort((time, owner))
    owner, engagement = owner[order], engagement[order]
    newest = np.append(owner[1:] != owner[:-1], True) & (np.bincount(owner, minlength=n)[owner] > 1)
    told = forecast(owner[~newest], engagement[~newest], n)
    who, true = owner[newest], engagement[newest]
    print(
        f"{len(owner):,} posts; {len(who):,} hidden, of influencers with {told.posts[who].mean():.1f} past "
        "posts"
    )
    for size in (5, 10):
        for kind in ("random", "highest"):
            random = seeds.generator(0, kind, size)
            inside, ratios = [], []
            for _ in range(SETS):
                drawn = random.choice(
                    len(who), size if kind == "random" else min(10 * size, len(who)), replace=False
                )
                at = drawn[np.argsort(-told.expected[who[drawn]])[:size]]
                low, high = told.total(who[at].tolist())
                inside.append(low <= true[at].sum() <= high)
                ratios.append(told.expected[who[at]].sum() / true[at].sum())
            print(
                f"{kind} sets of {size}: {np.mean(inside):.3f} inside, expected over true "
                f"{np.median(ratios):.3f}"
            )


if __name__ == "__main__":
    main(sys.argv[1])
