"""brandfit template"""

from __future__ import annotations

import click

from brandfit.cli._shared import Command


@click.command(cls=Command, short_help="Write template files for your own data.")
@click.argument("folder")
def command(folder: str) -> None:
    """Write template CSV files, with a README of their columns, into FOLDER; to be filled and imported.

    \b
    Example:
      brandfit template my-accounts
      brandfit import my-accounts -w work
    """
    from pathlib import Path

    from brandfit.data.importers.folder import write_template

    write_template(Path(folder))
    click.echo(f"Templates are in {folder}. Fill them, then: brandfit import {folder} -w work")
