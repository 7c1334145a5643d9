"""brandfit check"""

from __future__ import annotations

import click

from brandfit.cli._shared import Command, json_option, only_data, print_json, set_option, workspace_option


@click.command(cls=Command, short_help="Count the faults of the data, with examples.")
@workspace_option
@click.option(
    "--plots",
    type=click.Path(file_okay=False),
    help="Folder for plots: followers, followees and posts; pictures of each category.",
)
@set_option
@json_option
def command(workspace: str, *, plots: str | None, settings: tuple[str, ...], as_json: bool) -> None:
    """Check the data of a workspace: counts, faults with examples, distributions of followers, posts and
    engagement; and features, profiles and models that are older than the data.

    \b
    Example:
      brandfit check -w demo
      brandfit check --plots plots -w demo
    """
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    with Workspace(workspace) as opened:
        result = pipeline.check(opened, only_data(settings))
        old = pipeline.outdated(opened)
        files = pipeline.plot_data(opened, plots) if plots else []
    if as_json:
        written = {"plots": list(map(str, files))} if plots else {}
        print_json({**result.to_dict(), "outdated": old.to_dict(), **written})
        return
    # Faults first; what is out of date is the consequence of an import, not a fault.
    click.echo(result.to_text())
    if plots:
        click.echo(f"Written: {', '.join(map(str, files)) or 'nothing, there are no counts and no pictures'}")
    if not old:
        return
    click.echo("\nOut of date:")
    for sentence in old.sentences:
        click.echo(f"  {sentence}")
    if old.can_update:
        click.echo(f"To bring it up to date: brandfit update -w {workspace}")
