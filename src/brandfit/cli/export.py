"""brandfit export"""

from __future__ import annotations

import click

from brandfit.cli._shared import json_option, only_data, print_json, set_option, workspace_option

WHAT = ("rankings", "accounts", "posts", "images", "links", "endorsements", "features", "rejects")


@click.command(short_help="Write rankings, rows or features to a file.")
@click.argument("what", type=click.Choice(WHAT))
@click.argument("file")
@workspace_option
@click.option("--brand", "brands", multiple=True, help="For rankings: this brand; may be given several times. Default: all.")
@click.option("--ranker", help="For rankings: which ranker. Default: brandfit where it has been trained, else simcos.")
@click.option("-k", default=50, show_default=True, type=click.IntRange(min=1), help="For rankings: how many a brand.")
@click.option("--name", help="For features: which, e.g. text.minilm.")
@set_option
@json_option
def command(
    what: str,
    file: str,
    workspace: str,
    brands: tuple[str, ...],
    ranker: str | None,
    k: int,
    name: str | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write WHAT to FILE; its ending says how: .csv, .jsonl or .parquet. A CSV is safe to open in a spreadsheet.

    \b
    Examples:
      brandfit export rankings shortlist.csv --brand northpeak.outdoor -w demo
      brandfit export features captions.parquet --name text.hashing -w demo
    """
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    with Workspace(workspace) as opened:
        rows = pipeline.export(opened, what, file, brands=brands, ranker=ranker, k=k, name=name, data=only_data(settings))
    if as_json:
        print_json({"file": file, "rows": rows})
    else:
        click.echo(f"{rows:,} rows are in {file}.")
