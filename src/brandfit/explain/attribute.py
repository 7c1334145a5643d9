"""Attributions of a score to posts, named columns and words: Shapley values over variants of one account.

A missing thing is replaced by the content of other accounts, sampled at random, and the score is the mean
over these replacements. So the base of an attribution is the score of others, and each item says how it
changes that score (interventional values, Lundberg and Lee, NeurIPS 2017; Janzing et al., AISTATS 2020). A
missing word is not replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from brandfit.data.arrow import column_lists
from brandfit.data.captions import hashtags
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Post
from brandfit.encoders.base import Encoder
from brandfit.encoders.text._stop_words import without_stop_words
from brandfit.encoders.text._words import stop_words
from brandfit.explain.explanation import Attribution, Side, heaviest
from brandfit.explain.perturbations import Subject, Variants, others, pair, scores, subject
from brandfit.explain.shapley import Value, mean, shapley
from brandfit.mappings import position_by_item
from brandfit.rankers.base import Ranker

MOST = 12
"""Columns or words that are separate things; the others are one thing together."""
WORD = re.compile(r"[#@]?\w(?:[\w'’]|\.(?=\w))*", re.UNICODE)
PHRASE = 4
"""Words of a phrase at most."""
WORD_ORDERS = 8
"""Orders of words at most: captions must be encoded for each one."""
LABEL = 80
"""Characters of a caption in the label of its post."""
OTHERS = 16
"""Accounts whose content replaces missing things."""
BATCH = 256
"""Subsets whose values are computed at once."""


class Game(NamedTuple):
    """Things of one kind, and the score of the pair for every subset of them.

    value  (m, n) bool, the things that are present, to (m, o) scores, a column for each replacing account; or
           (m,) without replacements
    last   whether the last thing is all those together that are not separate
    """

    kind: str
    side: Side
    slot: str
    ids: list[str]
    labels: list[str]
    value: Value
    last: bool = False


class PairSide(NamedTuple):
    """The account of one side of a pair, and the id of the other account."""

    subject: Subject
    other: str
    side: Side


class Attributor:
    """Makes attributions of the scores of one ranker, pair by pair.

    orders  number of sampled orders if there are too many things for all subsets
    """

    def __init__(self, ranker: Ranker, dataset: Dataset, *, orders: int = 16, seed: int = 0) -> None:
        self.ranker, self.dataset, self.orders, self.seed = ranker, dataset, orders, seed
        self.slots = [slot for slot in ranker.used_slots(dataset) if slot in dataset.slots]
        self._others_by_side: dict[Side, dict[str, list[tuple[str, np.ndarray]]]] = {}

    def attribution(self, game: Game, most: int = 50) -> Attribution:
        """The ``most`` heaviest things of a game, and what the others add together."""
        is_written = game.kind in ("words", "phrases")
        orders = min(self.orders, WORD_ORDERS) if is_written else self.orders
        # The things that are not separate have one share together, which counts as rest.
        shares = shapley(game.value, len(game.ids), orders=orders, seed=self.seed)
        n_separate = len(game.ids) - game.last
        items, rest = heaviest(
            game.ids[:n_separate],
            game.labels[:n_separate],
            values=shares.values[:n_separate],
            errors=shares.errors[:n_separate],
            most=most,
        )
        return Attribution(
            kind=game.kind,
            side=game.side,
            slot=game.slot,
            base=shares.base,
            items=items,
            rest=rest + float(shares.values[n_separate:].sum()),
            base_error=shares.base_error,
        )

    def posts(self, brand: str, influencer: str, *, side: Side = "influencer") -> Game:
        """The posts of one side. A missing post is replaced by a post of another account."""
        pair_side = self._pair_side(brand, influencer, side)
        account = pair_side.subject
        rows_by_slot = self._replacement_rows(pair_side)
        of_posts = [slot for slot in account.rows if self.dataset.slots[slot].level == "post"]
        slots = [slot for slot in of_posts if rows_by_slot[slot]]
        replacements = {slot: self._replacements(pair_side, slot) for slot in slots}
        ids = account.posts.tolist() if slots else []

        def value(present: np.ndarray) -> np.ndarray:
            changed = {}
            for slot in slots if ids else ():
                # (m, o, p, d): the own row of each present post, else that of the replacement
                is_present = present[:, None, :, None]
                changed[slot] = np.where(is_present, account.rows[slot], replacements[slot])
            return self._scores(pair_side, changed, m=len(present))

        return Game(
            kind="posts",
            side=side,
            slot="",
            ids=ids,
            labels=post_labels(self.dataset, account.posts) if ids else [],
            value=value,
        )

    def columns(
        self, brand: str, influencer: str, *, slot: str, side: Side = "influencer", most: int = MOST
    ) -> Game:
        """The named columns of one slot. A missing column has the values of another account. The ``most``
        columns with the largest effect alone are separate things; the others are one thing together.
        """
        features = self.dataset.slots[slot]
        pair_side = self._pair_side(brand, influencer, side)
        account = pair_side.subject
        has_rows = account.has.get(slot, np.zeros(0, bool)).any()
        if not (has_rows and self._replacement_rows(pair_side)[slot]):
            return Game(
                kind="columns",
                side=side,
                slot=slot,
                ids=[],
                labels=[],
                value=lambda present: self._scores(pair_side, {}, m=1),
            )
        rows, replacements = account.rows[slot], self._replacements(pair_side, slot)  # (p, d), (o, p, d)
        names = features.columns or tuple(map(str, range(features.dim)))

        def value_of(groups: Sequence[np.ndarray], replacements: np.ndarray) -> Value:
            """Scores with groups of columns as things."""

            def value(present: np.ndarray) -> np.ndarray:
                is_missing = np.zeros((len(present), features.dim), bool)
                for n, columns in enumerate(groups):
                    is_missing[:, columns] |= ~present[:, [n]]
                changed = np.where(is_missing[:, None, None, :], replacements, rows)  # (m, o, p, d)
                return self._scores(pair_side, {slot: changed}, m=len(present))

            return value

        # The effect of each column alone selects the separate ones: most of thousands have none. Here the
        # mean of the other accounts is the only replacement.
        average = replacements.mean(axis=0, keepdims=True)
        own = rows[account.has[slot]]
        differs = (own != average[0, account.has[slot]]).any(axis=0) & (own != 0).any(axis=0)
        candidates = np.flatnonzero(differs)
        single = value_of([np.array([column]) for column in candidates], average)
        effect = self._score(pair_side) - each_missing(single, len(candidates))
        separate = candidates[np.lexsort((candidates, -np.abs(effect)))[:most]]
        groups = [*separate[:, None], np.setdiff1d(np.arange(features.dim), separate)]
        labels = [*(names[column] for column in separate), "all others"]
        return Game(
            kind="columns",
            side=side,
            slot=slot,
            ids=labels,
            labels=labels,
            value=value_of(groups, replacements),
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
        """The words of the captions of one side. A missing word is removed, and the encoder that filled the
        slot encodes the caption again; captions that it did not read are left out. The ``most`` words with
        the largest effect alone are things; the others stay, as part of the base. So do stop words, which
        give readers no reason.
        """
        return self._written(
            "words",
            self._pair_side(brand, influencer, side),
            encoder=encoder,
            slot=slot,
            most=most,
            split=lambda text: map(str.lower, WORD.findall(text)),
            without=without,
        )

    def phrases(
        self,
        brand: str,
        influencer: str,
        *,
        encoder: Encoder,
        slot: str,
        side: Side = "influencer",
        most: int = MOST,
    ) -> Game:
        """The phrases (``phrases``) of the captions of one side, as ``words`` (W-19).

        A missing phrase is removed where it is a phrase, and the caption is encoded again.
        """
        return self._written(
            "phrases",
            self._pair_side(brand, influencer, side),
            encoder=encoder,
            slot=slot,
            most=most,
            split=lambda text: [phrase.key for phrase in phrases(text)],
            without=without_phrases,
        )

    def _written(
        self,
        kind: str,
        pair_side: PairSide,
        *,
        encoder: Encoder,
        slot: str,
        most: int,
        split: Callable[[str], Iterable[str]],
        without: Callable[[str, set[str]], str],
    ) -> Game:
        """The game of words or phrases.

        split    the things of a caption, lower case
        without  a caption without some of them
        """
        account, side = pair_side.subject, pair_side.side
        # Posts without a row, which the encoder did not read, are no part of the score.
        is_read = account.has[slot]  # (p,)
        texts = _texts(self.dataset, account.posts[is_read])
        words = list(dict.fromkeys(chain.from_iterable(map(split, texts))))
        if kind == "words":
            # Phrases neither begin nor end with a stop word.
            words = without_stop_words(words, texts)

        def value_of(things: Sequence[str]) -> Value:
            def value(present: np.ndarray) -> np.ndarray:
                if not len(texts):
                    return np.full(len(present), self._score(pair_side))
                variants = []
                for row in present:
                    missing = {things[n] for n in np.flatnonzero(~row).tolist()}
                    variants.append([without(text, missing) for text in texts])
                encoded = _encoded(encoder, variants, dim=account.rows[slot].shape[1])
                rows = np.zeros((len(present), *account.rows[slot].shape), np.float32)  # (m, p, d)
                rows[:, is_read] = np.nan_to_num(encoded)
                changed = {slot: rows}
                return scores(self.ranker, pair_side.other, side=side, variants=Variants(account, changed))

            return value

        effect = self._score(pair_side) - each_missing(value_of(words), len(words))
        order = sorted(range(len(words)), key=lambda n: (-abs(effect[n]), words[n]))
        # Encoding is slow, so only the words with the largest effect are things.
        things = [words[n] for n in order[:most]]
        return Game(kind=kind, side=side, slot=slot, ids=things, labels=things, value=value_of(things))

    def _pair_side(self, brand: str, influencer: str, side: Side) -> PairSide:
        account, other = (influencer, brand) if side == "influencer" else (brand, influencer)
        return PairSide(subject(pair(self.dataset, brand, influencer), account, self.slots), other, side)

    def _replacements(self, pair_side: PairSide, slot: str) -> np.ndarray:
        """(o, p, d) rows of other accounts in place of the subject's. A post without a row has none here."""
        account = pair_side.subject
        p = len(account.rows[slot])
        # An account with fewer posts than the subject repeats them.
        rows = [own[np.arange(p) % len(own)] for own in self._replacement_rows(pair_side)[slot]]
        return np.where(account.has[slot][:, None], np.array(rows), 0)

    def _replacement_rows(self, pair_side: PairSide) -> dict[str, list[np.ndarray]]:
        """Slot to the rows (q, d) of each replacing account; empty for a slot that no other account has."""
        side = pair_side.side
        if side not in self._others_by_side:
            ids = self.dataset.influencers if side == "influencer" else self.dataset.brands
            self._others_by_side[side] = others(
                self.dataset, self.slots, ids=ids, count=OTHERS + 1, seed=self.seed
            )
        rows_by_slot = {}
        for slot, accounts in self._others_by_side[side].items():
            rows_by_slot[slot] = [rows for id, rows in accounts if id != pair_side.subject.id][:OTHERS]
        # All slots have the same number: a slot that few accounts have repeats them.
        count = max(map(len, rows_by_slot.values()), default=0)
        for slot, rows in rows_by_slot.items():
            rows_by_slot[slot] = [rows[n % len(rows)] for n in range(count)] if rows else []
        return rows_by_slot

    def _scores(self, pair_side: PairSide, changed: Mapping[str, np.ndarray], *, m: int) -> np.ndarray:
        """(m, o) scores of variants with rows (m, o, p, d)."""
        flat = {slot: rows.reshape(-1, *rows.shape[2:]) for slot, rows in changed.items()}
        variants = Variants(pair_side.subject, flat)
        return scores(self.ranker, pair_side.other, side=pair_side.side, variants=variants).reshape(m, -1)

    def _score(self, pair_side: PairSide) -> float:
        """The score of the pair itself."""
        return float(self._scores(pair_side, {}, m=1)[0, 0])


