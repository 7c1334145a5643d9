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
    """Encode everything in the workspace with ENCODERS (see `brandfit list encoders`). Contents
    that are already encoded are not encoded again.

    Posts and accounts that have content but get no features are counted, with an example. Encoded contents of
    these encoders that nothing refers to any more are removed, and their size is printed.

    A setting is written NAME=VALUE for one encoder, ENCODER.NAME=VALUE where several are given.

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
    for name, own in settings_by_encoder.items():
        registry.load("encoder", name).Config.from_settings(own)
    results, removed, left_out = [], [], []
    with Workspace(workspace) as opened:
        for name in encoders:
            started = time.perf_counter()
            with progress(f"encode {name}", quiet=as_json) as bar:
                features = pipeline.encode(opened, name, settings=settings_by_encoder[name], progress=bar)
            # Contents of erased or changed posts are removed only after the new ones are stored.
            swept = pipeline.sweep(opened, name)
            removed += swept
            if features.left_out is not None:
                left_out.append(features.left_out)
            results.append(
                {
                    "encoder": name,
                    "level": features.level,
                    "rows": len(features),
                    "dim": features.dim,
                    "slot": features.slot,
                    "seconds": round(time.perf_counter() - started, 2),
                    "left_out": features.left_out and features.left_out.to_dict(),
                    "removed": orphans.counts(swept),
                }
            )
    if as_json:
        print_json(results)
    else:
        # The last two columns are for programs; people get sentences on what was left out and removed.
        print_table(list(results[0])[:-2], [list(r.values())[:-2] for r in results])
        for excluded in left_out:
            click.echo(excluded.sentence)
        if removed:
            click.echo(f"Removed, because nothing refers to it: {orphans.total(removed)}.")
