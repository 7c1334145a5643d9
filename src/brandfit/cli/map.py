"""brandfit map"""

from __future__ import annotations

from collections import Counter

import click

from brandfit.cli._shared import (
    Command,
    json_option,
    print_json,
    print_notes,
    print_table,
    seed_option,
    workspace_option,
)


@click.command(cls=Command, short_help="Draw accounts or concepts on a map.")
@click.argument("subject", type=click.Choice(["accounts", "concepts"]))
@workspace_option
@click.option(
    "--features", help="Whose vectors; default: concept.graph or the first of concept, text and picture."
)
@click.option(
    "--most",
    type=click.IntRange(min=5),
    default=2000,
    show_default=True,
    help="Points at most; larger sets are sampled.",
)
@click.option("--out", type=click.Path(dir_okay=False), help="File: .png, .svg or .json.")
@seed_option
@json_option
def command(
    subject: str,
    workspace: str,
    *,
    features: str | None,
    most: int,
    out: str | None,
    seed: int,
    as_json: bool,
) -> None:
    """Place accounts or concepts in the plane by t-SNE, so that similar ones are near each other, and colour
    them by category. The same seed gives the same map.

    \b
    Examples:
      brandfit map accounts --out accounts.png -w demo
      brandfit map concepts --features concept.bag --out concepts.png -w demo
    """
    from brandfit import pipeline
    from brandfit.data import tabular
    from brandfit.workspace import Workspace

    # A file that cannot be written is refused before the map is made.
    if out:
        tabular.checked(out, (".png", ".svg", ".json"))
    with Workspace(workspace) as opened:
        drawn = pipeline.make_map(opened, subject, features=features, most=most, seed=seed)
    file = pipeline.save_map(drawn, out) if out else None
    if as_json:
        print_json(drawn.to_dict())
        return
    click.echo(f"{len(drawn.points):,} of {drawn.total:,} {subject}: {drawn.source}.")
    counts = Counter(point.category for point in drawn.points)
    print_table(["category", "points"], [[name, n] for name, n in counts.most_common()])
    print_notes(drawn.notes)
    click.echo(f"Written: {file}" if file else "--out FILE draws the map, --json prints its points.")
