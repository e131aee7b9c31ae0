"""The command line: data, warnings, experiments, book, exercises, tests; each with help."""

import click

from crmlib import __version__
from crmlib.cli.book import book
from crmlib.cli.data import data
from crmlib.cli.exercises import exercises
from crmlib.cli.experiment import experiment
from crmlib.cli.test import test
from crmlib.cli.warn import warn

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="crmlib")
def main() -> None:
    """Losing and winning back customers in telecom: data, book and tests.

    \b
    crmlib data list          which data sets there are, and where they can be had
    crmlib warn FOLDER        who is about to leave, from a folder of CRM tables
    crmlib experiment list    published results, run again; and your own experiments
    crmlib book build         execute every page and build the site
    crmlib book publish       the site and its other forms, checked, for a server or a stick
    crmlib book lab           open the chapters in JupyterLab
    crmlib exercises list     graded assignments: hand out, check, grade, report
    crmlib test               prove that everything works on this machine
    """  # noqa: D301 - a real backspace, by which click keeps the lines apart


for command in (data, warn, experiment, book, exercises, test):
    main.add_command(command)
