"""brandfit search"""

from __future__ import annotations

import click

from brandfit.cli._shared import (
    Command,
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


@click.command(cls=Command, short_help="Find influencers by words and filters.")
@click.argument("keywords", nargs=-1)
@workspace_option
@where_option
@click.option("--sort", help="A fact in place of the match, the largest first; -followers for the smallest.")
@click.option("-k", default=20, show_default=True, type=click.IntRange(min=1), help="How many.")
@click.option(
    "--offset",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="How many of the best to skip.",
)
@out_option
@set_option
@json_option
def command(  # noqa: PLR0913 - click passes every option by name
    keywords: tuple[str, ...],
    workspace: str,
    *,
    where: str | None,
    sort: str | None,
    k: int,
    offset: int,
    out: str | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find influencers by KEYWORDS, best first, with the reason for each; by a condition; or by both.

    \b
    Examples:
      brandfit search hiking boots -w demo
      brandfit search 'hiking "slow travel" -food' -w demo
      brandfit search recipe --where "followers:5k..30k and engagement:3%.." -w demo
      brandfit search recipe -k 200 --out recipe.xlsx -w demo
      brandfit search --where "category:pet and not worked_with:pawmeadow.treats" --sort engagement -w demo
    """
    from brandfit import pipeline
    from brandfit.cli._shared import read_settings
    from brandfit.workspace import Workspace

    # Empty words come from shell variables that are not set.
    keywords = tuple(word for word in keywords if word.strip())
    if not keywords and not where:
        raise click.UsageError("There is nothing to search for. Give words, or --where with a condition.")
    own, data = read_settings(settings)
    # A wrong ending is refused before the search.
    if out:
        pipeline.check_file(out)
    with Workspace(workspace) as opened:
        names = pipeline.role_names(opened)
        matches = pipeline.search(
            opened, keywords, where=where, sort=sort, k=k, offset=offset, data=data, settings=own
        )
    if out:
        pipeline.export_rows(matches.rows, out)
    if as_json:
        print_json(matches.to_dict())
        return
    if matches.sentence:
        click.echo(f"Only: {matches.sentence}.")
    facts = matches.columns
    header = ["", names.influencer, "category", "followers", *facts, *(["why"] if keywords else [])]
    rows = [
        [offset + n + 1, r["influencer"], pipeline.category_of(r), r["followers"]]
        + [values[n] for values in facts.values()]
        + ([r["why"]] if keywords else [])
        for n, r in enumerate(matches.rows)
    ]
    # Three cases: a page of results, a page after the last one, and no result at all.
    if rows:
        print_table(header, rows)
        click.echo(f"{len(matches.rows):,} of {matches.total:,}.")
    elif matches.total:
        click.echo(f"There are {matches.total:,}; --offset {offset} skips all of them.")
    else:
        click.echo(f"No {names.influencer} was found. Use fewer or other words, or a wider condition.")
    print_counts(matches.total, matches.excluded, what="are found")
    print_notes(matches.notes)
