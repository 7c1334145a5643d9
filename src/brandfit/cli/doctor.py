"""brandfit doctor"""

from __future__ import annotations

import sys

import click

from brandfit.cli._shared import Command, json_option, print_json


@click.command(cls=Command, short_help="Check the installation and every checksum of a workspace.")
@click.option(
    "-w", "--workspace", envvar="BRANDFIT_WORKSPACE", help="Folder of a workspace to check as well."
)
@click.option("--repair", is_flag=True, help="Remove encoded contents that nothing refers to; with -w.")
@json_option
def command(workspace: str | None, repair: bool, as_json: bool) -> None:
    """Check what is installed and, with -w, that every row, picture, feature and model is what was written.
    Exit code 4 if not.

    It counts the encoded contents that nothing refers to any more, and --repair removes them.

    \b
    Examples:
      brandfit doctor -w demo
      brandfit doctor -w demo --repair
    """
    # The installation has nothing to repair.
    if repair and not workspace:
        raise click.UsageError("--repair is for a workspace: name it with -w.")
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    checks = pipeline.doctor(Workspace(workspace) if workspace else None, repair=repair)
    if as_json:
        print_json(checks)
    else:
        for check in checks:
            mark = click.style("ok  ", fg="green") if check["ok"] else click.style("BAD ", fg="red")
            click.echo(f"{mark} {check['name']}: {check['detail']}")
    # For scripts that run it regularly.
    if not all(check["ok"] for check in checks):
        sys.exit(4)
