"""brandfit brands"""

from __future__ import annotations

import click

from brandfit.cli._shared import (
    Command,
    followers_option,
    json_option,
    print_counts,
    print_json,
    print_notes,
    print_table,
    set_option,
    workspace_option,
)


@click.command(cls=Command, short_help="Rank brands for an influencer.")
@click.argument("influencer")
@workspace_option
@click.option("--with", "brand", metavar="BRAND", help="This one alone: does it suit both sides?")
@click.option("--ranker", help="Which ranker. Default: brandfit where it has been trained, else simcos.")
@click.option("-k", default=20, show_default=True, type=click.IntRange(min=1), help="How many.")
@click.option("--partners", is_flag=True, help="Past partners too; they are left out otherwise.")
@followers_option
@set_option
@json_option
def command(  # noqa: PLR0913 - click passes every option by name
    influencer: str,
    workspace: str,
    *,
    brand: str | None,
    ranker: str | None,
    k: int,
    partners: bool,
    followers: str | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Rank the brands of the workspace for INFLUENCER, best first: by the probability that they work together
    if the ranker gives one, else by the influencer's place among the candidates of each brand. Scores of
    different brands cannot be compared.

    \b
    Examples:
      brandfit brands arvid.peaks -k 5 -w demo
      brandfit brands arvid.peaks --with northpeak.outdoor -w demo
    """
    from brandfit import pipeline
    from brandfit.cli._shared import only_data, refuse_given
    from brandfit.data.candidates import listed
    from brandfit.workspace import Workspace

    # One pair has no list, so there is nothing to cut or to add partners to.
    if brand is not None:
        refuse_given({"k", "partners"}, "is for the list of brands; --with names one. Leave one of them out.")
    data = only_data(settings)
    with Workspace(workspace) as opened:
        if brand is not None:
            both = pipeline.pair(
                opened, brand, influencer=influencer, ranker=ranker, data=data, followers=followers
            )
            if as_json:
                print_json(both.to_dict())
            else:
                click.echo(both.sentence)
                click.echo(both.joint_sentence)
                print_notes(both.notes)
            return
        ranked = pipeline.brands_for(
            opened, influencer, ranker=ranker, partners=partners, data=data, followers=followers
        )
        names = pipeline.role_names(opened)
        rows = ranked.brands[:k]
        details = pipeline.describe_accounts(
            opened, [row.brand for row in rows], ranker=ranked.ranker, data=data
        )
    if as_json:
        result = ranked.to_dict(k)
        result["brands"] = [
            {**row, **account} for row, account in zip(result["brands"], details, strict=True)
        ]
        print_json(result)
        return
    # Without probabilities the order is by place, and there is no chance to print.
    chance = ["chance", "from", "to"] if ranked.by == "probability" else []
    print_table(
        ["rank", names.brand, "category", *chance, "place", "of candidates"],
        [
            [
                row.rank,
                row.brand,
                pipeline.category_of(d),
                *(row.probability or ()),
                row.candidate_rank,
                row.among,
            ]
            for row, d in zip(rows, details, strict=True)
        ],
    )
    compared = ranked.candidates
    click.echo(
        f"By {ranked.by}; place: of {ranked.influencer} among the candidates of each {names.brand} "
        f"({compared.bounds.sentence})."
    )
    # Brands without partners or posts cannot be ranked.
    if ranked.excluded:
        total = len(ranked.brands) + sum(group.count for group in ranked.excluded)
        click.echo(
            f"{len(ranked.brands):,} of {total:,} {names.brands}. Left out: {listed(ranked.excluded)}."
        )
    print_counts(len(compared.ids), compared.excluded, incomplete=compared.incomplete)
    for note in ranked.notes:
        click.echo(f"Note: {note}")
