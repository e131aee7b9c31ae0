"""`crmlib data`: what there is, where it is, and fetching it."""

from __future__ import annotations

import click


@click.group()
def data() -> None:
    """List, describe and fetch the data sets of the book."""
