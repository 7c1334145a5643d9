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
    help="How many of the best to pass over.",
)
@out_option
@set_option
@json_option
def command(
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
    """Find influencers by KEYWORDS, best first, and say why each was found; by a condition; or by both.

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

    keywords = tuple(word for word in keywords if word.strip())
    if not keywords and not where:
        raise click.UsageError("Search for what? Give words, or --where with a condition.")
    own, data = read_settings(settings)
    if out:
        pipeline.check_file(out)
    with Workspace(workspace) as opened:
        found = pipeline.search(
            opened, keywords, where=where, sort=sort, k=k, offset=offset, data=data, settings=own
        )
    if out:
        pipeline.export_rows(found.rows, out)
    if as_json:
        print_json(found.to_dict())
        return
    if found.sentence:
        click.echo(f"Only: {found.sentence}.")
    facts = found.columns
    header = ["", "influencer", "category", "followers", *facts, *(["why"] if keywords else [])]
    rows = [
        [offset + n + 1, r["influencer"], pipeline.category_of(r), r["followers"]]
        + [values[n] for values in facts.values()]
        + ([r["why"]] if keywords else [])
        for n, r in enumerate(found.rows)
    ]
    if rows:
        print_table(header, rows)
        click.echo(f"{len(found.rows):,} of {found.total:,}.")
    elif found.total:
        click.echo(f"There are {found.total:,}; --offset {offset} passes over all of them.")
    else:
        click.echo("Nobody was found. Ask for less, or in other words.")
    print_counts(found.total, found.excluded, what="are found")
    print_notes(found.notes)
