"""What several commands share: errors as messages, and the finished site they work on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

#: A site that is there.
SITE = click.Path(exists=True, file_okay=False, path_type=Path)
site_option = click.option(
    "--site", type=SITE, help="The finished site; book/_build/html of the checkout by default."
)


@contextmanager
def messages() -> Iterator[None]:
    """Turn an error about the input into a message without a traceback."""
    try:
        yield
    except (ValueError, OSError, ImportError) as error:
        raise click.ClickException(str(error)) from None
    except RuntimeError as error:
        from crmlib.course.publish import BookError

        if not isinstance(error, BookError):
            raise
        raise click.ClickException(str(error)) from None


def finished_site(root: Path) -> Path:
    """Return the site that `crmlib book build` makes, or say that it has not been built."""
    site = root / "book" / "_build" / "html"
    if not (site / "index.html").is_file():
        raise click.ClickException(
            f"There is no finished site in {site}. Build it with `crmlib book build`, or name one."
        )
    return site
