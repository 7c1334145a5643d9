"""brandfit evaluate"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brandfit.cli._shared import (
    Command,
    json_option,
    print_json,
    print_table,
    progress,
    read_settings,
    set_option,
    workspace_option,
)

if TYPE_CHECKING:
    from brandfit.evaluation.report import Report


@click.command(cls=Command, short_help="Judge rankers under a named protocol.")
@click.argument("rankers", nargs=-1, required=True)
@workspace_option
@click.option(
    "--plain",
    is_flag=True,
    help="Answer in sentences, for your own list of partners: of the ten influencers that would have been "
    "suggested, how many are really partners, and how many by chance.",
)
@click.option("--brand", help="With --plain: the answer for this brand alone.")
@click.option(
    "--protocol",
    help="official, cv5, suggestions, expansion or temporal. Default: expansion; with --plain suggestions.",
)
@click.option(
    "--ties",
    type=click.Choice(["expected", "pessimistic", "optimistic", "published", "all"]),
    help="Tie rule, in place of the protocol's; all: also a table of every metric under each rule.",
)
@click.option(
    "--seeds",
    default=1,
    show_default=True,
    type=click.IntRange(1, 100),
    help="How many seeds each ranker is trained with.",
)
@click.option("--seed", default=0, show_default=True, help="The first of them.")
@click.option(
    "--refit",
    is_flag=True,
    help="Encode anew in every fold what was fitted on all accounts, or describes them whole.",
)
@click.option(
    "--exposure",
    type=click.Choice(["parity"]),
    help="Also judge each ranker in an order in which every follower tier has its share of the places.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    help="Folder to write the report to: Markdown, LaTeX, JSON, plots.",
)
@click.option(
    "--per-brand",
    "per_brand_file",
    type=click.Path(dir_okay=False),
    help="File of a row for each brand, its values of all metrics and the ranks of its partners: .csv, "
    ".xlsx, .json, .jsonl or .parquet.",
)
@set_option
@json_option
def command(  # noqa: PLR0913 - click passes every option by name
    rankers: tuple[str, ...],
    workspace: str,
    *,
    plain: bool,
    brand: str | None,
    protocol: str | None,
    ties: str | None,
    seeds: int,
    seed: int,
    refit: bool,
    exposure: str | None,
    out: str | None,
    per_brand_file: str | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Judge RANKERS on endorsements held out; means with 95 % intervals over brands, and paired tests against
    the first.

    A setting of a ranker is written RANKER.NAME=VALUE, one of the protocol protocol.NAME=VALUE.

    \b
    Examples:
      brandfit evaluate simcos wsim brandfit -w demo
      brandfit evaluate brandfit --plain -w demo
      brandfit evaluate simcos wsim --protocol cv5 --seeds 3 --set wsim.epochs=50 -w demo
      brandfit evaluate simcos --exposure parity -w demo
      brandfit evaluate simcos --ties all --per-brand brands.csv -w demo
    """
    from brandfit import pipeline
    from brandfit.data import tabular
    from brandfit.experiments import outcome_of_report, publish, writable
    from brandfit.workspace import Workspace

    if brand and not plain:
        raise click.UsageError("--brand goes with --plain.")
    if plain:
        _refuse_tables(ties, exposure, out=out, per_brand_file=per_brand_file)
    protocol = protocol or ("suggestions" if plain else "expansion")
    # A folder that cannot be written to is refused before the rankers are trained.
    if out:
        writable(out)
    if per_brand_file:
        tabular.checked(per_brand_file, tabular.WRITERS)
    options, data = read_settings(settings)
    with Workspace(workspace) as opened, progress(f"evaluate {protocol}", quiet=as_json) as bar:
        # Consecutive seeds from the first one.
        seeds_used = tuple(range(seed, seed + seeds))
        # Everything that the result depends on: an evaluation that was stopped goes on only with the same.
        # An order is made after the training, so it is no input.
        inputs = rankers, protocol, options, data, seeds_used, ties
        dataset = pipeline.load(opened, data)
        with pipeline.resumable(opened, dataset.fingerprint, *inputs, refit) as folder:
            report = pipeline.evaluate(
                opened,
                rankers,
                protocol=protocol,
                settings=options,
                data=data,
                seeds=seeds_used,
                ties=ties,
                progress=bar,
                folder=folder,
                refit=refit,
                exposure=exposure,
            )
    files = []
    if out:
        # The command is printed above the table, without the options that have their defaults.
        typed = ["brandfit evaluate", *rankers, f"--protocol {protocol} --seeds {seeds}"]
        typed += [f"--seed {seed}"] if seed else []
        typed += [f"--ties {ties}"] if ties else []
        typed += ["--refit"] if refit else []
        typed += [f"--exposure {exposure}"] if exposure else []
        typed += [*(f"--set {setting}" for setting in settings), "-w WORKSPACE"]
        files = publish(
            outcome_of_report(report, f"brandfit evaluate {' '.join(rankers)}", options, dataset=dataset),
            out,
            " ".join(typed),
        )
    if per_brand_file:
        tabular.write(tabular.from_rows(report.per_brand_rows()), per_brand_file)
        files.append(Path(per_brand_file))
    if plain:
        _print_plain(report, rankers, brand=brand, as_json=as_json)
    elif as_json:
        print_json(report.to_dict(per_brand=True))
    else:
        click.echo(report.to_text())
    if files and not as_json:
        click.echo(f"Written: {', '.join(map(str, files))}")


def _refuse_tables(
    ties: str | None, exposure: str | None, *, out: str | None, per_brand_file: str | None
) -> None:
    """Raise UsageError for options that add tables, because the plain answer has none: only files have."""
    if ties == "all" and not out:
        raise click.UsageError(
            "--ties all adds a table, and --plain prints none. Add --out FOLDER, or leave one out."
        )
    if exposure and not (out or per_brand_file):
        raise click.UsageError(
            f"--exposure {exposure} adds a table, and --plain prints none. Add --out FOLDER or --per-brand "
            "FILE, or leave one out."
        )


def _print_plain(report: Report, rankers: Sequence[str], *, brand: str | None, as_json: bool) -> None:
    """The plain answer for each ranker."""
    from brandfit.evaluation.first_ten import first_ten

    answers = [first_ten(report, name, brand=brand) for name in dict.fromkeys(rankers)]
    if as_json:
        print_json({answer.ranker: answer.to_dict() for answer in answers})
        return
    for answer in answers:
        for sentence in answer.sentences:
            click.echo(sentence)
        if brand is None:
            rows: list[list[object]] = [
                [one.brand, one.suggested, one.hits, one.chance, one.partners, one.candidates]
                for one in answer.brands
            ]
            # Brands that could not be ranked have no suggestions, so they have no figures.
            rows += [[one.brand, 0, None, None, one.partners, one.candidates] for one in answer.unranked]
            print_table(
                ["brand", "suggested", "partners among them", "by chance", "partners", "candidates"], rows
            )
    # Notes are those of the whole report, the same for every ranker.
    for note in answers[0].notes:
        click.echo(f"Note: {note}")
