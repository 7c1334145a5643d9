"""brandfit import"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from brandfit.cli._shared import (
    Command,
    json_option,
    own_settings,
    print_counts,
    print_json,
    print_table,
    progress,
    set_option,
    workspace_option,
)

if TYPE_CHECKING:
    from brandfit.pipeline import Imported


@click.command("import", cls=Command, short_help="Bring accounts, posts and endorsements into a workspace.")
@click.argument("source")
@click.argument("path", required=False)
@click.argument("more", nargs=-1)
@workspace_option
@click.option("--strict", is_flag=True, help="Stop at the first bad row or cell and import nothing.")
@click.option(
    "--prune",
    is_flag=True,
    help="Remove rows that the earlier import of the same source stated, and that no source states now.",
)
@click.option(
    "--map",
    "entries",
    multiple=True,
    metavar="COLUMN=HEADER",
    help="What a column of your table means, such as followers=Abonnenten; remembered for tables with the "
    "same header. Several times.",
)
@click.option("--mapping", help="File with such entries, one a line; those of --map are added to it.")
@click.option("--preview", is_flag=True, help="Show how the columns are read, and import nothing.")
@click.option("--name", help="Of vectors: name of the features, such as my.clip.")
@click.option("--slot", help="Of vectors: slot that they fill, such as picture.")
@click.option("--level", help="Of vectors: post or account; by default what the ids are known as.")
@click.option("--ids", help="Of vectors: file with the id of each row.")
@set_option
@json_option
def command(
    source: str,
    path: str | None,
    *,
    workspace: str,
    settings: tuple[str, ...],
    as_json: bool,
    **reading: Any,
) -> None:
    """Import SOURCE (see `brandfit list importers`) from PATH. A bad row is rejected and reported; the rest
    is imported.

    SOURCE may be left out: it is recognised by the content of PATH. Of tables, several PATHs are one import.

    \b
    Examples:
      brandfit import sample -w demo
      brandfit import my-accounts/ -w work
      brandfit import instaloader downloads/ --set brands=northpeak.outdoor -w work
      brandfit import people.xlsx posts.csv pictures/ -w work
      brandfit import list.xlsx --map followers=Abonnenten -w work
      brandfit import my-accounts/ --set keep.min_followers=1000 --set keep.min_posts=300 -w work
      brandfit import vectors clip.npz --name my.clip --slot picture -w work
    """
    import re
    from pathlib import Path

    from brandfit import pipeline, registry
    from brandfit.cli._shared import refuse_given
    from brandfit.errors import DataError, UsageError
    from brandfit.pipeline.imports import TABLES, split_bounds
    from brandfit.workspace import new_workspace

    # An argument that is no importer but looks like a path is the PATH; others follow it.
    is_path = bool(source) and (re.search(r"[/\\.]", source) or Path(source).exists())
    more = list(reading.pop("more"))
    if is_path and source not in registry.names("importer"):
        more = [path, *more] if path is not None else more
        source, path = TABLES if more else pipeline.recognise(source), source
        if not as_json and source != "folder":
            click.echo(f"{path} is read as {source}.")
    cls = registry.load("importer", source)
    if path is None and cls.needs_path:
        raise UsageError(
            f"{source} needs the PATH of what to import.",
            f"For example: brandfit import {source} my-data -w {workspace}",
        )
    if not cls.needs_path:
        refuse_given({"path"}, f"is not read by {source}. Leave it out: brandfit import {source}")
    options = own_settings(settings) | _mapping_settings(
        source, reading["entries"], mapping=reading["mapping"], also=more
    )
    options |= _vector_settings(source, reading)
    # Nothing is written, not even a workspace.
    if reading["preview"]:
        _preview(source, path, options, workspace=workspace, as_json=as_json)
        return
    # An unknown setting is refused before a workspace is made.
    cls.Config.from_settings(split_bounds(options)[1])
    with new_workspace(workspace) as opened, progress(f"import {source}", True, as_json) as bar:
        result = pipeline.import_source(
            opened,
            source,
            path=path,
            settings=options,
            strict=reading["strict"],
            prune=reading["prune"],
            progress=bar,
        )
    if as_json:
        print_json(result.to_dict())
    else:
        _print_result(result, workspace)
    # Exit with an error if no row of a source was usable, but print the reasons first.
    if result.rejects and not any(counts["seen"] for counts in result.changes.values()):
        raise DataError(
            f"No row of {path} could be used.",
            f"Why, for each: brandfit export rejects rejects.csv -w {workspace}; then import again.",
        )


def _mapping_settings(
    source: str, entries: tuple[str, ...], *, mapping: str | None, also: list[str]
) -> dict[str, Any]:
    """The settings of the importer of tables that --map, --mapping and further paths give."""
    from brandfit.cli._shared import refuse_given
    from brandfit.errors import UsageError
    from brandfit.pipeline.imports import TABLES

    if source != TABLES:
        refuse_given({"entries", "mapping", "preview"}, f"is not read by {source}: only tables have columns.")
        if also:
            raise UsageError(
                f"{source} has one PATH, found {also[0]} too.", "Import them one after the other."
            )
    given: dict[str, Any] = {"map": list(entries), "also": also, "mapping": mapping}
    return {name: value for name, value in given.items() if value}


def _vector_settings(source: str, reading: dict[str, Any]) -> dict[str, Any]:
    """The settings of the importer of vectors that --name, --slot, --level and --ids give."""
    from brandfit.cli._shared import refuse_given

    options = ("name", "slot", "level", "ids")
    if source != "vectors":
        refuse_given(set(options), f"is not read by {source}: only vectors have it.")
    return {option: reading[option] for option in options if reading[option]}


def _preview(
    source: str, path: str | None, options: dict[str, Any], *, workspace: str, as_json: bool
) -> None:
    from brandfit import pipeline

    preview = pipeline.preview_import(workspace, path or ".", settings=options)
    if as_json:
        print_json(preview.to_dict())
        return
    for sheet in preview.sheets:
        click.echo(f"{sheet.name}: {' and '.join(sheet.tables) or sheet.reason}")
        print_table(
            ["header", "read as", "first values"],
            [
                [one.header, ", ".join(one.meanings) or "not used", " | ".join(one.values)]
                for one in sheet.columns
            ],
        )
        for line in (*sheet.notes, *sheet.questions):
            click.echo(f"Note: {line}")


def _print_result(result: Imported, workspace: str) -> None:
    # Vectors come without rows.
    has_rows = result.source != "vectors"
    if has_rows:
        print_table(
            ["table", "seen", "added", "changed", "unchanged"],
            [
                [name, c["seen"], c["added"], c["changed"], c["unchanged"]]
                for name, c in result.changes.items()
            ],
        )
    # What the importer guessed or left out.
    for warning in result.warnings:
        click.echo(f"Note: {warning}")
    if result.erasure_report.rows or result.erasure_report.redacted:
        count = len(result.erasure_report.accounts)
        accounts = "account" if count == 1 else "accounts"
        click.echo(
            f"Left out: {result.erasure_report.rows:,} rows of {count:,} {accounts} that asked to be "
            "forgotten; "
            f"taken out of {result.erasure_report.redacted:,} rows of others."
        )
    candidates = result.candidates
    if has_rows:
        print_counts(
            len(candidates.ids),
            candidates.excluded,
            incomplete=candidates.incomplete,
            what=f"are candidates ({candidates.bounds.sentence})",
        )
    if result.rejects:
        click.echo(f"Rejected rows: {len(result.rejects):,}. The first:")
        for reject in result.rejects[:5]:
            click.echo(f"  {reject['file']}, line {reject['line']}: {reject['reason']}")
        click.echo(f"All of them: brandfit export rejects rejects.csv -w {workspace}")
    click.echo(f"Workspace {workspace}, fingerprint {result.fingerprint[:12]}, {result.seconds:.1f} s")
