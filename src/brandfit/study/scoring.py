"""Accuracy and ratings of a study, with intervals over participants (CAMERA, Table IV)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from brandfit.study.answers import Answers, Participant
from brandfit.study.questionnaire import CHARTS, GROUPS, LETTERS, PROFILES, SCALES_BY_TASK

DRAWS = 2000
"""Bootstrap samples of the participants of a group."""
CHANCE = 1 / len(LETTERS)
PUBLISHED = {
    "accuracy": {(1, CHARTS): 0.947, (2, CHARTS): 0.886, (2, PROFILES): 0.736},
    "comprehensive": {(1, CHARTS): 4.311},
    "easy": {(1, CHARTS): 3.861, (2, CHARTS): 3.944},
    "reasonable": {(2, CHARTS): 3.886},
}
"""Figures of the paper's Table IV (30 participants, 12 questions a task). All its participants see task 1."""


class Estimate(NamedTuple):
    """A mean with its 95 % interval over participants; the interval is None with fewer than two."""

    value: float
    low: float | None
    high: float | None
    n_answers: int
    n_participants: int


@dataclass(frozen=True)
class Scores:
    """Figures of a study.

    accuracy    (task, group) to the share of right answers; group "all" for task 1, which is equal for both
    ratings     (task, group, scale) to the mean rating of the right options
    difference  accuracy in task 2 with charts minus with profiles; None if a group has no answer
    questions   question to group to (right answers, answers)
    unanswered  questions without an answer, of all participants; they do not count as wrong
    """

    study: str
    accuracy: Mapping[tuple[int, str], Estimate]
    ratings: Mapping[tuple[int, str, str], Estimate]
    difference: Estimate | None
    questions: Mapping[str, Mapping[str, tuple[int, int]]]
    unanswered: int
    rejects: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        accuracy = [
            {"task": task, "group": group, **e._asdict()} for (task, group), e in self.accuracy.items()
        ]
        ratings = []
        for (task, group, scale), estimate in self.ratings.items():
            ratings.append({"task": task, "group": group, "scale": scale, **estimate._asdict()})
        return {
            "study": self.study,
            "chance": CHANCE,
            "accuracy": accuracy,
            "ratings": ratings,
            "difference": None if self.difference is None else self.difference._asdict(),
            "questions": self.questions,
            "unanswered": self.unanswered,
            "rejects": list(self.rejects),
            "notes": list(self.notes),
        }


ALL = "all"


def score(answers: Answers, key: Mapping[str, Any], *, seed: int = 0) -> Scores:
    """The figures of a study from its answers and its answer key.

    Accuracy is the share of right answers among the answers of a group. Its interval is the 2.5 % and 97.5 %
    quantile over ``DRAWS`` samples of participants with replacement, because the answers of one participant
    are not independent. The two groups of the difference are sampled separately.
    """
    members_by_group = {group: [p for p in answers.participants if p.group == group] for group in GROUPS}
    rng = np.random.default_rng(seed)
    samples_by_group = {ALL: _Sample(list(answers.participants), rng)}
    for group, members in members_by_group.items():
        samples_by_group[group] = _Sample(members, rng)
    questions_by_task = {task: [q for q in key["questions"] if q["task"] == task] for task in SCALES_BY_TASK}

    accuracy: dict[tuple[int, str], Estimate] = {}
    ratings: dict[tuple[int, str, str], Estimate] = {}
    for task, group in ((1, ALL), (2, CHARTS), (2, PROFILES)):
        sample, questions = samples_by_group[group], questions_by_task[task]
        estimate = sample.estimate(partial(_right, questions=questions))
        if estimate is not None:
            accuracy[task, group] = estimate
        for scale in SCALES_BY_TASK[task]:
            rated = sample.estimate(partial(_rated, questions=questions, scale=scale))
            if rated is not None:
                ratings[task, group, scale] = rated
    difference = None
    if (2, CHARTS) in accuracy and (2, PROFILES) in accuracy:
        with_charts, with_profiles = samples_by_group[CHARTS], samples_by_group[PROFILES]
        difference = _difference(with_charts, with_profiles, partial(_right, questions=questions_by_task[2]))
    n_expected = len(answers.participants) * len(key["questions"])
    return Scores(
        study=key["study"],
        accuracy=accuracy,
        ratings=ratings,
        difference=difference,
        questions=_by_question(members_by_group, key["questions"]),
        unanswered=n_expected - sum(len(p.choices) for p in answers.participants),
        rejects=answers.rejects,
        notes=answers.notes,
    )


