"""brandfit key"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from brandfit.cli._shared import Command, json_option, print_json, print_table, workspace_option

if TYPE_CHECKING:
    from brandfit.service.store.service_store import ServiceStore


@click.group(short_help="Make, list and revoke keys of the service.")
def command() -> None:
    """Keys that the service requires on any address but this machine's own.

    \b
    Examples:
      brandfit key create "shop backend" --scope read -w demo
      brandfit key list -w demo
    """


@command.command(cls=Command)
@click.argument("name")
@click.option(
    "--scope",
    default="read",
    show_default=True,
    type=click.Choice(["read", "write", "admin"]),
    help="What it may do.",
)
@workspace_option
@json_option
def create(name: str, scope: str, *, workspace: str, as_json: bool) -> None:
    """Make a key for NAME, a person or a program. It is printed once.

    \b
    Examples:
      brandfit key create "shop backend" --scope read -w demo
    """
    from brandfit.service.store import keys

    with _open_store(workspace) as store:
        row, key = keys.create(store, name, scope)
        store.audit("command line", "create key", subject=f"{row['id']} {scope}")
    if as_json:
        print_json({**row, "key": key})
        return
    # The key alone on stdout, so that a script can store it.
    click.echo(key)
    click.echo(f"Key {row['id']} of {row['name']} may {scope}. Keep it: it is not printed again.", err=True)


@command.command("list", cls=Command)
@workspace_option
@json_option
def listing(workspace: str, as_json: bool) -> None:
    """List keys, with the times when they were made and last used."""
    from brandfit.service.store import keys

    with _open_store(workspace) as store:
        rows = keys.listing(store)
    if as_json:
        print_json(rows)
        return
    print_table(
        ["key", "name", "scope", "made", "last used", "revoked"],
        [
            [r["id"], r["name"], r["scope"], *(_day(r[t]) for t in ("created", "used", "revoked"))]
            for r in rows
        ],
    )


@command.command(cls=Command)
@click.argument("key")
@workspace_option
def revoke(key: str, workspace: str) -> None:
    """Revoke KEY (its first part, as listed): from now on it gives no access."""
    from brandfit.service.store import keys

    with _open_store(workspace) as store:
        keys.revoke(store, key)
        store.audit("command line", "revoke key", subject=key)
    click.echo(f"Key {key} gives no access any more.")


@contextmanager
def _open_store(workspace: str) -> Iterator[ServiceStore]:
    from brandfit.service.store.service_store import ServiceStore
    from brandfit.workspace import Workspace

    # The store has its own file; the workspace is opened only to check that it is one.
    with Workspace(workspace) as opened:
        store = ServiceStore(opened.path)
    try:
        yield store
    finally:
        store.close()


def _day(time: float | None) -> str | None:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M") if time is not None else None
