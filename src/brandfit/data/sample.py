"""The built-in sample: planted data that looks real, and whose right answer is known.

A brand has one interest out of eight. An influencer writes and takes pictures mostly about its main interest,
sometimes about a second one, sometimes about nothing. Who works with whom is drawn by ``fit``: the share of
the brand's interest in what the influencer posts. So words and pictures tell who fits, no ranker can be
perfect, and ranking by ``fit`` is the best that there is. Each endorsement shows in a post that names the
brand and is marked as an advertisement; nothing else states it.

It has the gaps of real data: posts without a picture or with two, without words, with hidden likes; accounts
that are too small, too large, or of unknown size; a brand that has only a brief, and one that has only its
partners. All names are invented.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random

from brandfit import seeds
from brandfit.data import _sample_words as words
from brandfit.data import captions, pictures
from brandfit.data._sample_pictures import picture
from brandfit.data._sample_words import INTERESTS, Interest
from brandfit.data.dataset import Dataset
from brandfit.data.schema import Account, Link, Picture, Post, PostKind, Record, Role, link_id

MAIN, SECOND = 0.65, 0.20
"""Shares of an influencer's posts about its main and its second interest; the rest is small talk."""
STRAYS = 0.01
"""Added to every fit when partners are drawn: a brand sometimes works with somebody that has nothing of its
interest."""
FOLLOWERS = {0: 2_900, 1: 240_000, 2: None}
"""Of the first influencers, that are too small, too large, or not known; all others are micro-influencers."""
ONLY_A_BRIEF, ONLY_PARTNERS = "loomandlark.wear", "stridemint.run"
START, YEAR = 1_735_689_600, 365 * 86_400
"""Posts are from the year 2025, UTC."""


@dataclass
class Sample:
    """Rows and pictures as an importer yields them, and the truth behind them."""

    accounts: list[Account] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    shares: dict[str, dict[str, float]] = field(default_factory=dict)
    """Account id to the share of each interest in what it posts; of a brand, in what it looks for."""
    endorsements: set[tuple[str, str]] = field(default_factory=set)
    """(brand, influencer) pairs that work together: what is to be derived from the posts."""

    def fit(self, brand: str, influencer: str) -> float:
        """The share of what the influencer posts that is of the brand's interest, 0 ... 1."""
        return sum(self.shares[influencer].get(interest, 0.0) for interest in self.shares[brand])

    def records(self) -> Iterator[Record]:
        yield from self.accounts
        yield from self.posts
        yield from self.links
        yield from self.pictures

    def dataset(self) -> Dataset:
        """All of it in memory, as a workspace would hold it: endorsements are still to be derived."""
        found = [copy for copy in map(pictures.imported, self.pictures) if isinstance(copy, tuple)]
        stored = {image.hash: data for image, data in found}
        return Dataset.from_rows(
            self.accounts, self.posts, images=[image for image, _ in found], links=self.links, pictures=stored
        )


@lru_cache(maxsize=4)
def sample(seed: int = 0, influencers: int = 160) -> Sample:
    """24 brands and that many influencers; the same seed gives the same bytes. Not to be changed: it is
    kept."""
    made = Sample()
    random = Random(seeds.derive(seed, "sample"))
    people = [
        (f"{who}.{what}", interest)
        for interest in INTERESTS
        for who in words.FIRST_NAMES
        for what in interest.handles
    ]
    chosen = [people[_spread(n, len(people))] for n in range(influencers)]
    for handle, interest in chosen:
        second = random.choice([other for other in INTERESTS if other is not interest])
        made.shares[handle] = (
            {interest.name: MAIN, second.name: SECOND}
            if random.random() < 0.7
            else {interest.name: MAIN + SECOND}
        )
    brands = [(handle, name, interest) for interest in INTERESTS for handle, name in interest.brands]
    able = [handle for n, (handle, _) in enumerate(chosen) if n not in FOLLOWERS]
    for brand, _, interest in brands:
        made.shares[brand] = {interest.name: 1.0}
        weights = [made.fit(brand, handle) + STRAYS for handle in able]
        made.endorsements |= {
            (brand, partner)
            for partner in _weighted_sample(able, weights, k=random.randint(6, 10), random=random)
        }
    for brand, name, interest in brands:
        partners = sorted(partner for other, partner in made.endorsements if other == brand)
        _Author(made, brand, Random(seeds.derive(seed, "sample", brand))).brand(name, interest, partners)
    sponsors = {brand: interest for brand, _, interest in brands}
    for n, (handle, interest) in enumerate(chosen):
        deals = sorted(brand for brand, partner in made.endorsements if partner == handle)
        author = _Author(made, handle, Random(seeds.derive(seed, "sample", handle)))
        author.influencer(n, interest, {brand: sponsors[brand] for brand in deals})
    return made