def _right(participant: Participant, questions: Sequence[Mapping[str, Any]]) -> tuple[float, int]:
    """Right answers of a participant, and answers."""
    answered = [q for q in questions if q["id"] in participant.choices]
    return float(sum(participant.choices[q["id"]] == q["answer"] for q in answered)), len(answered)


def _rated(participant: Participant, questions: Sequence[Mapping[str, Any]], scale: str) -> tuple[float, int]:
    """Sum of the ratings of right options, and how many there are."""
    keys = [(q["id"], scale) for q in questions]
    values = [participant.ratings[key] for key in keys if key in participant.ratings]
    return float(sum(values)), len(values)


Counts = Callable[[Participant], tuple[float, int]]
"""From a participant to the sum of a figure, and the number of values in it."""


class _Sample:
    """The participants of a group, and the bootstrap samples that all figures of the group share."""

    def __init__(self, members: list[Participant], rng: np.random.Generator) -> None:
        self.members = members
        n = len(members)
        # (DRAWS, n) positions of the participants of each sample.
        self.positions = rng.integers(n, size=(DRAWS, n)) if n else np.zeros((DRAWS, 0), np.int64)

    def sums(self, counts: Counts) -> tuple[np.ndarray, np.ndarray]:
        """(n,) sums and (n,) numbers of values."""
        pairs = np.array([counts(member) for member in self.members], np.float64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def means(self, counts: Counts) -> np.ndarray:
        """(m,) means of the samples that have a value, m <= DRAWS."""
        total, n_values = self.sums(counts)
        sampled_n = n_values[self.positions].sum(axis=1)  # (DRAWS,)
        has_value = sampled_n > 0
        return np.asarray(total[self.positions].sum(axis=1)[has_value] / sampled_n[has_value])

    def estimate(self, counts: Counts) -> Estimate | None:
        """The mean over all values, with its interval; None without a value."""
        total, n_values = self.sums(counts)
        n_answers, n_participants = int(n_values.sum()), int((n_values > 0).sum())
        if not n_answers:
            return None
        low, high = _interval(self.means(counts)) if n_participants > 1 else (None, None)
        return Estimate(float(total.sum() / n_answers), low, high, n_answers, n_participants)


def _difference(first: _Sample, second: _Sample, counts: Counts) -> Estimate:
    one, other = first.estimate(counts), second.estimate(counts)
    # Both groups have answers.
    assert one is not None
    assert other is not None
    low: float | None = None
    high: float | None = None
    if one.n_participants > 1 and other.n_participants > 1:
        means = first.means(counts), second.means(counts)
        n_draws = min(map(len, means))
        low, high = _interval(means[0][:n_draws] - means[1][:n_draws])
    return Estimate(
        one.value - other.value,
        low,
        high,
        one.n_answers + other.n_answers,
        one.n_participants + other.n_participants,
    )


def _interval(means: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _by_question(
    members_by_group: Mapping[str, Sequence[Participant]], questions: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, tuple[int, int]]]:
    """Question to group to (right answers, answers)."""
    result: dict[str, dict[str, tuple[int, int]]] = {}
    for question in questions:
        counts = {}
        for group, members in members_by_group.items():
            pairs = [_right(member, [question]) for member in members]
            counts[group] = (int(sum(right for right, _ in pairs)), sum(answered for _, answered in pairs))
        result[question["id"]] = counts
    return result
