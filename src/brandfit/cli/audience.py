"""brandfit audience"""

from __future__ import annotations

import click

from brandfit.cli._shared import Command, json_option, print_json, print_table, set_option, workspace_option


@click.command(cls=Command, short_help="Look at the audience of an account.")
@click.argument("account")
@workspace_option
@click.option(
    "--with", "other", metavar="ACCOUNT", help="Compare with the audience of this brand or influencer."
)
@set_option
@json_option
def command(
    account: str, workspace: str, *, other: str | None, settings: tuple[str, ...], as_json: bool
) -> None:
    """Describe the known audience of ACCOUNT, a brand or influencer: what it says and likes, which accounts
    share it, and how genuine it looks compared with peers of the same size. Each number comes with its
    confidence; there is no verdict.

    \b
    Examples:
      brandfit audience arvid.peaks -w demo
      brandfit audience arvid.peaks --with northpeak.outdoor -w demo
      brandfit search --where "audience_match:northpeak.outdoor>=80% and not comment_repetition:30%.." -w demo
    """
    from brandfit import pipeline
    from brandfit.cli._shared import only_data, refuse_slots
    from brandfit.workspace import Workspace

    # An audience is described by its concepts and compared by its own features; other slots are not read.
    data = only_data(settings)
    refuse_slots(data, subject="an audience", read=("concept", "audience"))
    with Workspace(workspace) as opened:
        audience = pipeline.audience(opened, account, other=other, data=data)
    if as_json:
        print_json(audience.to_dict())
        return
    for sentence in audience.sentences:
        click.echo(sentence)
    if audience.view.shared:
        click.echo("\nWho shares most of it:")
        print_table(
            ["account", "people", "share", "from", "to", "of theirs"],
            [
                [other.account, other.common, other.share, other.low, other.high, other.back]
                for other in audience.view.shared
            ],
        )
    click.echo("\nHow genuine it looks, and how sure the place among peers is:")
    for hint in audience.hints:
        click.echo(f"{hint.confidence or '-':7} {hint.sentence}")
    for note in audience.view.notes:
        click.echo(f"Note: {note}")
