"""brandfit update"""

from __future__ import annotations

import click

from brandfit.cli._shared import Command, json_option, print_json, progress, workspace_option


@click.command(
    cls=Command, short_help="Encode new and changed content, and make outdated profiles and models again."
)
@workspace_option
@json_option
def command(workspace: str, as_json: bool) -> None:
    """Bring a workspace up to date after an import: encode new and changed posts and accounts, then make
    outdated profiles and models again, each with the settings that it was made with. `brandfit
    check` lists what is out of date.

    \b
    Example:
      brandfit update -w demo
    """
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    with Workspace(workspace) as opened:
        # Read before the update, to know whether there was anything to do.
        before = pipeline.outdated(opened)
        with progress("update", quiet=as_json) as bar:
            done = pipeline.update(opened, bar)
    if as_json:
        print_json(done.to_dict())
        return
    for verb, names in (
        ("Encoded", done.features),
        ("Profiled again", done.profiles),
        ("Trained again", done.models),
    ):
        if names:
            click.echo(f"{verb}: {', '.join(names)}.")
    if not before:
        click.echo("Everything is up to date.")
    # What could not be made again, with the reason.
    for sentence in done.left.sentences:
        click.echo(f"Still out of date: {sentence}")
