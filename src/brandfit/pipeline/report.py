"""A report on a brand as one HTML or PDF file that can be mailed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from brandfit import __version__
from brandfit.arguments import Account, Accounts, Amount, Count, PositiveCount, checked
from brandfit.campaign.prices import PriceConfig
from brandfit.data import tabular
from brandfit.data.dataset import Dataset
from brandfit.encoders.base import Encoder
from brandfit.errors import UsageError
from brandfit.pipeline.campaign import shortlist
from brandfit.pipeline.inventory import catalogue
from brandfit.pipeline.judging import suggestions
from brandfit.pipeline.lookup import find_influencers
from brandfit.pipeline.missing_features import with_waiting_notes
from brandfit.pipeline.narrowing import RankingContext, exclusion, narrowed, with_guests
from brandfit.pipeline.outdated import outdated
from brandfit.pipeline.query import RankingQuery
from brandfit.pipeline.readers import reader_of
from brandfit.pipeline.settings import check_settings
from brandfit.pipeline.training import default_ranker
from brandfit.progress import Progress
from brandfit.report import html, pdf
from brandfit.report.content import Report
from brandfit.report.gather import gather
from brandfit.workspace import Place, Workspace, as_workspace

ENDINGS = (".html", ".pdf")


@checked
def report(
    workspace: Place,
    brand: Account,
    *,
    file: str | Path,
    ranker: str | None = None,
    k: Count = 10,
    budget: Amount | None = None,
    count: PositiveCount | None = None,
    price_list: str | Path | None = None,
    maps: bool = False,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    influencers: Accounts | None = (),
    followers: str | None = None,
    objective: str | None = None,
    currency: str | None = None,
    exclude: Accounts | None = (),
    not_this: Accounts | None = (),
    evaluation: bool = False,
) -> Report:
    """Write what is known of a brand, the best k influencers and the reasons, to a .html or .pdf file; with a
    budget or a count also the best set. Returns the content of the report.

    maps         heat maps of the pictures of the influencers; they take long
    settings     ``price.NAME``, and ``ENCODER.NAME`` of the encoder that filled the slot picture, for maps
    influencers  these in place of the best k; past partners are allowed
    followers    bounds of the candidates, as in ``rank``
    objective    what the best set maximises, as in ``shortlist``
    currency     of the prices, in place of that of the workspace
    exclude, not_this  influencers that are left out, as in ``rank``; those that ``influencers`` names are in
                 the report, without a rank
    evaluation   also how many of ten suggestions to this brand, by a ranker that had not learned from it, are
                 its partners (``suggestions``); the ranker is fitted anew, which takes long
    """
    workspace = as_workspace(workspace)
    path = tabular.checked(file, ENDINGS)
    has_set = budget is not None or count is not None
    price_settings, encoder_settings = _split_settings(settings)
    # Prices, objective and currency belong to the best set.
    if not has_set:
        _refuse_set_options(price_settings, price_list, objective=objective, currency=currency)
    # A missing WeasyPrint is reported before the long computation.
    if path.suffix.lower() == ".pdf":
        pdf.needed()
    # One name for the ranking and the best set.
    name = ranker or default_ranker(workspace)
    query = RankingQuery(exclude=list(exclude or ()), not_this=list(not_this or ()))
    context = RankingContext.from_workspace(workspace, brand, ranker=name, data=data, followers=followers)
    dataset = context.dataset
    best_set = None
    if has_set:
        best_set = shortlist(
            workspace,
            context.brand,
            budget=budget,
            count=count,
            ranker=name,
            price_list=price_list,
            data=data,
            settings=price_settings,
            objective=objective,
            currency=currency,
            followers=followers,
            exclude=exclude,
            not_this=not_this,
        )
    check_settings(encoder_settings, dataset if maps else None, {"price": PriceConfig})
    # Influencers that the caller names are shown, with or without a rank.
    named = find_influencers(dataset, influencers or ())
    listed, everyone = narrowed(with_guests(context, named), context, query=query)
    listed = with_waiting_notes(workspace, dataset, listed)
    # The cards of named influencers that are no candidates say why.
    left_out = {}
    for id in named:
        reason = exclusion(context, query, influencer=id)
        if reason is not None:
            left_out[id] = reason
    judged: tuple[str, ...] = ()
    if evaluation:
        judged = _evaluation_sentences(workspace, context.brand, ranker=name, data=data, seed=seed)
    content = gather(
        context.model,
        dataset,
        ranking=listed.with_left_out(everyone, named),
        k=k,
        shortlist=best_set,
        maps=_picture_reader(workspace, dataset, encoder_settings) if maps else None,
        about=_summary(name),
        origin={"Ranker": _model_sentence(workspace, name)},
        today=None,
        seed=seed,
        progress=progress,
        influencers=named,
        left_out=left_out,
        evaluation=judged,
    )
    # The file is replaced at once, so that a reader never sees half a report.
    page = html.render(content)
    with tabular.replacing(path, ENDINGS) as temporary:
        temporary.write_bytes(pdf.write(page) if path.suffix.lower() == ".pdf" else page.encode())
    return content


def _evaluation_sentences(
    workspace: Workspace, brand: str, *, ranker: str, data: Mapping[str, Any] | None, seed: int
) -> tuple[str, ...]:
    """The plain answer on a brand, or the reason why there is none."""
    try:
        return suggestions(workspace, brand, ranker=ranker, data=data, seed=seed).sentences
    except UsageError as error:  # UnknownName included: the brand has no held-out partner to find
        return (f"The suggestions cannot be judged for {brand}: {error.message}",)


class _Settings(NamedTuple):
    """Settings of the prices of the best set, and those of the encoder that draws heat maps."""

    prices: dict[str, Any]
    encoder: dict[str, Any]


def _split_settings(settings: Mapping[str, Any] | None) -> _Settings:
    prices: dict[str, Any] = {}
    encoder: dict[str, Any] = {}
    for name, value in (settings or {}).items():
        (prices if name.startswith("price.") else encoder)[name] = value
    return _Settings(prices, encoder)


def _refuse_set_options(
    price_settings: Mapping[str, Any],
    price_list: str | Path | None,
    *,
    objective: str | None,
    currency: str | None,
) -> None:
    """Raise UsageError for options of the best set, because a report without a budget or count has none."""
    hint = "Give a budget or a count: then the report contains the best set."
    if price_settings:
        raise UsageError(f"Setting {next(iter(price_settings))!r}: prices for what?", hint)
    for word, value in (("Prices", price_list), ("An objective", objective), ("A currency", currency)):
        if value is not None:
            raise UsageError(f"{word} for what?", hint)


def _picture_reader(workspace: Workspace, dataset: Dataset, settings: Mapping[str, Any]) -> Encoder:
    """The encoder that filled the slot picture. Raises UsageError if it cannot encode parts of pictures."""
    features = dataset.slots.get("picture")
    reader = reader_of(workspace, features, settings) if features is not None else None
    if reader is None:
        raise UsageError(
            "Nothing here can read pictures anew, and heat maps need that.",
            "Encode them first: brandfit encode image.classical",
        )
    return reader


def _summary(ranker: str) -> str:
    """The sentence on a ranker in the list of rankers, without its source."""
    # Sources stand in parentheses at the end of the sentence.
    sentence = next(row["what"] for row in catalogue("rankers") if row["name"] == ranker)
    return str(sentence).partition(" (")[0]


def _model_sentence(workspace: Workspace, ranker: str) -> str:
    """Which model ranked, and whether the data have changed since its training."""
    if ranker not in workspace.model_names():
        return f"{ranker}, which needs no training"
    info = workspace.model_info(ranker)
    stale_models = {stale.name for stale in outdated(workspace).models}
    data_words = "before the data changed" if ranker in stale_models else "on these data"
    version = info.get("brandfit", __version__)
    return f"{ranker}, trained {data_words} by Brandfit {version}, seed {info['seed']}"
