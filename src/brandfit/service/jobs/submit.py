"""Queue a job from the body of a request: checked first, noted in the audit log."""

from __future__ import annotations

from typing import Any

from brandfit import number_text
from brandfit.data.redaction import plain as plain_handle
from brandfit.erasure import count_rows
from brandfit.errors import DataError, UsageError
from brandfit.service.jobs.kinds import verify
from brandfit.service.jobs.queue import JobQueue
from brandfit.service.requests import Body, ErasureRequest, ImportRequest, ReportRequest, Settings
from brandfit.service.store.folders import UPLOADS
from brandfit.service.store.keys import Caller
from brandfit.service.store.service_store import ServiceStore
from brandfit.service.views.opinions import opinions
from brandfit.workspace import Workspace


class Submitter:
    """Queues jobs of one request.

    request_id  id of the request, for the audit log
    """

    def __init__(
        self, workspace: Workspace, store: ServiceStore, *, queue: JobQueue, request_id: str = ""
    ) -> None:
        self.workspace, self.store, self.queue, self.request_id = workspace, store, queue, request_id

    def submit(self, caller: Caller, kind: str, body: Body | None = None) -> dict[str, Any]:
        """Queue a job and return it. Raises what the job would raise at its start (``kinds.verify``)."""
        parameters = body.model_dump() if body is not None else {}
        if "settings" in parameters:
            parameters["settings"] = settings_as_text(parameters["settings"])
        # Before None is dropped: the checks read all fields.
        verify(self.workspace, kind, parameters)
        parameters = {name: value for name, value in parameters.items() if value is not None}
        job = self.queue.submit(kind, parameters, caller.label)
        self.store.audit(caller.label, kind, subject=job["id"], request=self.request_id)
        return job

    def submit_import(self, caller: Caller, body: ImportRequest) -> dict[str, Any]:
        """Raises UsageError for a path from a key below admin, and for a path with an upload; DataError for
        an unknown upload."""
        if body.path is not None and body.upload is not None:
            raise UsageError("The request has a path and an upload.", "Give one of them.")
        # A path reaches every file that the service may read.
        if body.path is not None and not caller.may("admin"):
            raise UsageError(
                "This key may import uploads, not paths of the machine.",
                "Upload the files, or use a key of scope admin.",
            )
        if body.upload is not None and not (self.workspace.path / UPLOADS / body.upload).is_dir():
            raise DataError("There is no such upload.", "Upload the files first: POST /api/v1/uploads")
        return self.submit(caller, "import", body)

    def submit_report(self, caller: Caller, body: ReportRequest) -> dict[str, Any]:
        """A report leaves out the influencers that are marked as disliked for the brand."""
        disliked = [*body.disliked, *opinions(self.workspace, self.store, body.brand).dislikes]
        return self.submit(caller, "report", body.model_copy(update={"disliked": disliked}))

    def submit_erasure(self, caller: Caller, account: str) -> dict[str, Any]:
        """Raises UnknownName for an account that is not in the workspace."""
        count_rows(self.workspace, [account])
        return self.submit(caller, "forget", ErasureRequest(accounts=[plain_handle(account)]))


def settings_as_text(settings: Settings) -> dict[str, str]:
    """Settings as they are typed on a command line."""
    return {name: _value_as_text(value) for name, value in settings.items()}


def _value_as_text(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else number_text.number_as_text(value)
