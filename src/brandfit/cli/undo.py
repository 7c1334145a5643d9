"""brandfit undo"""

from __future__ import annotations

import click

from brandfit.cli._shared import Command, json_option, print_json, workspace_option


@click.command(cls=Command, short_help="Take back the last import.")
@workspace_option
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
def command(workspace: str, *, yes: bool, as_json: bool) -> None:
    """Take back the last import: rows that it added go, rows that it changed or removed are as before.
    Features, models, notes and shortlists stay.

    Only the last import can be taken back, once, and not after an account was forgotten.

    \b
    Example:
      brandfit undo -w work
      brandfit undo --yes -w work
    """
    import sys

    from brandfit import pipeline
    from brandfit.workspace import Workspace

    with Workspace(workspace) as opened:
        last = opened.last_import()
        # The question goes to stderr, so that --json stays clean on stdout.
        if last is not None and not (yes or click.confirm(f"Undo the import of {last.source}?", err=True)):
            click.echo("Nothing was changed.", err=True)
            sys.exit(130)
        # An import that another process made meanwhile is not taken back instead.
        undone = pipeline.undo(opened, last.number if last is not None else None)
    if as_json:
        print_json(undone.to_dict())
        return
    click.echo(f"Taken back: the import of {undone.source}.")
    for words, counts in (
        ("removed", undone.removed),
        ("set back to their earlier values", undone.restored),
        ("put back", undone.returned),
    ):
        named = []
        for table, n in counts.items():
            if n:
                named.append(f"{n:,} {table.removesuffix('s') if n == 1 else table}")
        if named:
            click.echo(f"{', '.join(named)} {words}.")
    click.echo(f"If features or models were made since: brandfit update -w {workspace}")