class _Author:
    """Writes one account and its posts."""

    def __init__(self, made: Sample, handle: str, random: Random) -> None:
        self.made, self.handle, self.random = made, handle, random
        self.written = 0
        self.followers: int | None = None

    def brand(self, name: str, interest: Interest, partners: list[str]) -> None:
        random, pick = self.random, self.random.choice
        self.followers = round(math.exp(random.gauss(math.log(90_000), 0.8)))
        one, other = random.sample(interest.products, 2)
        biography = f"{name}: {one}, {other} and more. {pick(interest.bios)}."
        self._account(
            "brand", name, biography=biography, category=interest.name, business=words.BUSINESS[interest.name]
        )
        if self.handle == ONLY_A_BRIEF:
            told = {"name": name, "wish": interest.wish, "product": pick(interest.products)}
            tag, other = random.sample(interest.tags, 2)
            self._post(words.BRIEF.format(**told, tag=tag, other=other), interest, kind="brief")
        elif self.handle != ONLY_PARTNERS:
            for _ in range(random.randint(8, 12)):
                line = words.PICTURED if random.random() < 0.12 else pick(words.BRAND_LINES)
                told = {"product": pick(interest.products), "partner": pick(partners)}
                self._post(
                    self._dressed(line.format(sentence=self._sentence(interest), **told), interest), interest
                )

    def influencer(self, number: int, interest: Interest, deals: dict[str, Interest]) -> None:
        random = self.random
        drawn = round(min(max(math.exp(random.gauss(math.log(21_000), 0.65)), 5_100), 98_000))
        self.followers = FOLLOWERS.get(number, drawn)
        biography = f"{random.choice(interest.bios)} {random.choice(interest.emoji.replace(chr(0xFE0F), ''))}"
        name = f"{self.handle.partition('.')[0].title()} {random.choice(words.LAST_NAMES)}"
        business = words.BUSINESS[interest.name] if random.random() < 0.3 else words.ANY_BUSINESS
        self._account(
            "influencer",
            name,
            biography=biography if random.random() > 0.04 else "",
            category=interest.name,
            business=business,
        )
        shares = self.made.shares[self.handle]
        names = [*shares, None]
        for _ in range(random.randint(4, 7)):
            about = random.choices(names, [*shares.values(), 1 - sum(shares.values())])[0]
            self._everyday(next((i for i in INTERESTS if i.name == about), None))
        for brand, theirs in deals.items():
            told = {"product": random.choice(theirs.products), "brand": brand}
            text = random.choice(words.ADS).format(sentence=self._sentence(theirs), **told)
            self._post(
                text,
                theirs,
                tags=[brand] * (random.random() < 0.5),
                sponsors=[brand] * (random.random() < 0.2),
            )

    def _everyday(self, interest: Interest | None) -> None:
        random = self.random
        text = self._sentence(interest) if interest else random.choice(words.SMALL_TALK)
        if random.random() < 0.08:
            friend = random.choice(
                [id for id, shares in self.made.shares.items() if sum(shares.values()) < 1]
            )
            text += " " + random.choice(words.FRIENDS).format(friend=friend)
        self._post(self._dressed(text, interest) if random.random() > 0.02 else "", interest)

    def _account(
        self, role: Role, name: str, *, biography: str, category: str, business: tuple[str, ...]
    ) -> None:
        random = self.random
        self.made.accounts.append(
            Account(
                id=self.handle,
                role=role,
                name=name,
                biography=biography,
                category=category,
                business_category=random.choice(business)
                if role == "brand" or random.random() < 0.8
                else None,
                followers=self.followers,
                followees=round(math.exp(random.gauss(math.log(600), 0.7))),
                posts=random.randint(80, 1_500),
                seen=START + YEAR,
            )
        )

    def _sentence(self, interest: Interest) -> str:
        pick = self.random.choice
        return _capital(
            pick(interest.captions).format(thing=pick(interest.things), place=pick(interest.places))
        )

    def _dressed(self, text: str, interest: Interest | None) -> str:
        """With emoji and hashtags."""
        if interest is None:
            return text
        random = self.random
        emoji = "".join(random.choices(interest.emoji, k=random.randint(0, 2)))
        tags = " ".join(f"#{tag}" for tag in random.sample(interest.tags, random.randint(1, 4)))
        return f"{text} {emoji}".strip() + "\n" + tags

    def _post(
        self,
        caption: str,
        interest: Interest | None,
        *,
        kind: PostKind = "post",
        tags: Sequence[str] = (),
        sponsors: Sequence[str] = (),
    ) -> None:
        random = self.random
        self.written += 1
        id = f"{self.handle}-{self.written:02d}"
        when = START + random.randrange(YEAR)
        answers = self._comments(id, when, interest) if kind == "post" else 0
        crowd = (self.followers or 15_000) * math.exp(random.gauss(math.log(0.035), 0.5))
        found = captions.hashtags(caption)
        self.made.posts.append(
            Post(
                id=id,
                account=self.handle,
                kind=kind,
                time=when if kind == "post" else None,
                caption=caption,
                hashtags=found,
                mentions=captions.mentions(caption),
                tags=list(tags),
                sponsors=list(sponsors),
                likes=round(crowd) if kind == "post" and random.random() > 0.03 else None,
                comments=answers + round(crowd * 0.02) if kind == "post" else None,
                disclosed=captions.disclosed(caption, found, bool(sponsors)),
            )
        )
        for position in range(random.choices((0, 1, 2), (0.03, 0.91, 0.06))[0] if kind == "post" else 1):
            data, what = picture(interest.name if interest else None, random)
            where = f"{id}_{position}.jpg"
            alt_text = what if random.random() > 0.1 else None
            self.made.pictures.append(
                Picture(
                    post=id,
                    position=position,
                    data=data,
                    source=where,
                    file="sample",
                    line=len(self.made.pictures) + 1,
                    alt_text=alt_text,
                )
            )

    def _comments(self, post: str, when: int, interest: Interest | None) -> int:
        """Write what some of the audience says; people comment mostly on what they care for."""
        random = self.random
        n = random.choices((0, 1, 2, 3), (0.35, 0.3, 0.2, 0.15))[0]
        for nth in range(n):
            cares = interest if interest and random.random() < 0.8 else random.choice(INTERESTS)
            reader = f"{random.choice(words.FIRST_NAMES)}_{cares.name[:3]}{random.randint(1, 9)}"
            text = random.choice(cares.comments) if cares is interest else random.choice(words.CHEERS)
            later = when + random.randint(60, 86_400)
            id = link_id("comments", reader, target=self.handle, post=post, text=text, nth=nth)
            self.made.links.append(
                Link(
                    id=id,
                    kind="comments",
                    source=reader,
                    target=self.handle,
                    post=post,
                    time=later,
                    text=text,
                )
            )
        return n


def _spread(n: int, people: int) -> int:
    """The n-th person such that interests take turns, and within one the names."""
    each = people // len(INTERESTS)
    turn, interest = divmod(n, len(INTERESTS))
    return interest * each + turn * 7 % each


def _weighted_sample(items: list[str], weights: list[float], *, k: int, random: Random) -> list[str]:
    """k different items, one after the other by weight (Efraimidis and Spirakis 2006)."""
    keys = {item: random.random() ** (1 / weight) for item, weight in zip(items, weights, strict=True)}
    return sorted(items, key=keys.__getitem__)[-k:]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
