"""A text where the API expects a list is refused in words, never read letter by letter."""

from __future__ import annotations

import typing

import pytest

pytest.importorskip("fastapi", reason="the service comes with the extra service")

from pydantic import ValidationError

from brandfit.service import requests as models

LISTS = [
    (model, name)
    for model in vars(models).values()
    if isinstance(model, type) and issubclass(model, models.Body) and model is not models.Body
    for name, field in model.model_fields.items()
    if list in {typing.get_origin(part) for part in (field.annotation, *typing.get_args(field.annotation))}
]


@pytest.mark.parametrize(("model", "name"), LISTS, ids=[f"{model.__name__}-{name}" for model, name in LISTS])
def test_a_text_is_no_list(model, name):
    with pytest.raises(ValidationError) as raised:
        model.model_validate({name: "a.b"})
    assert {"loc": (name,), "msg": "Input should be a valid list"}.items() <= {
        k: v for error in raised.value.errors() if error["loc"] == (name,) for k, v in error.items()
    }.items()


def test_all_that_takes_a_list_is_tried():
    named = {(model.__name__, name) for model, name in LISTS}
    assert {
        ("ShortlistRequest", "exclude"),
        ("EvaluationRequest", "rankers"),
        ("AnnotationEdit", "tags"),
        ("ErasureRequest", "accounts"),
    } <= named
