"""Shared parts of the commands: options, settings, progress on stderr, tables and JSON on stdout."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec
from click.core import ParameterSource

if TYPE_CHECKING:
    from rich.progress import Progress

    from brandfit.data.candidates import Counted
    from brandfit.progress import Progress as ReportProgress


class Command(click.Command):
    """A command that refuses an option of one value that is typed twice: the first value would be lost."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:
            # The parser keeps the order of all typed parameters, repeated ones too.
            typed = self.make_parser(ctx).parse_args(args=list(args))[2]
            for option in typed:
                if not isinstance(option, click.Option) or option.multiple or option.count or option.is_flag:
                    continue
                if typed.count(option) > 1:
                    hint = 'Join conditions with "and".' if option.name == "where" else "Name one value."
                    raise click.UsageError(f"{option.opts[-1]} is given twice. {hint}", ctx)
        return super().parse_args(ctx, args)


class Amount(click.ParamType):
    """A positive number as people type it (``number_text``)."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from brandfit import number_text

        try:
            number = float(value) if isinstance(value, int | float) else number_text.number(value)
        except number_text.Ambiguous as error:
            self.fail(f"{error}.", param, ctx)
        except ValueError:
            number = 0.0
        if number <= 0:
            name = param.name if param is not None else "value"
            self.fail(f"A {name} is a number above 0, found {value!r}. For example: 5000", param, ctx)
        return number


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
    help="Weight of a part of the score: picture=2.",
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
exposure_option = click.option(
    "--exposure",
    type=click.Choice(["parity"]),
    help="Give every follower tier its share of the places; a note says what that costs.",
)
out_option = click.option(
    "--out",
    type=click.Path(dir_okay=False),
    help="The rows as a file too: .csv, .xlsx, .json, .jsonl or .parquet.",
)
objective_option = click.option(
    "--objective",
    type=click.Choice(["match_reach", "rank_reach", "reach", "engagement"]),
    help="What the set maximises: followers x chance of a match, followers x rank share, followers, or "
    "expected likes and comments. Default: match_reach, or rank_reach if the ranker gives no chance of a "
    "match.",
)
currency_option = click.option(
    "--currency",
    help="Currency of prices and budget, such as EUR; nothing is converted. Default: that of the workspace.",
)
seed_option = click.option("--seed", default=0, show_default=True, help="Seed of everything random.")


DATA_SCOPES = ("endorsements", "slots")
NEAR = 0.75
"""String similarity (``difflib``) from which a scope is a misspelled one of the data."""


def read_settings(pairs: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The settings of a command itself, and those of the data: ``endorsements.*`` and ``slots.*``.

    A command that reads only one of the two calls ``own_settings`` or ``only_data``, which refuse the others.
    """
    from difflib import get_close_matches

    from brandfit.config import parse_settings, refuse_unread
    from brandfit.pipeline.settings import data_settings

    settings = parse_settings(pairs)
    # A misspelled scope would pass as the name of an encoder or ranker.
    for name in settings:
        scope, dot, _ = name.partition(".")
        if dot and scope not in DATA_SCOPES and get_close_matches(scope.lower(), DATA_SCOPES, cutoff=NEAR):
            refuse_unread([name], data_settings())
    data = {name: value for name, value in settings.items() if name.partition(".")[0] in DATA_SCOPES}
    return {name: value for name, value in settings.items() if name not in data}, data


def own_settings(pairs: Sequence[str]) -> dict[str, str]:
    """The settings of a command that does not read those of the data. Raises UsageError for one of these."""
    from brandfit.errors import UsageError

    own, data = read_settings(pairs)
    for name, value in data.items():
        if "." not in name:  # an own setting that is called like a scope: endorsements of concept.graph
            own[name] = value
            continue
        raise UsageError(
            f"Setting {name!r}: this command reads no settings of the data; nothing would change.",
            f"Give it where the data are read: brandfit train, rank, evaluate ... --set {name}={value}",
        )
    return own


def refuse_given(names: Collection[str], reason: str) -> None:
    """Raise click.UsageError for the first of these parameters of the running command that was typed.

    Call it where nothing would read them: ``reason`` goes on from the name and says what to do. Defaults and
    environment variables are no choice for this call, so they pass.
    """
    # click stores where each value comes from.
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in names and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            is_option = isinstance(parameter, click.Option)
            typed = parameter.opts[-1] if is_option else parameter.human_readable_name
            raise click.UsageError(f"{typed} {reason}", context)


