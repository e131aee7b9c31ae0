"""`crmlib book slides`: the lectures."""

from __future__ import annotations

from pathlib import Path

import click

from crmlib.cli.pdf import finished_site


@click.command()
@click.option(
    "--site",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The finished site; book/_build/html of the checkout by default.",
)
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
    from crmlib.course import BookError, build_slides, find_root

    try:
        made = build_slides(site or finished_site(find_root()), output)
    except (BookError, FileExistsError, ImportError) as error:
        raise click.ClickException(str(error)) from None
    for deck in made.decks:
        click.echo(f"  {deck.name:<28} {len(deck.slides):>3} slides, {deck.minutes:>3} minutes")
    click.echo(
        f"\n{len(made.decks)} decks, {made.pictures} figures, {made.numbers} quoted numbers, "
        f"{made.megabytes:.1f} MB, in {made.seconds:.0f} s.\nOpen them in a browser:\n"
        f"  {made.index.as_uri()}"
    )
