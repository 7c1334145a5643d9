"""A report on a brand that can be mailed, as one HTML or PDF file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brandfit import __version__
from brandfit.arguments import Account, Accounts, Amount, Count, PositiveCount, checked
from brandfit.campaign.prices import PriceConfig
from brandfit.data import tabular
from brandfit.errors import UsageError
from brandfit.pipeline.campaign import shortlist
from brandfit.pipeline.candidates import bounds
from brandfit.pipeline.datasets import check_settings, find_brand, find_influencers, reader_of
from brandfit.pipeline.inventory import catalogue
from brandfit.pipeline.missing_features import with_waiting_notes
from brandfit.pipeline.outdated import outdated
from brandfit.pipeline.ranking import RankingQuery, default_ranker, fitted, narrowed, with_guests
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
) -> Report:
    """Write what is known of a brand, the best k influencers for it and why, to a .html or .pdf file; with a
    budget or a count the best set too. Returns what it says.

    maps         heat maps of their pictures; they take long
    settings     ``price.NAME``, and ``ENCODER.NAME`` of the encoder that filled the slot picture, for maps
    influencers  these in place of the best k; past partners too
    followers    bounds of the candidates, as in ``rank``
    objective    what the best set is chosen for, as in ``shortlist``
    currency     of the prices, in place of that of the workspace
    exclude, not_this  these are left out, as in ``rank``; those that ``influencers`` names are shown, without
                 a rank
    """
    workspace = as_workspace(workspace)
    path = tabular.checked(file, ENDINGS)
    # Prices are those of the best set, which a budget or a count asks for; the rest are of an encoder.
    of_prices = {name: value for name, value in (settings or {}).items() if name.startswith("price.")}
    of_maps = {name: value for name, value in (settings or {}).items() if name not in of_prices}
    if of_prices and budget is None and count is None:
        raise UsageError(
            f"Setting {next(iter(of_prices))!r}: prices for what?",
            "Give a budget or a count: with them the report tells the best set.",
        )
    if path.suffix.lower() == ".pdf":
        pdf.needed()
    name = ranker or default_ranker(workspace)
    model, dataset = fitted(workspace, name, data=data, brand=brand)
    brand = find_brand(dataset, brand)
    chosen = None
    if budget is not None or count is not None:
        chosen = shortlist(
            workspace,
            brand,
            budget=budget,
            count=count,
            ranker=name,
            price_list=price_list,
            data=data,
            settings=of_prices,
            objective=objective,
            currency=currency,
            followers=followers,
            exclude=exclude,
            not_this=not_this,
        )
    else:
        for word, value in (("Prices", price_list), ("An objective", objective), ("A currency", currency)):
            if value is not None:
                raise UsageError(
                    f"{word} for what?", "Give a budget or a count: with them the report tells the best set."
                )
    check_settings(of_maps, dataset if maps else None, {"price": PriceConfig})
    reader = reader_of(dataset.slots["picture"], of_maps) if maps and "picture" in dataset.slots else None
    if maps and reader is None:
        raise UsageError(
            "Nothing here can read pictures anew, and heat maps need that.",
            "Encode them first: brandfit encode image.classical",
        )
    about = next(row["what"] for row in catalogue("rankers") if row["name"] == name).partition(" (")[0]
    origin = {"Ranker": _model_sentence(workspace, name)}
    influencers = find_influencers(dataset, influencers or ())
    within = bounds(followers, data)
    query = RankingQuery(exclude=list(exclude or ()), not_this=list(not_this or ()))
    everybody = with_guests(workspace, model, dataset=dataset, brand=brand, within=within, shown=influencers)
    listed, everybody = narrowed(everybody, model, dataset=dataset, query=query, within=within)
    listed = with_waiting_notes(workspace, dataset, listed)
    ranking = listed.with_left_out(everybody, influencers)
    left_out = {id: query.exclusion(dataset, brand, influencer=id, within=within) for id in influencers}
    said = gather(
        model,
        dataset,
        ranking=ranking,
        k=k,
        shortlist=chosen,
        maps=reader,
        about=about,
        origin=origin,
        today=None,
        seed=seed,
        progress=progress,
        influencers=influencers,
        left_out={id: one for id, one in left_out.items() if one is not None},
    )
    page = html.render(said)
    with tabular.replacing(path, ENDINGS) as temporary:
        temporary.write_bytes(pdf.write(page) if path.suffix.lower() == ".pdf" else page.encode())
    return said


def _model_sentence(workspace: Workspace, ranker: str) -> str:
    """Which model it was, and whether the data are still those that it was trained on."""
    if ranker not in workspace.model_names():
        return f"{ranker}, which needs no training"
    info = workspace.model_info(ranker)
    now = (
        "before the data changed"
        if ranker in {one.name for one in outdated(workspace).models}
        else "on these data"
    )
    return f"{ranker}, trained {now} by Brandfit {info.get('brandfit', __version__)}, seed {info['seed']}"
