"""What commands share: options, progress on stderr, tables and JSON on stdout."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

if TYPE_CHECKING:
    from rich.progress import Progress

    from brandfit.data.candidates import Counted
    from brandfit.progress import Progress as ReportProgress


class Command(click.Command):
    """A command that refuses an option that is given twice if it takes one value: the first would be lost."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:
            given = self.make_parser(ctx).parse_args(args=list(args))[2]
            for option in given:
                if not isinstance(option, click.Option) or option.multiple or option.count or option.is_flag:
                    continue
                if given.count(option) > 1:
                    hint = 'Join conditions with "and".' if option.name == "where" else "Name one value."
                    raise click.UsageError(f"{option.opts[-1]} is given twice. {hint}", ctx)
        return super().parse_args(ctx, args)


class Amount(click.ParamType):
    """A number above 0 as people type it (``number_text``)."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from brandfit import number_text

        try:
            found = float(value) if isinstance(value, int | float) else number_text.number(value)
        except number_text.Ambiguous as error:
            self.fail(f"{error}.", param, ctx)
        except ValueError:
            found = 0.0
        if found <= 0:
            what = param.name if param is not None else "value"
            self.fail(f"A {what} is a number above 0, found {value!r}. For example: 5000", param, ctx)
        return found


workspace_option = click.option(
    "-w",
    "--workspace",
    default="workspace",
    envvar="BRANDFIT_WORKSPACE",
    show_default=True,
    show_envvar=True,
    help="Folder of the workspace.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
set_option = click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting; may be given several times."
)
where_option = click.option(
    "--where", help="Only these: followers:5k..100k and not hashtag:ad. See `brandfit list filters`."
)
followers_option = click.option(
    "--followers",
    metavar="RANGE",
    help="Followers of the candidates, in place of 5k..100k: 1k..500k, ..20k; 0.. for all. Those of unknown "
    "size stay in.",
)
partners_option = click.option(
    "--partners", is_flag=True, help="Past partners too; they are left out otherwise."
)
weight_option = click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="PART=NUMBER",
    help="What a part of the score counts for: picture=2.",
)
like_option = click.option(
    "--like",
    multiple=True,
    metavar="INFLUENCER",
    help="Rank those higher that are like this one; several times.",
)
dislike_option = click.option(
    "--dislike",
    multiple=True,
    metavar="INFLUENCER",
    help="Leave this one out and rank those lower that are like it; several times.",
)
out_option = click.option(
    "--out",
    type=click.Path(dir_okay=False),
    help="The rows as a file too: .csv, .xlsx, .json, .jsonl or .parquet.",
)
objective_option = click.option(
    "--objective",
    type=click.Choice(["match_reach", "rank_reach", "reach", "engagement"]),
    help="What the set is chosen for: followers x chance of a match, followers x rank share, followers, or "
    "expected likes and "
    "comments. Default: match_reach, or rank_reach where the ranker gives no chance of a match.",
)
currency_option = click.option(
    "--currency",
    help="Currency of prices and budget, such as EUR; nothing is converted. Default: that of the workspace.",
)
seed_option = click.option("--seed", default=0, show_default=True, help="Seed of everything random.")


DATA_SCOPES = ("endorsements", "slots")
NEAR = 0.75
"""Likeness from which a scope is a misspelled one of the data."""


def read_settings(pairs: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Settings of the thing itself, and those of the data: ``endorsements.*`` and ``slots.*``. Whoever takes
    one of the two alone calls ``own_settings`` or ``only_data``, which refuse the others."""
    from difflib import get_close_matches

    from brandfit.config import parse_settings, refuse_unread
    from brandfit.pipeline.datasets import data_settings

    settings = parse_settings(pairs)
    for name in settings:
        scope, dot, _ = name.partition(".")
        if dot and scope not in DATA_SCOPES and get_close_matches(scope.lower(), DATA_SCOPES, cutoff=NEAR):
            refuse_unread([name], data_settings())
    data = {name: value for name, value in settings.items() if name.partition(".")[0] in DATA_SCOPES}
    return {name: value for name, value in settings.items() if name not in data}, data


def own_settings(pairs: Sequence[str]) -> dict[str, str]:
    """Settings of a command that takes none of the data. Raises UsageError for one of the data."""
    from brandfit.errors import UsageError

    own, data = read_settings(pairs)
    for name, value in data.items():
        raise UsageError(
            f"Setting {name!r}: this command reads no settings of the data; nothing would change.",
            f"Give it where the data are read: brandfit train, rank, evaluate ... --set {name}={value}",
        )
    return own


