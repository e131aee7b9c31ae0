"""`crmlib data`: what there is, what it holds, and fetching it."""

from __future__ import annotations

import click


@click.group()
def data() -> None:
    """List, describe and fetch the data sets of the book."""


@data.command("list")
@click.option("--csv", is_flag=True, help="Write comma-separated values, for a script.")
def listing(csv: bool) -> None:
    """List the data sets: size, what is predicted, and whether they can be had here and now."""
    from crmlib.data import catalog

    table = catalog()
    click.echo(table.to_csv() if csv else table.to_string())


@data.command()
@click.argument("name")
def show(name: str) -> None:
    """Print the data sheet of NAME: where it is from, its license and its known defects."""
    from crmlib.data import registry

    try:
        click.echo(registry.sheet(name))
    except (KeyError, ValueError) as error:
        raise click.ClickException(str(error)) from None


@data.command()
@click.argument("name")
@click.option("--repair", is_flag=True, help="Repair the published defects, and say what changed.")
@click.option("--to", type=click.Path(dir_okay=False), help="Write the checked table as CSV.")
def get(name: str, repair: bool, to: str | None) -> None:
    """Fetch NAME if it is not here yet, check it, and say what it holds."""
    from crmlib.data import load

    click.echo(load(name, repair=repair))
