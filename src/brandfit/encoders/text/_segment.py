"""Hashtags as words: split at capitals and _, and between words that are written without blanks."""

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
"""Letters that a part must have to be split."""
LIKELY = -1.5
"""Minimum log10 probability of a segmentation, per letter. Names and hashtags in other languages have lower
values, because only pieces of them are English words (*buonnatale*, bu on nat ale: -2.6); they stay whole."""
OFTEN = 10_000_000
"""Frequency that is assumed for words of ``OWN``, in the 10^12 words that the dictionary was counted in."""
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
"""Words of hashtags that are missing or rare in the dictionary, which is British and older than they are."""


def segment(tag: str) -> str:
    """The words of a hashtag without #, with blanks between; a part that is not English words stays whole.

    The split is the most probable sequence of words by their frequency in English (symspellpy, MIT).

    >>> tags = ("SlowTravel", "ilovemydog", "Fashionblogger", "christmas2018", "buonnatale", "heart")
    >>> [segment(tag) for tag in tags]
    ['Slow Travel', 'i love my dog', 'fashion blogger', 'christmas 2018', 'buonnatale', 'heart']
    """
    parts: list[str] = []
    for hump in filter(None, HUMP.split(tag)):
        parts += _segments(hump) if len(hump) >= SHORTEST else (hump,)
    return " ".join(parts)


@lru_cache(1 << 17)
def _segments(hump: str) -> tuple[str, ...]:
    speller = _speller()
    if hump.lower() in speller.words or not hump.isascii():
        return (hump,)
    result: list[str] = []
    for run in LETTERS.findall(hump):
        if not run.isalpha() or len(run) < SHORTEST:
            result.append(run)
            continue
        segmentation = speller.word_segmentation(run.lower(), max_edit_distance=0)
        # One improbable run makes the whole part improbable.
        if segmentation.log_prob_sum / len(run) < LIKELY:
            return (hump,)
        result += segmentation.segmented_string.split()
    return tuple(result) if any(len(part) >= SHORTEST for part in result) else (hump,)


@cache
def _speller() -> SymSpell:
    from symspellpy import SymSpell

    speller = SymSpell(max_dictionary_edit_distance=0)
    dictionary = files("symspellpy") / "frequency_dictionary_en_82_765.txt"
    speller.load_dictionary(dictionary, term_index=0, count_index=1)
    for word in OWN.split():
        speller.create_dictionary_entry(word, OFTEN)
    return speller
