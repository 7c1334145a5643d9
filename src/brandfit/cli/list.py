"""brandfit list"""

from __future__ import annotations

import click

from brandfit.cli._shared import (
    Command,
    json_option,
    only_data,
    print_json,
    print_table,
    refuse_given,
    refuse_slots,
    set_option,
    workspace_option,
)
from brandfit.listings import CATALOGUES, LISTINGS

KINDS = (*CATALOGUES, "experiments", *LISTINGS)


@click.command("list", cls=Command, short_help="List rankers, encoders, brands, features ...")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name", required=False)
@workspace_option
@set_option
@json_option
def command(kind: str, name: str | None, *, workspace: str, settings: tuple[str, ...], as_json: bool) -> None:
    """List KIND. `settings` takes the NAME of an importer, encoder, profiler, ranker or protocol and lists
    its settings. `differences` says how rankers differ from their papers; NAME is one of them.

    \b
    Examples:
      brandfit list rankers
      brandfit list brands -w demo
      brandfit list settings wsim
      brandfit list differences wsim
    """
    from brandfit import pipeline
    from brandfit.config import refuse_unread
    from brandfit.workspace import Workspace

    if kind not in ("settings", "differences"):
        refuse_given(
            {"name"},
            f"is for settings; {kind} are listed in full. Leave it out, or: brandfit list settings NAME",
        )
    data = only_data(settings)
    if kind not in LISTINGS:
        refuse_unread(data, {})
    if kind == "influencers":
        refuse_slots(data, subject="the list of influencers")
    if kind in LISTINGS:
        with Workspace(workspace) as opened:
            rows = pipeline.listing(kind, opened, data)
    elif kind == "experiments":
        from brandfit.experiments import (
            Experiment,
            ProfilerExperiment,
            available,
            available_profiler_experiments,
        )

        tables: dict[str, Experiment | ProfilerExperiment] = {
            **available(),
            **available_profiler_experiments(),
        }
        rows = [{"name": name, "what": table.title, "source": table.source} for name, table in tables.items()]
    else:
        rows = pipeline.catalogue(kind, name)
    if as_json:
        print_json(rows)
    elif kind == "differences":
        # Sentences, not columns: they are longer than a line.
        for row in rows:
            click.echo(f"{row['ranker']}: {row['difference']}")
        if not rows:
            click.echo(f"{name} follows no paper.")
    elif rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    else:
        click.echo(f"{name} has no settings." if kind == "settings" else f"There are no {kind} yet.")
