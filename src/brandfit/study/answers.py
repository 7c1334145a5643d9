"""Answers of participants: the CSV files that the forms save."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brandfit.errors import DataError
from brandfit.messages import clean, path_text, quoted
from brandfit.study.questionnaire import BEST_RATING, GROUPS, LETTERS, SCALES_BY_TASK

COLUMNS = ("study", "group", "participant", "question", "option", "chosen")
"""Columns that every file of answers has; columns of ratings may be missing."""
SCALES = ("comprehensive", "easy", "reasonable")


@dataclass
class Participant:
    """One participant of a group.

    choices  question to the chosen letter; questions without an answer are missing
    ratings  (question, scale) to the rating of the right option
    """

    name: str
    group: str
    choices: dict[str, str] = field(default_factory=dict)
    ratings: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Answers:
    """The answers of all participants.

    rejects  {"file", "line", "reason"} of each row that could not be used
    notes    sentences for people, such as files of the same participant
    """

    participants: tuple[Participant, ...]
    rejects: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]


def read_answers(files: Sequence[Path], key: Mapping[str, Any]) -> Answers:
    """The answers in ``files`` to the study of an answer key.

    A second file of the same participant replaces the first one, with a note. Equal names in both groups may
    be two people, so both count; a note gives their number. A note names files without rows. Raises DataError
    for a file that is no file of answers or belongs to another study.
    """
    question_by_id = {question["id"]: question for question in key["questions"]}
    participants: dict[tuple[str, str], Participant] = {}
    file_by_participant: dict[tuple[str, str], Path] = {}
    rejects, notes = [], []
    for file in files:
        fresh: dict[tuple[str, str], Participant] = {}
        n_rows = 0
        for line, row in _rows(file):
            n_rows += 1
            try:
                _check_study(row, key["study"], file)
                _add(row, question_by_id, fresh)
            except ValueError as error:
                rejects.append({"file": path_text(file), "line": line, "reason": str(error)})
        if not n_rows:
            notes.append(f"{clean(file.name)} has a header and no answers, and does not count")
        for who in fresh:
            if who in participants:
                notes.append(
                    f"{clean(who[1])} of the group {who[0]} has two files of answers: "
                    f"{clean(file.name)} counts, {clean(file_by_participant[who].name)} does not"
                )
            file_by_participant[who] = file
        participants |= fresh
    return Answers(
        tuple(participants.values()), tuple(rejects), (*notes, *_names_in_both_groups(participants))
    )


def _names_in_both_groups(participants: Iterable[tuple[str, str]]) -> list[str]:
    """A note on names in both groups; [] without one. participants: (group, name) each."""
    n_groups_by_name = Counter(name for _, name in participants)
    names = sorted(name for name, n_groups in n_groups_by_name.items() if n_groups > 1)
    if not names:
        return []
    subject = "1 name is" if len(names) == 1 else f"{len(names):,} names are"
    return [
        f"{subject} in both groups, for example {clean(names[0])}, and each counts as two participants: if "
        "that is one person, who knows the questions of the other form, leave one of the files out"
    ]


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, row) of a file. Spreadsheets save with semicolons in some countries; both are read."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path_text(file)} cannot be read: {error}.", "Give the CSV files that the participants saved."
        ) from None
    lines = text.splitlines()
    first = lines[0] if lines else ""
    reader = csv.DictReader(lines, delimiter=";" if first.count(";") > first.count(",") else ",")
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise DataError(
            f"{path_text(file)}: the columns {', '.join(missing)} are missing.",
            "Give the CSV files that the participants saved.",
        )
    for row in reader:
        yield (
            reader.line_num,
            {name: (value or "").strip() for name, value in row.items() if name in (*COLUMNS, *SCALES)},
        )


def _check_study(row: Mapping[str, str], study: str, file: Path) -> None:
    if row["study"] != study:
        raise DataError(
            f"{path_text(file)} belongs to the study {quoted(row['study'])}, not to {study!r}.",
            "Score it with the answer key of its own study.",
        )


def _add(
    row: Mapping[str, str],
    question_by_id: Mapping[str, Mapping[str, Any]],
    participants: dict[tuple[str, str], Participant],
) -> None:
    """Add one row, one option of one question, to its participant. Raises ValueError with the reason."""
    group, name = row["group"], row["participant"].removeprefix("'")
    if group not in GROUPS:
        raise ValueError(f"group: expected {' or '.join(GROUPS)}, found {quoted(group)}")
    if not name:
        raise ValueError("participant: there is no name")
    question = question_by_id.get(row["question"])
    if question is None:
        raise ValueError(f"question: {quoted(row['question'])} is not in this study")
    if row["option"] not in LETTERS:
        raise ValueError(f"option: expected {', '.join(LETTERS)}, found {quoted(row['option'])}")
    if row["chosen"] not in ("0", "1"):
        raise ValueError(f"chosen: expected 0 or 1, found {quoted(row['chosen'])}")
    ratings = _ratings(row, question["task"])
    participant = participants.setdefault((group, name), Participant(name, group))
    if row["chosen"] == "1":
        other = participant.choices.get(question["id"])
        if other is not None and other != row["option"]:
            raise ValueError(f"question {question['id']}: {other} and {row['option']} are both chosen")
        participant.choices[question["id"]] = row["option"]
    # The paper reports the ratings of the right options only.
    if row["option"] == question["answer"]:
        for scale, rating in ratings.items():
            participant.ratings[question["id"], scale] = rating


def _ratings(row: Mapping[str, str], task: int) -> dict[str, int]:
    """Scale to rating, of the scales of the task that have one."""
    ratings = {}
    for scale in SCALES_BY_TASK[task]:
        text = row.get(scale, "")
        if not text:
            continue
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= BEST_RATING:
            raise ValueError(f"{scale}: expected 1 to {BEST_RATING}, found {quoted(text)}")
        ratings[scale] = int(text)
    return ratings
