"""The built-in sample: planted data that look real and have a known right answer.

A brand has one of eight interests. An influencer writes and takes pictures mostly about its main interest,
sometimes about a second one, sometimes about none. Partners are drawn by ``fit``: the share of the brand's
interest in the posts of the influencer. So words and pictures are evidence of the fit, no ranker can be
perfect, and a ranking by ``fit`` is the best possible one. Each endorsement is stated by a post that names
the brand and is marked as an advertisement, and by nothing else.

The sample has the gaps of real data: posts without a picture or with two, without words, with hidden likes;
accounts that are too small, too large, or of unknown size; a brand that has only a brief, and one that has
only its partners. All names are invented.

The same seed gives the same rows and pictures on every machine, because tests and documents quote them: every
random draw below keeps its order.
"""

from __future__ import annotations

import math
from collections import defaultdict
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
HAS_SECOND_INTEREST = 0.7
"""Probability that an influencer has a second interest."""
UNRELATED_WEIGHT = 0.01
"""Added to every fit when partners are drawn: a brand sometimes works with an influencer of another
interest."""
PARTNERS = (6, 10)
"""Fewest and most partners of a brand."""
FOLLOWERS = {0: 2_900, 1: 240_000, 2: None}
"""Followers of the first influencers: too few, too many, unknown. All others are micro-influencers."""
ONLY_A_BRIEF, ONLY_PARTNERS = "loomandlark.wear", "stridemint.run"
"""The brand without posts that has a brief, and the brand without both."""
START, YEAR = 1_735_689_600, 365 * 86_400
"""Posts are from the year 2025, UTC."""
UNKNOWN_AUDIENCE = 15_000
"""Followers by which likes are drawn for an account of unknown size."""
PICTURES_OF_POST = ((0, 1, 2), (0.03, 0.91, 0.06))
"""Number of pictures of a post, and the probability of each number."""
COMMENTS_OF_POST = ((0, 1, 2, 3), (0.35, 0.3, 0.2, 0.15))
"""Number of comments of a post that are written out, and the probability of each number."""


@dataclass
class Sample:
    """Rows and pictures as an importer yields them, and the right answer.

    shares        account id to interest to its share in the posts of the account; for a brand, in the posts
                  that it looks for
    endorsements  (brand, influencer) pairs that work together: the pairs to be derived from the posts
    """

    accounts: list[Account] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    shares: dict[str, dict[str, float]] = field(default_factory=dict)
    endorsements: set[tuple[str, str]] = field(default_factory=set)

    def fit(self, brand: str, influencer: str) -> float:
        """The share of the brand's interest in the posts of the influencer, 0 ... 1."""
        return sum(self.shares[influencer].get(interest, 0.0) for interest in self.shares[brand])

    def records(self) -> Iterator[Record]:
        yield from self.accounts
        yield from self.posts
        yield from self.links
        yield from self.pictures

    def dataset(self) -> Dataset:
        """The sample as a Dataset in memory, as a workspace would hold it, before endorsements are
        derived."""
        # Pictures are decoded as an import does it.
        images, stored = [], {}
        for imported in map(pictures.imported, self.pictures):
            if isinstance(imported, tuple):
                image, data = imported
                images.append(image)
                stored[image.hash] = data
        return Dataset.from_rows(self.accounts, self.posts, images=images, links=self.links, pictures=stored)


@lru_cache(maxsize=4)
def sample(seed: int = 0, influencers: int = 160) -> Sample:
    """24 brands and this number of influencers; the same seed gives the same bytes. The result is cached: do
    not change it."""
    result = Sample()
    random = Random(seeds.derive(seed, "sample"))
    chosen = _influencers(influencers)
    for handle, interest in chosen:
        result.shares[handle] = _interest_shares(interest, random)

    # The first influencers are outside the follower bounds, so no endorsement could be derived for them.
    candidates = [handle for n, (handle, _) in enumerate(chosen) if n not in FOLLOWERS]
    brands = [(handle, name, interest) for interest in INTERESTS for handle, name in interest.brands]
    for brand, _, interest in brands:
        result.shares[brand] = {interest.name: 1.0}
        weights = [result.fit(brand, handle) + UNRELATED_WEIGHT for handle in candidates]
        partners = _weighted_sample(candidates, weights, k=random.randint(*PARTNERS), random=random)
        result.endorsements.update((brand, partner) for partner in partners)

    # Every account has a random stream of its own, so that one more post moves no other account.
    partners_by_brand: dict[str, list[str]] = defaultdict(list)
    sponsors_by_influencer: dict[str, dict[str, Interest]] = defaultdict(dict)
    interest_by_brand = {brand: interest for brand, _, interest in brands}
    for brand, influencer in sorted(result.endorsements):
        partners_by_brand[brand].append(influencer)
        sponsors_by_influencer[influencer][brand] = interest_by_brand[brand]
    for brand, name, interest in brands:
        author = _Author(result, brand, random=Random(seeds.derive(seed, "sample", brand)))
        author.brand(name, interest, partners=partners_by_brand[brand])
    for n, (handle, interest) in enumerate(chosen):
        author = _Author(result, handle, random=Random(seeds.derive(seed, "sample", handle)))
        author.influencer(n, interest, sponsors=sponsors_by_influencer[handle])
    return result


