"""What people note: all of it kept, nothing lost between two who note at once."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from brandfit.errors import UsageError
from brandfit.service.store import annotations, tables
from brandfit.service.store.service_store import ServiceStore


@pytest.fixture
def at(tmp_path):
    found = ServiceStore(tmp_path)
    yield found
    found.close()


def test_what_is_not_said_stays(at):
    at.annotate("a", "x", changes={"opinion": "like", "tags": ["family"]})
    at.annotate("a", "x", changes={"note": "asks 300"})
    at.annotate("a", "x", changes={"listed": True})
    told = at.annotate("a", "x", changes={"opinion": None})
    assert {name: told[name] for name in annotations.NO_ANNOTATION} == {
        "opinion": None,
        "listed": True,
        "note": "asks 300",
        "tags": ["family"],
    }
    assert at.annotations("a")["x"] == told


def test_marks_are_of_one_brand_and_the_latest_come_first(at):
    for n, who in enumerate(("x", "y", "z", "x")):
        at.annotate("a", who, changes={"note": str(n)})
    at.annotate("b", "x", changes={"note": "of another"})
    assert [(who, mark["note"]) for who, mark in at.annotations("a").items()] == [
        ("x", "3"),
        ("z", "2"),
        ("y", "1"),
    ]
    assert at.annotations("nobody") == {}


def test_it_is_there_after_opening_again(at, tmp_path):
    at.annotate("a", "x", changes={"note": "ä 🍋 '; DROP TABLE marks"})
    again = ServiceStore(tmp_path)
    assert again.annotations("a") == at.annotations("a")
    again.close()


def test_many_who_write_at_once_lose_nothing(at, tmp_path):
    """Half of them through a second desk, as another process has it."""
    other = ServiceStore(tmp_path)
    errors = []

    def note(n: int) -> None:
        try:
            for m in range(10):
                (at if n % 2 else other).annotate(
                    "a", "x", {("note", "tags")[n % 2]: str(m) if n % 2 == 0 else [str(m)]}
                )
                (at if n % 2 else other).annotate("a", f"{n}.{m}", {"listed": True})
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=note, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert errors == []
    found = at.annotations("a")
    assert {who for who, mark in found.items() if mark["listed"]} == {
        f"{n}.{m}" for n in range(8) for m in range(10)
    }
    assert (found["x"]["note"], found["x"]["tags"]) == ("9", ["9"])


def test_several_statements_are_written_all_or_none(at):
    row = {"brand": "a", "influencer": "x", "listed": True, "note": "", "tags": "[]", "changed": 0.0}
    with pytest.raises(sa.exc.IntegrityError):
        at.write(tables.annotations.insert().values(**row), tables.annotations.insert().values(**row))
    assert at.annotations("a") == {}


def test_the_audit_log_counts_up(at):
    for n in range(3):
        at.audit("me", "mark", subject=str(n), request="r1")
    rows = at.rows(sa.select(tables.audit).order_by(tables.audit.c.number))
    assert [(row["number"], row["who"], row["action"], row["what"], row["request"]) for row in rows] == [
        (n + 1, "me", "mark", str(n), "r1") for n in range(3)
    ]


def test_not_this_and_the_shortlist_exclude_each_other(at):
    at.annotate("a", "x", changes={"listed": True, "note": "asks 300"})
    told = at.annotate("a", "x", changes={"opinion": "dislike"})
    assert (told["opinion"], told["listed"], told["note"]) == ("dislike", False, "asks 300")
    told = at.annotate("a", "x", changes={"listed": True})
    assert (told["opinion"], told["listed"]) == (None, True)
    told = at.annotate("a", "x", changes={"opinion": "like"})
    assert (told["opinion"], told["listed"]) == ("like", True)
    with pytest.raises(UsageError, match="exclude each other"):
        at.annotate("a", "x", changes={"opinion": "dislike", "listed": True})
    assert at.annotations("a")["x"]["opinion"] == "like"


def test_marks_of_earlier_versions_that_are_both_stay_on_the_shortlist(at, tmp_path):
    row = {
        "brand": "a",
        "influencer": "x",
        "opinion": "dislike",
        "listed": True,
        "note": "",
        "tags": "[]",
        "changed": 0.0,
    }
    at.write(tables.annotations.insert().values(**row))
    again = ServiceStore(tmp_path)
    mark = again.annotations("a")["x"]
    assert (mark["opinion"], mark["listed"]) == (None, True)
    assert [one["what"] for one in again.rows(sa.select(tables.audit))] == [
        "a x opinion: it was a dislike and on the shortlist; the shortlist stays"
    ]
    again.close()
    ServiceStore(tmp_path).close()
    assert len(at.rows(sa.select(tables.audit))) == 1
