"""brandfit roles"""

from __future__ import annotations

import click

from brandfit.cli._shared import Command, json_option, print_json, workspace_option


@click.command(cls=Command, short_help="Show or set the words for brands and influencers.")
@click.argument("brand", required=False)
@click.argument("influencer", required=False)
@workspace_option
@json_option
def command(brand: str | None, influencer: str | None, *, workspace: str, as_json: bool) -> None:
    """Show what the workspace calls brands and influencers, or set the words to BRAND and INFLUENCER.

    For rankings of other things: shops and recipes, films and viewers. A word is `shop`, or
    `company/companies` if the plural is not regular. Tables that are imported may use the words as roles and
    columns, and headings and pages show them. JSON keeps its names. A workspace that does not exist is made.

    \b
    Examples:
      brandfit roles shop recipe -w kitchen
      brandfit roles company/companies person/people -w work
      brandfit roles brand influencer -w work
      brandfit roles -w work
    """
    from brandfit import pipeline
    from brandfit.errors import UsageError
    from brandfit.workspace import Workspace, new_workspace

    if brand is None:
        with Workspace(workspace) as opened:
            names = pipeline.role_names(opened)
    elif influencer is None:
        raise UsageError(
            "Two words are needed, one for each side.", f"For example: brandfit roles {brand} recipe"
        )
    else:
        with new_workspace(workspace) as opened:
            names = pipeline.set_role_names(opened, brand, influencer=influencer)
    if as_json:
        print_json(names.to_dict())
    else:
        click.echo(f"{names.influencers.capitalize()} are ranked for {names.brands}.")
