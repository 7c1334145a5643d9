"""What requests and answers look like."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from brandfit.service.problems import Problem

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


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Answer(BaseModel):
    """Whatever the pipeline tells beside is passed on."""

    model_config = ConfigDict(extra="allow")


# --- the workspace ------------------------------------------------------------------------------------------


class Workspace(Answer):
    name: str
    version: str = Field(description="version of Brandfit")
    fingerprint: str = Field(description="of all rows; empty before the first import")
    counts: dict[str, int]
    newest_post: int | None = Field(description="s since 1970 UTC")
    features: list[dict[str, Any]]
    models: list[dict[str, Any]]
    ranker: str | None = Field(
        description="what ranks unless another ranker is named; null before anything is encoded"
    )
    outdated: dict[str, Any] = Field(description="features, profiles and models that are older than the data")
    next: list[str] = Field(
        description="what to do next, the most urgent first: import, encode, update, train, look"
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
    unknown: int = Field(0, description="influencers of whom it is not known whether they meet it")
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


# --- rankings -----------------------------------------------------------------------------------------------


class Chance(BaseModel):
    value: float
    low: float
    high: float


class Counted(BaseModel):
    """Accounts that are left out for one reason, or about whom one thing is unknown."""

    reason: str = Field(
        description="for programs: followers_below, followers_above, followers_unknown, partner, condition "
        "..."
    )
    count: int
    text: str = Field(description="for people, after the count")
    examples: list[str] = Field(description="ids of the first few")


class Because(BaseModel):
    mark: Literal["like", "dislike"]
    influencer: str
    similar: bool = Field(description="whether it is similar to the marked influencer, or unlike it")


class Place(Answer):
    rank: int | None = Field(description="null: nothing is known to rank by")
    influencer: str
    score: float | None = Field(description="null: nothing is known to rank by")
    parts: dict[str, float | None] = Field(description="they add up to the score")
    chance: Chance | None = Field(
        None, description="that they work together, with a 95 % interval, where the ranker tells one"
    )
    category: str | None = None
    category_source: Literal["stated", "predicted"] | None = Field(
        None, description="predicted by a profiler if none is stated"
    )
    category_probability: float | None = Field(None, description="of a predicted category")
    followers: int | None = None
    moved: int | None = Field(
        None, description="places up through likes and dislikes, below 0: down; null: there are none"
    )
    because: Because | None = Field(
        None, description="the mark with most effect; null: not moved, or others moved past it"
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
        0, description="of all candidates those without a score; they come last, without a rank"
    )
    not_encoded: dict[str, int] = Field(
        {},
        description="what waits for POST /updates: posts of the brand, candidates without a score that have "
        "such posts, and scored_candidates that are ranked by their earlier features",
    )
    notes: list[str]
    excluded: list[Counted] = Field(description="influencers that are no candidates, by reason")
    incomplete: list[Counted] = Field(description="candidates about whom something is unknown")
    moved: int | None = Field(
        None, description="how many of all likes and dislikes moved; null: there are none"
    )
    items: list[Place]


class Mark(BaseModel):
    brand: str
    influencer: str
    opinion: Literal["like", "dislike"] | None
    listed: bool
    note: str
    tags: list[str]
    changed: float


class MarkOnPage(Model):
    opinion: Literal["like", "dislike"] | None = None
    note: str | None = Field(None, max_length=5000)
    tags: list[Annotated[str, Field(max_length=50)]] = Field([], max_length=30)


class Marking(Model):
    opinion: Literal["like", "dislike"] | None = None
    listed: bool | None = None
    note: str | None = Field(None, max_length=5000)
    tags: list[Annotated[str, Field(min_length=1, max_length=50)]] | None = Field(None, max_length=30)
    shown: MarkOnPage | None = Field(
        None,
        description="values of edited fields before the edit, as the caller saw them; if one is another by "
        "now, the answer is 409 with what is noted now, and nothing is saved",
    )


class Conflict(Problem):
    current: Mark = Field(description="what is noted now")
    fields: list[str] = Field(description="fields that somebody else changed")


class Marks(BaseModel):
    items: list[Mark]
    total: int


class Item(BaseModel):
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
    items: list[Item]


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


# --- finding ------------------------------------------------------------------------------------------------


class Found(Answer):
    total: int
    filters: str
    unknown: int = Field(description="influencers of whom it is unknown whether they meet the condition")
    excluded: list[Counted] = Field(
        description="influencers that were not found, by reason; they and total are all influencers"
    )
    results: list[dict[str, Any]]


Objective = Annotated[
    Literal["match_reach", "rank_reach", "reach", "engagement"] | None,
    Field(
        description="what the set is chosen for; null: match_reach, or rank_reach where the ranker gives no "
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


class Shortlisting(Model):
    brand: Handle
    budget: float | None = Field(None, gt=0, le=1e12, description="in the currency of the prices")
    objective: Objective = None
    currency: Currency = None
    count: int | None = Field(None, ge=1, le=10_000, description="places")
    ranker: Name | None = None
    where: Where = None
    at_least: dict[Annotated[str, Field(max_length=2000)], Annotated[int, Field(ge=0, le=10_000)]] = Field(
        {}, max_length=20, description="condition to how many of such there must be"
    )
    at_most: dict[Annotated[str, Field(max_length=2000)], Annotated[int, Field(ge=0, le=10_000)]] = Field(
        {}, max_length=20, description="condition to how many of such there may be"
    )
    exclude: list[Handle] = Field([], max_length=10_000)
    followers: str | None = Field(
        None, max_length=100, description="bounds of the candidates: 1k..500k; 5k..100k where not said"
    )
    settings: Settings = {}


class Total(BaseModel):
    """A sum over those of a set for whom it is known."""

    value: float | None = Field(description="null where it is known of none of them")
    low: float | None
    high: float | None
    unknown: list[str] = Field(description="those for whom it is not known")


class Shortlist(Answer):
    brand: str
    candidates: int = Field(description="influencers that could be chosen")
    excluded: list[Counted] = Field(
        description="the others, those too of whom something is unknown that the choice needs"
    )
    objective: Literal["match_reach", "rank_reach", "reach", "engagement"]
    value: float = Field(description="of the set under the objective")
    currency: str | None = Field(description="of prices and budget; null where none is set")
    budget: float | None
    reach: Total = Field(description="followers of the set")
    reach_is: Literal["estimate of distinct people", "sum of followers"]
    match_reach: Total | None = Field(description="followers x chance of a match: no number of people")
    rank_reach: Total | None = Field(
        description="followers x rank share, where the ranker gives no chance: no number of people"
    )
    engagement: Total = Field(
        description="expected likes and comments if each posts once, with an 80 % interval"
    )
    price: Total


class CurrencySetting(Model):
    currency: str | None = Field(
        pattern="^[A-Za-z]{3}$", description="code of ISO 4217; null for none. Nothing is converted."
    )


class Idea(Answer):
    kind: str
    label: str
    fit: float
    better_than: float | None


class Advice(Answer):
    items: list[Idea]
    notes: list[str] = Field(
        [], description="posts that are not encoded, so that nothing is compared with them"
    )


# --- work ---------------------------------------------------------------------------------------------------


class Job(Answer):
    id: str
    kind: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    step: str
    done: int
    total: int = Field(description="0: not known")
    attempts: int
    created: float
    started: float | None
    finished: float | None
    who: str
    asked: dict[str, Any]
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
    importers: list[str] = Field(description="importers that such files may be for, the likeliest first")


class Import(Model):
    source: Name = Field(description="an importer")
    path: str | None = Field(
        None, max_length=4096, description="where the source lies, on the machine of the service"
    )
    upload: str | None = Field(None, pattern=r"^[0-9a-f]{16}$", description="an upload, in place of a path")
    settings: Settings = {}
    strict: bool = Field(False, description="the first bad row stops it, and nothing is written")


class Encoding(Model):
    encoders: list[Name] = Field(min_length=1, max_length=40)
    settings: Settings = {}


class Training(Model):
    ranker: Name
    settings: Settings = {}
    seed: int = Field(0, ge=0, le=2**31 - 1)


class Profiling(Model):
    profiler: Name | None = None
    settings: Settings = {}
    seed: int = Field(0, ge=0, le=2**31 - 1)


class Evaluation(Model):
    rankers: list[Name] = Field(min_length=1, max_length=40)
    protocol: Name = "expansion"
    settings: Settings = {}
    seeds: int = Field(1, ge=1, le=20)
    refit: bool = Field(
        False,
        description="encode anew in every fold what was fitted on all accounts, or describes them whole",
    )


class Reporting(Model):
    brand: Handle
    ending: Literal["html", "pdf"] = "html"
    ranker: Name | None = None
    k: int = Field(10, ge=1, le=50, description="how many of the ranking")
    influencers: list[Handle] = Field([], max_length=200, description="these in place of the best k")
    exclude: list[Handle] = Field([], max_length=10_000, description="not these")
    not_this: list[Handle] = Field(
        [], max_length=10_000, description="nor these; those marked as disliked for the brand are added"
    )
    budget: float | None = Field(None, gt=0, le=1e12, description="with it, the best set for the money too")
    count: int | None = Field(None, ge=1, le=100, description="places of that set")
    objective: Objective = None
    currency: Currency = None
    maps: bool = Field(False, description="heat maps over the pictures; they take long")
    followers: str | None = Field(
        None, max_length=100, description="bounds of the candidates: 1k..500k; 5k..100k where not said"
    )


class Key(BaseModel):
    id: str
    name: str
    scope: Literal["read", "write", "admin"]
    created: float
    used: float | None
    revoked: float | None


class Keys(BaseModel):
    items: list[Key]


class NewKey(Model):
    name: str = Field(min_length=1, max_length=200)
    scope: Literal["read", "write", "admin"] = "read"


class CreatedKey(Key):
    key: str = Field(description="shown this once")


class Noted(BaseModel):
    number: int
    time: float
    who: str
    action: str
    what: str
    request: str


class Audit(BaseModel):
    items: list[Noted]
    total: int
    limit: int
    offset: int


# --- audiences, brands for an influencer, forgetting --------------------------------------------------------


class Audience(Answer):
    account: str
    role: str
    sentences: list[str]
    hints: list[dict[str, Any]] = Field(
        description="how genuine it looks beside peers, each with an interval or why it is not told"
    )


class Suited(BaseModel):
    rank: int
    brand: str
    candidate_rank: int = Field(description="of the influencer among the candidates of the brand")
    among: int
    probability: tuple[float, float, float] | None = Field(
        description="that they work together, with its 95 % interval"
    )


class Suiting(Answer):
    influencer: str
    ranker: str
    by: Literal["probability", "rank"]
    dataset: str
    notes: list[str]
    total: int
    excluded: list[Counted] = Field(description="brands that are left out, by reason")
    brands: list[Suited]


class Forgetting(Model):
    accounts: list[Handle] = Field(min_length=1, max_length=1000)
