"""brandfit forget"""

from __future__ import annotations

import click

from brandfit.cli._shared import Command, json_option, print_json, print_table, workspace_option


@click.command(cls=Command, short_help="Forget an account for good, and keep it out of later imports.")
@click.argument("accounts", nargs=-1)
@workspace_option
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
def command(accounts: tuple[str, ...], workspace: str, *, yes: bool, as_json: bool) -> None:
    """Remove ACCOUNT from rows, pictures, features, models and caches. It cannot be undone; later imports
    leave it out.

    Without ACCOUNT, finish a forgetting that was broken off. Exit code 4 if files that are not Brandfit's
    still hold something.

    \b
    Examples:
      brandfit forget arvid.peaks -w demo
      brandfit forget arvid.peaks --yes --json -w demo
    """
    import sys

    from brandfit import pipeline
    from brandfit.service.store.erasure import Clean
    from brandfit.workspace import Workspace

    with Workspace(workspace) as opened:
        if accounts and not yes:
            found = opened.rows_of(accounts)
            held = ", ".join(f"{count:,} {name}" for name, count in found.items())
            if not click.confirm(f"Forget {', '.join(accounts)} ({held})? It cannot be undone.", err=True):
                click.echo("Nothing was forgotten.", err=True)
                sys.exit(130)
        result = pipeline.forget(opened, accounts, Clean(opened.path))
    if as_json:
        print_json(result.to_dict())
    else:
        done = result.cleaned
        print_table(
            ["removed", "rows"], [[name, count] for name, count in result.rows.items() if name != "redacted"]
        )
        click.echo(f"Taken out of {result.rows['redacted']:,} rows of others.")
        if done.units:
            click.echo(f"Encoded contents that belong to nothing any more, removed: {done.units:,}.")
        if done.features:
            told = ", ".join(f"{name} {count:,}" for name, count in done.features.items())
            click.echo(f"Rows taken out of features (the others are as they were): {told}.")
        for name, why in (*done.dropped.items(), *done.models.items()):
            click.echo(f"Dropped {name}: {why}.")
        if done.weights:
            names = ", ".join(done.weights)
            click.echo(
                f"Kept {names}: weights alone, which have learned from it too. Train again for such that "
                "have not."
            )
        if result.again:
            click.echo("To make again what was dropped:")
            for line in result.again:
                click.echo(f"  {line}")
        for file, what in done.foreign.items():
            click.echo(
                click.style("Still there: ", fg="red")
                + f"{file} holds {what}. It is not Brandfit's: delete or mend it."
            )
        click.echo(f"Workspace {workspace}, fingerprint {result.fingerprint[:12]}, {result.seconds:.1f} s")
    if result.cleaned.foreign:
        sys.exit(4)
