"""brandfit train"""

from __future__ import annotations

import time

import click

from brandfit.cli._shared import (
    Command,
    json_option,
    print_json,
    progress,
    read_settings,
    seed_option,
    set_option,
    workspace_option,
)
from brandfit.mappings import without_prefix


@click.command(cls=Command, short_help="Fit a ranker on the endorsements of the workspace.")
@click.argument("ranker")
@workspace_option
@seed_option
@set_option
@json_option
def command(ranker: str, workspace: str, *, seed: int, settings: tuple[str, ...], as_json: bool) -> None:
    """Fit RANKER (see `brandfit list rankers`) and store it in the workspace.

    \b
    Examples:
      brandfit train brandfit -w demo
      brandfit train wsim --set epochs=50 --set slots.text=text.hashing -w demo
    """
    from brandfit import pipeline
    from brandfit.workspace import Workspace

    options, data = read_settings(settings)
    started = time.perf_counter()
    with Workspace(workspace) as opened, progress(f"train {ranker}", quiet=as_json) as bar:
        model = pipeline.train(opened, ranker, settings=options, data=data, seed=seed, progress=bar)
        info = opened.model_info(ranker)
    if as_json:
        print_json(info)
        return
    # The data that the model was trained with include the name of the Features of each slot.
    filled = without_prefix("slots.", info["data"])
    # A ranker that learns stores the slots that it read, because a setting may leave out a filled one.
    slots = model.reads if model.learns else [slot for slot in model.slots if slot in filled]
    read = ", ".join(f"{slot} from {filled[slot]}" for slot in slots)
    click.echo(
        f"{model.name} is trained ({time.perf_counter() - started:.1f} s), reading {read or 'nothing'}."
    )
    for note in info["notes"]:
        click.echo(f"Note: {note}")
    click.echo(f"Next: brandfit rank BRAND --ranker {ranker} -w {workspace}")
