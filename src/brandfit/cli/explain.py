"""brandfit explain"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from brandfit.cli._shared import (
    Command,
    dislike_option,
    followers_option,
    json_option,
    like_option,
    partners_option,
    print_json,
    print_table,
    seed_option,
    set_option,
    weight_option,
    where_option,
    workspace_option,
)

if TYPE_CHECKING:
    from brandfit.explain.explanation import MapMethod


@click.command(cls=Command, short_help="Explain how well an influencer fits a brand.")
@click.argument("brand")
@click.argument("influencer")
@workspace_option
@click.option("--ranker", help="Which ranker. Default: brandfit where it has been trained, else simcos.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(["posts", "columns", "words", "phrases", "maps"]),
    help="What the score is divided into; several times. Default: posts and columns. Words, phrases and "
    "maps take longer.",
)
@click.option(
    "--side",
    type=click.Choice(["influencer", "brand", "both"]),
    default="influencer",
    show_default=True,
    help="Whose posts, columns, words and phrases.",
)
@click.option(
    "--both",
    is_flag=True,
    help="Also say whether the pair suits both sides: its place for the brand, its place for the influencer, "
    "and for both together.",
)
@click.option(
    "--map-method",
    type=click.Choice(["occlusion", "gradient", "wsim", "wsim-general"]),
    help="How maps are drawn. occlusion (default): parts are covered, any ranker. gradient: encoders that "
    "are PyTorch networks. wsim: weights of wsim on image.vgg16, for the other side of the pair. "
    "wsim-general: the same, without the other side.",
)
@click.option(
    "--out", type=click.Path(file_okay=False), help="Folder for explanation.json and the drawings (PNG)."
)
@partners_option
@where_option
@followers_option
@weight_option
@like_option
@dislike_option
@seed_option
@set_option
@json_option
def command(  # noqa: PLR0913 - click passes every option by name
    brand: str,
    influencer: str,
    *,
    workspace: str,
    ranker: str | None,
    kinds: tuple[str, ...],
    side: str,
    both: bool,
    map_method: MapMethod | None,
    out: str | None,
    partners: bool,
    where: str | None,
    followers: str | None,
    weights: tuple[str, ...],
    like: tuple[str, ...],
    dislike: tuple[str, ...],
    seed: int,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Explain the score of INFLUENCER for BRAND by posts, concepts, words and parts of pictures that raise or
    lower it. The contributions of a kind add up to the score; they start from the score that content of other
    influencers would have. The place is the one that `brandfit rank` gives with the same --where, --weight,
    --like, --dislike, --partners and --followers.

    \b
    Examples:
      brandfit explain northpeak.outdoor arvid.peaks -w demo
      brandfit explain northpeak.outdoor arvid.peaks --side both --both -w demo
      brandfit explain northpeak.outdoor arvid.peaks --weight picture=2 --dislike lisbet.outthere -w demo
      brandfit explain northpeak.outdoor arvid.peaks --kind words --kind maps --out why -w demo
      brandfit explain northpeak.outdoor arvid.peaks --kind maps --set image.onnx.model=mobilenet.onnx -w work
      brandfit explain northpeak.outdoor arvid.peaks --ranker wsim --kind maps --map-method wsim \\
        --out why -w work
    """
    from brandfit import pipeline
    from brandfit.cli._shared import read_settings, weights_of
    from brandfit.workspace import Workspace

    # A method without maps would have no effect.
    if map_method and "maps" not in kinds:
        raise click.UsageError("--map-method goes with --kind maps.")
    own, data = read_settings(settings)
    sides = ("influencer", "brand") if side == "both" else (side,)
    # The list in which the influencer has its place.
    query = pipeline.RankingQuery(
        partners=partners, where=where, weights=weights_of(weights), like=like, dislike=dislike
    )
    with Workspace(workspace) as opened:
        explanation, dataset = pipeline.explain(
            opened,
            brand,
            influencer=influencer,
            ranker=ranker,
            kinds=kinds or ("posts", "columns"),
            sides=sides,
            settings=own,
            data=data,
            seed=seed,
            followers=followers,
            map_method=map_method or "occlusion",
            query=query,
            both=both,
        )
        files = pipeline.save_explanation(explanation, dataset, out) if out else []
    if as_json:
        print_json({**explanation.to_dict(), "files": [str(file) for file in files]})
        return
    for sentence in explanation.sentences:
        click.echo(sentence)
    for attribution in explanation.attributions:
        # A kind without content, for example words of a picture, has no table.
        if not attribution.items:
            continue
        title = attribution.kind + (f" of {attribution.slot}" if attribution.slot else "")
        click.echo(f"\n{title.capitalize()}, {attribution.side}:")
        rows = [
            [f"score {attribution.instead}", attribution.base, attribution.base_error],
            *([item.label or item.id, item.value, item.error] for item in attribution.items[:10]),
        ]
        # Ten contributions are printed; the others are one row, so that the column still adds up.
        rest = attribution.rest + sum(item.value for item in attribution.items[10:])
        rows += [["all others", rest, None]] if rest else []
        print_table(["", "adds", "error"], [*rows, ["score", attribution.total, None]])
    if explanation.maps and not out:
        maps = f"Heat maps by {explanation.maps[0].method}, {len(explanation.maps)} pictures"
        click.echo(f"\n{maps}: --out FOLDER writes them as PNG, --json prints the numbers.")
    for note in explanation.notes:
        click.echo(f"Note: {note}")
    if files:
        click.echo(f"Written: {len(files)} files in {out}")
