"""Answers of the API."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from brandfit.service.http.problems import Problem


class Answer(BaseModel):
    """Fields of the pipeline that are not declared here are passed on."""

    model_config = ConfigDict(extra="allow")


class Counted(BaseModel):
    """Accounts that are left out for one reason, or about which one thing is unknown."""

    reason: str = Field(
        description="for programs: followers_below, followers_above, followers_unknown, partner, condition "
        "..."
    )
    count: int
    text: str = Field(description="for people, after the count")
    examples: list[str] = Field(description="ids of the first few")


# --- the workspace ------------------------------------------------------------------------------------------


class Workspace(Answer):
    name: str
    version: str = Field(description="version of Brandfit")
    fingerprint: str = Field(description="of all rows; empty before the first import")
    counts: dict[str, int]
    newest_post: int | None = Field(description="s since 1970 UTC")
    features: list[dict[str, Any]]
    models: list[dict[str, Any]]
    ranker: str | None = Field(description="the default ranker; null before anything is encoded")
    outdated: dict[str, Any] = Field(description="features, profiles and models that are older than the data")
    next: list[str] = Field(
        description="next steps, the most urgent first: import, encode, update, train, look"
    )


class Listing(Answer):
    items: list[dict[str, Any]]
    total: int


class Account(Answer):
    id: str
    role: str
    name: str | None = None
    biography: str | None = None
    category: str | None = None
    followers: int | None = None


class Accounts(Answer):
    items: list[Account]
    total: int
    limit: int
    offset: int
    filters: str = Field("", description="the condition, in words")
    unknown: int = Field(0, description="influencers for which the condition cannot be decided")
    excluded: list[dict[str, Any]] = Field(
        [], description="influencers that do not meet it, by reason: reason, count, text, examples"
    )


class Post(Answer):
    id: str
    account: str
    caption: str | None = None
    time: int | None = None
    pictures: list[str] = Field([], description="hashes, for /pictures/HASH")


class Posts(Answer):
    items: list[Post]
    total: int
    limit: int
    offset: int


# --- rankings and explanations ------------------------------------------------------------------------------


class Chance(BaseModel):
    value: float
    low: float
    high: float


class MoveReason(BaseModel):
    mark: Literal["like", "dislike"]
    influencer: str
    similar: bool = Field(
        description="whether it is similar to the liked or disliked influencer, or unlike it"
    )


class RankedInfluencer(Answer):
    rank: int | None = Field(description="null: no data to rank by")
    influencer: str
    score: float | None = Field(description="null: no data to rank by")
    parts: dict[str, float | None] = Field(description="they add up to the score")
    chance: Chance | None = Field(
        None, description="that they work together, with a 95 % interval, if the ranker gives one"
    )
    category: str | None = None
    category_source: Literal["stated", "predicted"] | None = Field(
        None, description="predicted by a profiler if none is stated"
    )
    category_probability: float | None = Field(None, description="of a predicted category")
    followers: int | None = None
    moved: int | None = Field(
        None, description="ranks up through likes and dislikes, below 0: down; null: there are none"
    )
    because: MoveReason | None = Field(
        None, description="the opinion with the largest effect; null: not moved, or others moved past it"
    )


class Ranking(Answer):
    brand: str
    ranker: str
    dataset: str
    total: int = Field(description="candidates; they and the excluded add up to all influencers")
    limit: int
    offset: int
    filters: str = ""
    no_evidence: int = Field(
        0, description="number of candidates without a score; they come last, without a rank"
    )
    not_encoded: dict[str, int] = Field(
        {},
        description="what waits for POST /updates: posts of the brand, candidates without a score that have "
        "such posts, and scored_candidates that are ranked by their earlier features",
    )
    notes: list[str]
    excluded: list[Counted] = Field(description="influencers that are no candidates, by reason")
    incomplete: list[Counted] = Field(description="candidates about which something is unknown")
    moved: int | None = Field(
        None, description="number of candidates that likes and dislikes moved; null: there are none"
    )
    items: list[RankedInfluencer]


class AttributionItem(BaseModel):
    id: str
    label: str
    value: float
    error: float = 0.0


class Attribution(Answer):
    kind: str
    side: str
    slot: str
    base: float
    base_error: float
    rest: float
    items: list[AttributionItem]


class Explanation(Answer):
    brand: str
    influencer: str
    ranker: str
    score: float
    parts: dict[str, float]
    sentences: list[str]
    attributions: list[Attribution]
    radars: list[dict[str, Any]]
    maps: list[dict[str, Any]]
    notes: list[str]


# --- annotations --------------------------------------------------------------------------------------------


class Annotation(BaseModel):
    brand: str
    influencer: str
    opinion: Literal["like", "dislike"] | None
    listed: bool
    note: str
    tags: list[str]
    changed: float


class Annotations(BaseModel):
    items: list[Annotation]
    total: int


class Conflict(Problem):
    current: Annotation = Field(description="the annotation now")
    fields: list[str] = Field(description="fields that somebody else changed")


# --- search, brands for an influencer, audiences ------------------------------------------------------------


class SearchResult(Answer):
    total: int
    filters: str
    unknown: int = Field(description="influencers for which the condition cannot be decided")
    excluded: list[Counted] = Field(
        description="influencers that were not found, by reason; they and total add up to all influencers"
    )
    results: list[dict[str, Any]]


class BrandMatch(BaseModel):
    rank: int
    brand: str
    candidate_rank: int = Field(description="of the influencer among the candidates of the brand")
    among: int
    probability: tuple[float, float, float] | None = Field(
        description="that they work together, with its 95 % interval"
    )


class BrandsForInfluencer(Answer):
    influencer: str
    ranker: str
    by: Literal["probability", "rank"]
    dataset: str
    notes: list[str]
    total: int
    excluded: list[Counted] = Field(description="brands that are left out, by reason")
    brands: list[BrandMatch]


class Audience(Answer):
    account: str
    role: str
    sentences: list[str]
    hints: list[dict[str, Any]] = Field(
        description="how genuine the audience looks compared with peers: an interval, or why there is none"
    )


# --- campaigns ----------------------------------------------------------------------------------------------


class Total(BaseModel):
    """A sum over the members of a set for which the value is known."""

    value: float | None = Field(description="null if it is known for none of them")
    low: float | None
    high: float | None
    unknown: list[str] = Field(description="members without a known value")


class Shortlist(Answer):
    brand: str
    candidates: int = Field(description="influencers that could be chosen")
    excluded: list[Counted] = Field(
        description="all other influencers, also those for which the choice needs an unknown value"
    )
    objective: Literal["match_reach", "rank_reach", "reach", "engagement"]
    value: float = Field(description="of the set under the objective")
    currency: str | None = Field(description="of prices and budget; null if none is set")
    budget: float | None
    reach: Total = Field(description="followers of the set")
    reach_is: Literal["estimate of distinct people", "sum of followers"]
    match_reach: Total | None = Field(description="followers x chance of a match: no number of people")
    rank_reach: Total | None = Field(
        description="followers x rank share, if the ranker gives no chance: no number of people"
    )
    engagement: Total = Field(
        description="expected likes and comments if each posts once, with an 80 % interval"
    )
    price: Total


class Idea(Answer):
    kind: str
    label: str
    fit: float
    better_than: float | None


class Advice(Answer):
    items: list[Idea]
    compared_content: str = Field(description="the content that the ideas are compared with, in words")
    represented_by: dict[str, str] = Field(
        description="kind of idea to the source of that content: posts, or of a brand without posts brief, "
        "partners or profile"
    )
    notes: list[str] = Field(
        [], description="content in place of posts, and posts that are not encoded and were not compared"
    )


# --- jobs, keys and the audit log ---------------------------------------------------------------------------


class Job(Answer):
    id: str
    kind: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    step: str
    done: int
    total: int = Field(description="0: unknown")
    attempts: int
    created: float
    started: float | None
    finished: float | None
    actor: str = Field(description="name and id of the key")
    parameters: dict[str, Any]
    result: dict[str, Any] | None
    problem: dict[str, Any] | None


class Jobs(BaseModel):
    items: list[Job]
    total: int
    limit: int
    offset: int


class Upload(BaseModel):
    id: str
    files: list[str]
    bytes: int
    importers: list[str] = Field(description="importers that may read such files, the most likely first")


class Undone(BaseModel):
    source: str
    removed: dict[str, int] = Field(description="table to rows that the import had added")
    restored: dict[str, int] = Field(description="table to rows that are as before again")
    returned: dict[str, int] = Field(description="table to rows that the import had removed")


class ImportPreview(BaseModel):
    sheets: list[dict[str, Any]] = Field(
        description="tables of the upload: name, tables, columns with meanings and first values, notes, "
        "questions"
    )
    files_not_read: list[dict[str, str]]
    blocked: bool = Field(description="whether nothing can be imported before a question is answered")


class Key(BaseModel):
    id: str
    name: str
    scope: Literal["read", "write", "admin"]
    created: float
    used: float | None
    revoked: float | None


class Keys(BaseModel):
    items: list[Key]


class CreatedKey(Key):
    key: str = Field(description="returned only once")


class AuditEntry(BaseModel):
    number: int
    time: float
    actor: str = Field(description="name and id of the key")
    action: str
    subject: str = Field(description="what the action changed")
    request: str = Field(description="id of the request, as in the log")


class Audit(BaseModel):
    items: list[AuditEntry]
    total: int
    limit: int
    offset: int
