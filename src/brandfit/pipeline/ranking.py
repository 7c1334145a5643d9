"""Training rankers, ranking by them, and judging them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from brandfit import registry
from brandfit.arguments import (
    Account,
    Accounts,
    Count,
    Files,
    Seeds,
    Texts,
    Weights,
    account,
    checked,
    paths,
    seeds_of,
)
from brandfit.config import Config
from brandfit.data import split
from brandfit.data.candidates import Counted, counted, listed
from brandfit.data.dataset import Dataset
from brandfit.data.profiles import WORD
from brandfit.errors import UsageError, WorkspaceError
from brandfit.evaluation import evaluate as evaluation
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.report import Report
from brandfit.pipeline.candidates import Bounds, bounds, candidates, met, with_counts, with_incomplete
from brandfit.pipeline.datasets import (
    check_settings,
    find_accounts,
    find_brand,
    find_influencers,
    load,
    readers_of,
    ready,
    scope,
    stored_data,
)
from brandfit.pipeline.missing_features import completed, encoding_of, older_features_note, with_waiting_notes
from brandfit.pipeline.outdated import features_read, outdated
from brandfit.pipeline.refitting import Refit
from brandfit.pipeline.search import matching, unmatched_notes
from brandfit.progress import Progress
from brandfit.rankers.base import Ranker
from brandfit.ranking import Ranking, weighted
from brandfit.search import feedback, filters
from brandfit.search.facts import Facts
from brandfit.search.lookalike import BRIEF, Lookalikes, with_brief
from brandfit.workspace import Place, Workspace, as_workspace


@checked
def train(
    workspace: Place,
    ranker: str,
    *,
    settings: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Ranker:
    """Fit a ranker on all endorsements of the workspace and keep it there as the current model of its name.

    The model keeps two things apart: ``data``, the Features that it read of every slot, which rankings by it
    read too; and ``chosen``, the settings that the caller gave, with which ``update`` trains it again.
    """
    workspace = as_workspace(workspace)
    cls = registry.load("ranker", ranker)
    model: Ranker = cls(cls.Config.from_settings(settings or {}), seed)
    forgotten = workspace.forgotten()
    rows = workspace.dataset().fingerprint
    dataset = load(workspace, data)
    ready(dataset, cls, workspace)
    started = time.perf_counter()
    model.fit(
        split.training_view(dataset, seed) if cls.learns else dataset, progress, workspace.checkpoint(ranker)
    )
    if workspace.forgotten() != forgotten:
        raise WorkspaceError(
            f"An account was forgotten while {ranker} was trained, and it has learned from it: it was not "
            "kept.",
            "Train it again.",
        )
    workspace.save_model(
        model,
        {
            "data": {**(data or {}), **{f"slots.{slot}": f.name for slot, f in dataset.slots.items()}},
            "chosen": dict(data or {}),
            "dataset": rows,
            "features": features_read(dataset.slots.values()),
            "seconds": round(time.perf_counter() - started, 3),
            "notes": [*model.notes(dataset), *(one.sentence for one in outdated(workspace).features)],
        },
    )
    return model


@checked
def fitted(
    workspace: Place, ranker: str, *, data: Mapping[str, Any] | None = None, brand: Account | None = None
) -> tuple[Ranker, Dataset]:
    """A ranker ready to score, with the Dataset that it reads: the trained model, or a ranker that needs no
    training.

    New posts of brands are encoded for it where they are few (``completing``); ``brand``: only where this one
    has any.
    """
    workspace = as_workspace(workspace)
    brands = None if brand is None else [brand]
    cls = registry.load("ranker", ranker)
    if ranker not in workspace.model_names() and not cls.learns:
        dataset = completed(workspace, load(workspace, data), brands)
        ready(dataset, cls, workspace)
        return dataset.cached(("fitted", ranker), lambda: cls().fit(dataset)), dataset
    model, info = workspace.load_model(ranker)
    dataset = completed(workspace, load(workspace, {**stored_data(info), **(data or {})}), brands)
    ready(dataset, cls, workspace)
    return model, dataset


@checked
def default_ranker(workspace: Place) -> str:
    """Our own where it has been trained, else the one that needs no training."""
    workspace = as_workspace(workspace)
    return "brandfit" if "brandfit" in workspace.model_names() else "simcos"


@dataclass(frozen=True)
class RankingQuery:
    """How the candidates of a brand are scored and which of them are listed; a place is one in this list.

    partners           past partners are candidates too
    where              only those that a condition (``search.filters``) keeps
    weights            what parts of the score count for, 1 unless said
    like, dislike      these adjust the scores (``search.feedback``); those of ``dislike`` are left out
    exclude, not_this  these are left out, as excluded by name and as marked “Not this”
    keywords           only influencers that a search for these words finds
    """

    partners: bool = False
    where: str | Mapping[str, Any] | None = None
    weights: Mapping[str, float] | None = None
    like: Sequence[str] = ()
    dislike: Sequence[str] = ()
    exclude: Sequence[str] = ()
    not_this: Sequence[str] = ()
    keywords: Sequence[str] = ()

    @property
    def is_default(self) -> bool:
        """Whether it asks for all candidates, by their scores as learned."""
        return not any(getattr(self, name) for name in self.__dataclass_fields__)

    @property
    def adjusts(self) -> bool:
        """Whether it changes scores."""
        return bool(self.like or self.dislike or any(value != 1 for value in (self.weights or {}).values()))

    @property
    def narrowed_by(self) -> str:
        """What the list is narrowed to, for people; "" for all candidates."""
        condition = filters.condition(self.where)
        said = [
            f"words: {' '.join(self.keywords)}" if self.keywords else "",
            f"condition: {condition}" if condition is not None else "",
            "past partners too" if self.partners else "",
        ]
        return "; ".join(filter(None, said))

    @property
    def adjusted_by(self) -> str:
        """What changes the scores, for people; "" where nothing does."""
        if not self.adjusts:
            return ""
        weights = " ".join(f"{part}={value:g}" for part, value in (self.weights or {}).items())
        said = [
            f"weights: {weights}" if weights else "",
            f"likes: {len(self.like):,}" if self.like else "",
            f"“Not this”: {len(self.dislike):,}" if self.dislike else "",
        ]
        return "; ".join(filter(None, said))

    def without_marks_on(self, influencer: str) -> RankingQuery:
        """The same for all others; a dislike of this one leaves it out, and says nothing on others."""
        if influencer not in handles(self.dislike):
            return self
        disliked = [id for id in handles(self.dislike) if id != influencer]
        return replace(self, dislike=disliked, not_this=[*self.not_this, influencer])

    def exclusion(self, dataset: Dataset, brand: str, *, influencer: str, within: Bounds) -> Counted | None:
        """Why an influencer is not in the list that this asks for; None if it is."""
        for ids, reason, text in (
            (handles([*self.dislike, *self.not_this]), "disliked", "marked “Not this”"),
            (handles(self.exclude), "excluded", "excluded by name"),
        ):
            if influencer in ids:
                return Counted(reason, text, 1, (influencer,))
        found = candidates(dataset, brand, partners=self.partners, within=within)
        if influencer not in set(found.ids.tolist()):
            if not self.partners and influencer in dataset.partners.get(brand, set()):
                return Counted("partner", "past partner of the brand", 1, (influencer,))
            return Counted("outside_bounds", f"outside the bounds of {within.sentence}", 1, (influencer,))
        one = np.array([influencer], dtype=object)
        if condition := filters.condition(self.where):
            facts = dataset.cached("facts", lambda: Facts(dataset))
            if excluded := met(condition, facts, one)[1]:
                return excluded[0]
        if self.keywords and influencer not in set(matching(dataset, self.keywords)[0].tolist()):
            return Counted("no_match", "without a match for the words", 1, (influencer,))
        return None


@checked
def rank(
    workspace: Place,
    brand: Account,
    *,
    ranker: str | None = None,
    k: Count | None = None,
    partners: bool = False,
    data: Mapping[str, Any] | None = None,
    where: str | Mapping[str, Any] | None = None,
    weights: Weights | None = None,
    like: Accounts | None = (),
    dislike: Accounts | None = (),
    followers: str | None = None,
    exclude: Accounts | None = (),
    not_this: Accounts | None = (),
    keywords: Texts | None = (),
) -> Ranking:
    """The best k influencers for a brand, best first. Past partners are left out unless ``partners``.

    ranker         ``default_ranker`` unless another is named
    where          only those that a condition (``search.filters``) keeps
    weights        what parts of the score count for, 1 unless said: ``{"picture": 2, "text": 0.5}`` (W-20)
    like, dislike  the order is adjusted by these marks (``search.feedback``); those of ``dislike`` are left
                   out
    exclude        influencers that are left out, without any effect on the order of the others
    not_this       as ``exclude``, counted as those that somebody marked “Not this”
    keywords       only influencers that a search for these words finds, in the order of the ranking
    followers      bounds of the candidates, "5k..100k" or "..20k", in place of the usual ones; "0..": none.
                   Accounts whose number of followers is unknown stay in. A condition that asks for followers
                   replaces the usual bounds too.

    Who is left out is counted in ``excluded``; candidates about whom something is unknown in ``incomplete``.
    """
    workspace = as_workspace(workspace)
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data, brand=brand)
    brand = find_brand(dataset, brand)
    marks = RankingQuery(like=list(like or ()), dislike=list(dislike or ()), not_this=list(not_this or ()))
    query = replace(
        marks,
        partners=partners,
        where=where,
        weights=weights,
        exclude=list(exclude or ()),
        keywords=list(keywords or ()),
    )
    within = bounds(followers, data, filters.condition(where))
    everybody = all_ranked(workspace, model, dataset=dataset, brand=brand, partners=partners, within=within)
    found, _ = narrowed(everybody, model, dataset=dataset, query=query, within=within)
    found = with_waiting_notes(workspace, dataset, found)
    return found if k is None else found.top(k)


def narrowed(
    everybody: Ranking, model: Ranker, *, dataset: Dataset, query: RankingQuery, within: Bounds
) -> tuple[Ranking, Ranking]:
    """The list that a query asks for, and the whole ranking (``everybody``: all candidates, and guests) with
    its scores and in its order.

    Raises UnknownName for an account that is not in the workspace.
    """
    if query.weights:
        everybody = weighted(everybody, query.weights)
    if query.like or query.dislike:
        alike = dataset.cached("lookalikes", lambda: Lookalikes(dataset))
        everybody = feedback.refined(
            everybody, alike, like=handles(query.like), dislike=handles(query.dislike)
        )
    found = everybody if everybody.guests is None else everybody.subset(everybody.is_candidate)
    found = replace(found, guests=None)
    before = found.candidates
    found = without(found, dataset, exclude=query.exclude, not_this=query.not_this)
    if (condition := filters.condition(query.where)) is not None:
        facts = dataset.cached("facts", lambda: Facts(dataset))
        found = found.narrowed(*met(condition, facts, found.candidates))
        found = replace(found, notes=(*filters.notes(condition, facts), *found.notes))
    if query.keywords:
        ids, unmatched = matching(dataset, query.keywords)
        keep = np.isin(found.candidates.astype(str), ids.astype(str))
        found = found.narrowed(
            keep, counted("no_match", "without a match for the words", ids=found.candidates[~keep])
        )
        found = replace(found, notes=(*unmatched_notes(unmatched), *found.notes))
    if len(found) < len(before) or query.dislike:
        chosen = candidates(dataset, found.brand, partners=query.partners, within=within)
        found = with_incomplete(found, chosen)
        found = _with_unknown_slots(found, model, dataset=dataset, ids=chosen.ids)
    if query.like or query.dislike:
        adjusted = feedback.adjusted_note(found, handles(query.like), handles(query.dislike))
        found = replace(found, notes=(adjusted, *found.notes))
    return found, everybody


def _with_unknown_slots(ranking: Ranking, model: Ranker, *, dataset: Dataset, ids: np.ndarray) -> Ranking:
    """The ranking with notes on unknown slots that count its candidates, in place of those that count all
    candidates (ids)."""
    is_listed = np.isin(ids.astype(str), ranking.candidates.astype(str))
    old = model.unknown(dataset, ranking.brand, ids)
    new = model.unknown(dataset, ranking.brand, ids[is_listed]) if is_listed.any() else []
    at = next((n for n, note in enumerate(ranking.notes) if note in old), len(ranking.notes))
    notes = [note for note in ranking.notes if note not in old]
    return replace(ranking, notes=(*notes[:at], *new, *notes[at:]))


@checked
def encoding_notes(
    workspace: Place,
    accounts: Accounts | None = (),
    *,
    ranker: str | None = None,
    data: Mapping[str, Any] | None = None,
    candidates: bool = False,
) -> tuple[str, ...]:
    """Notes on the posts of these accounts (default: all brands) that a ranker encodes in memory, or leaves
    out because they are not encoded; with ``candidates`` also on those of all influencers. Raises
    UnknownName."""
    workspace = as_workspace(workspace)
    _, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data)
    ids = find_accounts(dataset, accounts or ()) or dataset.brands.tolist()
    notes = encoding_of(workspace, dataset, ids).notes
    older = older_features_note(workspace, dataset, dataset.influencers.tolist()) if candidates else ""
    return (*notes, older) if older else notes


@checked
def lately_ranked(workspace: Place) -> list[str]:
    """Brands whose rankings the workspace keeps in memory, the latest first."""
    workspace = as_workspace(workspace)
    return list(dict.fromkeys(brand for _, _, brand, *_ in workspace.memo.keys("rankings")))


@checked
def chances(
    workspace: Place,
    brand: Account,
    *,
    influencers: Accounts,
    ranker: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> list[dict[str, float] | None] | None:
    """Of each influencer the chance that it works with the brand, with its 95 % interval; None where the
    ranker tells none. Raises UnknownName."""
    workspace = as_workspace(workspace)
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data, brand=brand)
    brand, influencers = find_brand(dataset, brand), find_influencers(dataset, influencers)
    asked = np.array([brand], dtype=object)
    # Those of all others too: the next page, filter or like asks for some of them.
    key = (id(model), id(dataset), brand)
    told = workspace.memo.get(
        "chances", key, lambda: (model.probability(dataset, asked, dataset.influencers), model, dataset)
    )[0]
    if told is None:
        return None
    row = dataset.cached("influencers", lambda: {id: n for n, id in enumerate(dataset.influencers.tolist())})
    at = [row[id] for id in influencers]
    rows = zip(*(values[0, at].tolist() for values in told), strict=True)
    return [
        None if np.isnan(value) else {"value": value, "low": low, "high": high} for value, low, high in rows
    ]


def pair_chances(
    model: Ranker, dataset: Dataset, *, brand: str, influencers: np.ndarray
) -> list[list[float | None]] | None:
    """(n,) lists: the chance that each works with the brand, and the ends of its 95 % interval, None where
    there is no evidence; None where the ranker gives no probability. Costs as much as scoring these
    influencers."""
    told = model.probability(dataset, np.array([brand], dtype=object), influencers)
    if told is None:
        return None
    return [
        [None if np.isnan(v) else float(v) for v in row]
        for row in np.stack([values[0] for values in told], axis=1)
    ]


def without(
    ranking: Ranking, dataset: Dataset, *, exclude: Sequence[str], not_this: Sequence[str]
) -> Ranking:
    """The ranking without these influencers, which counts them. Raises UnknownName."""
    excluded, disliked = find_influencers(dataset, exclude), find_influencers(dataset, not_this)
    return feedback.without(ranking, excluded=excluded, disliked=disliked)


def handles(names: Iterable[str]) -> list[str]:
    """Ids as the Dataset has them, of names of accounts as people type them."""
    return [account(name, "account") for name in names]


@checked
def rank_brief(
    workspace: Place,
    text: str,
    *,
    pictures: Files | None = (),
    ranker: str | None = None,
    k: Count | None = None,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    followers: str | None = None,
) -> Ranking:
    """The best influencers for a brand that has no account yet: what it looks for, in words and pictures.

    followers  as in ``rank``
    """
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data=data, brand=BRIEF)
    check_settings(settings, dataset)
    readers = {slot: reader for slot, reader in readers_of(dataset, settings).items() if slot in model.slots}
    asked = with_brief(dataset, text, pictures=paths(pictures or (), "pictures"), readers=readers)
    unread = [
        slot for slot in model.used_slots(dataset) if slot not in readers and slot not in model.one_sided
    ]
    notes = [
        f"{slot} left out: nothing here can read a brief as {dataset.slots[slot].name} read posts"
        for slot in unread
    ]
    if text.strip() and not _shares_a_word(dataset, text):
        notes.append(
            "no word of the brief is in any post here: the order rests on likeness of meaning alone, if on "
            "anything"
        )
    ranking = ranked(model, asked, brand=BRIEF, partners=True, within=bounds(followers, data))
    ranking = replace(ranking, notes=(*ranking.notes, *notes))
    return ranking if k is None else ranking.top(k)


def _shares_a_word(dataset: Dataset, text: str) -> bool:
    """Whether a word of the text is in a caption of any account."""

    def words_of_posts() -> set[str]:
        captions = dataset.posts["caption"].to_pylist()
        return {word for caption in captions if caption for word in WORD.findall(caption.lower())}

    known = dataset.cached("words of posts", words_of_posts)
    return not known or any(word in known for word in WORD.findall(text.lower()))


def with_guests(
    workspace: Workspace,
    model: Ranker,
    *,
    dataset: Dataset,
    brand: str,
    within: Bounds,
    shown: Sequence[str],
    partners: bool = False,
) -> Ranking:
    """All candidates within the bounds, and those of ``shown`` that are no candidates as guests. Raises
    UnknownName."""
    shown = find_influencers(dataset, shown)
    found = candidates(dataset, brand, partners=partners, within=within)
    inside = set(found.ids.tolist())
    guests = [id for id in dict.fromkeys(shown) if id not in inside]
    if inside or not guests:
        ranking = all_ranked(workspace, model, dataset=dataset, brand=brand, partners=partners, within=within)
    else:  # A ranker ranks nobody only if it is given nobody: all that is shown are guests.
        empty = np.array([], dtype=object)
        ranking = Ranking(
            brand=brand,
            candidates=empty,
            scores=np.array([]),
            parts={},
            ranker=model.name,
            fingerprint=dataset.fingerprint,
        )
        ranking = with_counts(ranking, found)
    if not guests:
        return ranking
    return ranking.with_guests(model.rank(dataset, brand, candidates=np.array(guests, dtype=object)))


def ranked(model: Ranker, dataset: Dataset, *, brand: str, partners: bool, within: Bounds) -> Ranking:
    """All candidates within the bounds, best first, with who was left out."""
    found = candidates(dataset, brand, partners=partners, within=within)
    if not len(found.ids) and found.excluded:
        raise UsageError(
            f"No influencer is a candidate for {brand}. Left out: {listed(found.excluded)}.",
            f"Change the bounds ({within.sentence}): --followers 1k..500k. To see past partners: --partners.",
        )
    return with_counts(model.rank(dataset, brand, candidates=found.ids), found)


def all_ranked(
    workspace: Workspace, model: Ranker, *, dataset: Dataset, brand: str, partners: bool, within: Bounds
) -> Ranking:
    """The same; the workspace keeps the latest."""
    # What is kept holds the model and the Dataset, so that their ids stay theirs.
    key = (id(model), id(dataset), brand, partners, within)
    made: Ranking = workspace.memo.get(
        "rankings",
        key,
        lambda: (ranked(model, dataset, brand=brand, partners=partners, within=within), model, dataset),
    )[0]
    return made


@checked
def evaluate(
    workspace: Place,
    rankers: Texts,
    *,
    protocol: str = "expansion",
    settings: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    seeds: Seeds = (0,),
    ties: str | None = None,
    progress: Progress | None = None,
    folder: Path | None = None,
    refit: bool = False,
) -> Report:
    """Judge rankers on the endorsements of the workspace under a named protocol.

    ``settings``: ``protocol.NAME`` for the protocol's own, ``RANKER.NAME`` for one ranker's. ``folder``:
    where trainings keep checkpoints (``evaluation.evaluate``), for example one that is ``resumable``.
    ``refit``: encode anew in every fold what was fitted on all accounts, or describes them whole
    (``pipeline.refitting``).
    """
    workspace = as_workspace(workspace)
    settings, rankers, seeds = dict(settings or {}), list(rankers), seeds_of(seeds, "seeds")
    if not rankers:
        raise UsageError("There is nothing to judge: no ranker is named.", "Rankers: brandfit list rankers")
    chosen = protocols.get(protocol, scope(settings, "protocol"))
    if ties is not None:
        chosen = chosen.replace(ties=ties)
    dataset = load(workspace, data)
    makers = {}
    for name in dict.fromkeys(rankers):
        cls = registry.load("ranker", name)
        config = cls.Config.from_settings(scope(settings, name))
        makers[name] = _maker(cls, config)
        ready(dataset, cls, workspace)
    judged: dict[str, type[Config]] = {name: registry.load("ranker", name).Config for name in makers}
    check_settings(settings, others={"protocol": chosen.Config, **judged})
    if not refit:
        return evaluation.evaluate(
            makers, dataset, protocol=chosen, seeds=seeds, progress=progress, folder=folder
        )
    return evaluation.evaluate(
        makers,
        dataset,
        protocol=chosen,
        seeds=seeds,
        progress=progress,
        folder=folder,
        prepare=Refit.of(workspace, dataset),
    )


def _maker(cls: type[Ranker], config: Config) -> Callable[[int], Ranker]:
    return lambda seed: cls(config, seed)
