"""`crmlib data`: what there is, what it holds, and fetching it."""

from __future__ import annotations

from pathlib import Path

import click

from crmlib.cli._shared import messages


@click.group()
def data() -> None:
    """List, describe and fetch the data sets of the book."""


@data.command("list")
@click.option("--csv", is_flag=True, help="Write comma-separated values, for a script.")
def listing(csv: bool) -> None:
    """List the data sets: size, what is predicted, and whether they can be had here and now."""
    from crmlib.data import catalog

    table = catalog()
    click.echo(table.to_csv() if csv else table.drop(columns="title").to_string())


@data.command()
@click.argument("name")
def show(name: str) -> None:
    """Print the data sheet of NAME: where it is from, its license and its known defects."""
    from crmlib.data import sheet

    with messages():
        about = sheet(name)
    click.echo(about)
    for key, defect in about.defects.iterrows():
        click.echo(
            f"\n{key} ({defect['rows']} rows): {defect['what']}\n  repair: {defect['repair']}"
        )


@data.command()
@click.argument("name")
@click.option("--repair", is_flag=True, help="Repair the published defects, and say what changed.")
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the checked table there, as CSV.",
)
def get(name: str, repair: bool, to: Path | None) -> None:
    """Fetch NAME if it is not here yet, check it, and say what it holds."""
    from crmlib.data import load

    with messages():
        loaded = load(name, repair=repair)
    click.echo(loaded)
    if not loaded.repairs.empty:
        click.echo(f"\nChanged:\n{loaded.repairs.to_string()}")
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
        part = to.with_name(to.name + ".part")
        loaded.frame.to_csv(part, index=False)
        part.replace(to)
        click.echo(f"\nWritten to {to}")
