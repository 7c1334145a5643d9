"""brandfit encode"""

from __future__ import annotations

import time

import click

from brandfit.cli._shared import (
    Command,
    json_option,
    own_settings,
    print_json,
    print_table,
    progress,
    set_option,
    workspace_option,
)


@click.command(cls=Command, short_help="Turn posts and accounts into numbers.")
@click.argument("encoders", nargs=-1, required=True)
@workspace_option
@set_option
@json_option
def command(encoders: tuple[str, ...], workspace: str, *, settings: tuple[str, ...], as_json: bool) -> None:
    """Encode all posts and accounts of the workspace with ENCODERS (see `brandfit list encoders`).
    Contents that are already encoded are not encoded again.

    The command counts posts and accounts that have content but get no features, and names an example. It
    removes encoded contents of these encoders that no features use any more, and prints their size.

    Write a setting as NAME=VALUE if there is one encoder, as ENCODER.NAME=VALUE if there are several.

    \b
    Examples:
      brandfit encode text.minilm image.classical engagement -w demo
      brandfit encode image.onnx --set path=mobilenet.onnx -w demo
    """
    from brandfit import pipeline, registry
    from brandfit.cli._shared import scoped
    from brandfit.workspace import Workspace, orphans

    options = own_settings(settings)
    # All settings are checked before the first encoder starts.
    settings_by_encoder = {name: scoped(options, name, encoders) for name in encoders}
    for name, encoder_settings in settings_by_encoder.items():
        registry.load("encoder", name).Config.from_settings(encoder_settings)
    results = []
    all_left_out = []
    all_removed = []
    all_older = []
    with Workspace(workspace) as opened:
        for name in encoders:
            started = time.perf_counter()
            with progress(f"encode {name}", quiet=as_json) as bar:
                features = pipeline.encode(opened, name, settings=settings_by_encoder[name], progress=bar)
            # Old contents are removed after the new ones are stored: until then they may still be used.
            removed = pipeline.sweep(opened, name)
            all_removed += removed
            left_out = features.left_out
            if left_out is not None:
                all_left_out.append(left_out)
            older = pipeline.posts_not_read(opened, name, settings=settings_by_encoder[name])
            if older is not None:
                all_older.append(older)
            results.append(
                {
                    "encoder": name,
                    "level": features.level,
                    "rows": len(features),
                    "dim": features.dim,
                    "slot": features.slot,
                    "seconds": round(time.perf_counter() - started, 2),
                    "left_out": None if left_out is None else left_out.to_dict(),
                    "removed": orphans.counts(removed),
                    "older_posts": None if older is None else older.to_dict(),
                }
            )
    if as_json:
        print_json(results)
    else:
        # left_out, removed and older_posts are no columns: sentences below the table give their content.
        header = list(results[0])[:-3]
        print_table(header, [[result[column] for column in header] for result in results])
        for left_out in all_left_out:
            click.echo(left_out.sentence)
        for older in all_older:
            click.echo(older.sentence)
        if all_removed:
            click.echo(f"Removed, because nothing refers to it: {orphans.total(all_removed)}.")
