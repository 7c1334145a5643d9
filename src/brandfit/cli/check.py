"""brandfit check"""

from __future__ import annotations

import click

from brandfit.cli._shared import Command, json_option, only_data, print_json, set_option, workspace_option


@click.command(cls=Command, short_help="Count the faults of the data, with examples.")
@workspace_option
@set_option
@json_option
def command(workspace: str, settings: tuple[str, ...], as_json: bool) -> None:
    """Check the data of a workspace: counts, faults with examples, distributions of followers, posts and
    engagement; and features, profiles and models that are older than the data.

    \b
    Example:
      brandfit check -w demo
    """
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    with Workspace(workspace) as opened:
        result = pipeline.check(opened, only_data(settings))
        old = pipeline.outdated(opened)
    if as_json:
        print_json({**result.to_dict(), "outdated": old.to_dict()})
        return
    # Faults first; what is out of date is the consequence of an import, not a fault.
    click.echo(result.to_text())
    if not old:
        return
    click.echo("\nOut of date:")
    for sentence in old.sentences:
        click.echo(f"  {sentence}")
    if old.can_update:
        click.echo(f"To bring it up to date: brandfit update -w {workspace}")
