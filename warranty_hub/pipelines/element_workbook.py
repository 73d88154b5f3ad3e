"""The pairs that wait for a person, as a workbook: written out, decided in any spreadsheet, read back.

Nothing in the file is trusted but the verdict and its reason. Every other cell must still say what the hub says of that pair; a
row that was changed, copied or has grown stale is refused, and the others are taken.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from xlsxwriter import Workbook

from mappings.lexicon import label
from warranty_hub.errors import ConfigError, DecisionRefusedError
from warranty_hub.pipelines.element_review import Decision, ReviewPair, Side, decide_open, open_pairs, pair_of
from warranty_hub.pipelines.hub import Hub
from warranty_hub.records.codes import Verdict

SHEET = "构件比对 Elements"
SIDES = ("旧 old", "新 new")
PAIR, VERDICT, REASON = "编号 pair", "结论 verdict", "理由 reason"
OF_EACH = ("类别 class", "名称 name", "标识 tag", "GlobalId", "楼层/房间 storey/room", "文件 file", "包围盒(m) box")
SHOWN = ("项目 project", "依据 evidence", "距离(mm) distance", *(f"{side} {word}" for word in OF_EACH for side in SIDES))
COLUMNS = (PAIR, VERDICT, REASON, *SHOWN)
EXPORT_AGAIN = "Export the workbook again with `warranty-hub elements export`, and decide in the new one."
NEVER_RUN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


@dataclass(frozen=True)
class Imported:
    """What became of the rows of a workbook. ``refused``: row number and why."""

    taken: int
    known: int
    undecided: int
    refused: tuple[tuple[int, str], ...]


def export_pairs(hub: Hub, path: Path, project: str | None = None) -> int:
    """Write the open pairs; returns how many. An existing file is never overwritten: FileExistsError."""
    pairs = open_pairs(hub, project)
    with path.open("xb") as file, Workbook(file, NEVER_RUN) as book:
        sheet = book.add_worksheet(SHEET)
        bold, wrapped = (
            book.add_format({"bold": True, "text_wrap": True}),
            book.add_format({"text_wrap": True, "valign": "top"}),
        )
        sheet.write_row(0, 0, COLUMNS, bold)
        sheet.set_column(0, len(COLUMNS) - 1, 18, wrapped)
        sheet.freeze_panes(1, 3)
        sheet.data_validation(1, 1, max(len(pairs), 1), 1, {"validate": "list", "source": [_verdict(item) for item in Verdict]})
        for number, pair in enumerate(pairs, start=1):
            for place, words in enumerate((str(pair.match_id), "", "", *_shown(pair))):
                sheet.write_string(number, place, words)
    return len(pairs)


def import_decisions(hub: Hub, path: Path, person: str) -> Imported:
    """Take the decided rows, each by itself. The same workbook a second time changes nothing.

    Raises ConfigError for a file that is not such a workbook.
    """
    taken = known = undecided = 0
    refused: list[tuple[int, str]] = []
    for number, row in _rows(path):
        if not row[VERDICT]:
            undecided += 1
            continue
        try:
            new = decide_open(hub, _decision(hub, row, person))
        except (ConfigError, DecisionRefusedError) as error:
            refused.append((number, f"{error.message}. {error.remedy}"))
            continue
        taken, known = taken + new, known + (not new)
    return Imported(taken, known, undecided, tuple(refused))


def _decision(hub: Hub, row: Mapping[str, str], person: str) -> Decision:
    verdict = next((item for item in Verdict if row[VERDICT].upper() in (item, _verdict(item).upper())), None)
    if verdict is None:
        raise ConfigError(
            f"{VERDICT} is {row[VERDICT]!r}", remedy=f"Choose one of {', '.join(_verdict(item) for item in Verdict)}."
        )
    if not row[REASON]:
        raise ConfigError(f"{REASON} is empty", remedy="Say why: who looks at it in ten years cannot ask.")
    pair = pair_of(hub, int(row[PAIR])) if row[PAIR].isdecimal() else None
    if pair is None:
        raise ConfigError(f"There is no pair {row[PAIR]!r}", remedy=EXPORT_AGAIN)
    for name, words in zip(SHOWN, _shown(pair), strict=True):
        if row[name] != words.strip():
            message = f"{name} is {row[name]!r} in the workbook and {words!r} in the hub: the row was changed or is stale"
            raise DecisionRefusedError(message, remedy=EXPORT_AGAIN)
    return Decision(pair.match_id, verdict, person, row[REASON])


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        book = load_workbook(path, read_only=True)
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist", remedy=EXPORT_AGAIN) from None
    except (InvalidFileException, BadZipFile, KeyError, OSError) as error:
        raise ConfigError(f"{path} is no XLSX workbook ({type(error).__name__})", remedy=EXPORT_AGAIN) from None
    if SHEET not in book.sheetnames:
        raise ConfigError(f"{path.name} has no sheet {SHEET!r}", remedy=EXPORT_AGAIN)
    rows = book[SHEET].iter_rows(values_only=True)
    if tuple(_words(next(rows, ()))) != COLUMNS:
        raise ConfigError(f"{path.name} has other columns than were exported", remedy=EXPORT_AGAIN)
    for number, cells in enumerate(rows, start=2):
        words = _words(cells)
        if any(words):
            yield number, dict(zip(COLUMNS, (*words, *[""] * len(COLUMNS)), strict=False))


def _words(cells: Iterable[object]) -> list[str]:
    return ["" if value is None else str(value).strip() for value in cells]


def _verdict(verdict: Verdict) -> str:
    words = label("verdict", verdict)
    return f"{words.zh} {words.en}"


def _shown(pair: ReviewPair) -> Sequence[str]:
    method = label("match_method", pair.method)
    distance = "" if pair.distance is None else f"{pair.distance * 1000:.0f}"
    sides = zip(_of(pair.old), _of(pair.new), strict=True)
    return (pair.project_code, f"{method.zh} {method.en}", distance, *(words for both in sides for words in both))


def _of(side: Side) -> Sequence[str]:
    box = " ".join(f"{corner:.2f}" for corner in side.box) if side.box else ""
    return (side.ifc_class, side.name or "", side.tag or "", side.guid or "", side.room or "", side.file_name, box)
