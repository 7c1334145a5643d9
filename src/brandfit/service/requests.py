"""Bodies of requests. API and pages validate with the same models, so both accept the same values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

# --- fields -------------------------------------------------------------------------------------------------

Handle = Annotated[
    str, Field(min_length=1, max_length=200, description="an account; case and a leading @ do not count")
]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Settings = Annotated[
    dict[Annotated[str, Field(max_length=200)], str | int | float | bool],
    Field(max_length=100, description="NAME to value; of data: endorsements.NAME and slots.SLOT"),
]
Keywords = Annotated[
    str,
    Field(
        max_length=500,
        description='words, with blanks between them; "slow travel" for a phrase, -food to leave out',
    ),
]
Where = Annotated[
    str | None,
    Field(max_length=2000, description="a condition, for example: followers:5k..20k and not hashtag:ad"),
]
FollowerBounds = Annotated[
    str | None,
    Field(max_length=100, description="bounds of the candidates: 1k..500k; the default is 5k..100k"),
]
Objective = Annotated[
    Literal["match_reach", "rank_reach", "reach", "engagement"] | None,
    Field(
        description="what the set maximises; null: match_reach, or rank_reach if the ranker gives no "
        "chance of a match"
    ),
]
Currency = Annotated[
    str | None,
    Field(
        pattern="^[A-Za-z]{3}$",
        description="code of the currency of prices and budget, in place of that of the workspace; nothing "
        "is converted",
    ),
]
Limits = Annotated[
    dict[Annotated[str, Field(max_length=2000)], Annotated[int, Field(ge=0, le=10_000)]],
    Field(max_length=20),
]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Opinion = Literal["like", "dislike"] | None


class Body(BaseModel):
    """A body of a request: unknown fields and values of other types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


# --- annotations --------------------------------------------------------------------------------------------


class AnnotationOnPage(Body):
    opinion: Opinion = None
    note: str | None = Field(None, max_length=5000)
    tags: list[Annotated[str, Field(max_length=50)]] = Field([], max_length=30)


class AnnotationEdit(Body):
    opinion: Opinion = None
    listed: bool | None = None
    note: str | None = Field(None, max_length=5000)
    tags: list[Annotated[str, Field(min_length=1, max_length=50)]] | None = Field(None, max_length=30)
    on_page: AnnotationOnPage | None = Field(
        None,
        description="values of edited fields before the edit, as the caller saw them; if a field has another "
        "value by now, the answer is 409 with the current annotation, and nothing is saved",
    )


# --- campaigns ----------------------------------------------------------------------------------------------


class ShortlistRequest(Body):
    brand: Handle
    budget: float | None = Field(None, gt=0, le=1e12, description="in the currency of the prices")
    objective: Objective = None
    currency: Currency = None
    count: int | None = Field(None, ge=1, le=10_000, description="size of the set")
    ranker: Name | None = None
    where: Where = None
    at_least: Limits = Field({}, description="condition to the minimum number of influencers that meet it")
    at_most: Limits = Field({}, description="condition to the maximum number of influencers that meet it")
    exclude: list[Handle] = Field([], max_length=10_000)
    followers: FollowerBounds = None
    settings: Settings = {}


class CurrencySetting(Body):
    currency: str | None = Field(
        pattern="^[A-Za-z]{3}$", description="code of ISO 4217; null for none. Nothing is converted."
    )


# --- jobs ---------------------------------------------------------------------------------------------------


class ImportRequest(Body):
    source: Name = Field(description="an importer")
    path: str | None = Field(
        None, max_length=4096, description="path of the source on the machine of the service"
    )
    upload: str | None = Field(None, pattern=r"^[0-9a-f]{16}$", description="an upload, in place of a path")
    settings: Settings = {}
    strict: bool = Field(
        False, description="the first bad row or cell stops the import, and nothing is written"
    )
    prune: bool = Field(
        False,
        description="remove rows that the earlier import of the same source stated, and that no source "
        "states now",
    )
    map: list[Annotated[str, Field(max_length=1000)]] = Field(
        [],
        max_length=500,
        description="what columns of tables mean: COLUMN=HEADER, see /uploads/{id}/preview",
    )


class EncodingRequest(Body):
    encoders: list[Name] = Field(min_length=1, max_length=40)
    settings: Settings = {}


class TrainingRequest(Body):
    ranker: Name
    settings: Settings = {}
    seed: Seed = 0


class ProfilingRequest(Body):
    profiler: Name | None = None
    settings: Settings = {}
    seed: Seed = 0


class EvaluationRequest(Body):
    rankers: list[Name] = Field(min_length=1, max_length=40)
    protocol: Name = "expansion"
    settings: Settings = {}
    seeds: int = Field(1, ge=1, le=20)
    refit: bool = Field(
        False,
        description="encode anew in every fold what was fitted on all accounts or describes whole accounts",
    )
    ties: Literal["expected", "pessimistic", "optimistic", "published", "all"] | None = Field(
        None,
        description="place of partners within equal scores; all: also every metric under each rule; null: "
        "that of the protocol",
    )
    exposure: Literal["parity"] | None = Field(
        None,
        description="parity: also judge each ranker in an order in which every follower tier has its share "
        "of the places",
    )


class CaseRequest(Body):
    brand: Handle
    ranker: Name | None = None


class ReportRequest(Body):
    brand: Handle
    ending: Literal["html", "pdf"] = "html"
    ranker: Name | None = None
    k: int = Field(10, ge=1, le=50, description="number of influencers from the top of the ranking")
    influencers: list[Handle] = Field([], max_length=200, description="these in place of the best k")
    exclude: list[Handle] = Field([], max_length=10_000, description="influencers to leave out")
    disliked: list[Handle] = Field(
        [],
        max_length=10_000,
        description="left out too; the influencers that are marked as disliked for the brand are added",
    )
    budget: float | None = Field(None, gt=0, le=1e12, description="the report also gives the best set for it")
    count: int | None = Field(None, ge=1, le=100, description="size of that set")
    objective: Objective = None
    currency: Currency = None
    maps: bool = Field(False, description="heat maps over the pictures; slow")
    evaluation: bool = Field(
        False, description="how many of ten suggestions to this brand are its partners; learns anew, slow"
    )
    followers: FollowerBounds = None


class ErasureRequest(Body):
    accounts: list[Handle] = Field(min_length=1, max_length=1000)


# --- keys ---------------------------------------------------------------------------------------------------


class NewKey(Body):
    name: str = Field(min_length=1, max_length=200)
    scope: Literal["read", "write", "admin"] = "read"
