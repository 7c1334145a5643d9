"""brandfit forget"""

from __future__ import annotations

import click

from brandfit.cli._shared import Command, json_option, print_json, print_table, workspace_option


@click.command(cls=Command, short_help="Erase an account for good, and keep it out of later imports.")
@click.argument("accounts", nargs=-1)
@workspace_option
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
def command(accounts: tuple[str, ...], workspace: str, *, yes: bool, as_json: bool) -> None:
    """Remove ACCOUNT from rows, pictures, features, models and caches. It cannot be undone; later imports
    leave it out.

    Without ACCOUNT, finish an erasure that was stopped. Exit code 4 if files that Brandfit did not write
    still contain the account.

    \b
    Examples:
      brandfit forget arvid.peaks -w demo
      brandfit forget arvid.peaks --yes --json -w demo
    """
    import sys

    from brandfit import pipeline
    from brandfit.erasure import count_rows
    from brandfit.service.store.erasure import ServiceEraser
    from brandfit.workspace import Workspace

    with Workspace(workspace) as opened:
        # The question goes to stderr, so that --json stays clean on stdout.
        if accounts and not yes:
            n_rows_by_table = count_rows(opened, accounts)
            rows = ", ".join(f"{count:,} {name}" for name, count in n_rows_by_table.items())
            if not click.confirm(f"Forget {', '.join(accounts)} ({rows})? It cannot be undone.", err=True):
                click.echo("Nothing was forgotten.", err=True)
                sys.exit(130)
        result = pipeline.forget(opened, accounts, [ServiceEraser(opened.path)])
    if as_json:
        print_json(result.to_dict())
    else:
        cleaned = result.removed
        print_table(
            ["removed", "rows"], [[name, count] for name, count in result.rows.items() if name != "redacted"]
        )
        click.echo(f"Taken out of {result.rows['redacted']:,} rows of others.")
        if cleaned.units:
            click.echo(f"Encoded contents that nothing refers to any more, removed: {cleaned.units:,}.")
        if cleaned.features:
            counts = ", ".join(f"{name} {count:,}" for name, count in cleaned.features.items())
            click.echo(f"Rows taken out of features (the others are unchanged): {counts}.")
        for name, reason in (*cleaned.dropped.items(), *cleaned.models.items()):
            click.echo(f"Dropped {name}: {reason}.")
        # Weights cannot forget a single account.
        if cleaned.weights:
            names = ", ".join(cleaned.weights)
            click.echo(
                f"Kept {names}: weights, which have learned from the account too. Train again for weights "
                "that have not."
            )
        # Commands to type, with the settings of before.
        if result.again:
            click.echo("To make again what was dropped:")
            for line in result.again:
                click.echo(f"  {line}")
        for file, content in cleaned.foreign.items():
            click.echo(
                click.style("Still there: ", fg="red")
                + f"{file} holds {content}. It is not Brandfit's: delete or correct it."
            )
        click.echo(f"Workspace {workspace}, fingerprint {result.fingerprint[:12]}, {result.seconds:.1f} s")
    if result.removed.foreign:
        sys.exit(4)
