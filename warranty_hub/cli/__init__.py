"""The ``warranty-hub`` command: the same steps as the DAGs, by hand, and a look at how the hub is doing.

One module a subject; a new command is one line here.
"""

import logging
import sys
from typing import Annotated

import structlog
import typer

from warranty_hub.cli import bcf, costs, defects, elements, feed, outbox, places, quarantine, words
from warranty_hub.cli.demo import demo
from warranty_hub.cli.model_output import plans, write_back
from warranty_hub.cli.models import models
from warranty_hub.cli.replay import replay
from warranty_hub.cli.run import run, status
from warranty_hub.cli.setup import check, masters_template, migrate

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Warranty Hub 工程保修数据中台: tickets, cost, approvals and BIM elements in one ledger.

First steps: write `hub.yaml` (copy `hub.example.yaml`), then `warranty-hub check`, `warranty-hub migrate`,
`warranty-hub run all --dry-run`, `warranty-hub run all`. No system at hand? `warranty-hub demo` shows everything.""",
)


@app.callback()
def main(verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every step.")] = False) -> None:
    """Set up logging; everything goes to stderr, so that results can be piped."""
    level = logging.DEBUG if verbose else logging.INFO
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


for command in (check, migrate, masters_template, run, replay, status, models, plans, write_back, demo):
    app.command()(command)
app.add_typer(costs.app, name="costs")
app.add_typer(feed.app, name="feed")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(outbox.app, name="outbox")
app.add_typer(bcf.app, name="bcf")
app.add_typer(places.app, name="places")
app.add_typer(words.app, name="words")
app.add_typer(elements.app, name="elements")
app.add_typer(defects.app, name="defects")
