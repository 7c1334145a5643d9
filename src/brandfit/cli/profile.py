"""brandfit profile"""

from __future__ import annotations

from contextlib import ExitStack

import click

from brandfit.cli._shared import (
    Command,
    json_option,
    own_settings,
    print_json,
    progress,
    refuse_given,
    scoped,
    seed_option,
    set_option,
    workspace_option,
)


class Labelling(click.Group):
    """A group that runs its command ``label`` if no command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["label", *args]
        return super().parse_args(ctx, args)


@click.group(cls=Labelling, short_help="Predict the category of accounts.")
def command() -> None:
    """Predict the category of every account, learned from accounts with a known category.

    Without a command it labels (`brandfit profile label --help`).

    \b
    Examples:
      brandfit profile -w demo
      brandfit profile combined --out predicted.csv -w demo
      brandfit profile evaluate combined majority -w demo
    """


labels_option = click.option(
    "--labels",
    multiple=True,
    type=click.Path(dir_okay=False),
    help="CSV of account and category, in place of the workspace's; or of post and category. May be given "
    "twice.",
)


@command.command(cls=Command)
@click.argument("profiler", required=False)
@workspace_option
@labels_option
@click.option(
    "--out",
    type=click.Path(dir_okay=False),
    help="File of the labels: .csv, .xlsx, .json, .jsonl or .parquet.",
)
@seed_option
@set_option
@json_option
def label(
    profiler: str | None,
    workspace: str,
    *,
    labels: tuple[str, ...],
    out: str | None,
    seed: int,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Label all accounts, and store the probabilities as features of the slot 'category' for rankers and
    pages.

    With `--set level=post` label all posts instead (slot 'topic').

    \b
    Examples:
      brandfit profile label combined --set confidence=.6 --out predicted.csv -w demo
      brandfit profile label combined --set level=post --out posts.csv -w demo
    """
    from collections import Counter
    from pathlib import Path

    from brandfit import pipeline
    from brandfit.data import tabular
    from brandfit.profilers._labels import holds_labels
    from brandfit.workspace import Workspace

    # Labels made by hand and labels of a profiler have the same columns.
    if out and Path(out).exists() and holds_labels(out):
        raise click.UsageError(
            f"--out {out} would overwrite labels that were made by hand. Name another file."
        )
    profiler = profiler or pipeline.DEFAULT_PROFILER
    with Workspace(workspace) as opened, progress(f"profile {profiler}", quiet=as_json) as bar:
        own = scoped(own_settings(settings), profiler, [profiler])
        model, features = pipeline.profile(
            opened, profiler, settings=own, seed=seed, labels=labels, progress=bar
        )
        if out:
            tabular.write(pipeline.labelled_table(model, features), out)
    answers = Counter(model.answers(features.values))
    if as_json:
        print_json(
            {
                "profiler": profiler,
                f"{features.level}s": len(features),
                "classes": list(model.classes),
                "answers": dict(answers.most_common()),
                "temperature": model.temperature,
                "out": out,
            }
        )
        return
    click.echo(
        f"{len(features):,} {features.level}s labelled by {profiler}, stored as features {features.name}:"
    )
    for answer, count in answers.most_common():
        click.echo(f"  {answer:<16} {count:>8,}")
    for note in model.notes:
        click.echo(f"Note: {note}")
    if out:
        click.echo(f"Written: {out}")