def refuse_slots(data: Collection[str], *, subject: str, read: Collection[str] = ()) -> None:
    """Raise UsageError for the first setting ``slots.SLOT`` of another slot than those that are read."""
    from brandfit.errors import UsageError

    for name in data:
        # Settings of endorsements always change who is a partner.
        scope, _, slot = name.partition(".")
        if scope == "slots" and slot not in read:
            slots = " or ".join(f"slots.{one}" for one in read)
            raise UsageError(
                f"Setting {name!r}: {subject} would not change.",
                f"Leave it out{f', or set {slots}' if read else ''}.",
            )


def weights_of(pairs: Sequence[str]) -> dict[str, float]:
    """The weight of each part of the score, from PART=NUMBER. Raises ConfigError."""
    from brandfit import number_text
    from brandfit.config import parse_settings
    from brandfit.errors import ConfigError

    weight_by_part = {}
    for part, value in parse_settings(pairs).items():
        try:
            weight_by_part[part] = number_text.number(value, ratio=True)
        except ValueError as error:
            reason = error if isinstance(error, number_text.Ambiguous) else f"{value!r} is no number"
            raise ConfigError(
                f"--weight {part}={value}: {reason}.", f"Write for example --weight {part}=2"
            ) from None
    return weight_by_part


def print_json(value: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_markdown(text: str) -> None:
    """Print Markdown with layout on a terminal, and as it is to a file or a program."""
    # A file keeps the Markdown.
    if not sys.stdout.isatty():
        click.echo(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print plain aligned columns; numbers to the right."""
    lines = [list(header), *([_cell(value) for value in row] for row in rows)]
    # Each column is as wide as its widest cell, and numeric if no cell holds text.
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    is_numeric = [bool(rows)] * len(header)
    for row in rows:
        for column, value in enumerate(row):
            is_numeric[column] &= value is None or isinstance(value, int | float)
    for number, cells in enumerate(lines):
        padded = []
        for cell, width, to_right in zip(cells, widths, is_numeric, strict=True):
            padded.append(cell.rjust(width) if to_right else cell.ljust(width))
        text = "  ".join(padded).rstrip()
        click.echo(text if number else click.style(text, bold=True))


def print_notes(notes: Sequence[str]) -> None:
    for note in notes:
        # A dot after a command would be copied with it.
        is_complete = note.endswith((".", "?")) or ": brandfit " in note
        click.echo(f"Note: {note}" + ("" if is_complete else "."))


def print_counts(
    among: int,
    excluded: Sequence[Counted],
    *,
    incomplete: Sequence[Counted] = (),
    what: str = "are candidates",
) -> None:
    """Print how many influencers remain, and how many are left out for which reason."""
    from brandfit.data.candidates import sentences

    for sentence in sentences(among, excluded, incomplete=incomplete, predicate=what):
        click.echo(sentence)
    # The bounds are a default that many do not know of.
    if any(group.reason in ("followers_below", "followers_above") for group in excluded):
        click.echo("Other bounds: --followers 1k..500k, or 0.. for all.")


@contextlib.contextmanager
def progress(title: str, of_bytes: bool = False, quiet: bool = False) -> Iterator[ReportProgress]:
    """Show a bar with rate and time left on stderr if that is a terminal; yields the function that moves
    it."""
    # Programs and logs get no bar.
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
            rate = ""
            if speed:
                rate = f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.2g}/s"
            return Text(rate, "progress.data.speed")

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
    # bool is a subclass of int, so it comes first.
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def scoped(settings: dict[str, str], name: str, targets: Sequence[str]) -> dict[str, str]:
    """The settings of one of several targets, such as encoders.

    ``TARGET.NAME=VALUE`` is always read, ``NAME=VALUE`` only if there is one target. Raises ConfigError for a
    setting without a clear target, or that is given twice.
    """
    from brandfit.errors import ConfigError

    own_settings = {}
    for key, value in settings.items():
        owner = next((target for target in targets if key.startswith(f"{target}.")), None)
        # Without a target the setting would be that of any of them.
        if owner is None and len(set(targets)) > 1:
            raise ConfigError(
                f"Setting {key!r}: of which of {', '.join(targets)}?",
                f"Write it as {targets[0]}.{key}={value}",
            )
        if owner in (None, name):
            own = key.removeprefix(f"{name}.")
            if own in own_settings:
                raise ConfigError(f"{own} is given twice: as {own} and as {name}.{own}.", "Give it once.")
            own_settings[own] = value
    return own_settings


def only_data(pairs: Sequence[str]) -> dict[str, str]:
    """The settings of the data, for a command that reads no others. Raises UnknownName for another one."""
    from brandfit.config import refuse_unread
    from brandfit.pipeline.settings import data_settings

    options, data = read_settings(pairs)
    refuse_unread(options, data_settings())
    return data
