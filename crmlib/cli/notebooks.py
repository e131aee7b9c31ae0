"""`crmlib book notebooks`: every page as a notebook that needs no checkout."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from crmlib.cli._shared import messages


@click.command()
@click.argument("pages", nargs=-1)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the notebooks; book/_build/notebooks by default.",
)
@click.option(
    "--address",
    metavar="URL",
    help="Where the site is published, so that links lead there; html.baseurl by default.",
)
@click.option(
    "--requirement",
    metavar="SPEC",
    help="What the set-up cell installs, as pip reads it; this release by default.",
)
@click.option(
    "--check", is_flag=True, help="Execute them, each alone, with crmlib from its own wheel."
)
def notebooks(
    pages: tuple[str, ...],
    output: Path | None,
    address: str | None,
    requirement: str | None,
    check: bool,
) -> None:
    """Write every page with code as a notebook for JupyterLab, Colab and Binder.

    The first cell installs crmlib where it is missing. The text is plain Markdown; its numbers
    are those of the last build, so build the book before. PAGES, such as
    chapters/2-recovery-decisions/cost-cap, limits what --check executes.

    --check builds crmlib's wheel, puts it into a fresh environment beside the libraries installed
    here, and executes each notebook in an empty folder. All pages take several minutes; one whose
    data cannot be had here is skipped and named.
    """
    from crmlib.course import check_notebooks, find_root, write_notebooks

    with messages():
        root = find_root()
        output = output or root / "book" / "_build" / "notebooks"
        written = write_notebooks(root, output, address=address, requirement=requirement)
        click.echo(f"{len(written)} notebooks in {output}")
        if not check:
            return
        ours = [path.relative_to(output).with_suffix("").as_posix() for path in written]
        results = check_notebooks(output, root, pages=pages or ours, say=click.echo)
    counts = Counter(result.outcome for result in results)
    click.echo(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))
    if counts["failed"]:
        raise SystemExit(1)
