"""The engagement rate: unknown where one of its parts is, in every place that shows or uses it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from brandfit.audience.authenticity import Hints
from brandfit.campaign.engagement import _known_posts
from brandfit.campaign.forecast import forecast_all
from brandfit.data import checks
from brandfit.data.dataset import Dataset
from brandfit.data.engagement import interactions, rates
from brandfit.data.schema import Account, Post
from brandfit.encoders.engagement import Engagement
from brandfit.search.facts import Facts

COUNTS = {
    "both": {"likes": 500, "comments": 200},
    "no-comments": {"likes": 500},
    "no-likes": {"comments": 200},
    "neither": {},
}
ACCOUNTS = [Account(id=id, followers=10_000) for id in COUNTS]
POSTS = [Post(id=f"{id}-{n}", account=id, **counts) for id, counts in COUNTS.items() for n in range(3)]
DATASET = Dataset.from_rows(ACCOUNTS, POSTS)
IDS = DATASET.influencers
HAS_RATE = (IDS == "both").tolist()


def test_rates_by_hand():
    accounts = [Account(id="a", followers=100), Account(id="zero", followers=0), Account(id="open")]
    posts = [
        Post(id="1", account="a", likes=3, comments=1),
        Post(id="2", account="a", likes=3),
        Post(id="3", account="a", kind="brief", likes=3, comments=1),
        Post(id="4", account="zero", likes=3, comments=1),
        Post(id="5", account="open", likes=3, comments=1),
        Post(id="6", account="stranger", likes=3, comments=1),
        Post(id="7", account="a", likes=0, comments=0),
    ]
    dataset = Dataset.from_rows(accounts, posts)
    np.testing.assert_array_equal(interactions(dataset.posts), [4, np.nan, 4, 4, 4, 4, 0])
    np.testing.assert_array_equal(rates(dataset, dataset.posts), [0.04, *[np.nan] * 5, 0])


def test_it_is_unknown_everywhere_without_both_counts():
    facts = Facts(DATASET)
    for column in (facts.engagement, facts.median_engagement):
        assert column.to_pylist() == [0.07 if known else None for known in HAS_RATE]
    for hint in ("engagement", "likes_per_comment"):
        assert np.isfinite(Hints(DATASET, IDS).values(hint).value).tolist() == HAS_RATE
    assert np.isfinite(forecast_all(DATASET).expected).tolist() == HAS_RATE
    assert set(_known_posts(DATASET)[0]["account"]) == {"both"}
    encoded = Engagement().encode(DATASET)
    assert {id.rpartition("-")[0] for id in encoded.ids.tolist()} == {"both"}
    result = checks.check(DATASET, now=0)
    assert result.distributions["engagement_rate"]["n"] == 1
    (finding,) = [f for f in result.findings if f.name == "posts_without_engagement"]
    assert finding.count == 9


def test_the_engagement_of_one_account_does_not_hang_on_chunks_of_the_table():
    whole = DATASET.posts
    pieces = pa.concat_tables([whole.slice(0, 2), whole.slice(2)])
    np.testing.assert_array_equal(rates(DATASET, pieces), rates(DATASET, whole))