@command.command(cls=Command)
@click.argument("profilers", nargs=-1, required=True)
@workspace_option
@labels_option
@click.option("--test", help="Another workspace: fit on the first, judge on this one.")
@click.option(
    "--folds",
    default=5,
    show_default=True,
    type=click.IntRange(2, 100),
    help="Folds over influencers, without --test.",
)
@click.option("--seeds", default=1, show_default=True, type=click.IntRange(1, 100), help="How many seeds.")
@seed_option
@set_option
@json_option
def evaluate(  # noqa: PLR0913 - click passes every option by name
    profilers: tuple[str, ...],
    workspace: str,
    *,
    labels: tuple[str, ...],
    test: str | None,
    folds: int,
    seeds: int,
    seed: int,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Judge PROFILERS on influencers with a known category, which is hidden from them.

    \b
    Examples:
      brandfit profile evaluate combined image majority -w demo
      brandfit profile evaluate combined --test later --json -w demo
    """
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    if test:
        refuse_given({"folds"}, "is for one workspace; with --test nothing is folded. Leave one of them out.")
    options = own_settings(settings)
    if len(set(profilers)) == 1:  # a single profiler needs no prefix
        only = profilers[0]
        options = {f"{only}.{name}": value for name, value in scoped(options, only, profilers).items()}
    with ExitStack() as stack:
        opened = stack.enter_context(Workspace(workspace))
        other = stack.enter_context(Workspace(test)) if test else None
        bar = stack.enter_context(progress("profile evaluate", quiet=as_json))
        report = pipeline.judge_profilers(
            opened,
            profilers,
            settings=options,
            other=other,
            folds=folds,
            seeds=range(seed, seed + seeds),
            labels=labels,
            progress=bar,
        )
    if as_json:
        print_json(report.to_dict())
    else:
        click.echo(report.to_text())


@command.command(cls=Command)
@workspace_option
@click.option(
    "--topics", default=10, show_default=True, type=click.IntRange(2, 1000), help="How many topics."
)
@click.option(
    "--apply",
    "mapping",
    type=click.Path(dir_okay=False, exists=True),
    help="The file of topics, with categories.",
)
@click.option(
    "--share",
    default=0.5,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Share of the words of an account that a category needs.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False),
    help="File to write: topics (TOML), or labels (CSV).",
)
@seed_option
def discover(workspace: str, topics: int, *, mapping: str | None, share: float, out: str, seed: int) -> None:
    """Find topics in the texts of influencers about themselves, for you to name; then label accounts by the
    names.

    \b
    Examples:
      brandfit profile discover --out topics.toml -w demo
      brandfit profile discover --apply topics.toml --out labels.csv -w demo
      brandfit profile combined --labels labels.csv -w demo
    """
    from pathlib import Path

    from brandfit.profilers import _discover
    from brandfit.profilers._labels import write_labels
    from brandfit.workspace import Workspace

    if mapping:
        refuse_given({"topics"}, "is for finding topics; --apply reads them from its file. Leave it out.")
    else:
        refuse_given({"share"}, "is for labels; add the named topics with --apply FILE, or leave it out.")
    # Work of people is never overwritten.
    if mapping and Path(out).exists():
        raise click.UsageError(
            f"{out} exists. Name another file for the labels; a profiler takes several: --labels, twice."
        )
    if not mapping and _discover.is_filled_in(out):
        raise click.UsageError(f"{out} exists, and was edited. Name another file; or use it: --apply {out}")
    with Workspace(workspace) as opened:
        dataset = opened.dataset()
    if mapping:
        labels = _discover.label_accounts(dataset, _discover.read(mapping), share=share, seed=seed)
        write_labels(labels, out)
        click.echo(f"Written: {out}, {len(labels):,} accounts.")
        return
    found_topics, ids, _ = _discover.discover_topics(dataset, topics, seed=seed)
    Path(out).write_text(
        _discover.to_toml(found_topics, f"the {_discover.source(dataset)} of {len(ids):,} influencers"),
        encoding="utf-8",
    )
    for topic in sorted(found_topics, key=lambda topic: -topic.accounts):
        click.echo(f"{topic.accounts:>7,}  {', '.join(topic.words)}")
    click.echo(f"Written: {out}. Write a category next to each topic that is one, then use --apply.")


@command.command(cls=Command)
@workspace_option
@click.option("--posts", is_flag=True, help="Label posts, not accounts.")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False),
    help="CSV of account (or post) and category to add to.",
)
@click.option(
    "--category",
    "categories",
    multiple=True,
    help="A category to choose from; several times. Default: the workspace's.",
)
@click.option("--count", default=20, show_default=True, type=click.IntRange(1), help="How many to label.")
@seed_option
def mark(
    workspace: str, posts: bool, *, out: str, categories: tuple[str, ...], count: int, seed: int
) -> None:
    """Label accounts by hand: read the posts of one, type a number. Labelled accounts do not come again; `q`
    stops.

    \b
    Examples:
      brandfit profile mark --out labels.csv --category food --category travel -w demo
      brandfit profile mark --posts --out posts.csv -w demo
    """
    from pathlib import Path

    from brandfit import pipeline
    from brandfit.profilers._labels import Kind, Labels, read_labels, write_labels
    from brandfit.workspace import Workspace

    kind: Kind = "post" if posts else "account"
    file_kind, labels = read_labels(out) if Path(out).exists() else Labels(kind, {})
    # Posts and accounts have separate files, because a profiler reads one kind.
    if file_kind != kind:
        raise click.UsageError(f"{out} holds labels of {file_kind}s. Name another file for those of {kind}s.")
    with Workspace(workspace) as opened:
        to_label, stated = pipeline.posts_to_label(opened, list(labels), count=count, seed=seed, kind=kind)
    names = list(categories) or stated
    if not names:
        raise click.UsageError(
            "This workspace has no categories yet: name them, --category food --category travel"
        )
    choices = "   ".join(f"{n} {name}" for n, name in enumerate(names, 1))
    for number, (id, texts) in enumerate(to_label, 1):
        click.echo(f"\n{number} of {len(to_label)}: " + click.style(id, bold=True))
        for text in texts:
            click.echo(f"  {text}")
        answer = click.prompt(
            f"{choices}   s skip   q stop",
            type=click.Choice([*map(str, range(1, len(names) + 1)), "s", "q"]),
            show_choices=False,
        )
        if answer == "q":
            break
        if answer != "s":
            # Written after every answer: a stopped session loses none.
            labels[id] = names[int(answer) - 1]
            write_labels(labels, out, kind)
    if not labels:
        click.echo("Nothing was labelled, and nothing written.")
        return
    # Labels of posts are read only by a profiler of posts.
    level = " --set level=post" if posts else ""
    click.echo(
        f"{out}: {len(labels):,} {kind}s. Use it: brandfit profile --labels {out}{level} -w {workspace}"
    )
