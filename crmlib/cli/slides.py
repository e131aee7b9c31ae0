"""`crmlib book slides`: the lectures."""

from __future__ import annotations

from pathlib import Path

import click

from crmlib.cli._shared import finished_site, messages, site_option


@click.command()
@site_option
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("slides"),
    show_default=True,
    help="The folder to make; an older one is replaced.",
)
def slides(site: Path | None, output: Path) -> None:
    r"""Make the lecture slides of the finished site.

    Figures and numbers come from the site's pages, so build the site first. The slides need no
    server and no network: open index.html, press S for the speaker's view.

    \b
    crmlib book build
    crmlib book slides --output slides
    """
    from crmlib.course import build_slides, find_root

    with messages():
        made = build_slides(site or finished_site(find_root()), output)
    for deck in made.decks:
        click.echo(f"  {deck.name:<28} {len(deck.slides):>3} slides, {deck.minutes:>3} minutes")
    click.echo(
        f"\n{len(made.decks)} decks, {made.pictures} figures, {made.numbers} quoted numbers, "
        f"{made.megabytes:.1f} MB, in {made.seconds:.0f} s.\nOpen them in a browser:\n"
        f"  {made.index.as_uri()}"
    )
