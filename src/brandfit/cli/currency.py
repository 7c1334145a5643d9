"""brandfit currency"""

from __future__ import annotations

import click

from brandfit.cli._shared import Command, json_option, print_json, workspace_option


@click.command(cls=Command, short_help="Show or set the currency of prices and budgets.")
@click.argument("code", required=False)
@workspace_option
@json_option
def command(code: str | None, workspace: str, as_json: bool) -> None:
    """Show the currency of prices and budgets of the workspace, or set it to CODE (ISO 4217, or none).

    It is a label: no price is converted. `--currency` of shortlist and export overrides it.

    \b
    Examples:
      brandfit currency EUR -w demo
      brandfit currency -w demo
    """
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    with Workspace(workspace) as opened:
        if code is not None:
            # An empty code removes the currency.
            pipeline.set_currency(opened, "" if code.lower() == "none" else code)
        now = pipeline.currency_of(opened)
    if as_json:
        print_json({"currency": now or None})
    else:
        click.echo(
            f"Prices and budgets are taken to be in {now}. Nothing is converted."
            if now
            else "No currency is set."
        )
