"""brandfit concepts"""

from __future__ import annotations

import click

from brandfit.cli._shared import (
    Command,
    json_option,
    only_data,
    print_json,
    print_table,
    progress,
    seed_option,
    set_option,
    workspace_option,
)


@click.group(short_help="Concepts of accounts and of categories.")
def command() -> None:
    """Show what accounts and categories are about, by named concepts.

    \b
    Examples:
      brandfit concepts show northpeak.outdoor -w demo
      brandfit concepts frequent --ranker simcos -w demo
    """


@command.command(cls=Command)
@click.argument("account")
@click.option("-k", "most", type=click.IntRange(1), default=10, show_default=True, help="Concepts.")
@click.option("--out", type=click.Path(dir_okay=False), help="Draw the radar into this SVG file.")
@workspace_option
@json_option
def show(account: str, *, most: int, out: str | None, workspace: str, as_json: bool) -> None:
    """The concepts of ACCOUNT with their shares, the largest first.

    \b
    Examples:
      brandfit concepts show northpeak.outdoor -w demo
      brandfit concepts show northpeak.outdoor --out chart.svg -w demo
    """
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    with Workspace(workspace) as opened:
        if out:
            shares = pipeline.save_concept_chart(opened, account, out, most=most)
        else:
            shares = pipeline.topics(opened, account, most)
        reason = pipeline.no_topics_reason(opened, account)
    if as_json:
        print_json({"account": account, "concepts": shares, "notes": [reason] if reason else []})
        return
    if not shares:
        click.echo(reason)
        return
    print_table(["concept", "share"], [[name, share] for name, share in shares.items()])
    if out:
        click.echo(f"Written: {out}")


@command.command(cls=Command)
@click.option("--ranker", help="Print the metrics of this ranker by category too.")
@click.option("-k", "most", type=click.IntRange(1), default=5, show_default=True, help="Concepts a category.")
@workspace_option
@seed_option
@set_option
@json_option
def frequent(
    *,
    ranker: str | None,
    most: int,
    workspace: str,
    seed: int,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """The most frequent concepts of each stated category, next to how well a ranker does on its brands.

    \b
    Examples:
      brandfit concepts frequent -w demo
      brandfit concepts frequent --ranker simcos -w demo
    """
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    data = only_data(settings)
    with Workspace(workspace) as opened, progress("concepts frequent", quiet=as_json) as bar:
        result = pipeline.frequent_concepts(
            opened, ranker=ranker, most=most, data=data, seed=seed, progress=bar
        )
    if as_json:
        print_json(result.to_dict())
        return
    metrics = list(next((row.metrics for row in result.rows if row.metrics), {}))
    rows = []
    for row in result.rows:
        concepts = ", ".join(f"{name} {100 * share:.0f} %" for name, share in row.concepts.items())
        judged = [row.brands, *((row.metrics or {}).get(metric) for metric in metrics)] if metrics else []
        rows.append([row.category, row.accounts, *judged, concepts])
    judged_header = ["brands", *metrics] if metrics else []
    print_table(["category", "accounts", *judged_header, "concepts"], rows)
    click.echo(f"Concepts: {result.source}. Accounts without a category or concepts: {result.left_out:,}.")
    if result.ranker:
        click.echo(f"Metrics: {result.ranker} under {result.protocol}, means over the brands of a category.")
