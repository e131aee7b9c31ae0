"""`crmlib book pdf`: the book on paper."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--site",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The finished site; book/_build/html of the checkout by default.",
)
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
    from crmlib.course import BookError, build_pdf, find_root

    try:
        site = site or finished_site(find_root())
        book = build_pdf(site, output, say=click.echo)
    except (BookError, ImportError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        f"\nThe book is printed: {book.pages} pages, {book.figures} figures, {book.tables} tables, "
        f"{book.megabytes:.1f} MB, in {book.seconds:.0f} s.\n  {book.path}"
    )


def finished_site(root: Path) -> Path:
    """Return the site that `crmlib book build` makes, or say that it has not been built."""
    site = root / "book" / "_build" / "html"
    if not (site / "index.html").is_file():
        raise click.ClickException(
            f"There is no finished site in {site}. Build it with `crmlib book build`, or name one "
            "with --site."
        )
    return site
