"""The pairs that wait for a person, as a workbook (decision_sheet.py)."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from mappings.lexicon import label
from warranty_hub.errors import ConfigError
from warranty_hub.pipelines.decision_sheet import REASON, DecisionSheet, Imported, Row
from warranty_hub.pipelines.element_review import Decision, ReviewPair, Side, decide_open, open_pairs, pair_of
from warranty_hub.pipelines.hub import Hub
from warranty_hub.records.codes import Verdict


def _verdict(verdict: Verdict) -> str:
    words = label("verdict", verdict)
    return f"{words.zh} {words.en}"


SIDES = ("旧 old", "新 new")
OF_EACH = ("类别 class", "名称 name", "标识 tag", "GlobalId", "楼层/房间 storey/room", "文件 file", "包围盒(m) box")
SHEET = DecisionSheet(
    title="构件比对 Elements",
    name="编号 pair",
    verdict="结论 verdict",
    shown=("项目 project", "依据 evidence", "距离(mm) distance", *(f"{side} {word}" for word in OF_EACH for side in SIDES)),
    command="warranty-hub elements export",
    choices=tuple(map(_verdict, Verdict)),
)


def export_pairs(hub: Hub, path: Path, project: str | None = None) -> int:
    """Write the open pairs; returns how many. An existing file is never overwritten: FileExistsError."""
    pairs = open_pairs(hub, project)
    SHEET.write(path, [(str(pair.match_id), _shown(pair)) for pair in pairs])
    return len(pairs)


def import_decisions(hub: Hub, path: Path, person: str) -> Imported:
    """Take the decided rows, each by itself. The same workbook a second time changes nothing.

    Raises ConfigError for a file that is not such a workbook.
    """
    return SHEET.take(path, partial(_decide, hub, person))


def _decide(hub: Hub, person: str, row: Row) -> bool:
    said = row[SHEET.verdict]
    verdict = next((item for item in Verdict if said.upper() in (item, _verdict(item).upper())), None)
    if verdict is None:
        raise ConfigError(f"{SHEET.verdict} is {said!r}", remedy=f"Choose one of {', '.join(SHEET.choices)}.")
    number = row[SHEET.name]
    pair = pair_of(hub, int(number)) if number.isdecimal() else None
    if pair is None:
        raise ConfigError(f"There is no pair {number!r}", remedy=SHEET.export_again)
    SHEET.refuse_changes(row, _shown(pair))
    return decide_open(hub, Decision(pair.match_id, verdict, person, row[REASON]))


def _shown(pair: ReviewPair) -> Sequence[str]:
    method = label("match_method", pair.method)
    distance = "" if pair.distance is None else f"{pair.distance * 1000:.0f}"
    sides = zip(_of(pair.old), _of(pair.new), strict=True)
    return (pair.project_code, f"{method.zh} {method.en}", distance, *(words for both in sides for words in both))


def _of(side: Side) -> Sequence[str]:
    box = " ".join(f"{corner:.2f}" for corner in side.box) if side.box else ""
    return (side.ifc_class, side.name or "", side.tag or "", side.guid or "", side.room or "", side.file_name, box)
