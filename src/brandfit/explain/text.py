"""An explanation in plain words, from its numbers and never more than they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from brandfit.encoders.text._words import stop_words
from brandfit.explain.explanation import Attribution, Explanation, Weight

SURE = 2.0
"""Standard errors that a value must be away from nothing to be told."""
SHARE = 0.1
"""Of the largest value of its kind that a value must have to be told."""
SLOT = {
    "text": "what both write",
    "picture": "what both show",
    "concept": "what both are about",
    "graph": "the company that their concepts keep",
    "profile": "what both say of themselves",
    "category": "the category",
    "audience": "the audiences",
    "engagement": "engagement",
    "partners": "whom brands like this one work with",
    "match": "a learned likeness",
    "plain": "how alike both are on the whole",
    "agreement": "agreement of categories",
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
}
"""Words for a slot of the influencer alone, where nothing of the brand is there to compare with."""


def sentences(explanation: Explanation) -> tuple[str, ...]:
    """The score against that of others, its parts, posts, columns and words, and brands that are alike.

    Of words those without a topic of their own ("the") are passed over: they add to the score, as the table
    shows, and tell nobody why.
    """
    found = [_score(explanation), _exclusion_sentence(explanation), _parts(explanation)]
    for kind, says in (
        ("posts", "The posts that speak most for it"),
        ("columns", "What speaks for it in {slot}"),
        ("words", "The words that speak most for it"),
    ):
        for attribution in explanation.attributions_of(kind, "influencer"):
            passed = stop_words() if kind == "words" else ()
            told = [
                item
                for item in significant_items(attribution)
                if item.value > 0 and item.label.lower() not in passed
            ][:3]
            if told:
                quoted = ", ".join(
                    f"“{i.label}”" if kind == "posts" and i.label else i.label or i.id for i in told
                )
                found.append(f"{says.format(slot=_slot_words(explanation, attribution.slot))}: {quoted}.")
    found.append(_similar_brands_sentence(explanation))
    return tuple(sentence for sentence in found if sentence)


def _slot_words(explanation: Explanation, slot: str) -> str:
    """A slot that the brand lacks can still add to a score: learned rankers compare the influencer with
    partners of other brands."""
    if slot in explanation.unknown:
        return f"{ALONE.get(slot, slot)}, through brands that were learned from"
    return SLOT.get(slot, slot)


def significant_items(attribution: Attribution) -> list[Weight]:
    """Items that are not noise and not crumbs."""
    crumb = SHARE * max((abs(item.value) for item in attribution.items), default=0.0)
    return [
        item
        for item in attribution.items
        if abs(item.value) >= crumb > 0 and abs(item.value) > SURE * item.error
    ]


def main_reason(parts: Mapping[str, float]) -> str:
    """The part of a score that adds most, in words, and the next one if it adds at least half as much; ""
    where no part adds anything, or the score has a single part."""
    if len(parts) < 2:
        return ""
    first, second = sorted(parts, key=lambda name: -parts[name])[:2]
    named = [name for name in (first, second) if parts[name] > 0 and parts[name] >= parts[first] / 2]
    return _and([SLOT.get(name, name) for name in named]) if named else ""


def _score(explanation: Explanation) -> str:
    rank, among = explanation.more.get("rank"), explanation.more.get("candidates")
    place = f"is number {rank:,} of {among:,}, with" if rank and among else "has"
    told = f"{explanation.influencer} {place} a score of {explanation.score:.2f} for {explanation.brand}"
    posts = explanation.attributions_of("posts", "influencer")
    as_learned = explanation.more.get("score_as_learned")
    if as_learned is not None:  # the base is of the score as learned: the two cannot be compared
        told += f" ({as_learned:.2f} as learned, without weights and likes)"
    elif posts and posts[0].items:
        base = posts[0].base
        side = "more" if explanation.score > base else "less"
        told += f", {side} than the {base:.2f} that the posts of others get on average"
    chance = explanation.more.get("probability")
    if chance is not None:
        value, low, high = (_percent(one) for one in chance)
        told += f"; the chance that they work together is {value} ({low} to {high})"
    return told + "."


def _exclusion_sentence(explanation: Explanation) -> str:
    """Why the influencer is not in the list, and the place that it would have; "" if it is in the list."""
    left_out = explanation.more.get("left_out")
    if not left_out:
        return ""
    return (
        f"It is left out of the ranking: {left_out['text']}. Otherwise it would be number "
        f"{left_out['rank_otherwise']:,} of {left_out['candidates_otherwise']:,}."
    )


def _parts(explanation: Explanation) -> str:
    parts = {name: value for name, value in explanation.parts.items() if value}
    if len(parts) < 2:
        return ""
    least = SHARE * max(abs(value) for value in parts.values())
    order = sorted(parts, key=lambda name: -abs(parts[name]))
    up = [f"{SLOT.get(n, n)} ({parts[n]:+.2f})" for n in order if parts[n] >= least]
    down = [f"{SLOT.get(n, n)} ({parts[n]:+.2f})" for n in order if parts[n] <= -least]
    told = f"For it: {_and(up)}." if up else ""
    return f"{told} Against it: {_and(down)}.".strip() if down else told


def _similar_brands_sentence(explanation: Explanation) -> str:
    like = explanation.more.get("like_brands") or []
    if not like:
        return ""
    works = [b["brand"] for b in like if b["works_with_this_one"]]
    names = _and([b["brand"] for b in like])
    if not works:
        return (
            f"Brands most like {explanation.brand} are {names}; none of them is known to work with "
            f"{explanation.influencer}."
        )
    return (
        f"Of the {len(like)} brands most like {explanation.brand} ({names}), {_and(works)} worked with "
        f"{explanation.influencer}."
    )


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"
