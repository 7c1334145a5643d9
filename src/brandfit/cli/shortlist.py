"""brandfit shortlist"""

from __future__ import annotations

from collections.abc import Sequence

import click

from brandfit.cli._shared import (
    Amount,
    followers_option,
    json_option,
    out_option,
    print_counts,
    print_json,
    print_notes,
    print_table,
    set_option,
    where_option,
    workspace_option,
)


def _limits(pairs: Sequence[str]) -> dict[str, int]:
    """``followers:..10k=2`` to condition and number."""
    found = {}
    for pair in pairs:
        condition, _, number = pair.rpartition("=")
        if not condition or not number.strip().isdigit():
            raise click.UsageError(f"A limit is written CONDITION=NUMBER, found {pair!r}: category:food=2")
        found[condition.strip()] = int(number)
    return found


@click.command(short_help="Choose the best set under a budget.")
@click.argument("brand")
@workspace_option
@click.option("--budget", type=Amount(), help="What all together may cost.")
@click.option("--count", type=click.IntRange(min=1), help="How many at most.")
@click.option("--prices", "price_list", type=click.Path(dir_okay=False), help="CSV of account and price; others are estimated.")
@where_option
@followers_option
@click.option("--at-least", multiple=True, metavar="CONDITION=N", help="Of these N must be there; several times.")
@click.option("--at-most", multiple=True, metavar="CONDITION=N", help="Of these N may be there; several times.")
@click.option("--exclude", multiple=True, help="Not this one; several times. Past partners are left out anyway.")
@click.option("--ranker", help="Which ranker. Default: brandfit where it has been trained, else simcos.")
@out_option
@set_option
@json_option
def command(
    brand: str,
    workspace: str,
    budget: float | None,
    count: int | None,
    price_list: str | None,
    where: str | None,
    followers: str | None,
    at_least: tuple[str, ...],
    at_most: tuple[str, ...],
    exclude: tuple[str, ...],
    ranker: str | None,
    out: str | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Choose the set of influencers for BRAND that reaches most people with a match, whoever follows two counted once.

    \b
    Examples:
      brandfit shortlist northpeak.outdoor --budget 2000 -w demo
      brandfit shortlist northpeak.outdoor --count 5 --at-most "followers:50k..=1" --at-least "category:travel=2" -w demo
      brandfit shortlist northpeak.outdoor --budget 2000 --out shortlist.xlsx -w demo
      brandfit shortlist northpeak.outdoor --budget 2000 --prices prices.csv --set price.per_thousand=8 -w demo
    """
    from brandfit import pipeline
    from brandfit.cli._shared import read_settings
    from brandfit.workspace import Workspace

    own, data = read_settings(settings)
    if out:
        pipeline.check_file(out)
    with Workspace(workspace) as opened:
        found = pipeline.shortlist(
            opened,
            brand,
            budget,
            count,
            ranker,
            where,
            _limits(at_least),
            _limits(at_most),
            exclude,
            price_list,
            data,
            own,
            followers,
        )
    if out:
        pipeline.export_rows(found.to_dict()["picks"], out)
    if as_json:
        print_json(found.to_dict())
        return
    if not found.picks:
        click.echo("Nobody can be chosen.")
        print_counts(found.among, found.excluded)
        print_notes(found.notes)
        return
    print_table(
        [
            "",
            "influencer",
            "rank",
            "match" if found.match_is == "probability" else found.match_is,
            "followers",
            "price",
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
                round(p.price),
                *([None, None] if p.given else [round(p.price_low), round(p.price_high)]),
                round(p.adds),
                p.shared,
            ]
            for n, p in enumerate(found.picks, 1)
        ],
    )
    middle, low, high = found.price
    click.echo(f"Price: {middle:,.0f}" + (f" ({low:,.0f} to {high:,.0f})" if low < high else "") + ".")
    first = f"{found.ranked_reach:,.0f}" if found.ranked_reach is not None else "they do not keep them"
    won = f"Expected to win {found.reach:,.0f} people" if found.match_is == "probability" else f"Weighed reach {found.reach:,.0f}"
    click.echo(
        f"{won}; the first of the ranking within the same limits: {first}. "
        f"At least {100 * found.at_least:.0f} % of what any set could reach."
    )
    print_counts(found.among, found.excluded)
    print_notes(found.notes)
