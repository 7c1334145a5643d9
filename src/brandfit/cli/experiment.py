"""brandfit experiment"""

from __future__ import annotations

from pathlib import Path

import click

from brandfit.cli._shared import json_option, only_data, print_json, progress, set_option, workspace_option


@click.command(short_help="Run a table of a paper, or one of your own.")
@click.argument("name")
@workspace_option
@click.option("--out", type=click.Path(file_okay=False), help="Folder to write to.  [default: NAME inside experiments/]")
@click.option("--seeds", type=click.IntRange(1, 100), help="How many seeds, in place of the table's own number.")
@click.option("--protocol", help="official, cv5, expansion or temporal, in place of the table's own.")
@click.option("--fresh", is_flag=True, help="Run rows again that were run before.")
@set_option
@json_option
def command(
    name: str,
    workspace: str,
    out: str | None,
    seeds: int | None,
    protocol: str | None,
    fresh: bool,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Run the experiment NAME (`brandfit list experiments`) or a TOML file, and write Markdown, LaTeX, JSON and plots.

    Rows that were run on the same data with the same settings are kept and not run again.

    \b
    Examples:
      brandfit experiment wsim/table1 -w released
      brandfit experiment brandfit/cv5 --protocol official --seeds 1 -w released
      brandfit experiment my/table.toml --out my -w released
    """
    from msgspec.structs import replace

    from brandfit import experiments
    from brandfit.evaluation import protocol as protocols
    from brandfit.workspace import Workspace

    experiment = experiments.read(name)
    if protocol:
        experiment = replace(experiment, protocol=protocols.get(protocol).name, options={})
    data = only_data(settings)
    folder = Path(out) if out else Path("experiments") / name.removesuffix(".toml")
    with Workspace(workspace) as opened, progress(f"experiment {name}", quiet=as_json) as bar:
        outcome = experiments.run(opened, experiment, seeds, data, fresh, lambda _what, done, total: bar(done, total))
    typed = ["brandfit experiment", name, *(f"--protocol {protocol}" for _ in [0] if protocol)]
    typed += [*(f"--seeds {seeds}" for _ in [0] if seeds), *(f"--set {s}" for s in settings), "-w WORKSPACE"]
    files = experiments.publish(outcome, folder, " ".join(typed))
    if as_json:
        print_json(experiments.to_dict(outcome))
    else:
        click.echo(files[0].read_text(encoding="utf-8"))
        click.echo(f"Written: {', '.join(map(str, files))}")
