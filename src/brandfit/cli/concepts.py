"""brandfit concepts"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from brandfit.cli._shared import (
    Command,
    json_option,
    only_data,
    print_json,
    print_notes,
    print_table,
    progress,
    seed_option,
    set_option,
    workspace_option,
)

if TYPE_CHECKING:
    from brandfit.pipeline.concept_lists import ConceptDensity


@click.group(short_help="Concepts of accounts and categories, and lists of them.")
def command() -> None:
    """Show what accounts and categories are about, by named concepts, and make lists of concepts.

    \b
    Examples:
      brandfit concepts build concepts.csv -w demo
      brandfit concepts count -w demo
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
        notes = pipeline.topics_notes(opened, account)
    if as_json:
        print_json({"account": account, "concepts": shares, "notes": list(notes)})
        return
    if shares:
        print_table(["concept", "share"], [[name, share] for name, share in shares.items()])
    print_notes(notes)
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
        names = pipeline.role_names(opened)
    if as_json:
        print_json(result.to_dict())
        return
    metrics = list(next((row.metrics for row in result.rows if row.metrics), {}))
    rows = []
    for row in result.rows:
        concepts = ", ".join(f"{name} {100 * share:.0f} %" for name, share in row.concepts.items())
        judged = [row.brands, *((row.metrics or {}).get(metric) for metric in metrics)] if metrics else []
        rows.append([row.category, row.accounts, *judged, concepts])
    judged_header = [names.brands, *metrics] if metrics else []
    print_table(["category", "accounts", *judged_header, "concepts"], rows)
    print_notes(result.notes)
    click.echo(f"Concepts: {result.source}. Accounts without a category or concepts: {result.left_out:,}.")
    if result.ranker:
        click.echo(
            f"Metrics: {result.ranker} under {result.protocol}, means over the {names.brands} of a category."
        )


@command.command(cls=Command)
@click.argument("file", type=click.Path(dir_okay=False))
@workspace_option
@click.option("--from", "sources", multiple=True, help="Source of terms; may be repeated. [default: all]")
@click.option("--first", default="built-in", show_default=True, help="List to begin with: a file, or none.")
@click.option("--wordnet", type=click.Path(dir_okay=False), help="WordNet as JSON lines, to merge words.")
@click.option("--posts", type=click.IntRange(1), default=20, show_default=True, help="That a concept needs.")
@click.option("--accounts", type=click.IntRange(1), default=3, show_default=True, help="Of these posts.")
@click.option(
    "--profiles", type=click.IntRange(1), default=5, show_default=True, help="That are enough without posts."
)
@click.option("-k", "most", type=click.IntRange(1), default=1000, show_default=True, help="Concepts at most.")
@json_option
def build(  # noqa: PLR0913 - click passes every option by name
    *,
    file: str,
    workspace: str,
    sources: tuple[str, ...],
    first: str,
    wordnet: str | None,
    posts: int,
    accounts: int,
    profiles: int,
    most: int,
    as_json: bool,
) -> None:
    """Write a list of concepts for review into FILE (.csv or .xlsx).

    Terms come from hashtags, captions, descriptions of pictures, biographies and business categories. They
    are merged by the first list, by WordNet and by co-occurrence. Review the file: write no in the column
    keep for words that are no concepts. Then name it in the setting taxonomy of an encoder.

    \b
    Examples:
      brandfit concepts build concepts.csv -w demo
      brandfit concepts build attributes.csv --from biographies --from business_categories -w demo
      brandfit encode concept.bag --set taxonomy=concepts.csv -w demo
    """
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    bounds = pipeline.ConceptBounds(posts=posts, accounts=accounts, profiles=profiles, most=most)
    with Workspace(workspace) as opened, progress("concepts build", quiet=as_json) as bar:
        made = pipeline.build_concepts(
            opened,
            file,
            sources=sources or None,
            first=first,
            wordnet=wordnet,
            bounds=bounds,
            progress=bar,
        )
    if as_json:
        print_json(made.to_dict())
        return
    click.echo(
        f"{made.concepts:,} concepts are in {made.file}, {made.new:,} of them new. They come from "
        f"{made.posts:,} posts and {made.accounts:,} accounts."
    )
    for way, n in made.merged.items():
        click.echo(f"Words that joined a concept by {way}: {n:,}.")
    _print_density(made.density)
    rows = [[reason, terms.n, ", ".join(terms.examples)] for reason, terms in made.left_out.items()]
    if rows:
        print_table(["left out", "terms", "for example"], rows)
    command = f"brandfit encode concept.bag --set taxonomy={made.file} -w {workspace}"
    click.echo(f"Next: write no in the column keep for words that are no concepts, then: {command}")


@command.command(cls=Command)
@click.argument("features", required=False)
@click.option("--taxonomy", type=click.Path(dir_okay=False), help="Count this list in posts and profiles.")
@workspace_option
@json_option
def count(*, features: str | None, taxonomy: str | None, workspace: str, as_json: bool) -> None:
    """How many concepts posts and accounts have: by FEATURES, or by a list of concepts.

    \b
    Examples:
      brandfit concepts count -w demo
      brandfit concepts count concept.bag -w demo
      brandfit concepts count --taxonomy concepts.csv -w demo
    """
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    with Workspace(workspace) as opened:
        density = pipeline.concept_density(opened, features, taxonomy=taxonomy)
    if as_json:
        print_json(density.to_dict())
        return
    click.echo(f"Concepts: {density.source}.")
    _print_density(density)


def _print_density(density: ConceptDensity) -> None:
    for noun, numbers in (("a post", density.posts), ("an account", density.accounts)):
        if numbers.mean is not None:
            click.echo(
                f"Concepts of {noun}: {numbers.mean:.1f} on average, median {numbers.median:g}; "
                f"{numbers.without:,} of {numbers.total:,} have none."
            )
    print_notes(density.notes)
    click.echo("CAMERA's paper reports about 10 concepts a post and 20 an account.")
