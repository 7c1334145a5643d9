"""brandfit rank"""

from __future__ import annotations

import click

from brandfit.cli._shared import (
    Command,
    dislike_option,
    exposure_option,
    followers_option,
    json_option,
    like_option,
    partners_option,
    print_counts,
    print_json,
    print_table,
    set_option,
    weight_option,
    where_option,
    workspace_option,
)


@click.command(cls=Command, short_help="Rank influencers for a brand.")
@click.argument("brand", required=False)
@workspace_option
@click.option("--ranker", help="Which ranker. Default: brandfit where it has been trained, else simcos.")
@click.option("-k", default=20, show_default=True, type=click.IntRange(min=1), help="How many.")
@click.option(
    "--brief", help="In place of BRAND: a description of what a brand without an account looks for."
)
@click.option(
    "--picture",
    "pictures",
    multiple=True,
    type=click.Path(dir_okay=False),
    help="A picture of the brief; several times.",
)
@partners_option
@where_option
@followers_option
@weight_option
@like_option
@dislike_option
@exposure_option
@set_option
@json_option
def command(  # noqa: PLR0913 - click passes every option by name
    brand: str | None,
    workspace: str,
    *,
    ranker: str | None,
    k: int,
    brief: str | None,
    pictures: tuple[str, ...],
    partners: bool,
    where: str | None,
    followers: str | None,
    weights: tuple[str, ...],
    like: tuple[str, ...],
    dislike: tuple[str, ...],
    exposure: str | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Rank the influencers of the workspace for BRAND, or for a brief, best first.

    \b
    Examples:
      brandfit rank northpeak.outdoor -k 10 -w demo
      brandfit rank northpeak.outdoor --where "followers:..20k" --weight picture=2 --like arvid.peaks -w demo
      brandfit rank northpeak.outdoor --exposure parity -w demo
      brandfit rank --brief "Boots and tents for slow walks in the mountains" --picture boots.jpg -w demo
    """
    from brandfit import pipeline
    from brandfit.cli._shared import only_data, read_settings, refuse_given, weights_of
    from brandfit.search.feedback import reason
    from brandfit.workspace import Workspace

    if brand is None:
        refuse_given(
            {"where", "weights", "like", "dislike", "exposure"},
            "needs a BRAND: a brief ranks all candidates by its words and pictures. Leave it out, or name a "
            "BRAND.",
        )
        refuse_given({"partners"}, "needs a BRAND: a brief has no past partners. Leave it out.")
    if (brand is None) == (brief is None and not pictures):
        raise click.UsageError(
            "There is nothing to rank for. Name a BRAND, or give a --brief or a --picture, not both."
        )
    # A brief is encoded now, so it has settings of encoders; a brand has been encoded before.
    own, data = read_settings(settings) if brand is None else ({}, only_data(settings))
    with Workspace(workspace) as opened:
        if brand is None:
            ranking = pipeline.rank_brief(
                opened,
                brief or "",
                pictures=pictures,
                ranker=ranker,
                k=k,
                data=data,
                settings=own,
                followers=followers,
            )
        else:
            ranking = pipeline.rank(
                opened,
                brand,
                ranker=ranker,
                k=k,
                partners=partners,
                data=data,
                where=where,
                weights=weights_of(weights),
                like=like,
                dislike=dislike,
                followers=followers,
                exposure=exposure,
            )
        names = pipeline.role_names(opened)
        rows = ranking.rows()
        details = pipeline.describe_accounts(
            opened, [r["influencer"] for r in rows], ranker=ranking.ranker, data=data
        )
    if as_json:
        print_json(
            {
                "brand": ranking.brand,
                "ranker": ranking.ranker,
                "dataset": ranking.fingerprint,
                "no_evidence": ranking.no_evidence,
                "not_encoded": dict(ranking.not_encoded),
                "notes": list(ranking.notes),
                "candidates": ranking.among,
                "excluded": [group.to_dict() for group in ranking.excluded],
                "incomplete": [group.to_dict() for group in ranking.incomplete],
                "ranking": [{**r, **d} for r, d in zip(rows, details, strict=True)],
            }
        )
        return
    # A single part is the score itself.
    parts = list(ranking.parts) if len(ranking.parts) > 1 else []
    # Likes and dislikes move influencers; the last column says how far and why.
    has_moves = ranking.moves is not None
    print_table(
        [
            "rank",
            names.influencer,
            "category",
            "followers",
            "score",
            *(f"part_{p}" for p in parts),
            *(["moved"] if has_moves else []),
        ],
        [
            [
                *(r["rank"], r["influencer"], pipeline.category_of(d), d["followers"], r["score"]),
                *(r["parts"][p] for p in parts),
                *([reason(r)] if has_moves else []),
            ]
            for r, d in zip(rows, details, strict=True)
        ],
    )
    print_counts(ranking.among, ranking.excluded, incomplete=ranking.incomplete)
    for note in ranking.notes:
        click.echo(f"Note: {note}")
    # The part before a hyphen is the registered name.
    used = ranking.ranker.partition("-")[0]
    if not ranker and used != "brandfit":
        click.echo(
            f"Note: ranked by {used}, because brandfit has not been trained: brandfit train brandfit -w "
            f"{workspace}"
        )
