"""brandfit undo"""

from __future__ import annotations

import click

from brandfit.cli._shared import Command, json_option, print_json, workspace_option


@click.command(cls=Command, short_help="Take back the last import.")
@workspace_option
@json_option
def command(workspace: str, as_json: bool) -> None:
    """Take back the last import: rows that it added go, rows that it changed or removed are as before.
    Features, models, notes and shortlists stay.

    Only the last import can be taken back, once, and not after an account was forgotten.

    \b
    Example:
      brandfit undo -w work
    """
    from brandfit import pipeline

    undone = pipeline.undo(workspace)
    if as_json:
        print_json(undone.to_dict())
        return
    click.echo(f"Taken back: the import of {undone.source}.")
    for words, counts in (
        ("removed", undone.removed),
        ("set back to their earlier values", undone.restored),
        ("put back", undone.returned),
    ):
        named = [f"{n:,} {table}" for table, n in counts.items() if n]
        if named:
            click.echo(f"{', '.join(named)} {words}.")
    click.echo(f"If features or models were made since: brandfit update -w {workspace}")
