"""The networks of the papers, equation by equation, on weights that a person can multiply: mutants of them
fail here."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from brandfit.data.dataset import Dataset  # noqa: E402
from brandfit.data.features import Features  # noqa: E402
from brandfit.data.schema import Account, Link, Post  # noqa: E402
from brandfit.errors import ConfigError  # noqa: E402
from brandfit.learning.pairs import Pairs  # noqa: E402
from brandfit.learning.pooling import Sides, Vectors  # noqa: E402
from brandfit.rankers import bamir, mir, morning, wsim_mt  # noqa: E402
from brandfit.rankers._bamir_net import BamirNet  # noqa: E402
from brandfit.rankers._camera_net import Fused  # noqa: E402
from brandfit.rankers._layers import MLP  # noqa: E402
from brandfit.rankers._mir_net import MirNet  # noqa: E402
from brandfit.rankers._morning_net import MorningNet  # noqa: E402
from brandfit.rankers._neural import Embedder, _shuffled, select_rows  # noqa: E402
from brandfit.rankers._wsim_mt_net import WSimMTNet  # noqa: E402

ONE = torch.ones(2, 1)
LEAK = 0.01


def told(n: int, dim: int, seed: int):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32))


def layer(x, linear):
    return x @ linear.weight.T + linear.bias


def leaky(x):
    return torch.where(x > 0, x, LEAK * x)


def linears(module):
    return [m for m in module.modules() if isinstance(m, torch.nn.Linear)]


def through(x, mlp, activation=leaky, last=False):
    """Layers one after the other, an activation between them (and after the last one)."""
    layers = linears(mlp)
    for n, linear in enumerate(layers):
        x = layer(x, linear)
        if n + 1 < len(layers) or last:
            x = activation(x)
    return x


def test_layers_of_an_mlp():
    mlp = MLP(3, (4, 2), dropout=0.0)
    x = told(2, 3, 0)
    torch.testing.assert_close(mlp(x), through(x, mlp, last=True))
    assert [m.out_features for m in linears(mlp)] == [4, 2]


def test_bamir_content_is_a_product_and_nodes_are_apart():
    values = {"text": told(2, 3, 1), "picture": told(2, 5, 2), "graph": told(2, 4, 3)}
    network = BamirNet({slot: v.shape[1] for slot, v in values.items()}, 0.5).eval()
    assert {slot: [m.out_features for m in linears(branch)] for slot, branch in network.branches.items()} == {
        "text": [128, 512],
        "picture": [1024, 1024, 1024, 512],
        "graph": [1024, 512],
    }
    found = network("brand", values, dict.fromkeys(values, ONE))
    e = {slot: through(v, network.branches[slot]) for slot, v in values.items()}
    torch.testing.assert_close(found["content"], e["text"] * e["picture"])
    torch.testing.assert_close(found["graph"], e["graph"])
    alone = network("brand", values, {"text": ONE, "picture": 0 * ONE, "graph": ONE})
    torch.testing.assert_close(alone["content"], e["text"])
    assert [type(m).__name__ for m in network.branches["graph"] if "Dropout" in type(m).__name__] == []


def test_both_sides_in_one_pass_are_what_two_passes_give():
    sides = {
        "text": Sides(
            Vectors(told(3, 4, 1).numpy(), np.ones(3, bool)),
            Vectors(told(5, 4, 2).numpy(), np.ones(5, bool)),
        ),
        "graph": Sides(
            Vectors(told(3, 2, 3).numpy(), np.ones(3, bool)),
            Vectors(told(5, 2, 4).numpy(), np.arange(5) > 1),
        ),
    }
    network = BamirNet({"text": 4, "graph": 2}, 0.5).eval()
    embed = Embedder(network, sides)
    pairs = torch.tensor([0, 2, 2, 1]), torch.tensor([4, 0, 3, 0])
    calls, forward = [], network.forward
    network.forward = lambda *given: calls.append(1) or forward(*given)
    scores = []
    for network.shared_towers in (True, False):
        network.zero_grad()
        found = embed.scores(*pairs)
        sum(found.values()).sum().backward()
        scores.append([*found.values(), *(p.grad.clone() for p in network.parameters())])
    for one, two in zip(*scores, strict=True):
        torch.testing.assert_close(one, two)
    assert len(calls) == 1 + 2


def test_gradients_of_an_account_in_many_pairs_are_summed_up_in_the_same_order_every_time():
    before = torch.get_num_threads()
    at, weight = torch.arange(4_000) % 3, told(4_000, 64, 1)
    try:
        torch.set_num_threads(2)
        gradients = []
        for _ in range(10):
            account = torch.ones(3, 64, requires_grad=True)
            (select_rows({"content": account}, at)["content"] * weight).sum().backward()
            gradients.append(account.grad)
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(gradients[0], gradient) for gradient in gradients)


def test_what_bamir_draws_for_a_pair_is_learned_from_in_one_step():
    ranker = bamir.Bamir(bamir.Bamir.Config.from_settings({"rounds": 2}))
    pairs = np.array([(b, c) for b in range(3) for c in range(b, b + 3)])
    drawn = ranker.sample(pairs, np.arange(9), np.random.default_rng(0))
    order = _shuffled(len(drawn.brand), ranker.n_consecutive, np.random.default_rng(1))
    assert sorted(order.tolist()) == list(range(2 * 4 * len(pairs)))
    rows = np.column_stack([drawn.brand, drawn.positive])[order].reshape(-1, 4, 2)
    assert (rows == rows[:, :1]).all()
    assert len({tuple(row) for row in rows[:8, 0].tolist()}) > 3  # shuffled
    assert sorted(_shuffled(7, 4, np.random.default_rng(0)).tolist()) == list(range(7))


class Fixed(torch.nn.Module):
    """Embeddings that are given: part to (accounts, d) of each side."""

    def __init__(self, left, right) -> None:
        super().__init__()
        self.sides, self.shared_towers = {"brand": left, "influencer": right}, False
        self.nothing = torch.nn.Parameter(torch.zeros(1))
        self.head = None

    def forward(self, side, values, has):
        at = values["n"][:, 0].long()
        return {part: rows[at] for part, rows in self.sides[side].items()}


def embedded(left, right):
    sizes = [len(next(iter(side.values()))) for side in (left, right)]
    sides = [Vectors(np.arange(n, dtype=np.float32)[:, None], np.ones(n, bool)) for n in sizes]
    return Embedder(Fixed(left, right), {"n": Sides(sides[0], sides[1])})


def test_the_losses_of_bamir_and_morning_are_hinges_of_each_part_and_a_cross_entropy():
    left = {"content": torch.tensor([[1.0, 2.0]]), "graph": torch.tensor([[0.5, 0.0]])}
    right = {
        "content": torch.tensor([[1.0, 0.5], [0.2, 0.1]]),
        "graph": torch.tensor([[2.0, 1.0], [1.0, 1.0]]),
    }
    embed = embedded(left, right)
    batch = bamir.Triplets(torch.tensor([0, 0]), torch.tensor([0, 0]), torch.tensor([1, 1]))
    s = {"content": (2.0, 0.4), "graph": (1.0, 0.5)}
    cross = -np.log(np.exp(3.0) / (np.exp(3.0) + np.exp(0.9)))
    hinges = max(0, 4 - s["content"][0] + s["content"][1]) + max(0, 2 - s["graph"][0] + s["graph"][1])
    assert float(bamir.Bamir().loss(embed, batch)) == pytest.approx(
        2 * hinges + cross, rel=1e-5
    )  # a sum, and a mean
    margins = morning.MARGINS
    assert margins == {"content": 4.0, "audience": 2.0, "graph": 2.0}
    expected = sum(max(0, margins[part] - p + n) for part, (p, n) in s.items()) + cross
    assert float(morning.Morning().loss(embed, batch)) == pytest.approx(expected, rel=1e-5)


def test_mir_is_a_product_of_two_layers_and_its_order_of_buckets_counts():
    values = {"text": told(2, 3, 1), "picture": told(2, 5, 2)}
    network = MirNet({"text": 3, "picture": 5}, "product", sides="shared", dropout=0.0, width=0.01).eval()
    e = [through(values[slot], network.sides[0][slot], torch.relu) for slot in ("text", "picture")]
    torch.testing.assert_close(network("brand", values, dict.fromkeys(values, ONE))["content"], e[0] * e[1])
    assert [m.out_features for m in linears(MirNet({"text": 3}, "product", sides="shared", dropout=0.0))] == [
        300,
        512,
    ]
    from brandfit.rankers.mir import Mir

    right = {"content": torch.tensor([[1.0], [0.5], [-1.0]])}
    embed = embedded({"content": torch.tensor([[1.0]])}, right)
    ranker = Mir()
    lists = [ranker.sample(np.array([(0, 0), (0, 1)]), np.arange(3), np.random.default_rng(0))]
    assert lists[0].grades[0].tolist() == [3, 2, 1, 0]

    class Listed:
        brand, candidates = torch.tensor([0]), torch.tensor([[0, 1, 2]])
        grades = torch.tensor([[2.0, 1.0, 0.0]])

    p = np.exp([1.0, 0.5, -1.0]) / np.exp([1.0, 0.5, -1.0]).sum()
    q = np.exp([2.0, 1.0, 0.0]) / np.exp([2.0, 1.0, 0.0]).sum()
    assert float(ranker.loss(embed, Listed)) == pytest.approx(-(q * np.log(p)).sum(), rel=1e-5)


@pytest.mark.parametrize("attention", ["sigmoid", "printed"])
def test_morning_attends_to_what_content_and_audience_share(attention):
    values = {
        "text": told(2, 3, 1),
        "picture": told(2, 5, 2),
        "audience": told(2, 4, 3),
        "graph": told(2, 6, 4),
    }
    network = MorningNet(
        {slot: v.shape[1] for slot, v in values.items()}, 0.5, width=0.02, attention=attention
    ).eval()
    found = network("brand", values, dict.fromkeys(values, ONE))
    branch = {slot: network.branches[slot](v) for slot, v in values.items()}
    content = layer(branch["text"] * branch["picture"], network.fusion["content"])  # Eq. 9
    audience = layer(branch["audience"], network.fusion["audience"])
    shared = (
        layer(content, network.affinity["content"]).sigmoid()
        * layer(audience, network.affinity["audience"]).sigmoid()
    )
    d = content.shape[1]
    for part, e in (("content", content), ("audience", audience)):
        asked = e.sigmoid() if attention == "sigmoid" else e
        weight = (asked * shared).softmax(-1) * d  # Eq. 21-24, of mean one
        torch.testing.assert_close(found[part], e * weight)
        assert not torch.allclose(found[part], e)
    torch.testing.assert_close(found["graph"], branch["graph"])
    alone = network("brand", values, {**dict.fromkeys(values, ONE), "audience": 0 * ONE})
    torch.testing.assert_close(alone["content"], content)


def test_wsim_mt_learns_categories_beside_the_pools():
    """L = ListNet + lambda CE(brands) + gamma CE(influencers), each brand and candidate weighed by how often
    it is drawn.

    The second influencer has no picture: pairs with it are told by words alone, and so is its category, but
    not its brands'.
    """
    from brandfit.learning.losses import listnet

    values = [{"text": told(n, 3, n), "picture": told(n, 4, 9 + n)} for n in (2, 3)]
    pictures = [torch.ones(2, dtype=torch.bool), torch.tensor([True, False, True])]
    sides = {
        slot: Sides._make(
            Vectors(side[slot].numpy(), (has if slot == "picture" else torch.ones_like(has)).numpy())
            for side, has in zip(values, pictures, strict=True)
        )
        for slot in ("text", "picture")
    }
    network = WSimMTNet({"text": 3, "picture": 4}, 2, dropout=0.5, width=0.01).eval()
    embed = Embedder(network, sides)
    pooled = wsim_mt.PoolsWithCategories(
        brand=torch.tensor([0, 1]),
        candidates=torch.tensor([[0, 1], [1, 2]]),
        positive=torch.tensor([[True, False], [True, False]]),
        valid=torch.ones(2, 2, dtype=torch.bool),
        brand_category=torch.tensor([0, 1]),
        categories=torch.tensor([[0, 1], [1, -1]]),
    )
    ranker = wsim_mt.WSimMT(
        wsim_mt.WSimMT.Config.from_settings({"weight_brand": 0.3, "weight_influencer": 0.7})
    )
    branch = {
        slot: [through(v[slot], network.branches[slot], torch.relu, True) for v in values]
        for slot in values[0]
    }

    def e(side: int, account: int, picture: bool):
        words = branch["text"][side][account]
        return words * branch["picture"][side][account] if picture else words

    def score(brand: int, influencer: int):
        both = bool(pictures[1][influencer])
        return (e(0, brand, both) * network.diagonal * e(1, influencer, both)).sum()

    def cross(side: int, account: int, category: int):
        own = e(side, account, bool(pictures[side][account]))
        return -layer(own[None], network.head).log_softmax(-1)[0, category]

    scores = torch.stack(
        [torch.stack([score(b, i) for i in row]) for b, row in enumerate(pooled.candidates.tolist())]
    )
    main = listnet(scores, pooled.positive, pooled.valid)
    brands = (cross(0, 0, 0) + cross(0, 1, 1)) / 2
    influencers = (
        cross(1, 0, 0) + 2 * cross(1, 1, 1)
    ) / 3  # the second is in two pools, the third has no category
    rows, real = [], network.joint
    network.joint = lambda values, has: rows.append(len(has["text"])) or real(values, has)
    torch.testing.assert_close(ranker.loss(embed, pooled), main + 0.3 * brands + 0.7 * influencers)
    assert rows == [4, 3]  # each brand with and without its picture, each influencer once


def test_mir_concat_is_side_by_side_and_sides_may_have_weights_of_their_own():
    values = {"text": told(2, 3, 1), "picture": told(2, 5, 2)}
    network = MirNet({"text": 3, "picture": 5}, "concat", sides="own", dropout=0.0, width=0.01).eval()
    for side in ("brand", "influencer"):
        e = [
            through(values[slot], network.sides[0 if side == "brand" else 1][slot], torch.relu)
            for slot in ("text", "picture")
        ]
        torch.testing.assert_close(
            network(side, values, dict.fromkeys(values, ONE))["content"], torch.cat(e, -1)
        )
    assert not network.shared_towers
    assert not torch.allclose(network.sides[0]["text"][0].weight, network.sides[1]["text"][0].weight)
    alone = network("brand", values, {"text": ONE, "picture": 0 * ONE})["content"]
    assert (alone[:, -e[1].shape[1] :] == 0).all()


def test_mir_mixes_likeness_and_engagement_with_a_fixed_share():
    """z = (1 - w) <e_b, e_m> + w e with w from the settings, not learned (Elwood et al. 2021, IV-C)."""
    network = MirNet(
        {"text": 3, "engagement": 1}, "product", sides="shared", dropout=0.0, width=0.01, engagement=0.3
    ).eval()
    plain = MirNet({"text": 3}, "product", sides="shared", dropout=0.0, width=0.01).eval()
    plain.load_state_dict(network.state_dict())
    left, right = {"text": told(2, 3, 1)}, {"text": told(2, 3, 2), "engagement": told(2, 1, 3)}
    has = {"text": ONE, "engagement": ONE}

    def scores(net, *sides):
        parts = [net(side, values, has) for side, values in zip(("brand", "influencer"), sides, strict=True)]
        return sum((parts[0][part] * parts[1][part]).sum(-1) for part in parts[0])

    content = scores(plain, left, {"text": right["text"]})
    torch.testing.assert_close(scores(network, left, right), 0.7 * content + 0.3 * right["engagement"][:, 0])
    assert sum(p.numel() for p in network.parameters()) == sum(p.numel() for p in plain.parameters())


def test_wsim_mt_mixes_likeness_and_engagement():
    """z = (1 - w_e) e_b' W_r e_i + w_e e (Eq. 6)."""
    network = WSimMTNet({"text": 3, "engagement": 1}, 2, dropout=0.0, width=0.01).eval()
    left, right = {"text": told(2, 3, 1)}, {"text": told(2, 3, 2), "engagement": told(2, 1, 3)}
    with torch.no_grad():
        network.diagonal.copy_(torch.linspace(0.5, 2, len(network.diagonal)))
    sides = [
        network(side, v | ({"engagement": ONE} if side == "brand" else {}), {"text": ONE, "engagement": ONE})
        for side, v in (("brand", left), ("influencer", right))
    ]
    found = sum((sides[0][part] * sides[1][part]).sum(-1) for part in sides[0])
    e = [through(v["text"], network.branches["text"], torch.relu, True) for v in (left, right)]
    w = network.share.sigmoid()
    torch.testing.assert_close(
        found, (1 - w) * (e[0] * network.diagonal * e[1]).sum(-1) + w * right["engagement"][:, 0]
    )


