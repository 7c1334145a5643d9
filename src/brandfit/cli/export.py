"""brandfit export"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from brandfit.cli._shared import (
    Amount,
    Command,
    currency_option,
    dislike_option,
    exposure_option,
    followers_option,
    json_option,
    like_option,
    objective_option,
    only_data,
    partners_option,
    print_counts,
    print_json,
    print_notes,
    progress,
    read_settings,
    refuse_given,
    set_option,
    weight_option,
    where_option,
    workspace_option,
)

if TYPE_CHECKING:
    from brandfit.pipeline import RankingQuery
    from brandfit.ranking import Ranking

REJECTED_ROWS = "rejected-rows"
WHAT = (
    "rankings",
    "accounts",
    "posts",
    "images",
    "links",
    "endorsements",
    "features",
    "rejects",
    REJECTED_ROWS,
    "report",
)
REPORT_OPTIONS = {
    "budget": "--budget",
    "count": "--count",
    "price_list": "--prices",
    "objective": "--objective",
    "currency": "--currency",
    "maps": "--maps",
    "evaluation": "--evaluation",
    "influencers": "--influencer",
}
"""Parameters of the command that only a report reads, as they are typed."""


@click.command(cls=Command, short_help="Write rankings, rows, features or a report to a file.")
@click.argument("what", type=click.Choice(WHAT))
@click.argument("file")
@workspace_option
@click.option(
    "--brand",
    "brands",
    multiple=True,
    help="For rankings: this brand; several times; default: all. For a report: which.",
)
@click.option(
    "--ranker",
    help="For rankings and reports: which ranker. Default: brandfit where it has been trained, else simcos.",
)
@click.option(
    "-k", type=click.IntRange(min=1), help="How many a brand. Default: 50 for rankings, 10 for a report."
)
@click.option("--name", help="For features: which, e.g. text.minilm.")
@click.option("--budget", type=Amount(), help="For a report: add the best set that may cost this much.")
@click.option("--count", type=click.IntRange(min=1), help="For a report: add the best set of so many.")
@click.option(
    "--prices",
    "price_list",
    type=click.Path(dir_okay=False),
    help="For a report: CSV of account and price; others are estimated.",
)
@objective_option
@currency_option
@click.option(
    "--influencer",
    "influencers",
    multiple=True,
    help="For a report: these in place of the best; several times.",
)
@click.option(
    "--earlier", is_flag=True, help="For rejects: of earlier imports too, not of the last one alone."
)
@click.option("--maps", is_flag=True, help="For a report: heat maps of the pictures; they take long.")
@click.option(
    "--evaluation",
    is_flag=True,
    help="For a report: of ten suggestions to the brand, how many are its partners, and how many by chance. "
    "The ranker learns anew.",
)
@partners_option
@where_option
@followers_option
@weight_option
@like_option
@dislike_option
@exposure_option
@set_option
@json_option
def command(  # noqa: PLR0913 - click passes every option by name
    what: str,
    file: str,
    *,
    workspace: str,
    brands: tuple[str, ...],
    ranker: str | None,
    k: int | None,
    name: str | None,
    partners: bool,
    where: str | None,
    followers: str | None,
    weights: tuple[str, ...],
    like: tuple[str, ...],
    dislike: tuple[str, ...],
    exposure: str | None,
    settings: tuple[str, ...],
    earlier: bool,
    as_json: bool,
    **report_options: Any,
) -> None:
    """Write WHAT to FILE; its ending says how: .csv, .xlsx, .json, .jsonl or .parquet; for a report .html or
    .pdf. CSV and XLSX are safe to open in a spreadsheet; a report is one file that loads nothing, to be
    mailed.

    \b
    Examples:
      brandfit export rankings shortlist.xlsx --brand northpeak.outdoor -w demo
      brandfit export rankings small.csv --brand northpeak.outdoor --where "followers:..20k" -w demo
      brandfit export features captions.parquet --name text.hashing -w demo
      brandfit export rejects rejects.csv -w demo
      brandfit export rejected-rows corrected.xlsx -w demo
      brandfit export report northpeak.html --brand northpeak.outdoor -k 5 --budget 2000 -w demo
      brandfit export report northpeak.pdf --brand northpeak.outdoor --maps -w demo
    """
    from brandfit import pipeline
    from brandfit.cli._shared import weights_of

    if earlier and what != "rejects":
        raise click.UsageError(f"--earlier is for rejects; this writes {what}.")
    if what != "features":
        refuse_given({"name"}, f"is for features; this writes {what}. Leave it out.")
    # Options that only one kind of export reads are refused for the others.
    query = pipeline.RankingQuery(
        partners=partners,
        where=where,
        weights=weights_of(weights),
        like=like,
        dislike=dislike,
        exposure=exposure,
    )
    if what != "rankings" and not query.is_default:
        raise click.UsageError(
            "--where, --weight, --like, --dislike, --exposure and --partners are for rankings; this writes "
            f"{what}."
        )
    choice = Choice(brands, ranker=ranker, k=k, followers=followers)
    if what == "report":
        if report_options["influencers"]:
            refuse_given(
                {"k"}, "is for the best influencers; --influencer names them. Leave one of them out."
            )
        _write_report(
            workspace, file, choice=choice, options=report_options, settings=settings, as_json=as_json
        )
        return
    for option, typed in REPORT_OPTIONS.items():
        if report_options[option]:
            raise click.UsageError(f"{typed} is for a report; this writes {what}.")
    data = only_data(settings)
    if what == "rankings":
        _write_rankings(workspace, file, choice=choice, query=query, data=data, as_json=as_json)
        return
    refuse_given(
        {"brands", "ranker", "k", "followers"}, f"is for rankings and reports; this writes all {what}."
    )
    if what == REJECTED_ROWS:
        _write_rejected_rows(workspace, file, as_json=as_json)
        return
    _write_rows(workspace, what, file=file, name=name, earlier=earlier, data=data, as_json=as_json)


def _write_rejected_rows(workspace: str, file: str, *, as_json: bool) -> None:
    from brandfit import pipeline

    n_rows = pipeline.export_rejected_rows(workspace, file)
    if as_json:
        print_json({"file": file, "rows": n_rows})
    else:
        click.echo(
            f"{file}: {n_rows:,} rejected rows. Correct them, and import the file: brandfit import {file}"
        )


@dataclass(frozen=True)
class Choice:
    """Which rankings are written: of these brands, by this ranker, the best k of these candidates."""

    brands: tuple[str, ...]
    ranker: str | None
    k: int | None
    followers: str | None


def _write_report(
    workspace: str,
    file: str,
    *,
    choice: Choice,
    options: Mapping[str, Any],
    settings: Sequence[str],
    as_json: bool,
) -> None:
    """Write a report on one brand and print what it contains."""
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    if len(choice.brands) != 1:
        raise click.UsageError("A report is about one brand: name it with --brand.")
    # A report also reads settings of prices and of the encoder of its maps.
    own, data = read_settings(settings)
    with Workspace(workspace) as opened, progress("Explaining", quiet=as_json) as bar:
        report = pipeline.report(
            opened,
            choice.brands[0],
            file=file,
            ranker=choice.ranker,
            k=choice.k or 10,
            **options,
            data=data,
            settings=own,
            progress=bar,
            followers=choice.followers,
        )
    if as_json:
        print_json(
            {
                "file": file,
                "brand": report.brand.id,
                "influencers": [card.profile.id for card in report.cards],
                "candidates": report.candidates,
                "excluded": [group.to_dict() for group in report.excluded],
                "notes": list(report.notes),
            }
        )
        return
    plural = "s" if len(report.cards) != 1 else ""
    click.echo(f"A report on {report.brand.id} with {len(report.cards)} influencer{plural} is in {file}.")
    print_counts(report.candidates, report.excluded, incomplete=report.incomplete)


def _write_rankings(
    workspace: str,
    file: str,
    *,
    choice: Choice,
    query: RankingQuery,
    data: Mapping[str, str],
    as_json: bool,
) -> None:
    """Write rankings and print who is left out of them."""
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    brands, ranker, followers = choice.brands, choice.ranker, choice.followers
    with Workspace(workspace) as opened:
        n_rows = pipeline.export(
            opened,
            "rankings",
            file=file,
            brands=brands,
            ranker=ranker,
            k=choice.k,
            data=data,
            followers=followers,
            query=query,
        )
        # Past partners and conditions differ between brands. For several brands each row of the file gives
        # how many are left out for its brand, and the sentences count only those outside the bounds.
        candidates = pipeline.default_candidates(opened, followers, data)
        ranking = None
        if len(brands) == 1:
            ranking = pipeline.rank_query(
                opened, brands[0], query=query, ranker=ranker, data=data, followers=followers
            )
        # Only an export of all brands can silently leave some out.
        unranked = [] if brands else pipeline.unranked_brands(opened, data)
        if ranking is not None:
            notes = ranking.notes
        else:
            notes = pipeline.encoding_notes(opened, brands, ranker=ranker, data=data, candidates=True)
    if as_json:
        counts = candidate_counts(ranking) if ranking is not None else candidates.to_dict()
        print_json(
            {
                "file": file,
                "rows": n_rows,
                "candidates": counts,
                "brands_left_out": unranked,
                "notes": list(notes),
            }
        )
        return
    click.echo(f"{n_rows:,} rows are in {file}.")
    if unranked:
        subject = "1 brand is" if len(unranked) == 1 else f"{len(unranked):,} brands are"
        click.echo(f"{subject} left out, because nothing is known to rank by: {', '.join(unranked[:3])}.")
    if ranking is not None:
        print_counts(ranking.among, ranking.excluded, incomplete=ranking.incomplete)
    else:
        print_counts(len(candidates.ids), candidates.excluded, incomplete=candidates.incomplete)
    print_notes(notes)


def _write_rows(
    workspace: str,
    what: str,
    *,
    file: str,
    name: str | None,
    earlier: bool,
    data: Mapping[str, str],
    as_json: bool,
) -> None:
    """Write a table of the workspace, features or rejects."""
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    with Workspace(workspace) as opened:
        n_rows = pipeline.export(opened, what, file=file, name=name, data=data, earlier=earlier)
        # People who expect older rejects are shown the option.
        n_earlier = 0
        if what == "rejects" and not earlier:
            n_earlier = len(opened.rejects(earlier=True)) - n_rows
    if as_json:
        print_json({"file": file, "rows": n_rows, **({"earlier": n_earlier} if what == "rejects" else {})})
        return
    click.echo(f"{n_rows:,} rows are in {file}.")
    if n_earlier:
        click.echo(
            f"They are those of the last import. Earlier imports left out {n_earlier:,} rows: add --earlier."
        )


def candidate_counts(ranking: Ranking) -> dict[str, Any]:
    """The number of candidates of one brand, and of those that are left out, as JSON types."""
    from brandfit.data.candidates import sentences

    return {
        "total": ranking.among,
        "excluded": [group.to_dict() for group in ranking.excluded],
        "incomplete": [group.to_dict() for group in ranking.incomplete],
        "sentences": list(sentences(ranking.among, ranking.excluded, incomplete=ranking.incomplete)),
    }
