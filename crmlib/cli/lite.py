"""`crmlib book lite`: the pages in a browser, nothing installed."""

from __future__ import annotations

from pathlib import Path

import click

from crmlib.cli._shared import messages


@click.command()
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the site; book/_build/lite by default.",
)
@click.option(
    "--pyodide",
    type=click.Path(exists=True, path_type=Path),
    help="Tarball or folder of Pyodide, to be put on the site.",
)
def lite(output: Path | None, pyodide: Path | None) -> None:
    """Build a JupyterLite site: the pages run in the reader's browser, nothing installed.

    It holds every notebook and crmlib's wheel. Build the book before, so that the notebooks
    quote its numbers. A reader's browser fetches NumPy, pandas and the like from the internet,
    and Pyodide too unless --pyodide puts it on the site.

    \b
    pip install "crmlib[lite]"     what builds it
    npm pack pyodide@VERSION       a tarball for --pyodide; a wrong VERSION is told
    """  # noqa: D301 - a real backspace, by which click keeps the lines apart
    from crmlib.course import build_lite

    with messages():
        index = build_lite(output=output, pyodide=pyodide)
    files = [path for path in index.parent.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    click.echo(
        f"The JupyterLite site is ready: {len(files)} files, {size:.0f} MB. A browser runs it only "
        f"from a server:\n  python -m http.server --directory {index.parent}"
    )
