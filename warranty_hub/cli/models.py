"""``warranty-hub models``: which BIM models there are, and how ready each is for locating defects."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.text import Text
from sqlalchemy import Row

from warranty_hub.cli.telling import DEFAULT_CONFIG, ConfigOption, cell, console, table, told
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.hub import open_hub
from warranty_hub.pipelines.models import newest_revisions


def models(
    model: Annotated[str | None, typer.Argument(help="One model: what its exporter could do better.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """BIM models: what is indexed, what was refused and why, and how ready each is for locating defects.

    Examples: `warranty-hub models` · `warranty-hub models tower_3`.
    """
    with told():
        revisions = newest_revisions(open_hub(config), model)
        if not revisions and model:
            raise ConfigError(
                f"No revision of a model {model!r} was read", remedy="See `warranty-hub models` for those that were."
            )
    if not revisions:
        console.print("No models yet: name them in hub.yaml, then `warranty-hub run index`. 尚无模型。")
    elif model:
        _report(revisions[0])
    else:
        _list(revisions)


def _list(revisions: Sequence[Row[Any]]) -> None:
    shown = table("Models 模型", "model", "file", "schema", "read", "elements", "rooms", "storeys", "findings", "state")
    for row in revisions:
        state = Text("refused 拒收", "bold red") if row.status == "REFUSED" else Text("indexed 已索引", "green")
        counts = [cell(row.counts.get(name)) for name in ("elements", "spaces", "storeys")]
        facts = [row.model_id, row.file_name, cell(row.ifc_schema), cell(row.indexed_at), *counts, str(len(row.findings))]
        shown.add_row(*facts, state)
    console.print(shown)


def _report(row: Row[Any]) -> None:
    """One model: what it is, then each finding in both languages."""
    told_of = (row.file_name, row.authoring_app, row.ifc_schema, f"{row.counts.get('elements', 0)} elements 构件")
    console.print(Text(f"{row.model_id}: ", "bold") + " · ".join(filter(None, told_of)), soft_wrap=True)
    if row.status == "REFUSED":
        console.print(Text(f"Refused 拒收: {row.reason}", "red"), soft_wrap=True)
    elif not row.findings:
        console.print("Nothing stands in the way of locating defects. 未发现影响定位的问题。", style="green")
    else:
        shown = table("What locating cannot do with it 对定位的影响", "count", "finding", "说明")
        for finding in row.findings:
            shown.add_row(str(finding["count"]), finding["message_en"], finding["message_zh"])
        console.print(shown)
