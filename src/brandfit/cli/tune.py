"""brandfit tune"""

from __future__ import annotations

import click

from brandfit.cli._shared import (
    Command,
    json_option,
    only_data,
    print_json,
    print_table,
    progress,
    seed_option,
    set_option,
    workspace_option,
)

SURE = 0.05
"""p below which a gain is more than chance gives."""


@click.command(cls=Command, short_help="Search for better settings of a ranker.")
@click.argument("ranker")
@workspace_option
@click.option(
    "--try",
    "tries",
    multiple=True,
    metavar="NAME=LOW:HIGH",
    help="Values to try: a range, or a choice NAME=A,B,C.",
)
@click.option(
    "--trials",
    default=20,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="How many settings to try in all.",
)
@click.option(
    "--metric", default="MAP", show_default=True, help="The metric that decides (brandfit list metrics)."
)
@click.option("--protocol", default="cv5", show_default=True, help="cv5 or expansion.")
@seed_option
@set_option
@json_option
def command(  # noqa: PLR0913 - click passes every option by name
    ranker: str,
    workspace: str,
    *,
    tries: tuple[str, ...],
    trials: int,
    metric: str,
    protocol: str,
    seed: int,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Search for settings of RANKER that do better on held-out training brands. A search that was stopped
    goes on.

    Test brands of the source are never used. The folds differ from those of `evaluate`, but the brands are
    the same: judge the result by `--protocol official`, or on brands that come later.

    \b
    Examples:
      brandfit tune wsim --try pool_size=2,4,6,8 --try learning_rate=0.0001:0.01 -w demo
      brandfit tune brandfit --try strength=1:1000 --trials 10 --metric Recall@10 -w demo
    """
    from brandfit.config import parse_settings
    from brandfit.experiments.table import keys_text
    from brandfit.tuning import tune
    from brandfit.workspace import Workspace

    data = only_data(settings)
    with Workspace(workspace) as opened, progress(f"tune {ranker}", quiet=as_json) as bar:
        result = tune(
            opened,
            ranker,
            tries=parse_settings(tries),
            trials=trials,
            metric=metric,
            protocol=protocol,
            data=data,
            seed=seed,
            progress=bar,
        )
    if as_json:
        print_json(result.to_dict())
        return
    # The best ten; of a rank such as MedR the lowest is best.
    order = sorted(result.trials, key=lambda trial: trial[1], reverse=not metric.startswith("MedR"))
    header = [*order[0][0], metric]
    print_table(header, [[*settings.values(), value] for settings, value in order[:10]])
    click.echo(
        f"\nWith the defaults: {metric} {result.default:.3f}. The best of {len(result.trials)} trials: "
        f"{order[0][1]:.3f}."
    )
    if result.feature_keys:
        click.echo(f"Features read: {keys_text(result.feature_keys)}.")
    if result.settings:
        chance = "no more than chance may give" if result.p >= SURE else "more than chance gives"
        click.echo(
            f"Brand by brand that is {chance} (paired test, p = {result.p:.2g}, corrected for "
            f"{len(result.trials)} trials)."
        )
        # The settings of the data belong to the result.
        typed = " ".join(
            f"--set {setting}"
            for setting in (*(f"{name}={v}" for name, v in result.settings.items()), *settings)
        )
        click.echo(f"To train with it: brandfit train {ranker} {typed} -w {workspace}")
    else:
        click.echo("No trial was better than the defaults.")
