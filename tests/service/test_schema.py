"""Whatever is asked of the API, its description holds: schemathesis asks what it allows, and some of what it
forbids.

``BRANDFIT_FUZZ=5000`` makes about that many requests beyond the edge cases; without, it is a few hundred.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from brandfit.service.app import create_app
from brandfit.service.config import ServiceConfig

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis comes with the extra dev")
checks = pytest.importorskip("schemathesis.specs.openapi.checks")

OPERATIONS = 50
WANTED = int(os.environ.get("BRANDFIT_FUZZ", "0"))
EACH = max(1, WANTED // OPERATIONS) if WANTED else 6
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]
"""Left out, as they do not apply: those of authorization (at this machine nobody is asked; test_access asks
every route without a key), positive_data_acceptance (a condition or a name may fit its schema and mean
nothing here: 422), and those of the life of a resource (a revoked key stays in the list, a job may end at
once)."""
CONFIG = ServiceConfig(rate=0.0, hosts=("testserver",))
seen: Counter[tuple[str, int]] = Counter()


def description() -> Any:
    """That of any workspace: the tests have a name each before there is one."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(folder, CONFIG, work=False)
        of = schemathesis.config
        phases = of.PhasesConfig(coverage=of.CoveragePhaseConfig(enabled=bool(WANTED)))
        config = of.SchemathesisConfig(projects=of.ProjectsConfig(default=of.ProjectConfig(phases=phases)))
        return schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, config=config)


@pytest.fixture(scope="module")
def app(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return create_app(shutil.copytree(sample, tmp_path_factory.mktemp("schema") / "work"), CONFIG, work=False)


schema = description()


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any]) -> dict[str, Any]:
    """Names that exist, for every other one that could."""
    for name, known in (
        ("brand", "northpeak.outdoor"),
        ("influencer", "ava.kitchen"),
        ("id", "northpeak.outdoor"),
    ):
        value = (path_parameters or {}).get(name)
        if isinstance(value, str) and 0 < len(value) <= 200 and len(value) % 2:
            path_parameters[name] = known
    return path_parameters


@schema.parametrize()
@settings(max_examples=EACH, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_description_holds(case: Any, app: Any) -> None:
    # The default of ten seconds is short on a busy machine.
    answer = case.call(app=app, timeout=120)
    seen[case.operation.label, answer.status_code] += 1
    form = "form" in (
        case.media_type or ""
    )  # in a form everything is text: a file may hold what looks like a list
    case.validate_response(
        answer, checks=[one for one in CHECKS if not (form and one is checks.negative_data_rejection)]
    )


def test_enough_was_asked() -> None:
    """Of every operation, and answered; ``pytest -s`` shows how."""
    asked = Counter()
    for (operation, status), n in sorted(seen.items()):
        print(f"{operation:60} {status} {n:6,}")
        asked[operation] += n
    print(f"{asked.total():,} requests to {len(asked)} operations")
    assert len(asked) == OPERATIONS
    assert asked.total() >= (WANTED or 200)
    assert {status for _, status in seen} > {200, 404, 422}
