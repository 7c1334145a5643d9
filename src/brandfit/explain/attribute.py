"""Scores taken apart by posts, by named columns and by words: Shapley shares over variants of one account.

What is taken away leaves the content of other accounts in its place, drawn at random, and the score is the
mean over them: the base of an attribution is what others score, and every item says what it does to that
(interventional values, Lundberg and Lee, NeurIPS 2017; Janzing et al., AISTATS 2020). A word that is taken
out leaves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from brandfit.data.captions import hashtags
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.encoders.base import Encoder
from brandfit.explain.explanation import Attribution, Side, heaviest
from brandfit.explain.perturbations import Subject, Variants, others, pair, scores, subject
from brandfit.explain.shapley import Value, mean, shapley
from brandfit.rankers.base import Ranker

MOST = 12
"""Columns or words that are told apart; the others are one thing together."""
WORD = re.compile(r"[#@]?\w(?:[\w'’]|\.(?=\w))*", re.UNICODE)
WORD_ORDERS = 8
"""Orders of words at most: every one has captions to be encoded."""
LABEL = 80
"""Characters of a caption that stand for its post."""


OTHERS = 16
"""Accounts whose content stands in for what is taken away."""


class Game(NamedTuple):
    """Things of one kind, and what the pair scores where only some of them are there.

    value  (m, n) bool, which are there, to (m, o) scores, one for each account that stands in; or (m,) where
           none does
    last   whether the last thing is all those together that are not told apart
    """

    kind: str
    side: Side
    slot: str
    ids: list[str]
    labels: list[str]
    value: Value
    last: bool = False


class Attributor:
    """Takes the scores of one ranker apart, pair by pair.

    orders  how many orders are drawn where things are too many to look at all subsets
    """

    def __init__(self, ranker: Ranker, dataset: Dataset, *, orders: int = 16, seed: int = 0) -> None:
        self.ranker, self.dataset, self.orders, self.seed = ranker, dataset, orders, seed
        self.slots = [slot for slot in ranker.used_slots(dataset) if slot in dataset.slots]
        self._others: dict[Side, dict[str, list[tuple[str, np.ndarray]]]] = {}

    def attribution(self, game: Game, most: int = 50) -> Attribution:
        """The ``most`` heaviest things of a game and what the others add together."""
        orders = min(self.orders, WORD_ORDERS) if game.kind == "words" else self.orders
        found = shapley(game.value, len(game.ids), orders=orders, seed=self.seed)
        told = len(game.ids) - game.last
        items, rest = heaviest(
            game.ids[:told],
            game.labels[:told],
            values=found.values[:told],
            errors=found.errors[:told],
            most=most,
        )
        rest += float(found.values[told:].sum())
        return Attribution(
            kind=game.kind,
            side=game.side,
            slot=game.slot,
            base=found.base,
            items=items,
            rest=rest,
            base_error=found.base_error,
        )

    def posts(self, brand: str, influencer: str, side: Side = "influencer") -> Game:
        """The posts of one side; one that is taken away is a post of another account instead."""
        whole, other = self._subject_of(brand, influencer, side)
        by_post = [
            slot
            for slot in whole.rows
            if self.dataset.slots[slot].level == "post" and self._replacement_rows(side, whole)[slot]
        ]
        instead = {slot: self._instead(whole, slot, side) for slot in by_post}
        ids = whole.posts.tolist() if by_post else []

        def value(kept: np.ndarray) -> np.ndarray:
            changed = {
                slot: np.where(kept[:, None, :, None], whole.rows[slot], instead[slot])
                for slot in by_post
                if ids
            }
            return self._scores(Variants(whole, _flat(changed)), other, side=side, m=len(kept))

        return Game(
            kind="posts",
            side=side,
            slot="",
            ids=ids,
            labels=_captions(self.dataset, whole.posts) if ids else [],
            value=value,
        )

    def columns(
        self, brand: str, influencer: str, *, slot: str, side: Side = "influencer", most: int = MOST
    ) -> Game:
        """The named columns of one slot; one that is taken away is as in another account. The heaviest, each
        taken away alone, are told apart; the others go together.
        """
        features = self.dataset.slots[slot]
        whole, other = self._subject_of(brand, influencer, side)
        if not (whole.has.get(slot, np.zeros(0, bool)).any() and self._replacement_rows(side, whole)[slot]):
            return Game(
                kind="columns",
                side=side,
                slot=slot,
                ids=[],
                labels=[],
                value=lambda kept: self._scores(Variants(whole, {}), other, side=side, m=1),
            )
        rows, instead = whole.rows[slot], self._instead(whole, slot, side)
        names = features.columns or tuple(str(n) for n in range(features.dim))

        def value_of(groups: Sequence[np.ndarray], instead: np.ndarray) -> Value:
            def value(kept: np.ndarray) -> np.ndarray:
                gone = np.zeros((len(kept), features.dim), bool)
                for n, columns in enumerate(groups):
                    gone[:, columns] |= ~kept[:, [n]]
                changed = np.where(gone[:, None, None, :], instead, rows)
                return self._scores(Variants(whole, _flat({slot: changed})), other, side=side, m=len(kept))

            return value

        # One column at a time first: most of thousands do nothing. What stands in for it there is the mean of
        # the others.
        typical = instead.mean(axis=0, keepdims=True)
        there = whole.has[slot]
        different = np.flatnonzero(
            (rows[there] != typical[0, there]).any(axis=0) & (rows[there] != 0).any(axis=0)
        )
        effect = self._score(whole, other, side) - _in_parts(
            value_of([np.array([c]) for c in different], typical), len(different)
        )
        apart = different[np.lexsort((different, -np.abs(effect)))[:most]]
        groups = [np.array([c]) for c in apart] + [np.setdiff1d(np.arange(features.dim), apart)]
        chosen = [*(names[c] for c in apart), "all others"]
        return Game(
            kind="columns",
            side=side,
            slot=slot,
            ids=chosen,
            labels=chosen,
            value=value_of(groups, instead),
            last=True,
        )

    def words(
        self,
        brand: str,
        influencer: str,
        *,
        encoder: Encoder,
        slot: str,
        side: Side = "influencer",
        most: int = MOST,
    ) -> Game:
        """The words of the captions of one side, read by the encoder that fills the slot; one that is taken
        away leaves nothing. Those that change the score most alone are told apart; the others stay, and are
        in the base.
        """
        whole, other = self._subject_of(brand, influencer, side)
        texts = _texts(self.dataset, whole.posts)
        words = list(dict.fromkeys(w.lower() for text in texts for w in WORD.findall(text)))

        def value_of(chosen: Sequence[str]) -> Value:
            def value(kept: np.ndarray) -> np.ndarray:
                if not len(texts):
                    return np.full(len(kept), self._score(whole, other, side))
                gone = [{w for w, k in zip(chosen, row.tolist(), strict=True) if not k} for row in kept]
                told = _read(
                    encoder,
                    [[without(text, out) for text in texts] for out in gone],
                    whole.rows[slot].shape[1],
                )
                return scores(
                    self.ranker, other, side=side, variants=Variants(whole, {slot: np.nan_to_num(told)})
                )

            return value

        effect = self._score(whole, other, side) - _in_parts(value_of(words), len(words))
        chosen = [
            words[n] for n in sorted(range(len(words)), key=lambda n: (-abs(effect[n]), words[n]))[:most]
        ]
        return Game(kind="words", side=side, slot=slot, ids=chosen, labels=chosen, value=value_of(chosen))

    def _subject_of(self, brand: str, influencer: str, side: Side) -> tuple[Subject, str]:
        """The account of a side, and the other one."""
        mine, other = (influencer, brand) if side == "influencer" else (brand, influencer)
        return subject(pair(self.dataset, brand, influencer), mine, self.slots), other

    def _instead(self, whole: Subject, slot: str, side: Side) -> np.ndarray:
        """(o, p, d) rows of other accounts in place of the subject's; a post that has none gets none."""
        p = len(whole.rows[slot])
        found = [rows[np.arange(p) % len(rows)] for rows in self._replacement_rows(side, whole)[slot]]
        return np.where(whole.has[slot][:, None], np.array(found), 0)

    def _replacement_rows(self, side: Side, whole: Subject) -> dict[str, list[np.ndarray]]:
        """Slot to the rows of the accounts that stand in for this one; none of a slot that nobody else
        has."""
        if side not in self._others:
            ids = self.dataset.influencers if side == "influencer" else self.dataset.brands
            self._others[side] = others(self.dataset, self.slots, ids=ids, count=OTHERS + 1, seed=self.seed)
        theirs = {
            slot: [rows for id, rows in found if id != whole.id][:OTHERS]
            for slot, found in self._others[side].items()
        }
        most = max(map(len, theirs.values()), default=0)
        # As many in every slot: in one that few accounts have, they stand in several times.
        return {
            slot: [rows[n % len(rows)] for n in range(most)] if rows else [] for slot, rows in theirs.items()
        }

    def _scores(self, variants: Variants, other: str, *, side: Side, m: int) -> np.ndarray:
        """(m, o) a column an account that stands in."""
        return scores(self.ranker, other, side=side, variants=variants).reshape(m, -1)

    def _score(self, whole: Subject, other: str, side: Side) -> float:
        return float(scores(self.ranker, other, side=side, variants=Variants(whole, {}))[0])