def each_missing(value: Value, n: int) -> np.ndarray:
    """(n,) values with one thing missing each."""
    subsets = ~np.eye(n, dtype=bool)
    parts = [mean(value, subsets[start : start + BATCH]) for start in range(0, n, BATCH)]
    return np.concatenate(parts) if parts else np.zeros(0)


def without(text: str, words: set[str]) -> str:
    """A caption without these words.

    >>> without("New #bike day, new me", {"new", "#bike"})
    '  day,  me'
    """
    return WORD.sub(lambda match: "" if match[0].lower() in words else match[0], text) if words else text


class Phrase(NamedTuple):
    """A phrase of a caption: ``text[start:end]``; ``key`` has its words in lower case."""

    key: str
    start: int
    end: int


def phrases(text: str) -> list[Phrase]:
    """The phrases of a caption: sequences of words between punctuation and words without a topic (candidate
    keywords of RAKE, Rose et al. 2010, Text Mining: Applications and Theory, chapter 1).

    A hashtag or mention is a phrase alone. Phrases have at most ``PHRASE`` words, so that a caption in a
    language without known stop words is not one phrase.

    >>> [phrase.key for phrase in phrases("Warm winter boots for the Snow! #snow day")]
    ['warm winter boots', 'snow', '#snow', 'day']
    """
    ignored = stop_words()
    result: list[Phrase] = []
    n_words = 0
    for match in WORD.finditer(text):
        word = match[0].lower()
        if word.replace("’", "'") in ignored:
            n_words = 0
            continue
        is_tag = word[0] in "#@"
        # Only blanks between two words of a phrase.
        if (
            n_words
            and not is_tag
            and n_words < PHRASE
            and not text[result[-1].end : match.start()].strip(" ")
        ):
            last = result.pop()
            result.append(Phrase(f"{last.key} {word}", last.start, match.end()))
            n_words += 1
        else:
            result.append(Phrase(word, match.start(), match.end()))
            n_words = 0 if is_tag else 1
    return result


