"""MORNING: content, audience and attributes of both sides, each matched separately (M-01 to M-12).

    content     e_c = W (MLP(objects and scenes) o MLP(topics)) + b                     Eq. 4-9
    audience    e_u, the same of what the account's audience posts                      Eq. 10-12
    attributes  e_s = MLP(mean of the node2vec vectors of the account's attributes)     Eq. 18
    ea_f = sigmoid(W' e_c + b') o sigmoid(W'' e_u + b''),   e' = e o softmax(sigmoid(e) o ea_f) d_a
                                                                       co-attention, Eq. 20-24
    F(b, m) = <e'_c,b , e'_c,m> + <e'_u,b , e'_u,m> + <e_s,b , e_s,m>                   Eq. 19, 25-27
    L = triplets of the three (margins 4, 2, 2) + CE of softmax(F(b, +), F(b, -)) + l1 |weights|
                                                                       Eq. 28-32

Slots, and the encoders that make the inputs of the paper:

    text              topics of the account                        text.lda               X^t
    picture           objects and scenes, each adding up to one    image.objects_scenes   X^p, Eq. 4-6
    audience          topics of its audience, biographies too      audience.lda
    audience_picture  objects and scenes of its audience           audience.objects_scenes
    graph             attributes of accounts                       concept.graph_morning  (not concept.graph)

Texts and pictures of audiences are fused as those of accounts; each may be missing. Other encoders of these
slots work too. Adam at .002, times .95 an epoch, batches of 16, at
most 100 epochs, dropout of a half, LeakyReLU. The ``use`` setting leaves whole perspectives out: the paper's
six ablations.

S. Wang, T. Gan, Y. Liu, J. Wu, Y. Cheng, L. Nie: Micro-Influencer Recommendation by Multi-Perspective Account
Representation Learning. IEEE Transactions on Multimedia, 2022. If the authors' code deviates from the
equations, the equations are followed, with one exception (the first).

Differences from the paper and from its code:

* Co-attention weighs by softmax(sigmoid(e) o ea_f), as the code (M2). Eq. 21 has e itself
  (``attention=printed``): a weight may then be as large as d_a = 512, the more so the larger e, and training
  runs away as soon as there are audiences.
* The code leaves out W of Eq. 9 and 12 (M1), uses other co-attention weights for brands than for influencers
  (M2), adds a regulariser that the paper does not name (M3), shrinks the step by .99 every 12,000 steps (M5),
  drops weights of the first layers, not activations (M6), and draws all negatives once (M7): here they are
  drawn again every epoch.
* Training stops early on held-out training brands.
* An attribute branch has no dropout, as in the code (M6); the paper does not say.
* Topics and pictures are shares that add up to one. Longer embeddings in these slots are scaled to length
  one. Pictures of ``image.objects_scenes`` are divided by the sum of their objects and by that of their
  scenes (psi of Eq. 4-6); those of ``image.resnet`` alone with ``pictures=shares``.

Expected: the paper's Table III has AUC .884, cAUC .727, R@10 .213, R@50 .551, MRR .565, MAP .238 with
pictures and audiences; its c-only row AUC .861, att-only .805, c+att .882.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from msgspec import Meta

from brandfit.data.dataset import Dataset
from brandfit.learning.losses import pairwise, triplet
from brandfit.learning.pooling import Sides, Vectors
from brandfit.learning.samplers import Triplets
from brandfit.rankers._neural import Embedder, NetworkConfig, TripletRanker
from brandfit.rankers._share_inputs import Pictures, share_inputs

if TYPE_CHECKING:
    from torch import Tensor, nn

MARGINS = {"content": 4.0, "audience": 2.0, "graph": 2.0}
PERSPECTIVE = {
    "text": "content",
    "picture": "content",
    "audience": "audience",
    "audience_picture": "audience",
    "graph": "attributes",
}


class MorningConfig(NetworkConfig, frozen=True):
    batch_size: Annotated[int, Meta(description="triplets a step", ge=1)] = 16
    use: Annotated[
        tuple[Literal["content", "audience", "attributes"], ...],
        Meta(
            description="the perspectives that are looked from; fewer are the paper's ablations", min_length=1
        ),
    ] = ("content", "audience", "attributes")
    attention: Annotated[
        Literal["sigmoid", "printed"],
        Meta(
            description="what co-attention weighs by: sigmoid of an embedding, as the code; printed: the "
            "embedding, as Eq. 21"
        ),
    ] = "sigmoid"
    pictures: Pictures = "auto"


class Morning(TripletRanker):
    """Three perspectives, trained together; see the module."""

    Config = MorningConfig
    config: MorningConfig
    slots = ("text", "picture", "audience", "audience_picture", "graph")
    part_names = ("content", "audience")

    def build_network(self, dims: dict[str, int]) -> nn.Module:
        from brandfit.rankers._morning_net import MorningNet

        return MorningNet(dims, self.config.dropout, width=self.config.width, attention=self.config.attention)

    def slot_vectors(
        self, dataset: Dataset, slot: str, *, brands: np.ndarray, influencers: np.ndarray
    ) -> Sides[Vectors]:
        vectors = super().slot_vectors(dataset, slot, brands=brands, influencers=influencers)
        return share_inputs(dataset, slot, vectors=vectors, pictures=self.config.pictures)

    def loss(self, embedder: Embedder, batch: Triplets) -> Tensor:
        positive, negative = embedder.triplet_scores(batch)
        hinges = [triplet(positive[part], negative[part], MARGINS[part]) for part in positive]
        return sum(hinges, pairwise(sum(positive.values()), sum(negative.values())))  # type: ignore[arg-type]

    def _missing(self, dataset: Dataset, slot: str) -> str:
        if PERSPECTIVE[slot] not in self.config.use:
            return f"the setting use leaves {PERSPECTIVE[slot]} out"
        return super()._missing(dataset, slot)