def _flat(changed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """(m, o, p, d) to (m o, p, d)."""
    return {slot: rows.reshape(-1, *rows.shape[2:]) for slot, rows in changed.items()}


def _in_parts(value: Value, n: int, at_once: int = 256) -> np.ndarray:
    """(n,) values with one thing missing each."""
    one = ~np.eye(n, dtype=bool)
    return (
        np.concatenate([mean(value, one[start : start + at_once]) for start in range(0, n, at_once)])
        if n
        else np.zeros(0)
    )


def without(text: str, words: set[str]) -> str:
    """A caption without these words.

    >>> without("New #bike day, new me", {"new", "#bike"})
    '  day,  me'
    """
    return WORD.sub(lambda found: "" if found[0].lower() in words else found[0], text) if words else text


def _read(encoder: Encoder, texts: Sequence[Sequence[str]], dim: int) -> np.ndarray:
    """(m, p, d) what the encoder makes of captions (m, p), each distinct one encoded once; NaN where one says
    nothing."""
    distinct = sorted({text for row in texts for text in row if text})
    posts = [
        Post(id=str(n), account="reader", caption=text, hashtags=hashtags(text))
        for n, text in enumerate(distinct)
    ]
    found = encoder.encode(Dataset.from_rows([Account(id="reader")], posts))
    rows, there = found.values_of(np.array([post.id for post in posts], dtype=object))
    table = np.full((len(distinct) + 1, dim), np.nan, np.float32)
    table[:-1][there] = rows[there]
    place = {text: n for n, text in enumerate(distinct)}
    return table[np.array([[place.get(text, -1) for text in row] for row in texts], np.int64)]


def _texts(dataset: Dataset, posts: np.ndarray) -> list[str]:
    """Captions, with the hashtags that a source states beside them."""
    told = zip(*(dataset.posts[c].to_pylist() for c in ("id", "caption", "hashtags")), strict=True)
    found = {id: (caption or "", tags or []) for id, caption, tags in told}
    return [
        " ".join([caption, *(f"#{tag}" for tag in tags if tag not in set(hashtags(caption)))])
        for caption, tags in (found[id] for id in posts.tolist())
    ]


def _captions(dataset: Dataset, posts: np.ndarray) -> list[str]:
    told = dict(zip(*(dataset.posts[c].to_pylist() for c in ("id", "caption")), strict=True))
    texts = (" ".join((told.get(id) or "").split()) for id in posts.tolist())
    return [text if len(text) <= LABEL else text[: LABEL - 1].rstrip() + "…" for text in texts]