def test_wsim_mt_with_a_full_matrix():
    """z = e_b' W_r e_i with W_r (d, d): at first the inner product; (512 x 512 - 512) parameters more."""
    networks = [
        WSimMTNet({"text": 3}, 0, dropout=0.0, width=0.01, has_full_matrix=full) for full in (False, True)
    ]
    d = networks[1].matrix.shape[0]
    n_parameters = [sum(p.numel() for p in network.parameters()) for network in networks]
    assert n_parameters[1] - n_parameters[0] == d * d - d
    network, values = networks[1].eval(), (told(2, 3, 1), told(2, 3, 2))
    e = [through(v, network.branches["text"], torch.relu, True) for v in values]

    def scores():
        sides = [
            network(side, {"text": v}, {"text": ONE})["content"]
            for side, v in zip(("brand", "influencer"), values, strict=True)
        ]
        return (sides[0] * sides[1]).sum(-1)

    torch.testing.assert_close(scores(), (e[0] * e[1]).sum(-1))
    with torch.no_grad():
        network.matrix.copy_(told(d, d, 3))
    torch.testing.assert_close(scores(), torch.einsum("nd,de,ne->n", e[0], network.matrix, e[1]))


def test_the_fusions_that_camera_is_compared_with():
    """Bp: circular convolution of two count sketches; Hp: MIR's product; Vi: the picture as one word more."""
    values, has = {"text": told(2, 3, 1), "picture": told(2, 4, 2)}, {"text": ONE, "picture": ONE}
    dims = {slot: v.shape[1] for slot, v in values.items()}
    network = Fused(dims, "bilinear", dropout=0.0, width=0.001).eval()
    d = network.dim
    sketches = torch.zeros(2, 2, d)
    for n, slot in enumerate(("text", "picture")):
        for j in range(dims[slot]):
            sketches[n, :, network.get_buffer(f"bucket_{slot}")[j]] += (
                values[slot][:, j] * network.get_buffer(f"sign_{slot}")[j]
            )
    pooled = torch.stack(
        [sum(sketches[0, :, j] * sketches[1, :, (k - j) % d] for j in range(d)) for k in range(d)], -1
    )
    pooled = pooled.sign() * pooled.abs().sqrt()
    pooled = pooled / pooled.norm(dim=-1, keepdim=True)
    torch.testing.assert_close(
        network(values, has), through(pooled, network.top, last=True), atol=1e-4, rtol=1e-3
    )
    network = Fused(dims, "history", dropout=0.0, width=0.01).eval()
    e = [through(values[slot], network.branches[slot], last=True) for slot in ("text", "picture")]
    torch.testing.assert_close(network(values, has), e[0] * e[1])
    network = Fused(dims, "semantic", dropout=0.0, width=0.01).eval()
    words = (values["text"] + layer(values["picture"], network.seen)) / 2
    torch.testing.assert_close(network(values, has), through(words, network.top, last=True))
    alone = network(values, {"text": ONE, "picture": 0 * ONE})
    torch.testing.assert_close(alone, through(values["text"], network.top, last=True))


