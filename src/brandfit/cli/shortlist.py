"""brandfit shortlist"""

from __future__ import annotations

import click

from brandfit.cli._shared import (
    Amount,
    Command,
    currency_option,
    followers_option,
    json_option,
    objective_option,
    out_option,
    print_counts,
    print_json,
    print_notes,
    print_table,
    set_option,
    where_option,
    workspace_option,
)


@click.command(cls=Command, short_help="Choose the best set under a budget.")
@click.argument("brand")
@workspace_option
@click.option("--budget", type=Amount(), help="The most that the set may cost.")
@click.option("--count", type=click.IntRange(min=1), help="How many at most.")
@click.option(
    "--prices",
    "price_list",
    type=click.Path(dir_okay=False),
    help="CSV of account and price; others are estimated.",
)
@where_option
@followers_option
@click.option(
    "--at-least",
    multiple=True,
    metavar="CONDITION=N",
    help="At least N of the set fulfil this; several times.",
)
@click.option(
    "--at-most", multiple=True, metavar="CONDITION=N", help="At most N of the set fulfil this; several times."
)
@click.option(
    "--exclude", multiple=True, help="Leave this one out; several times. Past partners are always left out."
)
@click.option("--ranker", help="Which ranker. Default: brandfit where it has been trained, else simcos.")
@objective_option
@currency_option
@out_option
@set_option
@json_option
def command(  # noqa: PLR0913 - click passes every option by name
    brand: str,
    workspace: str,
    *,
    budget: float | None,
    count: int | None,
    price_list: str | None,
    where: str | None,
    followers: str | None,
    at_least: tuple[str, ...],
    at_most: tuple[str, ...],
    exclude: tuple[str, ...],
    ranker: str | None,
    objective: str | None,
    currency: str | None,
    out: str | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Choose the set of influencers for BRAND with the largest match-weighted reach, or of another
    --objective, within limits.

    \b
    Examples:
      brandfit shortlist northpeak.outdoor --budget 2000 -w demo
      brandfit shortlist northpeak.outdoor --count 5 --at-most "followers:50k..=1" \\
        --at-least "category:travel=2" -w demo
      brandfit shortlist northpeak.outdoor --budget 2000 --out shortlist.xlsx -w demo
      brandfit shortlist northpeak.outdoor --budget 2000 --objective engagement --currency EUR -w demo
      brandfit shortlist northpeak.outdoor --budget 2000 --prices prices.csv \\
        --set price.per_thousand=8 -w demo
    """
    from brandfit import pipeline
    from brandfit.campaign.constraints import read_limits
    from brandfit.campaign.figures import figures, verdict
    from brandfit.cli._shared import read_settings
    from brandfit.workspace import Workspace

    own, data = read_settings(settings)
    # A wrong ending is refused before the search for the set.
    if out:
        pipeline.check_file(out)
    with Workspace(workspace) as opened:
        names = pipeline.role_names(opened)
        chosen = pipeline.shortlist(
            opened,
            brand,
            budget=budget,
            count=count,
            ranker=ranker,
            where=where,
            at_least=read_limits(at_least),
            at_most=read_limits(at_most),
            exclude=exclude,
            price_list=price_list,
            data=data,
            settings=own,
            followers=followers,
            objective=objective,
            currency=currency,
        )
    if out:
        pipeline.export_priced(chosen.rows(), out, chosen.currency)
    if as_json:
        print_json(chosen.to_dict())
        return
    if not chosen.picks:
        click.echo(f"No {names.influencer} can be chosen.")
        print_counts(chosen.among, chosen.excluded)
        print_notes(chosen.notes)
        return
    # Stated prices have no interval.
    price = f"price {chosen.currency}".rstrip()
    print_table(
        [
            "",
            names.influencer,
            "rank",
            chosen.match_is,
            "followers",
            "engagement",
            "from",
            "to",
            price,
            "from",
            "to",
            "adds",
            "shared",
        ],
        [
            [
                n,
                p.influencer,
                p.rank,
                p.match,
                p.followers,
                *map(_rounded, (p.engagement, p.engagement_low, p.engagement_high, p.price)),
                *([None, None] if p.price_is_stated else map(_rounded, (p.price_low, p.price_high))),
                _rounded(p.adds),
                p.shared,
            ]
            for n, p in enumerate(chosen.picks, 1)
        ],
    )
    click.echo(verdict(chosen))
    for figure in figures(chosen):
        click.echo(str(figure))
    print_counts(chosen.among, chosen.excluded)
    print_notes(chosen.notes)


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)
