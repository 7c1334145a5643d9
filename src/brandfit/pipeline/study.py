"""Make a questionnaire about the charts of concepts, and score the answers (C-19)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brandfit.arguments import checked
from brandfit.errors import DataError, UsageError
from brandfit.messages import path_text
from brandfit.pipeline.missing_features import unencoded_note
from brandfit.pipeline.study_questions import QuestionMaker
from brandfit.pipeline.training import default_ranker, fitted
from brandfit.study import forms
from brandfit.study.answers import read_answers
from brandfit.study.questionnaire import GROUPS, Questionnaire
from brandfit.study.scoring import Scores, score
from brandfit.workspace import Place, as_workspace
from brandfit.workspace.artifacts import write_atomic

QUESTIONS = 12
"""Questions of a task, as in the paper."""
KEY_FILE, ANSWERS = "key.json", "answers"


@dataclass(frozen=True)
class StudyMade:
    """The files of a new study.

    forms  group to its HTML file
    key    the answer key, which participants must not see
    """

    questionnaire: Questionnaire
    forms: Mapping[str, Path]
    key: Path

    def to_dict(self) -> dict[str, Any]:
        questions = self.questionnaire.questions
        return {
            "study": self.questionnaire.id,
            "ranker": self.questionnaire.ranker,
            "questions": {task: sum(q.task == task for q in questions) for task in (1, 2)},
            "forms": {group: str(path) for group, path in self.forms.items()},
            "key": str(self.key),
            "notes": list(self.questionnaire.notes),
        }


@checked
def make_study(
    workspace: Place,
    folder: str | Path,
    *,
    ranker: str | None = None,
    questions: int = QUESTIONS,
    data: Mapping[str, Any] | None = None,
    followers: str | None = None,
    seed: int = 0,
) -> StudyMade:
    """Write the forms and the answer key of a study into ``folder``, which must not hold a study yet.

    ranker     decides the right answers of task 2; CAMERA also gives the marketing directions. With any other
               ranker, the direction is what both sides share
    questions  of each task; fewer, with a note, if the workspace does not have enough accounts
    seed       of the choice of accounts and the order of options

    Raises UsageError if no question can be made.
    """
    workspace, folder = as_workspace(workspace), Path(folder)
    if questions < 1:
        raise UsageError(f"Expected at least 1 question, found {questions}.")
    if (folder / KEY_FILE).exists():
        raise UsageError(
            f"{path_text(folder)} already holds a study.",
            "Name another folder: forms and key belong together.",
        )
    ranker = ranker or default_ranker(workspace)
    model, dataset = fitted(workspace, ranker, data=data)
    maker = QuestionMaker(
        workspace, model, dataset=dataset, ranker=ranker, data=data, followers=followers, seed=seed
    )
    made = [*maker.chart_questions(questions), *maker.partner_questions(questions)]
    everyone = [*dataset.brands.tolist(), *dataset.influencers.tolist()]
    notes = list(unencoded_note(workspace, dataset, everyone))
    for task in (1, 2):
        n_made = sum(question.task == task for question in made)
        if n_made < questions:
            notes.append(
                f"task {task} has {n_made} of {questions} questions: the workspace does not have more "
                "accounts with charts that differ"
            )
    if not made:
        raise UsageError(
            "No question can be made: it takes four accounts with different concepts.",
            "Encode concepts first: brandfit encode concept.bag",
        )
    text = json.dumps([question.key() for question in made], sort_keys=True)
    digest = hashlib.sha256(f"{dataset.fingerprint} {seed} {text}".encode()).hexdigest()
    questionnaire = Questionnaire(
        digest[:12], seed, model.name, dataset.fingerprint, tuple(made), tuple(notes)
    )
    return _written(questionnaire, folder)


def _written(questionnaire: Questionnaire, folder: Path) -> StudyMade:
    folder.mkdir(parents=True, exist_ok=True)
    form_by_group = {}
    for group in GROUPS:
        form_by_group[group] = folder / f"form-{group}.html"
        write_atomic(form_by_group[group], forms.render(questionnaire, group).encode())
    # The key comes last: a folder with a key is complete.
    key = folder / KEY_FILE
    write_atomic(key, (json.dumps(questionnaire.key(), indent=2) + "\n").encode())
    return StudyMade(questionnaire, form_by_group, key)


@checked
def score_study(folder: str | Path, answers: Sequence[str | Path] = (), *, seed: int = 0) -> Scores:
    """The accuracy and the ratings of a study.

    folder   of the study, with its answer key
    answers  CSV files of participants; default: all files in ``answers/`` of the folder
    seed     of the bootstrap samples

    Raises DataError for a folder without a key, for no answers, and for files of another study.
    """
    folder = Path(folder)
    try:
        key = json.loads((folder / KEY_FILE).read_text(encoding="utf-8"))
    except OSError:
        raise DataError(
            f"{path_text(folder)} holds no study: {KEY_FILE} is missing.",
            "Make one: brandfit study make FOLDER",
        ) from None
    except ValueError:
        raise DataError(
            f"{path_text(folder / KEY_FILE)} is no JSON.", "Restore the file from a copy."
        ) from None
    files = [Path(file) for file in answers] or sorted((folder / ANSWERS).glob("*.csv"))
    if not files:
        raise DataError(
            f"There are no answers in {path_text(folder / ANSWERS)}.",
            "Put the CSV files of the participants there, or name them.",
        )
    return score(read_answers(files, key), key, seed=seed)