def test_mir_says_where_weighted_pooling_has_no_posts_to_weigh():
    accounts = [Account(id="b", role="brand"), Account(id="i")]
    dataset = Dataset.from_rows(accounts, [Post(id="p", account="i"), Post(id="q", account="b")])
    rows = np.ones((2, 3), np.float32)
    whole = dataset.with_slots(
        {"text": Features("words", np.array(["b", "i"], dtype=object), rows, "account")}
    )
    posts = dataset.with_slots({"text": Features("words", np.array(["p", "q"], dtype=object), rows, "post")})
    weighted, plain = (mir.Mir(mir.MirConfig(pooling=pooling)) for pooling in ("weighted", "average"))
    assert "pooling=weighted weighs no posts of text: one row is an account" in weighted.notes(whole)
    assert not [
        note
        for ranker, data in ((weighted, posts), (plain, whole))
        for note in ranker.notes(data)
        if "weighs" in note
    ]


def test_a_partner_of_unknown_campaign_is_graded_in_the_middle():
    ranker = mir.Mir(mir.Mir.Config.from_settings({"k": 3}))
    accounts = [Account(id="b", role="brand"), *(Account(id=f"i{n}") for n in range(4))]
    rates = [0.1, None, 0.3, 0.2]
    links = [
        Link(id=f"l{n}", kind="endorses", source=f"i{n}", target="b", weight=rate)
        for n, rate in enumerate(rates)
    ]
    pairs = Pairs(
        np.array(["b"], dtype=object),
        np.array([f"i{n}" for n in range(4)], dtype=object),
        np.array([[0, n] for n in range(4)]),
    )
    ranker.prepare_metadata(Dataset.from_rows(accounts, links=links), pairs)
    assert [ranker._grade_by_pair.get((0, n), ranker._median_grade) for n in range(4)] == pytest.approx(
        [0.1, 0.2, 0.3, 0.2]
    )


def test_bamir_without_a_negative_is_told():
    with pytest.raises(ConfigError, match="random and hard are both 0"):
        bamir.Bamir.Config.from_settings({"random": "0", "hard": "0"})
