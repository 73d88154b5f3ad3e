"""``warranty-hub plans`` and ``write-back``: what those who work with the models get of them."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import text

from connectors.bim.write_back import write_back as write_copy
from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, console, told
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.pipelines.model_files import model_file
from warranty_hub.reports.bim.plans import model_plans
from warranty_hub.reports.bim.write_back import element_facts

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
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The copy to write, .ifc.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write a copy of the model that knows warranty, condition and defects of its elements; the model is only read.

    Example: `warranty-hub write-back tower_3 tower-3-warranty.ifc`.
    """
    with told():
        hub = open_hub(config)
        found = model_file(hub, model)
        with hub.transactions() as db:
            facts = element_facts(db, model)
            indexed = db.execute(
                text("SELECT sha256 FROM hub.bim_revision WHERE model_id = :m AND current"), {"m": model}
            ).scalar()
        with found.on_disk() as source:
            if file.resolve() == source.resolve():
                raise ConfigError(f"{file} is the model itself", remedy="Name another file: a model is never changed.")
            with source.open("rb") as content:
                if hashlib.file_digest(content, "sha256").hexdigest() != indexed:
                    raise ConfigError(
                        f"{found.name} is not the file that was indexed", remedy=f"Run `warranty-hub run index {model}`."
                    )
            write_copy(source, facts, file)
    console.print(f"{file}: {len(facts)} elements with warranty and defects.")