def without_phrases(text: str, keys: set[str]) -> str:
    """A caption without these phrases.

    >>> without_phrases("Winter boots, red winter boots", {"winter boots"})
    ', red winter boots'
    """
    # From the end, so that positions stay right.
    for phrase in reversed(phrases(text)):
        if phrase.key in keys:
            text = text[: phrase.start] + text[phrase.end :]
    return text


def _encoded(encoder: Encoder, texts: Sequence[Sequence[str]], *, dim: int) -> np.ndarray:
    """(m, p, d) encoded captions (m, p), with each distinct one encoded once; NaN for a caption without a
    row."""
    distinct: set[str] = set()
    for captions in texts:
        distinct.update(filter(None, captions))
    ordered = sorted(distinct)
    posts = [
        Post(id=str(n), account="reader", caption=text, hashtags=hashtags(text))
        for n, text in enumerate(ordered)
    ]
    features = encoder.encode_contents(Dataset.from_rows([Account(id="reader")], posts))
    rows, is_encoded = features.values_of(np.array([post.id for post in posts], dtype=object))
    # The last row is for empty captions.
    table = np.full((len(ordered) + 1, dim), np.nan, np.float32)
    table[:-1][is_encoded] = rows[is_encoded]
    row_by_text = position_by_item(ordered)
    flat = [row_by_text.get(text, -1) for text in chain.from_iterable(texts)]
    return table[np.array(flat, np.int64).reshape(len(texts), -1)]


def _texts(dataset: Dataset, posts: np.ndarray) -> list[str]:
    """Captions, with the hashtags that the source states separately."""
    ids, captions, tags = column_lists(dataset.posts, ("id", "caption", "hashtags"))
    row_by_post = position_by_item(ids)
    result = []
    for post in posts.tolist():
        row = row_by_post[post]
        caption = captions[row] or ""
        written = set(hashtags(caption))
        result.append(" ".join([caption, *(f"#{tag}" for tag in tags[row] or [] if tag not in written)]))
    return result


def post_labels(dataset: Dataset, posts: np.ndarray) -> list[str]:
    """The beginnings of captions."""
    ids, captions = column_lists(dataset.posts, ("id", "caption"))
    caption_by_post = dict(zip(ids, captions, strict=True))
    labels = []
    for post in posts.tolist():
        text = " ".join((caption_by_post.get(post) or "").split())
        labels.append(text if len(text) <= LABEL else text[: LABEL - 1].rstrip() + "…")
    return labels
