"""brandfit experiment"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from brandfit.cli._shared import (
    Command,
    json_option,
    print_json,
    print_markdown,
    progress,
    read_settings,
    refuse_given,
    set_option,
    workspace_option,
)

if TYPE_CHECKING:
    from brandfit.experiments import ProfilerExperiment


@click.command(cls=Command, short_help="Run a table of a paper, or one of your own.")
@click.argument("name")
@workspace_option
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    help="Folder to write to.  [default: experiments/NAME of the workspace, NAME-PROTOCOL, NAME-refit]",
)
@click.option(
    "--seeds", type=click.IntRange(1, 100), help="How many seeds, in place of the table's own number."
)
@click.option("--protocol", help="official, cv5, expansion or temporal, in place of the table's own.")
@click.option(
    "--refit",
    is_flag=True,
    help="Encode anew in every fold what was fitted on all accounts, or describes them whole.",
)
@click.option("--fresh", is_flag=True, help="Run rows again that were run before.")
@click.option(
    "--labels",
    multiple=True,
    type=click.Path(dir_okay=False),
    help="For a table of profilers: CSV of account (or post) and category, in place of the workspace's.",
)
@set_option
@json_option
def command(  # noqa: PLR0913 - click passes every option by name
    name: str,
    workspace: str,
    *,
    out: str | None,
    seeds: int | None,
    protocol: str | None,
    refit: bool,
    fresh: bool,
    labels: tuple[str, ...],
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Run the experiment NAME (`brandfit list experiments`) or a TOML file, and write Markdown, LaTeX, JSON
    and plots.

    Rows that were run on the same data with the same settings are stored and not run again. Settings of the
    protocol are written protocol.NAME=VALUE; those of rankers are in the table.

    \b
    Examples:
      brandfit experiment wsim/table1 -w released
      brandfit experiment brandfit/cv5 --protocol official --seeds 1 -w released
      brandfit experiment brandfit/temporal --set protocol.date=2020-06-30 -w work
      brandfit experiment my/table.toml --out my -w released
      brandfit experiment profiler/table2 --labels posts.csv -w work
    """
    from msgspec.structs import replace

    from brandfit import experiments
    from brandfit.config import describe, refuse_unread
    from brandfit.evaluation import protocol as protocols
    from brandfit.pipeline.settings import data_settings
    from brandfit.workspace import Workspace

    # The name is that of a table of the package, or a TOML file.
    if (of_profilers := experiments.profiler_experiment(name)) is not None:
        refuse_given({"protocol", "refit", "settings"}, "is for tables of rankers. Leave it out.")
        _run_profilers(
            name,
            of_profilers,
            workspace=workspace,
            out=out,
            seeds=seeds,
            labels=labels,
            fresh=fresh,
            as_json=as_json,
        )
        return
    refuse_given({"labels"}, "is for tables of profilers (profiler/table1 ...). Leave it out.")
    experiment = experiments.read(name)
    options, data = read_settings(settings)
    # The options of the table belong to its own protocol; another one starts from its defaults.
    is_own_protocol = not protocol or protocol == experiment.protocol
    protocol_options = dict(experiment.options) if is_own_protocol else {}
    option_names: set[str] = set()
    for one in protocols.PROTOCOLS.values():
        option_names |= set(describe(one.Config))
    refuse_unread(options, {"protocol": option_names, **data_settings()})
    protocol_options |= {option.removeprefix("protocol."): value for option, value in options.items()}
    protocol_name = protocols.get(protocol or experiment.protocol, protocol_options).name
    home = name.removesuffix(".toml")
    home += f"-{protocol_name}" if protocol_name != experiment.protocol else ""
    home += "-refit" if refit else ""
    experiment = replace(
        experiment, protocol=protocol_name, options=protocol_options, refit=refit or experiment.refit
    )
    with Workspace(workspace) as opened, progress(f"experiment {name}", quiet=as_json) as bar:
        # Refused before the rows run.
        folder = experiments.writable(out or opened.path / "experiments" / home)
        outcome = experiments.run(
            opened,
            experiment,
            seeds=seeds,
            data=data,
            fresh=fresh,
            progress=bar,
        )
    # The command is printed above the table.
    typed = ["brandfit experiment", name]
    typed += [f"--protocol {protocol}"] if protocol else []
    typed += [f"--seeds {seeds}"] if seeds else []
    typed += ["--refit"] if refit else []
    typed += [*(f"--set {setting}" for setting in settings), "-w WORKSPACE"]
    files = experiments.publish(outcome, folder, " ".join(typed))
    if as_json:
        print_json(experiments.to_dict(outcome))
    else:
        print_markdown(files[0].read_text(encoding="utf-8"))
        click.echo(f"Written: {', '.join(map(str, files))}")


def _run_profilers(
    name: str,
    experiment: ProfilerExperiment,
    *,
    workspace: str,
    out: str | None,
    seeds: int | None,
    labels: tuple[str, ...],
    fresh: bool,
    as_json: bool,
) -> None:
    """Run and publish a table of profilers."""
    from brandfit import experiments
    from brandfit.workspace import Workspace

    with Workspace(workspace) as opened, progress(f"experiment {name}", quiet=as_json) as bar:
        folder = experiments.writable(out or opened.path / "experiments" / name.removesuffix(".toml"))
        outcome = experiments.run_profilers(
            opened, experiment, seeds=seeds, labels=labels, fresh=fresh, progress=bar
        )
    typed = ["brandfit experiment", name, *([f"--seeds {seeds}"] if seeds else [])]
    typed += [*(f"--labels {file}" for file in labels), "-w WORKSPACE"]
    files = experiments.publish_profilers(outcome, folder, " ".join(typed))
    if as_json:
        print_json(experiments.profilers_to_dict(outcome))
    else:
        print_markdown(files[0].read_text(encoding="utf-8"))
        click.echo(f"Written: {', '.join(map(str, files))}")
