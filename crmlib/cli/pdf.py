"""`crmlib book pdf`: the book on paper."""

from __future__ import annotations

from pathlib import Path

import click

from crmlib.cli._shared import finished_site, messages, site_option


@click.command()
@site_option
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("book.pdf"),
    show_default=True,
    help="The file to write.",
)
def pdf(site: Path | None, output: Path) -> None:
    r"""Print the finished site as one book, with page numbers in contents and references.

    Build the site first (`crmlib book build`); nothing is executed again. Chromium prints, so it
    has to be on the machine, and a font that holds Chinese.

    \b
    crmlib book build
    crmlib book pdf --output book.pdf
    """
    from crmlib.course import build_pdf, find_root

    with messages():
        book = build_pdf(site or finished_site(find_root()), output, say=click.echo)
    click.echo(
        f"\nThe book is printed: {book.pages} pages, {book.figures} figures, {book.tables} tables, "
        f"{book.megabytes:.1f} MB, in {book.seconds:.0f} s.\n  {book.path}"
    )
