"""Sentences of an explanation, each supported by its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from brandfit.encoders.text._words import stop_words
from brandfit.explain.explanation import Attribution, Explanation, Weight

SURE = 2.0
"""Standard errors that a value must differ from 0 to be in a sentence."""
SHARE = 0.1
"""Share of the largest value of its kind that a value must have to be in a sentence."""
SLOT = {
    "text": "what both write",
    "picture": "what both show",
    "concept": "what both are about",
    "graph": "the company that their concepts keep",
    "profile": "what both say of themselves",
    "category": "the category",
    "audience": "the audiences",
    "audience_picture": "what both audiences show",
    "engagement": "engagement",
    "partners": "partners of similar brands",
    "match": "a learned similarity",
    "plain": "overall similarity",
    "agreement": "categories of both or of their partners",
    "history": "the brands that it has worked with",
    "content": "what both post",
    "feedback": "likes and “Not this”",
}


ALONE = {
    "text": "what it writes",
    "picture": "what it shows",
    "concept": "what it is about",
    "graph": "the company that its concepts keep",
    "profile": "what it says of itself",
    "category": "its category",
    "audience": "its audience",
    "audience_picture": "what its audience shows",
}
"""Words for a slot of the influencer alone, if the brand has nothing to compare with."""


SPEAKS_FOR = {
    "posts": "The posts that speak most for it",
    "columns": "What speaks for it in {slot}",
    "words": "The words that speak most for it",
    "phrases": "The phrases that speak most for it",
}
"""Beginnings of the sentences on attributions."""
BRAND_SPEAKS_FOR = {
    "partners": "The partners of the brand that speak most for it",
    "posts": "The posts on the brand's side that speak most for it",
}
"""The same for the side of the brand."""
MOST_ITEMS = 3
"""Items in a sentence on an attribution."""


def sentences(explanation: Explanation) -> tuple[str, ...]:
    """Sentences on the score compared with others, its parts, posts, columns and words, and similar brands.

    Words without a topic ("the") are left out: they add to the score, as the table shows, but give readers
    no reason.
    """
    # Empty sentences are removed at the end.
    result = [_score_sentence(explanation), _exclusion_sentence(explanation), _parts_sentence(explanation)]
    for kind in SPEAKS_FOR:
        attributions = explanation.attributions_of(kind, "influencer")
        result += [_attribution_sentence(explanation, attribution) for attribution in attributions]
    for kind in BRAND_SPEAKS_FOR:
        attributions = explanation.attributions_of(kind, "brand")
        result += [_attribution_sentence(explanation, attribution) for attribution in attributions]
    result += [*_factor_sentences(explanation), _similar_brands_sentence(explanation)]
    # The decision for both sides, if the caller wants it (C-18).
    both_sides = explanation.more.get("both_sides") or {}
    result += [both_sides.get(name, "") for name in ("sentence", "joint_sentence", "basis")]
    return tuple(filter(None, result))


FACTOR = {
    "content": "content of both",
    "effect": "effect of an endorsement",
    "influence": "influence",
}
"""Factors of a score that is a product, in words."""
MOST_CONCEPTS = 3


def _factor_sentences(explanation: Explanation) -> list[str]:
    """The score as a product of factors, and what each side expects of the other (CAMERA, C-11)."""
    result = []
    factors = explanation.more.get("factors") or {}
    if factors:
        product = " times ".join(f"{FACTOR.get(name, name)} {value:.2f}" for name, value in factors.items())
        result.append(f"The score is a product: {product}.")
    expectations = explanation.more.get("expectations") or {}
    for side, weights in expectations.items():
        account = explanation.brand if side == "brand" else explanation.influencer
        largest = [
            f"{concept} {_percent(weight)}" for concept, weight in list(weights.items())[:MOST_CONCEPTS]
        ]
        if largest:
            result.append(f"In this pair {account} is mainly about {_and(largest)}.")
    return result


def _attribution_sentence(explanation: Explanation, attribution: Attribution) -> str:
    """The items of an attribution that add most; "" if none adds enough."""
    kind = attribution.kind
    ignored = stop_words() if kind == "words" else ()
    names = []
    for item in significant_items(attribution):
        if item.value <= 0 or item.label.lower() in ignored:
            continue
        # Captions are quoted; columns and words are names.
        names.append(f"“{item.label}”" if kind == "posts" and item.label else item.label or item.id)
        if len(names) == MOST_ITEMS:
            break
    if not names:
        return ""
    beginnings: Mapping[str, str] = BRAND_SPEAKS_FOR if attribution.side == "brand" else SPEAKS_FOR
    start = beginnings[kind].format(slot=_slot_words(explanation, attribution.slot))
    return f"{start}: {', '.join(names)}."


def _slot_words(explanation: Explanation, slot: str) -> str:
    """Words for a slot. A slot that the brand lacks can still add to a score, because learned rankers compare
    the influencer with partners of other brands."""
    if slot in explanation.unknown:
        return f"{ALONE.get(slot, slot)}, through brands that were learned from"
    return SLOT.get(slot, slot)


def significant_items(attribution: Attribution) -> list[Weight]:
    """Items that are neither noise nor negligible."""
    least = SHARE * max((abs(item.value) for item in attribution.items), default=0.0)
    if least <= 0:
        return []
    # Large enough to matter, and larger than its error.
    return [i for i in attribution.items if abs(i.value) >= least and abs(i.value) > SURE * i.error]


def main_reason(parts: Mapping[str, float]) -> str:
    """The part of a score that adds most, in words, and the next one if it adds at least half as much; "" if
    no part adds anything, or if the score has a single part."""
    if len(parts) < 2:
        return ""
    # A close second part is named too: one reason alone would mislead.
    first, second = sorted(parts, key=lambda name: -parts[name])[:2]
    named = [name for name in (first, second) if parts[name] > 0 and parts[name] >= parts[first] / 2]
    return _and([SLOT.get(name, name) for name in named]) if named else ""


def _score_sentence(explanation: Explanation) -> str:
    """Rank, score, comparison with others, and probability."""
    more = explanation.more
    rank, n_candidates = more.get("rank"), more.get("candidates")
    position = f"is number {rank:,} of {n_candidates:,}, with" if rank and n_candidates else "has"
    text = f"{explanation.influencer} {position} a score of {explanation.score:.2f} for {explanation.brand}"
    posts = explanation.attributions_of("posts", "influencer")
    as_learned = more.get("score_as_learned")
    if as_learned is not None:
        # The base belongs to the learned score and cannot be compared with the adjusted one.
        text += f" ({as_learned:.2f} as learned, without weights and likes)"
    elif posts and posts[0].items:
        base = posts[0].base
        word = "more" if explanation.score > base else "less"
        text += f", {word} than the {base:.2f} that the posts of others get on average"
    if (probability := more.get("probability")) is not None:
        value, low, high = map(_percent, probability)
        text += f"; the chance that they work together is {value} ({low} to {high})"
    return text + "."


def _exclusion_sentence(explanation: Explanation) -> str:
    """Why the influencer is not in the list, and the place that it would have; "" if it is in the list."""
    left_out = explanation.more.get("left_out")
    if not left_out:
        return ""
    return (
        f"It is left out of the ranking: {left_out['text']}. Otherwise it would be number "
        f"{left_out['rank_otherwise']:,} of {left_out['candidates_otherwise']:,}."
    )


def _parts_sentence(explanation: Explanation) -> str:
    """The larger parts of the score, for and against; "" for a score with a single part."""
    parts = {name: value for name, value in explanation.parts.items() if value}
    if len(parts) < 2:
        return ""
    # Small parts would hide the large ones.
    least = SHARE * max(map(abs, parts.values()))
    raising, lowering = [], []
    for name in sorted(parts, key=lambda name: -abs(parts[name])):
        words = f"{SLOT.get(name, name)} ({parts[name]:+.2f})"
        if parts[name] >= least:
            raising.append(words)
        elif parts[name] <= -least:
            lowering.append(words)
    text = f"For it: {_and(raising)}." if raising else ""
    return f"{text} Against it: {_and(lowering)}.".strip() if lowering else text


def _similar_brands_sentence(explanation: Explanation) -> str:
    similar = explanation.more.get("like_brands") or []
    if not similar:
        return ""
    brands, working = [], []
    for row in similar:
        brands.append(row["brand"])
        if row["works_with_this_one"]:
            working.append(row["brand"])
    names = _and(brands)
    if not working:
        return (
            f"Brands most like {explanation.brand} are {names}; none of them is known to work with "
            f"{explanation.influencer}."
        )
    return (
        f"Of the {len(similar)} brands most like {explanation.brand} ({names}), {_and(working)} worked with "
        f"{explanation.influencer}."
    )


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"
