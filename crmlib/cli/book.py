"""`crmlib book`: build the site, open the chapters; publishing is in a file of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import webbrowser
from pathlib import Path

import click

from crmlib._checks import optional
from crmlib.cli._shared import messages
from crmlib.cli.lite import lite
from crmlib.cli.notebooks import notebooks
from crmlib.cli.pdf import pdf
from crmlib.cli.publish import check, diff, publish, release
from crmlib.cli.slides import slides


@click.group()
def book() -> None:
    """Build the book, check and publish it, or open its chapters in JupyterLab."""


@book.command()
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder in which _build is made; the book's own by default.",
)
@click.option(
    "--edition",
    type=click.Choice(["public", "instructor"]),
    default="public",
    show_default=True,
    help="The instructor's holds solutions, hidden tests and rubrics.",
)
@click.option("--fresh", is_flag=True, help="Execute every page anew, even unchanged ones.")
@click.option("--open", "show", is_flag=True, help="Open the finished book in a browser.")
def build(output: Path | None, edition: str, fresh: bool, show: bool) -> None:
    """Execute every page and build the site, with warnings as errors.

    Pages that have not changed since the last build, and whose package and data registry have
    not changed either, are not executed again. The instructor's edition lies beside the public
    one and is never mixed with it.
    """
    from crmlib.course import build_book

    click.echo("Building the book; pages are executed when they or the package have changed.")
    with messages():
        site = build_book(output=output, edition=edition, fresh=fresh, say=click.echo)
    click.echo(
        f"\nThe book is ready: {site.pages} pages, {site.megabytes:.1f} MB, "
        f"built in {site.seconds:.0f} s.\nOpen it in a browser:\n  {site.index.as_uri()}"
    )
    if show:
        webbrowser.open(site.index.as_uri())


@book.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def lab(arguments: tuple[str, ...]) -> None:
    """Open JupyterLab on the chapters; ARGUMENTS go on to JupyterLab.

    The chapters are text files: they open as notebooks on a double click.
    """
    from crmlib.course import find_root

    optional("jupyterlab", "book")
    optional("jupytext", "book")
    with messages():
        root = find_root()
    words = [sys.executable, "-m", "jupyterlab", "chapters", *arguments]
    # The settings of book/lab make JupyterLab open a chapter's text file as a notebook.
    config = filter(None, [str(root / "book" / "lab"), os.environ.get("JUPYTER_CONFIG_PATH")])
    env = {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(config)}
    os.chdir(root)
    if os.name == "posix":
        # Become JupyterLab, so that whoever stops this command stops the server.
        os.execve(sys.executable, words, env)
    raise SystemExit(subprocess.call(words, env=env))


for command in (check, diff, publish, release, pdf, slides, notebooks, lite):
    book.add_command(command)
