"""brandfit export"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from brandfit.cli._shared import (
    Amount,
    Command,
    currency_option,
    dislike_option,
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
    from brandfit.ranking import Ranking

WHAT = ("rankings", "accounts", "posts", "images", "links", "endorsements", "features", "rejects", "report")
OF_REPORTS = {
    "budget": "--budget",
    "count": "--count",
    "price_list": "--prices",
    "objective": "--objective",
    "currency": "--currency",
    "maps": "--maps",
    "influencers": "--influencer",
}


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
@partners_option
@where_option
@followers_option
@weight_option
@like_option
@dislike_option
@set_option
@json_option
def command(
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
    settings: tuple[str, ...],
    earlier: bool,
    as_json: bool,
    **of_reports: Any,
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
      brandfit export report northpeak.html --brand northpeak.outdoor -k 5 --budget 2000 -w demo
      brandfit export report northpeak.pdf --brand northpeak.outdoor --maps -w demo
    """
    from brandfit import pipeline
    from brandfit.cli._shared import weights_of
    from brandfit.workspace import Workspace

    if earlier and what != "rejects":
        raise click.UsageError(f"--earlier is for rejects; this writes {what}.")
    if what != "features":
        refuse_given({"name"}, f"is for features; this writes {what}. Leave it out.")
    if what == "report" and of_reports["influencers"]:
        refuse_given({"k"}, "is for the best influencers; --influencer names them. Leave one of them out.")
    query = pipeline.RankingQuery(
        partners=partners, where=where, weights=weights_of(weights), like=like, dislike=dislike
    )
    if what != "rankings" and not query.is_default:
        raise click.UsageError(
            f"--where, --weight, --like, --dislike and --partners are for rankings; this writes {what}."
        )
    if what == "report":
        if len(brands) != 1:
            raise click.UsageError("A report is about one brand: name it with --brand.")
        own, data = read_settings(settings)
        with Workspace(workspace) as opened, progress("Explaining", quiet=as_json) as bar:
            said = pipeline.report(
                opened,
                brands[0],
                file=file,
                ranker=ranker,
                k=k or 10,
                **of_reports,
                data=data,
                settings=own,
                progress=bar,
                followers=followers,
            )
        told = {
            "file": file,
            "brand": said.brand.id,
            "influencers": [card.profile.id for card in said.cards],
            "candidates": said.candidates,
            "excluded": [group.to_dict() for group in said.excluded],
            "notes": list(said.notes),
        }
        if as_json:
            print_json(told)
        else:
            many = f"{len(said.cards)} influencer{'s' if len(said.cards) != 1 else ''}"
            click.echo(f"A report on {said.brand.id} with {many} is in {file}.")
            print_counts(said.candidates, said.excluded, incomplete=said.incomplete)
        return
    for option, typed in OF_REPORTS.items():
        if of_reports[option]:
            raise click.UsageError(f"{typed} is for a report; this writes {what}.")
    if what != "rankings" and (
        typed := "--brand"
        if brands
        else "--ranker"
        if ranker
        else "-k"
        if k
        else "--followers"
        if followers
        else ""
    ):
        raise click.UsageError(f"{typed} is for rankings and reports; this writes all {what}.")
    with Workspace(workspace) as opened:
        data = only_data(settings)
        rows = pipeline.export(
            opened,
            what,
            file=file,
            brands=brands,
            ranker=ranker,
            k=k,
            name=name,
            data=data,
            followers=followers,
            earlier=earlier,
            query=query,
        )
        # Past partners and conditions differ from brand to brand: of several brands each row of the file has
        # how many are left out for its brand, and the sentences count those outside the bounds alone.
        found = pipeline.default_candidates(opened, followers, data) if what == "rankings" else None
        one = None
        if what == "rankings" and len(brands) == 1:
            one = pipeline.rank(
                opened,
                brands[0],
                ranker=ranker,
                partners=query.partners,
                data=data,
                where=query.where,
                weights=query.weights,
                like=query.like,
                dislike=query.dislike,
                followers=followers,
                exclude=query.exclude,
                keywords=query.keywords,
            )
        silent = pipeline.unranked_brands(opened, data) if what == "rankings" and not brands else []
        notes = one.notes if one is not None else ()
        if what == "rankings" and one is None:
            notes = pipeline.encoding_notes(opened, brands, ranker=ranker, data=data, candidates=True)
        more = len(opened.rejects(earlier=True)) - rows if what == "rejects" and not earlier else 0
    if as_json:
        told = (
            {
                "candidates": candidate_counts(one) if one is not None else found.to_dict(),
                "brands_left_out": silent,
                "notes": list(notes),
            }
            if found is not None
            else {"earlier": more}
            if what == "rejects"
            else {}
        )
        print_json({"file": file, "rows": rows, **told})
        return
    click.echo(f"{rows:,} rows are in {file}.")
    if more:
        click.echo(
            f"They are those of the last import. Earlier imports left out {more:,} rows: add --earlier."
        )
    if silent:
        click.echo(
            f"{_brands(len(silent))} left out, because nothing is known to rank by: {', '.join(silent[:3])}."
        )
    if one is not None:
        print_counts(one.among, one.excluded, incomplete=one.incomplete)
    elif found is not None:
        print_counts(len(found.ids), found.excluded, incomplete=found.incomplete)
    print_notes(notes)


def candidate_counts(ranking: Ranking) -> dict[str, Any]:
    """The candidates of one brand, and who is left out, for programs."""
    from brandfit.data.candidates import sentences

    return {
        "total": ranking.among,
        "excluded": [group.to_dict() for group in ranking.excluded],
        "incomplete": [group.to_dict() for group in ranking.incomplete],
        "sentences": list(sentences(ranking.among, ranking.excluded, incomplete=ranking.incomplete)),
    }


def _brands(count: int) -> str:
    return "1 brand is" if count == 1 else f"{count:,} brands are"
