"""Queues jobs from the bodies of requests: checks each job first, and writes it to the audit log."""

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
    """Queues jobs for one request.

    request_id  id of the request, which the audit log stores with the job
    """

    def __init__(
        self, workspace: Workspace, store: ServiceStore, *, queue: JobQueue, request_id: str = ""
    ) -> None:
        self.workspace = workspace
        self.store = store
        self.queue = queue
        self.request_id = request_id

    def submit(self, caller: Caller, kind: str, body: Body | None = None) -> dict[str, Any]:
        """Queue a job and return it. Raises the errors that the job would raise at its start
        (``kinds.verify``)."""
        parameters = body.model_dump() if body is not None else {}
        if "settings" in parameters:
            parameters["settings"] = settings_as_text(parameters["settings"])
        # The checks read all fields, those that are None too.
        verify(self.workspace, kind, parameters)
        stated = {name: value for name, value in parameters.items() if value is not None}
        job = self.queue.submit(kind, stated, caller.label)
        self.store.audit(caller.label, kind, subject=job["id"], request=self.request_id)
        return job

    def submit_import(self, caller: Caller, body: ImportRequest) -> dict[str, Any]:
        """Queue an import. Raises UsageError for a path without the scope admin and for a path together with
        an upload, DataError for an unknown upload."""
        if body.path is not None and body.upload is not None:
            raise UsageError("The request has a path and an upload.", "Give one of them.")
        # With a path, an import can read every file that the service can read.
        if body.path is not None and not caller.may("admin"):
            raise UsageError(
                "This key may import uploads, not paths of the machine.",
                "Upload the files, or use a key of scope admin.",
            )
        if body.upload is not None and not (self.workspace.path / UPLOADS / body.upload).is_dir():
            raise DataError("There is no such upload.", "Upload the files first: POST /api/v1/uploads")
        return self.submit(caller, "import", body)

    def submit_report(self, caller: Caller, body: ReportRequest) -> dict[str, Any]:
        """Queue a report. It leaves out the influencers in the request and those that people dislike for the
        brand."""
        disliked = [*body.disliked, *opinions(self.workspace, self.store, body.brand).dislikes]
        return self.submit(caller, "report", body.model_copy(update={"disliked": disliked}))

    def submit_erasure(self, caller: Caller, account: str) -> dict[str, Any]:
        """Queue the erasure of an account. Raises UnknownName for an account that is not in the workspace."""
        # Called for its error only.
        count_rows(self.workspace, [account])
        return self.submit(caller, "forget", ErasureRequest(accounts=[plain_handle(account)]))


def settings_as_text(settings: Settings) -> dict[str, str]:
    """Name to value as a person types it on a command line."""
    return {name: _value_as_text(value) for name, value in settings.items()}


def _value_as_text(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    return number_text.number_as_text(value)
