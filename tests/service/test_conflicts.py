"""An edit of a note that somebody else changed meanwhile is refused with what is noted now."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi", reason="the service comes with the extra service")


@pytest.fixture
def noted(client, brand):
    who = client.get(f"/api/v1/rankings/{brand}").json()["items"][0]["influencer"]
    client.patch(
        f"/api/v1/annotations/{brand}/{who}", json={"listed": True, "note": "first", "tags": ["spring"]}
    )
    return client, f"/api/v1/annotations/{brand}/{who}", who


@pytest.mark.parametrize(
    ("field", "seen", "new"), [("note", "", "second"), ("tags", [], ["late"]), ("opinion", "like", "dislike")]
)
def test_an_edit_of_an_old_value_is_answered_with_the_current_one(noted, field, seen, new):
    client, path, who = noted
    answer = client.patch(path, json={field: new, "on_page": {field: seen}})
    assert answer.status_code == 409
    assert answer.headers["content-type"].startswith("application/problem+json")
    told = answer.json()
    assert told["fields"] == [field]
    assert (told["current"]["note"], told["current"]["tags"]) == ("first", ["spring"])
    assert who in told["title"]
    assert "Nothing was saved" in told["detail"]
    kept = client.patch(path, json={field: new, "on_page": {field: told["current"][field]}})
    assert (kept.status_code, kept.json()[field]) == (200, new)


def test_an_edit_of_another_field_and_the_same_edit_twice_are_no_conflict(noted):
    client, path, _ = noted
    shown = {"note": "", "tags": ["spring"], "opinion": None}
    assert client.patch(path, json={"tags": ["late"], "on_page": shown}).status_code == 200
    assert client.patch(path, json={"note": " first\r\n", "on_page": shown}).status_code == 200
    assert client.patch(path, json={"note": "whatever is there"}).status_code == 200


def test_a_form_of_an_old_page_saves_nothing_and_shows_both(noted, brand):
    client, _, who = noted
    form = {
        "influencer": [who],
        "on_page": ['{"note": "older", "tags": ["spring"], "opinion": null}'],
        "note": ["mine"],
        "tags": ["spring, late"],
        "opinion": ["none"],
    }
    page = client.post(f"/brands/{brand}/notes", data=form)
    assert page.status_code == 409
    assert "“<bdi>first</bdi>”" in page.text
    assert ">mine</textarea>" in page.text
    assert 'value="spring, late"' in page.text
    (mark,) = client.get(f"/api/v1/annotations/{brand}").json()["items"]
    assert (mark["note"], mark["tags"]) == ("first", ["spring"])
    assert client.post(f"/brands/{brand}/notes", data={**form, "theirs": f"note {who}"}).status_code == 303
    (mark,) = client.get(f"/api/v1/annotations/{brand}").json()["items"]
    assert (mark["note"], mark["tags"]) == ("first", ["spring", "late"])
    assert client.post(f"/brands/{brand}/notes", data={**form, "on_page": ["{"]}).status_code == 422
