"""Case studies of a brand (MORNING Fig. 4, M-16), scored by a model that was not trained on this brand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from brandfit import registry
from brandfit.arguments import Account, Count, checked
from brandfit.data.dataset import Dataset
from brandfit.data.features import Features
from brandfit.data.split import Fold
from brandfit.encoders.audience.base import AudienceEncoder, audience_items
from brandfit.encoders.base import Encoder
from brandfit.errors import UsageError
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.protocol import Protocol
from brandfit.pipeline.datasets import load, read_by, ready
from brandfit.pipeline.lookup import find_brand
from brandfit.pipeline.missing_features import unencoded_note
from brandfit.pipeline.readers import reader_of
from brandfit.pipeline.settings import check_settings, scope
from brandfit.pipeline.training import default_ranker
from brandfit.progress import Progress
from brandfit.rankers.base import SEEN_AS, Ranker
from brandfit.ranking import Ranking
from brandfit.report import case_page
from brandfit.report.album import Album
from brandfit.report.case import (
    CaseStudy,
    ChartSource,
    Kind,
    case_account,
    content_similarity,
    pick_cases,
    shares_of,
)
from brandfit.workspace import Place, Workspace, as_workspace

BELOW = 50
"""Rank below which a similar negative counts as low (the k of Recall@50)."""
MEMBERS, ITEMS = 25, 2
"""Active commenters of an account and items of each that are read (Q and L of MORNING, D-05)."""
PROTOCOLS = ("official", "cv5")
"""Protocols in which a judged brand has no known partner."""
DESCRIPTORS = "image.classical"
"""Features whose columns are colours and textures: they are charted only if no encoder names objects."""
TOPICS_FIRST = 1_000
"""Preference of topics, larger than that of any encoder."""
HUE = "hue "
HUES_SOURCE = "hues of image.classical; image.resnet and image.upernet name objects and scenes"
NO_CONCEPTS = "no features of concepts with names are here: brandfit encode concept.bag"
NOT_SIMILAR = "no other candidate with a low rank can be compared with the brand"
HELD_OUT = "nothing is left to see of {brand}: it has no posts and no brief, and its partners are held out"
"""In place of the note of a ranker that knows of no partners, because they are held out."""
MISSING: dict[Kind, str] = {
    "ACI": "no features of pictures with named columns are here: brandfit encode image.resnet image.upernet",
    "ACT": "no features of texts with named columns are here: brandfit encode text.lda",
    "AUI": "no picture of an audience member is encoded with named columns: import posts of commenters, "
    "then brandfit encode image.resnet",
    "AUT": "no text of an audience member is encoded with named columns: import comments, then brandfit "
    "encode concept.bag",
}


@checked
def case_study(  # noqa: PLR0913 - each is an option of the command
    workspace: Place,
    brand: Account,
    *,
    ranker: str | None = None,
    protocol: str | None = None,
    below: Count | None = None,
    settings: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> CaseStudy:
    """Four influencers of the ranking of a brand, with what they and their audiences are about
    (``report.case``).

    The ranker is fitted anew without the brand: on the training side of the fold in which the brand is
    judged. Candidates are the influencers of that fold.

    ranker    default: ``default_ranker``
    protocol  official or cv5; default: official for a test brand of an official split, else cv5
    below     a similar negative has a larger rank than this; default: ``BELOW``, and in a list of fewer than
              twice as many candidates its lower half, with a note
    settings  ``protocol.NAME``, and ``RANKER.NAME`` of the ranker

    Raises UnknownName for the brand, and UsageError if it has no partner that can be held out.
    """
    workspace = as_workspace(workspace)
    name = ranker or default_ranker(workspace)
    cls = registry.load("ranker", name)
    dataset = load(workspace, read_by(workspace, name, data))
    brand = find_brand(dataset, brand)
    ready(dataset, cls, workspace)
    chosen = _protocol_of(dataset, brand, name=protocol, settings=settings)
    check_settings(settings, others={"protocol": chosen.Config, name: cls.Config})
    held_out = _held_out(
        workspace,
        cls(cls.Config.from_settings(scope(settings, name)), seed),
        dataset,
        brand=brand,
        protocol=chosen,
        progress=progress,
    )
    study = _study(workspace, held_out, brand=brand, below=below, protocol=chosen)
    # Captions are those of now, concepts and scores those of the encoding.
    ids = [account.id for account in study.accounts]
    return replace(study, notes=[*unencoded_note(workspace, dataset, [brand, *ids]), *study.notes])


@dataclass(frozen=True)
class _HeldOut:
    """A ranker that was fitted without a brand, and its ranking for the brand.

    partners  (p,) candidates that work with the brand
    """

    model: Ranker
    fold: Fold
    ranking: Ranking
    partners: np.ndarray


def _held_out(
    workspace: Workspace,
    model: Ranker,
    dataset: Dataset,
    *,
    brand: str,
    protocol: Protocol,
    progress: Progress | None,
) -> _HeldOut:
    fold = _fold_of(dataset, brand, protocol=protocol)
    fitted = _fitted(workspace, model, fold, progress=progress)
    ranking = fitted.rank(fold.test, brand, candidates=fold.candidates)
    row = fold.brands.tolist().index(brand)
    return _HeldOut(fitted, fold, ranking, partners=fold.candidates[fold.relevant[row]])


def _study(
    workspace: Workspace, held_out: _HeldOut, *, brand: str, below: int | None, protocol: Protocol
) -> CaseStudy:
    model, fold, ranking = held_out.model, held_out.fold, held_out.ranking
    view = fold.test
    is_partner = np.isin(ranking.candidates.astype(str), held_out.partners.astype(str))
    low_rank = _low_rank(ranking, below)
    picks = pick_cases(
        ranking,
        is_partner=is_partner,
        similarity=content_similarity(view, brand, ranking.candidates),
        below=low_rank.bound,
    )
    ids = [brand, *dict.fromkeys(pick.influencer for pick in picks)]
    sources = _sources(workspace, view, ids)
    concepts = ChartSource("concept", missing=NO_CONCEPTS)
    if _has_concepts(view):
        concepts = ChartSource("concept", [view.slots["concept"]], view.slots["concept"].name)
    album = Album(view, ids)
    accounts = []
    for pick in (None, *picks):
        id = pick.influencer if pick else brand
        accounts.append(case_account(view, id, pick=pick, sources=sources, concepts=concepts, album=album))
    # Features that were fitted on all accounts have seen the held-out pairs.
    read = {view.slots[slot].name for slot in model.used_slots(view)}
    leaks = [f"{features} {leak}" for features, leak in fold.features if features in read]
    roles = {pick.role for pick in picks}
    absent = _empty_places(ranking, is_partner, roles=roles, low_rank=low_rank.bound)
    # The ranker sees neither the partners nor the reason: they are held out.
    unseen = SEEN_AS["none"].format(brand=brand)
    seen = f"{HELD_OUT.format(brand=brand)}: {len(held_out.partners):,} of them are candidates"
    ranking_notes = [seen if note == unseen else note for note in ranking.notes]
    return CaseStudy(
        brand=brand,
        ranker=model.name,
        model=_model_sentence(model, fold, brand=brand, protocol=protocol),
        candidates=len(ranking.candidates),
        partners=len(held_out.partners),
        dataset=workspace.fingerprint,
        accounts=accounts,
        notes=[*absent, *low_rank.notes, *ranking_notes, *leaks, *fold.notes],
    )


class _LowRank(NamedTuple):
    """A rank above ``bound`` is low. ``notes`` say if the default does not fit the list."""

    bound: int
    notes: list[str]


def _low_rank(ranking: Ranking, below: int | None) -> _LowRank:
    """The stated bound, or the default one."""
    n = len(ranking.candidates)
    if below is not None:
        return _LowRank(below, [])
    if n >= 2 * BELOW:
        return _LowRank(BELOW, [])
    return _LowRank(
        n // 2, [f"the list has {n:,} candidates: a low rank is one of its lower half, not one above {BELOW}"]
    )


def _empty_places(
    ranking: Ranking, is_partner: np.ndarray, *, roles: Collection[str], low_rank: int
) -> list[str]:
    """Notes on the places of the study that no influencer has, each with its reason; one note if no candidate
    has a score.

    is_partner  (n,) bool of the candidates of the ranking
    roles       the places that influencers have
    low_rank    larger ranks are low
    """
    has_score = ~np.isnan(ranking.scores)  # (n,)
    if not has_score.any():
        return ["the four places are empty: no candidate has a score"]
    no_partner = "no partner of the brand has a score"
    no_other = "every candidate with a score is a partner of the brand"
    has_others = bool((has_score & ~is_partner).any())
    if int(has_score.sum()) <= low_rank:
        not_similar = f"no candidate has a rank larger than {low_rank:,}"
    else:
        not_similar = NOT_SIMILAR
    reasons = {
        "top positive": no_partner,
        "top negative": no_other,
        "lowest positive": "one partner of the brand has a score" if "top positive" in roles else no_partner,
        "similar negative": not_similar if has_others else no_other,
    }
    return [f"no {role}: {reason}" for role, reason in reasons.items() if role not in roles]


@checked
def save_case(workspace: Place, study: CaseStudy, file: str | Path) -> Path:
    """Write a case study as one HTML file that loads nothing. Raises UsageError for another ending."""
    workspace = as_workspace(workspace)
    return case_page.save(study.to_dict(), file, read_picture=workspace.dataset().picture)


@checked
def save_clouds(study: CaseStudy, folder: str | Path) -> list[Path]:
    """Write the word clouds of all accounts as PNG (B-12). Returns the files. Raises MissingExtra."""
    return case_page.save_clouds(study.to_dict(), folder)


def _protocol_of(
    dataset: Dataset, brand: str, *, name: str | None, settings: Mapping[str, Any] | None
) -> Protocol:
    """The protocol of this name, or the one in which the brand is judged."""
    is_test = dataset.account(brand)["split"] == "test"
    name = name or ("official" if is_test else "cv5")
    if name not in PROTOCOLS:
        raise UsageError(
            f"Under {name} a model learns from partners of the brand itself, so its scores are not held out.",
            f"Choose {' or '.join(PROTOCOLS)}.",
        )
    return protocols.get(name, scope(settings, "protocol"))


def _fold_of(dataset: Dataset, brand: str, *, protocol: Protocol) -> Fold:
    """The fold in which a brand is judged. Raises UsageError if there is none."""
    settings = tuple(sorted((name, str(value)) for name, value in protocol.settings.items()))
    folds = dataset.cached(("folds", protocol.name, settings), lambda: protocol.folds(dataset))
    for fold in folds:
        if brand in fold.brands.tolist():
            return fold
    raise UsageError(
        f"{brand} is not judged under {protocol.name}: it has no known partner, or it is a training brand.",
        "Choose a brand with partners (brandfit list brands), or another --protocol.",
    )


def _fitted(workspace: Workspace, model: Ranker, fold: Fold, *, progress: Progress | None) -> Ranker:
    """The ranker fitted on the training side of a fold. The workspace caches it: all brands of the fold share
    it."""
    key = (model.name, str(model.config), model.seed, fold.name, fold.train.fingerprint)
    slots = tuple((slot, features.key) for slot, features in sorted(fold.train.slots.items()))
    cached: Ranker = workspace.memo.get("held_out", (*key, slots), lambda: model.fit(fold.train, progress))
    return cached


def _model_sentence(model: Ranker, fold: Fold, *, brand: str, protocol: Protocol) -> str:
    """Which model gave the scores, and what it has not seen."""
    settings = ", ".join(f"{name} {value}" for name, value in protocol.settings.items())
    learned = f"fitted on {len(fold.train.brands):,} other brands and their partners"
    if not type(model).learns:
        learned = "which learns from no endorsement"
    return (
        f"{model.name}, {learned}, seed {model.seed} ({fold.name} of protocol {protocol.name}"
        f"{f', {settings}' if settings else ''}). It has seen no partner of {brand}, and no post that states "
        "such a partnership."
    )


# --- what is charted ----------------------------------------------------------------------------------------


class _Named(NamedTuple):
    """Features with named columns, the chart that shows them, and the preference of their encoder."""

    kind: Kind
    features: Features
    preference: int


def _named_features(workspace: Workspace) -> list[_Named]:
    """All Features of the workspace that a chart can show."""
    found = []
    for name in workspace.feature_names():
        features = workspace.features(name)
        slot, is_audience, preference = features.slot, False, 0
        # Features that were imported have no encoder here.
        if name in registry.names("encoder"):
            cls = registry.load("encoder", name)
            preference, is_audience = cls.preference, issubclass(cls, AudienceEncoder)
            slot = cls.inner.slot if is_audience else slot
        if not features.columns or slot not in ("picture", "text", "concept"):
            continue
        kind: Kind = "ACI" if slot == "picture" else "ACT"
        if is_audience:
            kind = "AUI" if slot == "picture" else "AUT"
        # Topics come before concepts and tags, as in the paper.
        found.append(_Named(kind, features, TOPICS_FIRST if name.endswith("lda") else preference))
    return found


def _sources(workspace: Workspace, view: Dataset, ids: Sequence[str]) -> dict[Kind, ChartSource]:
    """The Features of each chart, in the order of the paper."""
    named = _named_features(workspace)
    by_kind: dict[Kind, list[_Named]] = {kind: [] for kind in MISSING}
    for one in named:
        by_kind[one.kind].append(one)
    sources: dict[Kind, ChartSource] = {}
    for kind, missing in MISSING.items():
        chosen = _chosen(by_kind[kind])
        if chosen and chosen[0].name == DESCRIPTORS:
            sources[kind] = ChartSource("picture", [_hues(chosen[0])], HUES_SOURCE, names_objects=False)
        elif chosen:
            slot = {"ACI": "picture", "ACT": "text"}.get(kind, "audience")
            names = " and ".join(features.name for features in chosen)
            sources[kind] = ChartSource(slot, chosen, names)
        else:
            sources[kind] = ChartSource("", missing=missing)
    kind_of_accounts: dict[Kind, Kind] = {"AUI": "ACI", "AUT": "ACT"}
    for kind, of_accounts in kind_of_accounts.items():
        if sources[kind].missing:
            read = _chosen_of_audience(workspace, by_kind[of_accounts], kind=kind)
            reader = reader_of(workspace, read, None) if read is not None else None
            source = _audience_source(view, ids, features=read, kind=kind, reader=reader)
            sources[kind] = source or sources[kind]
    return sources


def _chosen(named: Sequence[_Named]) -> list[Features]:
    """Features that one chart shows: of pictures all that name objects and scenes, of texts the preferred
    ones."""
    if not named:
        return []
    if named[0].kind in ("ACI", "AUI"):
        with_labels = [one.features for one in named if DESCRIPTORS not in one.features.name]
        return with_labels or [named[0].features]
    return [max(named, key=lambda one: (one.preference, one.features.name)).features]


def _hues(features: Features) -> Features:
    """The hues of ``image.classical``: its other columns are places and edges, which have no share."""
    columns = [n for n, name in enumerate(features.columns) if name.startswith(HUE)]
    names = tuple(features.columns[n].removeprefix(HUE) for n in columns)
    return replace(features, values=np.ascontiguousarray(features.values[:, columns]), columns=names)


def _chosen_of_audience(workspace: Workspace, named: Sequence[_Named], *, kind: Kind) -> Features | None:
    """Features of accounts whose encoder also reads an audience: for texts one that encodes a single text."""
    for one in sorted(named, key=lambda one: (-one.preference, one.features.name)):
        if kind == "AUI" and one.features.name != DESCRIPTORS:
            return one.features
        if kind == "AUT" and reader_of(workspace, one.features, None) is not None:
            return one.features
    return None


def _audience_source(
    view: Dataset,
    ids: Sequence[str],
    *,
    features: Features | None,
    kind: Kind,
    reader: Encoder | None = None,
) -> ChartSource | None:
    """Shares of the audiences of these accounts from what their members post and write; None without any.

    Pictures are those of the members' own posts that are encoded; texts are encoded here, by ``reader``.
    """
    if features is None:
        return None
    audience = audience_items(view, MEMBERS, posts=ITEMS, seed=0)
    account_by_post = dict(zip(view.posts["id"].to_pylist(), view.posts["account"].to_pylist(), strict=True))
    items_by_account: dict[str, set[str]] = {id: set() for id in ids}
    for item, post in zip(audience.items.to_pylist(), audience.posts.to_pylist(), strict=True):
        account = account_by_post[post]
        if account in items_by_account:
            items_by_account[account].add(item)
    encoded = features
    if kind == "AUT":
        wanted = set().union(*items_by_account.values())
        if reader is None or not wanted:
            return None
        encoded = reader.encode_contents(audience.dataset, only=wanted)
    by_account = {}
    for account, items in items_by_account.items():
        values, is_present = encoded.values_of(sorted(items))  # (n, dim), (n,)
        if is_present.any():
            mean = values[is_present].mean(axis=0).astype(np.float64)
            by_account[account] = shares_of(encoded.columns, mean)
    if not by_account:
        return None
    words = f"{features.name} of what {MEMBERS} active commenters post and write"
    return ChartSource("audience", (), words, by_account=by_account)


def _has_concepts(view: Dataset) -> bool:
    return "concept" in view.slots and bool(view.slots["concept"].columns)