def _influencers(n: int) -> list[tuple[str, Interest]]:
    """Handle and main interest of n influencers. Neighbours have different interests and names."""
    people = []
    for interest in INTERESTS:
        for first_name in words.FIRST_NAMES:
            people += [(f"{first_name}.{topic}", interest) for topic in interest.handles]
    return [people[_spread(rank, len(people))] for rank in range(n)]


def _interest_shares(interest: Interest, random: Random) -> dict[str, float]:
    """Interest to its share in the posts of an influencer."""
    second = random.choice([other for other in INTERESTS if other is not interest])
    if random.random() < HAS_SECOND_INTEREST:
        return {interest.name: MAIN, second.name: SECOND}
    return {interest.name: MAIN + SECOND}


class _Author:
    """Writes one account with its posts, pictures and comments into a Sample."""

    def __init__(self, result: Sample, handle: str, *, random: Random) -> None:
        self.result, self.handle, self.random = result, handle, random
        self.n_posts = 0
        self.followers: int | None = None

    def brand(self, name: str, interest: Interest, *, partners: list[str]) -> None:
        """A brand with 8 to 12 posts, with a brief, or with neither."""
        random, pick = self.random, self.random.choice
        self.followers = round(math.exp(random.gauss(math.log(90_000), 0.8)))
        one, other = random.sample(interest.products, 2)
        biography = f"{name}: {one}, {other} and more. {pick(interest.bios)}."
        business = words.BUSINESS[interest.name]
        self._account("brand", name, biography=biography, category=interest.name, business=business)
        if self.handle == ONLY_A_BRIEF:
            product = pick(interest.products)
            tag, other = random.sample(interest.tags, 2)
            brief = words.BRIEF.format(name=name, wish=interest.wish, product=product, tag=tag, other=other)
            self._post(brief, interest, kind="brief")
        elif self.handle != ONLY_PARTNERS:
            for _ in range(random.randint(8, 12)):
                self._brand_post(interest, partners=partners)

    def _brand_post(self, interest: Interest, *, partners: list[str]) -> None:
        """A post about a product; some posts name a partner as the photographer."""
        random, pick = self.random, self.random.choice
        line = words.PICTURED if random.random() < 0.12 else pick(words.BRAND_LINES)
        product, partner = pick(interest.products), pick(partners)
        text = line.format(sentence=self._sentence(interest), product=product, partner=partner)
        self._post(self._with_hashtags(text, interest), interest)

    def influencer(self, number: int, interest: Interest, *, sponsors: dict[str, Interest]) -> None:
        """An influencer with 4 to 7 everyday posts and one advertisement for each sponsor.

        number    its place in the sample; the first ones have ``FOLLOWERS``
        sponsors  brand to its interest
        """
        random = self.random
        followers = round(min(max(math.exp(random.gauss(math.log(21_000), 0.65)), 5_100), 98_000))
        self.followers = FOLLOWERS.get(number, followers)
        emoji = interest.emoji.replace("\ufe0f", "")  # variation selectors are no emoji of their own
        biography = f"{random.choice(interest.bios)} {random.choice(emoji)}"
        name = f"{self.handle.partition('.')[0].title()} {random.choice(words.LAST_NAMES)}"
        business = words.BUSINESS[interest.name] if random.random() < 0.3 else words.ANY_BUSINESS
        biography = biography if random.random() > 0.04 else ""
        self._account("influencer", name, biography=biography, category=interest.name, business=business)

        # None is small talk: the share that no interest has.
        shares = self.result.shares[self.handle]
        topics, weights = [*shares, None], [*shares.values(), 1 - sum(shares.values())]
        interest_by_name = {interest.name: interest for interest in INTERESTS}
        for _ in range(random.randint(4, 7)):
            topic = random.choices(topics, weights)[0]
            self._everyday_post(interest_by_name[topic] if topic is not None else None)
        for brand, interest_of_brand in sponsors.items():
            self._advertisement(brand, interest_of_brand)

    def _everyday_post(self, interest: Interest | None) -> None:
        """A post about an interest or small talk; some posts name another influencer."""
        random = self.random
        text = self._sentence(interest) if interest else random.choice(words.SMALL_TALK)
        if random.random() < 0.08:
            # Shares of brands add up to 1, those of influencers to less.
            influencers = [id for id, shares in self.result.shares.items() if sum(shares.values()) < 1]
            friend = random.choice(influencers)
            text += " " + random.choice(words.FRIENDS).format(friend=friend)
        self._post(self._with_hashtags(text, interest) if random.random() > 0.02 else "", interest)

    def _advertisement(self, brand: str, interest: Interest) -> None:
        """A post that names the brand; half of them tag it too, a fifth names it as official sponsor."""
        random = self.random
        product = random.choice(interest.products)
        line = random.choice(words.ADS)
        text = line.format(sentence=self._sentence(interest), product=product, brand=brand)
        tags = [brand] if random.random() < 0.5 else []
        sponsors = [brand] if random.random() < 0.2 else []
        self._post(text, interest, tags=tags, sponsors=sponsors)

    def _account(
        self, role: Role, name: str, *, biography: str, category: str, business: tuple[str, ...]
    ) -> None:
        random = self.random
        has_business_category = role == "brand" or random.random() < 0.8
        self.result.accounts.append(
            Account(
                id=self.handle,
                role=role,
                name=name,
                biography=biography,
                category=category,
                business_category=random.choice(business) if has_business_category else None,
                followers=self.followers,
                followees=round(math.exp(random.gauss(math.log(600), 0.7))),
                posts=random.randint(80, 1_500),
                seen=START + YEAR,
            )
        )

    def _sentence(self, interest: Interest) -> str:
        """A caption of this interest with a thing and a place."""
        pick = self.random.choice
        caption = pick(interest.captions)
        text = caption.format(thing=pick(interest.things), place=pick(interest.places))
        return text[:1].upper() + text[1:]

    def _with_hashtags(self, text: str, interest: Interest | None) -> str:
        """The text with emoji and hashtags; small talk has none."""
        if interest is None:
            return text
        random = self.random
        emoji = "".join(random.choices(interest.emoji, k=random.randint(0, 2)))
        tags = random.sample(interest.tags, random.randint(1, 4))
        return f"{text} {emoji}".strip() + "\n" + " ".join(f"#{tag}" for tag in tags)

    def _post(
        self,
        caption: str,
        interest: Interest | None,
        *,
        kind: PostKind = "post",
        tags: Sequence[str] = (),
        sponsors: Sequence[str] = (),
    ) -> None:
        """A post with its comments and pictures. A brief has no time, likes or comments, and one picture."""
        random = self.random
        is_post = kind == "post"
        self.n_posts += 1
        id = f"{self.handle}-{self.n_posts:02d}"
        time = START + random.randrange(YEAR)
        n_comments = self._comments(id, interest, time=time) if is_post else 0
        # Interactions: log-normal around 3.5 % of the followers.
        followers = self.followers or UNKNOWN_AUDIENCE
        interactions = followers * math.exp(random.gauss(math.log(0.035), 0.5))
        has_likes = is_post and random.random() > 0.03
        hashtags = captions.hashtags(caption)
        self.result.posts.append(
            Post(
                id=id,
                account=self.handle,
                kind=kind,
                time=time if is_post else None,
                caption=caption,
                hashtags=hashtags,
                mentions=captions.mentions(caption),
                tags=list(tags),
                sponsors=list(sponsors),
                likes=round(interactions) if has_likes else None,
                comments=n_comments + round(interactions * 0.02) if is_post else None,
                disclosed=captions.disclosed(caption, hashtags, bool(sponsors)),
            )
        )
        numbers, weights = PICTURES_OF_POST
        n_pictures = random.choices(numbers, weights)[0] if is_post else 1
        for position in range(n_pictures):
            self._picture(id, interest, position=position)

    def _picture(self, post: str, interest: Interest | None, *, position: int) -> None:
        random = self.random
        data, description = picture(interest.name if interest else None, random)
        self.result.pictures.append(
            Picture(
                post=post,
                position=position,
                data=data,
                source=f"{post}_{position}.jpg",
                file="sample",
                line=len(self.result.pictures) + 1,
                alt_text=description if random.random() > 0.1 else None,
            )
        )

    def _comments(self, post: str, interest: Interest | None, *, time: int) -> int:
        """Write the comments of a post and return their number. Most commenters share the interest of the
        post."""
        random = self.random
        numbers, weights = COMMENTS_OF_POST
        n_comments = random.choices(numbers, weights)[0]
        for nth in range(n_comments):
            own_interest = interest if interest and random.random() < 0.8 else random.choice(INTERESTS)
            first_name = random.choice(words.FIRST_NAMES)
            commenter = f"{first_name}_{own_interest.name[:3]}{random.randint(1, 9)}"
            text = random.choice(own_interest.comments if own_interest is interest else words.CHEERS)
            self.result.links.append(
                Link(
                    id=link_id("comments", commenter, target=self.handle, post=post, text=text, nth=nth),
                    kind="comments",
                    source=commenter,
                    target=self.handle,
                    post=post,
                    time=time + random.randint(60, 86_400),
                    text=text,
                )
            )
        return n_comments


def _spread(rank: int, n_people: int) -> int:
    """The index of the influencer of this rank, such that interests alternate, and names within an
    interest."""
    n_each = n_people // len(INTERESTS)
    turn, interest = divmod(rank, len(INTERESTS))
    # 7 is coprime to the number of people of an interest, so that all of them have a turn.
    return interest * n_each + turn * 7 % n_each


def _weighted_sample(items: list[str], weights: list[float], *, k: int, random: Random) -> list[str]:
    """k different items, drawn one after another by weight (Efraimidis and Spirakis 2006)."""
    keys = {item: random.random() ** (1 / weight) for item, weight in zip(items, weights, strict=True)}
    return sorted(items, key=keys.__getitem__)[-k:]
