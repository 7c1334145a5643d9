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
"""A gain with a p below this is called more than chance gives."""


@click.command(cls=Command, short_help="Search for better settings of a ranker.")
@click.argument("ranker")
@workspace_option
@click.option(
    "--try",
    "tries",
    multiple=True,
    metavar="NAME=LOW:HIGH",
    help="Values to try for a setting: a range, or a choice NAME=A,B,C.",
)
@click.option(
    "--trials",
    default=20,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Number of trials in all. Each trial has one value of every setting.",
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
    """Search for settings of RANKER that are better on held-out training brands. The same command continues a
    search that was stopped.

    Test brands of the source are never used. The folds differ from those of `evaluate`, but the brands are
    the same: judge the result by `--protocol official`, or on brands that are imported later.

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
    # Best first. MedR is a rank, so its lowest value is best.
    is_lower_better = metric.startswith("MedR")
    trials_by_value = sorted(result.trials, key=lambda trial: trial[1], reverse=not is_lower_better)
    best_settings, best_value = trials_by_value[0]
    rows = [[*tried.values(), value] for tried, value in trials_by_value[:10]]
    print_table([*best_settings, metric], rows)
    click.echo(
        f"\nWith the defaults: {metric} {result.default:.3f}. The best of {len(result.trials)} trials: "
        f"{best_value:.3f}."
    )
    if result.feature_keys:
        click.echo(f"Features read: {keys_text(result.feature_keys)}.")
    if result.settings:
        chance = "no more than chance may give" if result.p >= SURE else "more than chance gives"
        click.echo(
            f"Brand by brand the gain is {chance} (paired test, p = {result.p:.2g}, corrected for "
            f"{len(result.trials)} trials)."
        )
        # The settings of the data are repeated: the result holds for these data.
        pairs = [f"{name}={value}" for name, value in result.settings.items()]
        options = " ".join(f"--set {pair}" for pair in [*pairs, *settings])
        click.echo(f"To train with these settings: brandfit train {ranker} {options} -w {workspace}")
    else:
        click.echo("No trial was better than the defaults.")
