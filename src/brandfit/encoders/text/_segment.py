"""Hashtags as words: cut at capitals and _, and between the words that are written in one."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symspellpy import SymSpell

HUMP = re.compile(r"(?<=[a-zà-öø-ÿ0-9])(?=[A-ZÀ-ÖØ-Þ])|(?<=[A-ZÀ-ÖØ-Þ])(?=[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ])|_+")
LETTERS = re.compile(r"[a-z]+|[^a-z]+", re.IGNORECASE)
SHORTEST = 4
"""Letters of a part that is worth cutting."""
LIKELY = -1.5
"""Logarithm (base 10) of the probability of words, by letter, from which on they are believed. Of names, and
of hashtags in other languages, only pieces are words (*buonnatale*, bu on nat ale: -2.6); they stay whole."""
OFTEN = 10_000_000
"""How often, in the 10^12 words that the dictionary was counted in, a word of hashtags alone is taken to
occur."""
OWN = """
    activewear adventures airplane artsy athleisure audiobook avocado babe babes balayage bbq beauties bestie
    besties bff bikini blog blogger bloggerlife bloggers bloglovin blogs bohemian boho bokeh bookstagram brows
    campervan cannabis coachella coffeeholic collab color colorful colors colour coworking cozy creators
    crossfit crypto declutter decor delish diy doggo donut donuts doula downtown dslr eyeshadow eyewear fandom
    fashionista fave favorite feminism fitfam fitspiration fitspo flatlay foodgasm foodie foodies freelancer
    frenchie friyay gaming gelato giveaway giveaways glam glamping gluten glutes gopro graffiti gram gray haul
    headshot hiit homeschool houseplant houseplants humor hustle hygge hypebeast influencer influencers inspo
    insta instadaily instagood instagram instagrammer instagrammers instamood jewelry kawaii keto kettlebell
    kiddo kiddos lashes latte leggings lgbt lgbtq lifestyle liketkit lotd lover lovers ltk makeup mama mamas
    matcha meme memes mens menswear microinfluencer millennial minimalism minimalist mixologist mocktail
    modeling mojito mom momma mommies mommy mompreneur moms monstera motherhood motivation mua mumpreneur
    mustache nails namaste netflix nyc nyfw ootd ootn organize outfits pajamas paleo pancake pancakes
    paparazzi parenting photographer photographers photoshoot pilates pinterest pixar podcast podcasts
    prosecco puppies rainforest ramen regram repost roadtrip sashimi scandi selfie selfies shelfie skincare
    smoothie smoothies sneakerhead snorkeling spotify stagram staycation streetwear sushi tattoos theater
    tiktok traveler travelers traveling travelogue tshirt tutorial unboxing upcycling usa vacay vegan vegans
    veggies videographer vlog vlogger vloggers vlogs vsco wanderer wanderlust watercolor wellbeing wellness
    whiskey wishlist womens womenswear workout workouts yoga yogi yogis youtube youtuber
"""
"""Words of hashtags that the dictionary lacks, or has as rare: it is British, and older than they are."""


def segment(tag: str) -> str:
    """The words of a hashtag without #, with blanks between; what cannot be told for words in English stays
    whole.

    The most probable sequence of words by their frequency in English, and the words of concepts (symspellpy,
    MIT).

    >>> tags = ("SlowTravel", "ilovemydog", "Fashionblogger", "christmas2018", "buonnatale", "heart")
    >>> [segment(tag) for tag in tags]
    ['Slow Travel', 'i love my dog', 'fashion blogger', 'christmas 2018', 'buonnatale', 'heart']
    """
    return " ".join(
        [
            part
            for hump in HUMP.split(tag)
            if hump
            for part in (_segments(hump) if len(hump) >= SHORTEST else (hump,))
        ]
    )


@lru_cache(1 << 17)
def _segments(hump: str) -> tuple[str, ...]:
    speller = _speller()
    if hump.lower() in speller.words or not hump.isascii():
        return (hump,)
    result: list[str] = []
    for run in LETTERS.findall(hump):
        found = (
            speller.word_segmentation(run.lower(), max_edit_distance=0)
            if run.isalpha() and len(run) >= SHORTEST
            else None
        )
        if found and found.log_prob_sum / len(run) >= LIKELY:
            result += found.segmented_string.split()
        elif found:
            return (hump,)
        else:
            result.append(run)
    return tuple(result) if any(len(part) >= SHORTEST for part in result) else (hump,)


@cache
def _speller() -> SymSpell:
    from symspellpy import SymSpell

    speller = SymSpell(max_dictionary_edit_distance=0)
    speller.load_dictionary(
        files("symspellpy") / "frequency_dictionary_en_82_765.txt", term_index=0, count_index=1
    )
    for word in OWN.split():
        speller.create_dictionary_entry(word, OFTEN)
    return speller
