"""A study: forms without the answers, wrong options that are wrong, and scores of simulated participants
whose accuracy is known."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from brandfit import pipeline
from brandfit.cli import main
from brandfit.data.dataset import Dataset
from brandfit.data.redaction import TOKEN, plain
from brandfit.data.schema import Account, Post
from brandfit.errors import DataError, UsageError
from brandfit.pipeline.study_questions import QuestionMaker
from brandfit.rankers.simcos import SimCos
from brandfit.study.answers import COLUMNS, SCALES, read_answers
from brandfit.study.scoring import score
from brandfit.workspace import Workspace

LETTERS = "ABCD"


@pytest.fixture(scope="module")
def study(sample, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "made"
    with Workspace(sample) as workspace:
        return pipeline.make_study(workspace, folder, ranker="simcos", questions=6, seed=3)


def key_of(study) -> dict:
    return json.loads(study.key.read_text())


def write_answers(
    file: Path, key: dict, *, group: str, name: str, choose, rate=lambda question, letter: "4"
) -> Path:
    """The file of one participant. ``choose`` maps a question to a letter, or "" for no answer."""
    file.parent.mkdir(exist_ok=True)
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([*COLUMNS, *SCALES])
        for question in key["questions"]:
            choice = choose(question)
            for letter in LETTERS:
                rating = rate(question, letter)
                writer.writerow(
                    [
                        key["study"],
                        group,
                        name,
                        question["id"],
                        letter,
                        int(letter == choice),
                        rating,
                        rating,
                        rating,
                    ]
                )
    return file


# --- questions ----------------------------------------------------------------------------------------------


def test_the_right_option_of_task_1_is_the_account_and_the_others_have_other_categories(study, sample):
    with Workspace(sample) as workspace:
        questions = study.questionnaire.of_task(1)
        accounts = [option.account for question in questions for option in question.options]
        rows = pipeline.describe_accounts(workspace, accounts)
    categories = np.array([row["category"] for row in rows]).reshape(-1, 4)
    assert len(questions) == 6
    for question, options in zip(questions, categories.tolist(), strict=True):
        right = LETTERS.index(question.answer)
        assert question.options[right].account == question.account
        assert options.count(options[right]) == 2  # the right one, and one of the same category


def test_the_right_option_of_task_2_is_the_first_of_the_ranking(study, sample):
    with Workspace(sample) as workspace:
        for question in study.questionnaire.of_task(2):
            right = question.options[LETTERS.index(question.answer)]
            assert right.rank == 1
            if question.option_role == "influencer":
                ranking = pipeline.rank(workspace, question.account, ranker="simcos")
                order = ranking.candidates.tolist()
                assert [order.index(option.account) + 1 for option in question.options] == [
                    option.rank for option in question.options
                ]
            else:
                suiting = pipeline.brands_for(workspace, question.account, ranker="simcos")
                assert suiting.brands[0].brand == right.account
    asked = {question.option_role for question in study.questionnaire.of_task(2)}
    assert asked == {"influencer", "brand"}


def test_no_two_charts_of_a_question_are_equal(study):
    for question in study.questionnaire.questions:
        charts = []
        for option in question.options:
            (values,) = option.chart.series.values()
            charts.append((option.chart.axes, tuple(np.round(values, 6))))
        assert len(set(charts)) == 4


def test_right_options_are_at_all_positions(study):
    assert len({question.answer for question in study.questionnaire.questions}) > 2


def test_forms_hold_neither_answers_nor_the_names_of_accounts(study):
    ids = {option.account for question in study.questionnaire.questions for option in question.options}
    for path in study.forms.values():
        text = path.read_text()
        visible = re.sub(r"data:image/jpeg;base64,[^\"]*|alt=\"[^\"]*\"", "", text)
        assert '"answer"' not in text
        assert not [id for id in ids if f">{id}<" in visible]
        assert "http://" not in visible.replace("http://www.w3.org", "")
        assert "https://" not in visible


def test_no_text_of_a_form_names_an_account(study, sample):
    """Captions, biographies and descriptions of pictures too; screen readers read these aloud."""
    with Workspace(sample) as workspace:
        dataset = workspace.dataset()
    handles = {plain(id) for id in (*dataset.brands.tolist(), *dataset.influencers.tolist())}
    shown = {option.account for question in study.questionnaire.of_task(2) for option in question.options}
    shown |= {question.account for question in study.questionnaire.questions}
    names = {dataset.account(id)["name"] for id in shown} - {None, ""}
    for path in study.forms.values():
        text = re.sub(r"base64,[^\"]*", "", path.read_text())
        assert 'alt="Picture of a post' in text
        assert not {word for word in TOKEN.findall(text) if plain(word) in handles}
        assert not {name for name in names if re.search(rf"\b{re.escape(name)}\b", text)}


def test_a_profile_names_neither_its_account_nor_others():
    """The handle stands where texts are cut too: it is removed before that."""
    long = "word " * 55
    accounts = [
        Account(id="shop", role="brand", name="The Shop", biography="The Shop of @ann.b. " + long + "shop"),
        Account(id="ann.b", name="Ann Bee"),
    ]
    posts = [Post(id="p", account="shop", caption=long + "by shop with #ann.b and the shop")]
    dataset = Dataset.from_rows(accounts, posts)
    model = SimCos()
    maker = QuestionMaker(None, model, dataset=dataset, ranker="simcos", data=None, followers=None, seed=0)
    (profile,) = maker._profiles(["shop"])
    for text in (profile.biography, *profile.facts.values()):
        assert not {"shop", "ann.b"} & set(map(plain, TOKEN.findall(text)))
    assert profile.biography.startswith("… of @…. word")


def test_a_study_is_the_same_again_with_its_seed_and_another_with_another(sample, tmp_path):
    keys = []
    with Workspace(sample) as workspace:
        for number, seed in enumerate((0, 0, 1)):
            made = pipeline.make_study(
                workspace, tmp_path / str(number), ranker="simcos", questions=2, seed=seed
            )
            keys.append(key_of(made))
    assert keys[0] == keys[1]
    assert keys[0]["study"] != keys[2]["study"]


def test_a_folder_with_a_study_is_not_overwritten(study, sample):
    before = study.key.read_bytes()
    with Workspace(sample) as workspace, pytest.raises(UsageError, match="already holds a study"):
        pipeline.make_study(workspace, study.key.parent, ranker="simcos")
    assert study.key.read_bytes() == before


def test_fewer_questions_than_wanted_are_reported(sample, tmp_path):
    with Workspace(sample) as workspace:
        made = pipeline.make_study(workspace, tmp_path / "s", ranker="simcos", questions=90)
    assert any("of 90 questions" in note for note in made.questionnaire.notes)


# --- scores -------------------------------------------------------------------------------------------------


def test_simulated_participants_get_their_known_accuracy(study, tmp_path):
    """Participants who know the answer with probability p, and else guess, are right with p + (1 - p)/4."""
    key, rng = key_of(study), np.random.default_rng(5)
    knowledge_by_group = {"charts": 0.8, "profiles": 0.4}
    files = []
    for group, knowledge in knowledge_by_group.items():
        for number in range(60):

            def choose(question, knowledge=knowledge):
                knows = question["task"] == 1 or rng.random() < knowledge
                return question["answer"] if knows else str(rng.choice(list(LETTERS)))

            files.append(
                write_answers(
                    tmp_path / f"{group}{number}.csv", key, group=group, name=str(number), choose=choose
                )
            )
    scores = pipeline.score_study(study.key.parent, files)
    assert scores.accuracy[1, "all"].value == 1
    assert scores.accuracy[1, "all"].n_participants == 120
    for group, knowledge in knowledge_by_group.items():
        estimate = scores.accuracy[2, group]
        expected = knowledge + (1 - knowledge) / 4
        assert estimate.value == pytest.approx(expected, abs=0.07)
        assert estimate.low < expected < estimate.high
    assert scores.difference.low < 0.3 < scores.difference.high
    assert scores.difference.low > 0


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """Of 200 studies whose participants guess, about 95 % of the intervals hold .25."""
    key = {
        "study": "s",
        "questions": [{"id": f"2-{n:02d}", "task": 2, "answer": "A"} for n in range(12)],
    }
    rng = np.random.default_rng(0)
    n_covered = 0
    for _ in range(200):
        participants = []
        for number in range(20):
            choices = {q["id"]: str(rng.choice(list(LETTERS))) for q in key["questions"]}
            participants.append(_participant(str(number), choices))
        estimate = score(_answers(participants), key).accuracy[2, "charts"]
        n_covered += estimate.low <= 0.25 <= estimate.high
    assert 178 <= n_covered <= 200


def _participant(name: str, choices: dict[str, str]):
    from brandfit.study.answers import Participant

    return Participant(name, "charts", choices)


def _answers(participants):
    from brandfit.study.answers import Answers

    return Answers(tuple(participants), (), ())


def test_ratings_are_of_the_right_options_and_missing_answers_are_not_wrong(study, tmp_path):
    key = key_of(study)
    rate = lambda question, letter: "5" if letter == question["answer"] else "1"  # noqa: E731
    first = key["questions"][0]["id"]
    choose = lambda question: "" if question["id"] == first else question["answer"]  # noqa: E731
    files = [
        write_answers(tmp_path / f"{n}.csv", key, group="charts", name=str(n), choose=choose, rate=rate)
        for n in range(3)
    ]
    scores = pipeline.score_study(study.key.parent, files)
    assert scores.accuracy[1, "all"].value == 1
    assert scores.accuracy[1, "all"].n_answers == 15
    assert scores.ratings[1, "all", "comprehensive"].value == 5
    assert scores.unanswered == 3
    assert scores.difference is None
    assert scores.questions[first] == {"charts": (0, 0), "profiles": (0, 0)}


def test_one_participant_has_no_interval(study, tmp_path):
    key = key_of(study)
    file = write_answers(tmp_path / "a.csv", key, group="charts", name="a", choose=lambda q: q["answer"])
    estimate = pipeline.score_study(study.key.parent, [file]).accuracy[2, "charts"]
    assert (estimate.value, estimate.low, estimate.high) == (1, None, None)


def test_bad_rows_are_rejected_with_file_line_and_reason(study, tmp_path):
    key = key_of(study)
    file = write_answers(tmp_path / "a.csv", key, group="charts", name="a", choose=lambda q: q["answer"])
    lines = file.read_text().splitlines()
    lines[1] = lines[1].replace(",charts,", ",chart,")
    lines[2] = lines[2].replace(key["questions"][0]["id"], "9-99")
    lines[3] = lines[3].replace(",4", ",6")
    file.write_text("\n".join(lines))
    answers = read_answers([file], key)
    assert [reject["line"] for reject in answers.rejects] == [2, 3, 4]
    reasons = " ".join(reject["reason"] for reject in answers.rejects)
    assert "expected charts or profiles, found 'chart'" in reasons
    assert "'9-99' is not in this study" in reasons
    assert "expected 1 to 5, found '6'" in reasons


def test_a_second_file_of_a_participant_counts_and_is_reported(study, tmp_path):
    key = key_of(study)
    wrong = write_answers(tmp_path / "a.csv", key, group="charts", name="a", choose=lambda q: "")
    right = write_answers(tmp_path / "b.csv", key, group="charts", name="a", choose=lambda q: q["answer"])
    answers = read_answers([wrong, right], key)
    assert len(answers.participants) == 1
    assert len(answers.participants[0].choices) == len(key["questions"])
    assert "has two files of answers" in answers.notes[0]


def test_a_name_in_both_groups_and_a_file_without_rows_are_noted(study, tmp_path):
    key = key_of(study)
    files = [
        write_answers(tmp_path / f"{group}.csv", key, group=group, name="ann", choose=lambda question: "A")
        for group in ("charts", "profiles")
    ]
    empty = tmp_path / "empty.csv"
    empty.write_text(",".join([*COLUMNS, *SCALES]) + "\n")
    answers = read_answers([*files, empty], key)
    # The names may be those of two people, so nothing is left out.
    assert [(one.name, one.group) for one in answers.participants] == [("ann", "charts"), ("ann", "profiles")]
    empty_note, both_note = answers.notes
    assert empty_note == "empty.csv has a header and no answers, and does not count"
    assert both_note.startswith("1 name is in both groups, for example ann")
    assert not read_answers(files[:1], key).notes


def test_files_saved_by_a_spreadsheet_with_semicolons_are_read(study, tmp_path):
    key = key_of(study)
    file = write_answers(tmp_path / "a.csv", key, group="charts", name="a", choose=lambda q: q["answer"])
    file.write_text("\ufeff" + file.read_text().replace(",", ";"), encoding="utf-8")
    assert len(read_answers([file], key).participants[0].choices) == len(key["questions"])


def test_answers_to_another_study_and_no_answers_are_refused(study, tmp_path):
    key = key_of(study)
    file = write_answers(
        tmp_path / "a.csv", {**key, "study": "other"}, group="charts", name="a", choose=lambda q: "A"
    )
    with pytest.raises(DataError, match="belongs to the study 'other'"):
        pipeline.score_study(study.key.parent, [file])
    with pytest.raises(DataError, match="There are no answers"):
        pipeline.score_study(study.key.parent)
    with pytest.raises(DataError, match="holds no study"):
        pipeline.score_study(tmp_path)


def test_the_commands_make_and_score(sample, tmp_path, capsys):
    folder = tmp_path / "mine"
    main(["study", "make", str(folder), "--ranker", "simcos", "--questions", "2", "-w", str(sample)])
    assert "Answer key, not for participants" in capsys.readouterr().out
    key = json.loads((folder / "key.json").read_text())
    for number in range(2):
        write_answers(
            folder / "answers" / f"{number}.csv",
            key,
            group="charts",
            name=str(number),
            choose=lambda q: q["answer"],
        )
    main(["study", "score", str(folder)])
    out = capsys.readouterr().out
    assert "accuracy" in out
    assert "Accuracy by chance is 0.25" in out
    main(["study", "score", str(folder), "--json"])
    assert json.loads(capsys.readouterr().out)["accuracy"][0]["value"] == 1