def weights_of(pairs: Sequence[str]) -> dict[str, float]:
    """PART=NUMBER of ``--weight``. Raises ConfigError."""
    from brandfit import number_text
    from brandfit.config import parse_settings
    from brandfit.errors import ConfigError

    found = {}
    for part, value in parse_settings(pairs).items():
        try:
            found[part] = number_text.number(value, ratio=True)
        except ValueError as error:
            why = error if isinstance(error, number_text.Ambiguous) else f"{value!r} is no number"
            raise ConfigError(
                f"--weight {part}={value}: {why}.", f"Write for example --weight {part}=2"
            ) from None
    return found


def print_json(value: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_markdown(text: str) -> None:
    """Laid out for whoever looks at a terminal; as it is for a program or a file."""
    if not sys.stdout.isatty():
        click.echo(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Plain aligned columns; numbers to the right."""
    text = [[_cell(v) for v in row] for row in rows]
    widths = [max(len(line[n]) for line in [list(header), *text]) for n in range(len(header))]
    right = [
        all(isinstance(row[n], int | float) or row[n] is None for row in rows) and bool(rows)
        for n in range(len(header))
    ]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(
            c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True)
        ).rstrip()

    click.echo(click.style(line(header), bold=True))
    for row in text:
        click.echo(line(row))


def print_notes(notes: Sequence[str]) -> None:
    for note in notes:
        # A dot after a command would be copied with it.
        ends = note.endswith((".", "?")) or ": brandfit " in note
        click.echo(f"Note: {note}" + ("" if ends else "."))


def print_counts(
    among: int,
    excluded: Sequence[Counted],
    *,
    incomplete: Sequence[Counted] = (),
    what: str = "are candidates",
) -> None:
    """How many influencers are left, who was left out and why."""
    from brandfit.data.candidates import sentences

    for sentence in sentences(among, excluded, incomplete=incomplete, predicate=what):
        click.echo(sentence)
    if any(group.reason in ("followers_below", "followers_above") for group in excluded):
        click.echo("Other bounds: --followers 1k..500k, or 0.. for all.")


@contextlib.contextmanager
def progress(title: str, of_bytes: bool = False, quiet: bool = False) -> Iterator[ReportProgress]:
    """A bar with rate and time left on a terminal's stderr; yields what reports to it. Silent elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _total, _step="", /: None
        return
    from rich.console import Console

    with _bar(Console(stderr=True), of_bytes) as bar:
        task = bar.add_task(title, total=None)

        def report(done: int, total: int, step: str = "", /) -> None:
            bar.update(
                task, completed=done, total=total or None, description=f"{title}: {step}" if step else title
            )

        yield report


def _bar(console: Any, of_bytes: bool) -> Progress:
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(
                f"{speed:,.0f}/s" if speed and speed >= 10 else f"{speed:.2g}/s" if speed else "",
                "progress.data.speed",
            )

    columns = [DownloadColumn(), TransferSpeedColumn()] if of_bytes else [MofNCompleteColumn(), Rate()]
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *columns,
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def scoped(settings: dict[str, str], name: str, targets: Sequence[str]) -> dict[str, str]:
    """The settings of one of several targets: ``NAME=VALUE`` for a single one, ``TARGET.NAME=VALUE``
    always."""
    from brandfit.errors import ConfigError

    chosen = {}
    for key, value in settings.items():
        owner = next((t for t in targets if key.startswith(f"{t}.")), None)
        if owner is None and len(set(targets)) > 1:
            raise ConfigError(
                f"Setting {key!r}: of which of {', '.join(targets)}?",
                f"Write it as {targets[0]}.{key}={value}",
            )
        if owner in (None, name):
            own = key.removeprefix(f"{name}.")
            if own in chosen:
                raise ConfigError(f"{own} is given twice: as {own} and as {name}.{own}.", "Give it once.")
            chosen[own] = value
    return chosen


def only_data(pairs: Sequence[str]) -> dict[str, str]:
    """Settings of a command that takes none but those of the data."""
    from brandfit.config import refuse_unread
    from brandfit.pipeline.datasets import data_settings

    options, data = read_settings(pairs)
    refuse_unread(options, data_settings())
    return data
