"""brandfit profile"""

from __future__ import annotations

from contextlib import ExitStack

import click

from brandfit.cli._shared import json_option, print_json, progress, scoped, seed_option, set_option, workspace_option


class Labelling(click.Group):
    """``label`` is what is meant where no other command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["label", *args]
        return super().parse_args(ctx, args)


@click.group(cls=Labelling, short_help="Tell what accounts are about.")
def command() -> None:
    """Tell the category of every account, learned from those of which it is known.

    Without a command it labels (`brandfit profile label --help`).

    \b
    Examples:
      brandfit profile -w demo
      brandfit profile combined --out labels.csv -w demo
      brandfit profile evaluate combined majority -w demo
    """


@command.command()
@click.argument("profiler", required=False)
@workspace_option
@click.option("--out", type=click.Path(dir_okay=False), help="File to write the labelled table to: .csv, .jsonl or .parquet.")
@seed_option
@set_option
@json_option
def label(profiler: str | None, workspace: str, out: str | None, seed: int, settings: tuple[str, ...], as_json: bool) -> None:
    """Label all accounts and keep the probabilities as features of the slot 'category', for rankers and pages.

    \b
    Example:
      brandfit profile label combined --set confidence=.6 --out labels.csv -w demo
    """
    from collections import Counter

    from brandfit import pipeline
    from brandfit.config import parse_settings
    from brandfit.data import tabular
    from brandfit.workspace import Workspace

    profiler = profiler or pipeline.DEFAULT_PROFILER
    with Workspace(workspace) as opened, progress(f"profile {profiler}", quiet=as_json) as bar:
        chosen = scoped(parse_settings(settings), profiler, [profiler])
        model, features = pipeline.profile(opened, profiler, chosen, seed, bar)
        if out:
            tabular.write(pipeline.labelled_table(opened, model, features), out)
    answers = Counter(model.answers(features.values))
    told = {"profiler": profiler, "accounts": len(features), "classes": list(model.classes), "answers": dict(answers.most_common())}
    if as_json:
        print_json({**told, "temperature": model.temperature, "out": out})
        return
    click.echo(f"{len(features):,} accounts told by {profiler}, kept as features {features.name}:")
    for answer, count in answers.most_common():
        click.echo(f"  {answer:<16} {count:>8,}")
    if out:
        click.echo(f"Written: {out}")


@command.command()
@click.argument("profilers", nargs=-1, required=True)
@workspace_option
@click.option("--test", help="Another workspace: fit on the first, judge on this one.")
@click.option("--folds", default=5, show_default=True, type=click.IntRange(2, 100), help="Folds over influencers, without --test.")
@click.option("--seeds", default=1, show_default=True, type=click.IntRange(1, 100), help="How many seeds.")
@seed_option
@set_option
@json_option
def evaluate(
    profilers: tuple[str, ...],
    workspace: str,
    test: str | None,
    folds: int,
    seeds: int,
    seed: int,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Judge PROFILERS on influencers whose category is known and was hidden from them.

    \b
    Examples:
      brandfit profile evaluate combined image majority -w demo
      brandfit profile evaluate combined --test later --json -w demo
    """
    from brandfit import pipeline
    from brandfit.config import parse_settings
    from brandfit.workspace import Workspace

    told = parse_settings(settings)
    if len(set(profilers)) == 1:
        told = {name if name.startswith(f"{profilers[0]}.") else f"{profilers[0]}.{name}": value for name, value in told.items()}
    with ExitStack() as stack:
        opened = stack.enter_context(Workspace(workspace))
        other = stack.enter_context(Workspace(test)) if test else None
        bar = stack.enter_context(progress("profile evaluate", quiet=as_json))
        report = pipeline.judge_profilers(
            opened, profilers, told, other, folds, range(seed, seed + seeds), lambda _what, done, total: bar(done, total)
        )
    if as_json:
        print_json(report.to_dict())
    else:
        click.echo(report.to_text())
