"""The defects that wait for a person, as a workbook (decision_sheet.py): a verdict is candidates by number, or a place."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from uuid import UUID

from mappings.lexicon import label
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.decision_sheet import REASON, DecisionSheet, Imported, Row
from warranty_hub.pipelines.hub import Hub
from warranty_hub.pipelines.location_decisions import LocationDecision, decide_location, holds
from warranty_hub.pipelines.location_review import WaitingDefect, defect_named, waiting_defects
from warranty_hub.records.codes import LocationVerdict

SIDE_BY_SIDE = 6
KEYS = "构件键 keys"
SHEET = DecisionSheet(
    title="缺陷定位 Defects",
    name="缺陷 defect",
    verdict="结论 candidate no. or place",
    shown=(
        "项目 project", "报修内容 text", "部位 component", "位置 place", "原因 why", "已定次数 decisions",
        *(f"候选{number} candidate {number}" for number in range(1, SIDE_BY_SIDE + 1)), "其余候选 others", KEYS,
    ),
    command="warranty-hub defects export",
    notes=("费用 cost", "存疑 doubt", "同类 alike"),
)  # fmt: skip
_NUMBERS = re.compile(r"\d+(?:\s*[,;，；、]\s*\d+)*")


def export_waiting(hub: Hub, path: Path, project: str | None = None) -> int:
    """Write the defects that wait; returns how many. An existing file is never overwritten: FileExistsError."""
    found = waiting_defects(hub, project)
    SHEET.write(path, [(item.name, (*_shown(item), *_notes(item))) for item in found])
    return len(found)


def import_locations(hub: Hub, path: Path, person: str) -> Imported:
    """Take the decided rows, each by itself. The same workbook a second time changes nothing.

    Raises ConfigError for a file that is not such a workbook.
    """
    return SHEET.take(path, partial(_decide, hub, person))


def _decide(hub: Hub, person: str, row: Row) -> bool:
    """What holds already is known, whatever was shown; only then must the row be what the hub shows."""
    item = defect_named(hub, row[SHEET.name])
    said = row[SHEET.verdict]
    keys, place = (_meant(row), None) if _NUMBERS.fullmatch(said) else ((), said)
    verdict = LocationVerdict.ELEMENT if keys else LocationVerdict.PLACE
    decision = LocationDecision(item.key, verdict, person, row[REASON], keys, place)
    if holds(hub, decision):
        return False
    SHEET.refuse_changes(row, _shown(item))
    return decide_location(hub, decision)


def _meant(row: Row) -> tuple[UUID, ...]:
    """The keys of the candidates whose numbers were written."""
    keys, said = dict(enumerate(row[KEYS].split(), start=1)), row[SHEET.verdict]
    try:
        return tuple(UUID(keys[int(number)]) for number in re.findall(r"\d+", said))
    except (KeyError, ValueError):
        raise ConfigError(f"{row[SHEET.name]} has no candidates {said}", remedy=f"There are {len(keys)}, from 1 on.") from None


def _shown(item: WaitingDefect) -> Sequence[str]:
    component = label("component", item.component)
    sides = [str(choice) for choice in item.choices[:SIDE_BY_SIDE]]
    others = "\n".join(f"{choice.number}: {choice}" for choice in item.choices[SIDE_BY_SIDE:])
    return (
        item.project_code, item.said, f"{component.zh} {component.en}", item.place_id or "", item.reason, str(item.decisions),
        *sides, *[""] * (SIDE_BY_SIDE - len(sides)), others, " ".join(str(choice.element_key) for choice in item.choices),
    )  # fmt: skip


def _notes(item: WaitingDefect) -> Sequence[str]:
    return (f"{item.cost:,.2f} {item.currency}".strip(), f"{item.doubt:.0%}", str(item.alike))
