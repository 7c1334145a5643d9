"""brandfit study"""

from __future__ import annotations

import click

from brandfit.cli._shared import (
    Command,
    json_option,
    print_json,
    print_notes,
    print_table,
    seed_option,
    set_option,
    workspace_option,
)


@click.group(short_help="Test with people whether charts of concepts are understood.")
def command() -> None:
    """Make a questionnaire about the charts of concepts, and score the answers.

    Task 1: which of four charts belongs to an account? Task 2: which of four candidates suits an account? One
    group of participants sees charts in task 2, the other one profiles.

    \b
    Examples:
      brandfit study make my-study -w demo
      brandfit study score my-study
    """


@command.command(cls=Command)
@click.argument("folder", type=click.Path(file_okay=False))
@workspace_option
@click.option("--ranker", help="Ranker whose first place is right in task 2. [default: as in rank]")
@click.option("--questions", type=click.IntRange(1, 100), default=12, show_default=True, help="Of each task.")
@click.option("--followers", help="Bounds of the candidates, such as 1k..500k.")
@seed_option
@set_option
@json_option
def make(
    *,
    folder: str,
    workspace: str,
    ranker: str | None,
    questions: int,
    followers: str | None,
    seed: int,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write the two forms and the answer key of a study into FOLDER.

    Send form-charts.html to one half of the participants and form-profiles.html to the other half. Each
    participant saves a CSV file; put these files into FOLDER/answers. Keep key.json to yourself.

    \b
    Examples:
      brandfit study make my-study -w demo
      brandfit study make my-study --ranker camera --questions 8 -w demo
    """
    from brandfit import pipeline
    from brandfit.cli._shared import only_data
    from brandfit.workspace import Workspace

    data = only_data(settings)
    with Workspace(workspace) as opened:
        made = pipeline.make_study(
            opened, folder, ranker=ranker, questions=questions, data=data, followers=followers, seed=seed
        )
    if as_json:
        print_json(made.to_dict())
        return
    result = made.to_dict()
    click.echo(f"{result['questions'][1]} questions of task 1, {result['questions'][2]} of task 2.")
    for group, path in made.forms.items():
        click.echo(f"Form of the group {group}: {path}")
    click.echo(f"Answer key, not for participants: {made.key}")
    click.echo(
        f"Put the files of the participants into {folder}/answers, then: brandfit study score {folder}"
    )
    print_notes(made.questionnaire.notes)


@command.command(cls=Command)
@click.argument("folder", type=click.Path(file_okay=False))
@click.argument("answers", nargs=-1, type=click.Path(dir_okay=False))
@seed_option
@json_option
def score(*, folder: str, answers: tuple[str, ...], seed: int, as_json: bool) -> None:
    """Score the ANSWERS (default: all CSV files in FOLDER/answers) to the study in FOLDER.

    Intervals are 95 %, over participants.

    \b
    Examples:
      brandfit study score my-study
      brandfit study score my-study answers-charts-7.csv answers-profiles-8.csv
    """
    from brandfit import pipeline

    scores = pipeline.score_study(folder, answers, seed=seed)
    if as_json:
        print_json(scores.to_dict())
        return
    rows = []
    for (task, group), estimate in scores.accuracy.items():
        rows.append([f"{task}", group, "accuracy", *estimate])
    for (task, group, scale), estimate in scores.ratings.items():
        rows.append([f"{task}", group, scale, *estimate])
    if scores.difference is not None:
        rows.append(["2", "charts - profiles", "accuracy", *scores.difference])
    print_table(["task", "group", "figure", "value", "from", "to", "answers", "participants"], rows)
    click.echo("Accuracy by chance is 0.25. Ratings are of the right options, from 1 to 5.")
    if scores.unanswered:
        click.echo(f"Questions without an answer, not counted as wrong: {scores.unanswered:,}.")
    for reject in scores.rejects[:3]:
        click.echo(f"Left out: {reject['file']}, line {reject['line']}: {reject['reason']}")
    if len(scores.rejects) > 3:
        click.echo(f"Left out: {len(scores.rejects) - 3:,} more rows (--json lists all).")
    print_notes(scores.notes)
