"""brandfit advise"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from brandfit.cli._shared import (
    Command,
    json_option,
    print_json,
    print_notes,
    print_table,
    set_option,
    workspace_option,
)

if TYPE_CHECKING:
    from brandfit.campaign.content_fit import Advice


@click.command(cls=Command, short_help="Choose pictures and captions for a post.")
@click.argument("account")
@workspace_option
@click.option(
    "--picture",
    "pictures",
    multiple=True,
    type=click.Path(dir_okay=False),
    help="A picture to judge; several times.",
)
@click.option("--caption", "captions", multiple=True, help="A caption to judge; several times.")
@click.option("--by", help="Influencer that is to post it: says what engagement it may expect.")
@set_option
@json_option
def command(
    account: str,
    workspace: str,
    *,
    pictures: tuple[str, ...],
    captions: tuple[str, ...],
    by: str | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say which pictures and captions fit what ACCOUNT (a brand or an influencer) posts, best first.

    \b
    Examples:
      brandfit advise northpeak.outdoor --picture tent.jpg --picture sofa.jpg -w demo
      brandfit advise northpeak.outdoor --caption "Rain, and dry feet" --caption "Sale!" \\
        --by arvid.peaks -w demo
    """
    from brandfit import pipeline
    from brandfit.cli._shared import read_settings
    from brandfit.workspace import Workspace

    own, data = read_settings(settings)
    with Workspace(workspace) as opened:
        advice = pipeline.advise(
            opened, account, pictures=pictures, captions=captions, by=by, data=data, settings=own
        )
    if as_json:
        print_json(advice.to_dict())
        return
    # Engagement is that of the influencer named by --by; without one the columns are left out.
    header = ["", "", "fit", "better than"] + (["engagement", "from", "to", "usual"] if by else [])
    rows = []
    for idea in advice.ideas:
        expected = []
        if idea.expected:
            rates = (idea.expected.rate, idea.expected.low, idea.expected.high, idea.expected.habit)
            expected = [f"{100 * rate:.2f} %" for rate in rates]
        rows.append(
            [
                idea.kind,
                idea.label[:60],
                idea.fit,
                None if idea.better_than is None else f"{100 * idea.better_than:.0f} %",
                *expected,
            ]
        )
    print_table(header, rows)
    click.echo(_fit_line(advice))
    # All ideas are judged for the same influencer, so the explanation of the first holds for all.
    if expected_rate := advice.ideas[0].expected:
        click.echo(
            f"Engagement: (likes + comments) / followers of {advice.by}; usual: its habit without the idea."
        )
        click.echo(f"From, to: {expected_rate.interval}.")
        for line in _factor_lines(advice):
            click.echo(line)
    for reason in advice.unread.values():
        click.echo(f"Left out: {reason}")
    print_notes(advice.notes)


def _fit_line(advice: Advice) -> str:
    """What the columns fit and better than are; a brand without posts of its own has no second one."""
    line = f"Fit: similarity to {advice.compared_content}"
    if all(idea.better_than is None for idea in advice.ideas):
        return f"{line}."
    has_brief = "brief" in advice.represented_by.values()
    own = "the texts of its brief" if has_brief else "its own posts"
    return f"{line}; better than: share of {own} that fit it less."


def _factor_lines(advice: Advice) -> list[str]:
    """The factors of the expected rate, a line an idea; no lines if the habit alone is predicted."""
    lines = []
    for idea in advice.ideas:
        if idea.expected and idea.expected.factors:
            factors = [f"{name} × {factor:.2f}" for name, factor in idea.expected.factors.items()]
            usual = f"{100 * (idea.expected.usual or 0):.2f} %"
            lines.append(f"  {idea.label[:60]}: {usual} of a usual post, {', '.join(factors)}")
    return ["What the engagement is made of:", *lines] if lines else []
