"""``warranty-hub plans`` and ``write-back``: what those who work with the models get of them."""

from pathlib import Path
from typing import Annotated

import typer

from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, console, told
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.pipelines.write_back import write_copy
from warranty_hub.reports.bim.plans import model_plans

ModelArgument = Annotated[
    str, typer.Argument(help="The model, as `warranty-hub models` lists it: tower_3, or drop/3-ARC for a file of a folder.")
]


def plans(
    model: ModelArgument,
    folder: Annotated[Path, typer.Argument(file_okay=False, help="Where the SVG files go, one a storey.")],
    heat: Annotated[
        bool,
        typer.Option(help="Colour rooms and elements by open defects; with #cost behind the address in a browser, by cost."),
    ] = True,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Draw a plan of each storey, cut 1.2 m above its floor; each shape has its GlobalId as data-guid.

    Example: `warranty-hub plans tower_3 plans/tower_3`.
    """
    with told():
        hub = open_hub(config)
        folder.mkdir(parents=True, exist_ok=True)
        with hub.transactions() as db:
            found = model_plans(db, hub.artefacts, model, heat=heat)
        for plan in found.plans:
            if plan.svg is None:
                why = f"{plan.reason.zh} {plan.reason.en}" if plan.reason else ""
                console.print(f"{plan.storey}: no plan 无平面图, {why}")
            else:
                (folder / plan.file_name).write_text(plan.svg, encoding="utf-8")
                console.print(f"{plan.storey}: {folder / plan.file_name}")


def write_back(
    model: ModelArgument,
    file: Annotated[
        str, typer.Argument(help="The copy to write, .ifc: a path, or an address such as s3://handover/tower-3.ifc.")
    ],
    connection: Annotated[
        str | None, typer.Option(help="The connection that opens the address; without it the model's own does.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write a copy of the model that knows warranty, condition and defects of its elements; the model is only read.

    Example: `warranty-hub write-back tower_3 tower-3-warranty.ifc`.
    """
    with told():
        elements = write_copy(open_hub(config), model, file, connection)
        console.print(f"{file}: {elements} elements with warranty and defects.")
