"""What Brandfit does with a workspace, from end to end: import, check, encode, train, rank, evaluate, export.

Everything that combines several rooms is here: the command line, the service and programs call these
functions. Computations themselves are in the other rooms, and nothing here prints or answers requests.

>>> from brandfit import pipeline
>>> from brandfit.workspace import Workspace
>>> workspace = Workspace("demo", create=True)
>>> imported = pipeline.import_source(workspace, "sample")
>>> texts, pictures = (pipeline.encode(workspace, name) for name in ("text.hashing", "image.classical"))
>>> model = pipeline.train(workspace, "brandfit")
>>> ranking = pipeline.rank(workspace, "northpeak.outdoor", k=5)
>>> [row["rank"] for row in ranking.rows()]
[1, 2, 3, 4, 5]
>>> report = pipeline.evaluate(workspace, ["simcos", "brandfit"], protocol="expansion")

Options are keywords, so that a call reads like the command; inside, options that travel together are one
value (``RankingQuery``, ``narrowing.RankingContext``). Every function takes the workspace as a ``Workspace``
or as its path, and names as one text, a list, an array or a column (``brandfit.arguments``).
"""

from __future__ import annotations

from brandfit.encoders.concept._concept_list import ConceptBounds
from brandfit.erasure import Erasure, forget
from brandfit.pipeline.accounts import (
    Category,
    category,
    expected,
    facts_of,
    no_topics_reason,
    post_topics,
    topics,
    topics_notes,
)
from brandfit.pipeline.audience import Audience, audience, shared_audiences
from brandfit.pipeline.brand_matches import Pair, Suiting
from brandfit.pipeline.brands import brands_for, pair
from brandfit.pipeline.campaign import appraise, asking_prices, currency_of, set_currency, shortlist
from brandfit.pipeline.candidates import Bounds, Candidates, default_candidates
from brandfit.pipeline.case import case_study, save_case, save_clouds
from brandfit.pipeline.concept_lists import build_concepts, concept_density
from brandfit.pipeline.concepts import frequent_concepts, save_concept_chart
from brandfit.pipeline.content import advise, fit_maps
from brandfit.pipeline.data_overview import data_overview, plot_data
from brandfit.pipeline.datasets import (
    category_of,
    check,
    describe_accounts,
    encode,
    fill_slots,
    load,
    posts_not_read,
    sweep,
    with_features,
)
from brandfit.pipeline.explain import explain, map_methods, save_explanation
from brandfit.pipeline.export import (
    check_file,
    export,
    export_priced,
    export_rejected_rows,
    export_rows,
    unranked_brands,
)
from brandfit.pipeline.import_preview import ImportPreview, PreviewSheet, preview_import
from brandfit.pipeline.imports import Imported, import_source, import_vectors, looks_like, recognise, undo
from brandfit.pipeline.inventory import catalogue, doctor, listing
from brandfit.pipeline.judging import evaluate, suggestions
from brandfit.pipeline.labels import labelled_table, posts_to_label, with_labels
from brandfit.pipeline.maps import make_map, mappable, save_map
from brandfit.pipeline.missing_features import brands_encoded_in_memory
from brandfit.pipeline.narrowing import narrowing_text
from brandfit.pipeline.outdated import Outdated, outdated
from brandfit.pipeline.probabilities import chances
from brandfit.pipeline.profiles import DEFAULT_PROFILER, judge_profilers, profile
from brandfit.pipeline.query import RankingQuery
from brandfit.pipeline.ranking import encoding_notes, lately_ranked, rank, rank_brief, rank_query
from brandfit.pipeline.report import report
from brandfit.pipeline.resuming import resumable
from brandfit.pipeline.role_names import role_names, set_role_names
from brandfit.pipeline.search import SearchPage, search, similar, unmatched_words
from brandfit.pipeline.study import make_study, score_study
from brandfit.pipeline.training import default_ranker, fitted, train
from brandfit.pipeline.update import Updated, update

__all__ = [
    "DEFAULT_PROFILER",
    "Audience",
    "Bounds",
    "Candidates",
    "Category",
    "ConceptBounds",
    "Erasure",
    "ImportPreview",
    "Imported",
    "Outdated",
    "Pair",
    "PreviewSheet",
    "RankingQuery",
    "SearchPage",
    "Suiting",
    "Updated",
    "advise",
    "appraise",
    "asking_prices",
    "audience",
    "brands_encoded_in_memory",
    "brands_for",
    "build_concepts",
    "case_study",
    "catalogue",
    "category",
    "category_of",
    "chances",
    "check",
    "check_file",
    "concept_density",
    "currency_of",
    "data_overview",
    "default_candidates",
    "default_ranker",
    "describe_accounts",
    "doctor",
    "encode",
    "encoding_notes",
    "evaluate",
    "expected",
    "explain",
    "export",
    "export_priced",
    "export_rejected_rows",
    "export_rows",
    "facts_of",
    "fill_slots",
    "fit_maps",
    "fitted",
    "forget",
    "frequent_concepts",
    "import_source",
    "import_vectors",
    "judge_profilers",
    "labelled_table",
    "lately_ranked",
    "listing",
    "load",
    "looks_like",
    "make_map",
    "make_study",
    "map_methods",
    "mappable",
    "narrowing_text",
    "no_topics_reason",
    "outdated",
    "pair",
    "plot_data",
    "post_topics",
    "posts_not_read",
    "posts_to_label",
    "preview_import",
    "profile",
    "rank",
    "rank_brief",
    "rank_query",
    "recognise",
    "report",
    "resumable",
    "role_names",
    "save_case",
    "save_clouds",
    "save_concept_chart",
    "save_explanation",
    "save_map",
    "score_study",
    "search",
    "set_currency",
    "set_role_names",
    "shared_audiences",
    "shortlist",
    "similar",
    "suggestions",
    "sweep",
    "topics",
    "topics_notes",
    "train",
    "undo",
    "unmatched_words",
    "unranked_brands",
    "update",
    "with_features",
    "with_labels",
]
