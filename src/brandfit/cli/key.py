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
    """Keys that a service asks for where it is reached from elsewhere.

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
    """Make a key for NAME, a person or a program. It is shown this once.

    \b
    Examples:
      brandfit key create "shop backend" --scope read -w demo
    """
    from brandfit.service.store import keys

    with _open_store(workspace) as desk:
        row, key = keys.create(desk, name, scope)
        desk.audit("command line", "create key", subject=f"{row['id']} {scope}")
    if as_json:
        print_json({**row, "key": key})
        return
    click.echo(key)
    click.echo(f"Key {row['id']} of {row['name']} may {scope}. Keep it: it is not shown again.", err=True)


@command.command("list", cls=Command)
@workspace_option
@json_option
def listing(workspace: str, as_json: bool) -> None:
    """Keys, with when they were made and last used."""
    from brandfit.service.store import keys

    with _open_store(workspace) as desk:
        rows = keys.listing(desk)
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
    """From now on KEY (its first part, as listed) opens nothing."""
    from brandfit.service.store import keys

    with _open_store(workspace) as desk:
        keys.revoke(desk, key)
        desk.audit("command line", "revoke key", subject=key)
    click.echo(f"Key {key} opens nothing any more.")


@contextmanager
def _open_store(workspace: str) -> Iterator[ServiceStore]:
    from brandfit.service.store.service_store import ServiceStore
    from brandfit.workspace import Workspace

    with Workspace(workspace) as opened:
        desk = ServiceStore(opened.path)
    try:
        yield desk
    finally:
        desk.close()


def _day(time: float | None) -> str | None:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M") if time is not None else None
