"""The command line: one file for each command, found by its name.

Allowed here: options, messages and tables. Not allowed: logic, and heavy imports before a command runs.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import click

from brandfit import __version__
from brandfit.errors import BrandfitError, UnknownName

COMMANDS = {
    path.stem.rstrip("_"): f"brandfit.cli.{path.stem}"
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py"))
}
"""Name of a command to its module; ``import_.py`` has an underscore because ``import`` is a keyword."""
FIRST = ("import", "template", "check", "encode", "profile")
ORDER = (
    *FIRST,
    "train",
    "update",
    "undo",
    "rank",
    "brands",
    "explain",
    "case",
    "map",
    "audience",
    "search",
    "similar",
    "shortlist",
    "currency",
    "roles",
    "advise",
    "evaluate",
    "experiment",
    "concepts",
    "study",
    "tune",
    "list",
    "export",
    "forget",
    "serve",
    "key",
    "doctor",
)


class Commands(click.Group):
    """Commands found as files, listed in the order in which they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        # A command that ORDER does not name comes last.
        return sorted(COMMANDS, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return importlib.import_module(COMMANDS[name]).command if name in COMMANDS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        # click would print its own message; ours names the nearest command.
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise UnknownName("command", args[0], known=COMMANDS)
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="brandfit")
def cli() -> None:
    """Rank micro-influencers for a brand, and say why.

    \b
    brandfit import sample -w demo
    brandfit encode text.hashing image.classical engagement -w demo
    brandfit train brandfit -w demo
    brandfit rank BRAND -w demo
    brandfit evaluate simcos wsim brandfit -w demo
    """


def main(args: list[str] | None = None) -> None:
    """Run a command. An error is printed as a sentence, with the exit code of its kind."""
    try:
        cli.main(args, prog_name="brandfit", standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    # Without arguments the help is printed; that is no error.
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else error.format_message())
        sys.exit(0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            "Stopped. Nothing is half-written: run it again, and it goes on from what was saved.", err=True
        )
        sys.exit(130)
    except BrandfitError as error:
        click.echo(click.style("Error: ", fg="red") + error.message, err=True)
        if error.hint:
            click.echo(error.hint, err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of a pipe, such as head, has ended
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        click.echo(
            f"{click.style('Error: ', fg='red')}{error.strerror or error}"
            f"{f': {error.filename}' if error.filename else ''}",
            err=True,
        )
        sys.exit(1)
    except Exception as error:  # a fault of the program, not of its input
        # The traceback is for developers only.
        if os.environ.get("BRANDFIT_DEBUG"):
            raise
        click.echo(
            f"{click.style('Error: ', fg='red')}brandfit has a fault: {type(error).__name__}: {error}",
            err=True,
        )
        click.echo(
            "Nothing is half-written. Please report it, with what BRANDFIT_DEBUG=1 shows in addition.",
            err=True,
        )
        sys.exit(70)
