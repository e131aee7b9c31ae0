"""`crmlib book check | diff | publish | release`: what comes after the build."""

from __future__ import annotations

from pathlib import Path

import click

from crmlib.cli._shared import SITE, finished_site, messages


@click.command()
@click.argument("site", type=SITE, required=False)
def check(site: Path | None) -> None:
    """Check a finished SITE from disk; the last build's by default.

    Every link within it must lead somewhere, its place on the page included; no page may ask
    another server for anything, or weigh more than 1 MB; and no file, archives included, may
    hold a solution or hidden test of an assignment.
    """
    from crmlib.course.exercises.source import assignments
    from crmlib.course.leaks import leaks, passages
    from crmlib.course.links import check_site

    with messages():
        root = _root()
        site = site or finished_site(root)
        wrong = check_site(site) + leaks(site, passages(assignments(root / "exercises")))
    for line in wrong:
        click.echo(line)
    if wrong:
        raise SystemExit(1)
    click.echo("Links, requests, sizes and secrets: nothing to complain about.")


@click.command()
@click.argument("old", type=SITE)
@click.argument("new", type=SITE)
@click.option("--lines", default=12, show_default=True, help="Lines shown of each page.")
def diff(old: Path, new: Path, lines: int) -> None:
    """Say which pages of the site NEW differ from OLD, in Markdown.

    Only what a reader sees counts: text, tables, numbers, the words of pictures.
    """
    from crmlib.course.differences import changed_pages, summary

    with messages():
        click.echo(summary(changed_pages(old, new), most=lines))


@click.command()
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the publication goes; book/_build/publication by default.",
)
@click.option(
    "--base-url",
    default="",
    metavar="URL",
    help="The address it will have: adds a sitemap, link previews and a page for wrong addresses.",
)
@click.option("--version", default="", help="Publish beside other versions, with a switch.")
@click.option(
    "--without",
    default="",
    metavar="NAMES",
    help="Forms to leave out, with commas: pdf,slides,notebooks,lite,releases.",
)
def publish(output: Path | None, base_url: str, version: str, without: str) -> None:
    """Build the public site and its other forms, check them, and put them in place.

    \b
    For a stick, or any folder of a web server:
      crmlib book publish --output /media/stick/book
    At an address, and a version beside others:
      crmlib book publish --output public --base-url https://name.example.org/book/
      crmlib book publish --output public --version 2026-fall

    A check that fails stops it with a list, and what was there before stays as it was.
    """  # noqa: D301 - a real backspace, by which click keeps the lines apart
    from crmlib.course.publishing import publish_book

    names = [name.strip() for name in without.split(",") if name.strip()]
    with messages():
        found = publish_book(
            output=output, base_url=base_url, version=version, without=names, say=click.echo
        )
    for place, title in found.forms.items():
        click.echo(f"  {place}: {title}")
    for name, why in found.left_out.items():
        click.echo(f"  left out: {name} ({why})")
    click.echo(f"\nPublished, {found.megabytes:.1f} MB. Open it in a browser:")
    click.echo(f"  {found.index.as_uri()}")


@click.command()
@click.option(
    "--site",
    type=SITE,
    help="A finished site, or a publication; the last build's by default.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the archive; dist by default.",
)
@click.option(
    "--edition",
    type=click.Choice(["public", "instructor"]),
    default="public",
    show_default=True,
    help="The public archive holds blank assignments, the instructor's their sources.",
)
@click.option(
    "--wheels",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Packages of requirements.lock, fetched before: they go into the archive.",
)
def release(site: Path | None, output: Path | None, edition: str, wheels: Path | None) -> None:
    r"""Write one archive with site, wheel, sources and checksums, and how to build from it offline.

    What is published goes in whole: PDF, notebooks and slides too, if SITE is a publication.

    With the packages too, nothing has to be fetched where it is unpacked:

    \b
      python -m pip download --require-hashes --requirement requirements.lock --dest wheels
      crmlib book release --wheels wheels

    They are for your Python and system. A file that is not the lock's, or a package that is
    missing, stops it.
    """
    from crmlib.course.release import write_release

    with messages():
        root = _root()
        path = write_release(
            site or finished_site(root), output, root=root, edition=edition, wheels=wheels
        )
    click.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


def _root() -> Path:
    from crmlib.course.publish import find_root

    return find_root()
