"""brandfit similar"""

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


@click.command(cls=Command, short_help="Find influencers like others, or like a picture.")
@click.argument("accounts", nargs=-1)
@workspace_option
@click.option("--picture", type=click.Path(dir_okay=False), help="In place of accounts: a picture.")
@where_option
@click.option("-k", default=20, show_default=True, type=click.IntRange(min=1), help="How many.")
@out_option
@set_option
@json_option
def command(
    accounts: tuple[str, ...],
    workspace: str,
    *,
    picture: str | None,
    where: str | None,
    k: int,
    out: str | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find influencers like ACCOUNTS (influencers or brands; several: like their mean), or with pictures
    like one.

    \b
    Examples:
      brandfit similar arvid.peaks -k 5 -w demo
      brandfit similar arvid.peaks arvid.kitchen --where "followers:..20k" -w demo
      brandfit similar --picture boots.jpg -w demo
    """
    from brandfit import pipeline
    from brandfit.cli._shared import read_settings
    from brandfit.workspace import Workspace

    own, data = read_settings(settings)
    # A wrong ending is refused before the search.
    if out:
        pipeline.check_file(out)
    with Workspace(workspace) as opened:
        names = pipeline.role_names(opened)
        similar = pipeline.similar(
            opened, accounts, picture=picture, where=where, k=k, data=data, settings=own
        )
    if out:
        pipeline.export_rows(similar.rows, out)
    if as_json:
        print_json(similar.to_dict())
        return
    if similar.sentence:
        click.echo(f"Only: {similar.sentence}.")
    # A column for each slot that any of the influencers was compared by.
    slots, facts = sorted({slot for row in similar.rows for slot in row["slots"]}), similar.columns
    print_table(
        ["", names.influencer, "category", "followers", *facts, "likeness", *(f"like_{s}" for s in slots)],
        [
            [n + 1, r["influencer"], pipeline.category_of(r), r["followers"]]
            + [values[n] for values in facts.values()]
            + [r["likeness"], *(r["slots"].get(s) for s in slots)]
            for n, r in enumerate(similar.rows)
        ],
    )
    click.echo(f"{len(similar.rows):,} of {similar.total:,}.")
    print_counts(similar.total, similar.excluded, what="can be compared")
    print_notes(similar.notes)
