"""A questionnaire of two tasks, after the user study of CAMERA (C-19).

Task 1: which of four charts of concepts belongs to the account that is described?
Task 2: which of four candidates suits the account best? One group sees charts of the marketing direction of
the candidates, the other group (control) sees their profiles. The right answer is the candidate that the
ranker puts first.

S. Wang, T. Gan, Y. Liu, L. Zhang, J. Wu, L. Nie: Discover Micro-Influencers for Brands via Better
Understanding. IEEE Transactions on Multimedia, 2021; section IV-G, Table IV.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from brandfit.explain.explanation import Radar
from brandfit.report.content import Profile

LETTERS = "ABCD"
"""Names of the options, in the order in which they are shown."""
CHARTS, PROFILES = "charts", "profiles"
GROUPS = (CHARTS, PROFILES)
"""Groups of participants. Task 1 is equal for both; in task 2 the control group sees profiles."""
SCALES_BY_TASK = {1: ("comprehensive", "easy"), 2: ("reasonable", "easy")}
"""Task to the scales on which every option is rated, from 1 (very poor) to 5 (very good)."""
BEST_RATING = 5


@dataclass(frozen=True)
class Option:
    """One of the four possible answers.

    account  id of the account; the form does not contain it
    chart    concepts of the account (task 1), or its direction towards the account of the question (task 2)
    profile  what the control group sees in task 2; None in task 1
    rank     its rank by the ranker; None in task 1
    """

    account: str
    chart: Radar
    profile: Profile | None = None
    rank: int | None = None


@dataclass(frozen=True)
class Question:
    """A question with one right answer.

    id       such as "1-03": task and number
    profile  the account of the question
    chart    its concepts, in task 2
    option_role     "influencer" or "brand" in task 2: what the options are
    options  (4,) in the order in which they are shown
    answer   letter of the right option
    """

    id: str
    task: int
    account: str
    profile: Profile
    options: tuple[Option, ...]
    answer: str
    chart: Radar | None = None
    option_role: str = ""

    def key(self) -> dict[str, Any]:
        """The row of the answer key."""
        row: dict[str, Any] = {
            "id": self.id,
            "task": self.task,
            "account": self.account,
            "options": [option.account for option in self.options],
            "answer": self.answer,
        }
        if self.task == 2:
            row["option_role"] = self.option_role
            row["ranks"] = [option.rank for option in self.options]
        return row


@dataclass(frozen=True)
class Questionnaire:
    """All questions of a study.

    id       of the study; answers to another study are refused
    ranker   the ranker whose order decides task 2
    dataset  fingerprint of the data
    notes    sentences on questions that could not be made
    """

    id: str
    seed: int
    ranker: str
    dataset: str
    questions: tuple[Question, ...]
    notes: tuple[str, ...] = ()

    def of_task(self, task: int) -> list[Question]:
        return [question for question in self.questions if question.task == task]

    def key(self) -> dict[str, Any]:
        """The answer key, as JSON types. It is not part of any form."""
        return {
            "study": self.id,
            "seed": self.seed,
            "ranker": self.ranker,
            "dataset": self.dataset,
            "questions": [question.key() for question in self.questions],
        }
