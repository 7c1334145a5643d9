"""brandfit case"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from brandfit.cli._shared import (
    Command,
    json_option,
    print_json,
    print_notes,
    print_table,
    progress,
    read_settings,
    seed_option,
    set_option,
    workspace_option,
)


@click.command(cls=Command, short_help="A case study of a brand: hits and misses of a ranker.")
@click.argument("brand")
@workspace_option
@click.option("--ranker", help="Which ranker. Default: brandfit where it has been trained, else simcos.")
@click.option(
    "--protocol",
    type=click.Choice(["official", "cv5"]),
    help="Which fold holds the brand out. Default: official for a test brand of the source, else cv5.",
)
@click.option(
    "--below",
    type=click.IntRange(min=0),
    help="A low-ranked similar influencer has a larger rank than this. Default: 50; in a list of fewer than "
    "100 candidates its lower half.",
)
@click.option("--out", type=click.Path(dir_okay=False), help="The study as one HTML file that loads nothing.")
@click.option(
    "--clouds", type=click.Path(file_okay=False), help="Folder for the word clouds of all accounts (PNG)."
)
@seed_option
@set_option
@json_option
def command(  # noqa: PLR0913 - click passes every option by name
    brand: str,
    workspace: str,
    *,
    ranker: str | None,
    protocol: str | None,
    below: int | None,
    out: str | None,
    clouds: str | None,
    seed: int,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show for BRAND the best ranked partner, the best ranked influencer that is no partner, the lowest
    ranked partner, and a similar influencer with a low rank: their biographies, captions, concepts and four
    charts: images and topics of the account (ACI, ACT) and of its audience (AUI, AUT). The ranker is trained
    anew without the brand, so that it has seen none of its partners.

    \b
    Examples:
      brandfit case northpeak.outdoor -w demo
      brandfit case northpeak.outdoor --ranker simcos --out case.html --clouds clouds -w demo
    """
    from brandfit import pipeline
    from brandfit.data import tabular
    from brandfit.workspace import Workspace

    # A file that cannot be written is refused before the ranker is trained.
    if out:
        tabular.checked(out, (".html",))
    own, data = read_settings(settings)
    with Workspace(workspace) as opened, progress("case", quiet=as_json) as bar:
        study = pipeline.case_study(
            opened,
            brand,
            ranker=ranker,
            protocol=protocol,
            below=below,
            settings=own,
            data=data,
            seed=seed,
            progress=bar,
        )
        files = [pipeline.save_case(opened, study, out)] if out else []
        files += pipeline.save_clouds(study, clouds) if clouds else []
    result = study.to_dict()
    if as_json:
        print_json({**result, "files": [str(file) for file in files]})
        return
    click.echo(study.model)
    click.echo(f"{study.partners:,} of {study.candidates:,} candidates work with {study.brand}.")
    for account in result["accounts"]:
        _print_account(account)
    print_notes(study.notes)
    if files:
        click.echo(f"Written: {', '.join(map(str, files))}")


def _print_account(account: Mapping[str, Any]) -> None:
    """The account with a line for each part, and a table of its charts."""
    place = ""
    if account["rank"]:
        similarity = account["similarity"]
        similarity_words = "unknown" if similarity is None else f"{similarity:.2f}"
        works = "works with the brand" if account["is_partner"] else "does not work with the brand"
        rank, score = f"rank {account['rank']:,}", f"score {account['score']:.3f}"
        place = f": {rank}, {score}, similarity {similarity_words}, {works}"
    click.echo(f"\n{click.style(account['role'].capitalize(), bold=True)} {account['id']}{place}")
    click.echo(f"Biography: {account['biography'] or 'unknown'}")
    for post in account["posts"]:
        click.echo(f"Caption: {post['caption'] or 'none'}")
    concepts = ", ".join(f"{name} {100 * share:.0f} %" for name, share in account["concepts"].items())
    click.echo(f"Concepts: {concepts or 'none: ' + account['concepts_missing']}")
    rows = []
    for chart in account["charts"]:
        shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in chart["shares"].items())
        rows.append([chart["kind"], chart["title"], shares or f"not here: {chart['missing']}"])
    print_table(["", "", ""], rows)
