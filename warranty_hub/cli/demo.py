"""``warranty-hub demo``: the whole hub on a sample building."""

from pathlib import Path
from typing import Annotated

import typer

from warranty_hub.cli.telling import errors, told


def demo(
    ifc: Annotated[Path | None, typer.Option(help="Your own IFC model; project P04 gets it.")] = None,
    keep: Annotated[bool, typer.Option(help="Leave everything running until Ctrl-C.")] = False,
    folder: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path(".hub"),
) -> None:
    """Run the whole hub on a sample building, through Airflow, on this machine only.

    Examples: `warranty-hub demo` · `warranty-hub demo --ifc tower.ifc --keep`.
    """
    try:
        from sandbox.demo import run_demo
    except ModuleNotFoundError:
        errors.print("The demo needs the source checkout: the sandbox systems are not part of the wheel.")
        raise typer.Exit(1) from None
    with told():
        run_demo(folder=folder, ifc=ifc, keep=keep)
