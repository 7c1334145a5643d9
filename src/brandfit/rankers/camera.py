"""CAMERA: concepts of both sides with mutual attention, times the value of an endorsement (C-05 to C-13).

    w_a  = softmax(H share of each concept)        historical distribution of an account          Eq. 5
    e_h  = sum over its ten heaviest concepts of w_a^k u_k                                        Eq. 6
    w_b  = softmax(psi(e_h of m) . rho(u_k)), e_r = sum w_b^k u_k, and the same of m towards b    Eq. 7-8
                                                   (bi-directional attention)
    e_a  = gamma(e_h, e_r)                                                                        Eq. 9
    S_ed = sigmoid(phi_1(E(p)) + phi_2(E(b)))      endorsement effect, E engagement rates         Eq. 10-13
    S_in = sigmoid(phi_3(followers) + phi_4(E(m))) influence                                      Eq. 14-16
    F    = (e_b . e_m) S_ed S_in                                                                  Eq. 17-18
    L    = max(0, 7 - F(b, +) + F(b, -)) + l1 |weights|                                           Eq. 19

``concept`` is filled by any encoder of named concepts; ``concept.cosmic_attention``, z', is the paper's. Adam
at .001, times .95 an epoch, 40 epochs, batches of 8, dropout .6, weights from U(-.1, .1).
``interaction=false`` is C-w/o-MR, F the content score alone. With ``representation`` bilinear, history or
semantic, words and pictures replace concepts: the baselines Bp+MR, Hp+MR and Vi+MR.

S. Wang, T. Gan, Y. Liu, L. Zhang, J. Wu, L. Nie: Discover Micro-Influencers for Brands via Better
Understanding. IEEE Transactions on Multimedia, 2021.

Differences from the paper and from its code:

* E(p) is, in the paper, the engagement of the campaign post of the pair: it exists for positives only and
  reveals the label. Here it is the expected engagement: a line through the training pairs from the
  influencer's own rate, or that rate if no endorsement has a weight. ``endorsement=leaky`` follows the paper,
  with zero for pairs without a campaign post: for comparison, never for use.
* Eq. 19 with S_ed = 0 for negatives never uses a negative's content (C1). Here negatives have their S_ed too,
  as in the code.
* The code multiplies S_ed and S_in onto the wrong pairs (C3) and takes the mean of the inner product in Eq. 7
  (C4). Here both are corrected.
* Dropout is of activations after the first layer of each network. The code keeps .6 of the *weights* of
  several layers (C7), steps at .002 times .99 per 24,000 steps (C5), draws weights from N(0, .1) (C6) and
  averages the hinge over the triplets with a positive hinge (C8).
* u are the fixed vectors of COSMIC in the paper. Here they start from the concepts that training accounts
  share (truncated SVD) and are trained. ``concept_vectors=encoder`` with ``tune_concepts=false`` follows the
  paper; it needs Features of ``concept.cosmic`` or ``concept.cosmic_attention``.
* The sum over posts in Eq. 5 is the mean share times H: otherwise accounts with few posts would have flat
  distributions for this reason alone.
* Rates and the logarithm of followers are standardised on the influencers of training. Training stops early
  on held-out brands.

Expected: the paper's Table II has AUC .810, cAUC .678, R@10 .207, R@50 .422, MRR .602, MAP .213, with the
leak. C-w/o-MR: .779, .635, .073.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
from msgspec import Meta

from brandfit import config as settings
from brandfit.data.dataset import Dataset
from brandfit.errors import UsageError
from brandfit.learning.engagement import RATE, campaign_rates, scale
from brandfit.learning.losses import triplet
from brandfit.learning.pairs import Pairs
from brandfit.learning.pooling import Sides, Vectors, account_vectors, brand_vectors
from brandfit.learning.samplers import Triplets
from brandfit.learning.similarity import shared, unit
from brandfit.mappings import position_by_item, rows_of_each
from brandfit.rankers._neural import Embedder, NetworkConfig, TripletRanker

if TYPE_CHECKING:
    from torch import Tensor, nn

MARGIN = 7.0
ENGAGEMENT_COLUMNS = 3
"""Columns of the engagement input: rate, expected rate of a campaign post, followers."""
PAIR_BLOCK = 512
"""Pairs that are scored at the same time."""
ACCOUNT_BLOCK = 4096
"""Accounts whose concepts are embedded at the same time."""
FACTORS = frozenset({"score", "content", "effect", "influence"})
"""Names of network outputs that are one number per pair."""


class CameraConfig(NetworkConfig, frozen=True):
    representation: Annotated[
        Literal["attention", "bilinear", "history", "semantic"],
        Meta(
            description="attention: concepts, as CAMERA; the others: words and pictures, as Bp+MR, Hp+MR, "
            "Vi+MR"
        ),
    ] = "attention"
    endorsement: Annotated[
        Literal["expected", "leaky"],
        Meta(
            description="engagement of a pair's campaign post; leaky: the true one, as the paper, which "
            "gives the label away"
        ),
    ] = "expected"
    posts: Annotated[
        float, Meta(description="posts of an account that its concepts are taken to be the sum of (H)", gt=0)
    ] = 50.0
    concept_vectors: Annotated[
        Literal["shared", "encoder"],
        Meta(
            description="where the vectors u start: concepts that training accounts share, or the vectors "
            "of the encoder of concepts (U_C of COSMIC)",
            extra=settings.ADDED,
        ),
    ] = "shared"
    tune_concepts: Annotated[
        bool,
        Meta(description="train the vectors u too; false: fixed, as in the paper", extra=settings.ADDED),
    ] = True
    interaction: Annotated[
        bool, Meta(description="multiply by endorsement effect and influence; false: the paper's C-w/o-MR")
    ] = True
    epochs: Annotated[int, Meta(description="epochs at most", ge=0, le=100_000)] = 40
    learning_rate: Annotated[float, Meta(description="first step size", gt=0)] = 0.001
    batch_size: Annotated[int, Meta(description="triplets a step", ge=1)] = 8
    dropout: Annotated[
        float, Meta(description="share of the activations left out while training", ge=0, lt=1)
    ] = 0.6


class Camera(TripletRanker):
    """Bi-directional concept attention; see the module. ``factors`` has the factors of a score."""

    Config = CameraConfig
    config: CameraConfig
    slots = ("concept", "text", "picture", "engagement")
    one_sided = ("engagement",)
    part_names = ("content",)

    def __init__(self, config: CameraConfig | None = None, seed: int = 0) -> None:
        super().__init__(config, seed)
        self._initial_concepts: np.ndarray | None = None
        self._revealed_rates: dict[tuple[str, str], float] | None = None
        """Engagement of campaign posts of the pairs to be scored, if it is leaky."""
        self._training_rates: Tensor | None = None
        """(b, i) standardised engagement of campaign posts of the training pairs, if it is leaky."""

    @property
    def leaky(self) -> bool:
        return self.config.endorsement == "leaky" and self.config.interaction

    def reveal_labels(self, dataset: Dataset) -> None:
        self._revealed_rates = campaign_rates(dataset)

    def build_network(self, dims: dict[str, int]) -> nn.Module:
        import torch

        from brandfit.rankers._camera_net import EMBEDDING, CameraNet

        config = self.config
        content = {slot: dim for slot, dim in dims.items() if slot != "engagement"}
        concepts = None
        if "concept" in content:
            # Zeros if stored weights will replace them.
            concepts = torch.zeros((dims["concept"], EMBEDDING))
            if self._initial_concepts is not None:
                concepts = torch.from_numpy(self._initial_concepts)
        return CameraNet(
            concepts,
            content,
            representation=config.representation,
            dropout=config.dropout,
            width=config.width,
            interaction=config.interaction,
            tune_concepts=config.tune_concepts,
        )

    def prepare_metadata(self, dataset: Dataset, pairs: Pairs) -> dict[str, Any]:
        if self.leaky:
            self._set_training_rates(dataset, pairs)
        if self.config.representation == "attention":
            if self.config.concept_vectors == "encoder":
                self._initial_concepts = _encoder_vectors(dataset, self.name)
            else:
                self._set_initial_concepts(dataset, pairs)
        return self.training

    def _set_training_rates(self, dataset: Dataset, pairs: Pairs) -> None:
        import torch

        rates = campaign_rates(dataset)
        self.training["campaign"] = list(scale(np.array(list(rates.values()))))
        standardised = self._standardised_rates(rates, brands=pairs.brands, influencers=pairs.influencers)
        self._training_rates = torch.from_numpy(standardised)

    def _standardised_rates(
        self, rates: Mapping[tuple[str, str], float], *, brands: np.ndarray, influencers: np.ndarray
    ) -> np.ndarray:
        """(b, i) float32 standardised engagement of the campaign post of each pair; zero without a post."""
        row, column = position_by_item(brands.tolist()), position_by_item(influencers.tolist())
        matrix = np.zeros((len(brands), len(influencers)), np.float32)
        for (brand, influencer), rate in rates.items():
            if brand in row and influencer in column:
                matrix[row[brand], column[influencer]] = rate
        mean, deviation = self.training["campaign"]
        return (matrix - np.float32(mean)) / np.float32(deviation)

    def _set_initial_concepts(self, dataset: Dataset, pairs: Pairs) -> None:
        from sklearn.utils.extmath import randomized_svd

        from brandfit.rankers._camera_net import EMBEDDING

        sides = self.slot_vectors(dataset, "concept", brands=pairs.brands, influencers=pairs.influencers)
        rows = np.concatenate([sides.brand.values, sides.influencer.values])  # (b + i, concepts)
        k = min(EMBEDDING, *rows.shape)
        # In float64: the last axes explain little, and in float32 they change with the number of threads.
        _, singular, axes = randomized_svd(np.sqrt(rows, dtype=np.float64), k, random_state=0)
        self._initial_concepts = np.zeros((rows.shape[1], EMBEDDING), np.float32)
        self._initial_concepts[:, :k] = axes.T * np.sqrt(singular * len(singular) / singular.sum())

    def slot_vectors(
        self, dataset: Dataset, slot: str, *, brands: np.ndarray, influencers: np.ndarray
    ) -> Sides[Vectors]:
        if slot == "engagement":
            return self._engagement_vectors(dataset, brands, influencers)
        if slot != "concept":
            sides = super().slot_vectors(dataset, slot, brands=brands, influencers=influencers)
            return Sides(unit(sides.brand), unit(sides.influencer))
        left = brand_vectors(dataset, slot, brands=brands)
        right = account_vectors(dataset, slot, accounts=influencers)
        if "logits" not in self.training:
            self.training["logits"] = bool((left.values < 0).any() or (right.values < 0).any())
        return Sides(self._distribution(left), self._distribution(right))

    def _engagement_vectors(
        self, dataset: Dataset, brands: np.ndarray, influencers: np.ndarray
    ) -> Sides[Vectors]:
        """(b, 3) and (i, 3): standardised rate, expected rate of a campaign post, followers; brands have the
        first only."""
        column = dataset.slots["engagement"].columns.index(RATE)

        def rates(vectors: Vectors) -> np.ndarray:
            return np.where(vectors.present, vectors.values[:, column], np.nan).astype(np.float64)

        brand_rates = rates(brand_vectors(dataset, "engagement", brands=brands))
        influencer_rates = rates(account_vectors(dataset, "engagement", accounts=influencers))
        followers = dataset.account_values("followers", influencers).astype(np.float64)
        followers = np.log1p(np.maximum(followers, 0))
        if "scale" not in self.training:
            self.training = _engagement_scale(
                dataset, brands, influencers=influencers, rates=influencer_rates, followers=followers
            )
        scales = self.training["scale"]
        slope, offset = self.training["expected"]
        rate = _standardised(influencer_rates, *scales["rate"])
        columns = [rate, offset + slope * rate, _standardised(followers, *scales["followers"])]
        of_influencers = np.stack(columns, axis=1).astype(np.float32)
        of_brands = np.zeros((len(brands), ENGAGEMENT_COLUMNS), np.float32)
        of_brands[:, 0] = _standardised(brand_rates, *scales["rate"])
        # Unknown values are the mean, so every account has this slot.
        return Sides(
            Vectors(of_brands, np.ones(len(brands), bool)),
            Vectors(of_influencers, np.ones(len(influencers), bool)),
        )

    def loss(self, embedder: Embedder, batch: Triplets) -> Tensor:
        return triplet(*self.score_triplets(embedder, batch), MARGIN)

    def score_triplets(self, embedder: Embedder, batch: Triplets) -> tuple[Tensor, Tensor]:
        import torch

        brand, positive, negative = (torch.as_tensor(column).to(embedder.device) for column in batch)
        brands, influencers = torch.cat([brand, brand]), torch.cat([positive, negative])
        campaign = None
        if self._training_rates is not None:
            campaign = self._training_rates.to(embedder.device)[brands, influencers]
        # Each account passes the network once.
        distinct_brands, brand_row = brands.unique(return_inverse=True)  # type: ignore[no-untyped-call]
        distinct_influencers, influencer_row = influencers.unique(  # type: ignore[no-untyped-call]
            return_inverse=True
        )
        accounts = PairInputs(
            values=Sides(
                rows_of_each(embedder.values.brand, distinct_brands),
                rows_of_each(embedder.values.influencer, distinct_influencers),
            ),
            has=Sides(
                rows_of_each(embedder.has.brand, distinct_brands),
                rows_of_each(embedder.has.influencer, distinct_influencers),
            ),
        )
        accounts = self._with_attention(embedder.network, accounts)
        score = self._network_outputs(
            embedder.network, accounts, campaign=campaign, brand=brand_row, influencer=influencer_row
        )["score"]
        return score[: len(brand)], score[len(brand) :]

    def parts(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        return {self.name: self._factors(dataset, brands, candidates=candidates, wanted={"score"})["score"]}

    def factors(self, dataset: Dataset, brands: np.ndarray, candidates: np.ndarray) -> dict[str, np.ndarray]:
        """score, content, effect and influence (b, n), NaN without evidence.

        With concepts also concepts_b, weights_b, concepts_m, weights_m (b, n, 10): the ten heaviest concepts
        of both sides, as columns of the concept slot, and the attention weight of each.
        """
        return self._factors(dataset, brands, candidates=candidates)

    def score_factors(self, dataset: Dataset, brand: str, influencer: str) -> dict[str, float]:
        """S_con, S_ed and S_in (Eq. 18; C-11); {} without evidence, and without interaction."""
        if not self.config.interaction:
            return {}
        factors = self.factors(dataset, np.array([brand], object), np.array([influencer], object))
        names = [name for name in ("content", "effect", "influence") if name in factors]
        if len(names) < 2 or not np.isfinite(factors["score"][0, 0]):
            return {}
        return {name: float(factors[name][0, 0]) for name in names}

    def attention(self, dataset: Dataset, brand: str, influencer: str) -> dict[str, np.ndarray] | None:
        ids = np.array([brand], dtype=object), np.array([influencer], dtype=object)
        factors = self.factors(dataset, *ids)
        if "weights_b" not in factors:
            return None
        sides = self.slot_vectors(dataset, "concept", brands=ids[0], influencers=ids[1])
        attention = {}
        for side, suffix, vectors in zip(("brand", "influencer"), "bm", sides, strict=True):
            concepts = factors[f"concepts_{suffix}"][0, 0].astype(np.int64)  # (10,)
            weights = factors[f"weights_{suffix}"][0, 0]  # (10,)
            # An account with fewer than ten concepts has others at its lowest share, in arbitrary order: they
            # are in the score (Eq. 6-8), but the account is not about them.
            share = vectors.values[0]
            is_own = share[concepts] > share.min()
            attention[side] = np.zeros(dataset.slots["concept"].dim)
            np.add.at(attention[side], concepts[is_own], weights[is_own])
        return attention

    def _factors(
        self, dataset: Dataset, brands: np.ndarray, *, candidates: np.ndarray, wanted: Collection[str] = ()
    ) -> dict[str, np.ndarray]:
        """The wanted factors, or all."""
        import torch

        self._check_usable()
        shape = len(brands), len(candidates)
        used = self.used_slots(dataset)
        content = [slot for slot in self._content_slots if slot in used]
        if not content:
            return {"score": np.full(shape, np.nan)}
        vectors = {
            slot: self.slot_vectors(dataset, slot, brands=brands, influencers=candidates) for slot in used
        }
        has_evidence = np.any([shared(*vectors[slot]) for slot in content], axis=0)  # (b, n)
        campaigns = None
        if self.leaky and self._revealed_rates is not None:
            rates = self._standardised_rates(self._revealed_rates, brands=brands, influencers=candidates)
            campaigns = torch.from_numpy(rates).double()
        network: Any = self.float64_network
        # One brand and PAIR_BLOCK candidates at a time bound the memory.
        blocks: dict[str, list[np.ndarray]] = {}
        with torch.inference_mode():
            accounts = self._with_attention(network, _float64_inputs(vectors))
            for row in range(shape[0]):
                for start in range(0, shape[1], PAIR_BLOCK):
                    columns = torch.arange(start, min(start + PAIR_BLOCK, shape[1]))
                    outputs = self._network_outputs(
                        network,
                        accounts,
                        campaign=None if campaigns is None else campaigns[row, columns],
                        brand=torch.full_like(columns, row),
                        influencer=columns,
                    )
                    for name, values in outputs.items():
                        if not wanted or name in wanted:
                            blocks.setdefault(name, []).append(values.float().numpy())
        factors = {}
        for name, arrays in blocks.items():
            factors[name] = np.concatenate(arrays).reshape(*shape, *arrays[0].shape[1:])
            if name in FACTORS:
                factors[name] = np.where(has_evidence, factors[name].astype(np.float64), np.nan)
        return factors

    def _check_usable(self) -> None:
        """Raises UsageError if it is not fitted, or if it is leaky and the labels are not revealed."""
        if self.network is None:
            raise UsageError(
                f"{self.name} has not been fitted.", "Fit it on a Dataset with endorsements first."
            )
        if self.leaky and self._revealed_rates is None:
            raise UsageError(
                f"{self.name} with endorsement=leaky reads what it is asked for: it can be evaluated, not "
                "used.",
                "Train it without that setting.",
            )

    def notes(self, dataset: Dataset) -> list[str]:
        notes = super().notes(dataset)
        leak = "leaky: it reads the engagement of each pair's own campaign post, which only partners have"
        return [leak, *notes] if self.leaky else notes

    def _with_attention(self, network: Any, accounts: PairInputs) -> PairInputs:
        """The same with concept distributions replaced by ``AttendedConcepts``, computed once per account."""
        import torch

        if "concept" not in accounts.values.influencer:
            return accounts
        brands, influencers = accounts.values.brand["concept"], accounts.values.influencer["concept"]
        distributions = torch.cat([brands, influencers])
        answers, answer_row = network.answered(distributions)
        blocks = [
            network.attended(block, answers)
            for block in distributions.split(ACCOUNT_BLOCK)  # type: ignore[no-untyped-call]
        ]
        columns = [torch.cat(column) for column in zip(*blocks, strict=True)]
        counts = [len(brands), len(influencers)]
        of_brands, of_influencers = zip(*(torch.split(column, counts) for column in columns), strict=True)
        attended = type(blocks[0])
        return PairInputs(
            values=Sides(
                accounts.values.brand | {"concept": attended(*of_brands)},
                accounts.values.influencer | {"concept": attended(*of_influencers)},
            ),
            has=accounts.has,
            answer_row=answer_row,
        )

    def _network_outputs(
        self,
        network: Any,
        accounts: PairInputs,
        *,
        campaign: Tensor | None,
        brand: Tensor,
        influencer: Tensor,
    ) -> dict[str, Tensor]:
        """Outputs of the network for pairs of rows (n,) of brands and influencers.

        campaign  (n,) standardised engagement of campaign posts, instead of the expected one
        """
        values, has = accounts.values, accounts.has
        content = [slot for slot in values.influencer if slot != "engagement"]
        # (n, dim) each: the rows of the accounts of each pair
        left = {slot: _rows(values.brand[slot], brand) for slot in content}
        right = {slot: _rows(values.influencer[slot], influencer) for slot in content}
        if "engagement" in values.influencer:
            engagement = values.influencer["engagement"][influencer]  # (n, 3)
            left["rate"] = values.brand["engagement"][brand][:, :1]
            right |= {
                "rate": engagement[:, :1],
                "expected": engagement[:, 1:2],
                "followers": engagement[:, 2:],
            }
        if campaign is not None:
            right["expected"] = campaign[:, None]
        # (n, 1) each: 1 if both accounts of a pair have the slot
        has_both = {slot: has.brand[slot][brand] * has.influencer[slot][influencer] for slot in content}
        outputs: dict[str, Tensor] = network(left, right, has_both, accounts.answer_row)
        return outputs

    def _distribution(self, vectors: Vectors) -> Vectors:
        """softmax(H share) of each row. Features with negative values in training are logits, not weights."""
        values = vectors.values.astype(np.float64)
        weights = np.maximum(values, 0)
        shares = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
        # softmax, shifted by the maximum for numerical stability
        logits = values if self.training["logits"] else self.config.posts * shares
        power = np.exp(logits - logits.max(axis=1, keepdims=True)) if values.shape[1] else values
        present = vectors.present & values.any(axis=1)
        distribution = np.where(present[:, None], power / power.sum(axis=1, keepdims=True), 0)
        return Vectors(distribution.astype(np.float32), present)

    def _input_dim(self, slot: str, dim: int) -> int:
        return ENGAGEMENT_COLUMNS if slot == "engagement" else dim

    def _missing(self, dataset: Dataset, slot: str) -> str:
        if slot == "engagement" and slot in dataset.slots and RATE not in dataset.slots[slot].columns:
            return f"its features have no column {RATE}"
        if slot == "engagement" and not self.config.interaction:
            return "the setting interaction=false leaves it out"
        if slot != "engagement" and (slot == "concept") != (self.config.representation == "attention"):
            return f"the setting representation={self.config.representation} leaves it out"
        return super()._missing(dataset, slot)


def _encoder_vectors(dataset: Dataset, ranker: str) -> np.ndarray | None:
    """(concepts, 100) float32 vectors of the encoder of concepts; None without concepts. Raises UsageError if
    it has none."""
    from brandfit.rankers._camera_net import EMBEDDING

    features = dataset.slots.get("concept")
    if features is None:
        return None
    vectors = features.column_vectors
    if vectors is None or vectors.shape[1] != EMBEDDING:
        found = "none" if vectors is None else f"{vectors.shape[1]} numbers each"
        raise UsageError(
            f"{ranker} with concept_vectors=encoder reads a vector of {EMBEDDING} numbers for each concept; "
            f"{features.name} has {found}.",
            "Encode concept.cosmic_attention and choose it: --set slots.concept=concept.cosmic_attention",
        )
    return np.asarray(vectors, np.float32)


class PairInputs(NamedTuple):
    """Accounts of both sides, as tensors.

    values      slot to (n, dim), or to ``AttendedConcepts``
    has         slot to (n, 1), 0 or 1
    answer_row  (concepts,) row of the answer of each concept; None without attention
    """

    values: Sides[dict[str, Any]]
    has: Sides[dict[str, Tensor]]
    answer_row: Tensor | None = None


def _float64_inputs(vectors: Mapping[str, Sides[Vectors]]) -> PairInputs:
    import torch

    values: Sides[dict[str, Any]] = Sides({}, {})
    has: Sides[dict[str, Tensor]] = Sides({}, {})
    for slot, sides in vectors.items():
        for of_slot, values_by_slot, has_by_slot in zip(sides, values, has, strict=True):
            values_by_slot[slot] = torch.from_numpy(of_slot.values).double()  # (n, dim)
            has_by_slot[slot] = torch.from_numpy(of_slot.present).double()[:, None]  # (n, 1)
    return PairInputs(values=values, has=has)


def _engagement_scale(
    dataset: Dataset,
    brands: np.ndarray,
    *,
    influencers: np.ndarray,
    rates: np.ndarray,
    followers: np.ndarray,
) -> dict[str, Any]:
    """Means and standard deviations, and the line that predicts the standardised rate of a campaign post from
    the rate of its influencer.

    rates, followers  (i,) of the influencers, NaN if unknown
    """
    scales = {
        "rate": list(scale(rates[~np.isnan(rates)])),
        "followers": list(scale(followers[~np.isnan(followers)])),
    }
    row, training_brands = position_by_item(influencers.tolist()), set(brands.tolist())
    own_rates, campaign_posts = [], []
    for (brand, influencer), campaign in campaign_rates(dataset).items():
        if brand in training_brands and influencer in row and not np.isnan(rates[row[influencer]]):
            own_rates.append(rates[row[influencer]])
            campaign_posts.append(campaign)
    # Fewer than three pairs do not determine a line: the own rate is expected.
    line = [1.0, 0.0]  # slope, offset
    if len(own_rates) > 2:
        own = _standardised(np.array(own_rates), *scales["rate"])
        campaign_rate = _standardised(np.array(campaign_posts), *scales["rate"])
        if own.std() > 0:
            line = np.polyfit(own, campaign_rate, 1).tolist()
    return {"scale": scales, "expected": line}


def _rows(values: Any, rows: Tensor) -> Any:
    """Rows of a tensor, or of each column of ``AttendedConcepts``."""
    if isinstance(values, tuple):
        return type(values)(*(column.index_select(0, rows) for column in values))
    return values[rows]


def _standardised(values: np.ndarray, mean: float, deviation: float) -> np.ndarray:
    """(values - mean) / deviation; 0, the mean, if unknown."""
    return np.nan_to_num((values - mean) / deviation)
