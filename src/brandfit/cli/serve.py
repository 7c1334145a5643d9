"""brandfit serve"""

from __future__ import annotations

import click
import msgspec

from brandfit.cli._shared import Command, refuse_given, workspace_option


@click.command(cls=Command, short_help="Serve the API and the pages.")
@workspace_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port; 0: any that is free.",
)
@click.option(
    "--known-as",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A host name of the service; several times.",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="URL",
    help="Another site whose pages may call the API (CORS).",
)
@click.option(
    "--keys/--no-keys",
    "keys",
    default=None,
    help="Require a key. Default: on any address but this machine's own.",
)
@click.option(
    "--rate", type=click.FloatRange(min=0), help="Requests a second and caller, on average; 0: no limit."
)
@click.option("--burst", type=click.IntRange(min=1), help="Requests at once before the rate counts.")
@click.option("--upload-limit", "upload", type=click.IntRange(min=1024), help="Bytes of an upload at most.")
@click.option("--open", "browse", is_flag=True, help="Open the pages in a browser.")
def command(  # noqa: PLR0913 - click passes every option by name
    workspace: str,
    host: str,
    *,
    port: int,
    hosts: tuple[str, ...],
    origins: tuple[str, ...],
    keys: bool | None,
    rate: float | None,
    burst: int | None,
    upload: int | None,
    browse: bool,
) -> None:
    """Serve the workspace on one port: pages for people, /api/v1 for programs (its description:
    /api/v1/openapi.json).

    A folder that is no workspace yet becomes one. On this machine's own address everything is allowed; any
    other address requires a key (`brandfit key create`). The log goes to stderr, a JSON object a line.

    \b
    Examples:
      brandfit serve -w demo
      brandfit serve -w demo --host 0.0.0.0 --known-as brandfit.example.org
    """
    import webbrowser

    if rate == 0:
        refuse_given({"burst"}, "has no effect with --rate 0, which sets no limit. Leave one of them out.")

    from brandfit.errors import MissingExtra

    try:
        from brandfit.service.config import ServiceConfig
        from brandfit.service.http.serve import serve
    except ModuleNotFoundError as error:
        # A missing module of our own is a fault of the package, not a missing extra.
        if (error.name or "").startswith("brandfit"):
            raise
        raise MissingExtra("The service", "service") from None

    # Limits that are not typed keep the defaults of the service.
    limits = {"rate": rate, "burst": burst, "upload": upload}
    typed = {name: value for name, value in limits.items() if value is not None}
    config = ServiceConfig(host=host, port=port, hosts=hosts, origins=origins, keys=keys)
    config = msgspec.structs.replace(config, **typed)

    def started(address: str) -> None:
        click.echo(f"Brandfit serves {workspace} at {address} (Ctrl+C ends it).")
        if browse:
            webbrowser.open(address)

    serve(workspace, config, started)
    click.echo("Ended.")
